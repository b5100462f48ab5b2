"""`bmc sel …` and `bmc sensors`: what the server has recorded, and what it measures now."""

import sys
import time
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Annotated
from urllib.parse import quote

import typer

from bmc.cli.client import Client, Resource, chassis_path, lacking, remedies, system_path
from bmc.cli.errors import CliError
from bmc.cli.nodes import Name
from bmc.cli.output import CUT_OFF, Json, Yes, ask, document, line, printable, table
from bmc.cli.patience import PAUSE, patiently
from bmc.cli.words import one_of
from bmc.model.sensor import Window


class Format(Enum):
    """Of an exported log."""

    CSV = "csv"
    JSON = "json"
    TXT = "txt"


LIMITS = ("LowerFatal", "LowerCritical", "LowerCaution", "UpperCaution", "UpperCritical", "UpperFatal")
"""In the order of a scale; ipmitool says lnr, lcr, lnc, unc, ucr, unr."""
BARS = "▁▂▃▄▅▆▇█"
WIDTH = 72
"""Of a drawn history, in characters."""

Choose = Annotated[
    str, typer.Option("--filter", metavar="FILTER", help="a $filter of Redfish, as \"Severity eq 'Critical'\"")
]

sel = typer.Typer(no_args_is_help=True, help="The System Event Log that IPMI clients read, too.")


@sel.command("list")
def list_sel(
    name: Name,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on with what is recorded, until Ctrl-C")] = False,
    choose: Choose = "",
    as_json: Annotated[bool, typer.Option("--json", help="a JSON list; with --follow one object a line")] = False,
) -> None:
    """The records, oldest first. What is resolved has an x."""
    client = Client()
    if follow:
        try:
            for record in _followed(client, name, choose):
                if as_json:
                    line(record)
                else:
                    print(printable("  ".join(_row(record))), flush=True)
        except KeyboardInterrupt:
            raise typer.Exit(CUT_OFF) from None
    records = sel_records(client, name, choose)
    if as_json:
        document(records)
        return
    table(("record", "when", "severity", "resolved", "sensor", "what"), [_row(each) for each in records])
    if client.get(f"{_log(name)}")["Overflow"]:
        print("the log is full: newer records were lost; `bmc sel clear` makes room")


@sel.command()
def export(
    name: Name,
    format: Annotated[
        Format, typer.Option(parser=one_of(Format), metavar="FORMAT", help="csv, json, or txt as `ipmitool sel elist`")
    ] = Format.TXT,
    choose: Choose = "",
) -> None:
    """Print the records as a file, oldest first."""
    client = Client()
    uris = client.get(_log(name))["Oem"]["Lightsout"]["ExportURIs"]
    uri = next(uri for uri in uris if uri.endswith(format.value))
    with client.open("GET", uri + _chosen(choose), headers={"Accept": "*/*"}) as answer:
        sys.stdout.buffer.write(answer.read())


@sel.command()
def resolve(
    name: Name,
    records: Annotated[list[int], typer.Argument(min=1, metavar="RECORD...", help="their numbers in `bmc sel list`")],
    undo: Annotated[bool, typer.Option("--undo", help="they are not resolved after all")] = False,
) -> None:
    """Note that records were dealt with; IPMI clients see them as before."""
    client = Client()
    for record in records:
        client.patch(f"{_log(name)}/Entries/{record}", {"Resolved": not undo})
        print(f"{name}: record {record} is {'not ' if undo else ''}resolved")


@sel.command()
def clear(name: Name, yes: Yes = False) -> None:
    """Remove every record, for IPMI clients too."""
    ask(f"Remove every record of the system event log of {name}?", yes)
    Client().post(f"{_log(name)}/Actions/LogService.ClearLog", {})
    print(f"{name}: system event log cleared")


def sensors(
    name: Name,
    history: Annotated[
        Window | None,
        typer.Option(parser=one_of(Window), metavar="WINDOW", help="what was read during the Hour or Day"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Readings and thresholds; with --history how they went, a gap where nothing was read."""
    if history is not None:
        _show_history(Client().get(f"{chassis_path(name)}/Oem/Lightsout/SensorHistory/{history.value}"), as_json)
        return
    client = Client()
    found = client.members(f"{chassis_path(name)}/Sensors")
    if not found and "sensors" in remedies(system := client.get(system_path(name))):
        raise CliError(lacking(system, "sensors"))
    if as_json:
        document(found)
        return
    head = ("sensor", "reading", "unit", "health", *(limit.lower() for limit in LIMITS))
    table(head, [_sensor(each) for each in found])


def _show_history(told: Resource, as_json: bool) -> None:
    if as_json:
        document(told)
        return
    table(("sensor", "unit", "least", "mean", "greatest", f"since {told['Start']}"), list(map(_went, told["Sensors"])))


def _went(series: Resource) -> tuple[object, ...]:
    readings = series["Readings"]
    known = [reading for reading in readings if reading is not None]
    if not known:
        return (series["Name"], series["ReadingUnits"], "-", "-", "-", "")
    low = min(each for each in series.get("Minima", known) if each is not None)
    high = max(each for each in series.get("Maxima", known) if each is not None)
    size = len(readings) // WIDTH
    drawn = "".join(_bar(readings[at : at + size], low, high) for at in range(0, len(readings), size))
    mean = f"{sum(known) / len(known):.4g}"
    return (series["Name"], series["ReadingUnits"], _number(low), mean, _number(high), drawn)


def _bar(readings: Sequence[float | None], low: float, high: float) -> str:
    """How high the greatest of them stands between `low` and `high`; a blank for none."""
    known = [reading for reading in readings if reading is not None]
    if not known:
        return " "
    return BARS[int((max(known) - low) / (high - low) * (len(BARS) - 1)) if high > low else 0]


def sel_records(client: Client, name: str, choose: str = "") -> list[Resource]:
    """Oldest first; those that `choose`, a $filter, lets through."""
    members: list[Resource] = client.get(f"{_log(name)}/Entries{_chosen(choose)}")["Members"]
    return members[::-1]


def _chosen(choose: str) -> str:
    return f"?$filter={quote(choose)}" if choose else ""


def _followed(client: Client, name: str, choose: str) -> Iterator[Resource]:
    """Each record once, also through a clearing of the log and a restart of the service. :raise CliError: refused."""
    seen: set[tuple[str, str]] = set()
    records = sel_records(client, name, choose)
    while True:
        yield from (each for each in records if (each["Id"], each["Created"]) not in seen)
        seen = {(each["Id"], each["Created"]) for each in records}
        time.sleep(PAUSE)
        records = patiently(client, lambda: sel_records(client, name, choose))


def _row(record: Resource) -> tuple[str, ...]:
    resolved = "x" if record["Resolved"] else "-"
    severity = record["Severity"] or "-"
    return record["Id"], record["Created"], severity, resolved, record["SensorType"], record["Message"]


def _log(name: str) -> str:
    return f"{system_path(name)}/LogServices/SEL"


def _sensor(sensor: Resource) -> tuple[object, ...]:
    limits = [sensor["Thresholds"].get(limit, {}).get("Reading") for limit in LIMITS]
    health = sensor["Status"].get("Health", sensor["Status"]["State"])
    return (sensor["Name"], _number(sensor["Reading"]), sensor["ReadingUnits"], health, *map(_number, limits))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.10g}"
