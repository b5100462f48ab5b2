"""A picture of the screen: RFB as a viewer that asks once (RFC 6143), and PNG."""

import struct
import zlib
from dataclasses import dataclass

from bmc.model.errors import BackendFailed, NotSupported
from bmc.ports import ByteStream

_RED_GREEN_BLUE = struct.pack(">BBBBHHHBBB3x", 32, 24, 0, 1, 255, 255, 255, 0, 8, 16)
"""A pixel as four bytes: red, green, blue, nothing."""
_RAW, _DESKTOP_SIZE = 0, -223
_MOST_PIXELS = 1 << 25


@dataclass(frozen=True, slots=True)
class Picture:
    """`pixels` are rows of red, green, blue and a byte that means nothing."""

    width: int
    height: int
    pixels: bytes

    def png(self) -> bytes:
        rgb = bytearray(3 * self.width * self.height)
        for colour in range(3):
            rgb[colour::3] = self.pixels[colour::4]
        row = 3 * self.width
        rows = b"".join(b"\0" + rgb[start : start + row] for start in range(0, len(rgb), row))
        head = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)
        parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
        return b"\x89PNG\r\n\x1a\n" + b"".join(_part(kind, data) for kind, data in parts)


async def look(stream: ByteStream) -> Picture:
    """What a fresh RFB connection shows. :raise NotSupported: it wants a password. :raise BackendFailed: it broke."""
    return await _Viewer(stream).look()


class _Viewer:
    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._held = bytearray()
        self._width = self._height = 0
        self._pixels = bytearray()

    async def look(self) -> Picture:
        await self._begin()
        await self._stream.write(b"\0\0\0\0" + _RED_GREEN_BLUE + struct.pack(">BxHii", 2, 2, _RAW, _DESKTOP_SIZE))
        while not await self._asked():
            continue
        return Picture(self._width, self._height, bytes(self._pixels))

    async def _begin(self) -> None:
        await self._read(12)
        await self._stream.write(b"RFB 003.008\n")
        (count,) = await self._read(1)
        if 1 not in await self._read(count):
            raise NotSupported("the screen wants a password")
        await self._stream.write(b"\1")
        if await self._read(4) != bytes(4):
            raise BackendFailed("the screen lets nobody in")
        await self._stream.write(b"\1")  # shared
        width, height, name = struct.unpack(">HH16xI", await self._read(24))
        await self._read(name)
        self._become(width, height)

    async def _asked(self) -> bool:
        """Asks for everything and reads the answer; False when the size was another one, so that it is to be asked
        again.
        """
        await self._stream.write(struct.pack(">BBHHHH", 3, 0, 0, 0, self._width, self._height))
        seen = 0
        while seen < self._width * self._height:
            kind = (await self._read(1))[0]
            if kind == 0:
                (count,) = struct.unpack(">xH", await self._read(3))
                for _ in range(count):
                    x, y, width, height, encoding = struct.unpack(">HHHHi", await self._read(12))
                    if encoding == _DESKTOP_SIZE:
                        self._become(width, height)
                        return False
                    if encoding != _RAW:
                        raise BackendFailed(f"the screen draws in encoding {encoding}, which nobody asked for")
                    await self._paint(x, y, width, height)
                    seen += width * height
            elif kind == 3:
                (length,) = struct.unpack(">3xI", await self._read(7))
                await self._read(length)
            elif kind != 2:  # a bell
                raise BackendFailed(f"RFB server message type {kind} is not known")
        return True

    def _become(self, width: int, height: int) -> None:
        if not 0 < width * height <= _MOST_PIXELS:
            raise BackendFailed(f"the screen says that it has {width} by {height} pixels")
        self._width, self._height = width, height
        self._pixels = bytearray(4 * width * height)

    async def _paint(self, x: int, y: int, width: int, height: int) -> None:
        if x + width > self._width or y + height > self._height:
            raise BackendFailed("the screen draws beyond its edge")
        for row in range(y, y + height):
            start = 4 * (row * self._width + x)
            self._pixels[start : start + 4 * width] = await self._read(4 * width)

    async def _read(self, count: int) -> bytes:
        while len(self._held) < count:
            if not (data := await self._stream.read()):
                raise BackendFailed("the screen is gone")
            self._held += data
        data = bytes(self._held[:count])
        del self._held[:count]
        return data


def _part(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
