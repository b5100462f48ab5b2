"""A domain of libvirt by every door of a live service: ipmitool, Redfish by sushy, SOL; and virsh beside."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest
import sushy
from sushy.auth import BasicAuth

from tests.e2e.service import ADMIN, ADMIN_PASSWORD, IPMI_PASSWORD, LiveService, event_stream, wait_until
from tests.ipmi.terminal import terminal
from tests.libvirt_node.daemon import Libvirtd, VirtualMachine
from tests.ports import free_port
from tests.virtual_node.sector import write_cd

pytestmark = pytest.mark.guest
NODE = "old-vm"


@pytest.fixture
def node(service: LiveService, machine: VirtualMachine) -> Iterator[LiveService]:
    service.add_node(NODE, "libvirt", connection="here", domain=str(machine.uuid))
    user = {"UserName": ADMIN, "Password": IPMI_PASSWORD, "RoleId": "Administrator"}
    service.do("POST", f"/redfish/v1/Managers/{NODE}/RemoteAccountService/Accounts", user)
    service.find()
    wait_until(lambda: service.power(NODE) == "Off", 20, "known to be off")
    yield service
    if service.call("GET", f"/redfish/v1/Systems/{NODE}").status == 200:
        service.remove_node(NODE)


async def test_a_domain_is_run_by_every_door_and_by_virsh_beside(
    node: LiveService, machine: VirtualMachine, libvirtd: Libvirtd
):
    assert node.system(NODE)["SystemType"] == "Virtual"
    assert node.system(NODE)["MemorySummary"]["TotalSystemMemoryGiB"] == pytest.approx(96 / 1024)
    own = machine.saved

    # IPMI: the boot device is followed once, and the domain is its own again.
    write_cd(node.state / "media" / "tiny.iso")
    ironic: Any = sushy.Sushy(f"{node.url}/redfish/v1", auth=BasicAuth(ADMIN, ADMIN_PASSWORD))
    system = ironic.get_system(f"/redfish/v1/Systems/{NODE}")
    (drive,) = ironic.get_manager(f"/redfish/v1/Managers/{NODE}").virtual_media.get_members()
    libvirtd.enter(node.state / "media" / "tiny.iso")
    drive.insert_media("tiny.iso")
    node.ipmitool(NODE, "chassis", "bootdev", "cdrom")
    async with event_stream(node) as events:
        asked = time.monotonic()
        await asyncio.to_thread(node.ipmitool, NODE, "chassis", "power", "on")
        await events.expect(NODE, "power.changed", after=asked, where=lambda event: event["Details"]["to"] == "On")
        await events.expect(NODE, "boot.override-spent", after=asked)
        wait_until(lambda: "CD-UP" in machine.printed, 30, "booted from the CD-ROM")

        # The guest's serial line over SOL.
        async with terminal(*node.ipmitool_words(NODE, "sol", "activate")) as person:
            await person.expect(b"SOL Session operational", 20)
            async with asyncio.timeout(30):
                while b"^" not in person.printed:
                    person.type(b"^")
                    await asyncio.sleep(0.2)

        # What others do is seen.
        asked = time.monotonic()
        machine.virsh("destroy")
        await events.expect(NODE, "power.changed", after=asked, where=lambda event: event["Details"]["to"] == "Off")
    assert "is off" in node.ipmitool(NODE, "chassis", "power", "status")
    drive.refresh()
    drive.eject_media()
    assert machine.saved == own

    # Redfish, as Ironic speaks it.
    system.set_system_boot_source(sushy.BOOT_SOURCE_TARGET_PXE, enabled=sushy.BOOT_SOURCE_ENABLED_CONTINUOUS)
    assert machine.saved.index("<boot dev='network'/>") < machine.saved.index("<boot dev='hd'/>")
    system.reset_system(sushy.RESET_TYPE_ON)
    wait_until(lambda: machine.state == "running", 20, "on")
    system.set_system_boot_source(sushy.BOOT_SOURCE_TARGET_HDD, enabled=sushy.BOOT_SOURCE_ENABLED_ONCE)
    system.reset_system(sushy.RESET_TYPE_FORCE_RESTART)
    wait_until(lambda: "DISK-UP" in machine.printed, 40, "booted from its disk")
    system.reset_system(sushy.RESET_TYPE_GRACEFUL_SHUTDOWN)
    wait_until(lambda: node.power(NODE) == "Off", 30, "off")

    # The service dies and comes back; the domain is none of its business.
    machine.virsh("start")
    node.kill()
    assert machine.state == "running"
    node.start()
    wait_until(lambda: node.power(NODE) == "On", 20, "found on")
    libvirtd.kill()
    wait_until(lambda: node.system(NODE)["PowerState"] is None, 20, "unknown")
    told = node.system(NODE)["PowerState@Message.ExtendedInfo"][0]["Message"]
    assert "libvirt here cannot be reached" in told
    assert node.try_ipmitool(NODE, "chassis", "power", "status").returncode != 0
    libvirtd.start()
    wait_until(lambda: node.power(NODE) == "On", 30, "known again")
    node.remove_node(NODE)
    assert machine.state == "shut off"
    assert machine.saved == own


def test_a_domain_says_what_a_job_of_the_ramdisk_would_take(node: LiveService):
    answer = node.call("POST", f"/redfish/v1/Systems/{NODE}/Actions/Oem/Lightsout.Inspect", {})
    assert answer.status == 400
    assert "a network card that leads to the deploy listener" in answer.words


def test_a_connection_that_is_not_configured_is_refused(service: LiveService):
    options = {"connection": "elsewhere", "domain": "vm"}
    body = {"Name": NODE, "Oem": {"Lightsout": {"Driver": "libvirt", "Options": options}}}
    answer = service.call("POST", "/redfish/v1/Systems", body)
    assert answer.status == 400
    assert "'elsewhere' is not in the configuration file; there is here" in answer.words


def test_a_node_is_made_at_the_ipmi_endpoint_that_was_asked_for_or_not_at_all(service: LiveService):
    def create(name: str, host: str, port: int) -> tuple[int, str]:
        ours = {"Driver": "libvirt", "Options": {"connection": "here", "domain": "vm"}}
        endpoint = {"IPMI": {"Host": host, "Port": port}}
        answer = service.call("POST", "/redfish/v1/Systems", {"Name": name, "Oem": {"Lightsout": ours | endpoint}})
        return answer.status, answer.words

    service.find()
    port = free_port()
    assert create("a", "127.0.0.1", port)[0] == 201
    service.find()
    assert service.nodes["a"] == ("127.0.0.1", port)
    status, words = create("b", "127.0.0.1", port)
    assert (status, f"port {port} is that of a" in words) == (503, True)
    status, words = create("b", "127.0.0.2", free_port())
    assert (status, "none that nodes have" in words) == (400, True)
    assert create("b", "127.0.0.1", 70000)[0] == 400
    assert create("b", "127.0.0.1", free_port())[0] == 201
