"""A server with a vendor BMC, added while the service runs: power and boot by every door, as of any node."""

import asyncio
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import NewService
from tests.e2e.service import ADMIN, IPMI_PASSWORD, SYSTEMS, LiveService, event_stream, wait_until
from tests.robots.conftest import Simulator, simulator

__all__ = ["simulator"]

NODE = "rack1-u7"


@pytest.fixture
def service(new_service: NewService, tmp_path: Path) -> LiveService:
    password = tmp_path / "vendor-password"
    password.write_text("secret\n")
    config = f'[credentials.lab]\nuser = "admin"\npassword_file = "{password}"\n'
    return new_service(demo=False, config=config).start()


async def test_a_vendor_bmc_is_added_switched_and_booted_by_every_door(
    service: LiveService, simulator: Simulator
) -> None:
    service.add_node(NODE, "ipmi", host="127.0.0.1", port=simulator.port, credential="lab", poll=1)
    user = {"UserName": ADMIN, "Password": IPMI_PASSWORD, "RoleId": "Administrator"}
    service.do("POST", f"/redfish/v1/Managers/{NODE}/RemoteAccountService/Accounts", user)
    service.find()
    assert service.system(NODE)["SystemType"] == "Physical"
    wait_until(lambda: service.power(NODE) == "Off", 20, "known to be off")

    service.ipmitool(NODE, "chassis", "bootdev", "pxe")
    assert "Force PXE" in service.ipmitool(NODE, "chassis", "bootparam", "get", "5")
    assert service.system(NODE)["Boot"]["BootSourceOverrideTarget"] == "Pxe"
    async with event_stream(service) as events:
        asked = time.monotonic()
        await asyncio.to_thread(service.ipmitool, NODE, "chassis", "power", "on")
        await events.expect(NODE, "power.changed", after=asked, where=lambda event: event["Details"]["to"] == "On")
        await events.expect(NODE, "boot.override-spent", after=asked)
    assert simulator.read("power") == "1"
    assert simulator.read("booted").split() == ["pxe"]
    assert "is on" in service.ipmitool(NODE, "chassis", "power", "status")
    assert service.system(NODE)["Boot"]["BootSourceOverrideEnabled"] == "Disabled"

    service.reset(NODE, "ForceOff")
    wait_until(lambda: "is off" in service.ipmitool(NODE, "chassis", "power", "status"), 10, "off at the IPMI door")
    assert simulator.read("power") == "0"

    service.kill()
    service.start()
    wait_until(lambda: service.power(NODE) == "Off", 20, "known again")
    simulator.write("power", "1")  # somebody pressed the button
    wait_until(lambda: service.power(NODE) == "On", 30, "seen")
    assert simulator.read("booted").split() == ["pxe"]

    simulator.stop()
    wait_until(lambda: service.system(NODE)["PowerState"] is None, 60, "unknown")
    told = service.system(NODE)["PowerState@Message.ExtendedInfo"][0]["Message"]
    assert "unreachable" in told
    refused = service.try_ipmitool(NODE, "chassis", "power", "status")
    assert refused.returncode != 0
    assert "secret" not in service.log.replace("secrets", "")

    service.do("DELETE", f"{SYSTEMS}/{NODE}")
    assert service.call("GET", f"{SYSTEMS}/{NODE}").status == 404


def test_a_node_goes_on_with_a_password_that_was_changed_on_both_sides(
    new_service: NewService, simulator: Simulator, tmp_path: Path
) -> None:
    service = new_service(demo=False).start()

    def set_password(password: str) -> None:
        file = tmp_path / "password"
        file.write_text(f"{password}\n")
        file.chmod(0o600)
        done = service.bmc("credential", "set", "rack1", "--user", "admin", "--password-file", str(file))
        assert done.returncode == 0, done.stderr

    set_password("secret")
    service.add_node(NODE, "ipmi", host="127.0.0.1", port=simulator.port, credential="rack1", poll=1)
    wait_until(lambda: service.power(NODE) == "Off", 20, "known to be off")
    simulator.stop()
    simulator.change_password("renewed")
    simulator.start()
    wait_until(lambda: "refused" in str(service.system(NODE).get("PowerState@Message.ExtendedInfo")), 60, "refused")
    set_password("renewed")
    wait_until(lambda: service.power(NODE) == "Off", 20, "known again")
    service.reset(NODE, "On")
    assert simulator.read("power") == "1"


def test_a_node_with_a_credential_that_is_not_there_is_refused(service: LiveService) -> None:
    options = {"host": "127.0.0.1", "port": 623, "credential": "missing"}
    answer = service.call("POST", SYSTEMS, {"Name": NODE, "Oem": {"Lightsout": {"Driver": "ipmi", "Options": options}}})
    assert answer.status == 400
    assert "missing" in answer.words
    assert service.get(SYSTEMS)["Members"] == []
