"""The proof on the serial console: a line that only the system installed by this very job can print."""

import re
from collections.abc import Mapping

from bmc.ports import ByteStream
from bmc.reinstall.ticket import is_secret

LINE = re.compile(rb"LIGHTSOUT-PROOF nonce=(\S{1,128}) hostname=(\S{0,253}) boot_id=(\S{1,64})\r?\n")
LONGEST = 1024
MARK = 256


def mark(printed: bytes) -> str:
    """Where the console stands now, before the installed system starts; what came before it is no proof."""
    return printed[-MARK:].decode("latin-1")


def after_mark(printed: bytes, mark: str) -> bytes:
    """What was printed since; all of it when so much was that the mark has scrolled away."""
    sign = mark.encode("latin-1")
    at = printed.rfind(sign) if sign else -1
    return printed[at + len(sign) :] if at >= 0 else printed


class NonceReader:
    """Bytes in, proof out."""

    def __init__(self, nonce: bytes) -> None:
        self._nonce = nonce
        self._held = b""

    def feed(self, data: bytes) -> Mapping[str, str] | None:
        """What the line said, once it has been seen whole."""
        self._held += data
        for found in LINE.finditer(self._held):
            nonce, hostname, boot_id = (part.decode("ascii", "replace") for part in found.groups())
            if is_secret(nonce, self._nonce):
                return {"hostname": hostname, "boot_id": boot_id}
        self._held = self._held[-LONGEST:]
        return None


async def read_proof(console: ByteStream, nonce: bytes, mark: str) -> Mapping[str, str] | None:
    """Read until the line has come; None when the console is closed. The first read is what was printed before."""
    reader = NonceReader(nonce)
    first = True
    while data := await console.read():
        found = reader.feed(after_mark(data, mark) if first else data)
        if found is not None:
            return found
        first = False
    return None
