"""SOL configuration, IPMI v2.0 §26.2 and §26.3: kept with the node's door, in force at once."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bmc.ipmi.commands.call import Call, CommandError, command
from bmc.ipmi.commands.channel import check_channel
from bmc.ipmi.wire.errors import expect_length
from bmc.ipmi.wire.lan import BIT_RATE_115200, GetParameter, SetParameter, SolParameter, pack_parameter
from bmc.ipmi.wire.numbers import LAN_CHANNEL, Code, NetFn, ParameterCode, Privilege

_FORCED = 0xC0
_MOST_RETRIES = 7


@command(NetFn.TRANSPORT, 0x21, Privilege.ADMINISTRATOR, guarded=True)
async def set_sol_configuration(call: Call) -> bytes:
    """§26.2. What is so already may be set, so that what was read can be written back."""
    request = SetParameter.unpack(call.data)
    check_channel(request.channel)
    read = _READERS.get(request.parameter)
    if read is None:
        raise CommandError(ParameterCode.NOT_SUPPORTED)
    expect_length(request.data, len(read(call)))
    if request.parameter == SolParameter.SET_IN_PROGRESS:
        call.context.sol_progress.write(request.data, call.writer)
    elif (fields := _WRITERS.get(request.parameter)) is not None:
        changes = fields(call, request.data)
        await call.context.config.change(lambda config: replace(config, **changes), call.caller)
    elif request.data != read(call):
        raise CommandError(ParameterCode.READ_ONLY)
    return b""


@command(NetFn.TRANSPORT, 0x22, Privilege.USER)
def get_sol_configuration(call: Call) -> bytes:
    """§26.3."""
    request = GetParameter.unpack(call.data)
    check_channel(request.channel)
    read = _READERS.get(request.parameter)
    if read is None:
        raise CommandError(ParameterCode.NOT_SUPPORTED)
    return pack_parameter(b"" if request.revision_only else read(call))


def _progress(call: Call) -> bytes:
    return call.context.sol_progress.read()


def _enable(call: Call, data: bytes) -> Mapping[str, Any]:
    enabled = bool(data[0] & 1)
    if enabled and not call.node.snapshot.has_serial:
        raise CommandError(Code.WRONG_STATE)
    return {"sol_enabled": enabled}


def _authentication(call: Call, data: bytes) -> Mapping[str, Any]:
    """Encryption and authentication stay forced, and whoever writes to a node's console is at least an operator."""
    privilege = data[0] & 0x0F
    if data[0] & _FORCED != _FORCED or privilege not in (Privilege.OPERATOR, Privilege.ADMINISTRATOR):
        raise CommandError(Code.INVALID_FIELD)
    return {"sol_privilege": privilege}


def _accumulate(call: Call, data: bytes) -> Mapping[str, Any]:
    """Both are counted from 1."""
    interval, threshold = data
    if not (interval and threshold):
        raise CommandError(Code.INVALID_FIELD)
    return {"sol_interval": interval, "sol_threshold": threshold}


def _retry(call: Call, data: bytes) -> Mapping[str, Any]:
    if data[0] > _MOST_RETRIES:
        raise CommandError(Code.INVALID_FIELD)
    return {"sol_retries": data[0], "sol_retry_interval": data[1]}


def _fields(*names: str) -> Callable[[Call], bytes]:
    return lambda call: bytes(getattr(call.context.config.config, name) for name in names)


def _fixed(value: int) -> Callable[[Call], bytes]:
    return lambda call: bytes((value,))


_READERS: dict[int, Callable[[Call], bytes]] = {
    SolParameter.SET_IN_PROGRESS: _progress,
    SolParameter.ENABLE: lambda call: bytes(
        (call.node.snapshot.has_serial and call.context.config.config.sol_enabled,)
    ),
    SolParameter.AUTHENTICATION: lambda call: bytes((_FORCED | call.context.config.config.sol_privilege,)),
    SolParameter.ACCUMULATE: _fields("sol_interval", "sol_threshold"),
    SolParameter.RETRY: _fields("sol_retries", "sol_retry_interval"),
    # The line is none: its characters take no time, and this is what its users expect to hear.
    SolParameter.NON_VOLATILE_BIT_RATE: _fixed(BIT_RATE_115200),
    SolParameter.VOLATILE_BIT_RATE: _fixed(BIT_RATE_115200),
    SolParameter.CHANNEL: _fixed(LAN_CHANNEL),
    SolParameter.PORT: lambda call: call.context.endpoint.port.to_bytes(2, "little"),
}

_WRITERS: dict[int, Callable[[Call, bytes], Mapping[str, Any]]] = {
    SolParameter.ENABLE: _enable,
    SolParameter.AUTHENTICATION: _authentication,
    SolParameter.ACCUMULATE: _accumulate,
    SolParameter.RETRY: _retry,
}
