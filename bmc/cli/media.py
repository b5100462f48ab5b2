"""`bmc media …`: what is in the virtual drives of a node."""

from typing import Annotated
from urllib.parse import quote

import typer

from bmc.cli.client import Client, Resource, lacking, system_path
from bmc.cli.errors import CliError
from bmc.cli.nodes import Name
from bmc.cli.output import Json, document, table

Drive = Annotated[str | None, typer.Option(help="which drive, where a node has more than one")]

app = typer.Typer(no_args_is_help=True, help="Show, insert and eject virtual media.")


@app.command("list")
def list_media(name: Name, as_json: Json = False) -> None:
    """The virtual drives of a node and what is in them."""
    drives = _drives(Client(), name)
    if as_json:
        document(drives)
        return
    table(("drive", "inserted", "image"), [(each["Id"], _word(each["Inserted"]), each["Image"]) for each in drives])


@app.command()
def insert(
    name: Name,
    image: Annotated[str, typer.Argument(help="a file of the media store, or an http(s) URL")],
    drive: Drive = None,
) -> None:
    """Insert a virtual medium."""
    client = Client()
    client.post(f"{_path(client, name, drive)}/Actions/VirtualMedia.InsertMedia", {"Image": image})
    print(f"{image} inserted into {name}")


@app.command()
def eject(name: Name, drive: Drive = None) -> None:
    """Eject the virtual medium."""
    client = Client()
    client.post(f"{_path(client, name, drive)}/Actions/VirtualMedia.EjectMedia", {})
    print(f"{name}: medium ejected")


def _drives(client: Client, name: str) -> list[Resource]:
    """:raise CliError: it has none."""
    system = client.get(system_path(name))
    collection = system.get("VirtualMedia")
    if not collection:
        raise CliError(lacking(system, "virtual drive"))
    return client.members(collection["@odata.id"])


def _path(client: Client, name: str, drive: str | None) -> str:
    there = _drives(client, name)
    if drive is not None:
        return f"{system_path(name)}/VirtualMedia/{quote(drive, safe='')}"
    if len(there) > 1:
        raise CliError(f"{name} has the drives {', '.join(each['Id'] for each in there)}; choose one with --drive")
    return str(there[0]["@odata.id"])


def _word(inserted: bool) -> str:
    return "yes" if inserted else "no"
