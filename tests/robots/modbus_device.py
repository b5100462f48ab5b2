"""A Modbus/TCP board in a process of its own, by pymodbus' server, wired to the plant.

Coils close the contacts that `--wire COIL=CONTACT` names (`!` before it: closed while the coil is off). Register
100 + COIL takes the length of a pulse in tenths of a second. Discrete input 0 is the LED, 1 always open, 2 always
closed; input registers hold the watts of each feed. Its watchdog turns all coils off.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from tests.ports import free_port
from tests.robots.plant import RemotePlant, port_of, program

COILS, PULSES = 16, 100
READ_INPUTS, READ_METERS, WRITE_COIL, WRITE_REGISTER = 2, 4, 5, 6


class Board:
    """`refuses`: the exception code with which it answers every write."""

    def __init__(self, plant: RemotePlant, wires: Mapping[int, str], watchdog: float, refuses: int) -> None:
        self._plant = plant
        self._wires = wires
        self._watchdog = watchdog
        self._refuses = refuses
        self._coils: list[int] = []
        self._heard = time.monotonic()
        self._pulses: dict[int, asyncio.TimerHandle] = {}
        self.device = SimDevice(
            1,
            (
                [SimData(0, values=[False] * COILS, datatype=DataType.BITS)],
                [SimData(0, values=[False] * 16, datatype=DataType.BITS)],
                [SimData(0, values=[0] * 200, datatype=DataType.REGISTERS)],
                [SimData(0, values=[0] * 16, datatype=DataType.REGISTERS)],
            ),
            action=self.asked,
        )

    async def asked(
        self,
        function: int,
        start: int,
        address: int,
        count: int,
        registers: list[int],
        values: Sequence[int] | Sequence[bool] | None,
    ) -> ExcCodes | None:
        self._heard = time.monotonic()
        if function in (WRITE_COIL, WRITE_REGISTER) and self._refuses:
            return ExcCodes(self._refuses)
        look = self._plant.look()
        if function == READ_INPUTS:
            registers[0] = look.led | 0b100
        elif function == READ_METERS:
            registers[: len(look.watts)] = [round(each) for each in look.watts.values()]
        elif function == WRITE_COIL and values is not None:
            self._coils = registers
            self._move(address, bool(values[0]))
        elif function == WRITE_REGISTER and values is not None and address >= PULSES:
            self._pulse(address - PULSES, values[0] / 10)
        return None

    async def watch(self) -> None:
        while self._watchdog:
            await asyncio.sleep(0.02)
            if time.monotonic() - self._heard > self._watchdog and self._coils and self._coils[0]:
                self._coils[0] = 0
                for coil in self._wires:
                    self._move(coil, False)

    def _move(self, coil: int, on: bool) -> None:
        wire = self._wires.get(coil, "")
        if not wire:
            return
        if on is not wire.startswith("!"):
            self._plant.close(wire.lstrip("!"))
        else:
            self._plant.open(wire.lstrip("!"))

    def _pulse(self, coil: int, seconds: float) -> None:
        if coil in self._pulses:
            self._pulses.pop(coil).cancel()
        self._move(coil, seconds > 0)
        if seconds > 0:
            self._pulses[coil] = asyncio.get_running_loop().call_later(seconds, self._move, coil, False)


@contextmanager
def running_board(
    plant: RemotePlant, wires: Mapping[int, str] | None = None, port: int = 0, watchdog: float = 0, refuses: int = 0
) -> Iterator[int]:
    """Its port; with `port`, that one, where one was before."""
    given = [f"--wire={coil}={contact}" for coil, contact in (wires or {}).items()]
    given += [f"--plant={plant.port}", f"--port={port or free_port()}"]
    given += [f"--watchdog={watchdog}", f"--refuses={refuses}"]
    with program("tests.robots.modbus_device", *given) as process:
        yield port_of(process)


async def serve(board: Board, port: int) -> None:
    server = ModbusTcpServer(board.device, address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    print(port, flush=True)
    watching = asyncio.create_task(board.watch())
    await asyncio.to_thread(sys.stdin.buffer.read)
    watching.cancel()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plant", type=int, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--wire", action="append", default=[])
    parser.add_argument("--watchdog", type=float, default=0)
    parser.add_argument("--refuses", type=int, default=0)
    given = parser.parse_args()
    wires = {int(coil): contact for coil, _, contact in (each.partition("=") for each in given.wire)}
    asyncio.run(serve(Board(RemotePlant(given.plant), wires, given.watchdog, given.refuses), given.port))


if __name__ == "__main__":
    main()
