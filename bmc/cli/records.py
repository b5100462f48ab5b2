"""`bmc sel …` and `bmc sensors`: what the server has recorded, and what it measures now."""

import time
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from bmc.cli.client import Client, Resource, chassis_path, system_path
from bmc.cli.nodes import Name
from bmc.cli.output import CUT_OFF, Json, Yes, ask, document, line, printable, table
from bmc.cli.patience import PAUSE, patiently
from bmc.cli.words import one_of
from bmc.model.sensor import Window

LIMITS = ("LowerFatal", "LowerCritical", "LowerCaution", "UpperCaution", "UpperCritical", "UpperFatal")
"""In the order of a scale; ipmitool says lnr, lcr, lnc, unc, ucr, unr."""
BARS = "▁▂▃▄▅▆▇█"
WIDTH = 72
"""Of a drawn history, in characters."""

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
    found = Client().members(f"{chassis_path(name)}/Sensors")
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
