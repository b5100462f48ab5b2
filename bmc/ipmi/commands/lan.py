"""LAN configuration, IPMI v2.0 §23.2: what there is, read only."""

from collections.abc import Callable
from ipaddress import AddressValueError, IPv4Address

from bmc.ipmi.commands.call import Call, CommandError, command
from bmc.ipmi.commands.channel import check_channel
from bmc.ipmi.wire.crypto import SUITES
from bmc.ipmi.wire.lan import GetParameter, LanParameter, pack_parameter
from bmc.ipmi.wire.numbers import NetFn, Privilege

_NOT_SUPPORTED = 0x80
_STATIC_ADDRESS = 0x01
_LEVELS = 5
_SUITE_IDS = bytes(sorted(suite.id for suite in SUITES))
_SUITE_SLOTS = 16


@command(NetFn.TRANSPORT, 0x02, Privilege.OPERATOR)
def get_lan_configuration(call: Call) -> bytes:
    """§23.2."""
    return _read(call, _LAN)


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
