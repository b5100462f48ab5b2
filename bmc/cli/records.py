"""`bmc sel …` and `bmc sensors`: what the server has recorded, and what it measures now."""

import time
from collections.abc import Iterator
from typing import Annotated

import typer

from bmc.cli.client import Client, Resource, chassis_path, lacking, remedies, system_path
from bmc.cli.errors import CliError
from bmc.cli.nodes import Name
from bmc.cli.output import CUT_OFF, Json, Yes, ask, document, line, printable, table
from bmc.cli.patience import PAUSE, patiently

LIMITS = ("LowerFatal", "LowerCritical", "LowerCaution", "UpperCaution", "UpperCritical", "UpperFatal")
"""In the order of a scale; ipmitool says lnr, lcr, lnc, unc, ucr, unr."""

sel = typer.Typer(no_args_is_help=True, help="The System Event Log that IPMI clients read, too.")


@sel.command("list")
def list_sel(
    name: Name,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on with what is recorded, until Ctrl-C")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="a JSON list; with --follow one object a line")] = False,
) -> None:
    """The records, oldest first."""
    client = Client()
    if follow:
        try:
            for record in _followed(client, name):
                if as_json:
                    line(record)
                else:
                    print(printable("  ".join(_row(record))), flush=True)
        except KeyboardInterrupt:
            raise typer.Exit(CUT_OFF) from None
    records = sel_records(client, name)
    if as_json:
        document(records)
        return
    table(("record", "when", "severity", "sensor", "what"), [_row(each) for each in records])
    if client.get(f"{_log(name)}")["Overflow"]:
        print("the log is full: newer records were lost; `bmc sel clear` makes room")


@sel.command()
def clear(name: Name, yes: Yes = False) -> None:
    """Remove every record, for IPMI clients too."""
    ask(f"Remove every record of the system event log of {name}?", yes)
    Client().post(f"{_log(name)}/Actions/LogService.ClearLog", {})
    print(f"{name}: system event log cleared")


def sensors(name: Name, as_json: Json = False) -> None:
    """Readings and thresholds."""
    client = Client()
    found = client.members(f"{chassis_path(name)}/Sensors")
    if not found and "sensors" in remedies(system := client.get(system_path(name))):
        raise CliError(lacking(system, "sensors"))
    if as_json:
        document(found)
        return
    head = ("sensor", "reading", "unit", "health", *(limit.lower() for limit in LIMITS))
    table(head, [_sensor(each) for each in found])


def sel_records(client: Client, name: str) -> list[Resource]:
    """Oldest first."""
    members: list[Resource] = client.get(f"{_log(name)}/Entries")["Members"]
    return members[::-1]


def _followed(client: Client, name: str) -> Iterator[Resource]:
    """Each record once, also through a clearing of the log and a restart of the service. :raise CliError: refused."""
    seen: set[tuple[str, str]] = set()
    records = sel_records(client, name)
    while True:
        yield from (each for each in records if (each["Id"], each["Created"]) not in seen)
        seen = {(each["Id"], each["Created"]) for each in records}
        time.sleep(PAUSE)
        records = patiently(client, lambda: sel_records(client, name))


def _row(record: Resource) -> tuple[str, ...]:
    return record["Id"], record["Created"], record["Severity"] or "-", record["SensorType"], record["Message"]


def _log(name: str) -> str:
    return f"{system_path(name)}/LogServices/SEL"


def _sensor(sensor: Resource) -> tuple[object, ...]:
    limits = [sensor["Thresholds"].get(limit, {}).get("Reading") for limit in LIMITS]
    health = sensor["Status"].get("Health", sensor["Status"]["State"])
    return (sensor["Name"], _number(sensor["Reading"]), sensor["ReadingUnits"], health, *map(_number, limits))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.10g}"
