"""A server that is reached by relays and looked at by other boards, by every door; and a service that dies with its
finger on the button. The server is a QEMU that knows nothing of the service.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import NewService
from tests.e2e.service import ADMIN, IPMI_PASSWORD, LiveService, wait_until
from tests.robots.modbus_device import running_board
from tests.robots.plant import RemotePlant, Rules
from tests.robots.qemu_plant import running_qemu_plant, serial_of, small_disk

pytestmark = pytest.mark.guest
NODE = "a2"
HOLD = 2.0


@dataclass
class Rack:
    plant: RemotePlant
    directory: Path
    hands: int
    eye: int
    meter: int

    def options(self, **more: Any) -> dict[str, Any]:
        modbus = {"adapter": "modbus", "host": "127.0.0.1", "poll": "0.5s"}
        button = {"adapter": "modbus-button", "power_coil": 0, "reset_coil": 1, "short": "0.2s", "long": "3s"}
        return {
            "power": {**button, "host": "127.0.0.1", "port": self.hands, **more},
            "sense": [{**modbus, "port": self.eye, "look": "di0"}, {**modbus, "port": self.meter, "look": "ir0>30"}],
            "on_unknown": "maintenance",
        }

    def has_printed(self, words: str, times: int = 1) -> Callable[[], bool]:
        return lambda: serial_of(self.directory).count(words) >= times


@pytest.fixture
def rack(tmp_path: Path) -> Iterator[Rack]:
    with (
        running_qemu_plant(tmp_path, small_disk(tmp_path), Rules(hold=HOLD)) as plant,
        running_board(plant, {0: "power", 1: "reset"}) as hands,
        running_board(plant) as eye,
        running_board(plant) as meter,
    ):
        yield Rack(plant, tmp_path, hands, eye, meter)


@pytest.fixture
def service(new_service: NewService) -> LiveService:
    return new_service(demo=False).start()


def may_use_ipmi(service: LiveService) -> None:
    user = {"UserName": ADMIN, "Password": IPMI_PASSWORD, "RoleId": "Administrator"}
    service.do("POST", f"/redfish/v1/Managers/{NODE}/RemoteAccountService/Accounts", user)
    service.find()


def test_a_server_behind_relays_is_a_node_like_any_other(service: LiveService, rack: Rack) -> None:
    service.add_node(NODE, "hardware", **rack.options())
    may_use_ipmi(service)
    wait_until(lambda: service.power(NODE) == "Off", 20, "known to be off")
    assert service.system(NODE)["SystemType"] == "Physical"

    service.ipmitool(NODE, "chassis", "power", "on")
    wait_until(lambda: "is on" in service.ipmitool(NODE, "chassis", "power", "status"), 20, "on at the IPMI door")
    wait_until(rack.has_printed("Lightsout Mini"), 120, "booted")
    service.reset(NODE, "ForceRestart")
    wait_until(rack.has_printed("Lightsout Mini", 2), 120, "booted again")
    service.reset(NODE, "GracefulShutdown")
    wait_until(lambda: service.power(NODE) == "Off", 60, "shut down by ACPI")
    service.reset(NODE, "On")
    service.until_power(NODE, "On")
    service.reset(NODE, "ForceOff")
    service.until_power(NODE, "Off")
    assert list(rack.plant.look().events) == ["on", "reset", "asked", "off", "on", "cut"]

    told = service.bmc("down", "--yes")
    assert "none was on" in told.stdout, told


def test_a_service_that_dies_with_its_finger_on_the_button_lets_go_and_looks(service: LiveService, rack: Rack) -> None:
    """The press was cut off by kill -9: at the next start the coil is let go of, and what it did is looked at."""
    rack.plant.fault("system", "deaf")  # what is let go of early is a short press
    service.add_node(NODE, "hardware", **rack.options(long="6s"))
    wait_until(lambda: service.power(NODE) == "Off", 20, "known to be off")
    service.reset(NODE, "On")
    service.until_power(NODE, "On")

    with ThreadPoolExecutor() as threads:
        asked = threads.submit(service.reset, NODE, "ForceOff")
        wait_until(lambda: "power" in rack.plant.look().closed, 10, "held")
        service.kill()
        assert asked.exception() is not None
    time.sleep(HOLD)
    look = rack.plant.look()
    assert "power" in look.closed
    assert look.events[-1] == "cut"
    service.start()
    wait_until(lambda: "power" not in rack.plant.look().closed, 20, "let go of")
    wait_until(lambda: service.power(NODE) == "Off", 20, "seen to be off")
    assert rack.plant.look().moves["power"] == 2
