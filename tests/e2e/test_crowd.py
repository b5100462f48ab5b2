"""What one client or guest does badly costs nobody else anything."""

import asyncio
import base64
import os
import random
import socket
import time
from urllib.parse import urlsplit

import pytest

from tests import memory
from tests.e2e.service import PROMPTLY, LiveService, boot, serial_console

pytestmark = pytest.mark.guest

MIB = 1 << 20


def never_reads(live: LiveService, path: str, upgrade: bool) -> socket.socket:
    """Ask for a stream and take nothing of it."""
    where = urlsplit(live.url)
    viewer = socket.socket()
    viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    viewer.connect((where.hostname, where.port))
    lines = [f"GET {path} HTTP/1.1", f"Host: {where.netloc}", f"X-Auth-Token: {live.token()}"]
    if upgrade:
        key = base64.b64encode(os.urandom(16)).decode()
        lines += ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
        lines += [f"Sec-WebSocket-Key: {key}", f"Origin: {live.url}"]
    viewer.sendall("\r\n".join([*lines, "", ""]).encode())
    assert viewer.recv(12) == (b"HTTP/1.1 101" if upgrade else b"HTTP/1.1 200")
    return viewer


async def slowest(live: LiveService, node: str, times: int = 8) -> float:
    """The longest that ipmitool took for a power status, from its start to its end."""
    worst = 0.0
    for _ in range(times):
        began = time.monotonic()
        await asyncio.to_thread(live.ipmitool, node, "-C", "17", "chassis", "power", "status")
        worst = max(worst, time.monotonic() - began)
    return worst


async def as_promptly_as(quiet: float, busy: float, live: LiveService) -> None:
    """Neither meanwhile nor since: answers came as before, though the machine may have more to do now than then."""
    after = await slowest(live, "n3")
    assert after < PROMPTLY + quiet
    assert busy < PROMPTLY + max(quiet, after)


async def until_level(pid: int) -> None:
    """Buffers fill, and then are full: memory that goes on growing is a leak."""
    for _ in range(5):
        before = memory.resident(pid)
        await asyncio.sleep(8)
        if memory.resident(pid) - before < 4 * MIB:
            return
    raise AssertionError(f"the service grows without end; it has {memory.resident(pid) >> 20} MiB")


async def test_a_guest_that_prints_for_ever_and_viewers_that_never_read(live: LiveService) -> None:
    await boot(live, "n1")
    quiet = await slowest(live, "n3")
    before = memory.resident(live.pid)
    async with serial_console(live, "n1") as shell:
        await shell.login(live.root_password)
        await shell.type("while :; do echo 0123456789012345678901234567890123456789012345678901234567890123; done\r")
        viewers = [never_reads(live, "/console/n1/serial", True) for _ in range(4)]
        viewers += [never_reads(live, "/console/n1/screen", True) for _ in range(2)]
        viewers += [never_reads(live, "/redfish/v1/EventService/SSE", False) for _ in range(2)]
        try:
            await asyncio.sleep(8)
            busy = await slowest(live, "n3")
            began = time.monotonic()
            await asyncio.to_thread(live.system, "n2")
            assert time.monotonic() - began < PROMPTLY
            await until_level(live.pid)
            assert memory.resident(live.pid) - before < 64 * MIB
            shell.forget()
            await shell.expect("0123456789", 10)
        finally:
            for viewer in viewers:
                viewer.close()
        await shell.type("\x03")
        await shell.login(live.root_password)
    await as_promptly_as(quiet, busy, live)
    assert live.power("n1") == "On"
    live.off("n1")


async def test_garbage_datagrams_meanwhile(live: LiveService) -> None:
    said = len(live.log)
    noise = random.Random(4711)  # the same at each run
    host, port = live.nodes["n3"]
    good = bytes.fromhex("0600ff07000000000000000000092018c88100388e04b5")
    sent = 0
    quiet = await slowest(live, "n3")
    before = memory.resident(live.pid)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        working = asyncio.create_task(slowest(live, "n3", 12))
        while not working.done():
            for _ in range(20):
                data = bytearray(good if noise.random() < 0.5 else noise.randbytes(noise.randrange(1, 600)))
                for _ in range(noise.randrange(4)):
                    data[noise.randrange(len(data))] = noise.randrange(256)
                data[:4] = b"\x06\x00\xff\x07" if noise.random() < 0.7 else data[:4]
                sender.sendto(bytes(data), (host, port))
                sent += 1
            await asyncio.sleep(0.01)
        busy = await working
    await as_promptly_as(quiet, busy, live)
    assert sent > 500
    assert memory.resident(live.pid) - before < 16 * MIB
    assert "Traceback" not in live.log[said:]


async def test_garbage_on_the_web_door_meanwhile(live: LiveService) -> None:
    said = len(live.log)
    where = urlsplit(live.url)
    noise = random.Random(4711)
    quiet = await slowest(live, "n3")
    working = asyncio.create_task(slowest(live, "n3"))
    for number in range(200):
        with socket.create_connection((where.hostname, where.port), timeout=5) as connection:
            connection.sendall(
                (b"GET / HTTP/1.1\r\nHost: x\r\n" if number % 2 else b"") + noise.randbytes(300) + b"\r\n\r\n"
            )
        await asyncio.sleep(0.01)
    idle = [socket.create_connection((where.hostname, where.port)) for _ in range(200)]
    busy = await working
    assert live.system("n3")["Id"] == "n3"
    for connection in idle:
        connection.close()
    await as_promptly_as(quiet, busy, live)
    assert "Traceback" not in live.log[said:]
