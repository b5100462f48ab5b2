"""A power sense that hears what an MQTT device says of its relay or its load, and asks it where it can be asked."""

from collections.abc import AsyncIterator

from bmc.model.clock import Clock
from bmc.model.errors import BackendFailed, BmcError
from bmc.model.power import PowerReading, PowerState
from robots.mqtt_channel import Channel, Heard
from robots.mqtt_dialects import What
from robots.polled import Polled

FIRST_WITHIN = 0.5
"""Seconds in which a broker surely hands over what it has kept of a topic."""
FOR_EVER = 3600.0
MEANT = {What.STATE: "power state", What.WATTS: "number of watts"}


class MqttSense(Polled):
    """PowerSense. Who cannot be asked must say something every `quiet` seconds; what the broker kept does not count, as
    nobody knows how old it is. A device of which the broker knows that it is there may be silent.
    """

    def __init__(
        self, name: str, channel: Channel, what: What, threshold: float, clock: Clock, poll: float, quiet: float
    ) -> None:
        super().__init__(clock, poll)
        self.name = name
        self.domain = f"{channel.where}, meter" if what is What.WATTS else channel.where
        self._channel, self._what, self._threshold = channel, what, threshold
        self._quiet = quiet
        self._asks = what in channel.dialect.asks

    async def look(self) -> PowerState:
        return self._judge(await self._channel.ask(self._what))

    async def read(self) -> PowerReading:
        if self._asks:
            return await super().read()
        try:
            await self._channel.reach()
        except BmcError as error:
            return self._unknown(str(error))
        if self._channel.last(self._what) is None:
            await self._channel.news(FIRST_WITHIN)
        return self._heard() or self._unknown(f"nothing was heard of {self._channel.where}")

    async def changes(self) -> AsyncIterator[PowerReading]:
        last = None
        while True:
            reading: PowerReading | None = await self.read()
            end = self._clock.monotonic() + (self._poll if self._asks else FOR_EVER)
            while reading is not None:
                if (reading.state, reading.reason) != last:
                    last = (reading.state, reading.reason)
                    yield reading
                if not await self._channel.news(min(end, self._stale()) - self._clock.monotonic()):
                    break
                reading = self._heard()

    async def watts(self) -> float | None:
        """The load; None if it cannot be told."""
        try:
            if self._asks:
                await self._channel.ask(self._what)
            heard = self._channel.last(self._what)
            return float(heard.value) if heard and self._heard() and not self._silent(heard) else None
        except (BmcError, ValueError):
            return None

    def _heard(self) -> PowerReading | None:
        """What can be told without asking; None: nothing."""
        channel, heard = self._channel, self._channel.last(self._what)
        if not channel.broker.up or channel.offline or heard is None:
            return None
        if silent := self._silent(heard):
            return self._unknown(silent)
        try:
            return PowerReading(self._judge(heard), heard.at)
        except BackendFailed as error:
            return self._unknown(str(error))

    def _silent(self, heard: Heard) -> str:
        """Why this is too old to count, or ""."""
        channel = self._channel
        if channel.online or self._asks:
            return ""
        if heard.kept:
            return f"{channel.broker.where} kept {heard.value[:40]!r} of {channel.where}, from nobody knows when"
        if self._clock.monotonic() >= heard.monotonic + self._quiet:
            return f"nothing was heard of {channel.where} for {self._quiet:g} s"
        return ""

    def _stale(self) -> float:
        """When what was heard last will be too old."""
        heard = self._channel.last(self._what)
        if self._asks or heard is None or self._silent(heard) or self._channel.online:
            return float("inf")
        return heard.monotonic + self._quiet

    def _judge(self, heard: Heard) -> PowerState:
        """:raise BackendFailed: it says neither."""
        closed = self._channel.words.closed(heard.value) if self._what is What.STATE else self._above(heard.value)
        if closed is None:
            raise BackendFailed(f"{self._channel.where} says {heard.value[:40]!r}, which is no {MEANT[self._what]}")
        return PowerState.ON if closed else PowerState.OFF

    def _above(self, value: str) -> bool | None:
        try:
            return float(value) > self._threshold
        except ValueError:
            return None

    def _unknown(self, reason: str) -> PowerReading:
        return PowerReading(PowerState.UNKNOWN, self._clock.now(), reason=reason)
