"""`bmc why`: what happened to a server: how it is, its timeline, and the end of its console."""

import re
from typing import Annotated, Any

import typer

from bmc.cli import jobs
from bmc.cli.client import Client, Resource, manager_path, system_path
from bmc.cli.errors import CliError
from bmc.cli.nodes import Name
from bmc.cli.output import Json, document, printable, table

LOOKED_BACK = 200
"""Entries that are searched for who changed the power last."""
_CONTROLS = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])")

Entry = dict[str, Any]
"""`at` (RFC 3339, UTC), `kind`, `source` (event, audit, sel), `account`, `who` (the account, with its door and
address as far as they are known; or ""), `severity`, `message`, and `what` of its source it is.
"""


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
    found = history(client, name, max(last, LOOKED_BACK))
    if "LogServices" not in client.get(manager_path(name)):
        notes.append("who was refused, and from which address anybody came, is told to the node's Administrators alone")
    timeline = found[-last:]
    printed = _console(client, system, lines, notes)
    told = now(client, system, _cause(found, system))
    if as_json:
        state = {"power": system["PowerState"], "health": system["Status"]["HealthRollup"], "now": told}
        document({"node": name, **state, "timeline": timeline, "console": printed, "notes": notes})
        return
    print("\n".join(printable(line) for line in told))
    print()
    table(
        ("when", "kind", "who", "severity", "what"),
        [(each["at"], each["kind"], each["who"], each["severity"], each["message"]) for each in timeline],
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


def history(client: Client, name: str, last: int) -> list[Entry]:
    """The last entries of a node's timeline, oldest first."""
    members: list[Resource] = client.get(f"{system_path(name)}/LogServices/Timeline/Entries?$top={last}")["Members"]
    return [_entry(member) for member in reversed(members)]


def _entry(member: Resource) -> Entry:
    ours = member["Oem"]["Lightsout"]
    door = ours["Door"] and (f"{ours['Door']} from {ours['Address']}" if ours["Address"] else ours["Door"])
    account = ours["Account"] or ""
    return {
        "at": member["Created"],
        "kind": ours["Kind"],
        "source": ours["Source"],
        "what": ours["What"],
        "account": account,
        "who": f"{account} ({door})" if door else account,
        "severity": member["Severity"],
        "message": member["Message"],
    }


def _cause(found: list[Entry], system: Resource) -> str:
    """Why the power is as it is: who asked, if anybody did since it was otherwise; "" if that is not known."""
    changes = [place for place, entry in enumerate(found) if entry["what"] == "power.changed"]
    if not changes:
        return ""
    account, cause = found[changes[-1]]["account"], system["Oem"]["Lightsout"]["PowerCause"]
    first = 0 if account or len(changes) == 1 else changes[-2]
    for entry in reversed(found[first : changes[-1]]):
        if entry["what"] == "power" and entry["severity"] == "OK" and account in ("", entry["account"]):
            asked = f"{entry['who']} {entry['message']}"
            return asked if account else f"{cause}, after {asked}"
    return f"{cause}, by {account}" if account else f"{cause}; nobody asked for it here"


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
