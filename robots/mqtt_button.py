"""The adapter `mqtt-button`: relays at an MQTT broker, wired across the front-panel pins of a server."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from bmc.model.clock import Clock
from bmc.model.errors import BmcError, OutcomeUnknown, Refused, Unreachable
from bmc.ports import Site
from bmc.shared_devices import Lease
from robots.adapter import Adapter, Parts, Place, Seconds
from robots.button import Button, PressedSwitch
from robots.kept import PRESSED, KeptFile
from robots.motion import apart
from robots.mqtt import (
    CONNECTION,
    OFF,
    ON,
    BrokerOptions,
    Topic,
    check_credential,
    lease_broker,
    numbered,
    plain,
    words,
)
from robots.mqtt_channel import Channel
from robots.mqtt_dialects import What, timed
from robots.mqtt_link import Broker

LET_GO_TRIES, LET_GO_APART = 4, 1.0
log = logging.getLogger(__name__)


class MqttButtonOptions(BrokerOptions):
    """`power_relay` and `reset_relay` count as the `device` does; a `plain` one has its topics given."""

    kind: Literal["tasmota", "shelly1", "shelly2", "plain"] = "plain"
    device: str = Field(default="", max_length=256, pattern=r"^[^#+\x00$]*$", validate_default=True)
    power_relay: int | None = Field(default=None, ge=0, le=64)
    reset_relay: int | None = Field(default=None, ge=0, le=64)
    power_command: Topic | None = Field(default=None, validate_default=True)
    power_state: Topic | None = None
    reset_command: Topic | None = None
    reset_state: Topic | None = None
    on: str = ON
    off: str = OFF
    short: Seconds = Field(default=0.4, ge=0.1, le=2)
    long: Seconds = Field(default=5.5, ge=3, le=30)

    @field_validator("device")
    @classmethod
    def _needs_device(cls, device: str, info: ValidationInfo) -> str:
        if (kind := info.data.get("kind")) != "plain" and not device:
            raise ValueError(f"expected the name under which the {kind} device is known at the broker")
        return device

    @field_validator("power_command")
    @classmethod
    def _needs_command(cls, command: str | None, info: ValidationInfo) -> str | None:
        if command is None and info.data.get("kind") == "plain":
            raise ValueError("expected the topic that closes the relay at the power pins, or a kind and a device")
        return command


class PressFile:
    """Which buttons may be down, so that they are let go of after our death."""

    def __init__(self, path: Path) -> None:
        self._file = KeptFile(path)

    def load(self) -> frozenset[Button]:
        try:
            return frozenset(map(Button, self._file.load() or ()))
        except (ValueError, TypeError) as error:
            self._file.damaged(error)
            return frozenset()

    def save(self, down: frozenset[Button]) -> None:
        if down:
            self._file.save(sorted(button.value for button in down))
        else:
            self._file.forget()


class MqttButton(PressedSwitch):
    """PowerSwitch. A device that can opens its relay by itself; of another the broker opens it, should we die."""

    def __init__(
        self, channels: Mapping[Button, Channel], file: PressFile, short: float, long: float, clock: Clock
    ) -> None:
        super().__init__(short, long, Button.RESET in channels)
        self.domain = channels[Button.POWER].where
        self.patience = 45.0 + long
        self._channels, self._file, self._clock = channels, file, clock
        self._down: frozenset[Button] = frozenset()
        self._letting_go: asyncio.Task[None] | None = None

    def recover(self) -> None:
        """Let go of what was pressed when we died."""
        self._down = self._file.load() & self._channels.keys()
        if self._down:
            self._letting_go = asyncio.create_task(self._let_go_in_the_end(), name=f"let go of {self.domain}")

    async def close(self) -> None:
        if self._letting_go is not None:
            self._letting_go.cancel()
            await asyncio.gather(self._letting_go, return_exceptions=True)

    async def press(self, button: Button, seconds: float) -> None:
        channel = self._channels[button]
        async with channel.turn:
            if self._down:
                raise Refused(f"{self.domain} may still be pressed from an earlier time; it is being let go of")
            await channel.reach()
            if What.STATE in channel.dialect.asks and await channel.closed():
                raise Refused(f"{channel.where} is closed already: somebody presses this button, or the relay is stuck")
            if channel.dialect.prepare is not None:
                await channel.prepare(timed(channel.dialect.prepare, seconds))
            async with nullcontext() if channel.dialect.pulse else channel.broker.holding(channel.dialect.off[0]):
                since = channel.mark()
                self._keep(self._down | {button})
                try:
                    await (self._pulse(channel, seconds) if channel.dialect.pulse else self._hold(channel, seconds))
                except Unreachable:
                    self._keep(self._down - {button})  # nothing was moved
                    raise
                finally:
                    if button in self._down:
                        await apart(self._release(button))
            if channel.tells_state and channel.said(True) <= since:
                raise OutcomeUnknown(f"{channel.where} was told to close and did not say that it had")

    async def _pulse(self, channel: Channel, seconds: float) -> None:
        """The device opens its relay by itself, whatever becomes of us."""
        await channel.once([timed(each, seconds) for each in channel.dialect.pulse], True)
        await channel.becomes(False, channel.said(True), seconds)

    async def _hold(self, channel: Channel, seconds: float) -> None:
        """No answer is waited for: a short press that lasts as long as a slow answer would be a long one."""
        await channel.broker.send(channel.dialect.on, confirm=False)
        await self._clock.sleep(seconds)

    async def _release(self, button: Button) -> None:
        """:raise OutcomeUnknown: it may still be pressed."""
        channel = self._channels[button]
        for tries_left in reversed(range(LET_GO_TRIES)):
            try:
                await channel.set(False)
                return self._keep(self._down - {button})
            except BmcError as error:
                if not tries_left:
                    self._letting_go = asyncio.create_task(self._let_go_in_the_end(), name=f"let go of {self.domain}")
                    raise OutcomeUnknown(f"the {button.value} button may still be pressed: {error}") from None
                await asyncio.sleep(LET_GO_APART)

    async def _let_go_in_the_end(self) -> None:
        told = ""
        while self._down:
            for button in self._down:
                try:
                    await self._channels[button].set(False)
                    self._keep(self._down - {button})
                    log.warning("%s: the %s button was let go of", self.domain, button.value)
                except BmcError as error:
                    if str(error) != told:
                        log.warning("%s: the %s button may still be pressed: %s", self.domain, button.value, error)
                    told = str(error)
            await asyncio.sleep(LET_GO_APART)

    def _keep(self, down: frozenset[Button]) -> None:
        self._down = down
        self._file.save(down)


class MqttButtonRunning:
    """Listens while the node is there, and lets go of what was pressed when we died."""

    def __init__(self, button: MqttButton, channels: Mapping[Button, Channel], lease: Lease[Broker]) -> None:
        self._button, self._channels, self._lease = button, channels, lease

    async def start(self) -> None:
        for channel in self._channels.values():
            channel.start()
        self._button.recover()

    async def close(self) -> None:
        await self._button.close()
        for channel in self._channels.values():
            channel.stop()
        await self._lease.end()


class MqttButtonAdapter(Adapter[MqttButtonOptions]):
    """A switch only: a relay that closes says nothing about the server."""

    name, family = "mqtt-button", "mqtt"
    connection = CONNECTION
    options = MqttButtonOptions

    def check(self, options: MqttButtonOptions, site: Site) -> None:
        check_credential(options, site)

    def open(self, options: MqttButtonOptions, place: Place) -> Parts:
        lease = lease_broker(options, place.site)
        channels = {Button.POWER: _channel(options, Button.POWER, lease.device, place.clock)}
        if options.reset_relay is not None or options.reset_command is not None:
            channels[Button.RESET] = _channel(options, Button.RESET, lease.device, place.clock)
        file = PressFile(place.kept / PRESSED)
        button = MqttButton(channels, file, options.short, options.long, place.clock)
        return Parts(running=MqttButtonRunning(button, channels, lease), switch=button)


def _channel(options: MqttButtonOptions, button: Button, broker: Broker, clock: Clock) -> Channel:
    power = button is Button.POWER
    command = options.power_command if power else options.reset_command
    state = options.power_state if power else options.reset_state
    if options.kind == "plain":
        dialect, where = plain(command, state, options.on, options.off), f"MQTT {state or command}"
    else:
        relay = options.power_relay if power else options.reset_relay
        dialect, where = numbered(options.kind, relay), f"MQTT {options.kind} {options.device}"
    return Channel(broker, dialect, options.device, where, words(options.on, options.off), clock)


adapter = MqttButtonAdapter()
