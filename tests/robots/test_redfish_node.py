"""A server whose BMC is another Lightsout: everything that its Redfish door offers is used."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import pytest
from yarl import URL

import robots.redfish
import robots.redfish_link
import robots.redfish_media
from bmc.fetch import Fetcher
from bmc.media import MediaLibrary
from bmc.model.boot import BootEnabled, BootOverride, BootTarget
from bmc.model.clock import SystemClock
from bmc.model.commands import AddSelEntry, ClearSel, EjectMedia, InsertMedia, Power
from bmc.model.errors import BackendFailed, NotSupported, OutcomeUnknown, Unreachable
from bmc.model.events import EventKind, Severity
from bmc.model.node import NodeDefinition
from bmc.model.platform_event import PlatformEvent
from bmc.model.power import PowerAction, PowerCause, PowerState
from bmc.model.sensor import Entity, Threshold, Unit
from bmc.node import Node
from bmc.ports import Backend, MediaBay
from robots.contract import BootContract, InventoryContract, MediaContract, OpenBackend
from robots.hardware import driver
from robots.redfish_link import Link
from robots.redfish_log import RedfishLog
from robots.redfish_media import RedfishMedia
from robots.redfish_media_server import MediaServer
from robots.testing import opened
from tests.ports import free_port
from tests.redfish.estate import Estate, open_estate
from tests.robots.redfish_peers import LOGINS, Wire, site, wire
from tests.world import ADMIN, MemoryDrivers, MemoryServer, World, open_world, until

ONCE_PXE = BootOverride(BootTarget.PXE, BootEnabled.ONCE)


@dataclass
class Machine:
    """The server n1, its BMC behind a wire, and how a node of ours that has it is composed."""

    estate: Estate
    wire: Wire
    directory: Path

    @property
    def server(self) -> MemoryServer:
        return self.estate.service.drivers.servers["n1"]

    def options(self, **more: Any) -> dict[str, Any]:
        common = {"adapter": "redfish", "poll": "0.5s"}
        bmc = {
            **common,
            "url": f"http://127.0.0.1:{self.wire.port}",
            "credential": "fleet",
            "system": "n1",
            "serve_from": f"127.0.0.1:{free_port()}",
            **more,
        }
        sense = {**common, "url": self.estate.nodes.url("n1"), "credential": "node"}
        return {"bmc": bmc, "sense": [sense]}

    @property
    def node(self) -> Node:
        return self.estate.service.world.fleet.node("n1")

    async def power(self, action: PowerAction) -> None:
        """By its own front panel, so to say."""
        await self.node.do(Power(action), ADMIN)

    async def sel(self, byte: str) -> None:
        """A record that has `byte` in it is added to its log."""
        await self.node.do(AddSelEntry(0xE0, bytes.fromhex(byte) * 13), ADMIN)

    async def open(self, stack: AsyncExitStack, **more: Any) -> Backend:
        return await stack.enter_async_context(opened(self.options(**more), site(self.directory)))


@pytest.fixture
async def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Machine]:
    (tmp_path / "lightsout").mkdir()
    async with open_estate(tmp_path / "lightsout") as estate:
        url = URL(estate.service.url)
        async with wire(str(url.host), int(url.port or 0)) as plugged:
            library = MediaLibrary(tmp_path / "library", Fetcher((ip_network("127.0.0.1/32"),)), 1 << 24)
            monkeypatch.setattr(estate.service.world.media, "path", library.path)
            yield Machine(estate, plugged, tmp_path / "kept")


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


@pytest.fixture
async def backend(machine: Machine, stack: AsyncExitStack) -> Backend:
    return await machine.open(stack)


class TestContract(BootContract, MediaContract, InventoryContract):
    @pytest.fixture
    async def open_backend(self, machine: Machine, stack: AsyncExitStack) -> OpenBackend:
        async def open_backend() -> Backend:
            return await machine.open(stack)

        return open_backend


async def power(backend: Backend, sense: int = 0) -> tuple[PowerState, str]:
    reading = await backend.senses[sense].read()
    return reading.state, reading.reason


async def drives(backend: Backend) -> MediaBay:
    bay = backend.media
    assert bay
    async with asyncio.timeout(30):
        await bay.slots_known()
    assert bay.slots()
    return bay


async def status(url: str) -> int:
    async with aiohttp.ClientSession() as client, client.get(URL(url, encoded=True)) as response:
        return response.status


async def follow_log(backend: Backend, stack: AsyncExitStack) -> list[PlatformEvent]:
    """What it tells, from when it has looked for the first time on."""
    told: list[PlatformEvent] = []

    async def follow() -> None:
        assert backend.event_log
        async for event in backend.event_log.entries():
            told.append(event)

    task = asyncio.create_task(follow())
    stack.callback(task.cancel)
    assert isinstance(backend.event_log, RedfishLog)
    log = backend.event_log
    await until(lambda: log._known is not None)
    return told


async def test_it_offers_what_the_bmc_lists_and_no_more(backend: Backend):
    assert {PowerAction.NMI, PowerAction.FORCE_RESTART, PowerAction.GRACEFUL_SHUTDOWN} <= backend.switch.actions
    assert PowerAction.GRACEFUL_RESTART not in backend.switch.actions
    assert backend.boot
    assert backend.boot.targets == {BootTarget.PXE, BootTarget.HDD, BootTarget.CD, BootTarget.BIOS_SETUP}


# Boot


async def test_a_once_override_is_told_when_the_bmc_tells_it_no_more(backend: Backend, machine: Machine):
    assert backend.boot
    seen = backend.boot.seen()
    await backend.boot.apply(ONCE_PXE)
    assert machine.server.override == ONCE_PXE
    waiting = asyncio.ensure_future(anext(seen))
    await asyncio.sleep(1)
    assert not waiting.done()
    await backend.switch.apply(PowerAction.ON)
    assert (await asyncio.wait_for(waiting, 10)).override == ONCE_PXE


async def test_a_boot_while_the_service_was_dead_is_noticed(machine: Machine, stack: AsyncExitStack):
    async with AsyncExitStack() as first:
        before = await machine.open(first)
        assert before.boot
        await before.boot.apply(ONCE_PXE)
    await machine.power(PowerAction.ON)
    after = await machine.open(stack)
    assert after.boot
    assert (await asyncio.wait_for(anext(after.boot.seen()), 10)).override == ONCE_PXE


async def test_what_is_armed_already_is_not_armed_again(backend: Backend, machine: Machine):
    assert backend.boot
    for override, changes in ((BootOverride(), 0), (ONCE_PXE, 1), (ONCE_PXE, 1), (BootOverride(), 2)):
        await backend.boot.apply(override)
        assert len(machine.wire.sent("PATCH")) == changes


# Power, and what can go wrong


@pytest.mark.parametrize("action", [PowerAction.FORCE_RESTART, PowerAction.NMI])
async def test_what_must_not_happen_twice_is_sent_once_though_the_answer_is_lost(
    backend: Backend, machine: Machine, action: PowerAction
):
    await machine.power(PowerAction.ON)
    machine.server.asked.clear()
    machine.wire.lose_answers = b"POST"
    with pytest.raises(OutcomeUnknown, match="may have carried out the command"):
        await backend.switch.apply(action)
    await until(lambda: machine.server.asked)
    await asyncio.sleep(0.5)
    assert machine.server.asked == [action]


async def test_on_is_sent_again_when_its_answer_was_lost(backend: Backend, machine: Machine):
    machine.wire.lose_answers = b"POST"
    acting = asyncio.ensure_future(backend.switch.apply(PowerAction.ON))
    await until(lambda: machine.server.asked)
    machine.wire.lose_answers = b""
    await acting
    assert machine.server.state is PowerState.ON
    assert machine.server.asked == [PowerAction.ON]


async def test_nothing_was_done_where_no_connection_came_about(backend: Backend, machine: Machine):
    await machine.power(PowerAction.ON)
    machine.server.asked.clear()
    await machine.wire.unplug()
    with pytest.raises(Unreachable):
        await backend.switch.apply(PowerAction.FORCE_RESTART)
    assert machine.server.asked == []


async def test_a_bmc_that_takes_too_long_may_have_done_it(
    backend: Backend, machine: Machine, monkeypatch: pytest.MonkeyPatch
):
    await machine.power(PowerAction.ON)
    monkeypatch.setattr(robots.redfish_link, "ACT_WITHIN", 1.0)
    machine.wire.stalls = b"POST"
    with pytest.raises(OutcomeUnknown, match="no answer within 1 seconds"):
        await backend.switch.apply(PowerAction.FORCE_RESTART)


async def test_a_bmc_that_is_away_is_unknown_and_never_off_and_is_found_again(backend: Backend, machine: Machine):
    await machine.power(PowerAction.ON)
    assert await power(backend) == (PowerState.ON, "")
    await machine.wire.unplug()
    state, reason = await power(backend)
    assert state is PowerState.UNKNOWN
    assert reason.startswith(f"BMC 127.0.0.1:{machine.wire.port} is unreachable")
    assert await power(backend, 1) == (PowerState.ON, "")
    await machine.wire.plug()
    assert await power(backend) == (PowerState.ON, "")
    await backend.switch.apply(PowerAction.FORCE_OFF)
    assert machine.server.state is PowerState.OFF


async def test_why_the_bmc_does_not_know_the_state_is_told(backend: Backend, machine: Machine):
    machine.server.blind = True
    machine.server.become(PowerState.UNKNOWN, PowerCause.OBSERVED, reason="the cable is out")
    async with asyncio.timeout(5):
        while (told := await power(backend))[0] is not PowerState.UNKNOWN:  # noqa: ASYNC110 - asked, as a node does
            await asyncio.sleep(0.1)
    assert "does not know the power state" in told[1]
    assert "the cable is out" in told[1]


async def test_a_bmc_that_is_busy_is_asked_again_when_it_says(backend: Backend, machine: Machine):
    """Somebody else's action is under way."""
    await machine.power(PowerAction.ON)
    machine.server.gate.clear()
    other = asyncio.ensure_future(machine.power(PowerAction.FORCE_RESTART))
    await until(lambda: machine.server.asked[-1:] == [PowerAction.FORCE_RESTART])
    ours = asyncio.ensure_future(backend.switch.apply(PowerAction.NMI))
    await until(lambda: machine.wire.sent("POST")[-1:])
    await asyncio.sleep(0.5)
    machine.server.gate.set()
    await asyncio.gather(other, ours)
    assert machine.server.asked[-2:] == [PowerAction.FORCE_RESTART, PowerAction.NMI]


# Signing in


async def test_it_has_one_session_and_gives_it_back(machine: Machine):
    accounts = machine.estate.service.accounts
    async with AsyncExitStack() as stack:
        backend = await machine.open(stack)
        await asyncio.gather(*(power(backend) for _ in range(5)))
        await backend.switch.apply(PowerAction.ON)
        assert len(accounts.sessions()) == 1
    assert len(accounts.sessions()) == 0


async def test_a_session_that_the_bmc_has_ended_is_replaced(backend: Backend, machine: Machine):
    accounts = machine.estate.service.accounts
    (session,) = accounts.sessions()
    path = f"/redfish/v1/SessionService/Sessions/{session.id}"
    assert (await machine.estate.service.call("DELETE", path)).status == 204
    await backend.switch.apply(PowerAction.ON)
    assert machine.server.asked == [PowerAction.ON]
    assert [each.id for each in accounts.sessions()] != [session.id]


async def test_a_wrong_password_is_told_is_never_off_and_is_not_tried_again_at_once(
    machine: Machine, stack: AsyncExitStack
):
    backend = await machine.open(stack, credential="wrong")
    for _ in range(3):
        state, reason = await power(backend)
        assert state is PowerState.UNKNOWN
        assert "refused the credential 'wrong'" in reason
        assert "guess" not in reason
    with pytest.raises(BackendFailed, match="refused the credential"):
        await backend.switch.apply(PowerAction.ON)
    assert len(machine.wire.sent("POST")) == 1


async def test_a_node_goes_on_with_a_password_that_was_changed_on_both_sides(
    machine: Machine, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
):
    backend = await machine.open(stack)
    assert (await power(backend))[0] is PowerState.OFF
    await machine.estate.service.accounts.change("admin", password="another secret of the BMC")
    state, reason = await power(backend)
    assert state is PowerState.UNKNOWN
    assert "refused the credential 'fleet'" in reason
    monkeypatch.setitem(LOGINS, "fleet", (b"admin", b"another secret of the BMC"))
    assert (await power(backend))[0] is PowerState.OFF
    await backend.switch.apply(PowerAction.ON)
    assert machine.server.asked == [PowerAction.ON]


async def test_who_may_only_look_is_told_so(machine: Machine, stack: AsyncExitStack):
    backend = await machine.open(stack, credential="viewer")
    assert (await power(backend))[0] is PowerState.OFF
    with pytest.raises(BackendFailed, match="refused"):
        await backend.switch.apply(PowerAction.ON)
    assert machine.server.asked == []


async def test_an_address_at_another_machine_is_not_followed(machine: Machine):
    link = Link("http://127.0.0.1:1", False, "lab", lambda name: (b"admin", b"secret"), SystemClock())
    with pytest.raises(BackendFailed, match="another machine"):
        link._url("//192.0.2.1/redfish/v1/Systems/1")


# What was learned


async def test_a_bmc_that_is_away_at_the_start_is_learned_of_later(
    machine: Machine, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(robots.redfish, "LEARN_WITHIN", 0.2)
    monkeypatch.setattr(robots.redfish, "LEARN_AGAIN", 0.1)
    await machine.wire.unplug()
    backend = await machine.open(stack)
    assert backend.switch.actions == {PowerAction.ON, PowerAction.FORCE_OFF}
    assert (await power(backend))[0] is PowerState.UNKNOWN
    await machine.wire.plug()
    await until(lambda: PowerAction.NMI in backend.switch.actions)
    assert backend.sensors
    await until(lambda: backend.sensors.sensors())


async def test_what_was_learned_is_known_at_once_after_a_restart(machine: Machine, stack: AsyncExitStack):
    async with AsyncExitStack() as first:
        before = await machine.open(first)
        assert before.sensors
        await until(lambda: before.sensors.sensors())
    await machine.wire.unplug()
    after = await machine.open(stack)
    assert after.switch.actions == before.switch.actions
    assert after.boot
    assert after.boot.targets
    assert after.sensors
    assert after.sensors.sensors() == before.sensors.sensors()
    assert after.serial


async def test_which_system_is_meant_must_be_said(machine: Machine, stack: AsyncExitStack):
    backend = await machine.open(stack, system="")
    state, reason = await power(backend)
    assert state is PowerState.UNKNOWN
    assert "has not exactly one system; there is n1, n2: name one in the option system" in reason


class MachineDrivers(MemoryDrivers):
    """Every node is the machine."""

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self._machine = machine

    async def open(self, definition: NodeDefinition) -> Backend:
        given = NodeDefinition("n1", UUID(int=1), "hardware", self._machine.options())
        return await driver.open(given, site(self._machine.directory))


async def test_a_node_shows_what_was_learned_without_being_opened_again(machine: Machine, tmp_path: Path):
    async with open_world(tmp_path / "lightsout.db", MachineDrivers(machine)) as world:
        node = await world.fleet.create(NodeDefinition("a1", UUID(int=1), "hardware"), ADMIN)
        assert PowerAction.NMI in node.snapshot.actions
        await node.do(Power(PowerAction.ON), ADMIN)
        await until(lambda: node.snapshot.power is PowerState.ON)
        await until(lambda: [sensor.reading for sensor in node.snapshot.sensors] == [12.0, 512.0, 1000.0, 24.5])
        assert node.snapshot.boot_targets
        assert node.snapshot.hardware.manufacturer == "Lightsout"
        assert [slot.id for slot in node.snapshot.media] == ["cd0"]
        await node.do(Power(PowerAction.FORCE_OFF), ADMIN)


# Sensors and inventory


async def test_its_sensors_are_read(backend: Backend, machine: Machine):
    sensors = backend.sensors
    assert sensors
    await until(lambda: sensors.sensors())
    infos = {info.name: info for info in sensors.sensors()}
    assert [(name, info.unit, info.entity) for name, info in infos.items()] == [
        ("CPU Load", Unit.PERCENT, Entity.CPU),
        ("Memory", Unit.MEBIBYTES, Entity.MEMORY),
        ("Disk Read", Unit.KILOBYTES_PER_SECOND, Entity.DISK),
        ("Inlet Temp", Unit.CELSIUS, Entity.CHASSIS),
    ]
    assert infos["Disk Read"].wide
    assert (infos["Inlet Temp"].minimum, infos["Inlet Temp"].maximum) == (-40.0, 127.0)
    assert infos["Inlet Temp"].thresholds == {Threshold.UPPER_CAUTION: 40.0, Threshold.UPPER_CRITICAL: 50.0}
    assert await sensors.read() == {}
    await machine.power(PowerAction.ON)
    async with asyncio.timeout(5):
        while not (readings := await sensors.read()):  # noqa: ASYNC110 - asked, as a node does
            await asyncio.sleep(0.1)
    assert readings == {"CPU Load": 12.0, "Memory": 512.0, "Disk Read": 1000.0, "Inlet Temp": 24.5}
    await machine.wire.unplug()
    assert await sensors.read() == {}


async def test_the_hardware_is_what_the_bmc_tells(backend: Backend):
    inventory = backend.inventory
    assert inventory
    await until(lambda: inventory.hardware().cpus)
    hardware = inventory.hardware()
    assert (hardware.manufacturer, hardware.model, hardware.cpus) == ("Lightsout", "memory", 2)
    assert hardware.memory == 1 << 29
    assert [(disk.size, disk.serial) for disk in hardware.disks] == [(1 << 31, "LO-0"), (1 << 30, "LO-1")]
    assert [nic.mac for nic in hardware.nics] == ["52:54:00:00:00:01"]


# Virtual media


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "image.iso"
    path.write_bytes(b"an image" * 20000)
    return path


async def test_the_bmc_fetches_the_medium(backend: Backend, machine: Machine, image: Path, tmp_path: Path):
    bay = await drives(backend)
    await bay.insert("cd0", str(image), "rescue.iso")
    assert [(slot.image, slot.inserted) for slot in bay.slots()] == [("rescue.iso", True)]
    url = machine.server.medium
    assert url.startswith("http://127.0.0.1:")
    (fetched,) = (tmp_path / "library/fetched").iterdir()
    assert fetched.read_bytes() == image.read_bytes()
    await bay.eject("cd0")
    assert machine.server.medium == ""
    assert not any(slot.inserted for slot in bay.slots())
    assert await status(url) == 404


@asynccontextmanager
async def removable(machine: Machine, file: Path, directory: Path) -> AsyncIterator[tuple[World, Node]]:
    """A node a1 of the machine, in a fleet whose every medium is `file`."""
    async with open_world(directory / "lightsout.db", MachineDrivers(machine)) as world:

        async def path(image: str, private: bool) -> str:
            return str(file)

        world.media.path = path  # type: ignore[method-assign]
        node = await world.fleet.create(NodeDefinition("a1", UUID(int=1), "hardware"), ADMIN)
        await until(lambda: node.snapshot.power is PowerState.OFF and node.snapshot.media)
        yield world, node


async def test_a_removed_node_leaves_no_medium_of_ours_in_its_bmc(machine: Machine, image: Path, tmp_path: Path):
    async with removable(machine, image, tmp_path) as (world, node):
        await node.do(InsertMedia("cd0", "rescue.iso"), ADMIN)
        assert machine.server.medium
        assert await world.fleet.remove("a1", ADMIN) == []
        assert machine.server.medium == ""
        (told,) = await world.heard(EventKind.NODE_REMOVED, 1)
        assert told.message == "a1 was removed"


async def test_what_another_hand_put_into_the_bmc_stays_there(machine: Machine, image: Path, tmp_path: Path):
    (tmp_path / "library").mkdir(exist_ok=True)
    (tmp_path / "library" / "theirs.iso").write_bytes(bytes(2048))
    await machine.node.do(InsertMedia("cd0", "theirs.iso"), ADMIN)
    async with removable(machine, image, tmp_path) as (world, _):
        assert await world.fleet.remove("a1", ADMIN) == []
        assert machine.server.medium == "theirs.iso"


async def test_a_node_whose_bmc_is_gone_is_removed_and_what_stays_there_is_told(
    machine: Machine, image: Path, tmp_path: Path
):
    async with removable(machine, image, tmp_path) as (world, node):
        await node.do(InsertMedia("cd0", "rescue.iso"), ADMIN)
        await machine.wire.unplug()
        (left,) = await world.fleet.remove("a1", ADMIN)
        assert left.startswith(f"rescue.iso may still be in its drive cd0 (BMC 127.0.0.1:{machine.wire.port} is unrea")
        (told,) = await world.heard(EventKind.NODE_REMOVED, 1)
        assert told.message == f"a1 was removed, but {left}; take it out there"


async def test_a_medium_is_served_in_parts_at_a_path_that_nobody_can_guess(
    backend: Backend, machine: Machine, image: Path
):
    bay = await drives(backend)
    await bay.insert("cd0", str(image), "rescue.iso")
    url = machine.server.medium
    async with aiohttp.ClientSession() as client:
        async with client.get(url, headers={"Range": "bytes=3-9"}) as response:
            assert (response.status, await response.read()) == (206, b"image" + b"an")
    base, token, name = url.rsplit("/", 2)
    assert len(token) >= 32
    for path in ("", f"/{name}", f"/x/{name}", f"/{token[:-1]}/{name}", f"/{token}/../{token}"):
        assert await status(base + path) == 404


async def test_media_are_served_at_an_address_that_only_the_bmc_has_for_us(image: Path):
    """In a container, or behind a translated address."""
    server = MediaServer("192.0.2.1", free_port())
    token = await server.publish(image)
    url = server.url_of(token)
    assert url.startswith("http://192.0.2.1:")
    assert await status(url.replace("192.0.2.1", "127.0.0.1")) == 200
    await server.close()


async def test_a_port_that_is_taken_is_told(backend: Backend, machine: Machine, image: Path, stack: AsyncExitStack):
    taken = await machine.open(stack, serve_from=f"127.0.0.1:{machine.wire.port}")
    with pytest.raises(BackendFailed, match="give an address and a free port of this host in serve_from"):
        await (await drives(taken)).insert("cd0", str(image), "rescue.iso")
    assert machine.server.medium == ""


async def test_another_medium_takes_its_place(backend: Backend, machine: Machine, image: Path, tmp_path: Path):
    bay = await drives(backend)
    await bay.insert("cd0", str(image), "first.iso")
    before = machine.server.medium
    other = tmp_path / "other.iso"
    other.write_bytes(b"another" * 5000)
    await bay.insert("cd0", str(other), "second.iso")
    assert [slot.image for slot in bay.slots()] == ["second.iso"]
    assert machine.server.medium != before
    assert await status(before) == 404


async def test_a_medium_is_served_on_after_a_restart(machine: Machine, stack: AsyncExitStack, image: Path):
    options, place = machine.options(), site(machine.directory)
    async with opened(options, place) as before:
        await (await drives(before)).insert("cd0", str(image), "rescue.iso")
        url = machine.server.medium
    with pytest.raises(aiohttp.ClientError):
        await status(url)
    after = await stack.enter_async_context(opened(options, place))
    assert await status(url) == 200
    assert [slot.image for slot in (await drives(after)).slots()] == ["rescue.iso"]


async def test_a_bmc_that_does_not_fetch_has_no_medium(
    backend: Backend, machine: Machine, image: Path, monkeypatch: pytest.MonkeyPatch
):
    async def believes(name: str, private: bool) -> str:
        return str(image)

    monkeypatch.setattr(machine.estate.service.world.media, "path", believes)
    monkeypatch.setattr(robots.redfish_media, "FETCHED_WITHIN", 0.5)
    bay = await drives(backend)
    with pytest.raises(BackendFailed, match=r"has not fetched its medium from http.*serve_from"):
        await bay.insert("cd0", str(image), "rescue.iso")
    assert machine.server.medium == ""
    assert not any(slot.inserted for slot in bay.slots())


async def test_a_bmc_that_cannot_reach_us_says_so(machine: Machine, stack: AsyncExitStack, image: Path):
    backend = await machine.open(stack, serve_from=f"localhost:{free_port()}")
    bay = await drives(backend)
    refused = MediaLibrary(machine.directory / "none", Fetcher(), 1)
    machine.estate.service.world.media.path = refused.path  # type: ignore[method-assign]
    with pytest.raises(BackendFailed, match="refused"):
        await bay.insert("cd0", str(image), "rescue.iso")
    assert not any(slot.inserted for slot in bay.slots())


async def test_without_an_address_to_serve_from_there_are_no_drives(machine: Machine, stack: AsyncExitStack):
    assert (await machine.open(stack, serve_from=None)).media is None


async def test_what_others_put_in_and_take_out_is_seen(
    backend: Backend, machine: Machine, image: Path, monkeypatch: pytest.MonkeyPatch
):
    bay = await drives(backend)
    assert isinstance(bay, RedfishMedia)
    await bay.insert("cd0", str(image), "rescue.iso")
    url = machine.server.medium
    node = machine.estate.service.world.fleet.node("n1")
    await node.do(EjectMedia("cd0"), ADMIN)
    await bay.look()
    assert not any(slot.inserted for slot in bay.slots())
    assert await status(url) == 404
    (machine.directory.parent / "library" / "theirs.iso").write_bytes(bytes(2048))
    await node.do(InsertMedia("cd0", "theirs.iso"), ADMIN)
    await bay.look()
    assert [slot.image for slot in bay.slots()] == ["theirs.iso"]


# Log, events, console


async def test_only_what_is_new_in_the_log_is_told_also_of_the_time_when_the_service_was_dead(machine: Machine):
    await machine.sel("aa")
    async with AsyncExitStack() as stack:
        told = await follow_log(await machine.open(stack), stack)
        await asyncio.sleep(1)
        await machine.sel("bb")
        await until(lambda: told)
        assert [event.severity for event in told] == [Severity.WARNING]
        assert "bb" in told[0].message
        assert told[0].at
    await machine.sel("cc")
    await machine.sel("dd")
    async with AsyncExitStack() as stack:
        told = await follow_log(await machine.open(stack), stack)
        await until(lambda: len(told) >= 2)
        await asyncio.sleep(0.5)
        assert [event.message[-26:-24] for event in told] == ["cc", "dd"]


async def test_a_log_that_was_cleared_begins_anew(machine: Machine, stack: AsyncExitStack):
    await machine.sel("aa")
    told = await follow_log(await machine.open(stack), stack)
    await asyncio.sleep(1.1)  # the log tells time in seconds
    await machine.node.do(ClearSel(), ADMIN)
    await machine.sel("bb")
    await until(lambda: told)
    assert "bb" in told[-1].message


async def test_an_event_makes_it_look_at_once(machine: Machine, stack: AsyncExitStack):
    backend = await machine.open(stack, poll="300s")
    await until(lambda: machine.wire.sent("GET /redfish/v1/EventService/SSE"))
    changes = backend.senses[0].changes()
    assert (await anext(changes)).state is PowerState.OFF
    await machine.power(PowerAction.ON)
    async with asyncio.timeout(10):
        while (await anext(changes)).state is not PowerState.ON:
            pass


async def test_the_serial_console_is_carried_both_ways(machine: Machine, stack: AsyncExitStack):
    async with AsyncExitStack() as first:
        before = await machine.open(first)
        assert before.serial is None
        assert before.sensors
        await until(lambda: before.sensors.sensors())
    after = await machine.open(stack)
    assert after.serial
    line = await after.serial.connect()
    there = machine.estate.service.drivers.lines["n1"].stream
    there.incoming.put_nowait(b"login: ")
    seen = b""
    async with asyncio.timeout(5):
        while b"login: " not in seen:
            seen += await line.read()
    await line.write(b"root\r")
    await until(lambda: bytes(there.written) == b"root\r")
    await line.close()
    with pytest.raises(NotSupported):
        await after.serial.send_break()
