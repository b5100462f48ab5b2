"""`bmc console`: a node's serial console in this terminal, over the WebSocket that the web console uses too."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from bmc.cli.client import Client, lacking, system_path
from bmc.cli.errors import CliError
from bmc.cli.nodes import Name

RESET = b"\x1b[0m\x1b[?25h\x1b[?1000;1002;1003;1006;2004l"
"""Colours, cursor, mouse and paste as a shell wants them, whatever the server has switched."""


def console(
    name: Name,
    view: Annotated[bool, typer.Option("--view", help="only look; nothing typed reaches the server")] = False,
) -> None:
    """A node's serial console, with what was printed before. ^Ec. leaves it, ^Ec? tells of the other keys.

    Any number of people share a console, SOL and the web page too: all see the same, and one types. ^Ecf takes it over.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise CliError("a console needs a terminal; `bmc why` shows the end of one without")
    import asyncio

    from bmc.cli.serial import talk

    client = Client()
    if "SerialConsole" not in (system := client.get(system_path(name))):
        raise CliError(lacking(system, "serial console"))
    print(f"{name}: ^Ec. leaves the console, ^Ec? helps" + ("; only looking, Ctrl-C leaves too" if view else ""))
    try:
        with raw(sys.stdin.fileno()):
            why = asyncio.run(talk(client, name, view))
    finally:
        os.write(sys.stdout.fileno(), RESET)
    if why:
        raise CliError(f"{name}: {why}")
    print(f"\n{name}: left the console")


@contextmanager
def raw(terminal: int) -> Iterator[None]:
    """Every key as it is; the terminal is as before in the end, however that comes."""
    import termios
    import tty

    before = termios.tcgetattr(terminal)
    tty.setraw(terminal)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
