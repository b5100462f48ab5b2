"""DMTF's tools and Ironic's client drive a server, judged by what they print and by what the server is then."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sushy
from sushy.auth import SessionAuth

from tests.e2e.service import ADMIN, ADMIN_PASSWORD, IPMI_PASSWORD, SYSTEMS, LiveService, wait_until

N1 = f"{SYSTEMS}/n1"
CD = f"{N1}/VirtualMedia/cd0"
ACCOUNTS = "/redfish/v1/AccountService/Accounts"


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
