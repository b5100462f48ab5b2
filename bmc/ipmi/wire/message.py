"""The IPMI message inside a packet: IPMI v2.0 §13.8, LAN message format."""

import struct
from typing import NamedTuple

from bmc.ipmi.wire.errors import WireError, expect_at_least
from bmc.ipmi.wire.numbers import BMC_ADDRESS

REMOTE_CONSOLE = 0x81

_HEADER = struct.Struct("6B")


def checksum(data: bytes) -> int:
    """Two's complement checksum: with it, all bytes sum to 0 modulo 256."""
    return -sum(data) & 0xFF


class Message(NamedTuple):
    """One request. A tuple, for it is made for each datagram."""

    netfn: int
    command: int
    data: bytes = b""
    sequence: int = 0
    lun: int = 0
    requester: int = REMOTE_CONSOLE
    requester_lun: int = 0

    def pack(self) -> bytes:
        start = bytes((BMC_ADDRESS, self.netfn << 2 | self.lun))
        rest = bytes((self.requester, self.sequence << 2 | self.requester_lun, self.command)) + self.data
        return b"%b%c%b%c" % (start, checksum(start), rest, checksum(rest))

    @classmethod
    def unpack(cls, payload: bytes) -> "Message":
        """:raise WireError: too short, a wrong checksum, a response, or for another controller."""
        expect_at_least(payload, 7)
        address, netfn, start_sum, requester, sequence, command = _HEADER.unpack_from(payload)
        if (address + netfn + start_sum) & 0xFF or sum(payload[3:]) & 0xFF:
            raise WireError("wrong checksum")
        if address != BMC_ADDRESS:
            raise WireError(f"addressed to {address:#04x}, this controller is {BMC_ADDRESS:#04x}")
        if netfn & 0x04:
            raise WireError("a response where a request was expected")
        return cls(netfn >> 2, command, payload[6:-1], sequence >> 2, netfn & 0x03, requester, sequence & 0x03)

    def answer(self, code: int, data: bytes = b"") -> bytes:
        """The payload of the response to this request."""
        start = bytes((self.requester, (self.netfn | 1) << 2 | self.requester_lun))
        rest = bytes((BMC_ADDRESS, self.sequence << 2 | self.lun, self.command, code)) + data
        return b"%b%c%b%c" % (start, checksum(start), rest, checksum(rest))


class Answer(NamedTuple):
    """One response, as the other side reads it."""

    netfn: int
    command: int
    sequence: int
    code: int
    data: bytes

    @classmethod
    def unpack(cls, payload: bytes) -> "Answer":
        expect_at_least(payload, 8)
        if sum(payload[:3]) & 0xFF or sum(payload[3:]) & 0xFF:
            raise WireError("wrong checksum")
        if not payload[1] & 0x04:
            raise WireError("a request where a response was expected")
        return cls(payload[1] >> 2, payload[5], payload[4] >> 2, payload[6], payload[7:-1])
