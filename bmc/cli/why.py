"""`bmc why`: what happened to a server: its events, audit, system event log, jobs and console, in one timeline."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from bmc.cli import jobs
from bmc.cli.client import Client, Resource, manager_path, system_path
from bmc.cli.errors import CliError
from bmc.cli.events import Event, history
from bmc.cli.nodes import Name
from bmc.cli.output import Json, document, printable, table
from bmc.cli.records import sel_records

LOOKED_BACK = 200
"""Events and audit records that are searched for who changed the power last."""
TOGETHER = timedelta(seconds=2)
"""What an account did, and the event of it, are at most so far apart; a power action is audited when it has ended."""
_POWER = frozenset({"power.action", "power.changed", "power.unknown"})
_CONTROLS = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])")

Entry = dict[str, Any]
"""`at` (RFC 3339, UTC), `source` (event, audit, sel, job), `who` (an account, with its door and address as far as they
are known; or ""), `severity`, `message`."""


def why(
    name: Name,
    last: Annotated[int, typer.Option(min=1, metavar="N", help="the last N entries")] = 40,
    lines: Annotated[int, typer.Option(min=0, metavar="N", help="so many lines of the serial console")] = 15,
    as_json: Json = False,
) -> None:
    """What happened to this server: power, SEL, jobs, who did it from where, and the end of its console."""
    client = Client()
    system = client.get(system_path(name))
    notes: list[str] = []
    events = history(client, [name], max(last, LOOKED_BACK))
    timeline = _merged(client, name, events, _audit(client, name, max(last, LOOKED_BACK), notes))[-last:]
    printed = _console(client, system, lines, notes)
    told = now(client, system, _cause(events))
    if as_json:
        state = {"power": system["PowerState"], "health": system["Status"]["HealthRollup"], "now": told}
        document({"node": name, **state, "timeline": timeline, "console": printed, "notes": notes})
        return
    print("\n".join(printable(line) for line in told))
    print()
    table(
        ("when", "source", "who", "severity", "what"),
        [(each["at"], each["source"], each["who"], each["severity"], each["message"]) for each in timeline],
    )
    if printed:
        print("\nthe end of the serial console:")
        for line in printed:
            print(f"  {line}")
    if notes:
        print("\n" + "\n".join(printable(note) for note in notes))


def now(client: Client, system: Resource, cause: str) -> list[str]:
    """How the server is, a sentence each; `cause` is who or what changed its power, "" if that is not known."""
    ours = system["Oem"]["Lightsout"]
    state = f"{system['Id']} is {system['PowerState'] or 'Unknown'}"
    if ours["PowerSince"]:
        state += f" since {ours['PowerSince']}: {cause or ours['PowerCause']}"
    told = [
        state,
        f"health: {system['Status']['HealthRollup']}",
        ours["Reason"] or "",
        "paused" if ours["Paused"] else "",
        jobs.now(client, system),
    ]
    return [line for line in told if line]


def _cause(events: list[Event]) -> str:
    """Why the power is as it is: who asked, if anybody did since it was otherwise."""
    changes = [place for place, event in enumerate(events) if event["kind"] == "power.changed"]
    if not changes:
        return ""
    change = events[changes[-1]]
    account, cause = change["account"], change["details"]["cause"]
    first = 0 if account or len(changes) == 1 else changes[-2]
    for event in reversed(events[first : changes[-1]]):
        if _began(event) and (not account or account == event["account"]):
            asked = f"{_who(event)} asked for {event['details']['action']}"
            return asked if account else f"{cause}, after {asked}"
    return f"{cause}, by {account}" if account else f"{cause}; nobody asked for it here"


def _began(event: Event) -> bool:
    return bool(event["kind"] == "power.action" and event["details"].get("outcome") == "started")


def _merged(client: Client, name: str, events: list[Event], audit: list[Resource]) -> list[Entry]:
    """Oldest first. What is an event and also in the audit or the SEL is shown once, as the event, with its caller."""
    alone = [record for record in audit if not _joined(record, events)]
    found = [_entry(event["at"], "event", _who(event), event["severity"], event["message"]) for event in events]
    found += [_audited(record) for record in alone if not _only_looked(record)]
    told = {(_second(event["at"]), event["message"]) for event in events}
    for record in sel_records(client, name):
        if (_second(record["Created"]), record["Message"]) not in told:
            found.append(_entry(record["Created"], "sel", "", record["Severity"], record["Message"]))
    for task in client.members(jobs.TASKS):
        of = task["Oem"]["Lightsout"].get("System", {}).get("@odata.id")
        found += _job(task) if of == system_path(name) else []
    return sorted(found, key=lambda each: _time(each["at"]))


def _audit(client: Client, name: str, last: int, notes: list[str]) -> list[Resource]:
    """Oldest first; none for whom the service does not show them."""
    logs = client.get(manager_path(name)).get("LogServices")
    if logs is None:
        notes.append("who was refused, and from which address anybody came, is told to the node's Administrators alone")
        return []
    found: list[Resource] = client.get(f"{logs['@odata.id']}/Audit/Entries?$top={last}")["Members"]
    return found[::-1]


def _joined(record: Resource, events: list[Event]) -> bool:
    """Whether an event tells of the same; it then learns by which door and from where it was asked."""
    ours, at = record["Oem"]["Lightsout"], _time(record["Created"])
    if record["Severity"] != "OK":
        return False
    for event in reversed(events):
        apart = at - _time(event["at"])
        if event["account"] != ours["Account"] or "from" in event:
            continue
        if ours["Action"] == "power":
            same = _began(event) and event["details"]["action"] == ours["Details"].get("action") and apart > -TOGETHER
        elif ours["Action"] == "confirm-power":
            same = event["kind"] == "power.changed" and abs(apart) < TOGETHER
        else:
            same = event["kind"] not in _POWER and abs(apart) < TOGETHER
        if same:
            event["from"] = _whence(ours)
            return True
    return False


def _only_looked(record: Resource) -> bool:
    """As `bmc why` itself at the console."""
    ours = record["Oem"]["Lightsout"]
    return ours["Details"].get("writable") is False and record["Severity"] == "OK"


def _audited(record: Resource) -> Entry:
    ours = record["Oem"]["Lightsout"]
    details = "".join(f", {key} {value}" for key, value in ours["Details"].items())
    who = f"{ours['Account']} ({_whence(ours)})"
    return _entry(record["Created"], "audit", who, record["Severity"], f"{ours['Action']}{details}: {ours['Outcome']}")


def _whence(ours: Resource) -> str:
    return f"{ours['Door']} from {ours['Address']}" if ours["Address"] else str(ours["Door"])


def _who(event: Event) -> str:
    door = event.get("from") or event["details"].get("door")
    return f"{event['account']} ({door})" if door else event["account"] or ""


def _job(task: Resource) -> list[Entry]:
    """Its beginning and its end: the steps between are events."""
    who, name = task["Oem"]["Lightsout"]["Account"], f"job {task['Id']}, {task['Name']}"
    began = _entry(task["StartTime"], "job", who, "OK", f"{name}, began")
    if "EndTime" not in task:
        return [began]
    last = task["Messages"][-1]["Message"] if task["Messages"] else ""
    return [began, _entry(task["EndTime"], "job", who, task["TaskStatus"], f"{name}, {task['TaskState']}: {last}")]


def _entry(at: str, source: str, who: str | None, severity: str | None, message: str) -> Entry:
    return {"at": at, "source": source, "who": who or "", "severity": severity, "message": message}


def _time(at: str) -> datetime:
    return datetime.fromisoformat(at).astimezone(UTC)


def _second(at: str) -> datetime:
    return _time(at).replace(microsecond=0)


def _console(client: Client, system: Resource, lines: int, notes: list[str]) -> list[str]:
    """The last lines, without what would drive a terminal; none where the caller may not see them."""
    if not lines or "SerialConsole" not in system:
        return []
    import asyncio

    from bmc.cli.serial import tail

    try:
        text = asyncio.run(tail(client, system["Id"])).decode(errors="replace")
    except CliError as error:
        notes.append(f"the serial console is not shown: {error}")
        return []
    told = [printable(line).rstrip() for line in _CONTROLS.sub("", text).replace("\r", "\n").splitlines()]
    return [line for line in told if line][-lines:]
