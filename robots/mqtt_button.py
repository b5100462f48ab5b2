"""The adapter `mqtt-button`: relays at an MQTT broker, wired across the front-panel pins of a server."""

from contextlib import nullcontext
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from bmc.model.clock import Clock
from bmc.model.errors import BackendFailed, OutcomeUnknown, Refused
from bmc.ports import Site
from robots.adapter import Adapter, Parts, Place, Seconds
from robots.button import Button, Press
from robots.front_panel import PanelOptions, PressedSwitch
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


class MqttButtonOptions(PanelOptions, BrokerOptions):
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


class MqttButton(PressedSwitch[MqttButtonOptions]):
    """A device that can opens its relay by itself; of another the broker opens it, should we die."""

    def __init__(self, options: MqttButtonOptions, place: Place) -> None:
        has_reset = options.reset_relay is not None or options.reset_command is not None
        super().__init__(options, place, has_reset)
        self._lease = lease_broker(options, place.site)
        buttons = (Button.POWER, Button.RESET) if has_reset else (Button.POWER,)
        self._channels = {each: _channel(options, each, self._lease.device, place.clock) for each in buttons}
        self.domain = self._channels[Button.POWER].where
        self.patience = 45.0 + options.long

    async def start(self) -> None:
        for channel in self._channels.values():
            channel.start()
        await super().start()

    async def leave(self) -> None:
        for channel in self._channels.values():
            channel.stop()
        await self._lease.end()

    async def press(self, button: Button, seconds: float) -> None:
        channel = self._channels[button]
        async with channel.turn:
            await channel.reach()
            if What.STATE in channel.dialect.asks and await channel.closed():
                raise Refused(f"{channel.where} is closed already: somebody presses this button, or the relay is stuck")
            if channel.dialect.prepare is not None:
                await channel.prepare(timed(channel.dialect.prepare, seconds))
            async with nullcontext() if channel.dialect.pulse else channel.broker.holding(channel.dialect.off[0]):
                since = channel.mark()
                async with self.held.pressing(button):
                    await (self._pulse(channel, seconds) if channel.dialect.pulse else self._hold(channel, seconds))
            if channel.tells_state and channel.said(True) <= since:
                raise OutcomeUnknown(f"{channel.where} was told to close and did not say that it had")

    async def let_go(self, press: Press) -> None:
        await self._channels[press.button].set(False)

    async def _pulse(self, channel: Channel, seconds: float) -> None:
        """The device opens its relay by itself, whatever becomes of us."""
        try:
            await channel.once([timed(each, seconds) for each in channel.dialect.pulse], True)
        except BackendFailed as error:  # it may have refused somebody else: most devices number no answers
            raise OutcomeUnknown(str(error)) from None
        await channel.becomes(False, channel.said(True), seconds)

    async def _hold(self, channel: Channel, seconds: float) -> None:
        """No answer is waited for: a short press that lasts as long as a slow answer would be a long one."""
        await channel.broker.send(channel.dialect.on, confirm=False)
        await self.clock.sleep(seconds)


class MqttButtonAdapter(Adapter[MqttButtonOptions]):
    """A switch only: a relay that closes says nothing about the server."""

    name, family = "mqtt-button", "mqtt"
    connection = CONNECTION
    options = MqttButtonOptions

    def check(self, options: MqttButtonOptions, site: Site) -> None:
        check_credential(options, site)

    def open(self, options: MqttButtonOptions, place: Place) -> Parts:
        button = MqttButton(options, place)
        return Parts(running=button, switch=button)


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
