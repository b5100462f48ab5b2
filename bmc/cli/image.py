"""`bmc image …`: build the deploy ramdisk and the images on this machine, and list them."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from bmc.reinstall.build import build_all, default_cache
from bmc.reinstall.images import Catalogue

Cache = Annotated[Path | None, typer.Option(help="where finished builds are kept")]

app = typer.Typer(no_args_is_help=True, help="Build and list the images that a reinstall can write.")
out = Console()


@app.command()
def build(cache: Cache = None) -> None:
    """Build the deploy ramdisk and the images, if they are not there yet."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=out, transient=True) as progress:
        bar = progress.add_task("images", total=1.0)
        artefacts = build_all(
            cache or default_cache(), lambda what, done: progress.update(bar, description=what, completed=done)
        )
    out.print(f"images and ramdisk: {artefacts.directory}")


@app.command("list")
def list_images(cache: Cache = None) -> None:
    """The images of the catalogue."""
    table = Table(Column("image", no_wrap=True), "title", "size", "firmware", "proofs")
    for image in Catalogue(build_all(cache or default_cache()).catalogue).list():
        firmware = ", ".join(sorted(mode.value for mode in image.firmware))
        table.add_row(image.name, image.title, f"{image.size >> 20} MiB", firmware, ", ".join(sorted(image.proofs)))
    out.print(table)
