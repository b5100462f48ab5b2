"""Syslog as RFC 5424 has it, to receivers on real sockets."""

import asyncio
import re
import socket
from pathlib import Path

import pytest

from bmc.hooks import HookSettings
from bmc.hooks.sink import DeliveryFailed, trust
from bmc.hooks.syslog import LONGEST, Syslog, SyslogOptions, message
from bmc.model.events import Event, EventKind, Severity
from tests.hooks.lab import certificate, open_lab
from tests.hooks.syslog_receiver import listening
from tests.world import open_world, until

# RFC 5424 §6, written down anew.
SYNTAX = re.compile(
    rb"<(?P<pri>\d{1,3})>1 (?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z) "
    rb"(?P<host>[!-~]{1,255}) (?P<app>[!-~]{1,48}) "
    rb"(?P<proc>[!-~]{1,128}) (?P<id>[!-~]{1,32}) "
    rb'(?P<data>\[[!-~]{1,32}( [!-~]{1,32}="([^"\\\]]|\\["\\\]])*")*\]) (?P<text>.*)',
    re.DOTALL,
)


def event(text: str = "n1 is on", number: int = 1, **more: object) -> Event:
    return Event(EventKind.POWER_CHANGED, text, 1000.25, "n1", sequence=number, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("told", "priority", "text"),
    [
        (event(), b"30", b"n1 is on"),
        (event(severity=Severity.WARNING), b"28", b"n1 is on"),
        (event(severity=Severity.CRITICAL, account='a"b]c\\d'), b"26", b"n1 is on"),
        (event("two\nlines\x00\x1b[31m"), b"30", b"two lines [31m"),
        (event("Lüfter"), b"30", "\ufeffLüfter".encode()),
    ],
)
def test_a_message_is_as_the_standard_says(told: Event, priority: bytes, text: bytes) -> None:
    found = SYNTAX.fullmatch(message(told, "host"))
    assert found
    assert (found["pri"], found["app"], found["id"], found["text"]) == (priority, b"lightsout", b"power.changed", text)
    assert found["at"] == b"1970-01-01T00:16:40.250Z"
    assert b'node="n1"' in found["data"]


def test_a_long_message_loses_its_end_and_stays_text() -> None:
    long = message(event("ü" * 5000), "host")
    assert len(long) <= LONGEST
    assert long.decode().endswith("ü")


def sink(port: int, protocol: str, ca: Path | None = None) -> Syslog:
    options = SyslogOptions(name="s", host="localhost", port=port, protocol=protocol)
    return Syslog(options, trust(ca))


async def test_over_udp_each_event_is_a_datagram() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setblocking(False)
        receiver.bind(("127.0.0.1", 0))
        options = SyslogOptions(name="s", host="127.0.0.1", port=receiver.getsockname()[1])
        await Syslog(options, trust(None)).deliver([event("a", 1), event("b", 2)])
        async with asyncio.timeout(30):
            got = [await asyncio.get_running_loop().sock_recv(receiver, 4096) for _ in range(2)]
    assert [each[-1:] for each in got] == [b"a", b"b"]


async def test_over_tcp_and_tls_messages_are_counted(tmp_path: Path) -> None:
    ca, tls = certificate(tmp_path, "localhost")
    for context in (None, tls):
        async with listening(context) as receiver:
            told = [event(f"Ä {number}", number) for number in range(64)]
            await sink(receiver.port, "tls" if context else "tcp", ca).deliver(told)
            assert [found["text"] for found in map(SYNTAX.fullmatch, receiver.got) if found] == [
                f"\ufeffÄ {number}".encode() for number in range(64)
            ]


async def test_a_receiver_with_another_certificate_gets_nothing(tmp_path: Path) -> None:
    _, tls = certificate(tmp_path, "localhost")
    async with listening(tls) as receiver:
        with pytest.raises(DeliveryFailed, match="certificate is refused"):
            await sink(receiver.port, "tls").deliver([event()])
        assert receiver.got == []


async def test_a_receiver_that_hangs_up_or_is_away_misses_nothing(tmp_path: Path) -> None:
    async with listening() as receiver:
        receiver.deaf = 3
        options = SyslogOptions(name="s", host="localhost", port=receiver.port, protocol="tcp")
        async with open_lab(tmp_path, HookSettings(syslog=[options])) as lab:
            for number in range(300):
                await lab.tell(str(number))
            async with asyncio.timeout(30):
                while len(receiver.got) < 300:  # noqa: ASYNC110 - the receiver counts
                    await asyncio.sleep(0.01)
        assert receiver.deaf == 0
        texts = [found["text"] for found in map(SYNTAX.fullmatch, receiver.got) if found]
        assert texts == [str(number).encode() for number in range(300)]


async def test_an_event_that_cannot_be_put_into_words_takes_none_along(tmp_path: Path) -> None:
    """They are told together, as they all wait when the service starts."""
    async with listening() as receiver:
        options = SyslogOptions(name="s", host="localhost", port=receiver.port, protocol="tcp")
        async with open_lab(tmp_path, HookSettings(syslog=[options])):
            pass
        async with open_world(tmp_path / "store.db") as world:
            for number in range(10):
                at = 1e18 if number == 6 else 0  # there is no such year
                await world.events.publish(Event(EventKind.NODE_CHANGED, str(number), at, "n1"))
        async with open_lab(tmp_path, HookSettings(syslog=[options], retry_attempts=1)) as lab:
            await until(lambda: len(receiver.got) == 9)
            await until(lambda: lab.hooks.results("syslog-s")["dead"] == 1)
        texts = [found["text"] for found in map(SYNTAX.fullmatch, receiver.got) if found]
        assert texts == [str(number).encode() for number in range(10) if number != 6]


async def test_nobody_there_is_a_failure_that_passes() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        with pytest.raises(DeliveryFailed, match="cannot be reached") as failed:
            await sink(reserved.getsockname()[1], "tcp").deliver([event()])
    assert not failed.value.refused
