"""LAN and SOL configuration, IPMI v2.0 §23.2 and §26.3: what there is, read only."""

from collections.abc import Callable
from ipaddress import AddressValueError, IPv4Address

from bmc.ipmi.commands.call import Call, CommandError, command
from bmc.ipmi.commands.channel import check_channel
from bmc.ipmi.wire.crypto import SUITES
from bmc.ipmi.wire.lan import BIT_RATE_115200, GetParameter, LanParameter, SolParameter, pack_parameter
from bmc.ipmi.wire.numbers import LAN_CHANNEL, NetFn, Privilege
from bmc.ipmi.wire.sol import MAX_CHARACTERS

_NOT_SUPPORTED = 0x80
_STATIC_ADDRESS = 0x01
_LEVELS = 5
_SUITE_IDS = bytes(sorted(suite.id for suite in SUITES))
_SUITE_SLOTS = 16
_RETRIES = 7


@command(NetFn.TRANSPORT, 0x02, Privilege.OPERATOR)
def get_lan_configuration(call: Call) -> bytes:
    """§23.2."""
    return _read(call, _LAN)


@command(NetFn.TRANSPORT, 0x22, Privilege.USER)
def get_sol_configuration(call: Call) -> bytes:
    """§26.3."""
    return _read(call, _SOL)


Readers = dict[int, Callable[[Call], bytes]]


def _read(call: Call, readers: Readers) -> bytes:
    request = GetParameter.unpack(call.data)
    check_channel(request.channel)
    read = readers.get(request.parameter)
    if read is None:
        raise CommandError(_NOT_SUPPORTED)
    return pack_parameter(b"" if request.revision_only else read(call))


def _address(call: Call) -> bytes:
    """IPv4 only, as the parameter has it."""
    try:
        return IPv4Address(call.context.endpoint.host).packed
    except AddressValueError:
        return bytes(4)


def _fixed(data: bytes) -> Callable[[Call], bytes]:
    return lambda call: data


def _port(call: Call) -> bytes:
    return call.context.endpoint.port.to_bytes(2, "little")


def _retry(call: Call) -> bytes:
    """How often, and how long to wait between, in units of 10 ms."""
    return bytes((_RETRIES, min(255, round(call.context.settings.sol_retry * 100))))


_LAN: Readers = {
    LanParameter.SET_IN_PROGRESS: _fixed(b"\x00"),
    LanParameter.AUTH_SUPPORT: _fixed(b"\x00"),
    LanParameter.AUTH_ENABLES: _fixed(bytes(_LEVELS)),
    LanParameter.ADDRESS: _address,
    LanParameter.ADDRESS_SOURCE: _fixed(bytes((_STATIC_ADDRESS,))),
    LanParameter.MAC: _fixed(bytes(6)),
    LanParameter.SUBNET_MASK: _fixed(bytes(4)),
    LanParameter.IPV4_HEADER: _fixed(bytes((0x40, 0x40, 0x10))),
    LanParameter.PRIMARY_PORT: _port,
    LanParameter.ARP_CONTROL: _fixed(b"\x00"),
    LanParameter.GRATUITOUS_ARP: _fixed(b"\x00"),
    LanParameter.GATEWAY: _fixed(bytes(4)),
    LanParameter.GATEWAY_MAC: _fixed(bytes(6)),
    LanParameter.BACKUP_GATEWAY: _fixed(bytes(4)),
    LanParameter.BACKUP_GATEWAY_MAC: _fixed(bytes(6)),
    LanParameter.COMMUNITY: _fixed(bytes(18)),
    LanParameter.DESTINATIONS: _fixed(b"\x00"),
    LanParameter.VLAN_ID: _fixed(bytes(2)),
    LanParameter.VLAN_PRIORITY: _fixed(b"\x00"),
    LanParameter.CIPHER_SUITE_COUNT: _fixed(bytes((len(_SUITE_IDS),))),
    LanParameter.CIPHER_SUITES: _fixed(b"\x00" + _SUITE_IDS.ljust(_SUITE_SLOTS, b"\0")),
    LanParameter.CIPHER_PRIVILEGES: _fixed(b"\x00" + bytes((0x44,)).ljust(_SUITE_SLOTS // 2, b"\0")),
    LanParameter.BAD_PASSWORD_THRESHOLD: _fixed(bytes(6)),
}

_SOL: Readers = {
    SolParameter.SET_IN_PROGRESS: _fixed(b"\x00"),
    SolParameter.ENABLE: lambda call: bytes((call.node.snapshot.has_serial,)),
    # Encryption and authentication are forced; activation takes an operator.
    SolParameter.AUTHENTICATION: _fixed(bytes((0xC0 | Privilege.OPERATOR,))),
    # Sent as soon as it is printed (5 ms is the least that can be said), and at the latest when a packet is full.
    SolParameter.ACCUMULATE: _fixed(bytes((1, MAX_CHARACTERS))),
    SolParameter.RETRY: _retry,
    SolParameter.NON_VOLATILE_BIT_RATE: _fixed(bytes((BIT_RATE_115200,))),
    SolParameter.VOLATILE_BIT_RATE: _fixed(bytes((BIT_RATE_115200,))),
    SolParameter.CHANNEL: _fixed(bytes((LAN_CHANNEL,))),
    SolParameter.PORT: _port,
}
