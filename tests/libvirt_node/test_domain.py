"""One domain of a real libvirtd: what we do to it, what others do to it, and a libvirtd that dies under it."""

import asyncio
import signal
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from bmc.libvirt_node import link
from bmc.model.boot import NO_OVERRIDE, BootEnabled, BootMode, BootOverride, BootSeen, BootTarget
from bmc.model.errors import BackendFailed, BmcError, InvalidRequest, NotSupported, OutcomeUnknown, Refused, Unreachable
from bmc.model.power import Health, PowerAction, PowerCause, PowerReading, PowerState
from bmc.ports import Backend
from tests.libvirt_node.daemon import Libvirtd, VirtualMachine
from tests.virtual_node.rig import Serial
from tests.virtual_node.sector import write_cd

pytestmark = pytest.mark.guest

PATIENCE = 40.0
ONCE_CD = BootOverride(BootTarget.CD, BootEnabled.ONCE)

Compose = Callable[..., Awaitable[Backend]]
T = TypeVar("T")


class Watched:
    """A backend, and all that it told."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.readings: list[PowerReading] = []
        self.boots: list[BootSeen] = []
        self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._follow_boots())]

    async def apply(self, action: PowerAction) -> None:
        await self.backend.switch.apply(action)

    async def arm(self, override: BootOverride) -> None:
        assert self.backend.boot is not None
        await self.backend.boot.apply(override)

    async def told(self, wanted: Callable[[PowerReading], bool]) -> PowerReading:
        """Told, not asked for."""
        return await until(lambda: next(filter(wanted, self.readings), None))

    async def is_told(self, state: PowerState) -> PowerReading:
        return await self.told(lambda reading: reading.state is state)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _follow(self) -> None:
        async for reading in self.backend.senses[0].changes():
            self.readings.append(reading)

    async def _follow_boots(self) -> None:
        assert self.backend.boot is not None
        async for seen in self.backend.boot.seen():
            self.boots.append(seen)


Watch = Callable[[str], Awaitable[Watched]]


async def until(look: Callable[[], T | None]) -> T:
    async with asyncio.timeout(PATIENCE):
        while not (found := look()):  # noqa: ASYNC110 - what is waited for is in another process
            await asyncio.sleep(0.02)
    return found


@pytest.fixture
async def watch(compose: Compose) -> AsyncIterator[Watch]:
    watched: list[Watched] = []

    async def watch(domain: str) -> Watched:
        watched.append(Watched(await compose(domain)))
        return watched[-1]

    yield watch
    for each in watched:
        await each.close()


@pytest.fixture
async def domain(watch: Watch, machine: VirtualMachine) -> Watched:
    return await watch(machine.name)


async def test_what_virsh_does_is_told_without_asking(domain: Watched, machine: VirtualMachine):
    await domain.is_told(PowerState.OFF)
    domain.readings.clear()
    machine.virsh("start")
    await domain.is_told(PowerState.ON)
    machine.virsh("suspend")
    paused = await domain.told(lambda reading: reading.paused)
    assert (paused.cause, paused.health) == (PowerCause.PAUSED, Health.WARNING)
    await domain.backend.switch.resume()
    await domain.told(lambda reading: reading.cause is PowerCause.RESUMED)
    assert machine.state == "running"
    machine.virsh("destroy")
    await domain.is_told(PowerState.OFF)
    machine.virsh("undefine")
    gone = await domain.told(lambda reading: reading.state is PowerState.UNKNOWN)
    assert "no such domain" in gone.reason
    with pytest.raises(Refused, match="no such domain"):
        await domain.apply(PowerAction.ON)
    domain.readings.clear()
    machine.define()
    await domain.is_told(PowerState.OFF)


async def test_a_guest_does_what_it_is_told_and_its_own_end_is_seen(domain: Watched, machine: VirtualMachine):
    serial = Serial(domain.backend)
    await domain.apply(PowerAction.ON)
    await until(lambda: "DISK-UP" in machine.printed)
    await _echoes(serial)
    await domain.apply(PowerAction.NMI)
    await serial.until("NMI")
    await domain.apply(PowerAction.FORCE_RESTART)
    reset = await domain.told(lambda reading: reading.cause is PowerCause.HOST_RESET)
    assert reset.state is PowerState.ON
    await until(lambda: machine.printed.count("DISK-UP") == 2)
    await domain.apply(PowerAction.GRACEFUL_SHUTDOWN)
    off = await domain.is_told(PowerState.OFF) if domain.readings[-1].state is PowerState.OFF else None
    off = off or await domain.told(lambda r: r.state is PowerState.OFF and r.cause is PowerCause.GUEST_SHUTDOWN)
    assert off.cause is PowerCause.GUEST_SHUTDOWN
    domain.readings.clear()
    await domain.apply(PowerAction.PUSH_POWER_BUTTON)
    await domain.is_told(PowerState.ON)
    await _echoes(serial)
    await serial.say("p")  # panics; on_crash is destroy
    crashed = await domain.told(lambda r: r.state is PowerState.OFF and r.cause is PowerCause.PROCESS_DIED)
    assert crashed.health is Health.CRITICAL
    await serial.close()


async def _echoes(serial: Serial) -> None:
    """QEMU looks once a second whether anybody is at its pseudo terminal: what is typed before is lost."""
    async with asyncio.timeout(PATIENCE):
        begin = len(serial.printed)
        while b"~" not in serial.printed[begin:]:
            try:
                await serial.say("~")
            except BmcError:
                pass
            await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"boot": "", "disk": "<boot order='1'/>", "nic": "<boot order='2'/>"},
        {"boot": "", "disk": "<boot order='2'/>", "cd": "<boot order='3'/>", "nic": "<boot order='1'/>"},
    ],
    ids=["names", "numbers", "all numbered"],
)
@pytest.mark.parametrize("target", [BootTarget.CD, BootTarget.PXE, BootTarget.HDD])
async def test_an_override_stands_in_the_definition_until_it_is_taken_back(watch, libvirtd, target, parts):
    machine = libvirtd.define("orders", **parts)
    try:
        own = machine.saved
        domain = await watch(machine.name)
        await domain.arm(BootOverride(target, BootEnabled.CONTINUOUS))
        first = {BootTarget.CD: "sda", BootTarget.PXE: "nic0", BootTarget.HDD: "vda"}[target]
        assert domain.backend.inventory.hardware().boot_order[0] == first
        await domain.arm(NO_OVERRIDE)
        assert machine.saved == own
    finally:
        machine.remove()


async def test_a_once_override_boots_once_and_a_reboot_of_the_guest_follows_its_own_order(
    domain: Watched, machine: VirtualMachine, libvirtd: Libvirtd, tmp_path: Path
):
    own = machine.saved
    await _insert_cd(domain, libvirtd)
    await domain.arm(ONCE_CD)
    assert machine.saved != own
    await domain.apply(PowerAction.ON)
    await until(lambda: "CD-UP" in machine.printed)
    await until(lambda: [seen.override for seen in domain.boots] == [ONCE_CD])
    await until(lambda: machine.virsh("dumpxml").count("<on_reboot>destroy") == 1)
    serial = Serial(domain.backend)
    await _echoes(serial)
    domain.readings.clear()
    await serial.say("r")
    await until(lambda: "DISK-UP" in machine.printed)
    assert machine.printed.count("CD-UP") == 1
    assert not [reading for reading in domain.readings if reading.state is PowerState.OFF]
    assert (await domain.told(lambda reading: reading.cause is PowerCause.GUEST_RESET)).state is PowerState.ON
    await domain.backend.media.eject("sda")  # type: ignore[union-attr]
    assert machine.saved == own
    await serial.close()


async def test_a_reset_follows_what_was_armed_while_it_ran(
    domain: Watched, machine: VirtualMachine, libvirtd: Libvirtd
):
    await _insert_cd(domain, libvirtd)
    await domain.apply(PowerAction.ON)
    await until(lambda: "DISK-UP" in machine.printed)
    await domain.arm(ONCE_CD)
    await domain.apply(PowerAction.FORCE_RESTART)
    await until(lambda: "CD-UP" in machine.printed)
    await until(lambda: [seen.override for seen in domain.boots if seen.override != NO_OVERRIDE] == [ONCE_CD])


async def test_a_boot_while_the_service_was_dead_has_spent_the_override(watch, machine: VirtualMachine):
    own = machine.saved
    before = await watch(machine.name)
    await before.arm(ONCE_CD)
    await before.backend.lifecycle.close()
    machine.virsh("start")
    after = await watch(machine.name)
    await until(lambda: [seen.override for seen in after.boots] == [ONCE_CD])
    assert machine.saved == own


async def test_what_was_edited_meanwhile_stays(domain: Watched, machine: VirtualMachine):
    await domain.arm(ONCE_CD)
    machine.define(boot="<boot dev='network'/>")
    await domain.arm(NO_OVERRIDE)
    assert "<boot dev='network'/>" in machine.saved
    assert "passwd='hush'" in machine.virsh("dumpxml", "--inactive", "--security-info")
    assert "passwd='hush'" in machine.virsh("dumpxml", "--inactive", "--security-info")


async def test_an_override_that_cannot_be_is_refused(domain: Watched, machine: VirtualMachine):
    with pytest.raises(NotSupported, match="Legacy only"):
        await domain.arm(BootOverride(BootTarget.CD, BootEnabled.ONCE, BootMode.UEFI))
    machine.virsh("detach-disk", "sda", "--config")
    with pytest.raises(NotSupported, match="nothing to boot Cd from"):
        await domain.arm(ONCE_CD)


async def test_removing_the_node_leaves_the_domain_as_it_was(compose: Compose, machine: VirtualMachine):
    own = machine.saved
    backend = await compose(machine.name)
    assert backend.boot is not None
    await backend.boot.apply(BootOverride(BootTarget.PXE, BootEnabled.CONTINUOUS))
    assert machine.saved != own
    await backend.lifecycle.close()
    await backend.lifecycle.erase()
    assert machine.saved == own


async def test_media_survive_power_off_and_what_others_insert_is_shown(
    domain: Watched, machine: VirtualMachine, libvirtd: Libvirtd
):
    bay = domain.backend.media
    assert bay is not None
    await _insert_cd(domain, libvirtd)
    assert [(slot.id, slot.image) for slot in bay.slots()] == [("sda", "tiny")]
    await domain.apply(PowerAction.ON)
    await domain.is_told(PowerState.ON)
    assert bay.slots()[0].image == "tiny"
    other = libvirtd.directory / "other.iso"
    other.write_bytes(bytes(65536))
    machine.virsh("change-media", "sda", str(other), "--live", "--config", "--force")
    await until(lambda: bay.slots()[0].image == "other.iso")
    await bay.eject("sda")
    assert not bay.slots()[0].inserted
    assert "other.iso" not in machine.saved + machine.live


async def test_a_medium_that_libvirts_qemu_cannot_read_is_told_with_the_remedy(
    domain: Watched, machine: VirtualMachine, tmp_path: Path
):
    secret = tmp_path / "secret.iso"
    secret.write_bytes(bytes(65536))
    secret.chmod(0)
    await domain.apply(PowerAction.ON)
    bay = domain.backend.media
    assert bay is not None
    with pytest.raises(BackendFailed, match=r"must be able to read .*secret\.iso"):
        await bay.insert("sda", str(secret), "secret.iso")
    assert not bay.slots()[0].inserted


async def test_the_screen_asks_nobody_for_the_password_that_it_has(domain: Watched, machine: VirtualMachine):
    screen = domain.backend.screen
    assert screen is not None
    with pytest.raises(BmcError, match="is off"):
        await screen.connect()
    await domain.apply(PowerAction.ON)
    stream = await screen.connect()
    assert await stream.read() == b"RFB 003.008\n"
    await stream.write(b"RFB 003.008\n")
    assert await stream.read() == b"\x01\x01"  # one security type: none
    await stream.write(b"\x01")
    assert await stream.read() == bytes(4)
    await stream.write(b"\x01")
    width, height = struct.unpack(">HH", (await stream.read())[:4])
    assert width >= 320
    assert height >= 200
    await stream.close()


async def test_hardware_and_sensors_are_the_domains(domain: Watched, machine: VirtualMachine):
    inventory, sensors = domain.backend.inventory, domain.backend.sensors
    assert inventory is not None
    assert sensors is not None
    hardware = inventory.hardware()
    assert (hardware.cpus, hardware.memory, hardware.firmware) == (1, 96 << 20, BootMode.LEGACY)
    assert [(disk.name, disk.size, disk.serial, disk.bus) for disk in hardware.disks] == [
        ("vda", 8 << 20, "LV-1", "virtio")
    ]
    assert [nic.mac for nic in hardware.nics] == ["52:54:00:11:22:33"]
    assert (hardware.accelerator, hardware.boot_order) == ("tcg", ("vda", "nic0"))
    assert await sensors.read() == {}
    await domain.apply(PowerAction.ON)
    await domain.is_told(PowerState.ON)
    async with asyncio.timeout(PATIENCE):
        while not (later := await sensors.read()).get("CPU Load"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert later["QEMU Memory"] > 10
    assert later["CPU Load"] <= 100
    assert later["Disk Read"] >= 0


async def test_a_line_that_virsh_has_is_had_when_it_leaves(domain: Watched, machine: VirtualMachine):
    machine.virsh("start")
    guest = await asyncio.create_subprocess_exec(
        *("script", "-qec", f"virsh -c '{machine.daemon.uri}' console {machine.name}", "/dev/null"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert guest.stdout is not None
    async with asyncio.timeout(PATIENCE):
        while b"Connected" not in await guest.stdout.readline():
            continue
    serial = Serial(domain.backend)
    await asyncio.sleep(0.3)
    guest.kill()
    await guest.wait()
    await _echoes(serial)
    await serial.close()


@pytest.fixture
def own_libvirtd(libvirtd: Libvirtd) -> Iterator[Libvirtd]:
    """Running again after the test."""
    yield libvirtd
    try:
        libvirtd.signal(signal.SIGCONT)
    except AssertionError:
        libvirtd.start()


async def test_a_libvirtd_that_is_killed_makes_it_unknown_and_is_found_again(
    domain: Watched, machine: VirtualMachine, own_libvirtd: Libvirtd
):
    serial = Serial(domain.backend)
    await domain.apply(PowerAction.ON)
    await _echoes(serial)
    own_libvirtd.kill()
    unknown = await domain.is_told(PowerState.UNKNOWN)
    assert unknown.reason.startswith("libvirt here cannot be reached")
    with pytest.raises((Unreachable, OutcomeUnknown)):
        await domain.apply(PowerAction.FORCE_OFF)
    domain.readings.clear()
    own_libvirtd.start()
    await domain.is_told(PowerState.ON)
    await _echoes(serial)
    await domain.apply(PowerAction.FORCE_OFF)
    await domain.is_told(PowerState.OFF)
    await serial.close()


async def test_a_libvirtd_that_hangs_holds_nobody_up(
    domain: Watched, machine: VirtualMachine, own_libvirtd: Libvirtd, monkeypatch: pytest.MonkeyPatch
):
    """More calls than there are threads: those that were not begun did nothing, and say so."""
    await domain.apply(PowerAction.ON)
    monkeypatch.setattr(link, "DEADLINE", 0.5)
    own_libvirtd.signal(signal.SIGSTOP)
    looks = await asyncio.gather(*(domain.backend.senses[0].read() for _ in range(link.THREADS)))
    assert {reading.state for reading in looks} == {PowerState.UNKNOWN}
    assert all("did not answer within" in reading.reason for reading in looks)
    own_libvirtd.signal(signal.SIGCONT)
    async with asyncio.timeout(PATIENCE):
        while (await domain.backend.senses[0].read()).state is not PowerState.ON:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_a_libvirtd_that_is_not_there_at_first_is_found_when_it_is(
    watch, machine: VirtualMachine, own_libvirtd: Libvirtd
):
    own_libvirtd.kill()
    domain = await watch(machine.name)
    await domain.is_told(PowerState.UNKNOWN)
    assert domain.backend.inventory.hardware().cpus == 0
    own_libvirtd.start()
    await domain.is_told(PowerState.OFF)
    assert domain.backend.inventory.hardware().cpus == 1


async def test_what_there_is_not_is_refused(compose: Compose, watch):
    with pytest.raises(InvalidRequest, match="nowhere"):
        await compose("vm", connection="nowhere")
    nobody = await watch("no-such-domain")
    assert "no such domain" in (await nobody.is_told(PowerState.UNKNOWN)).reason


async def _insert_cd(domain: Watched, libvirtd: Libvirtd) -> None:
    cd = libvirtd.directory / "tiny.iso"
    if not cd.exists():
        write_cd(cd)
    assert domain.backend.media is not None
    await domain.backend.media.insert("sda", str(cd), "tiny")


async def test_a_disk_that_takes_nothing_costs_no_news(domain: Watched, machine: VirtualMachine, tmp_path: Path):
    (tmp_path / "kept" / "n1.new").mkdir(parents=True)
    with pytest.raises(BackendFailed, match="cannot write"):
        await domain.arm(BootOverride(BootTarget.HDD, BootEnabled.ONCE))
    for turn in (1, 2):
        machine.virsh("start")
        await until(lambda turn=turn: len(domain.boots) >= turn)  # type: ignore[misc]
        domain.readings.clear()
        machine.virsh("destroy")
        await domain.is_told(PowerState.OFF)
