"""`bmc image …`: the images that a reinstall can write. All through Redfish, but for building those of our own."""

from enum import Enum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from bmc.cli import upload
from bmc.cli.client import Client
from bmc.cli.errors import CliError
from bmc.cli.output import Json, Yes, ask, document, table

IMAGES = "/redfish/v1/Oem/Lightsout/Images"
SUFFIXES = (".gz", ".xz", ".zst", ".raw", ".img", ".qcow2")

Name = Annotated[str, typer.Argument(metavar="IMAGE", help="its name in `bmc image list`")]

app = typer.Typer(no_args_is_help=True, help="Add, list, show, delete and build the images that a reinstall can write.")


class Kernel(Enum):
    LINUX = "linux"
    WINDOWS = "windows"
    BSD = "bsd"
    OTHER = "other"


class Firmware(Enum):
    UEFI = "UEFI"
    LEGACY = "Legacy"


@app.command()
def add(
    source: Annotated[str, typer.Argument(metavar="FILE|URL", help="a whole disk: raw or qcow2, plain or packed")],
    name: Annotated[str | None, typer.Option(help="its name; the file's, if not given")] = None,
    sha256: Annotated[str | None, typer.Option(help="the digest of the file; needed with a URL")] = None,
    format_: Annotated[
        str | None, typer.Option("--format", help="raw or qcow2, with .gz, .xz or .zst if packed")
    ] = None,
    on_server: Annotated[bool, typer.Option("--on-server", help="FILE is in a directory that the service has")] = False,
    title: Annotated[str | None, typer.Option(help="the name that people read")] = None,
    description: Annotated[str | None, typer.Option(help="what else is to be said of it")] = None,
    kernel: Annotated[Kernel | None, typer.Option(help="the family of its kernel")] = None,
    firmware: Annotated[
        list[Firmware] | None, typer.Option(help="how a node must boot for it; may be repeated")
    ] = None,
    seed: Annotated[
        str | None, typer.Option(help="how it learns what is its own, as nocloud, configdrive or none")
    ] = None,
    proof: Annotated[
        list[str] | None, typer.Option(help="what it can give: serial-nonce, phone-home, ssh-login; may be repeated")
    ] = None,
) -> None:
    """Add an image: upload a file, or have the service fetch a URL; shows the progress.

    An upload that was cut off, also by Ctrl-C, goes on by the same command; of a URL Ctrl-C ends the showing alone.
    """
    by_url = upload.is_url(source)
    uploaded = not by_url and not on_server
    asked = {
        "Id": name or _name(upload.file_name(source)),
        "FileSHA256": sha256,
        "Format": format_ or (_format(source) if uploaded else None),
        "Name": title,
        "Description": description,
        "KernelFamily": kernel.value if kernel else None,
        "Firmware": [each.value for each in firmware] if firmware else None,
        "Seed": seed,
        "Proofs": proof or None,
        "URL": source if by_url else None,
        "File": source if on_server else None,
    }
    upload.add(Client(), IMAGES, asked, Path(source) if uploaded else None)


@app.command("list")
def list_images(as_json: Json = False) -> None:
    """The images that there are."""
    found = Client().members(IMAGES)
    if as_json:
        document(found)
        return
    rows = [
        (
            each["Id"],
            each["Name"],
            f"{each['SizeBytes'] >> 20} MiB",
            ", ".join(each["Firmware"]),
            ", ".join(each["Proofs"]),
            ", ".join(each["UsedBy"]),
        )
        for each in found
    ]
    table(("image", "title", "size", "firmware", "proofs", "installed on"), rows)


@app.command()
def show(name: Name) -> None:
    """All that is known of an image, as Redfish has it."""
    document(Client().get(_path(name)))


@app.command()
def delete(name: Name, yes: Yes = False) -> None:
    """Delete an image. Nodes that have it keep it."""
    ask(f"Delete the image {name}?", yes)
    Client().delete(_path(name))
    print(f"image {name} deleted")


@app.command()
def build(
    name: Annotated[
        str | None, typer.Argument(help="debian-12; the deploy ramdisk and our own images if not given")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="debian-12 anew, with the packages of today")] = False,
    cache: Annotated[Path | None, typer.Option(help="where finished builds are kept")] = None,
) -> None:
    """Build, on this machine, the deploy ramdisk and the images of our own, if they are not there yet.

    debian-12 takes minutes, 3 GB of space and this machine's own package sources of Debian 12.
    """
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from bmc.reinstall.build import build_all, default_cache
    from bmc.reinstall.build_debian import NAME, build_debian

    if name not in (None, NAME) or (again and name is None):
        raise CliError(f"expected {NAME}, or nothing for the deploy ramdisk and our own images")
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, transient=True) as progress:
        bar = progress.add_task("images", total=1.0)

        def say(what: str, done: float) -> None:
            progress.update(bar, description=what, completed=done)

        if name:
            made = f"image {name}: {build_debian(cache or default_cache(), say, again)}"
        else:
            made = f"images and ramdisk: {build_all(cache or default_cache(), say).directory}"
    print(made)


def _name(source: str) -> str:
    """A file's name without what says how it is made."""
    name = source.lower()
    while name.endswith(SUFFIXES):
        name = name.rpartition(".")[0]
    return name.replace("_", "-")


def _format(source: str) -> str | None:
    from bmc.images.encodings import format_of

    return format_of(source)


def _path(name: str) -> Any:
    return f"{IMAGES}/{quote(name, safe='')}"
