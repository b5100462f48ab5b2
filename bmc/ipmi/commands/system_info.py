"""System info parameters, IPMI v2.0 §22.14a and §22.14b: what a guest or a person calls the system. Durable."""

from dataclasses import replace

from bmc.ipmi.commands.call import Call, CommandError, command
from bmc.ipmi.config import DoorConfig
from bmc.ipmi.wire.numbers import Code, NetFn, ParameterCode, Privilege
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


@command(NetFn.APP, 0x58, Privilege.ADMINISTRATOR)
async def set_system_info_parameters(call: Call) -> bytes:
    """§22.14a."""
    request = SetSystemInfo.unpack(call.data)
    if request.parameter == SystemInfo.SET_IN_PROGRESS:
        call.context.system_info_progress.write(request.data, call.writer)
        return b""
    key, block = str(_string(request.parameter).value), Block.unpack(request.data)

    def write(config: DoorConfig) -> DoorConfig:
        text = block.onto(bytes.fromhex(config.system_info.get(key, "")))
        return replace(config, system_info={**config.system_info, key: text.hex()})

    await call.context.config.change(write, call.caller)
    return b""


@command(NetFn.APP, 0x59, Privilege.USER)
def get_system_info_parameters(call: Call) -> bytes:
    """§22.14b."""
    request = GetSystemInfo.unpack(call.data)
    if request.parameter == SystemInfo.SET_IN_PROGRESS:
        data = call.context.system_info_progress.read()
    else:
        data = _block(call, _string(request.parameter), request.set_selector)
    return bytes((REVISION,)) + (b"" if request.revision_only else data)


def _string(parameter: int) -> SystemInfo:
    try:
        return SystemInfo(parameter)
    except ValueError as error:
        raise CommandError(ParameterCode.NOT_SUPPORTED) from error


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
