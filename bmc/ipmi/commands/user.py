"""User commands, IPMI v2.0 §22.26 to §22.30, §24.6 and §24.7: the node's numbered slots."""

import hmac

from bmc.accounts import SlotFields
from bmc.ipmi.commands.call import Call, CommandError, command
from bmc.ipmi.commands.channel import check_channel
from bmc.ipmi.handshake import PRIVILEGES
from bmc.ipmi.settings import Slot
from bmc.ipmi.wire.numbers import Code, NetFn, Privilege
from bmc.ipmi.wire.user import (
    SOL_PAYLOAD,
    PasswordOperation,
    SetUserAccess,
    SetUserName,
    SetUserPassword,
    SetUserPayloadAccess,
    UserAccess,
    UserAccessRequest,
    UserNameRequest,
    pack_name,
    pack_payload_access,
)

_NAMELESS = 1
"""The anonymous user of the specification, who does not exist here: it has no name and never any access."""
_WRONG_PASSWORD = 0x80
_WRONG_SIZE = 0x81
_ROLES = {PRIVILEGES[role]: role for role in PRIVILEGES} | {Privilege.NO_ACCESS: None}


@command(NetFn.APP, 0x43, Privilege.ADMINISTRATOR, guarded=True)
async def set_user_access(call: Call) -> bytes:
    """§22.26. There are the levels User, Operator, Administrator and No Access."""
    request = SetUserAccess.unpack(call.data)
    check_channel(request.channel)
    if request.privilege not in _ROLES:
        raise CommandError(Code.INVALID_FIELD)
    fields = SlotFields(privilege=_ROLES[Privilege(request.privilege)])
    bits = request.bits
    if bits is not None:
        fields["callback"], fields["link"], fields["messaging"] = bits.callback, bits.link, bits.messaging
    if request.sessions is not None:
        fields["sessions"] = request.sessions
    if request.user == _NAMELESS:
        return _refuse_unless(request.privilege == Privilege.NO_ACCESS and not (bits and (bits.link or bits.messaging)))
    return await _change(call, request.user, fields)


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
        privilege=PRIVILEGES[slot.privilege] if slot and slot.privilege else Privilege.NO_ACCESS,
        enabled=slot is not None and slot.enabled,
        messaging=slot.messaging if slot else request.user != _NAMELESS,
        link=slot is not None and slot.link,
        callback=slot is not None and slot.callback,
    ).pack()


@command(NetFn.APP, 0x45, Privilege.ADMINISTRATOR, guarded=True)
async def set_user_name(call: Call) -> bytes:
    """§22.28. An empty name clears the slot."""
    request = SetUserName.unpack(call.data)
    if request.user == _NAMELESS:
        return _refuse_unless(not request.name)
    return await _change(call, request.user, SlotFields(name=request.name))


@command(NetFn.APP, 0x46, Privilege.OPERATOR)
def get_user_name(call: Call) -> bytes:
    """§22.29."""
    slot = _slot(call, UserNameRequest.unpack(call.data).user)
    return pack_name(slot.name if slot else b"")


@command(NetFn.APP, 0x47, Privilege.ADMINISTRATOR, guarded=True)
async def set_user_password(call: Call) -> bytes:
    """§22.30. The password is the user's IPMI key, and there is no empty one."""
    request = SetUserPassword.unpack(call.data)
    if request.operation is PasswordOperation.TEST:
        return _test_password(_slot(call, request.user), request)
    if request.user == _NAMELESS:
        return _refuse_unless(request.operation is PasswordOperation.DISABLE)
    if request.operation is not PasswordOperation.SET:
        enabled = request.operation is PasswordOperation.ENABLE
        return await _change(call, request.user, SlotFields(enabled=enabled))
    if not request.password:
        raise CommandError(Code.INVALID_FIELD)
    return await _change(call, request.user, SlotFields(key=request.password, key_form=request.size))


@command(NetFn.APP, 0x4C, Privilege.ADMINISTRATOR, guarded=True)
async def set_user_payload_access(call: Call) -> bytes:
    """§24.6. SOL is the one payload that there is to allow; IPMI itself is always allowed."""
    request = SetUserPayloadAccess.unpack(call.data)
    check_channel(request.channel)
    if request.oem or request.standard & ~SOL_PAYLOAD:
        return _refuse_unless(not request.enable)
    if request.user == _NAMELESS:
        return _refuse_unless(not (request.enable and request.standard))
    if not request.standard:
        return b""
    return await _change(call, request.user, SlotFields(sol=request.enable))


@command(NetFn.APP, 0x4D, Privilege.OPERATOR)
def get_user_payload_access(call: Call) -> bytes:
    """§24.7."""
    request = UserAccessRequest.unpack(call.data)
    check_channel(request.channel)
    slot = _slot(call, request.user)
    return pack_payload_access(slot.sol if slot else request.user != _NAMELESS)


async def _change(call: Call, number: int, fields: SlotFields) -> bytes:
    """The asker may be changing itself."""
    session = call.request.session
    if session is not None:
        session.leaving = True
    try:
        await call.context.slots.change_slot(call.node.snapshot.definition, number, call.caller, **fields)
    finally:
        if session is not None:
            session.leaving = False
    return b""


def _test_password(slot: Slot | None, request: SetUserPassword) -> bytes:
    if slot is None or not slot.key:
        raise CommandError(_WRONG_PASSWORD)
    if slot.key_form not in (0, request.size):
        raise CommandError(_WRONG_SIZE)
    if not hmac.compare_digest(slot.key, request.password):
        raise CommandError(_WRONG_PASSWORD)
    return b""


def _refuse_unless(harmless: bool) -> bytes:
    """What changes nothing is accepted, since clients write back what they read."""
    if not harmless:
        raise CommandError(Code.INVALID_FIELD)
    return b""


def _slot(call: Call, number: int) -> Slot | None:
    slots = call.context.slots.slots(call.node.snapshot.name)
    return next((slot for slot in slots if slot.slot == number), None)
