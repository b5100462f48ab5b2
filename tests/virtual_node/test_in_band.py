"""One BMC, two sides: a guest's own ipmitool over /dev/ipmi0, and ipmitool over the LAN."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from bmc.ipmi.commands import TABLE
from bmc.ipmi.server import IpmiServer
from bmc.model.boot import BootTarget
from bmc.model.clock import SystemClock
from bmc.model.commands import Power, SerialConsole
from bmc.model.errors import WrongState
from bmc.model.node import Endpoint, NodeDefinition
from bmc.model.power import PowerAction, PowerCause, PowerState
from bmc.node import ConsoleStream, Node
from bmc.virtual_node.files import NodeFiles
from tests.ipmi.conftest import Rack
from tests.ipmi.fakes import KEY, NODE_ID, FakeNode, FakeSlots
from tests.ports import free_port
from tests.virtual_node import linux_guest
from tests.virtual_node.real_drivers import PATIENT, RealDrivers
from tests.virtual_node.rig import PATIENCE, kill_qemu
from tests.world import ADMIN, open_world, until

pytestmark = pytest.mark.guest

WATCHDOG = (0x06, 0x24)


@dataclass
class Guest:
    """A Linux that was booted, its serial line, and its door."""

    node: Node
    door: Rack
    line: ConsoleStream
    printed: str = ""

    async def says(self, wanted: str, seconds: float = PATIENCE) -> str:
        """What was printed up to `wanted`."""
        async with asyncio.timeout(seconds):
            while wanted not in self.printed:
                self.printed += (await self.line.read()).decode(errors="replace")
        before, _, self.printed = self.printed.partition(wanted)
        return before

    async def run(self, line: str) -> tuple[int, str]:
        """Exit code and what was printed."""
        await self.line.write(f"run {line}\n".encode())
        text = await self.says("RUN-DONE ")
        return int((await self.says("\n")).strip()), text

    async def ipmitool(self, words: str) -> tuple[int, str]:
        return await self.run(f"ipmitool {words}")


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    key_file = tmp_path / "key"
    key_file.write_text(KEY)
    key_file.chmod(0o600)
    files = NodeFiles(tmp_path / "nodes" / "n1")
    files.make()
    shutil.copyfile(linux_guest.boot_disk(), files.guest / "disk0.raw")
    yield tmp_path
    kill_qemu(files)


@asynccontextmanager
async def service(directory: Path) -> AsyncIterator[Guest]:
    """As much of the service as it takes; to enter it again is a restart, which the guest lives through."""
    options = {"memory_mib": 192, "accelerator": "tcg", "disks": [{"size_mib": 32}], "nics": []}
    drivers = RealDrivers(directory / "nodes")
    async with open_world(directory / "store.db", drivers, PATIENT) as world:
        if not world.fleet.visible(ADMIN):
            node = await world.fleet.create(NodeDefinition("n1", NODE_ID, "qemu", options), ADMIN)
            node.relocate(Endpoint("127.0.0.1", free_port()))
        [node] = world.fleet.visible(ADMIN)
        slots = FakeSlots()
        async with IpmiServer(slots, world.store, SystemClock()) as server:
            door = Rack(server, FakeNode(), slots, await server.add(node), directory / "key")
            yield Guest(node, door, await node.open(SerialConsole(replay=0), ADMIN))


async def reaches_its_bmc(guest: Guest) -> bool:
    with suppress(WrongState):  # the service that has just started has no line to it yet
        code, _ = await guest.ipmitool("mc info")
        return code == 0
    return False


async def test_the_guest_and_the_lan_see_one_bmc_and_the_guest_is_kept_in_its_place(directory: Path):
    async with service(directory) as guest:
        await guest.node.do(Power(PowerAction.ON), ADMIN)
        await guest.says("GUEST-UP")
        await asks(guest)
        await changes(guest)
        await is_refused(guest)
    async with service(directory) as guest:
        async with asyncio.timeout(PATIENCE):
            while not await reaches_its_bmc(guest):  # noqa: ASYNC110 - the guest tells nobody
                await asyncio.sleep(0.2)
        assert guest.node.snapshot.os_seen
        if WATCHDOG in TABLE:
            await is_watched(guest)
        await guest.line.write(b"run ipmitool chassis power off\n")
        await until(lambda: guest.node.snapshot.power is PowerState.OFF, PATIENCE)
        assert not guest.node.snapshot.os_seen


async def asks(guest: Guest) -> None:
    for words, expected in (
        ("mc info", "IPMI Version              : 2.0"),
        ("mc guid", "System GUID"),
        ("mc getenables", "Receive Message Queue Interrupt          : enabled"),
        ("mc getenables", "Event Message Buffer                     : enabled"),
        ("mc getenables", "System Event Logging                     : enabled"),
        ("chassis status", "System Power         : on"),
        ("sel list", "Initiated by power up"),
        ("sdr list", ""),
        ("channel info 1", "Channel Medium Type   : 802.3 LAN"),
        ("channel info", "Channel Medium Type   : System Interface"),
        ("user list 1", "admin"),
        ("lan print 1", "IP Address              : 127.0.0.1"),
    ):
        code, text = await guest.ipmitool(words)
        assert (code, expected in text) == (0, True), (words, text)
    assert guest.node.snapshot.os_seen


async def changes(guest: Guest) -> None:
    """What one side does the other sees."""
    before = len(guest.node.snapshot.sel.entries)
    code, text = await guest.ipmitool("event 1")
    assert code == 0, text
    await until(lambda: len(guest.node.snapshot.sel.entries) > before)
    assert "Temperature" in (await guest.door.ipmitool("sel", "elist"))[1]
    code, text = await guest.run("echo 0x04 0x02 0x30 0x01 0x09 0xff 0xff > /tmp/event; ipmitool sel add /tmp/event")
    assert code == 0, text
    inside, outside = (await guest.ipmitool("sel list"))[1], (await guest.door.ipmitool("sel", "list"))[1]
    assert _last(inside) == _last(outside)
    assert (await guest.ipmitool("chassis bootdev cdrom"))[0] == 0
    assert guest.node.snapshot.boot.target is BootTarget.CD
    assert "Force Boot from CD/DVD" in (await guest.door.ipmitool("chassis", "bootparam", "get", "5"))[1]
    await guest.door.ipmitool("chassis", "bootdev", "none")
    assert "No override" in (await guest.ipmitool("chassis bootparam get 5"))[1]


def _last(printed: str) -> list[str]:
    """The fields of the last record."""
    return [field.strip() for field in printed.splitlines()[-1].split("|")]


async def is_refused(guest: Guest) -> None:
    for words in (
        "user set name 5 mallory",
        "user set password 2 gotcha",
        "user priv 3 4 1",
        "raw 0x0c 0x01 0x01 0x03 10 0 0 1",
        "raw 0x06 0x02",
        "raw 0x06 0x3b 0x04",
        "raw 0x06 0x3c 1 0 0 0",
        "raw 0x06 0x40 0x01 0x00 0x04",
        "raw 0x06 0x48 0x01 0x01 0xc0 0 0 0",
        "raw 0x06 0x49 0x01 0x01 0 0 0 0",
        "raw 0x06 0x4c 0x01 0x02 0x02 0 0 0",
    ):
        code, text = await guest.ipmitool(words)
        assert code != 0, f"{words}: {text}"
        assert "nsufficient privilege" in text, f"{words}: {text}"
    assert guest.door.slots.users[b"admin"].key == KEY.encode()
    assert "rsp=0xcc" in (await guest.ipmitool("raw 0x06 0x2e 0x01"))[1], "the event log stays on"


async def is_watched(guest: Guest) -> None:
    """Linux pets the BMC's watchdog while somebody pets Linux's; who stops is reset, by the BMC."""
    code, text = await guest.run("modprobe ipmi_watchdog timeout=4 action=reset; ls /dev/watchdog")
    assert code == 0, text
    code, text = await guest.run(
        "for i in 1 2 3 4 5 6; do echo . > /dev/watchdog; sleep 1; done; ipmitool mc watchdog get"
    )
    assert "Started" in text, text
    assert guest.node.snapshot.power is PowerState.ON
    await guest.says("GUEST-UP")
    assert guest.node.snapshot.cause is PowerCause.WATCHDOG
    assert not guest.node.snapshot.watchdog.ends
