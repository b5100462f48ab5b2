"""System info parameters, IPMI v2.0 §22.14a and §22.14b: what a guest or a person calls the system. Durable."""

from bmc.ipmi.commands.call import Call, CommandError, command
from bmc.ipmi.wire.errors import expect_length
from bmc.ipmi.wire.numbers import Code, NetFn, Privilege
from bmc.ipmi.wire.system_info import (
    BLOCKS,
    REVISION,
    Block,
    GetSystemInfo,
    SetSystemInfo,
    SystemInfo,
    cut_block,
    pack_string,
)
from bmc.model.node import NodeSnapshot

_NOT_SUPPORTED = 0x80
_IN_PROGRESS = 0x81
_SET_COMPLETE, _SET_IN_PROGRESS, _COMMIT = range(3)


@command(NetFn.APP, 0x58, Privilege.ADMINISTRATOR)
async def set_system_info_parameters(call: Call) -> bytes:
    """§22.14a."""
    request = SetSystemInfo.unpack(call.data)
    if request.parameter == SystemInfo.SET_IN_PROGRESS:
        _write_progress(call, request.data)
        return b""
    key = str(_string(request.parameter).value)
    before = call.context.config.config.system_info
    changed = Block.unpack(request.data).onto(bytes.fromhex(before.get(key, "")))
    await call.context.config.change(system_info={**before, key: changed.hex()})
    return b""


@command(NetFn.APP, 0x59, Privilege.USER)
def get_system_info_parameters(call: Call) -> bytes:
    """§22.14b."""
    request = GetSystemInfo.unpack(call.data)
    if request.parameter == SystemInfo.SET_IN_PROGRESS:
        data = bytes((_SET_IN_PROGRESS if _in_progress(call) else _SET_COMPLETE,))
    else:
        data = _block(call, _string(request.parameter), request.set_selector)
    return bytes((REVISION,)) + (b"" if request.revision_only else data)


def _string(parameter: int) -> SystemInfo:
    try:
        return SystemInfo(parameter)
    except ValueError as error:
        raise CommandError(_NOT_SUPPORTED) from error


def _block(call: Call, parameter: SystemInfo, number: int) -> bytes:
    if number >= BLOCKS:
        raise CommandError(Code.OUT_OF_RANGE)
    written = call.context.config.config.system_info.get(str(parameter.value))
    blocks = bytes.fromhex(written) if written else pack_string(_known(parameter, call.node.snapshot))
    return cut_block(blocks, number)


def _known(parameter: SystemInfo, snapshot: NodeSnapshot) -> str:
    """What is shown until somebody has set it."""
    if parameter is SystemInfo.SYSTEM_NAME:
        return snapshot.name
    return snapshot.hardware.firmware_version if parameter is SystemInfo.FIRMWARE_VERSION else ""


def _write_progress(call: Call, data: bytes) -> None:
    """Parameter 0. Writes take effect at once, so that there is nothing to commit."""
    expect_length(data, 1)
    state = data[0] & 0x03
    if state not in (_SET_COMPLETE, _SET_IN_PROGRESS, _COMMIT):
        raise CommandError(Code.INVALID_FIELD)
    if state == _SET_IN_PROGRESS and _in_progress(call):
        raise CommandError(_IN_PROGRESS)
    call.context.system_info.writer = call.writer if state == _SET_IN_PROGRESS else None


def _in_progress(call: Call) -> bool:
    writer = call.context.system_info.writer
    return writer is not None and not writer.ended
