"""`bmc` against a running service, and what the service prints for a person to paste."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import NewService

pytestmark = [pytest.mark.timeout(300)]


def test_the_command_line_speaks_https_to_its_own_service(new_service: NewService) -> None:
    service = new_service(demo=False, config="[http]\ntls = true\n").start()
    assert service.url.startswith("https://")
    listed = service.bmc("node", "list")
    assert listed.returncode == 0, listed.stderr
    stranger = new_service("stranger", demo=False, config="[http]\ntls = true\n").start()
    (service.state / "tls" / "certificate.pem").write_bytes((stranger.state / "tls" / "certificate.pem").read_bytes())
    assert "does not answer" in service.bmc("node", "list").stderr


def test_the_printed_ipmitool_line_is_of_a_node_that_knows_the_key(new_service: NewService) -> None:
    service = new_service().start()
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
        file.write_text(f'[[node]]\nname = "lab1"\ntags = {tags}\noptions = {{memory_mib = 64}}\n')
        done = service.bmc("node", "apply", str(file))
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    assert declare("[]") == "lab1 added"
    assert declare("[]") == "lab1 is so already"
    assert declare('["lab"]') == "lab1 changed"
    assert service.system("lab1")["Oem"]["Lightsout"]["Tags"] == ["lab"]


def test_a_node_whose_state_file_is_damaged_is_shown_until_it_is_mended(new_service: NewService) -> None:
    service = new_service(demo=False).start()
    assert service.bmc("node", "add", "lab1", "--set", "memory_mib=64", "--tag", "lab").returncode == 0
    service.stop()
    damaged = service.state / "drivers" / "qemu" / "lab1" / "state.json"
    damaged.write_text("\0\0\0")
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
