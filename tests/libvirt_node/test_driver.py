"""The driver `libvirt` where there is no libvirt: what it refuses, and what it says of that."""

import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from bmc.libvirt_node.definition import boot_order, firmware, first, hardware, has_serial_line, parse, vnc_index
from bmc.libvirt_node.driver import driver
from bmc.model.boot import BootMode, BootTarget
from bmc.model.errors import InvalidOptions, InvalidRequest
from bmc.model.node import NodeDefinition
from robots.testing import make_site

WITHOUT = """
import asyncio, sys
sys.modules["libvirt"] = None  # as where it is not installed
from pathlib import Path
from uuid import uuid4
from bmc.libvirt_node.driver import driver
from bmc.model.errors import BackendFailed
from bmc.model.node import NodeDefinition
from bmc.ports import Configured
from robots.testing import make_site
configured = Configured(lambda name: (b"", b""), connections={"here": "qemu:///system"})
site = make_site(Path("kept"), configured=configured)
print(*(check.finding for check in driver.checks(site.directory, configured)))
try:
    asyncio.run(driver.open(NodeDefinition("n1", uuid4(), "libvirt", {"connection": "here", "domain": "vm"}), site))
except BackendFailed as error:
    print("REFUSED", error)
"""
UEFI = """<domain type='kvm'>
  <memory unit='GiB'>2</memory><vcpu>4</vcpu>
  <os firmware='efi'><type arch='aarch64' machine='virt'>hvm</type></os>
  <devices>
    <disk type='block' device='disk'><target dev='sda' bus='scsi'/><boot order='2'/></disk>
    <disk type='file' device='cdrom'><target dev='sdb' bus='sata'/></disk>
    <disk type='file' device='cdrom'><target dev='sdc' bus='sata'/></disk>
    <interface type='bridge'><mac address='52:54:00:00:00:01'/></interface>
    <interface type='bridge'><mac address='52:54:00:00:00:02'/><boot order='1'/></interface>
    <hostdev mode='subsystem' type='pci'><boot order='3'/></hostdev>
    <graphics type='spice'/><graphics type='vnc'/>
    <serial type='tcp'/>
  </devices>
</domain>"""


def test_an_installation_without_the_binding_refuses_with_the_remedy(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    finding, refused = done.stdout.splitlines()
    assert "libvirt-dev" in finding
    assert refused.startswith("REFUSED the Python binding of libvirt is not installed; install ")
    assert "pip install libvirt-python" in refused


async def test_a_connection_that_is_not_configured_is_refused(tmp_path: Path):
    definition = NodeDefinition("n1", uuid4(), "libvirt", {"connection": "here", "domain": "vm"})
    with pytest.raises(InvalidRequest, match="'here' is not in the configuration file"):
        await driver.open(definition, make_site(tmp_path))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"connection": "here"}, r"options\.domain: Field required"),
        ({"connection": "here", "domain": "vm", "uri": "qemu:///system"}, r"options\.uri: there is no such option$"),
    ],
)
def test_options_that_are_wrong_are_named(options: dict[str, object], words: str):
    with pytest.raises(InvalidOptions, match=words):
        driver.complete(
            NodeDefinition("n1", uuid4(), "libvirt", options),
            make_site(Path("/nowhere")),
        )


def test_a_domain_of_numbered_devices_is_read_and_reordered():
    tree = parse(UEFI)
    assert firmware(tree) is BootMode.UEFI
    assert (vnc_index(tree), has_serial_line(tree)) == (1, False)
    found = hardware(tree, {"sda": 5})
    assert (found.memory, found.cpus, found.architecture, found.accelerator) == (2 << 30, 4, "aarch64", "kvm")
    assert found.boot_order == ("nic1", "sda")
    assert boot_order(tree).devices == {"disk:sda": 2, "interface:52:54:00:00:00:02": 1, "hostdev:5": 3}
    network, disk, cd = (first(tree, each) for each in (BootTarget.PXE, BootTarget.HDD, BootTarget.CD))
    assert network == boot_order(tree)
    assert disk is not None
    assert disk.devices == {"disk:sda": 1, "interface:52:54:00:00:00:02": 2, "hostdev:5": 3}
    assert cd is not None
    assert list(cd.devices)[:3] == ["disk:sdb", "disk:sdc", "interface:52:54:00:00:00:02"]
