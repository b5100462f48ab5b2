"""LAN and SOL configuration parameters, IPMI v2.0 §23.1, §23.2 and §26.2, §26.3."""

from dataclasses import dataclass
from enum import IntEnum

from bmc.ipmi.wire.errors import expect_at_least, expect_length

PARAMETER_REVISION = 0x11


class LanParameter(IntEnum):
    """LAN configuration parameter selectors, §23.2."""

    SET_IN_PROGRESS = 0
    AUTH_SUPPORT = 1
    AUTH_ENABLES = 2
    ADDRESS = 3
    ADDRESS_SOURCE = 4
    MAC = 5
    SUBNET_MASK = 6
    IPV4_HEADER = 7
    PRIMARY_PORT = 8
    ARP_CONTROL = 10
    GRATUITOUS_ARP = 11
    GATEWAY = 12
    GATEWAY_MAC = 13
    BACKUP_GATEWAY = 14
    BACKUP_GATEWAY_MAC = 15
    COMMUNITY = 16
    DESTINATIONS = 17
    DESTINATION_TYPE = 18
    DESTINATION_ADDRESS = 19
    VLAN_ID = 20
    VLAN_PRIORITY = 21
    CIPHER_SUITE_COUNT = 22
    CIPHER_SUITES = 23
    CIPHER_PRIVILEGES = 24
    BAD_PASSWORD_THRESHOLD = 26


class SolParameter(IntEnum):
    """SOL configuration parameter selectors, §26.3."""

    SET_IN_PROGRESS = 0
    ENABLE = 1
    AUTHENTICATION = 2
    ACCUMULATE = 3
    RETRY = 4
    NON_VOLATILE_BIT_RATE = 5
    VOLATILE_BIT_RATE = 6
    CHANNEL = 7
    PORT = 8


BIT_RATE_115200 = 0x0A


@dataclass(frozen=True, slots=True)
class GetParameter:
    """Get LAN or Get SOL Configuration Parameters request, §23.2 and §26.3."""

    channel: int
    parameter: int
    set_selector: int = 0
    block_selector: int = 0
    revision_only: bool = False

    def pack(self) -> bytes:
        channel = self.channel | self.revision_only << 7
        return bytes((channel, self.parameter, self.set_selector, self.block_selector))

    @classmethod
    def unpack(cls, data: bytes) -> "GetParameter":
        expect_length(data, 4)
        return cls(data[0] & 0x0F, data[1], data[2], data[3], bool(data[0] & 0x80))


@dataclass(frozen=True, slots=True)
class SetParameter:
    """Set LAN or Set SOL Configuration Parameters request, §23.1 and §26.2."""

    channel: int
    parameter: int
    data: bytes

    def pack(self) -> bytes:
        return bytes((self.channel, self.parameter)) + self.data

    @classmethod
    def unpack(cls, data: bytes) -> "SetParameter":
        expect_at_least(data, 2)
        return cls(data[0] & 0x0F, data[1], data[2:])


def pack_parameter(data: bytes) -> bytes:
    """Get LAN or Get SOL Configuration Parameters response."""
    return bytes((PARAMETER_REVISION,)) + data
