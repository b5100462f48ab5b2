"""Every IPMI command we answer, by network function and number; one file a family."""

from types import ModuleType

from bmc.ipmi.commands import (
    app,
    boot,
    channel,
    chassis,
    dcmi,
    discovery,
    event,
    fru,
    lan,
    messaging,
    payload,
    pef,
    sdr,
    sel,
    sensor,
    session,
    sol,
    system_info,
    user,
    watchdog,
)
from bmc.ipmi.commands.call import Row


def _rows(*families: ModuleType) -> dict[tuple[int, int], Row]:
    """Every row of the families; a family's module attribute that is a row is a command."""
    rows = [value for family in families for value in vars(family).values() if isinstance(value, Row)]
    table = {(row.netfn, row.command): row for row in rows}
    if len(table) != len(rows):
        raise ValueError("two rows for one command")
    return table


TABLE = _rows(
    app,
    boot,
    channel,
    chassis,
    dcmi,
    discovery,
    event,
    fru,
    lan,
    messaging,
    payload,
    pef,
    sdr,
    sel,
    sensor,
    session,
    sol,
    system_info,
    user,
    watchdog,
)
