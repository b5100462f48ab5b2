"""`bmc screenshot`: what a node's screen shows, as a file."""

from pathlib import Path
from typing import Annotated

import typer

from bmc.cli.client import Client, system_path
from bmc.cli.errors import CliError
from bmc.cli.nodes import Name


def screenshot(
    name: Name, file: Annotated[Path | None, typer.Argument(metavar="FILE", help="NAME.png unless said")] = None
) -> None:
    """What the node's screen shows now, as PNG."""
    client, file = Client(), file or Path(f"{name}.png")
    place = client.get(system_path(name))["Oem"]["Lightsout"]["ScreenshotURI"]
    if place is None:
        raise CliError(f"{name} has no screen")
    with client.open("GET", place, headers={"Accept": "image/png"}) as answer:
        picture = answer.read()
    try:
        file.write_bytes(picture)
    except OSError as error:
        raise CliError(f"{file}: {error.strerror}") from None
    print(file)
