"""Every session of an endpoint is taken: clients are told so at once, and wait for no time-out."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bmc.ipmi.server import IpmiServer
from bmc.ipmi.settings import DoorSettings, Limits
from bmc.model.clock import SystemClock
from bmc.model.node import Endpoint
from tests.ipmi.conftest import Rack
from tests.ipmi.fakes import KEY, FakeNode, FakeSlots, MemoryBuckets
from tests.ipmi.terminal import terminal
from tests.ports import free_port

AT_ONCE = 5.0
"""Seconds; ipmitool's own time-outs come to 10 and FreeIPMI's to 20."""


@pytest.fixture
async def small(tmp_path: Path) -> AsyncIterator[Rack]:
    """A door with one seat."""
    key_file = tmp_path / "key"
    key_file.write_text(KEY)
    node, slots = FakeNode(endpoint=Endpoint("127.0.0.1", free_port())), FakeSlots()
    settings = DoorSettings(limits=Limits(sessions=1))
    async with IpmiServer(slots, MemoryBuckets(), SystemClock(), settings) as server:
        yield Rack(server, node, slots, await server.add(node), key_file)


@pytest.mark.parametrize(
    ("program", "words", "told"),
    [
        ("ipmitool", "mc info", "Unable to establish IPMI v2 / RMCP+ session"),
        ("bmc-info", "--get-device-guid", "BMC busy"),
    ],
)
async def test_a_client_without_a_seat_is_told_so_at_once(small: Rack, program: str, words: str, told: str):
    async with terminal(*small.ipmitool_line("shell")) as seated:
        seated.type(b"chassis power status\n")
        await seated.expect(b"Chassis Power is off")
        async with asyncio.timeout(AT_ONCE):
            ask = small.ipmitool if program == "ipmitool" else lambda *line: small.freeipmi(program, *line)
            code, printed = await ask(*words.split())
        assert code == 1
        assert told in printed
        seated.type(b"chassis power status\n")
        await seated.expect(b"Chassis Power is off")
