"""Messaging commands, IPMI v2.0 §22.1 to §22.9: what the driver of the guest's operating system asks.

There is no other channel to send on, and requests on the LAN never wait for the guest: so no Send Message.
"""

from bmc.ipmi.commands.call import IN_BAND_ONLY, Call, CommandError, command
from bmc.ipmi.wire.errors import expect_length
from bmc.ipmi.wire.messaging import KCS, KCS_CAPABILITIES, ChannelReceive, GlobalEnables, ReceiveState, unpack_byte
from bmc.ipmi.wire.numbers import LAN_CHANNEL, PRESENT_CHANNEL, SYSTEM_CHANNEL, Code, NetFn, Privilege

_NO_MESSAGE = 0x80
_POSSIBLE = 0x0F


@command(NetFn.APP, 0x2E, IN_BAND_ONLY)
def set_bmc_global_enables(call: Call) -> bytes:
    """§22.1. Logging cannot be turned off: the SEL is the node's own record."""
    wanted = unpack_byte(call.data)
    if wanted & ~_POSSIBLE or not wanted & GlobalEnables.EVENT_LOGGING:
        raise CommandError(Code.INVALID_FIELD)
    call.context.host.enable(GlobalEnables(wanted), call.node.snapshot.sel)
    return b""


@command(NetFn.APP, 0x2F, Privilege.USER)
def get_bmc_global_enables(call: Call) -> bytes:
    """§22.2."""
    expect_length(call.data, 0)
    return bytes((call.context.host.enables,))


@command(NetFn.APP, 0x30, IN_BAND_ONLY)
def clear_message_flags(call: Call) -> bytes:
    """§22.3."""
    call.context.host.clear(unpack_byte(call.data))
    return b""


@command(NetFn.APP, 0x31, IN_BAND_ONLY)
def get_message_flags(call: Call) -> bytes:
    """§22.4."""
    expect_length(call.data, 0)
    call.context.host.look(call.node.snapshot)
    return bytes((call.context.host.flags,))


@command(NetFn.APP, 0x32, IN_BAND_ONLY)
def enable_message_channel_receive(call: Call) -> bytes:
    """§22.5. What comes in on the LAN is for the BMC alone."""
    request = ChannelReceive.unpack(call.data)
    if request.channel not in (LAN_CHANNEL, SYSTEM_CHANNEL, PRESENT_CHANNEL) or request.state is ReceiveState.ENABLE:
        raise CommandError(Code.INVALID_FIELD)
    return bytes((request.channel, ReceiveState.DISABLE))


@command(NetFn.APP, 0x33, IN_BAND_ONLY)
def get_message(call: Call) -> bytes:
    """§22.6. Nobody sends any through us."""
    expect_length(call.data, 0)
    raise CommandError(_NO_MESSAGE)


@command(NetFn.APP, 0x35, IN_BAND_ONLY)
def read_event_message_buffer(call: Call) -> bytes:
    """§22.8. One event at a time; the next comes up when this one was read."""
    expect_length(call.data, 0)
    event = call.context.host.take_event()
    if event is None:
        raise CommandError(_NO_MESSAGE)
    return event


@command(NetFn.APP, 0x57, Privilege.USER)
def get_system_interface_capabilities(call: Call) -> bytes:
    """§22.9."""
    if unpack_byte(call.data) & 0x0F != KCS:
        raise CommandError(Code.INVALID_FIELD)
    return KCS_CAPABILITIES
