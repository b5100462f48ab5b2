"""Receivers that mean harm: whatever they answer costs a bounded while, little memory, and nobody else anything."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path

import pytest

from bmc.hooks import HookSettings, webhook
from bmc.model.errors import InvalidRequest
from tests import memory
from tests.hooks.lab import Lab, Receiver, open_lab
from tests.world import until

MIB = 1 << 20
BOMB = gzip.compress(bytes(256 * MIB))
Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


async def endless_body(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")
        await writer.drain()


async def endless_headers(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: and more\r\n" * 1000)
        await writer.drain()


async def endless_line(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while True:
        writer.write(bytes(b"x" * 0x10000))
        await writer.drain()


async def endless_continue(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
        await writer.drain()


async def slow_drip(writer: asyncio.StreamWriter) -> None:
    for letter in b"HTTP/1.1 200 OK\r\n" * 1000:
        writer.write(bytes([letter]))
        await writer.drain()
        await asyncio.sleep(0.02)


async def bomb(writer: asyncio.StreamWriter) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB)
    writer.write(head + BOMB)
    await writer.drain()


async def nonsense(writer: asyncio.StreamWriter) -> None:
    writer.write(b"\0\xff220 smtp.example ESMTP\r\n")
    await writer.drain()


@asynccontextmanager
async def hostile(answer: Answer) -> AsyncIterator[str]:
    """The URL of a server that answers each request so."""
    open_now: set[asyncio.Task[None]] = set()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_now.add(task)
        try:
            await reader.readuntil(b"\r\n\r\n")
            await answer(writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            open_now.discard(task)
            writer.transport.abort()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        yield f"http://localhost:{server.sockets[0].getsockname()[1]}/in"
        for task in open_now:
            task.cancel()
        await asyncio.gather(*open_now, return_exceptions=True)


@pytest.mark.parametrize(
    ("answer", "taken"),
    [
        (endless_body, True),
        (bomb, True),
        (endless_headers, False),
        (endless_line, False),
        (endless_continue, False),
        (slow_drip, False),
        (nonsense, False),
    ],
)
async def test_whatever_a_receiver_answers_costs_little_and_nobody_else(
    lab: Lab, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, answer: Answer, taken: bool
) -> None:
    monkeypatch.setattr(webhook, "SECONDS", 1.0)
    memory.forget_most()
    before = memory.most()
    async with hostile(answer) as url:
        bad = await lab.hooks.subscribe("admin", url)
        await lab.hooks.subscribe("admin", receiver.url)
        told = [await lab.tell(str(number)) for number in range(20)]
        await receiver.has(20)
        results = lab.hooks.results(bad.id)
        await until(lambda: results["delivered"] == 20 if taken else results["failed"] >= 2, 15)
        assert results["delivered"] == (20 if taken else 0)
        await lab.hooks.remove(bad.id)
    assert list(dict.fromkeys(got.sequence for got in receiver.got)) == told
    grown = memory.most() - before
    assert grown < 48 << 20, f"{grown >> 20} MiB"


REFUSED_AT_ONCE = [
    "127.0.0.1",
    "169.254.169.254",
    "0.0.0.0",
    "224.0.0.1",
    "[::1]",
    "[::]",
    "[fe80::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
]
NO_NAMES = ["127.1", "2130706433", "0x7F000001", "0177.0.0.1", "2852039166", "0", "127.0.0.1.", "evil.example.1"]
"""What a resolver may take for an address."""


@pytest.mark.parametrize("host", REFUSED_AT_ONCE)
async def test_a_forbidden_address_is_refused_when_it_is_named(tmp_path: Path, host: str) -> None:
    async with open_lab(tmp_path, allowed=()) as lab:
        with pytest.raises(InvalidRequest, match=r"fetch\.allow"):
            await lab.hooks.subscribe("admin", f"http://{host}/")
        assert lab.hooks.subscriptions() == ()


@pytest.mark.parametrize("host", NO_NAMES)
async def test_a_number_is_no_name(lab: Lab, host: str) -> None:
    with pytest.raises(InvalidRequest, match="neither an address nor a name"):
        await lab.hooks.subscribe("admin", f"http://{host}/")


@pytest.mark.parametrize("host", ["localhost", "LocalHost"])
async def test_a_name_of_a_forbidden_address_is_refused_where_it_connects(
    tmp_path: Path, receiver: Receiver, host: str
) -> None:
    async with open_lab(tmp_path, allowed=()) as lab:
        subscription = await lab.hooks.subscribe("admin", f"http://{host}:{receiver.port}/in")
        await lab.tell()
        worker = lab.hooks.worker(subscription.id)
        assert worker is not None
        await until(lambda: bool(worker.error), 10)
        assert "fetch.allow" in worker.error
        assert receiver.asked == 0


async def test_a_network_that_is_allowed_allows_no_other(tmp_path: Path, receiver: Receiver) -> None:
    async with open_lab(tmp_path, allowed=(ip_network("127.0.0.2/32"), ip_network("169.254.1.0/24"))) as lab:
        with pytest.raises(InvalidRequest, match=r"fetch\.allow"):
            await lab.hooks.subscribe("admin", "http://169.254.169.254/latest/meta-data")
        subscription = await lab.hooks.subscribe("admin", receiver.url)
        await lab.tell()
        worker = lab.hooks.worker(subscription.id)
        assert worker is not None
        await until(lambda: "fetch.allow" in worker.error, 10)
        assert receiver.asked == 0


async def test_a_redirect_to_a_forbidden_address_leads_nowhere(tmp_path: Path) -> None:
    async def moved(writer: asyncio.StreamWriter) -> None:
        head = "HTTP/1.1 307 Moved\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
        writer.write(head.encode())
        await writer.drain()

    async with hostile(moved) as url, open_lab(tmp_path, HookSettings(retry_attempts=0)) as lab:
        subscription = await lab.hooks.subscribe("admin", url)
        await lab.tell()
        await until(lambda: lab.hooks.results(subscription.id)["dead"] == 1, 10)
        (letter,) = await lab.hooks.dead_letters(subscription.id)
        assert letter.error == "the receiver answered 307: redirects are not followed"
