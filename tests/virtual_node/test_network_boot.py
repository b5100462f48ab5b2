"""What a real guest's network cards are told to boot: offered while it is off, there from its first instruction."""

import asyncio
from collections.abc import Callable

import pytest

from bmc.model.boot import BootEnabled, BootOverride, BootTarget
from bmc.model.power import PowerAction, PowerState
from bmc.ports import DeployLink, NetworkBoot
from tests.virtual_node.rig import Rig

pytestmark = pytest.mark.guest

PXE_ONCE = BootOverride(BootTarget.PXE, BootEnabled.ONCE)
SCRIPT = b"#!ipxe\necho offered\nexit\n"


def ports(rig: Rig) -> tuple[DeployLink, NetworkBoot]:
    assert rig.backend.deploy is not None
    assert rig.backend.network_boot is not None
    return rig.backend.deploy, rig.backend.network_boot


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(SCRIPT), SCRIPT))
    await writer.drain()
    writer.close()


async def test_an_offer_outlives_the_service_and_is_never_too_late_for_the_firmware(make_rig: Callable[..., Rig]):
    rig = make_rig(nics=[{}])
    rig.write_disk()
    await rig.start()
    link, network_boot = ports(rig)
    await network_boot.offer(link.url + "/script.ipxe")
    await rig.stop()

    await rig.start()
    link, network_boot = ports(rig)
    await rig.boot.apply(PXE_ONCE)
    await rig.apply(PowerAction.ON)
    position = await rig.serial.until("http://10.0.2.2/script.ipxe...")  # the firmware waits for an answer
    server = await asyncio.start_server(serve, sock=await link.listener())
    position = await rig.serial.until("offered", position)
    position = await rig.serial.until("DISK-UP", position)
    server.close()
    await server.wait_closed()

    await rig.apply(PowerAction.FORCE_OFF)
    await rig.shows(PowerState.OFF)
    await network_boot.offer("")
    await rig.boot.apply(PXE_ONCE)
    await rig.apply(PowerAction.ON)
    position = await rig.serial.until("Nothing to boot", position)
    await rig.serial.until("DISK-UP", position)


async def test_a_listener_that_was_opened_ahead_and_never_asked_for_is_let_go(make_rig: Callable[..., Rig]):
    rig = make_rig(nics=[{}])
    rig.write_disk()
    await rig.start()
    link, network_boot = ports(rig)
    await network_boot.offer(link.url + "/script.ipxe")
    await rig.apply(PowerAction.ON)
    await network_boot.offer("")
    (await link.listener()).close()  # its place is free
