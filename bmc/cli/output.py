"""What commands print: columns for people, JSON for programs. No colour and no lines, on a screen or in a file."""

import json
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from bmc.cli.errors import CliError

CUT_OFF = 130
"""The exit code of what Ctrl-C ended, as shells have it."""
Json = Annotated[bool, typer.Option("--json", help="one JSON document, for programs")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="do not ask")]


def document(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))


def line(value: Any) -> None:
    """One JSON object a line, at once, for whoever reads along."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    cells = [[printable("" if cell is None else str(cell)) for cell in row] for row in [head, *rows]]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def printable(text: str) -> str:
    """What a server, a guest or a client has said must not drive the terminal that shows it."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def complain(text: str) -> None:
    """One line on standard error, of one server of many; the command goes on."""
    print(f"bmc: {printable(text)}", file=sys.stderr, flush=True)


def ask(question: str, yes: bool) -> None:
    """:raise CliError: nobody agreed."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise CliError(f"{question} Nobody is there to answer; use --yes")
    try:
        agreed = typer.confirm(question)
    except typer.Abort:
        print(file=sys.stderr)
        complain("nothing was done")
        raise typer.Exit(CUT_OFF) from None
    if not agreed:
        raise CliError("nothing was done")
