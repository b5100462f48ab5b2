"""Nodes of real hardware for the page: one on relays with three senses, and one whose button a person presses."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.e2e.service import Answer, LiveService, wait_until
from tests.robots.modbus_device import running_board
from tests.robots.plant import RemotePlant, Rules, running_plant

RELAYS, BUTTON = "a2", "a6"
MANAGER = "/redfish/v1/Managers/Lightsout"


@dataclass(frozen=True, slots=True)
class Rack:
    """`a2` and `a6` are two ways to the one server, `plant`."""

    service: LiveService
    plant: RemotePlant

    def act(self, action: str, **body: Any) -> int:
        """An action of our own on the service itself; tells the HTTP status."""
        return self.service.call("POST", f"{MANAGER}/Actions/Oem/Lightsout.{action}", body).status

    def renew(self) -> None:
        """Off, whole, known to be so, and nothing held or asked for."""
        self.act("ReleaseEmergencyStop")
        self.answer("CouldNot")
        self.plant.renew()
        for node in (RELAYS, BUTTON):
            self.service.do("POST", f"/redfish/v1/Systems/{node}/Actions/Oem/Lightsout.Release")
            wait_until(lambda node=node: self.known(node) == ("Off", "OK"), 30, f"{node} known to be off")  # type: ignore[misc]

    def press(self, kind: str) -> Answer:
        """Ask for a reset of the node whose button a person presses, and wait for what they say."""
        path = f"/redfish/v1/Systems/{BUTTON}/Actions/ComputerSystem.Reset"
        return self.service.call("POST", path, {"ResetType": kind})

    def answer(self, answer: str) -> None:
        """What is open, all of it."""
        for each in self.service.get(MANAGER)["Oem"]["Lightsout"]["Assignments"]:
            self.act("AnswerAssignment", Id=each["Id"], Answer=answer)

    def known(self, node: str) -> tuple[str | None, str]:
        system = self.service.system(node)
        return system["PowerState"], system["Status"]["Health"]


@contextmanager
def wired(service: LiveService) -> Iterator[Rack]:
    """Nodes of `service`, which runs."""
    with (
        running_plant(Rules(hold=2.0)) as plant,
        running_board(plant, {0: "power", 1: "reset"}) as hands,
        running_board(plant) as eye,
        running_board(plant) as meter,
        running_board(plant) as other_meter,
    ):
        modbus = {"adapter": "modbus", "host": "127.0.0.1", "poll": "0.2s"}
        button = {"adapter": "modbus-button", "host": "127.0.0.1", "port": hands, "power_coil": 0, "reset_coil": 1}
        led = {**modbus, "port": eye, "look": "di0"}
        watts = [{**modbus, "port": port, "look": "ir0>30"} for port in (meter, other_meter)]
        rules = {"settle": "3s", "agree": "0.5s"}
        service.add_node(RELAYS, "hardware", power={**button, "long": "3s"}, sense=[led, *watts], **rules)
        person = {"adapter": "person", "where": "rack 3, unit 7", "reset": True, "deadline": "5min"}
        service.add_node(BUTTON, "hardware", power=person, sense=[watts[0]], **rules)
        yield Rack(service, plant)
