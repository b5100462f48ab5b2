"""`bmc media …`: what is in the virtual drives of a node, and the library that they take it from."""

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from bmc.cli import upload
from bmc.cli.client import UPLOAD_PATIENCE, Client, Resource, lacking, system_path
from bmc.cli.errors import CliError
from bmc.cli.nodes import Name
from bmc.cli.output import Json, Yes, ask, document, table

LIBRARY = "/redfish/v1/Oem/Lightsout/Media"

Drive = Annotated[str | None, typer.Option(help="which drive, where a node has more than one")]

app = typer.Typer(no_args_is_help=True, help="Show, insert and eject virtual media, and add them to the library.")


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
    image: Annotated[str, typer.Argument(help="its name in `bmc media library`, or an http(s) URL")],
    drive: Drive = None,
) -> None:
    """Insert a virtual medium. What is named by a URL is fetched first; `bmc media add` shows how far that is."""
    client = Client()
    action = f"{_path(client, name, drive)}/Actions/VirtualMedia.InsertMedia"
    client.post(action, {"Image": image}, timeout=UPLOAD_PATIENCE)
    print(f"{image} inserted into {name}")


@app.command()
def eject(name: Name, drive: Drive = None) -> None:
    """Eject the virtual medium."""
    client = Client()
    client.post(f"{_path(client, name, drive)}/Actions/VirtualMedia.EjectMedia", {})
    print(f"{name}: medium ejected")


@app.command()
def library(as_json: Json = False) -> None:
    """The media that can be inserted by name."""
    found = Client().members(LIBRARY)
    if as_json:
        document(found)
        return
    rows = [
        (
            each["Id"],
            f"{each['SizeBytes'] / (1 << 20):.1f} MiB",
            each["Added"][:16].replace("T", " "),
            each["Account"] or "in the media directory",
            ", ".join(each["UsedBy"]),
        )
        for each in found
    ]
    table(("medium", "size", "since (UTC)", "added by", "inserted in"), rows)


@app.command()
def add(
    source: Annotated[str, typer.Argument(metavar="FILE|URL", help="an ISO image, or that of a USB stick or floppy")],
    name: Annotated[str | None, typer.Option(help="its name; the file's, if not given")] = None,
    sha256: Annotated[str | None, typer.Option(help="the digest of the file; needed with a URL")] = None,
) -> None:
    """Add a medium to the library: upload a file, or have the service fetch a URL; shows the progress.

    An upload that was cut off, also by Ctrl-C, goes on by the same command; of a URL Ctrl-C ends the showing alone.
    """
    by_url = upload.is_url(source)
    asked = {"Id": name or upload.file_name(source), "FileSHA256": sha256, "URL": source if by_url else None}
    upload.add(Client(), LIBRARY, asked, None if by_url else Path(source))


@app.command()
def delete(
    medium: Annotated[str, typer.Argument(metavar="MEDIUM", help="its name in `bmc media library`")], yes: Yes = False
) -> None:
    """Delete a medium of the library, which must be in no drive."""
    ask(f"Delete the medium {medium}?", yes)
    Client().delete(f"{LIBRARY}/{quote(medium, safe='')}")
    print(f"medium {medium} deleted")


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
