"""Event commands, IPMI v2.0 §29: events that others tell."""

from bmc.ipmi.commands.call import Call, CommandError, command
from bmc.ipmi.wire.errors import expect_length
from bmc.ipmi.wire.event import RECEIVER_DISABLED, PlatformEvent
from bmc.ipmi.wire.numbers import Code, NetFn, Privilege
from bmc.model.commands import TellPlatformEvent


@command(NetFn.SENSOR, 0x00, Privilege.ADMINISTRATOR)
def set_event_receiver(call: Call) -> bytes:
    """§29.1. Events stay here: only that is accepted."""
    expect_length(call.data, 2)
    if call.data[:1] != RECEIVER_DISABLED[:1]:
        raise CommandError(Code.INVALID_FIELD)
    return b""


@command(NetFn.SENSOR, 0x01, Privilege.USER)
def get_event_receiver(call: Call) -> bytes:
    """§29.2."""
    expect_length(call.data, 0)
    return RECEIVER_DISABLED


@command(NetFn.SENSOR, 0x02, Privilege.OPERATOR)
async def platform_event_message(call: Call) -> bytes:
    """§29.3. Over the LAN the generator is the requester, by its software id."""
    told = PlatformEvent.unpack(call.data, with_generator=call.request.host)
    await call.node.do(TellPlatformEvent(told.system_event(call.request.message.requester)), call.caller)
    return b""
