"""DMTF's validators and checkers find nothing to complain of, judged by the reports that they write.

They run on the real service over HTTPS. What they warn of and cannot be helped is named here, and nothing else passes.
"""

import csv
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import asyncssh
import openpyxl
import pytest

from tests.dmtf import dmtf
from tests.e2e.conftest import SECURE, NewService
from tests.e2e.service import (
    ADMIN,
    ADMIN_PASSWORD,
    DEMO,
    IPMI_PASSWORD,
    SYSTEMS,
    LiveService,
    boot,
    booting,
    wait_until,
)

N1 = f"{SYSTEMS}/n1"
SUBSCRIPTIONS = "/redfish/v1/EventService/Subscriptions"
PATIENCE = 400.0


def referee(service: LiveService, directory: Path, tool: str, *words: str, node: str = "") -> str:
    """Run one of DMTF's tools in `directory`, on the fleet's root or a node's own endpoint; what it printed."""
    url, password = (service.endpoints[node], IPMI_PASSWORD) if node else (service.url, ADMIN_PASSWORD)
    where = ["--rhost", url, "--user", ADMIN, "--password", password]
    trust = {"REQUESTS_CA_BUNDLE": str(service.certificate), "CURL_CA_BUNDLE": str(service.certificate)}
    done = subprocess.run(
        [Path(sys.executable).with_name(tool), *where, *words],
        cwd=directory,
        env={**os.environ, **trust},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    return done.stdout + done.stderr


def judge(directory: Path) -> tuple[Counter[str], list[tuple[str, ...]]]:
    """How often each verdict is in the report that a tool left in `directory`, and the rows that complain."""
    (report,) = directory.rglob("*Report*.xlsx")
    verdicts: Counter[str] = Counter()
    complaints = []
    book = openpyxl.load_workbook(report, read_only=True)
    for sheet in book.worksheets:
        if sheet.title == "Summary":
            continue
        head, *rows = sheet.iter_rows(values_only=True)
        place = head.index("Result")
        for row in rows:
            verdicts[str(row[place])] += 1
            if row[place] in ("FAIL", "WARN"):
                complaints.append(tuple(str(cell) for cell in row))
    book.close()
    return verdicts, complaints


def live_a_little(service: LiveService) -> None:
    """Have something of every kind there: a reservation, a medium, events, an IPMI user, an SSH key, a job that was
    cancelled, an image that could not be fetched, an upload that is waited for, and a subscription that waits, beside
    the configuration's destinations.
    """
    subscription: dict[str, Any] = {"Destination": "https://hooks.example/in", "Protocol": "Redfish", "Context": "mine"}
    subscription |= {"MessageIds": ["Lightsout.1.0.NodeReset"], "OriginResources": [{"@odata.id": N1}]}
    made = service.do("POST", SUBSCRIPTIONS, subscription | {"HttpHeaders": [{"X-Team": "rack 7"}]}).body
    service.do("POST", made["Actions"]["#EventDestination.SuspendSubscription"]["target"], {})
    key = asyncssh.generate_private_key("ssh-ed25519", comment="me").export_public_key().decode()
    keys = f"/redfish/v1/AccountService/Accounts/{ADMIN}/Keys"
    if not service.get(keys)["Members"]:
        service.do("POST", keys, {"KeyType": "SSH", "KeyString": key, "UserDescription": "laptop"})
    service.off("n1")
    dead = {"Id": "absent", "URL": "http://127.0.0.1:1/absent.raw", "FileSHA256": "0" * 64}
    service.do("POST", "/redfish/v1/Oem/Lightsout/Images", dead)
    (service.state / "media" / "tools.iso").write_bytes(bytes(2048))
    awaited = {"Id": "debian.iso", "FileSHA256": "0" * 64, "FileSizeBytes": 2048}
    service.call("POST", "/redfish/v1/Oem/Lightsout/Media", awaited)  # it waits on, maybe since the time before
    job = service.do("POST", f"{N1}/Actions/Oem/Lightsout.Reinstall", {"Image": "lightsout-mini", "Hostname": "n1"})
    task = job.body["@odata.id"]
    service.call("DELETE", task)
    wait_until(lambda: service.get(task)["TaskState"] in ("Cancelled", "Completed", "Exception"), 60, "the job's end")
    service.do("POST", f"{N1}/Actions/Oem/Lightsout.Reserve", {"Reason": "a validator looks at it"})


def validated(service: LiveService, directory: Path, node: str = "") -> tuple[Counter[str], list[tuple[str, ...]]]:
    """The service validator's verdicts on all that is served now, by the fleet or at the node's own endpoint."""
    schemas = directory / "schemas"
    schemas.mkdir()
    for file in dmtf("csdl").glob("*.xml"):
        (schemas / file.name).symlink_to(file.resolve())
    # The validator would do this itself, and first ask DMTF for its own files.
    for uri in re.findall(r'Uri="(/redfish/[^"]+)"', service.text("/redfish/v1/$metadata")):
        (schemas / uri.rpartition("/")[2]).write_text(service.text(uri))
    referee(service, directory, "rf_service_validator", "--schema_directory", "schemas", "--skipschema", node=node)
    return judge(directory)


@pytest.mark.parametrize("node", ["", "n1"], ids=["fleet", "node"])
def test_the_service_validator_knows_all_that_is_served(secure: LiveService, tmp_path: Path, node: str) -> None:
    dmtf("csdl")
    live_a_little(secure)
    try:
        verdicts, complaints = validated(secure, tmp_path, node)
    finally:
        secure.do("POST", f"{N1}/Actions/Oem/Lightsout.Release", {})
    # Ironic and others still look for the media of a System at its Manager; the schema would have them look no more.
    allowed = [row for row in complaints if "VirtualMedia" in row and "deprecated" in row[-1]]
    assert complaints == allowed
    assert verdicts["PASS"] > 1500
    assert len(secure.get(SUBSCRIPTIONS)["Members"]) >= 4
    assert {row[1] for row in allowed} <= {"/redfish/v1/Managers/n1"}


OUTLET = {"adapter": "modbus", "host": "127.0.0.1", "port": 1, "coil": 0}
LOOKS = {"adapter": "modbus", "host": "127.0.0.1", "port": 1, "look": "di0"}
HARDWARE: dict[str, Any] = {
    "power": [{"adapter": "wol", "mac": "52:54:00:12:34:56"}, {"together": [OUTLET, {**OUTLET, "coil": 1}]}],
    "supply": {"together": [OUTLET, {**OUTLET, "coil": 1}]},
    "sense": [LOOKS, "ping:127.0.0.1"],
    "interlocks": [{**LOOKS, "look": "di1"}],
    "escalate": ["hold", "outlet"],
    "shared_with": ["n1"],
    "deploy": {"adapter": "deploy-network", "network": "lab", "macs": ["52:54:00:12:34:56"], "address": "127.0.0.7"},
    "settle": "30s",
}


def test_the_service_validator_knows_the_options_of_a_server_on_hardware(
    new_service: NewService, tmp_path: Path
) -> None:
    dmtf("csdl")
    lab = '[deploy.lab]\ninterface = "lo"\naddress = "127.0.0.9/24"\n'
    service = new_service(demo=False, config=SECURE + lab).start()
    service.add_node("a2", "hardware", **HARDWARE)
    button = {"adapter": "modbus-button", "host": "127.0.0.1", "port": 1, "power_coil": 0}
    service.add_node("a3", "hardware", power=button, sense=[LOOKS])
    verdicts, complaints = validated(service, tmp_path)
    assert complaints == []
    assert verdicts["PASS"] > 500
    assert service.system("a3")["Status"]["State"] is None
    assert service.system("a2")["Oem"]["Lightsout"]["Options"] == HARDWARE
    assert service.system("a3")["Oem"]["Lightsout"]["Options"]["power"] == [button]


@pytest.mark.slow
@pytest.mark.guest
async def test_the_service_validator_knows_the_tasks_of_a_rescue_and_an_erase(
    new_service: NewService, tmp_path: Path
) -> None:
    """On a node of its own: the erase leaves it without a system."""
    secure = new_service(config=SECURE).start()
    for node in DEMO[1:]:
        secure.remove_node(node)

    def job(action: str, body: object) -> str:
        return str(secure.do("POST", f"{N1}/Actions/Oem/Lightsout.{action}", body).body["@odata.id"])

    def ours(task: str, name: str) -> bool:
        return bool(secure.get(task)["Oem"]["Lightsout"][name])

    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUY0Wz6R2QZgG2u3nJY6JlyTUn2cB5mgwHpzVQFRn6h me"
    async with booting():
        erase = job("Erase", {"Method": "Metadata"})
        wait_until(lambda: secure.get(erase)["TaskState"] == "Completed", 240, "the erase")
        rescue = job("Rescue", {"SSHKeys": [key]})
        wait_until(lambda: ours(rescue, "Rescue"), 240, "the rescue")
        verdicts, complaints = validated(secure, tmp_path)
        secure.do("POST", f"{N1}/Actions/Oem/Lightsout.EndRescue", {})
        wait_until(lambda: secure.get(rescue)["TaskState"] == "Completed", 60, "the end of the rescue")
    assert ours(erase, "Erased")
    assert [row for row in complaints if row[1].startswith("/redfish/v1/TaskService")] == []
    assert verdicts["PASS"] > 1500


@pytest.mark.parametrize("node", ["", "n1"], ids=["fleet", "node"])
def test_the_protocol_validator_finds_no_fault(secure: LiveService, tmp_path: Path, node: str) -> None:
    words = ("--ca-bundle", str(secure.certificate), "--avoid-http-redirect", "--report-type", "tsv")
    said = referee(secure, tmp_path, "rf_protocol_validator", *words, "--report-dir", ".", node=node)
    (report,) = tmp_path.glob("*.tsv")
    rows = list(csv.DictReader(report.read_text().splitlines(), delimiter="\t"))
    assert [row for row in rows if row["Result"] in ("FAIL", "WARN")] == [], said[-2000:]
    assert sum(row["Result"] == "PASS" for row in rows) > 300


def test_the_profile_of_openstack_ironic_is_met(secure: LiveService, tmp_path: Path) -> None:
    profile = dmtf("profiles/OpenStackIronicProfile.v1_2_0.json")
    said = referee(secure, tmp_path, "rf_interop_validator", str(profile))
    verdicts, complaints = judge(tmp_path)
    # Whoever has Storage must let RAID volumes be made, and whoever has an UpdateService SimpleUpdate: there is no RAID
    # and nothing to update, so nothing says that there is.
    unmet = [row for row in complaints if "VolumeCollection" in row or "Actions/#UpdateService.SimpleUpdate" in row]
    assert complaints == unmet, said[-2000:]
    assert len(unmet) == 3
    assert verdicts["PASS"] > 50


@pytest.mark.parametrize("cases", ["AccountManagement", "QueryParameters", "ManagerEthernetInterfaces"])
def test_the_use_cases_work(secure: LiveService, tmp_path: Path, cases: str) -> None:
    said = referee(secure, tmp_path, "rf_use_case_checkers", "--test-list", cases)
    verdicts, complaints = judge(tmp_path)
    assert complaints == [], said[-2000:]
    assert verdicts["PASS"] > 0


@pytest.mark.guest
async def test_the_use_cases_of_a_boot_override_work(secure: LiveService, tmp_path: Path) -> None:
    """The checker restarts the system gracefully: there must be one that obeys."""
    await boot(secure, "n1")
    said = referee(secure, tmp_path, "rf_use_case_checkers", "--test-list", "BootOverride")
    verdicts, complaints = judge(tmp_path)
    assert complaints == [], said[-2000:]
    assert verdicts["PASS"] > 8


@pytest.mark.guest
def test_the_use_cases_of_power_work(secure: LiveService, tmp_path: Path) -> None:
    """ForceRestart of a system that is off is refused here, as IPMI wants it; of what the checker tries beside that,
    Redfish demands (`--relaxed`) all.
    """
    said = referee(secure, tmp_path, "rf_use_case_checkers", "--relaxed", "--test-list", "PowerControl")
    verdicts, complaints = judge(tmp_path)
    refused = [row for row in complaints if "WARN" in row and "makes no sense while n1 is Off" in row[-1]]
    assert complaints == refused, said[-2000:]
    assert {re.findall(r"type '(\w+)'", row[3])[0] for row in refused} == {"ForceRestart"}
    assert verdicts["PASS"] > 5
