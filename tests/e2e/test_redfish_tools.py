"""DMTF's tools and Ironic's client drive a server, judged by what they print and by what the server is then."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import sushy
from sushy.auth import SessionAuth

from tests.e2e.service import ADMIN, ADMIN_PASSWORD, IPMI_PASSWORD, SYSTEMS, LiveService, wait_until

N1 = f"{SYSTEMS}/n1"
CD = f"{N1}/VirtualMedia/cd0"
ACCOUNTS = "/redfish/v1/AccountService/Accounts"
N1_MANAGER = ("--manager", "n1")
"""The service has a manager of its own, too."""


def run(service: LiveService, *words: str) -> str:
    """What a tool of this environment printed; it must succeed."""
    done = subprocess.run(
        [Path(sys.executable).with_name(words[0]), *words[1:]],
        env={**os.environ, "REQUESTS_CA_BUNDLE": str(service.certificate)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


def rf(service: LiveService, tool: str, *words: str) -> str:
    """One of DMTF's redfish_utilities."""
    return run(service, f"{tool}.py", "-r", service.url, "-u", ADMIN, "-p", ADMIN_PASSWORD, *words)


def redfishtool(service: LiveService, *words: str) -> str:
    where = service.url.removeprefix("https://")
    return run(
        service, "redfishtool", "-r", where, "-S", "Always", "-T", "60", "-u", ADMIN, "-p", ADMIN_PASSWORD, *words
    )


@pytest.fixture
def node(secure: LiveService) -> Iterator[LiveService]:
    """n1 is off and as it was, before and after; tools.iso is there to be inserted."""
    (secure.state / "media").mkdir(mode=0o755, exist_ok=True)
    (secure.state / "media" / "tools.iso").write_bytes(bytes(4096))
    secure.off("n1")
    yield secure
    secure.off("n1")
    secure.do("PATCH", N1, {"Boot": {"BootSourceOverrideTarget": "None"}})
    secure.call("POST", f"{CD}/Actions/VirtualMedia.EjectMedia", {})


def boot(service: LiveService) -> tuple[str, str]:
    override = service.system("n1")["Boot"]
    return override["BootSourceOverrideTarget"], override["BootSourceOverrideEnabled"]


@pytest.mark.guest
def test_rf_power_reset_switches_a_server(node: LiveService) -> None:
    assert "ForceOff" in rf(node, "rf_power_reset", "-s", "n1", "-info")
    rf(node, "rf_power_reset", "-s", "n1", "-t", "On")
    node.until_power("n1", "On")
    rf(node, "rf_power_reset", "-s", "n1", "-t", "ForceOff")
    node.until_power("n1", "Off")


def test_rf_boot_override_and_redfishtool_set_where_the_next_boot_goes(node: LiveService) -> None:
    rf(node, "rf_boot_override", "-s", "n1", "-t", "Pxe")
    assert boot(node) == ("Pxe", "Once")
    assert "Pxe" in rf(node, "rf_boot_override", "-s", "n1", "-info")
    redfishtool(node, "Systems", "-I", "n1", "setBootOverride", "Continuous", "Hdd")
    assert boot(node) == ("Hdd", "Continuous")
    redfishtool(node, "Systems", "-I", "n1", "setBootOverride", "Disabled")
    assert boot(node) == ("None", "Disabled")


def test_rf_virtual_media_inserts_and_ejects(node: LiveService) -> None:
    rf(node, "rf_virtual_media", "-s", "n1", "insert", "-image", "tools.iso")
    assert (node.get(CD)["Image"], node.get(CD)["Inserted"]) == ("tools.iso", True)
    assert "tools.iso" in rf(node, "rf_virtual_media", "-s", "n1", "info")
    rf(node, "rf_virtual_media", "-s", "n1", "eject", "--id", "cd0")
    assert (node.get(CD)["Image"], node.get(CD)["Inserted"]) == (None, False)


def test_rf_accounts_makes_changes_and_deletes_an_account(node: LiveService) -> None:
    name, password = "tess", "four words in a row"
    rf(node, "rf_accounts", "-add", name, password, "Operator")
    assert node.get(f"{ACCOUNTS}/{name}")["RoleId"] == "Operator"
    assert node.call("GET", N1, user=name, password=password).status == 200
    rf(node, "rf_accounts", "-setrole", name, "ReadOnly")
    assert name in rf(node, "rf_accounts")
    assert node.get(f"{ACCOUNTS}/{name}")["RoleId"] == "ReadOnly"
    rf(node, "rf_accounts", "-disable", name)
    assert node.get(f"{ACCOUNTS}/{name}")["Enabled"] is False
    rf(node, "rf_accounts", "-delete", name)
    assert node.call("GET", f"{ACCOUNTS}/{name}").status == 404


def test_rf_logs_and_rf_sensor_list_show_what_is_there(node: LiveService) -> None:
    rf(node, "rf_boot_override", "-s", "n1", "-t", "Pxe")
    assert "the next boot of n1 goes to Pxe" in rf(node, "rf_logs", "-s", "n1", "-l", "EventLog", "-max", "5")
    assert "n1" in rf(node, "rf_sensor_list")


def test_rf_logs_reads_the_audit_of_a_manager(node: LiveService) -> None:
    rf(node, "rf_raw_request", "-req", N1, "-m", "PATCH", "-b", '{"AssetTag": "rack 9"}')
    assert "set-asset-tag of n1" in rf(node, "rf_logs", "-m", "n1", "-l", "Audit", "-max", "20")


@pytest.mark.guest
def test_rf_sel_and_rf_logs_read_and_clear_the_system_event_log(node: LiveService) -> None:
    rf(node, "rf_power_reset", "-s", "n1", "-t", "On")
    node.until_power("n1", "On")
    assert "n1 is On (command)" in rf(node, "rf_sel")
    rf(node, "rf_logs", "-s", "n1", "-l", "SEL", "-clear")
    assert "n1 is On" not in rf(node, "rf_sel")


@pytest.mark.guest
def test_firmware_settings_by_rf_bios_settings_and_sushy_take_effect_with_a_power_on(node: LiveService) -> None:
    rf(node, "rf_bios_settings", "-s", "n1", "-a", "BootMode", "Uefi")
    line = next(line for line in rf(node, "rf_bios_settings", "-s", "n1").splitlines() if "BootMode" in line)
    assert [word.strip() for word in line.split("|")] == ["BootMode", "Bios", "Uefi"]
    rf(node, "rf_power_reset", "-s", "n1", "-t", "On")
    node.until_power("n1", "On")
    system = node.system("n1")
    assert (system["Boot"]["BootSourceOverrideMode"], system["Oem"]["Lightsout"]["Firmware"]) == ("UEFI", "UEFI")
    assert system["Oem"]["Lightsout"]["Options"]["firmware"] == "uefi"
    command = Path(f"/proc/{node.qemu('n1')}/cmdline").read_bytes()
    assert b"OVMF" in command
    root: Any = sushy.Sushy(f"{node.url}/redfish/v1", ADMIN, ADMIN_PASSWORD, verify=str(node.certificate))
    bios = root.get_system(N1).bios
    assert bios.attributes == {"BootMode": "Uefi"}
    bios.set_attribute("BootMode", "Bios", apply_time=sushy.ApplyTime.ON_RESET)
    assert bios.pending_attributes == {"BootMode": "Bios"}
    registry = bios.get_attribute_registry()
    assert [entry.name for entry in registry.registry_entries.attributes] == ["BootMode"]
    rf(node, "rf_power_reset", "-s", "n1", "-t", "ForceRestart")
    node.until_power("n1", "On")
    bios.refresh(force=True)
    assert bios.attributes == {"BootMode": "Bios"}
    assert b"OVMF" not in Path(f"/proc/{node.qemu('n1')}/cmdline").read_bytes()
    bios.reset_bios()
    assert node.get(f"{N1}/Bios/Settings")["Attributes"] == {"BootMode": "Bios"}


def test_rf_manager_config_shows_and_resets_a_manager(node: LiveService) -> None:
    assert "FirmwareVersion" in rf(node, "rf_manager_config", *N1_MANAGER, "info")
    protocols = rf(node, "rf_manager_config", *N1_MANAGER, "getprotocol")
    assert [line.split("|")[0].strip() for line in protocols.splitlines() if "| True " in line] == [
        "HTTPS",
        "SSH",
        "IPMI",
    ]
    rf(node, "rf_manager_config", *N1_MANAGER, "reset")
    assert node.power("n1") == "Off"


def test_rf_sys_inventory_lists_what_a_server_is_made_of(node: LiveService) -> None:
    inventory = rf(node, "rf_sys_inventory", "-details")
    for part in ("Processor: CPU0", "Memory: Memory0", "Drive: disk0"):
        assert part in inventory


def test_redfishtool_manages_accounts_and_sessions(node: LiveService) -> None:
    name, password = "tom", "four words here now"
    redfishtool(node, "AccountService", "adduser", name, password, "Operator")
    redfishtool(node, "AccountService", "useradmin", name, "disable")
    assert node.call("GET", N1, user=name, password=password).status == 401
    redfishtool(node, "AccountService", "useradmin", name, "enable")
    redfishtool(node, "AccountService", "setpassword", name, "five words here now too")
    assert node.call("GET", N1, user=name, password="five words here now too").status == 200
    redfishtool(node, "AccountService", "deleteuser", name)
    assert node.call("GET", f"{ACCOUNTS}/{name}").status == 404
    session = json.loads(redfishtool(node, "SessionService", "login"))
    assert node.get(session["SessionLocation"])["UserName"] == ADMIN
    redfishtool(node, "SessionService", "-i", session["SessionId"], "logout")
    assert node.call("GET", session["SessionLocation"]).status == 404


@pytest.mark.guest
def test_redfishtool_switches_and_reads_a_server(node: LiveService) -> None:
    listed = json.loads(redfishtool(node, "Systems", "list"))
    assert [member["@odata.id"] for member in listed["Members"]] == [N1]
    redfishtool(node, "Systems", "-I", "n1", "reset", "On")
    node.until_power("n1", "On")
    assert json.loads(redfishtool(node, "Systems", "-I", "n1", "-P", "PowerState")) == {"PowerState": "On"}
    redfishtool(node, "Systems", "-I", "n1", "setAssetTag", "rack 7")
    assert node.system("n1")["AssetTag"] == "rack 7"
    redfishtool(node, "Systems", "-I", "n1", "reset", "ForceOff")
    node.until_power("n1", "Off")


@pytest.mark.guest
def test_sushy_does_what_ironic_does(node: LiveService) -> None:
    """Power, a one-time boot device, virtual media from the System and from the Manager; each by what Ironic calls."""
    auth = SessionAuth(ADMIN, ADMIN_PASSWORD)
    root: Any = sushy.Sushy(f"{node.url}/redfish/v1", auth=auth, verify=str(node.certificate))
    system = root.get_system(N1)
    assert system.power_state is sushy.PowerState.OFF
    system.set_system_boot_options(sushy.BootSource.PXE, enabled=sushy.BootSourceOverrideEnabled.ONCE)
    assert boot(node) == ("Pxe", "Once")
    system.refresh(force=True)
    assert system.boot.target is sushy.BootSource.PXE
    for holder in (system, root.get_manager("/redfish/v1/Managers/n1")):
        (drive,) = [
            media for media in holder.virtual_media.get_members() if sushy.VirtualMediaType.CD in media.media_types
        ]
        drive.insert_media("tools.iso", inserted=True, write_protected=True)
        assert node.get(CD)["Image"] == "tools.iso"
        drive.eject_media()
        assert node.get(CD)["Image"] is None
    system.reset_system(sushy.ResetType.ON)
    wait_until(lambda: (system.refresh(force=True), system.power_state is sushy.PowerState.ON)[1], 30, "On by sushy")
    node.until_power("n1", "On")
    assert system.get_allowed_reset_system_values()
    assert root.get_chassis("/redfish/v1/Chassis/n1").identity == "n1"
    auth.close()


def test_rf_event_service_subscribes_and_ends_it(secure: LiveService) -> None:
    where = ["--destination", "https://hooks.example/in", "--context", "mine", "--format", "Event"]
    what = ["--registries", "Lightsout", "--resourcetypes", "ComputerSystem", "--httpheaders", "X-Team: rack 7"]
    told = rf(secure, "rf_event_service", "subscribe", *where, *what)
    path = re.findall(r"Created subscription '(.*)'", told)[0]
    id = path.rpartition("/")[2]
    body = secure.get(urlsplit(path).path)
    assert (body["Context"], body["RegistryPrefixes"], body["ResourceTypes"]) == (
        "mine",
        ["Lightsout"],
        ["ComputerSystem"],
    )
    info = rf(secure, "rf_event_service", "info")
    assert all(destination in info for destination in (id, "program-none", "syslog-away", "mail-away"))
    rf(secure, "rf_event_service", "unsubscribe", "--id", id)
    assert secure.call("GET", urlsplit(path).path).status == 404


@pytest.mark.guest
def test_ironics_client_finds_the_server_at_its_own_endpoint_without_a_name(node: LiveService) -> None:
    auth = SessionAuth(ADMIN, IPMI_PASSWORD)
    root = sushy.Sushy(f"{node.endpoints['n1']}/redfish/v1/", auth=auth, verify=str(node.certificate))
    system = root.get_system()
    assert (system.identity, root.get_manager().identity, root.get_chassis().identity) == ("n1", "n1", "n1")
    system.set_system_boot_options(sushy.BOOT_SOURCE_TARGET_PXE, enabled=sushy.BOOT_SOURCE_ENABLED_ONCE)
    assert boot(node) == ("Pxe", "Once")
    system.reset_system(sushy.RESET_ON)
    node.until_power("n1", "On")


def test_redfishtool_finds_the_server_at_its_own_endpoint_and_no_other(node: LiveService) -> None:
    where = node.endpoints["n1"].removeprefix("https://")
    words = ("redfishtool", "-r", where, "-S", "Always", "-T", "60", "-u", ADMIN, "-p", IPMI_PASSWORD)
    listed = json.loads(run(node, *words, "Systems"))
    assert [member["@odata.id"] for member in listed["Members"]] == [N1]
    assert json.loads(run(node, *words, "Systems", "-F", "-P", "PowerState")) == {"PowerState": "Off"}
    users = json.loads(run(node, *words, "AccountService", "Accounts"))
    assert users["Members"] == [{"@odata.id": f"{ACCOUNTS}/2"}]
