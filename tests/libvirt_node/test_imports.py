"""`bmc import …` from what VirtualBMC and sushy-emulator leave, into a live service, onto real domains."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bmc.cli import imports
from bmc.cli.errors import CliError
from tests.e2e.service import LiveService, wait_until
from tests.libvirt_node.daemon import Libvirtd, VirtualMachine
from tests.ports import free_port

pytestmark = pytest.mark.guest

VIRTUALBMC = """[VirtualBMC]
username = {user}
password = {password}
address = ::
port = {port}
domain_name = {domain}
libvirt_uri = {uri}
active = {active}

"""
"""As VirtualBMC 3.3.0 writes it."""

SUSHY = """# As in sushy-tools' documentation
SUSHY_EMULATOR_LISTEN_IP = u''
SUSHY_EMULATOR_LISTEN_PORT = 8001
SUSHY_EMULATOR_SSL_CERT = '/etc/sushy/cert.pem'
SUSHY_EMULATOR_SSL_KEY = '/etc/sushy/key.pem'
SUSHY_EMULATOR_OS_CLOUD = None
SUSHY_EMULATOR_AUTH_FILE = {htpasswd!r}
SUSHY_EMULATOR_LIBVIRT_URI = {uri!r}
SUSHY_EMULATOR_IGNORE_BOOT_DEVICE = True
SUSHY_EMULATOR_ALLOWED_INSTANCES = [{uuid!r}]
SUSHY_EMULATOR_BOOT_LOADER_MAP = {{'UEFI': {{'x86_64': '/usr/share/OVMF/OVMF_CODE.fd'}}}}
SUSHY_EMULATOR_STATE_DIR = __import__('os').mkdir({trap!r})
"""


@pytest.fixture
def domains(service: LiveService, libvirtd: Libvirtd) -> Iterator[list[VirtualMachine]]:
    made = [libvirtd.define(name) for name in ("Web_1", "db")]
    yield made
    for member in service.get("/redfish/v1/Systems")["Members"]:
        service.remove_node(member["@odata.id"].rpartition("/")[2])
    for machine in made:
        machine.remove()


def test_the_domains_of_virtualbmc_keep_their_ports_users_and_passwords(
    service: LiveService, libvirtd: Libvirtd, domains: list[VirtualMachine], tmp_path: Path
):
    ports = [free_port(), free_port()]
    entries = [
        ("Web_1", {"user": "admin", "password": "password", "port": ports[0], "active": "True", "uri": libvirtd.uri}),
        ("db", {"user": "op", "password": "x" * 21, "port": ports[1], "active": "False", "uri": libvirtd.uri}),
        ("gone", {"user": "admin", "password": "s3cret", "port": 6299, "active": "True", "uri": libvirtd.uri}),
        (
            "far",
            {"user": "admin", "password": "s3cret", "port": 6298, "active": "True", "uri": "qemu+ssh://far/system"},
        ),
    ]
    for domain, values in entries:
        (tmp_path / domain).mkdir()
        (tmp_path / domain / "config").write_text(VIRTUALBMC.format(domain=domain, **values))

    shown = service.bmc("import", "virtualbmc", str(tmp_path))
    assert shown.returncode == 0, shown.stderr
    assert '[libvirt.far]\nuri = "qemu+ssh://far/system"' in shown.stdout
    assert "no such domain" in shown.stdout
    assert "VirtualBMC's default password" in shown.stdout
    assert "2 to be made; nothing was done yet" in shown.stdout
    assert service.get("/redfish/v1/Systems")["Members"] == []

    done = service.bmc("import", "virtualbmc", str(tmp_path), "--apply")
    assert done.returncode == 0, done.stderr
    assert f"web-1 added, IPMI at 127.0.0.1 port {ports[0]}" in done.stdout
    assert (
        "db: its IPMI user was not made: IPMI key has 21 bytes; expected 1 to 20; `bmc" in done.stderr
    )  # its password is longer than IPMI's keys are
    assert not any(secret in done.stdout + done.stderr + service.log for secret in ("s3cret", "x" * 21))
    key = tmp_path / "key"
    key.write_text("password\n")
    service.find()
    assert service.nodes["web-1"] == ("127.0.0.1", ports[0])
    wait_until(lambda: service.power("web-1") == "Off", 20, "known")
    assert "is off" in service.ipmitool("web-1", "chassis", "power", "status", key_file=key)
    assert service.system("web-1")["UUID"] == str(domains[0].uuid)

    again = service.bmc("import", "virtualbmc", str(tmp_path), "--apply")
    assert again.stdout.count("is a node already, and keeps the IPMI port and users that it has") == 2
    assert ("Stop vbmcd" in shown.stdout, "Stop vbmcd" in again.stdout) == (True, False)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[VirtualBMC]\ndomain_name = db\nport = s3cret\n", "port: expected a number"),
        ("[VirtualBMC]\nport = 6230\n", "it has no domain_name; expected a file of VirtualBMC"),
        ("[Other]\npassword = s3cret\n", "it has no VirtualBMC; expected a file of VirtualBMC"),
        ("s3cret\n", "MissingSectionHeaderError; expected a file of VirtualBMC"),
    ],
)
def test_what_is_wrong_with_a_file_of_virtualbmc_is_named(service: LiveService, tmp_path: Path, text: str, words: str):
    (tmp_path / "db").mkdir()
    (tmp_path / "db/config").write_text(text)
    refused = service.bmc("import", "virtualbmc", str(tmp_path))
    assert (refused.returncode, refused.stderr) == (1, f"bmc: {tmp_path}/db/config: {words}\n")


def test_a_port_that_virtualbmc_still_has_is_not_moved(
    service: LiveService, libvirtd: Libvirtd, domains: list[VirtualMachine], tmp_path: Path
):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as theirs:
        theirs.bind(("127.0.0.1", 0))
        values = {"user": "admin", "password": "s3cret", "active": "True", "uri": libvirtd.uri, "domain": "db"}
        (tmp_path / "db").mkdir()
        (tmp_path / "db/config").write_text(VIRTUALBMC.format(port=theirs.getsockname()[1], **values))
        refused = service.bmc("import", "virtualbmc", str(tmp_path), "--apply")
    assert refused.returncode == 1
    assert "db was not made" in refused.stderr
    assert service.get("/redfish/v1/Systems")["Members"] == []
    assert service.bmc("import", "virtualbmc", str(tmp_path), "--apply").returncode == 0


def test_the_domains_of_sushy_emulator_and_what_becomes_of_its_settings(
    service: LiveService, libvirtd: Libvirtd, domains: list[VirtualMachine], tmp_path: Path
):
    htpasswd, trap = tmp_path / "htpasswd", tmp_path / "trap"
    htpasswd.write_text("ironic:$2y$05$abcdefghijklmnopqrstuv\n")
    file = tmp_path / "emulator.conf"
    values = {"htpasswd": str(htpasswd), "uri": libvirtd.uri, "uuid": str(domains[1].uuid), "trap": str(trap)}
    file.write_text(SUSHY.format(**values))
    done = service.bmc("import", "sushy", str(file), "--apply")
    assert done.returncode == 0, done.stderr
    assert not trap.exists()
    assert "db added" in done.stdout
    assert "web-1" not in done.stdout
    assert "SUSHY_EMULATOR_STATE_DIR: is no plain value" in done.stdout
    assert '[http]\nport = 8001\ncertificate = "/etc/sushy/cert.pem"' in done.stdout
    assert "`bmc account add ironic" in done.stdout
    assert "$2y$" not in done.stdout
    assert "SUSHY_EMULATOR_IGNORE_BOOT_DEVICE: not taken over" in done.stdout
    assert [each["@odata.id"] for each in service.get("/redfish/v1/Systems")["Members"]] == ["/redfish/v1/Systems/db"]


def test_the_domains_of_a_libvirt(service: LiveService, libvirtd: Libvirtd, domains: list[VirtualMachine]):
    assert "2 to be made" in service.bmc("import", "libvirt", "here").stdout
    assert "web-1 added" in service.bmc("import", "libvirt", "here", "--domain", "Web_1", "--apply").stdout
    wrong = service.bmc("import", "libvirt", "there")
    assert (wrong.returncode, "there is here" in wrong.stderr) == (1, True)
    assert "has no domain nobody" in service.bmc("import", "libvirt", "here", "--domain", "nobody").stderr


@pytest.mark.parametrize("text", ['A = "\0"\n', "A = " + "-" * 50_000 + "1\n"])
def test_settings_that_are_no_python_are_told_as_that(tmp_path: Path, text: str):
    (tmp_path / "sushy.conf").write_text(text)
    with pytest.raises(CliError, match="expected sushy-emulator's settings"):
        imports._literals(tmp_path / "sushy.conf")


def test_a_setting_that_is_no_plain_value_is_left_out(tmp_path: Path):
    (tmp_path / "sushy.conf").write_text("A = {[]: 1}\nB = 1\n")
    assert imports._literals(tmp_path / "sushy.conf") == ({"B": 1}, ["A"])
