"""A node's sensors among its parts: sampled while it is on, remembered, set by an operator."""

import asyncio
import logging
from collections.abc import Awaitable

from bmc.model.caller import Caller
from bmc.model.clock import within
from bmc.model.commands import ReadSensorHistory, SetSensor
from bmc.model.events import EventKind
from bmc.model.power import PowerState
from bmc.model.sensor import SensorHistory
from bmc.node.part import Bench, Handlers
from bmc.ports import SensorSource
from bmc.records.sensor_history import HistoryKeeper
from bmc.records.sensors import SensorKeeper
from bmc.store import Store, StoreFailed

log = logging.getLogger(__name__)


class SensorPart:
    """Samples at once when the node goes on, then every `interval` seconds."""

    def __init__(self, bench: Bench, source: SensorSource | None, store: Store, interval: float) -> None:
        self.keeper = SensorKeeper(store, bench.name, source, bench.clock, bench.publish)
        self.handlers: Handlers = {SetSensor: self._do_set, ReadSensorHistory: self._do_read_history}
        self._history = HistoryKeeper(store, bench.name, bench.clock)
        self._bench = bench
        self._interval = interval
        self._on = False
        self._switched = asyncio.Event()
        self._ill = False

    async def load(self) -> None:
        await self.keeper.load()
        await self._history.load()

    async def close(self) -> None:
        """Called when `run` has been cancelled."""
        try:
            await self._history.keep()
        except StoreFailed as error:  # no more than a gap
            log.warning("what the sensors of %s read last is lost: %s", self._bench.name, error)

    async def forget(self) -> None:
        """The node was removed."""
        await self.keeper.forget()
        await self._history.forget()

    def show_power(self, state: PowerState) -> None:
        if state.runs != self._on:
            self._on = state.runs
            self._switched.set()

    async def run(self) -> None:
        """Without end; whatever happens to one sample, the next is taken."""
        while True:
            self._switched.clear()
            if self._on:
                await self._guarded(self._sample())
                await within(self._bench.clock, self._interval, self._switched.wait())
            else:
                self._history.interrupt()
                await self._guarded(self.keeper.blank())
                await self._switched.wait()

    async def _sample(self) -> None:
        await self.keeper.sample()
        readings = {sensor.info.name: sensor.reading for sensor in self.keeper.sensors}
        await self._history.add(readings, self._bench.clock.now())

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception:
            # Once, and not every few seconds for as long as it lasts.
            if not self._ill:
                log.exception("the sensors of %s cannot be sampled", self._bench.name)
            self._ill = True
        else:
            self._ill = False
        self._bench.refresh()

    async def _do_read_history(self, command: ReadSensorHistory, caller: Caller) -> SensorHistory:
        return await self._history.history(command.window)

    async def _do_set(self, command: SetSensor, caller: Caller) -> None:
        if await self.keeper.set(command.sensor, command.setting):
            self._bench.refresh()
            message = f"{caller.account} changed the settings of the sensor {command.sensor} of {self._bench.name}"
            await self._bench.publish(EventKind.NODE_CHANGED, message, account=caller.account)
