"""A provisioning system in its own way, as Ironic goes: its own ramdisk by virtual media, boot device and power by our
Redfish or IPMI, and no job of ours.
"""

import gzip
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import sushy
from sushy.auth import BasicAuth

from bmc.reinstall.build import Artefacts, build_all, default_cache
from bmc.reinstall.build_tools import run
from bmc.reinstall.medium import build_medium
from bmc.virtual_node.files import NodeFiles, disk_file
from tests.e2e.conftest import NewService
from tests.e2e.service import ADMIN, ADMIN_PASSWORD, SYSTEMS, LiveService, booting

pytestmark = [pytest.mark.guest, pytest.mark.slow]

CONFIG = '[fetch]\nallow = ["127.0.0.0/8"]\n'
SECONDS = 200
INIT = """#!/bin/sh
export PATH=/bin:/sbin
. /lib/lightsout.sh
mounts
coldplug
echo "the provisioner's ramdisk writes" > /dev/ttyS0
echo "provisioned by $(cat /sys/class/dmi/id/product_uuid)" | dd of=/dev/vda conv=fsync
poweroff -f
"""


@pytest.fixture
def ramdisk(tmp_path: Path) -> Path:
    """ramdisk.iso with an init of the provisioner's own: writes to the first disk, and powers off."""
    ours, theirs, root = build_all(default_cache()).directory, tmp_path / "artefacts", tmp_path / "root"
    root.mkdir()
    shutil.copytree(ours, theirs, ignore=shutil.ignore_patterns("images"))
    (root / "init").write_text(INIT)
    (root / "init").chmod(0o755)
    own = run("cpio", "--create", "--format=newc", "--quiet", stdin=b"init\n", cwd=root)
    initrd = Artefacts(theirs).initrd
    initrd.write_bytes(initrd.read_bytes() + gzip.compress(own))  # what is unpacked last stays
    (tmp_path / "served").mkdir()
    build_medium(Artefacts(theirs), {}, tmp_path / "served" / "ramdisk.iso")
    return tmp_path / "served" / "ramdisk.iso"


@pytest.fixture
def iso(ramdisk: Path) -> Iterator[str]:
    """Where the provisioner serves it."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(ramdisk.parent))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/ramdisk.iso"
    server.shutdown()
    server.server_close()
    thread.join()


def assert_written(service: LiveService) -> None:
    uuid = service.system("n3")["UUID"].encode()
    with (NodeFiles(service.state / "drivers" / "qemu" / "n3").guest / disk_file(0)).open("r+b") as file:
        assert file.read(64).rstrip(b"\n\0") == b"provisioned by " + uuid
        file.seek(0)
        file.write(bytes(64))


async def test_a_provisioner_brings_its_own_ramdisk(new_service: NewService, iso: str) -> None:
    service = new_service(config=CONFIG).start()
    root: Any = sushy.Sushy(f"{service.url}/redfish/v1", auth=BasicAuth(ADMIN, ADMIN_PASSWORD), verify=False)
    system = root.get_system(f"{SYSTEMS}/n3")
    drive = next(each for each in system.virtual_media.get_members() if sushy.VirtualMediaType.CD in each.media_types)
    drive.insert_media(iso, inserted=True, write_protected=True)
    system.set_system_boot_options(sushy.BootSource.CD, enabled=sushy.BootSourceOverrideEnabled.ONCE)
    async with booting():
        system.reset_system(sushy.ResetType.ON)
        service.until_power("n3", "Off", SECONDS)  # by the ramdisk, once it has done its work
    assert_written(service)
    system.refresh(force=True)
    assert system.boot.enabled is sushy.BootSourceOverrideEnabled.DISABLED
    assert service.get(f"{SYSTEMS}/n3/VirtualMedia/cd0")["Image"] == iso

    service.ipmitool("n3", "chassis", "bootdev", "cdrom")
    async with booting():
        service.ipmitool("n3", "chassis", "power", "on")
        service.until_power("n3", "On")
        service.until_power("n3", "Off", SECONDS)
    assert_written(service)
    assert "No override" in service.ipmitool("n3", "chassis", "bootparam", "get", "5")

    drive.eject_media()
    system.set_system_boot_options(sushy.BootSource.HDD, enabled=sushy.BootSourceOverrideEnabled.CONTINUOUS)
    system.reset_system(sushy.ResetType.ON)
    service.until_power("n3", "On")
    assert not service.get(f"{SYSTEMS}/n3/VirtualMedia/cd0")["Inserted"]
