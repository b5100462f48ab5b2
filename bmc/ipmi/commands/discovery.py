"""Command discovery, IPMI v2.0 §21: what of the one table a channel can reach. Nothing is configurable."""

from collections.abc import Iterable

from bmc.ipmi.commands.call import IN_BAND_ONLY, Call, Row, command
from bmc.ipmi.commands.channel import check_channel
from bmc.ipmi.wire.dcmi import GROUP
from bmc.ipmi.wire.discovery import (
    CommandRange,
    command_mask,
    pack_command_mask,
    pack_command_support,
    pack_netfn_support,
)
from bmc.ipmi.wire.errors import expect_length
from bmc.ipmi.wire.numbers import PRESENT_CHANNEL, SYSTEM_CHANNEL, NetFn, Privilege


@command(NetFn.APP, 0x09, Privilege.USER)
def get_netfn_support(call: Call) -> bytes:
    """§21.2."""
    expect_length(call.data, 1)
    return pack_netfn_support(row.netfn for row in _rows(call, call.data[0] & 0x0F))


@command(NetFn.APP, 0x0A, Privilege.USER)
def get_command_support(call: Call) -> bytes:
    """§21.3."""
    return pack_command_support(_mask(call))


@command(NetFn.APP, 0x0C, Privilege.USER)
def get_configurable_commands(call: Call) -> bytes:
    """§21.5."""
    _mask(call)
    return pack_command_mask(0)


@command(NetFn.APP, 0x61, Privilege.USER)
def get_command_enables(call: Call) -> bytes:
    """§21.8. What there is is enabled."""
    return pack_command_mask(_mask(call))


def _mask(call: Call) -> int:
    request = CommandRange.unpack(call.data)
    rows = _rows(call, request.channel)
    if request.lun or (request.body and request.body != GROUP):
        return 0
    return command_mask((row.command for row in rows if row.netfn == request.netfn & ~1), request.first)


def _rows(call: Call, channel: int) -> Iterable[Row]:
    """:raise CommandError: no such channel."""
    rows = call.context.rows.values()
    if channel == SYSTEM_CHANNEL or (call.request.host and channel == PRESENT_CHANNEL):
        return [row for row in rows if not row.guarded]
    check_channel(channel)
    return [row for row in rows if row.privilege is not IN_BAND_ONLY]
