"""`bmc events`: what happened, and what happens, as server-sent events (DSP0266 §13.5)."""

import json
import time
from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import unquote

import typer

from bmc.cli.client import Client, CliError, Resource, SignedOut, system_path
from bmc.cli.completion import node_names
from bmc.cli.output import complain, document, line, printable, table
from bmc.cli.selection import select

STREAM = "/redfish/v1/EventService/SSE"
SILENCE = 45.0
"""Seconds without a word after which the stream is dead: the service says something every 15."""
CUT_OFF = 130

Event = dict[str, Any]
"""`id` (grows), `at` (RFC 3339, UTC), `node`, `kind`, `severity`, `account`, `message`, `details`."""


def events(
    nodes: Annotated[
        str, typer.Argument(metavar="[NODES]", help="names, ranges, tag:NAME, or all", autocompletion=node_names)
    ] = "all",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on with what happens, until Ctrl-C")] = False,
    last: Annotated[int, typer.Option(min=0, metavar="N", help="begin with the last N events")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="a JSON list; with --follow one object a line")] = False,
) -> None:
    """What happened to nodes, oldest first. --follow survives a restart of the service, and loses nothing by it.

    With --follow and `all`, what concerns no node (sign-ins, accounts) is shown as well.
    """
    client = Client()
    names = select(client, nodes)
    past = history(client, names, last)
    if not follow:
        _all(past, as_json)
        return
    only = None if nodes == "all" else frozenset(names)
    try:
        for event in past:
            _one(event, as_json)
        for event in followed(client, past[-1]["id"] if past else None):
            if only is None or event["node"] in only:
                _one(event, as_json)
    except KeyboardInterrupt:
        raise typer.Exit(CUT_OFF) from None


def history(client: Client, names: list[str], last: int) -> list[Event]:
    """The last events of these nodes together, oldest first."""
    from concurrent.futures import ThreadPoolExecutor

    if not last:
        return []
    with ThreadPoolExecutor(8) as pool:
        found = [event for those in pool.map(lambda name: _of(client, name, last), names) for event in those]
    return sorted(found, key=lambda event: event["id"])[-last:]


def followed(client: Client, last: int | None) -> Iterator[Event]:
    """Every event after `last`, or from now on, for ever: a stream that breaks is taken up where it was.

    :raise CliError: the service refuses us, or is not there at the very beginning.
    """
    connected, pause = False, 1.0
    while True:
        try:
            for event in stream(client, last):
                if event is None:
                    connected, pause = True, 1.0
                    continue
                last = event["id"]
                yield event
        except SignedOut:
            if not connected:
                raise
        except CliError as error:
            if not connected:
                raise
            complain(f"{error}; trying again")
        time.sleep(pause)
        pause = min(pause * 2, 10.0)
        try:
            client = Client()  # a service that was started again has another token, and maybe another port
        except CliError:
            continue


def stream(client: Client, last: int | None) -> Iterator[Event | None]:
    """One connection's events; None each time that the service says it is there. Ends when the service ends it.

    :raise CliError: refused, or the connection broke.
    """
    headers = {"Accept": "text/event-stream"}
    if last is not None:
        headers["Last-Event-ID"] = str(last)
    with client.open("GET", STREAM, headers=headers, timeout=SILENCE) as answer:
        for raw in answer.lines():
            yield _simple_record(json.loads(raw[5:])["Events"][0]) if raw.startswith(b"data:") else None


def _of(client: Client, name: str, last: int) -> list[Event]:
    entries = client.get(f"{system_path(name)}/LogServices/EventLog/Entries?$top={last}")["Members"]
    return [_simple_entry(name, entry) for entry in entries]


def _simple_entry(name: str, entry: Resource) -> Event:
    return _event(int(entry["Id"]), entry["Created"], name, entry["Severity"], entry)


def _simple_record(record: Resource) -> Event:
    node = unquote(record.get("OriginOfCondition", {}).get("@odata.id", "").rpartition("/")[2])
    return _event(int(record["EventId"]), record["EventTimestamp"], node, record["MessageSeverity"], record)


def _event(number: int, at: str, node: str, severity: str, told: Resource) -> Event:
    ours = told["Oem"]["Lightsout"]
    return {
        "id": number,
        "at": at,
        "node": node,
        "kind": ours["Kind"],
        "severity": severity,
        "account": ours["Account"],
        "message": told["Message"],
        "details": ours["Details"],
    }


def _all(past: list[Event], as_json: bool) -> None:
    if as_json:
        document(past)
        return
    rows = [(each["at"], each["node"], each["severity"], each["kind"], each["message"]) for each in past]
    table(("when", "node", "severity", "kind", "what"), rows)


def _one(event: Event, as_json: bool) -> None:
    if as_json:
        line(event)
    else:
        told = (event["at"], event["node"] or "-", event["severity"], event["kind"], event["message"])
        print(printable("  ".join(told)), flush=True)
