"""The event log of a vendor BMC, against OpenIPMI's simulator, which keeps it over its own restart."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, aclosing
from pathlib import Path

import pytest

from bmc.model.events import Severity
from bmc.model.platform_event import PlatformEvent
from bmc.model.sel import SystemEvent
from bmc.ports import Backend
from robots.testing import make_site, opened
from tests.clocks import QuickClock
from tests.robots.conftest import Simulator, bytes_of

Open = Callable[[], AbstractAsyncContextManager[Backend]]


@pytest.fixture
def open_node(simulator: Simulator, tmp_path: Path) -> Open:
    options = {"adapter": "ipmi", "host": "127.0.0.1", "port": simulator.port, "credential": "lab", "sol": False}
    return lambda: opened({"bmc": options}, make_site(tmp_path / "site", QuickClock()))


def add(simulator: Simulator, event: SystemEvent) -> None:
    simulator.tell(f"sel_add 0x20 0x02 {bytes_of(bytes(4) + event.pack())}")  # it stamps them itself


HOT = SystemEvent(0x01, 1, 0x01, bytes((0x59, 90, 85)))
PSU_LOST = SystemEvent(0x08, 4, 0x6F, bytes((0x00, 0xFF, 0xFF)), asserted=False)
UNKNOWN = SystemEvent(0xC9, 0x77, 0x6F, bytes((0x07, 0xFF, 0xFF)))


async def first(backend: Backend, count: int) -> list[PlatformEvent]:
    assert backend.event_log is not None
    found: list[PlatformEvent] = []
    async with asyncio.timeout(30), aclosing(entries(backend)) as told:
        async for event in told:
            found.append(event)
            if len(found) == count:
                # The next is asked for as a node does, so that this one counts as told.
                waiting = asyncio.ensure_future(anext(told))
                await asyncio.sleep(0.3)
                waiting.cancel()
                await asyncio.gather(waiting, return_exceptions=True)
                break
    return found


async def entries(backend: Backend) -> AsyncGenerator[PlatformEvent, None]:
    assert backend.event_log is not None
    async for event in backend.event_log.entries():
        yield event


async def opened_once(open_node: Open) -> None:
    """So that what is in the log now is known."""
    async with open_node() as backend:
        assert backend.event_log is not None
        waiting = asyncio.ensure_future(anext(backend.event_log.entries()))
        await asyncio.sleep(1.5)
        assert not waiting.done()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def test_what_was_there_before_is_not_told_and_what_comes_is_told_once_in_words(
    open_node: Open, simulator: Simulator
):
    add(simulator, UNKNOWN)
    await opened_once(open_node)
    async with open_node() as backend:
        assert backend.inventory is not None
        backend.inventory.hardware()
        await asyncio.sleep(1)  # its sensors are known by then
        add(simulator, HOT)
        add(simulator, PSU_LOST)
        add(simulator, UNKNOWN)
        hot, lost, unknown = await first(backend, 3)
    assert hot.message == "CPU Temp: Upper critical (reads 90, threshold 85)"
    assert (hot.severity, hot.record) == (Severity.CRITICAL, HOT)
    assert hot.at is None, "its clock was never set"
    assert lost.message.startswith("PSU 1: ")
    assert unknown.message == "sensor type C9h 77h: event 6Fh/7h"
    assert unknown.severity is Severity.WARNING


async def test_a_bmc_on_local_time_tells_when_things_happened(open_node: Open, simulator: Simulator):
    await opened_once(open_node)
    there = int(time.time() + 7200).to_bytes(4, "little")
    await ipmitool(simulator, "raw", "0x0a", "0x49", *bytes_of(there).split())  # Set SEL Time
    add(simulator, HOT)
    async with open_node() as backend:
        (event,) = await first(backend, 1)
    assert event.at == pytest.approx(time.time(), abs=60)


async def test_what_came_while_the_service_was_dead_is_told(open_node: Open, simulator: Simulator):
    await opened_once(open_node)
    add(simulator, HOT)
    async with open_node() as backend:
        assert [event.record for event in await first(backend, 1)] == [HOT]
    add(simulator, PSU_LOST)
    async with open_node() as backend:
        assert [event.record for event in await first(backend, 1)] == [PSU_LOST]


async def test_after_the_log_was_cleared_everything_in_it_is_new(open_node: Open, simulator: Simulator):
    add(simulator, HOT)
    add(simulator, HOT)
    await opened_once(open_node)
    await ipmitool(simulator, "sel", "clear")
    add(simulator, PSU_LOST)
    async with open_node() as backend:
        assert [event.record for event in await first(backend, 1)] == [PSU_LOST]


async def test_a_record_of_the_vendors_own_type_is_told_as_bytes(open_node: Open, simulator: Simulator):
    await opened_once(open_node)
    simulator.tell(f"sel_add 0x20 0xe1 {bytes_of(bytes(range(13)))}")
    async with open_node() as backend:
        (event,) = await first(backend, 1)
    assert event == PlatformEvent(f"record of type E1h: {bytes(range(13)).hex()}")


async def test_a_bmc_that_was_away_tells_what_came_meanwhile(open_node: Open, simulator: Simulator):
    await opened_once(open_node)
    async with open_node() as backend:
        waiting = asyncio.ensure_future(first(backend, 1))
        await asyncio.sleep(0.5)
        simulator.stop()
        await asyncio.sleep(1)
        simulator.start()
        add(simulator, HOT)
        assert [event.record for event in await waiting] == [HOT]


async def ipmitool(simulator: Simulator, *command: str) -> None:
    where = ("-I", "lanplus", "-C", "3", "-H", "127.0.0.1", "-p", str(simulator.port), "-U", "admin", "-P", "secret")
    running = await asyncio.create_subprocess_exec("ipmitool", *where, *command, stdout=asyncio.subprocess.DEVNULL)
    assert await running.wait() == 0
