"""The screen: RFB client messages, cut apart so that the input of who only watches never reaches the node. Bytes only.

RFC 6143 §7.5 for the messages, and the rfbproto community wiki for the extensions that noVNC and QEMU speak.
"""

import asyncio
import struct

from bmc.console.audience import Seat
from bmc.model.errors import BackendFailed, InvalidRequest, NotSupported
from bmc.ports import ByteStream

_HANDSHAKE = (12, 1, 1)
"""The lengths of ProtocolVersion, the chosen security type (None), ClientInit."""

_OLDEST = b"RFB 003.003\n"
_VERSIONS = (_OLDEST, b"RFB 003.007\n", b"RFB 003.008\n")
"""Servers read others leniently, each in its own way: then they and the filter would not agree where messages begin."""

_NO_SECURITY = b"\x01"
_SHARED = b"\x01"
"""ClientInit of one who does not ask that all others be disconnected."""

_INPUT = frozenset({4, 5, 6, 250, 251})
"""KeyEvent, PointerEvent, ClientCutText, xvp, SetDesktopSize: whatever acts on the node."""

_FIXED = {0: 20, 3: 10, 4: 8, 5: 6, 150: 10, 250: 4}
"""The length of each client message that has always the same."""

LET_GO_PATIENCE = 1.0
"""Seconds that a screen may take to hear that a key is up: who takes the keyboard waits for it."""

_LONGEST_HEAD = 9
"""So many bytes tell the length of any client message."""


def _message_length(head: bytes | bytearray) -> int | None:
    """Bytes in the client message that starts with `head`; None while `head` is too short to tell.

    :raise InvalidRequest: no client message starts so.
    """
    match head[0]:
        case 2:
            return 4 + 4 * struct.unpack_from(">H", head, 2)[0] if len(head) >= 4 else None
        case 6:
            return 8 + abs(struct.unpack_from(">i", head, 4)[0]) if len(head) >= 8 else None
        case 248:
            return 9 + head[8] if len(head) >= 9 else None
        case 251:
            return 8 + 16 * head[6] if len(head) >= 7 else None
        case 255:
            return _qemu_length(head)
    raise InvalidRequest(f"RFB client message type {head[0]} is not known")


def _qemu_length(head: bytes | bytearray) -> int | None:
    if len(head) < 4:
        return None
    if head[1] == 0:
        return 12
    operation = int.from_bytes(head[2:4], "big")
    if head[1] == 1 and operation <= 2:
        return 10 if operation == 2 else 4
    raise InvalidRequest(f"QEMU RFB submessage {head[1]}.{operation} is not known")


class InputFilter:
    """Client bytes in, whole messages out: without those that act on the node, unless its viewer types just then."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._handshake = list(_HANDSHAKE)
        self._down: dict[bytes, bytes] = {}

    def feed(self, data: bytes, types: bool) -> bytes:
        """:raise InvalidRequest: the viewer speaks no RFB."""
        held, passed = self._held, bytearray()
        held += data
        start, end = 0, len(held)
        while start < end:
            length = self._length(start)
            if length is None or start + length > end:
                break
            if self._handshake:
                passed += self._shake(bytes(held[start : start + length]))
            elif not self._is_input(start):
                passed += held[start : start + length]
            elif types:
                self._note(bytes(held[start : start + length]))
                passed += held[start : start + length]
            start += length
        del held[:start]
        if len(held) > 1 << 20:
            raise InvalidRequest("an RFB client message of more than 1 MiB")
        return bytes(passed)

    def lift(self) -> bytes:
        """What lets go of every key and button that was pressed and not released."""
        lifted = b"".join(self._down.values())
        self._down.clear()
        return lifted

    def _shake(self, said: bytes) -> bytes:
        """What the node hears of the next step of the handshake. :raise InvalidRequest: it may be none."""
        step = len(_HANDSHAKE) - len(self._handshake)
        self._handshake.pop(0)
        if step == 0:
            if said not in _VERSIONS:
                raise InvalidRequest(f"RFB version {said!r} is not known; expected 3.3, 3.7 or 3.8")
            if said == _OLDEST:
                self._handshake.pop(0)  # the server alone chooses the security type
            return said
        if len(self._handshake) == 1 and said != _NO_SECURITY:
            raise InvalidRequest(f"RFB security type {said[0]} is not known; expected 1, None")
        return said if self._handshake else _SHARED

    def _note(self, message: bytes) -> None:
        """Which keys and buttons are down."""
        match message[0]:
            case 4:
                key, is_down, released = message[4:], message[1], b"\x04\0" + message[2:]
            case 5:
                key, is_down, released = b"", message[1], b"\x05\0" + message[2:]
            case 255:
                key, is_down, released = message[4:], message[3], b"\xff\0\0\0" + message[4:]
            case _:
                return
        if is_down:
            self._down[key] = released
        else:
            self._down.pop(key, None)

    def _length(self, start: int) -> int | None:
        """As `_message_length`, of what is held from `start` on."""
        if self._handshake:
            return self._handshake[0]
        fixed = _FIXED.get(self._held[start])
        return fixed or _message_length(self._held[start : start + _LONGEST_HEAD])

    def _is_input(self, start: int) -> bool:
        kind = self._held[start]
        return kind in _INPUT or (kind == 255 and self._held[start + 1] == 0)


class ScreenStream:
    """One viewer's RFB connection. What it types passes while its seat has the keyboard."""

    def __init__(self, stream: ByteStream, seat: Seat) -> None:
        self.seat = seat
        self._stream = stream
        self._filter = InputFilter()
        self._closing = False
        seat.let_go = self._let_go

    async def read(self, limit: int = 262144) -> bytes:
        data = await self._stream.read(limit)
        if not data and not self._closing:
            self.seat.ended = True
        return data

    async def write(self, data: bytes) -> None:
        """:raise BackendFailed: the screen is gone. :raise InvalidRequest: the viewer speaks no RFB."""
        if data := self._filter.feed(data, self.seat.types):
            await self._stream.write(data)

    async def send_break(self) -> None:
        raise NotSupported("a screen carries no break; open the serial console")

    async def close(self) -> None:
        self._closing = True
        try:
            await self._stream.close()
        except BackendFailed:
            return
        finally:
            await self.seat.leave()

    async def _let_go(self) -> None:
        try:
            async with asyncio.timeout(LET_GO_PATIENCE):
                if lifted := self._filter.lift():
                    await self._stream.write(lifted)
        except (BackendFailed, TimeoutError):
            return
