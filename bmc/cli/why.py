"""`bmc why`: what happened to a server: its events, system event log, jobs and console, in one timeline."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from bmc.cli import jobs
from bmc.cli.client import Client, CliError, Resource, system_path
from bmc.cli.events import Event, history
from bmc.cli.nodes import Name
from bmc.cli.output import Json, document, printable, table
from bmc.cli.records import sel_records

_CONTROLS = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")

Entry = dict[str, Any]
"""`at` (RFC 3339, UTC), `source` (event, sel, job), `who` (an account, its door if known; or ""), `severity`,
`message`."""


def why(
    name: Name,
    last: Annotated[int, typer.Option(min=1, metavar="N", help="the last N entries")] = 40,
    lines: Annotated[int, typer.Option(min=0, metavar="N", help="so many lines of the serial console")] = 15,
    as_json: Json = False,
) -> None:
    """What happened to this server: power, SEL, jobs, who did it, and the end of its console, in one timeline."""
    client = Client()
    system = client.get(system_path(name))
    timeline = merged(client, name, last)
    printed = _console(client, system, lines)
    if as_json:
        state = {"power": system["PowerState"], "health": system["Status"].get("Health"), "now": now(client, system)}
        document({"node": name, **state, "timeline": timeline, "console": printed})
        return
    print("\n".join(printable(line) for line in now(client, system)))
    print()
    table(
        ("when", "source", "who", "severity", "what"),
        [(each["at"], each["source"], each["who"], each["severity"], each["message"]) for each in timeline],
    )
    if printed:
        print("\nthe end of the serial console:")
        for line in printed:
            print(f"  {line}")


def now(client: Client, system: Resource) -> list[str]:
    """How the server is, a sentence each."""
    ours = system["Oem"]["Lightsout"]
    state = f"{system['Id']} is {system['PowerState'] or 'Unknown'}"
    told = [
        state + (f" since {ours['PowerSince']}, cause: {ours['PowerCause']}" if ours["PowerSince"] else ""),
        f"health: {system['Status'].get('Health')}",
        ours["Reason"] or "",
        "paused" if ours["Paused"] else "",
        jobs.now(client, system),
    ]
    return [line for line in told if line]


def merged(client: Client, name: str, last: int) -> list[Entry]:
    """Oldest first. What is both an event and in the SEL is shown once, as the event, which says who."""
    found = [_event(event) for event in history(client, [name], last)]
    told = {(_second(each["at"]), each["message"]) for each in found}
    for record in sel_records(client, name)[-last:]:
        if (_second(record["Created"]), record["Message"]) not in told:
            found.append(_entry(record["Created"], "sel", "", record["Severity"], record["Message"]))
    for task in client.members(jobs.TASKS):
        found += _job(task) if task["Oem"]["Lightsout"]["System"]["@odata.id"] == system_path(name) else []
    return sorted(found, key=lambda each: _time(each["at"]))[-last:]


def _event(event: Event) -> Entry:
    door = event["details"].get("door")
    who = f"{event['account']} ({door})" if door else event["account"]
    return _entry(event["at"], "event", who, event["severity"], event["message"])


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


def _console(client: Client, system: Resource, lines: int) -> list[str]:
    """The last lines, without what would drive a terminal; none where the caller may not see them."""
    if not lines or "SerialConsole" not in system:
        return []
    import asyncio

    from bmc.cli.serial import tail

    try:
        text = asyncio.run(tail(client, system["Id"])).decode(errors="replace")
    except CliError:
        return []
    told = [printable(line).rstrip() for line in _CONTROLS.sub("", text).replace("\r", "\n").splitlines()]
    return [line for line in told if line][-lines:]
