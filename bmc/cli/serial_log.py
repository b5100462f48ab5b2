"""`bmc log`: what a node's serial console has printed, from the permanent log of the service."""

import sys
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Annotated
from urllib.parse import urlencode

import typer

from bmc.cli.client import Client, Resource, system_path
from bmc.cli.errors import CliError
from bmc.cli.nodes import Name
from bmc.cli.output import CUT_OFF, document, line, printable
from bmc.cli.patience import PAUSE, patiently
from bmc.cli.words import Since, all_of, one_of

LAST, PAGE = 100, 1000

Line = dict[str, object]
"""`id` (grows), `at` (RFC 3339, UTC), `text`."""


class Format(Enum):
    TEXT = "text"
    RAW = "raw"
    ASCIICAST = "asciicast"


def log(
    name: Name,
    search: Annotated[str, typer.Option(metavar="TEXT", help="only lines with TEXT in them, in any case")] = "",
    since: Since = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on with what is printed, until Ctrl-C")] = False,
    last: Annotated[
        int | None, typer.Option(min=0, metavar="N", help=f"begin with the last N lines; {LAST}, or all with --since")
    ] = None,
    form: Annotated[
        Format | None,
        typer.Option("--format", parser=one_of(Format), help=f"all of it, to standard output: {all_of(Format)}"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="a JSON list; with --follow one object a line")] = False,
) -> None:
    """What the serial console has printed, with the times, oldest first; colours and what was overwritten are left out.

    It may hold secrets that somebody typed: it takes an operator of the node to read it.
    """
    client = Client()
    if form is not None:
        if search or follow or as_json or last is not None:
            raise CliError("--format gives the whole log: of the other options only --since goes with it")
        _download(client, name, form, since)
        return
    count = last if last is not None else None if since else LAST
    found = _newest(client, name, search, since, count)
    if not follow:
        if as_json:
            document(found)
        else:
            for each in found:
                _show(each, as_json)
        return
    try:
        for each in _followed(client, name, search, found):
            _show(each, as_json)
    except KeyboardInterrupt:
        raise typer.Exit(CUT_OFF) from None


def _newest(client: Client, name: str, search: str, since: datetime | None, count: int | None) -> list[Line]:
    """The newest lines, oldest first; None: as many as there are."""
    query = {"$top": PAGE if count is None else min(count, PAGE)} | ({"search": search} if search else {})
    found: list[Line] = []
    for each in _pages(client, name, query, since):
        if count is not None and len(found) >= count:
            break
        found.append(each)
    return found[::-1]


def _followed(client: Client, name: str, search: str, begun: list[Line]) -> Iterator[Line]:
    """Each line once, when it is whole: the newest is held back for as long as it grows."""
    newest = begun
    told = max((_place(each) for each in _newest(client, name, "", None, 1)), default=-1) if not begun else -1
    held: Line | None = None
    while True:
        for each in newest:
            if _place(each) <= told:
                continue
            if each is newest[-1] and each != held:
                held = each
                break
            told = _place(each)
            yield each
        time.sleep(PAUSE)
        newest = patiently(client, partial(_after, client, name, search, told))


def _after(client: Client, name: str, search: str, told: int) -> list[Line]:
    """What came after that line, oldest first."""
    query = {"$top": PAGE} | ({"search": search} if search else {})
    found: list[Line] = []
    for each in _pages(client, name, query, None):
        if _place(each) <= told:
            break
        found.append(each)
    return found[::-1]


def _pages(client: Client, name: str, query: Mapping[str, object], since: datetime | None) -> Iterator[Line]:
    """Newest first, each once, though meanwhile more may come."""
    if since is not None:
        query = {**query, "since": since.isoformat()}
    path: str | None = f"{_log(name)}/Entries?{urlencode(query, safe='$')}"
    before: int | None = None
    while path:
        page: Resource = client.get(path)
        for entry in page["Members"]:
            each: Line = {"id": int(entry["Id"]), "at": entry["Created"], "text": entry["Message"]}
            if before is None or _place(each) < before:
                before = _place(each)
                yield each
        path = page.get("Members@odata.nextLink")


def _download(client: Client, name: str, form: Format, since: datetime | None) -> None:
    query = {"format": form.value} | ({"since": since.isoformat()} if since else {})
    with client.open("GET", f"{_log(name)}/Data?{urlencode(query)}", headers={"Accept": "*/*"}) as answer:
        for each in answer.lines():
            sys.stdout.buffer.write(each)
    sys.stdout.buffer.flush()


def _show(each: Line, as_json: bool) -> None:
    if as_json:
        line(each)
    else:
        print(f"{each['at']}  {printable(str(each['text']))}", flush=True)


def _place(each: Line) -> int:
    return int(str(each["id"]))


def _log(name: str) -> str:
    return f"{system_path(name)}/LogServices/SerialLog"
