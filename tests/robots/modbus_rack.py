"""A plant with two Modbus boards: one that moves it, and another, in a process of its own, that looks at it."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from pymodbus.client import ModbusTcpClient

from bmc.model.power import PowerState
from bmc.ports import Backend
from tests.robots.modbus_device import COILS, running_board
from tests.robots.plant import Look, RemotePlant, Rules, running_plant

HOLD = 1.8
"""Longer by a second than a press whose answers are lost, so that a loaded machine has time to let go."""
WIRES = {0: "power", 1: "reset", 2: "a"}
BOOTS = Rules(boots=True, fed=False)


@dataclass(frozen=True, slots=True)
class Rack:
    plant: RemotePlant
    hand: int
    eye: int

    def renew(self) -> None:
        self.plant.renew()
        with ModbusTcpClient("127.0.0.1", port=self.hand) as client:
            client.write_coils(0, [False] * COILS)

    def button(self, **options: object) -> dict[str, object]:
        return {
            "adapter": "modbus-button",
            "host": "127.0.0.1",
            "port": self.hand,
            "power_coil": 0,
            "reset_coil": 1,
            "short": "0.1s",
            "long": "2s",
            "answers_within": "0.5s",
            **options,
        }

    def outlet(self, **options: object) -> dict[str, object]:
        where = {"host": "127.0.0.1", "port": self.hand, "answers_within": "0.5s"}
        return {"adapter": "modbus", "coil": 2, **where, **options}

    def sense(self, look: str = "di0", **options: object) -> dict[str, object]:
        return {"adapter": "modbus", "host": "127.0.0.1", "port": self.eye, "look": look, "poll": "0.2s", **options}

    def node(self, **options: object) -> dict[str, object]:
        return {"power": self.button(**options), "sense": [self.sense()], "settle": "2s"}


@contextmanager
def racked(rules: Rules, wires: Mapping[int, str] | None = None, watchdog: float = 0) -> Iterator[Rack]:
    with ExitStack() as stack:
        plant = stack.enter_context(running_plant(rules))
        hand = stack.enter_context(running_board(plant, wires or WIRES, watchdog=watchdog))
        eye = stack.enter_context(running_board(plant))
        yield Rack(plant, hand, eye)


async def shows(backend: Backend, state: PowerState) -> None:
    async with asyncio.timeout(30):
        while {(await sense.read()).state for sense in backend.senses} != {state}:  # noqa: ASYNC110 - reading is polling
            await asyncio.sleep(0.05)


async def closed(plant: RemotePlant, name: str, wanted: bool = True) -> Look:
    """The plant, once that contact is closed (or open)."""
    async with asyncio.timeout(30):
        while (name in (look := plant.look()).closed) is not wanted:  # noqa: ASYNC110 - the plant tells nothing by itself
            await asyncio.sleep(0.02)
    return look
