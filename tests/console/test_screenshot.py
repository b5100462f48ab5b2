"""A picture of a screen is what QEMU itself says that it shows."""

import asyncio
import json
import shutil
import struct
import zlib
from pathlib import Path

import pytest

from bmc.console.screenshot import Picture, look
from bmc.model.errors import BackendFailed, NotSupported
from bmc.socket_stream import SocketStream
from tests.world import MemoryStream

QEMU = "qemu-system-x86_64"


def unpacked(png: bytes) -> Picture:
    """Of a PNG of ours, the fourth byte of each pixel 0; checks every part's checksum."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    parts, place = {}, 8
    while place < len(png):
        length, kind = struct.unpack_from(">I4s", png, place)
        data = png[place + 8 : place + 8 + length]
        assert struct.unpack_from(">I", png, place + 8 + length) == (zlib.crc32(kind + data),)
        parts[kind], place = data, place + 12 + length
    width, height, *rest = struct.unpack(">IIBBBBB", parts[b"IHDR"])
    assert rest == [8, 2, 0, 0, 0]
    rows, pixels = zlib.decompress(parts[b"IDAT"]), bytearray(4 * width * height)
    for y in range(height):
        row = rows[y * (3 * width + 1) : (y + 1) * (3 * width + 1)]
        assert row[0] == 0
        for colour in range(3):
            pixels[4 * width * y + colour : 4 * width * (y + 1) : 4] = row[1 + colour :: 3]
    return Picture(width, height, bytes(pixels))


@pytest.mark.skipif(shutil.which(QEMU) is None, reason="there is no QEMU")
async def test_it_is_what_qemu_shows(tmp_path: Path):
    qemu = await asyncio.create_subprocess_exec(
        *(QEMU, "-S", "-nodefaults", "-accel", "tcg", "-m", "16", "-vga", "std", "-qmp", "unix:qmp,server=on,wait=off"),
        *("-vnc", "unix:vnc,share=force-shared"),
        cwd=tmp_path,
    )
    try:
        async with asyncio.timeout(60):
            while not (tmp_path / "vnc").exists():  # noqa: ASYNC110 - another process makes it
                await asyncio.sleep(0.05)
            reader, writer = await asyncio.open_unix_connection(str(tmp_path / "qmp"))
            await reader.readline()
            for command in (
                {"execute": "qmp_capabilities"},
                {"execute": "screendump", "arguments": {"filename": "dump.ppm"}},
            ):
                writer.write(json.dumps(command).encode() + b"\n")
                assert b"return" in await reader.readline()
            _, connection = await asyncio.get_running_loop().create_unix_connection(
                lambda: SocketStream(), str(tmp_path / "vnc")
            )
            picture = await look(connection)
            await connection.close()
            writer.close()
    finally:
        qemu.kill()
        await qemu.wait()
    head, size, depth, dump = (tmp_path / "dump.ppm").read_bytes().split(b"\n", 3)
    assert (head, depth) == (b"P6", b"255")
    assert size.split() == [str(picture.width).encode(), str(picture.height).encode()]
    shown = unpacked(picture.png())
    for colour in range(3):
        assert shown.pixels[colour::4] == dump[colour::3]
    assert len(set(dump[0::3])) > 1, "something is written on it"


def server(*said: bytes) -> MemoryStream:
    stream = MemoryStream()
    for each in said:
        stream.incoming.put_nowait(each)
    return stream


HELLO = (b"RFB 003.008\n", b"\1\1", bytes(4))
INIT = struct.pack(">HH16xI", 2, 1, 4) + b"QEMU"


async def test_a_screen_that_changes_its_size_meanwhile_is_asked_again():
    resized = b"\0\0" + struct.pack(">HHHHHi", 1, 0, 0, 1, 1, -223)
    drawn = b"\2\3\0\0\0\0\0\0\2hi\0\0" + struct.pack(">HHHHHi", 1, 0, 0, 1, 1, 0) + b"\x0a\x14\x1e\0"
    assert await look(server(*HELLO, INIT, resized, drawn)) == Picture(1, 1, b"\x0a\x14\x1e\0")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ((b"RFB 003.008\n", b""), "gone"),
        ((*HELLO, struct.pack(">HH16xI", 65535, 65535, 0)), "pixels"),
        ((*HELLO, INIT, b"\0\0" + struct.pack(">HHHHHi", 1, 1, 0, 2, 1, 0)), "beyond its edge"),
        ((*HELLO, INIT, b"\0\0" + struct.pack(">HHHHHi", 1, 0, 0, 2, 1, 16)), "encoding 16"),
        ((*HELLO, INIT, b"\x63"), "type 99"),
        ((b"RFB 003.008\n", b"\1\1", b"\0\0\0\1"), "lets nobody in"),
    ],
)
async def test_a_screen_that_does_not_do_as_it_should_is_no_picture(said: tuple[bytes, ...], why: str):
    with pytest.raises(BackendFailed, match=why):
        await look(server(*said))


async def test_a_screen_with_a_password_says_so():
    with pytest.raises(NotSupported, match="password"):
        await look(server(b"RFB 003.008\n", b"\1\2"))
