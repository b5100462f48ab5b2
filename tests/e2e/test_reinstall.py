"""Reinstall over Redfish and by the command line, with real guests: to the new system's proof, or to a clear end."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.reinstalls import PASSWORD, TASKS, assert_released, start, until_end, until_step, words
from tests.e2e.service import LiveService, booting, serial_console

pytestmark = pytest.mark.guest


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    """One that these tests may kill, and start again."""
    mortal = LiveService(tmp_path_factory.mktemp("mortal"))
    try:
        yield mortal.start()
    finally:
        mortal.destroy()


def ask_inside(pid: int, token: str | None) -> str:
    """What the deploy listener in the guest's network namespace answers: the HTTP status."""
    header = ["-H", f"Authorization: Bearer {token}"] if token else []
    command = ["curl", "-s", "-m", "5", "-o", "/dev/null", "-w", "%{http_code}", *header]
    inside = ["nsenter", "-t", str(pid), "-n", *command, "http://127.0.0.1/deploy/v1/image"]
    return subprocess.run(inside, capture_output=True, text=True, timeout=20).stdout


async def test_an_empty_node_is_reinstalled_by_the_command_line_to_the_proof(live: LiveService, tmp_path: Path) -> None:
    live.off("n3")
    image = "lightsout-server"
    password = tmp_path / "password"
    password.write_text(PASSWORD + "\n")
    key = tmp_path / "key.pub"
    key.write_text("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPzhB1ulRSKX9yFeCRO0+BXGqPYwzvBJdNpPo3Z5cXtn me@here\n")
    options = ["--hostname", "fresh", "--ssh-key", str(key), "--password-file", str(password), "--yes"]
    async with booting():
        running = asyncio.create_task(asyncio.to_thread(live.bmc, "reinstall", "n3", image, *options, timeout=600))
        while not (tasks := [m for m in live.get(TASKS)["Members"] if "n3" in live.get(m["@odata.id"])["Name"]]):
            assert not running.done(), running.result()
            await asyncio.sleep(0.1)
        task = tasks[-1]["@odata.id"]
        await until_step(live, task, "write", "verify")
        assert live.system("n3")["Oem"]["Lightsout"]["Task"] == {"@odata.id": task}
        busy = live.call("POST", "/redfish/v1/Systems/n3/Actions/ComputerSystem.Reset", {"ResetType": "ForceOff"})
        assert busy.status == 503
        assert "reinstall" in busy.words
        assert "Node busy" in live.try_ipmitool("n3", "chassis", "power", "off").stderr
        qemu = live.qemu("n3")
        assert qemu is not None
        if os.geteuid() == 0:
            assert ask_inside(qemu, None) == "401"
            assert ask_inside(qemu, "guessed") == "403"
            assert ask_inside(qemu, live.session) == "403"
        done = await running
    assert done.returncode == 0, done.stderr + done.stdout
    ended = live.get(task)
    assert ended["TaskState"] == "Completed"
    assert ended["PercentComplete"] == 100
    assert set(ended["Oem"]["Lightsout"]["Proofs"]) == {"phone-home", "serial-nonce", "ssh-login"}
    system = live.system("n3")
    assert (system["PowerState"], system["Oem"]["Lightsout"]["InstalledImage"]) == ("On", image)
    assert_released(live, "n3")
    async with serial_console(live, "n3") as shell:
        await shell.login(PASSWORD)
        assert "fresh" in await shell.run("hostname")
        assert "me@here" in await shell.run("cat /root/.ssh/authorized_keys")
        assert image in await shell.run("cat /etc/lightsout-image")
    for secret in (PASSWORD, "AAAAC3NzaC1lZDI1NTE5AAAAIPzhB1ulRSKX9yFeCRO0"):
        assert secret not in live.log
    assert PASSWORD not in str(ended)
    live.off("n3")


async def test_a_service_killed_while_it_writes_brings_the_other_image_to_its_proof(
    service: LiveService,
) -> None:
    new = "lightsout-server"
    assert service.system("n1")["Oem"]["Lightsout"]["InstalledImage"] != new
    async with booting():
        task = start(service, "n1", new)
        await until_step(service, task, "write", "verify")
        pid = service.qemu("n1")
        service.kill()
        await asyncio.sleep(1)
        assert service.qemu("n1") == pid
        service.start()
        ended = await until_end(service, task)
    assert_released(service, "n1")
    system = service.system("n1")
    assert ended["TaskState"] == "Completed", words(ended)
    assert ended["Oem"]["Lightsout"]["Proofs"]
    assert system["Oem"]["Lightsout"]["InstalledImage"] == new
    async with serial_console(service, "n1") as shell:
        await shell.login(PASSWORD)
        assert new in await shell.run("cat /etc/lightsout-image")


async def test_a_service_killed_before_the_erase_and_after_the_eject_goes_on_to_the_proof(service: LiveService) -> None:
    async with booting():
        task = start(service, "n3", "lightsout-mini")
        before = await until_step(service, task, "check in")
        assert (before["TaskState"], before["Oem"]["Lightsout"]["Step"]) == ("Running", "check in")
        ramdisk = service.qemu("n3")
        service.kill()
        service.start()
        assert service.qemu("n3") == ramdisk
        after = await until_step(service, task, "start", "proof")
        service.kill()
        assert (after["TaskState"], "eject" in words(after).splitlines()) == ("Running", True)
        assert list((service.state / "deploy").glob("*.iso")) == []
        service.start()
        ended = await until_end(service, task)
    assert ended["TaskState"] == "Completed", words(ended)
    assert words(ended).count("the service was restarted; going on") == 2
    assert set(ended["Oem"]["Lightsout"]["Proofs"]) == {"phone-home", "serial-nonce"}
    system = service.system("n3")
    assert (system["PowerState"], system["Oem"]["Lightsout"]["InstalledImage"]) == ("On", "lightsout-mini")
    assert_released(service, "n3")
    service.off("n3")


@pytest.mark.slow
async def test_a_guest_killed_while_it_writes_ends_the_job_and_a_cancel_does_too(service: LiveService) -> None:
    image = "lightsout-mini"
    async with booting():
        task = start(service, "n3", image)
        await until_step(service, task, "erase", "write", "verify")
        pid = service.qemu("n3")
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        killed = time.monotonic()
        ended = await until_end(service, task)
        assert time.monotonic() - killed < 15
        assert ended["TaskState"] == "Exception"
        assert "SIGKILL" in words(ended) or "went off" in words(ended)
        assert service.power("n3") == "Off"
        assert_released(service, "n3")

        task = start(service, "n3", image)
        await until_step(service, task, "erase", "write", "verify")
        cancelled = service.call("DELETE", task)
        assert cancelled.status in (202, 204)
        ended = await until_end(service, task)
    assert ended["TaskState"] == "Cancelled"
    assert service.power("n3") == "Off"
    assert service.system("n3")["Oem"]["Lightsout"]["InstalledImage"] is None
    assert_released(service, "n3")
    assert service.call("DELETE", task).status < 500
    service.reset("n3", "On")
    assert service.power("n3") == "On"
