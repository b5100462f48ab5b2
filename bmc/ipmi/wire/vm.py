"""The frames between a QEMU guest's IPMI interface and its BMC: OpenIPMI's "VM" protocol, as `ipmi-bmc-extern` has it.

A message ends with A0h, a command between the two with A1h; those and AAh are escaped by AAh and have bit 4 set.
"""

from dataclasses import dataclass, field
from enum import IntEnum

from bmc.ipmi.wire.errors import WireError
from bmc.ipmi.wire.message import checksum

_MESSAGE_END, _COMMAND_END, _ESCAPE = 0xA0, 0xA1, 0xAA
_ESCAPED = frozenset({_MESSAGE_END, _COMMAND_END, _ESCAPE})
LONGEST = 300
"""Bytes of a frame: QEMU's own buffers hold as many."""
_HEADER = 3


class Control(IntEnum):
    """Commands to QEMU, and the one from it that matters: RESET, of the guest's machine."""

    NO_ATTENTION = 0x00
    ATTENTION = 0x01
    ATTENTION_INTERRUPT = 0x02
    RESET = 0x04
    ENABLE_INTERRUPT = 0x05
    DISABLE_INTERRUPT = 0x06


@dataclass(frozen=True, slots=True)
class HostRequest:
    """A request of the guest's software."""

    sequence: int
    netfn: int
    lun: int
    command: int
    data: bytes = b""

    def pack(self) -> bytes:
        body = bytes((self.sequence, self.netfn << 2 | self.lun, self.command)) + self.data
        return frame(body + bytes((checksum(body),)), _MESSAGE_END)

    def answer(self, code: int, data: bytes = b"") -> bytes:
        """The frame of the response."""
        body = bytes((self.sequence, (self.netfn | 1) << 2 | self.lun, self.command, code)) + data
        return frame(body + bytes((checksum(body),)), _MESSAGE_END)


@dataclass(frozen=True, slots=True)
class HostControl:
    """A command of QEMU's own: its version, what it can do, that the guest was reset."""

    data: bytes


def pack_control(control: Control) -> bytes:
    return frame(bytes((control,)), _COMMAND_END)


def frame(body: bytes, end: int) -> bytes:
    escaped = bytearray()
    for byte in body:
        if byte in _ESCAPED:
            escaped += bytes((_ESCAPE, byte | 0x10))
        else:
            escaped.append(byte)
    escaped.append(end)
    return bytes(escaped)


@dataclass(slots=True)
class Decoder:
    """Bytes in, frames out. What is no frame is dropped up to the next end, and counted in `dropped`."""

    dropped: int = 0
    _body: bytearray = field(default_factory=bytearray)
    _escaping: bool = False
    _broken: bool = False

    def feed(self, data: bytes) -> list[HostRequest | HostControl]:
        found: list[HostRequest | HostControl] = []
        for byte in data:
            if byte in (_MESSAGE_END, _COMMAND_END):
                self._end(byte, found)
            elif byte == _ESCAPE:
                self._broken = self._broken or self._escaping
                self._escaping = True
            elif len(self._body) >= LONGEST:
                self._broken = True
            else:
                self._body.append(byte & ~0x10 if self._escaping else byte)
                self._escaping = False
        return found

    def _end(self, end: int, found: list[HostRequest | HostControl]) -> None:
        body, whole = bytes(self._body), not (self._broken or self._escaping)
        self._body.clear()
        self._escaping = self._broken = False
        try:
            if not whole:
                raise WireError("a frame too long, or escaped where nothing is to escape")
            found.append(_request(body) if end == _MESSAGE_END else HostControl(body))
        except WireError:
            self.dropped += 1


def _request(body: bytes) -> HostRequest:
    if len(body) < _HEADER + 1:
        raise WireError(f"{len(body)} bytes are no request")
    if sum(body) & 0xFF:
        raise WireError("wrong checksum")
    sequence, netfn, command = body[:_HEADER]
    if netfn & 0x04:
        raise WireError("a response where a request was expected")
    return HostRequest(sequence, netfn >> 2, netfn & 0x03, command, body[_HEADER:-1])
