"""`bmc` against a running service, and what the service prints for a person to paste."""

import asyncio
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import NewService, ports_of_its_own
from tests.e2e.service import LiveService, booting, wait_until


def test_the_command_line_speaks_https_to_its_own_service(new_service: NewService) -> None:
    service = new_service(demo=False, config="[http]\ntls = true\n").start()
    assert service.url.startswith("https://")
    listed = service.bmc("node", "list")
    assert listed.returncode == 0, listed.stderr
    stranger = new_service("stranger", demo=False, config="[http]\ntls = true\n").start()
    (service.state / "tls" / "certificate.pem").write_bytes((stranger.state / "tls" / "certificate.pem").read_bytes())
    assert "is not trusted" in service.bmc("node", "list").stderr


def test_the_printed_ipmitool_line_is_of_a_node_that_knows_the_key(new_service: NewService) -> None:
    service = new_service(config=ports_of_its_own()).start()
    assert service.bmc("node", "add", "a1", "--set", "memory_mib=64").returncode == 0
    service.stop()
    service.start()
    lines = re.findall(r"(ipmitool .*)\n", service.log)
    assert len(lines) == 2
    for line in lines:
        subprocess.run(shlex.split(line), check=True, timeout=60)


def test_what_is_declared_is_added_changed_and_then_left_alone(new_service: NewService, tmp_path: Path) -> None:
    service = new_service(demo=False).start()
    file = tmp_path / "nodes.toml"

    def declare(tags: str) -> str:
        file.write_text(f'[[node]]\nname = "lab1"\ntags = {tags}\ndriver = "qemu"\nmemory_mib = 64\n')
        done = service.bmc("node", "apply", str(file))
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    assert declare("[]") == "lab1 added"
    assert declare("[]") == "lab1 is so already"
    assert declare('["lab"]') == "lab1 changed"
    assert service.system("lab1")["Oem"]["Lightsout"]["Tags"] == ["lab"]


def damage(service: LiveService, node: str) -> Path:
    """From its next start on the service cannot open `node`, because of the file returned."""
    state = service.state / "drivers" / "qemu" / node / "state.json"
    state.write_text("\0\0\0")
    return state


def test_a_node_whose_state_file_is_damaged_is_shown_until_it_is_mended(new_service: NewService) -> None:
    service = new_service(demo=False).start()
    assert service.bmc("node", "add", "lab1", "--set", "memory_mib=64", "--tag", "lab").returncode == 0
    service.stop()
    damaged = damage(service, "lab1")
    service.start()
    system = service.system("lab1")
    assert (system["PowerState"], system["Status"]["Health"]) == (None, "Critical")
    assert str(damaged) in system["Oem"]["Lightsout"]["Reason"]
    assert "Critical" in service.bmc("node", "list").stdout
    assert "cannot be removed" in service.bmc("node", "remove", "lab1", "--yes").stderr
    assert "could not be opened" in service.bmc("power", "lab1", "On").stderr
    damaged.unlink()
    assert service.bmc("node", "change", "lab1", "--tag", "").returncode == 0
    system = service.system("lab1")
    assert (system["PowerState"], system["Status"]["Health"]) == ("Off", "OK")
    assert system["Oem"]["Lightsout"]["Tags"] == []
    assert service.bmc("node", "remove", "lab1", "--yes").returncode == 0


@pytest.mark.guest
def test_down_tries_every_node_and_says_which_are_not_off_with_the_service_or_without(new_service: NewService) -> None:
    service = new_service(demo=False).start()
    for name in ("a1", "b2", "c3"):
        assert service.bmc("node", "add", name, "--set", "memory_mib=64").returncode == 0
    service.stop()
    damage(service, "a1")
    service.start()
    assert service.bmc("power", "b2", "on").returncode == 0
    done = service.bmc("down", "--yes")
    assert (done.returncode, done.stdout) == (1, "powered off: b2\n")
    assert "a1 was not powered off: " in done.stderr
    assert "could not be opened" in done.stderr
    assert service.power("b2") == "Off"
    assert service.bmc("power", "b2", "ON").returncode == 0
    service.stop()
    done = service.bmc("down", "--yes")
    assert (done.returncode, done.stdout) == (1, "powered off: b2\n")
    assert "a1 was not powered off: " in done.stderr
    assert "could not be opened" in done.stderr
    assert service.qemu("b2") is None


def test_down_says_so_when_no_node_was_on(new_service: NewService) -> None:
    service = new_service(demo=False).start()
    assert service.bmc("node", "add", "lab1", "--set", "memory_mib=64").returncode == 0
    done = service.bmc("down", "--yes")
    assert (done.returncode, done.stdout) == (0, "none was on\n")


@pytest.mark.guest
async def test_a_reinstall_goes_on_after_ctrl_c_and_is_seen_and_cancelled_by_its_number(
    new_service: NewService,
) -> None:
    service = new_service(demo=False).start()
    assert service.bmc("node", "add", "lab1", "--set", "memory_mib=256").returncode == 0
    async with booting():
        await asyncio.to_thread(reinstall_and_lose_patience, service)
    assert "has ended already" in service.bmc("job", "cancel", "1").stderr
    assert service.power("lab1") == "Off"


def reinstall_and_lose_patience(service: LiveService) -> None:
    """Ctrl-C at the showing of a reinstall of lab1, a look at what it does then, and its cancellation."""
    environment = {**os.environ, "BMC_STATE": str(service.state), "COLUMNS": "200"}
    command = [sys.executable, "-m", "bmc.cli"]

    def wide(*words: str) -> str:
        done = subprocess.run(
            [*command, *words], env=environment, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout

    # A shell that runs the tests in the background has us ignore Ctrl-C; a person's does not.
    reinstall = ["env", "--default-signal=INT", *command, "reinstall", "lab1", "lightsout-mini", "--yes"]
    with subprocess.Popen(reinstall, env=environment, stdout=subprocess.PIPE, text=True) as showing:
        try:
            wait_until(lambda: "job 1: reinstall, " in wide("node", "list"), 60, "the job in the list of nodes")
            showing.send_signal(signal.SIGINT)
            told, _ = showing.communicate(timeout=30)
        finally:
            showing.kill()
    assert showing.returncode == 130
    assert "job 1 goes on." in told
    assert "`bmc job cancel 1`" in told
    assert "Running" in wide("job", "list")
    assert "job 1 is being cancelled" in wide("job", "cancel", "1")
    wait_until(lambda: "Cancelled" in wide("job", "list"), 90, "the job cancelled")
    assert "job 1" not in wide("node", "list")
