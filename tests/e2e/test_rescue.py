"""Rescue and erase by the command line, with a real guest: SSH through the service, and a service killed meanwhile."""

import asyncio
import subprocess
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.reinstalls import assert_released
from tests.e2e.service import LiveService, booting, wait_until

pytestmark = pytest.mark.guest


@pytest.fixture
def key(tmp_path: Path) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    return tmp_path / "key"


async def refused(service: LiveService, node: str) -> int:
    """The close code that another administrator gets, who did not start the rescue."""
    who = {"UserName": "otto", "Password": "another-correct-horse"}
    service.do("POST", "/redfish/v1/AccountService/Accounts", {**who, "RoleId": "Administrator"})
    token = service.call("POST", "/redfish/v1/SessionService/Sessions", who, user=None).headers["X-Auth-Token"]
    async with aiohttp.ClientSession(headers={"X-Auth-Token": token}) as client:
        url = f"{service.url}/console/{node}/ssh"
        async with client.ws_connect(url, origin=service.url, ssl=service.trust) as socket:
            message = await socket.receive()
            assert message.type is aiohttp.WSMsgType.CLOSE, message
            return int(message.data)


async def test_a_node_is_rescued_and_then_erased_by_the_command_line(service: LiveService, key: Path) -> None:

    async def bmc(*words: str) -> "subprocess.CompletedProcess[str]":
        return await asyncio.to_thread(service.bmc, *words, timeout=300)

    async with booting():
        begun = await bmc("rescue", "n3", "--ssh-key", f"{key}.pub", "--minutes", "20", "--yes")
        assert begun.returncode == 0, begun.stderr + begun.stdout
        assert "SHA256:" in begun.stdout
        inside = await bmc("ssh", "n3", "-i", str(key), "id -u; echo kept > /run/mark")
        assert (inside.returncode, inside.stdout) == (0, "0\n"), inside.stderr
        assert (await bmc("ssh", "n3", "-i", str(key), "exit 7")).returncode == 7
        assert await refused(service, "n3") == 4403

        service.off("n1")
        service.reset("n1", "On")  # must not keep the listener of n3's guest, which is opened anew
        qemu = service.qemu("n3")
        service.kill()
        service.start()
        assert service.qemu("n3") == qemu
        inside = await bmc("ssh", "n3", "-i", str(key), "cat /run/mark")
        assert (inside.returncode, inside.stdout) == (0, "kept\n"), inside.stderr
        done = await bmc("rescue", "n3", "--end")
        assert done.returncode == 0, done.stderr + done.stdout
        assert "it was ended by an action" in done.stdout
        assert service.power("n3") == "Off"
        assert_released(service, "n3")
        late = await bmc("ssh", "n3", "-i", str(key), "true")
        assert "n3 is not in rescue" in late.stderr

        erased = await bmc("erase", "n3", "Full", "--yes")
    assert erased.returncode == 0, erased.stderr + erased.stdout
    assert "erased by Full: vda of n3" in erased.stdout.replace("\n", " ")
    wait_until(lambda: service.system("n3")["Oem"]["Lightsout"]["Task"] is None, 30)
    assert_released(service, "n3")
    events = [event for event in service.events("n3") if event["Oem"]["Lightsout"]["Kind"] == "disk.erased"]
    assert len(events) == 1
    assert events[0]["Oem"]["Lightsout"]["Details"]["method"] == "Full"
