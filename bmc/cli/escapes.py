"""What a person at a serial console types to `bmc` and not to the server, as with ssh and ipmitool."""

from collections.abc import Iterator
from enum import Enum

ESCAPE = 0x7E  # ~
_LINE_ENDS = b"\r\n"


class Wish(Enum):
    LEAVE = "."
    BREAK = "B"
    TAKE = "t"
    WHO = "w"
    HELP = "?"


HELP = (
    "At the beginning of a line:",
    "  ~.  leave the console",
    "  ~B  send a break",
    "  ~t  take the keyboard from whoever has it",
    "  ~w  who watches, and who types",
    "  ~~  send a ~",
    "  ~?  this help",
)


class Escapes:
    """Bytes typed in, bytes for the server and wishes out. Any other key after ~ goes to the server with it."""

    def __init__(self) -> None:
        self._begins = True
        self._held = False

    def feed(self, typed: bytes) -> Iterator[bytes | Wish]:
        passed = bytearray()
        for byte in typed:
            if self._held:
                self._held = False
                wish = next((wish for wish in Wish if ord(wish.value) == byte), None)
                if wish is not None:
                    if passed:
                        yield bytes(passed)
                        passed.clear()
                    yield wish
                    continue  # the line still begins
                passed.append(ESCAPE)
                self._begins = False
                if byte == ESCAPE:
                    continue
            elif byte == ESCAPE and self._begins:
                self._held = True
                continue
            passed.append(byte)
            self._begins = byte in _LINE_ENDS
        if passed:
            yield bytes(passed)
