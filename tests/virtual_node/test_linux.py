"""What takes a real system in the guest: its network, and reading a CD."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from bmc.model.power import PowerCause
from tests.virtual_node.linux_guest import install
from tests.virtual_node.rig import Rig
from tests.virtual_node.sector import write_cd

pytestmark = pytest.mark.guest

SIZE = 24


@pytest.fixture
async def linux(make_rig: Callable[..., Rig]) -> Rig:
    rig = make_rig(memory_mib=192, nics=[{}], disks=[{"size_mib": SIZE}])
    install(rig)
    return await rig.start()


async def test_a_guest_reaches_its_own_deploy_listener_and_nothing_else(linux: Rig, host_port: int):
    assert linux.backend.deploy is not None
    await linux.power_on("GUEST-UP")
    position = await linux.serial.say("try 10.0.2.2 80\n")
    position = await linux.serial.until("TRY-CLOSED", position)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: 7\r\n\r\nDEPLOY\n")
        await writer.drain()
        writer.close()

    for _ in range(2):  # the second as after a restart of the service
        listener = await linux.backend.deploy.listener()
        assert not listener.get_inheritable()  # no other guest's QEMU may have it
        server = await asyncio.start_server(serve, sock=listener)
        await linux.serial.say(f"get {linux.backend.deploy.url}/\n")
        position = await linux.serial.until("DEPLOY", position)
        server.close()
        await server.wait_closed()

    for target in (f"10.0.2.2 {host_port}", f"127.0.0.1 {host_port}", "10.0.2.2 22", "10.0.2.2 443"):
        await linux.serial.say(f"try {target}\n")
        position = await linux.serial.until("TRY-CLOSED", position)
    assert b"SECRET" not in linux.serial.printed
    assert b"TRY-OPEN" not in linux.serial.printed


async def test_a_guest_sees_the_medium_change_under_it(linux: Rig, tmp_path: Path):
    first = write_cd(tmp_path / "first.iso", label="FIRST")
    second = write_cd(tmp_path / "second.iso", label="SECOND")
    await linux.media.insert("cd0", str(first), "first")
    position = await linux.power_on("GUEST-UP")
    await linux.serial.say("cd\n")
    position = await linux.serial.until("FIRST", position)
    await linux.media.insert("cd0", str(second), "second")
    await linux.serial.say("cd\ncd\n")  # the first read tells Linux of the change
    position = await linux.serial.until("SECOND", position)
    await linux.media.eject("cd0")
    assert not linux.media.slots()[0].inserted
    await linux.serial.say("cd\ncd\n")
    await linux.serial.until("CD-READ", position)
    position = len(linux.serial.printed)
    await linux.serial.say("off\n")
    await linux.told(lambda reading: reading.cause is PowerCause.GUEST_SHUTDOWN)
