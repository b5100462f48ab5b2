"""Messaging commands, IPMI v2.0 §22.1 to §22.9: what the driver of the guest's operating system asks."""

from bmc.ipmi.commands.call import Call, CommandError, command
from bmc.ipmi.wire.errors import expect_length
from bmc.ipmi.wire.messaging import KCS, KCS_CAPABILITIES, GlobalEnables, unpack_byte
from bmc.ipmi.wire.numbers import Code, NetFn, Privilege

_NO_MESSAGE = 0x80
_POSSIBLE = GlobalEnables.EVENT_LOGGING | GlobalEnables.RECEIVE_QUEUE_INTERRUPT


@command(NetFn.APP, 0x2E, Privilege.ADMINISTRATOR)
def set_bmc_global_enables(call: Call) -> bytes:
    """§22.1. Logging cannot be turned off, and there is no buffer of events: the SEL has them."""
    wanted = unpack_byte(call.data)
    if wanted & ~_POSSIBLE or not wanted & GlobalEnables.EVENT_LOGGING:
        raise CommandError(Code.INVALID_FIELD)
    call.context.host.enables = wanted
    return b""


@command(NetFn.APP, 0x2F, Privilege.USER)
def get_bmc_global_enables(call: Call) -> bytes:
    """§22.2."""
    expect_length(call.data, 0)
    return bytes((call.context.host.enables,))


@command(NetFn.APP, 0x30, Privilege.ADMINISTRATOR)
def clear_message_flags(call: Call) -> bytes:
    """§22.3."""
    call.context.host.flags &= ~unpack_byte(call.data)
    return b""


@command(NetFn.APP, 0x31, Privilege.ADMINISTRATOR)
def get_message_flags(call: Call) -> bytes:
    """§22.4."""
    expect_length(call.data, 0)
    return bytes((call.context.host.flags,))


@command(NetFn.APP, 0x33, Privilege.ADMINISTRATOR)
def get_message(call: Call) -> bytes:
    """§22.6. Nobody sends any through us."""
    expect_length(call.data, 0)
    raise CommandError(_NO_MESSAGE)


@command(NetFn.APP, 0x35, Privilege.ADMINISTRATOR)
def read_event_message_buffer(call: Call) -> bytes:
    """§22.8. There is none."""
    expect_length(call.data, 0)
    raise CommandError(_NO_MESSAGE)


@command(NetFn.APP, 0x57, Privilege.USER)
def get_system_interface_capabilities(call: Call) -> bytes:
    """§22.9."""
    if unpack_byte(call.data) & 0x0F != KCS:
        raise CommandError(Code.INVALID_FIELD)
    return KCS_CAPABILITIES
