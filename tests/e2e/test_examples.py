"""The examples of docs/examples are what a live service understands: what can be run here is run, as it is written."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import sushy
import yaml
from sushy.auth import BasicAuth

from tests.e2e.service import LiveService

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
PASSWORD, KEY = "a long enough password", "a-key-of-20-letters!"
EXAMPLE_PORT = 6230
"""Of n1, the first node."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    """Over HTTPS, with the three demo nodes that the examples speak of; each example has the account it says."""
    service = LiveService(tmp_path_factory.mktemp("examples"), config="[http]\ntls = true\n")
    try:
        service.start()
        password = secret(service, "password", PASSWORD)
        for name in ("ironic", "metal3", "ansible"):
            done = service.bmc("account", "add", name, "--role", "Operator", "--password-file", str(password))
            assert done.returncode == 0, done.stderr
        yield service
    finally:
        service.destroy()


def secret(service: LiveService, name: str, text: str) -> Path:
    path = service.root / name
    path.touch(0o600)
    path.write_text(text + "\n")
    return path


def system(service: LiveService, address: str, path: str, account: str) -> Any:
    """What sushy finds at the example's address, where our service stands for the example's."""
    assert urlsplit(address).netloc == "bmc1.example.org:8080"
    access = BasicAuth(account, PASSWORD)
    return sushy.Sushy(service.url, auth=access, verify=str(service.certificate)).get_system(path)


def as_ipmi_user(service: LiveService, node: str, port: int, command: str, level: str, suite: str) -> str:
    """Make the user by the command that the example tells, and ask as it does for the power."""
    assert port == EXAMPLE_PORT
    key = secret(service, f"key-{node}", KEY)
    words = command.replace("FILE", str(key)).split()
    assert words[:3] == ["bmc", "node", "ipmi-user"]
    assert words[3] == node
    done = service.bmc(*words[1:])
    assert done.returncode == 0, done.stderr
    more = ("-L", level, "-C", suite)
    return service.ipmitool(node, *more, "chassis", "power", "status", user=words[4], key_file=key)


def command_in(text: str, start: str) -> str:
    found = re.search(rf"`({re.escape(start)}[^`]*)`", text)
    assert found, start
    return found[1]


def is_ready(found: Any, mode: str) -> None:
    """It boots as the example says and has the drive that a virtual-media deployment needs."""
    assert found.json["Oem"]["Lightsout"]["Firmware"].lower().replace("legacy", "bios") == mode
    drives = found.virtual_media.get_members()
    assert any("CD" in medium for drive in drives for medium in drive.json["MediaTypes"])
    assert sushy.BOOT_SOURCE_TARGET_CD in found.get_allowed_system_boot_source_values()
    assert sushy.RESET_TYPE_FORCE_OFF in found.get_allowed_reset_system_values()


def test_ironic_reaches_its_nodes_as_they_are_defined(service: LiveService) -> None:
    text = (EXAMPLES / "ironic-nodes.yaml").read_text()
    nodes = {node["name"]: node for node in yaml.safe_load(text)["nodes"]}
    assert {node["driver"] for node in nodes.values()} == {"redfish", "ipmi"}
    ours = nodes["n3"]["driver_info"]
    found = system(service, ours["redfish_address"], ours["redfish_system_id"], ours["redfish_username"])
    assert found.identity == "n3"
    is_ready(found, nodes["n3"]["properties"]["capabilities"].removeprefix("boot_mode:"))
    by_ipmi = nodes["n1"]["driver_info"]
    command = command_in(text, "bmc node ipmi-user")
    assert command.split()[4] == by_ipmi["ipmi_username"]
    told = as_ipmi_user(
        service, "n1", by_ipmi["ipmi_port"], command, by_ipmi["ipmi_priv_level"], by_ipmi["ipmi_cipher_suite"]
    )
    assert told == "Chassis Power is off\n"


def test_metal3_reaches_its_hosts_as_they_are_defined(service: LiveService) -> None:
    text = (EXAMPLES / "metal3-hosts.yaml").read_text()
    documents = list(yaml.safe_load_all(text))
    secrets = {each["metadata"]["name"]: each["stringData"] for each in documents if each["kind"] == "Secret"}
    hosts = {each["metadata"]["name"]: each["spec"] for each in documents if each["kind"] == "BareMetalHost"}
    for host in hosts.values():
        assert re.fullmatch(r"52:54:00(:[0-9a-f]{2}){3}", host["bootMACAddress"])
        assert secrets[host["bmc"]["credentialsName"]].keys() == {"username", "password"}
    bmc = hosts["n3"]["bmc"]
    scheme, address = bmc["address"].split("+")
    assert (scheme, bmc["disableCertificateVerification"]) == ("redfish-virtualmedia", False)
    account = secrets[bmc["credentialsName"]]["username"]
    found = system(service, address, urlsplit(address).path, account)
    assert found.identity == "n3"
    is_ready(found, hosts["n3"]["bootMode"].replace("legacy", "bios"))
    by_ipmi = urlsplit(hosts["n1"]["bmc"]["address"])
    assert (by_ipmi.scheme, by_ipmi.hostname) == ("ipmi", "bmc1.example.org")
    # Metal3 asks for Administrator, as ipmitool does of itself.
    told = as_ipmi_user(
        service, "n1", by_ipmi.port or 623, command_in(text, "bmc node ipmi-user"), "ADMINISTRATOR", "17"
    )
    assert told == "Chassis Power is off\n"


def playbook() -> str:
    """`ansible-playbook` with community.general, which is too large (600 MB) to be a tool of every checkout."""
    found = shutil.which("ansible-playbook")
    if found is None:
        pytest.skip("ansible-playbook is not in PATH; `pip install ansible` into an environment of its own")
    listed = subprocess.run(
        [str(Path(found).with_name("ansible-doc")), "--json", "community.general.redfish_command"], capture_output=True
    )
    if listed.returncode != 0 or b"VirtualMediaInsert" not in listed.stdout:
        pytest.skip("ansible-playbook is there without the collection community.general")
    return found


@pytest.mark.slow
def test_the_ansible_playbook_boots_a_server_once_from_a_medium(service: LiveService, tmp_path: Path) -> None:
    program = playbook()
    (service.state / "media").mkdir(mode=0o755, exist_ok=True)
    (service.state / "media" / "tools.iso").write_bytes(bytes(4096))
    mine = tmp_path / "mine.yml"
    mine.touch(0o600)
    told = {"bmc": service.url.removeprefix("https://"), "node": "n3", "image": "tools.iso"}
    told |= {"certificate": str(service.certificate), "user": "ansible", "password": PASSWORD}
    mine.write_text(json.dumps(told))
    try:
        done = subprocess.run(
            [program, str(EXAMPLES / "power-and-boot.yml"), "-e", f"@{mine}"],
            env={
                **os.environ,
                "ANSIBLE_HOME": str(tmp_path),
                "ANSIBLE_LOCALHOST_WARNING": "false",
                "ANSIBLE_NOCOLOR": "1",
            },
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "n3 of 3 is On" in done.stdout
        assert re.search(r"failed=0", done.stdout)
        kinds = [entry["Oem"]["Lightsout"]["Kind"] for entry in service.events("n3")]
        assert {"media.inserted", "boot.override-set", "boot.override-spent", "power.changed"} <= set(kinds)
        sessions = service.get("/redfish/v1/SessionService/Sessions?$expand=.")["Members"]
        assert "ansible" not in {session["UserName"] for session in sessions}
    finally:
        service.off("n3")


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here")
    text = (ROOT / "scripts" / "lightsout.service").read_text()
    program = "/opt/lightsout/.venv/bin/bmc"
    assert f"ExecStart={program} serve\n" in text
    unit = tmp_path / "lightsout.service"
    unit.write_text(text.replace(program, str(Path(sys.executable).with_name("bmc"))))
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    unit.write_text(unit.read_text().replace("KillMode=process", "KillMode=proces"))
    wrong = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=60)
    assert "kill mode" in wrong.stderr  # so it does look
