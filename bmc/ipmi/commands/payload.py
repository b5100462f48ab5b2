"""Payload commands, IPMI v2.0 §24: one SOL payload, instance 1, for whom SOL parameter 2 allows it."""

from bmc.ipmi.commands.call import Call, CommandError, command
from bmc.ipmi.commands.channel import check_channel
from bmc.ipmi.wire.errors import expect_length
from bmc.ipmi.wire.numbers import Code, NetFn, PayloadType, Privilege
from bmc.ipmi.wire.payload import (
    VERSION_1_0,
    ActivateRequest,
    ActivateResponse,
    DeactivateRequest,
    Encryption,
    EncryptionRequest,
    PayloadInstance,
    is_supported,
    pack_activation,
    pack_instance_info,
    pack_support,
    unpack_payload_type,
)
from bmc.ipmi.wire.sol import MAX_PAYLOAD
from bmc.model.commands import SerialConsole

_ALREADY_ACTIVE = 0x80
_ALREADY_INACTIVE = 0x80
_TYPE_DISABLED = 0x81
_NOT_WITHOUT_ENCRYPTION = 0x84
_TYPE_UNAVAILABLE = 0x80
_NOT_POSSIBLE = 0x81
_NOT_ACTIVE = 0x83


@command(NetFn.APP, 0x48, Privilege.OPERATOR, guarded=True)
async def activate_payload(call: Call) -> bytes:
    """§24.1. One SOL at a time; who wants to take over deactivates the other's first. As no SOL client can ask for the
    keyboard, activating takes it from whoever types by another door.
    """
    request = ActivateRequest.unpack(call.data)
    _check_sol(request.payload_type, request.instance)
    if not (request.encrypt and request.authenticate):
        raise CommandError(_NOT_WITHOUT_ENCRYPTION)
    if not (call.node.snapshot.has_serial and call.session.slot.sol and call.context.config.config.sol_enabled):
        raise CommandError(_TYPE_DISABLED)
    _check_privilege(call)
    session, caller, sol = call.session, call.caller, call.context.sol
    if not sol.reserve(session):
        raise CommandError(_ALREADY_ACTIVE)
    try:
        replay = call.context.settings.sol_replay
        stream = await call.node.open(SerialConsole(replay, takes_over=True), caller)
    except BaseException:
        sol.release(session)
        raise
    if not await sol.activate(session, stream):
        raise CommandError(Code.WRONG_STATE)
    return ActivateResponse(MAX_PAYLOAD, MAX_PAYLOAD, call.context.endpoint.port).pack()


@command(NetFn.APP, 0x49, Privilege.OPERATOR, guarded=True)
async def deactivate_payload(call: Call) -> bytes:
    """§24.2. Also another session's: that is how a console left behind is taken over."""
    request = DeactivateRequest.unpack(call.data)
    _check_sol(request.payload_type, request.instance)
    owner = call.context.sol.owner
    if owner is None:
        raise CommandError(_ALREADY_INACTIVE)
    if owner is not call.session:
        _check_privilege(call)
    farewell = f"{call.session.user} deactivated it from {call.peer[0]}" if owner is not call.session else ""
    await call.context.sol.deactivate(farewell)
    return b""


@command(NetFn.APP, 0x55, Privilege.USER)
def suspend_resume_payload_encryption(call: Call) -> bytes:
    """§24.3. Encryption is never suspended, so there is nothing to resume."""
    request = EncryptionRequest.unpack(call.data)
    _check_sol(request.payload_type, request.instance)
    if call.context.sol.owner is not call.session:
        raise CommandError(_NOT_ACTIVE)
    if request.operation != Encryption.RESUME:
        raise CommandError(_NOT_POSSIBLE)
    return b""


@command(NetFn.APP, 0x4A, Privilege.USER)
def get_payload_activation_status(call: Call) -> bytes:
    """§24.4."""
    if unpack_payload_type(call.data) != PayloadType.SOL:
        raise CommandError(Code.INVALID_FIELD)
    return pack_activation(1, call.context.sol.owner is not None)


@command(NetFn.APP, 0x4B, Privilege.USER)
def get_payload_instance_info(call: Call) -> bytes:
    """§24.5."""
    request = PayloadInstance.unpack(call.data)
    _check_sol(request.payload_type, request.instance)
    owner = call.context.sol.owner
    return pack_instance_info(owner.id if owner else 0)


@command(NetFn.APP, 0x4E, Privilege.USER)
def get_channel_payload_support(call: Call) -> bytes:
    """§24.8."""
    expect_length(call.data, 1)
    check_channel(call.data[0] & 0x0F)
    return pack_support()


@command(NetFn.APP, 0x4F, Privilege.USER)
def get_channel_payload_version(call: Call) -> bytes:
    """§24.9."""
    expect_length(call.data, 2)
    check_channel(call.data[0] & 0x0F)
    if not is_supported(call.data[1] & 0x3F):
        raise CommandError(_TYPE_UNAVAILABLE)
    return bytes((VERSION_1_0,))


def _check_privilege(call: Call) -> None:
    """SOL parameter 2 may ask for more than the commands themselves do."""
    if call.session.privilege < call.context.config.config.sol_privilege:
        raise CommandError(Code.INSUFFICIENT_PRIVILEGE)


def _check_sol(payload_type: int, instance: int) -> None:
    if payload_type != PayloadType.SOL or instance != 1:
        raise CommandError(Code.INVALID_FIELD)
