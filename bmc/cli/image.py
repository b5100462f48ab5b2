"""`bmc image …`: build the deploy ramdisk and the images on this machine, and list them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bmc.cli.output import Json, document, table

Cache = Annotated[Path | None, typer.Option(help="where finished builds are kept")]

app = typer.Typer(no_args_is_help=True, help="Build and list the images that a reinstall can write.")


@app.command()
def build(cache: Cache = None) -> None:
    """Build the deploy ramdisk and the images, if they are not there yet."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from bmc.reinstall.build import build_all, default_cache

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, transient=True) as progress:
        bar = progress.add_task("images", total=1.0)
        artefacts = build_all(
            cache or default_cache(), lambda what, done: progress.update(bar, description=what, completed=done)
        )
    print(f"images and ramdisk: {artefacts.directory}")


@app.command("list")
def list_images(cache: Cache = None, as_json: Json = False) -> None:
    """The images of the catalogue."""
    from bmc.reinstall.build import build_all, default_cache
    from bmc.reinstall.images import Catalogue

    found: list[dict[str, Any]] = [
        {
            "name": image.name,
            "title": image.title,
            "bytes": image.size,
            "firmware": sorted(mode.value for mode in image.firmware),
            "proofs": sorted(image.proofs),
        }
        for image in Catalogue(build_all(cache or default_cache()).catalogue).list()
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
