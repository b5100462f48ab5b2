"""The disk under the state directory is full: a guest that needs space stands still, is shown so, and goes on later."""

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.e2e.conftest import NewService
from tests.e2e.service import PROMPTLY, LiveService, boot, serial_console, wait_until

pytestmark = pytest.mark.guest
MIB = 1 << 20


@pytest.fixture
def service(new_service: NewService) -> Iterator[LiveService]:
    """A service whose state lies on a file system that is soon full."""
    if os.geteuid() != 0:
        pytest.skip("mounting takes root")
    service = new_service()
    service.state.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=256m,mode=711", "tmpfs", str(service.state)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("this container may not mount")
    try:
        yield service.start()
    finally:
        service.destroy()
        subprocess.run(["umount", "-l", str(service.state)], check=True)


async def test_a_guest_stands_still_on_a_full_disk_and_goes_on_when_there_is_space(service: LiveService) -> None:
    await boot(service, "n1")
    async with serial_console(service, "n1") as shell:
        await shell.login(service.root_password)
        await shell.type("dd if=/dev/zero of=/dev/vda bs=1M seek=100 count=300 oflag=direct; echo written-$?\r")
        await asyncio.to_thread(wait_until, lambda: _free(service) == 0, 60, "full")
        full = time.monotonic()
        while not (system := service.system("n1"))["Oem"]["Lightsout"]["Paused"]:
            assert time.monotonic() - full < 10 * PROMPTLY, system
            await asyncio.sleep(0.05)
        assert system["PowerState"] == "On"
        assert system["Status"]["Health"] == "Critical"
        assert "free space on the host" in system["Status"]["Conditions"][0]["Message"]
        assert "is on" in service.ipmitool("n1", "chassis", "power", "status")
        assert service.power("n2") == "Off"
        refused = service.call("PATCH", "/redfish/v1/Systems/n2", {"Boot": {"BootSourceOverrideTarget": "Pxe"}})
        assert refused.status >= 500
        assert "space" in refused.words or "disk" in refused.words

        sick = service.call("GET", "/healthz", user=None)
        assert (sick.status, "space" in sick.text or "disk" in sick.text) == (503, True), sick

        make_room(service)
        service.do("POST", "/redfish/v1/Systems/n1/Actions/Oem/Lightsout.Resume", {})
        await asyncio.to_thread(wait_until, lambda: service.call("GET", "/healthz").status == 200, 10, "health")
        await shell.expect("written-0", 60)
        system = service.system("n1")
        assert (system["PowerState"], system["Status"]["Health"]) == ("On", "OK")
    service.do("PATCH", "/redfish/v1/Systems/n2", {"Boot": {"BootSourceOverrideTarget": "Pxe"}})
    service.kill()
    service.start()
    assert service.power("n1") == "On"
    assert service.system("n2")["Boot"]["BootSourceOverrideTarget"] == "Pxe"


def make_room(service: LiveService) -> None:
    subprocess.run(["mount", "-o", "remount,size=640m", str(service.state)], check=True)


def _free(service: LiveService) -> int:
    found = os.statvfs(service.state)
    return found.f_bavail * found.f_frsize // MIB
