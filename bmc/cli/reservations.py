"""`bmc reserve` and `bmc release`: keep others from changing nodes, with the reason that they are told."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

import typer

from bmc.cli.client import Client, system_path
from bmc.cli.errors import CliError
from bmc.cli.output import complain
from bmc.cli.power import Nodes
from bmc.cli.selection import select
from bmc.cli.words import duration


def reserve(
    nodes: Nodes,
    reason: Annotated[str, typer.Option(help="why, for those whom it keeps out")],
    last: Annotated[
        timedelta | None,
        typer.Option("--for", parser=duration, metavar="TIME", help="how long: 30m, 2h, 3d; else until it is released"),
    ] = None,
) -> None:
    """Keep others from changing nodes: power, boot, media, jobs. Again it changes the reason and the end."""
    minutes = {} if last is None else {"TimeoutMinutes": max(1, round(last / timedelta(minutes=1)))}
    _each(nodes, "Reserve", {"Reason": reason, **minutes}, "reserved")


def release(
    nodes: Nodes,
    note: Annotated[str, typer.Option(help="why: what an Administrator says to end another’s reservation")] = "",
) -> None:
    """End the reservations of nodes."""
    _each(nodes, "Release", {"Note": note} if note else {}, "released")


def _each(nodes: str, action: str, body: Mapping[str, object], done: str) -> None:
    client, failed = Client(), False
    for name in select(client, nodes):
        try:
            client.post(f"{system_path(name)}/Actions/Oem/Lightsout.{action}", body)
            print(f"{name}: {done}")
        except CliError as error:
            complain(f"{name}: {error}")
            failed = True
    if failed:
        raise typer.Exit(1)
