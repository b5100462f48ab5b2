"""User commands, IPMI v2.0 §22.27 to §22.29: the node's numbered slots, shown."""

from bmc.ipmi.commands.call import Call, command
from bmc.ipmi.commands.channel import check_channel
from bmc.ipmi.handshake import PRIVILEGES
from bmc.ipmi.settings import Slot
from bmc.ipmi.wire.numbers import NetFn, Privilege
from bmc.ipmi.wire.user import UserAccess, UserAccessRequest, UserNameRequest, pack_name


@command(NetFn.APP, 0x44, Privilege.OPERATOR)
def get_user_access(call: Call) -> bytes:
    """§22.27. User 1, the nameless one of the specification, never has access."""
    request = UserAccessRequest.unpack(call.data)
    check_channel(request.channel)
    slots = call.context.slots.slots(call.node.snapshot.name)
    slot = _slot(call, request.user)
    return UserAccess(
        active=sum(slot.enabled for slot in slots),
        fixed=1,
        privilege=PRIVILEGES[slot.privilege] if slot else Privilege.NO_ACCESS,
        enabled=slot is not None and slot.enabled,
        messaging=slot is not None and slot.enabled,
    ).pack()


@command(NetFn.APP, 0x46, Privilege.OPERATOR)
def get_user_name(call: Call) -> bytes:
    """§22.29."""
    slot = _slot(call, UserNameRequest.unpack(call.data).user)
    return pack_name(slot.name if slot else b"")


def _slot(call: Call, number: int) -> Slot | None:
    slots = call.context.slots.slots(call.node.snapshot.name)
    return next((slot for slot in slots if slot.slot == number), None)
