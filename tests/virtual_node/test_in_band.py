"""One BMC, two sides: a guest's own ipmitool over /dev/ipmi0, and ipmitool over the LAN."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from bmc.ipmi.server import IpmiServer
from bmc.model.clock import SystemClock
from bmc.model.commands import Power, SerialConsole
from bmc.model.node import Endpoint, NodeDefinition
from bmc.model.power import PowerAction, PowerState
from bmc.node import ConsoleStream, Node
from bmc.ports import Backend
from bmc.virtual_node.driver import open_virtual_node
from bmc.virtual_node.files import NodeFiles
from tests.ipmi.conftest import Rack, low_port
from tests.ipmi.fakes import KEY, FakeNode, FakeSlots
from tests.virtual_node import linux_guest
from tests.virtual_node.rig import kill_qemu
from tests.world import ADMIN, MemoryDrivers, open_world, until

pytestmark = [pytest.mark.guest, pytest.mark.timeout(400)]


class RealDrivers(MemoryDrivers):
    def __init__(self, directory: Path) -> None:
        super().__init__()
        self.directory = directory

    async def open(self, definition: NodeDefinition) -> Backend:
        return open_virtual_node(definition, self.directory, SystemClock())


@dataclass
class Guest:
    """A Linux that was booted, its serial line, and its door."""

    node: Node
    door: Rack
    line: ConsoleStream
    printed: str = ""

    async def says(self, wanted: str, seconds: float = 60) -> str:
        """What was printed up to `wanted`."""
        async with asyncio.timeout(seconds):
            while wanted not in self.printed:
                self.printed += (await self.line.read()).decode(errors="replace")
        before, _, self.printed = self.printed.partition(wanted)
        return before

    async def ipmitool(self, words: str) -> tuple[int, str]:
        await self.line.write(f"ipmi {words}\n".encode())
        text = await self.says("IPMI-DONE ")
        return int((await self.says("\n")).strip()), text


@pytest.fixture
async def guest(tmp_path: Path) -> AsyncIterator[Guest]:
    directory = tmp_path / "nodes"
    files = NodeFiles(directory / "n1")
    files.make()
    shutil.copyfile(linux_guest.boot_disk(), files.guest / "disk0.raw")
    options = {"memory_mib": 192, "accelerator": "tcg", "disks": [{"size_mib": 32}], "nics": []}
    key_file = tmp_path / "key"
    key_file.write_text(KEY)
    key_file.chmod(0o600)
    try:
        async with open_world(tmp_path / "store.db", RealDrivers(directory)) as world:
            node = await world.fleet.create(NodeDefinition("n1", uuid4(), "qemu", options), ADMIN)
            node.relocate(Endpoint("127.0.0.1", low_port()))
            async with IpmiServer(FakeSlots(), world.store, SystemClock()) as server:
                door = Rack(server, FakeNode(), FakeSlots(), await server.add(node), key_file)
                await node.do(Power(PowerAction.ON), ADMIN)
                guest = Guest(node, door, await node.open(SerialConsole(), ADMIN))
                await guest.says("GUEST-UP")
                yield guest
                await guest.line.close()
                await node.do(Power(PowerAction.FORCE_OFF), ADMIN)
    finally:
        kill_qemu(files)


async def test_the_guest_and_the_lan_see_one_bmc_and_the_guest_is_kept_in_its_place(guest: Guest):
    code, text = await guest.ipmitool("mc info")
    assert code == 0, text
    assert "IPMI Version              : 2.0" in text
    assert guest.node.snapshot.os_seen
    code, text = await guest.ipmitool("chassis status")
    assert "System Power         : on" in text

    code, text = await guest.ipmitool("event 1")
    assert code == 0, text
    await until(lambda: len(guest.node.snapshot.sel.entries) >= 2)
    code, text = await guest.door.ipmitool("sel", "elist")
    assert "Temperature" in text, text
    code, text = await guest.ipmitool("sel list")
    assert "Initiated by power up" in text

    for words in (
        "user set name 5 mallory",
        "user set password 2 gotcha",
        "raw 0x0c 0x01 0x01 0x03 10 0 0 1",
        "raw 0x06 0x40 0x01 0x00 0x04",
        "raw 0x06 0x49 0x01 0x01 0 0 0 0",
    ):
        code, text = await guest.ipmitool(words)
        assert code != 0, f"{words}: {text}"
        assert "nsufficient privilege" in text, f"{words}: {text}"
    assert guest.door.slots.users[b"admin"].key == KEY.encode()

    await guest.line.write(b"ipmi chassis power off\n")
    await until(lambda: guest.node.snapshot.power is PowerState.OFF, 10)
    assert not guest.node.snapshot.os_seen
