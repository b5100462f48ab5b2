"""The Manager of a node: its own reset, how it is reached, and who did what."""

import asyncio
from importlib.metadata import version
from ipaddress import IPv4Address
from socket import gethostname

import pytest

from bmc.events import AuditRecord
from bmc.model.caller import Role
from bmc.model.events import Event, EventKind
from bmc.model.node import Endpoint
from bmc.network import Network
from bmc.redfish import manager_network
from tests.redfish.service import Service
from tests.world import ADMIN

MANAGER = "/redfish/v1/Managers/n1"
RESET = f"{MANAGER}/Actions/Manager.Reset"
AUDIT = f"{MANAGER}/LogServices/Audit"


async def ipmitool(service: Service, *words: str) -> None:
    where = service.ipmi.endpoint("n1")
    assert where is not None
    who = ["-I", "lanplus", "-C", "17", "-H", where.host, "-p", str(where.port), "-U", "admin", "-P", "key of n1"]
    process = await asyncio.create_subprocess_exec("ipmitool", *who, *words, stdout=asyncio.subprocess.PIPE)
    told, _ = await process.communicate()
    assert process.returncode == 0, told


async def test_it_says_what_it_is(service: Service) -> None:
    manager, system = await service.get(MANAGER), await service.get("/redfish/v1/Systems/n1")
    assert (manager["ManagerType"], manager["FirmwareVersion"]) == ("BMC", version("lightsout"))
    assert manager["UUID"] == system["UUID"]


async def test_its_protocols_are_those_of_its_doors(service: Service) -> None:
    protocols = await service.get(f"{MANAGER}/NetworkProtocol")
    where = service.ipmi.endpoint("n1")
    assert where is not None
    assert protocols["HostName"] == gethostname()
    assert protocols["HTTP"] == {"ProtocolEnabled": True, "Port": service.server.port}
    assert (protocols["HTTPS"], protocols["IPMI"]) == (
        {"ProtocolEnabled": False},
        {"ProtocolEnabled": True, "Port": where.port},
    )


async def test_the_cipher_suites_of_its_ipmi_are_shown_as_ipmi_has_limited_them(service: Service) -> None:
    async def suites() -> list[dict[str, object]]:
        protocols = await service.get(f"{MANAGER}/NetworkProtocol")
        shown: list[dict[str, object]] = protocols["Oem"]["Lightsout"]["IPMICipherSuites"]
        return shown

    strong = {"Id": 17, "Algorithms": "HMAC-SHA256, AES-CBC-128", "MaxPrivilege": "Administrator"}
    weak = {"Id": 3, "Algorithms": "HMAC-SHA1, AES-CBC-128", "MaxPrivilege": "Administrator"}
    assert await suites() == [strong, weak]
    await service.accounts.set_slot("n1", 2, "admin", b"key of n1", Role.ADMINISTRATOR)
    for limits, then in (
        ("XXXuXXXXXXXXXXa", [strong, weak | {"MaxPrivilege": "User"}]),
        ("XXXXXXXXXXXXXXa", [strong]),
    ):
        await ipmitool(service, "lan", "set", "1", "cipher_privs", limits)
        assert await suites() == then


async def test_its_interface_has_what_the_hosts_network_says_of_the_doors_address(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, mask, gateway = (IPv4Address(each) for each in ("198.51.100.7", "255.255.255.0", "198.51.100.1"))
    network = Network(address, mask, gateway, bytes.fromhex("020000000007"))
    monkeypatch.setattr(manager_network, "find_network", {str(address): network}.get)
    monkeypatch.setattr(service.ipmi, "endpoint", lambda node: Endpoint(str(address), 623))
    interfaces = await service.get((await service.get(MANAGER))["EthernetInterfaces"]["@odata.id"])
    interface = await service.get(interfaces["Members"][0]["@odata.id"])
    assert interface["MACAddress"] == "02:00:00:00:00:07"
    assert interface["IPv4Addresses"] == [
        {"Address": str(address), "SubnetMask": str(mask), "Gateway": str(gateway), "AddressOrigin": "Static"}
    ]


async def test_a_door_on_loopback_is_on_no_ethernet(service: Service) -> None:
    assert "EthernetInterfaces" not in await service.get(MANAGER)
    assert (await service.call("GET", f"{MANAGER}/EthernetInterfaces")).status == 404
    assert (await service.call("GET", f"{MANAGER}/EthernetInterfaces/ipmi")).status == 404


async def test_what_hangs_on_a_closed_ipmi_door_is_not_there(service: Service) -> None:
    await service.ipmi.remove("n1")
    manager = await service.get(MANAGER)
    assert manager.keys().isdisjoint({"EthernetInterfaces", "Actions"})
    protocols = await service.get(f"{MANAGER}/NetworkProtocol")
    assert (protocols["IPMI"], protocols["Oem"]["Lightsout"]["IPMICipherSuites"]) == ({"ProtocolEnabled": False}, [])
    assert (await service.call("GET", f"{MANAGER}/EthernetInterfaces")).status == 404
    refused = await service.call("POST", RESET, {"ResetType": "ForceRestart"})
    assert (refused.status, refused.ids) == (409, ["ResourceInUse"])
    await service.ipmi.add(service.world.fleet.node("n1"))  # as the fleet closes it in the end


@pytest.mark.parametrize("kind", ["ForceRestart", "GracefulRestart"])
async def test_a_reset_is_audited(service: Service, kind: str) -> None:
    answer = await service.call("POST", RESET, {"ResetType": kind})
    assert answer.status == 204
    [record] = [each for each in await service.world.audit.newest(node="n1") if each.action == "reset-bmc"]
    assert (record.account, record.outcome, dict(record.details)) == ("admin", "ok", {"type": kind})


@pytest.mark.parametrize("account", ["olga", "vera", "tina"])
async def test_only_an_administrator_resets_it_or_reads_its_audit(service: Service, account: str) -> None:
    assert (await service.call("POST", RESET, {"ResetType": "ForceRestart"}, as_=account)).status == 403
    assert "LogServices" not in await service.get(MANAGER, as_=account)
    for path in (f"{MANAGER}/LogServices", AUDIT, f"{AUDIT}/Entries", f"{AUDIT}/Entries/1"):
        assert (await service.call("GET", path, as_=account)).status == 403


async def test_a_reset_of_another_kind_is_refused(service: Service) -> None:
    answer = await service.call("POST", RESET, {"ResetType": "Off", "Delay": 1})
    assert (answer.status, answer.ids) == (400, ["ActionParameterValueNotInList", "ActionParameterUnknown"])


async def test_the_audit_tells_who_did_what_newest_first(service: Service) -> None:
    for kind in ("On", "ForceOff"):
        headers = {"X-Request-Id": f"ticket-{kind}"}
        body = {"ResetType": kind}
        path = "/redfish/v1/Systems/n1/Actions/ComputerSystem.Reset"
        assert (await service.call("POST", path, body, as_="olga", headers=headers)).status == 204
    records: list[AuditRecord] = await service.world.audit.newest(node="n1")
    log = await service.get((await service.get(AUDIT))["Entries"]["@odata.id"])
    assert [entry["Id"] for entry in log["Members"]] == [str(record.sequence) for record in reversed(records)]
    entry = await service.get(f"{AUDIT}/Entries/{records[-1].sequence}")
    assert entry == {**log["Members"][0], "@odata.etag": entry["@odata.etag"]}
    assert (entry["Username"], entry["Severity"]) == ("olga", "OK")
    assert entry["Message"] == (
        'olga (Operator) by redfish from 127.0.0.1, request ticket-ForceOff: power of n1 {"action": "ForceOff"}: done'
    )
    page = await service.get(f"{AUDIT}/Entries?$skip=1&$top=1")
    assert (page["Members"], page["Members@odata.count"]) == ([log["Members"][1]], len(records))


async def test_an_administrator_of_one_node_reads_the_audit_of_that_node_alone(service: Service) -> None:

    await service.world.add("n2")
    await service.accounts.change("tina", role=Role.ADMINISTRATOR)
    assert (await service.get(f"{AUDIT}/Entries", as_="tina"))["Members"]
    assert (await service.call("GET", AUDIT.replace("n1", "n2"), as_="tina")).status == 404


FLEET = "/redfish/v1/Managers/Lightsout"


async def test_the_service_has_a_manager_of_its_own_whose_logs_are_the_whole_fleets(service: Service) -> None:
    await service.world.add("n2")
    for name in ("n1", "n2"):
        body = {"ResetType": "On"}
        await service.call("POST", f"/redfish/v1/Systems/{name}/Actions/ComputerSystem.Reset", body, as_="olga")
    await service.token("vera")
    root = await service.get("/redfish/v1/")
    assert root["Links"]["ManagerProvidingService"] == {"@odata.id": FLEET}
    assert (await service.get("/redfish/v1/Managers"))["Members"][-1] == {"@odata.id": FLEET}
    manager = await service.get(FLEET)
    assert manager["ManagerType"] == "Service"
    logs = await service.get(manager["LogServices"]["@odata.id"])
    events, audit = [await service.get(f"{log['@odata.id']}/Entries") for log in logs["Members"]]
    told = [entry["Oem"]["Lightsout"] for entry in events["Members"]]
    assert {"n1", "n2", None} == {each["Node"] for each in told}
    assert "account.signed-in" in {each["Kind"] for each in told}
    done = [entry["Oem"]["Lightsout"] for entry in audit["Members"]]
    asked = [(each["Account"], each["Action"], each["TargetKind"], each["Target"]) for each in done]
    assert asked[0] == ("vera", "sign-in", "account", "vera")
    assert ("olga", "power", "node", "n1") in asked
    assert {each["Door"] for each in done if each["Account"] == "olga"} == {"redfish"}


async def test_details_are_single_values_to_a_validator(service: Service) -> None:
    details = {"tags": ["rack-7", "gpu"], "network": {"vlan": 7, "addresses": ["a", "b"]}, "count": 2}
    await service.world.audit.record(ADMIN, "create-node", "n1", "done", details)
    newest = (await service.get(f"{AUDIT}/Entries"))["Members"][0]
    assert newest["Oem"]["Lightsout"]["Details"] == {
        "tags": "rack-7, gpu",
        "network": "vlan: 7, addresses: a, b",
        "count": 2,
    }


@pytest.mark.parametrize("log", ["EventLog", "Audit"])
async def test_a_log_is_read_page_by_page_to_its_end_and_an_entry_by_its_number(service: Service, log: str) -> None:
    for _ in range(5):
        await service.call("POST", RESET, {"ResetType": "ForceRestart"})
        await service.world.events.publish(Event(EventKind.NODE_CHANGED, "changed", 0, "n1"))
    whole = (await service.get(f"{FLEET}/LogServices/{log}/Entries"))["Members"]
    assert len(whole) >= 6
    paged, path = [], f"{FLEET}/LogServices/{log}/Entries?$top=2"
    while path:
        page = await service.get(path)
        assert page["Members@odata.count"] == len(whole)
        paged += page["Members"]
        path = page.get("Members@odata.nextLink", "")
    assert paged == whole
    entry = await service.get(whole[2]["@odata.id"])
    assert entry == {**whole[2], "@odata.etag": entry["@odata.etag"]}
    for wrong in ("0", "01", "99999", "x", "9" * 30):
        assert (await service.call("GET", f"{FLEET}/LogServices/{log}/Entries/{wrong}")).status == 404


@pytest.mark.parametrize("account", ["olga", "vera", "tina"])
async def test_the_logs_of_the_whole_fleet_are_for_its_administrators(service: Service, account: str) -> None:
    assert "LogServices" not in await service.get(FLEET, as_=account)
    if account == "tina":
        await service.accounts.change("tina", role=Role.ADMINISTRATOR)  # of n1 alone
        assert "LogServices" not in await service.get(FLEET, as_=account)
    for path in ("", "/Audit", "/EventLog", "/Audit/Entries", "/EventLog/Entries", "/Audit/Entries/1"):
        assert (await service.call("GET", f"{FLEET}/LogServices{path}", as_=account)).status == 403


async def test_an_entry_of_another_node_is_in_no_log_of_this_one(service: Service) -> None:
    await service.world.add("n2")
    await service.call("POST", RESET.replace("n1", "n2"), {"ResetType": "ForceRestart"})
    (record,) = [each for each in await service.world.audit.newest(node="n2") if each.action == "reset-bmc"]
    assert (await service.call("GET", f"{AUDIT}/Entries/{record.sequence}")).status == 404
    assert (await service.call("GET", f"{AUDIT.replace('n1', 'n2')}/Entries/{record.sequence}")).status == 200


async def test_it_tells_of_serial_consoles_by_ssh_and_the_service_of_its_host_key(service: Service) -> None:
    port = service.ssh.port
    for manager in (MANAGER, "/redfish/v1/Managers/Lightsout"):
        assert (await service.get(f"{manager}/NetworkProtocol"))["SSH"] == {"ProtocolEnabled": True, "Port": port}
    ssh = (await service.get("/redfish/v1/Systems/n1"))["SerialConsole"]["SSH"]
    assert (ssh["ServiceEnabled"], ssh["Port"], ssh["SharedWithManagerCLI"]) == (True, port, False)
    assert "^Ec." in ssh["HotKeySequenceDisplay"]
    own = await service.get("/redfish/v1/Managers/Lightsout")
    assert own["Oem"]["Lightsout"]["SSHHostKeyFingerprint"] == service.host_key.get_fingerprint()
