"""`bmc image …`: build the deploy ramdisk and the images on this machine, and list them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bmc.cli.client import CliError
from bmc.cli.output import Json, document, table

Cache = Annotated[Path | None, typer.Option(help="where finished builds are kept")]

app = typer.Typer(no_args_is_help=True, help="Build and list the images that a reinstall can write.")


@app.command()
def build(
    name: Annotated[
        str | None, typer.Argument(help="debian-12; the deploy ramdisk and our own images if not given")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="debian-12 anew, with the packages of today")] = False,
    cache: Cache = None,
) -> None:
    """Build the deploy ramdisk and the images, if they are not there yet.

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


@app.command("list")
def list_images(cache: Cache = None, as_json: Json = False) -> None:
    """The images of the catalogue."""
    from bmc.reinstall.build import build_all, default_cache
    from bmc.reinstall.build_debian import debian_directory
    from bmc.reinstall.images import Catalogue

    where = cache or default_cache()
    found: list[dict[str, Any]] = [
        {
            "name": image.name,
            "title": image.title,
            "bytes": image.size,
            "firmware": sorted(mode.value for mode in image.firmware),
            "seed": image.seed,
            "proofs": sorted(image.proofs),
        }
        for image in Catalogue(build_all(where).catalogue, debian_directory(where)).list()
    ]
    if as_json:
        document(found)
        return
    rows = [
        (
            each["name"],
            each["title"],
            f"{each['bytes'] >> 20} MiB",
            ", ".join(each["firmware"]),
            ", ".join(each["proofs"]),
        )
        for each in found
    ]
    table(("image", "title", "size", "firmware", "proofs"), rows)
