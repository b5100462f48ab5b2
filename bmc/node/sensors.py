"""The sensors among a node's commands, and the task that looks at them while the node is on."""

import asyncio
from collections.abc import Callable

from bmc.model.caller import Caller
from bmc.model.commands import SetSensor
from bmc.model.events import EventKind
from bmc.node.part import Bench, Handlers
from bmc.records.sensors import SensorKeeper


class SensorPart:
    """`is_on` tells whether there is anything to read; `wake` is called when that may have changed."""

    def __init__(self, bench: Bench, keeper: SensorKeeper, is_on: Callable[[], bool], interval: float) -> None:
        self._bench = bench
        self._keeper = keeper
        self._is_on = is_on
        self._interval = interval
        self._news = asyncio.Event()
        self.handlers: Handlers = {SetSensor: self._do_set}

    def wake(self) -> None:
        self._news.set()

    async def run(self) -> None:
        """Look each `interval` seconds while the node is on, and at once when it goes on or off."""
        while True:
            on = self._is_on()
            crossings = await self._keeper.look(on)
            self._bench.refresh()
            for crossing in crossings:
                await self._bench.publish(
                    EventKind.SENSOR_CROSSED, crossing.message, crossing.severity, details=crossing.details
                )
            self._news.clear()
            try:
                async with asyncio.timeout(self._interval if on else None):
                    while self._is_on() is on:
                        await self._news.wait()
                        self._news.clear()
            except TimeoutError:
                continue

    async def _do_set(self, command: SetSensor, caller: Caller) -> None:
        await self._keeper.set(command.sensor, command.setting)
        self._bench.refresh()
        message = f"{caller.account} set the thresholds of {command.sensor} of {self._bench.name}"
        await self._bench.publish(EventKind.NODE_CHANGED, message, account=caller.account)
