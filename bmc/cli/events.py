"""`bmc events`: what happened, and what happens, as server-sent events (DSP0266 §13.5)."""

import json
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

import typer

from bmc.cli.client import Client, Resource, manager_path, system_path
from bmc.cli.completion import node_names
from bmc.cli.errors import NoAnswer, SignedOut
from bmc.cli.output import CUT_OFF, complain, document, line, printable, table
from bmc.cli.patience import PAUSE, Patience
from bmc.cli.selection import select
from bmc.cli.words import Since

STREAM = "/redfish/v1/EventService/SSE"
SILENCE = 45.0
"""Seconds without a word after which the stream is dead: the service says something every 15."""
LAST, PAGE = 20, 500
SIGNED_IN = "account.signed-in"
"""Left out of what is told of the whole fleet, as every command from another machine is one; the audit has them."""
FLEET = manager_path("Lightsout")
"""The Manager of the service itself, which shows its logs to the fleet's administrators."""

Event = dict[str, Any]
"""`id` (grows), `at` (RFC 3339, UTC), `node`, `kind`, `severity`, `account`, `message`, `details`."""


def events(
    nodes: Annotated[
        str, typer.Argument(metavar="NODES", help="names, ranges, tag:NAME, or all", autocompletion=node_names)
    ] = "",
    since: Since = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on with what happens, until Ctrl-C")] = False,
    last: Annotated[
        int | None, typer.Option(min=0, metavar="N", help=f"begin with the last N events; {LAST}, or all with --since")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="a JSON list; with --follow one object a line")] = False,
) -> None:
    """What happened to nodes, oldest first. --follow survives a restart of the service, and loses nothing by it.

    Without NODES these are the events of all that you may see; to an Administrator of the fleet also what concerns no
    node, as sign-ins that failed and changes of accounts.
    """
    client = Client()
    only = select(client, nodes) if nodes else None
    last = last if last is not None else None if since else LAST
    if not follow:
        _all(_past(client, only, last, since), as_json)
        return
    try:
        happening = followed(client)
        next(happening)  # before the past is read: nothing may fall between
        past = _past(client, only, last, since)
        for event in past:
            _one(event, as_json)
        told = {event["id"] for event in past}
        for event in filter(None, happening):
            if event["id"] in told:
                continue
            if event["node"] in only if only else event["kind"] != SIGNED_IN:
                _one(event, as_json)
    except KeyboardInterrupt:
        raise typer.Exit(CUT_OFF) from None


def _past(client: Client, only: list[str] | None, last: int | None, since: datetime | None) -> list[Event]:
    """Of these nodes; None: of all that the caller may see, and of none where the service shows that."""
    found = _of_fleet(client, last, since) if only is None else None
    return history(client, only or select(client, "all"), last, since) if found is None else found


def history(client: Client, names: list[str], last: int | None, since: datetime | None = None) -> list[Event]:
    """The last events of these nodes together, oldest first; None: as many as there are."""
    from concurrent.futures import ThreadPoolExecutor

    def of(name: str) -> list[Event]:
        return _logged(client, system_path(name), last, since)

    with ThreadPoolExecutor(8) as pool:
        found = [event for those in pool.map(of, names) for event in those]
    return _last(sorted(found, key=lambda event: event["id"]), last)


def _of_fleet(client: Client, last: int | None, since: datetime | None) -> list[Event] | None:
    """The last events of all; None for whom the service does not show them."""
    if "LogServices" not in client.get(FLEET):
        return None
    return _last(_logged(client, FLEET, last, since, SIGNED_IN)[::-1], last)


def followed(client: Client) -> Iterator[Event | None]:
    """Every event from now on, for ever: a stream that breaks is taken up where it was. None each time that the service
    says it is there; so it does before the first event.

    :raise CliError: the service refuses us, or is not there at the very beginning.
    """
    patience, connected = Patience(client), False
    last: int | None = None
    while True:
        try:
            for place, event in stream(client, last):
                last = place
                if event is None:
                    connected = True
                    patience.over()
                yield event
        except (NoAnswer, SignedOut) as error:
            if not connected:
                raise
            patience.bear(error)
        else:
            time.sleep(PAUSE)
            client.again()


def stream(client: Client, last: int | None) -> Iterator[tuple[int | None, Event | None]]:
    """One connection's messages: the id to go on from, and the event, if it holds one. Begins after `last`; None: now.
    Ends when the service ends it.

    :raise CliError: refused. :raise NoAnswer: the connection broke.
    """
    headers = {"Accept": "text/event-stream", **({} if last is None else {"Last-Event-ID": str(last)})}
    event: Event | None = None
    with client.open("GET", STREAM, headers=headers, timeout=SILENCE) as answer:
        for raw in answer.lines():
            field, _, value = raw.strip().partition(b": ")
            if field == b"id":
                last = int(value)
            elif field == b"data":
                record = json.loads(value)["Events"][0]
                if "Oem" in record:
                    event = _record(record)
                else:  # no event of ours: some were lost
                    complain(record["Message"])
            elif not raw.strip():
                yield last, event
                event = None


def _logged(client: Client, owner: str, last: int | None, since: datetime | None, but: str = "") -> list[Event]:
    """Newest first, without those of the kind `but`. Page by page, as meanwhile more may come; each is told once."""
    found: dict[int, Event] = {}
    size = PAGE if since or last is None else min(last, PAGE)
    path: str | None = f"{owner}/LogServices/EventLog/Entries?$top={size}"
    while path and (last is None or len(found) < last):
        page = client.get(path)
        for entry in page["Members"]:
            if since and datetime.fromisoformat(entry["Created"]) < since:
                return list(found.values())
            event = _event(int(entry["Id"]), entry["Created"], entry["Severity"], entry)
            if event["kind"] != but:
                found[event["id"]] = event
        path = page.get("Members@odata.nextLink")
    return list(found.values())


def _last(found: list[Event], last: int | None) -> list[Event]:
    return found if last is None else found[-last:] if last else []


def _record(record: Resource) -> Event:
    return _event(int(record["EventId"]), record["EventTimestamp"], record["MessageSeverity"], record)


def _event(number: int, at: str, severity: str, told: Resource) -> Event:
    ours = told["Oem"]["Lightsout"]
    return {
        "id": number,
        "at": at,
        "node": ours["Node"] or "",
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
