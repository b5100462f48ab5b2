"""Command discovery, IPMI v2.0 §21: bit masks of network functions and commands."""

from collections.abc import Iterable
from dataclasses import dataclass

from bmc.ipmi.wire.errors import WireError, expect_at_least, expect_length
from bmc.ipmi.wire.numbers import NetFn

_LUNS = 4
_FOLLOWS_SPECIFICATION = 0x01
_HALF = 128
_BODY = {NetFn.GROUP: 1, NetFn.GROUP + 2: 3}
"""What follows the LUN: a group's defining body, or an enterprise number."""


def pack_netfn_support(netfns: Iterable[int]) -> bytes:
    """Get NetFn Support response, §21.2: all of them on LUN 0. A set bit is a pair of request and response."""
    pairs = sum(1 << netfn // 2 for netfn in set(netfns))
    return bytes((_FOLLOWS_SPECIFICATION,)) + pairs.to_bytes(4, "little") + bytes(4 * (_LUNS - 1))


@dataclass(frozen=True, slots=True)
class CommandRange:
    """Get Command Support, Configurable Commands and Command Enables request, §21.3, §21.5, §21.8: 128 from `first` on.

    `body` is empty, a group's defining body code, or an enterprise number.
    """

    channel: int
    netfn: int
    lun: int = 0
    first: int = 0
    body: bytes = b""

    def pack(self) -> bytes:
        return bytes((self.channel, self.first // _HALF << 6 | self.netfn, self.lun)) + self.body

    @classmethod
    def unpack(cls, data: bytes) -> "CommandRange":
        """:raise WireError: wrong length, or another range."""
        expect_at_least(data, 3)
        half, netfn = data[1] >> 6, data[1] & 0x3F
        if half > 1:
            raise WireError(f"command range {half}")
        expect_length(data, 3 + _BODY.get(netfn & ~1, 0))
        return cls(data[0] & 0x0F, netfn, data[2] & 0x03, half * _HALF, data[3:])


def command_mask(commands: Iterable[int], first: int) -> int:
    """A bit for each of the 128 commands from `first` on."""
    return sum(1 << command - first for command in set(commands) if first <= command < first + _HALF)


def pack_command_support(mask: int) -> bytes:
    """Get Command Support response, §21.3: a set bit is a command that there is not."""
    return pack_command_mask((1 << _HALF) - 1 & ~mask)


def pack_command_mask(mask: int) -> bytes:
    """Get Configurable Commands and Get Command Enables response, §21.5, §21.8."""
    return mask.to_bytes(_HALF // 8, "little")
