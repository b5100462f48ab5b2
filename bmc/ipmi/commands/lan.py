"""LAN configuration, IPMI v2.0 §23.1 and §23.2."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from bmc.ipmi.commands import destinations
from bmc.ipmi.commands.call import Call, CommandError, command
from bmc.ipmi.commands.channel import check_channel
from bmc.ipmi.wire.crypto import SUITES
from bmc.ipmi.wire.errors import expect_length
from bmc.ipmi.wire.lan import GetParameter, LanParameter, SetParameter, pack_parameter
from bmc.ipmi.wire.numbers import Code, NetFn, ParameterCode, Privilege
from bmc.network import Network, find_network

_NIBBLES = {3: 3, 17: 14}
"""Where parameter 24 has a suite's level. By the letter it is the suite's place in parameter 23, but ipmitool and
FreeIPMI take a nibble's number for the suite's id (and the first for suite 0, which we must not seem to have). Suite
17 has the last nibble that ipmitool shows."""
_STATIC_ADDRESS = 0x01
_LEVELS = 5
_SUITE_IDS = bytes(sorted(suite.id for suite in SUITES))
_SUITE_SLOTS = 16


@command(NetFn.TRANSPORT, 0x02, Privilege.OPERATOR)
def get_lan_configuration(call: Call) -> bytes:
    """§23.2."""
    return _read(call, {number: parameter.read for number, parameter in LAN.items()})


Readers = dict[int, Callable[[Call], bytes]]


def _read(call: Call, readers: Readers) -> bytes:
    request = GetParameter.unpack(call.data)
    check_channel(request.channel)
    read = readers.get(request.parameter)
    if read is None:
        raise CommandError(ParameterCode.NOT_SUPPORTED)
    return pack_parameter(b"" if request.revision_only else read(call))


def _fixed(data: bytes) -> Callable[[Call], bytes]:
    return lambda call: data


def _port(call: Call) -> bytes:
    return call.context.endpoint.port.to_bytes(2, "little")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A LAN parameter: `read` gives its data. Without `write` it takes the data it has and no other."""

    read: destinations.Reader
    write: destinations.Writer | None = None


@command(NetFn.TRANSPORT, 0x01, Privilege.ADMINISTRATOR, guarded=True)
async def set_lan_configuration(call: Call) -> bytes:
    """§23.1. The host's network is not ours to change: what cannot be set is refused, unless it is so already.

    Refused with anything but CCh, at which ipmitool waits and tries again for a hundred seconds.
    """
    request = SetParameter.unpack(call.data)
    check_channel(request.channel)
    parameter = LAN.get(request.parameter)
    if parameter is None:
        raise CommandError(ParameterCode.NOT_SUPPORTED)
    if parameter.write is not None:
        await parameter.write(call, request.data)
        return b""
    present = parameter.read(call)
    expect_length(request.data, len(present))
    if request.data != present:
        raise CommandError(ParameterCode.READ_ONLY)
    return b""


async def _set_progress(call: Call, data: bytes) -> None:
    call.context.lan_progress.write(data, call.writer, Code.OUT_OF_RANGE)


def _progress(call: Call) -> bytes:
    return call.context.lan_progress.read()


async def _set_suite_limits(call: Call, data: bytes) -> None:
    """Parameter 24. At least one suite stays in use, else nobody could come in to set this back."""
    expect_length(data, 1 + _SUITE_SLOTS // 2)
    levels = dict(enumerate(level for byte in data[1:] for level in (byte & 0x0F, byte >> 4)))
    limits = {suite: levels.pop(nibble) for suite, nibble in _NIBBLES.items()}
    if any(levels.values()) or not any(limits.values()) or max(limits.values()) > Privilege.ADMINISTRATOR:
        raise CommandError(Code.OUT_OF_RANGE)
    keeper = call.context.config
    if limits != {suite: keeper.suite_limit(suite) for suite in limits}:
        stored = {str(suite): level for suite, level in limits.items()}
        await keeper.change(lambda config: replace(config, suite_limits=stored), call.caller)


def _suite_limits(call: Call) -> bytes:
    levels = [0] * _SUITE_SLOTS
    for suite, nibble in _NIBBLES.items():
        levels[nibble] = call.context.config.suite_limit(suite)
    return b"\x00" + bytes(low | high << 4 for low, high in zip(levels[::2], levels[1::2], strict=True))


def _network(call: Call) -> Network:
    return find_network(call.context.endpoint.host)


LAN: dict[int, Parameter] = {
    LanParameter.SET_IN_PROGRESS: Parameter(_progress, _set_progress),
    LanParameter.AUTH_SUPPORT: Parameter(_fixed(b"\x00")),
    LanParameter.AUTH_ENABLES: Parameter(_fixed(bytes(_LEVELS))),
    LanParameter.ADDRESS: Parameter(lambda call: _network(call).address.packed),
    LanParameter.ADDRESS_SOURCE: Parameter(_fixed(bytes((_STATIC_ADDRESS,)))),
    LanParameter.MAC: Parameter(lambda call: _network(call).mac),
    LanParameter.SUBNET_MASK: Parameter(lambda call: _network(call).mask.packed),
    LanParameter.IPV4_HEADER: Parameter(_fixed(bytes((0x40, 0x40, 0x10)))),
    LanParameter.PRIMARY_PORT: Parameter(_port),
    LanParameter.ARP_CONTROL: Parameter(_fixed(b"\x00")),
    LanParameter.GRATUITOUS_ARP: Parameter(_fixed(b"\x00")),
    LanParameter.GATEWAY: Parameter(lambda call: _network(call).gateway.packed),
    LanParameter.GATEWAY_MAC: Parameter(lambda call: _network(call).gateway_mac),
    LanParameter.BACKUP_GATEWAY: Parameter(_fixed(bytes(4))),
    LanParameter.BACKUP_GATEWAY_MAC: Parameter(_fixed(bytes(6))),
    LanParameter.COMMUNITY: Parameter(destinations.read_community, destinations.write_community),
    LanParameter.DESTINATIONS: Parameter(destinations.read_count),
    LanParameter.DESTINATION_TYPE: Parameter(destinations.read_type, destinations.write_type),
    LanParameter.DESTINATION_ADDRESS: Parameter(destinations.read_address, destinations.write_address),
    LanParameter.VLAN_ID: Parameter(_fixed(bytes(2))),
    LanParameter.VLAN_PRIORITY: Parameter(_fixed(b"\x00")),
    LanParameter.CIPHER_SUITE_COUNT: Parameter(_fixed(bytes((len(_SUITE_IDS),)))),
    LanParameter.CIPHER_SUITES: Parameter(_fixed(b"\x00" + _SUITE_IDS.ljust(_SUITE_SLOTS, b"\0"))),
    LanParameter.CIPHER_PRIVILEGES: Parameter(_suite_limits, _set_suite_limits),
    LanParameter.BAD_PASSWORD_THRESHOLD: Parameter(_fixed(bytes(6))),
}
