"""The adapter `mqtt`: a relay or a meter at an MQTT broker as switch, supply, power sense and sensor."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from bmc.model.errors import BackendFailed, Refused
from bmc.model.power import PowerAction
from bmc.model.sensor import Entity, SensorInfo, Unit
from bmc.ports import Site
from bmc.shared_devices import Lease
from robots.adapter import Adapter, Host, Options, Parts, Place, Seconds
from robots.mqtt_channel import Channel, Words
from robots.mqtt_dialects import DIALECTS, OFF_WORDS, ON_WORDS, Dialect, Says, What, timed
from robots.mqtt_link import PORT, TLS_PORT, Address, Broker, Message
from robots.mqtt_sense import MqttSense
from robots.parts import PATIENCE, Feed, Switch

Topic = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=r"^[^#+\x00]+$")]
Kind = Literal["tasmota", "shelly1", "shelly2", "plain"]

ON, OFF = "ON", "OFF"
CONNECTION = frozenset({"host", "port", "credential", "tls", "ca"})
_LINE = re.compile(r"(?P<what>[^+]+?)(?::watts ?> ?(?P<watts>\d+(?:\.\d+)?))?")
EXPECTED_LINE = (
    "expected mqtt:TOPIC, mqtt:TOPIC#PATH.IN.JSON or mqtt:KIND:DEVICE[/RELAY] with a KIND of tasmota, shelly1 or "
    "shelly2, each with :watts>N if the load shall tell"
)


class BrokerOptions(Options):
    """The way to the broker. `ca` is a certificate in PEM, for a broker whose own no public authority signed."""

    host: Host
    port: int | None = Field(default=None, ge=1, le=65535)
    credential: str = ""
    tls: bool = False
    ca: str = ""

    @field_validator("ca")
    @classmethod
    def _needs_tls(cls, ca: str, info: ValidationInfo) -> str:
        if ca and not info.data.get("tls"):
            raise ValueError("expected tls = true beside it")
        if ca and "-----BEGIN CERTIFICATE-----" not in ca:
            raise ValueError("expected a certificate in PEM, not the name of a file")
        return ca

    @property
    def address(self) -> Address:
        port = self.port or (TLS_PORT if self.tls else PORT)
        return Address(self.host, port, self.credential, self.tls, self.ca)


class MqttOptions(BrokerOptions):
    """`kind` says how the `device` speaks; a `plain` one has its topics given."""

    kind: Kind = "plain"
    device: str = Field(default="", max_length=256, pattern=r"^[^#+\x00$]*$", validate_default=True)
    relay: int | None = Field(default=None, ge=0, le=64)
    command: Topic | None = None
    state: Topic | None = Field(default=None, validate_default=True)
    path: str = ""
    alive: Topic | None = None
    on: str = ON
    off: str = OFF
    watts: float | None = Field(default=None, ge=0)
    off_for: Seconds = Field(default=5.0, ge=1, le=600)
    poll: Seconds = Field(default=5.0, ge=1, le=300)
    quiet: Seconds = Field(default=120.0, ge=1, le=86400)

    @field_validator("device")
    @classmethod
    def _needs_device(cls, device: str, info: ValidationInfo) -> str:
        kind = info.data.get("kind")
        if kind == "plain" and device:
            raise ValueError("expected kind = tasmota, shelly1 or shelly2 beside it; a plain device has topics")
        if kind != "plain" and not device:
            raise ValueError(f"expected the name under which the {kind} device is known at the broker")
        return device

    @field_validator("command", "state", "path", "alive")
    @classmethod
    def _needs_plain(cls, value: str | None, info: ValidationInfo) -> str | None:
        kind = info.data.get("kind")
        if value and kind != "plain":
            raise ValueError(f"expected kind = plain beside it: the topics of a {kind} device are known")
        if info.field_name == "state" and not value and kind == "plain" and not info.data.get("command"):
            raise ValueError("expected a topic here, or in command")
        return value

    @field_validator("relay")
    @classmethod
    def _counts(cls, relay: int | None, info: ValidationInfo) -> int | None:
        if relay == 0 and info.data.get("kind") == "tasmota":
            raise ValueError("expected 1 or more: Tasmota counts its relays from 1")
        return relay


def words(on: str, off: str) -> Words:
    """Those that were given, or where none were, all that are usual."""
    if (on, off) == (ON, OFF):
        return Words(ON_WORDS, OFF_WORDS)
    return Words(frozenset({on.casefold()}), frozenset({off.casefold()}))


def plain(
    command: str | None,
    state: str | None,
    on: str,
    off: str,
    path: str = "",
    watts: bool = False,
    alive: str | None = None,
) -> Dialect:
    """The dialect of one whose topics are given."""
    says = [Says(What.WATTS if watts else What.STATE, state, path)] if state else []
    if alive:
        says.append(Says(What.ALIVE, alive))
    dialect = Dialect(tuple(says))
    if command:
        dialect = replace(dialect, on=(Message(command, on),), off=(Message(command, off),))
    return dialect


def numbered(kind: str, relay: int | None) -> Dialect:
    """The dialect of that kind, for this relay or its first."""
    dialect = DIALECTS[kind]
    return replace(dialect, relay=dialect.first if relay is None else relay)


def check_credential(options: BrokerOptions, site: Site) -> None:
    """:raise InvalidRequest: the site does not have it."""
    if options.credential:
        site.configured.credentials(options.credential)


def lease_broker(options: BrokerOptions, site: Site) -> Lease[Broker]:
    """The one connection of this site to that broker as that user."""

    def make() -> Broker:
        return Broker(options.address, site.configured.credentials, str(site.directory))

    return site.devices.lease(("mqtt", options.address), make)


class MqttSwitch(Switch, Feed):
    """PowerSwitch and PowerSupply by one relay, which may be told twice to be closed or open; a cycle is sent once."""

    actions = frozenset({PowerAction.ON, PowerAction.FORCE_OFF})

    def __init__(self, channel: Channel, off_for: float) -> None:
        self.domain = channel.where
        self.patience = PATIENCE + off_for
        self._channel = channel
        self._off_for = off_for
        if channel.dialect.cycle:
            self.actions |= {PowerAction.POWER_CYCLE}

    async def apply(self, action: PowerAction) -> None:
        async with self._channel.turn:
            if action is PowerAction.POWER_CYCLE:
                await self._cycle()
            else:
                await self._channel.set(action is PowerAction.ON)

    async def feed(self) -> bool:
        async with self._channel.turn:
            if What.STATE in self._channel.dialect.asks and await self._channel.closed():
                return False
            await self._channel.set(True)
            return True

    async def cut(self) -> None:
        await self.apply(PowerAction.FORCE_OFF)

    async def _cycle(self) -> None:
        channel = self._channel
        if not await channel.closed():  # who does not answer is sent nothing
            raise Refused(f"{channel.where} is off; there is nothing to cycle")
        await channel.once([timed(each, self._off_for) for each in channel.dialect.cycle], False)
        if not await channel.becomes(True, channel.said(False), self._off_for):
            raise BackendFailed(f"{channel.where} was turned off for {self._off_for:g} s and did not come on again")


class MqttMeter:
    """SensorSource: the load as the device measures it."""

    def __init__(self, sense: MqttSense) -> None:
        self._sense = sense

    def sensors(self) -> tuple[SensorInfo, ...]:
        return (SensorInfo("Input Power", Unit.WATTS, Entity.POWER_SUPPLY, 5000.0),)

    async def read(self) -> Mapping[str, float]:
        watts = await self._sense.watts()
        return {} if watts is None else {"Input Power": watts}


class MqttRunning:
    """Listens while the node is there."""

    def __init__(self, channels: Sequence[Channel], senses: Sequence[MqttSense], lease: Lease[Broker]) -> None:
        self._channels, self._senses, self._lease = channels, senses, lease

    async def start(self) -> None:
        for channel in self._channels:
            channel.start()

    async def close(self) -> None:
        for sense in self._senses:
            await sense.close()
        for channel in self._channels:
            channel.stop()
        await self._lease.end()


class MqttAdapter(Adapter[MqttOptions]):
    """A relay's word about itself is in its domain; the watts through it are not, nor is any other topic."""

    name = family = "mqtt"
    connection = CONNECTION
    options = MqttOptions

    def line(self, rest: str) -> Mapping[str, object]:
        found = _LINE.fullmatch(rest)
        if found is None:
            raise ValueError(EXPECTED_LINE)
        load = {"watts": float(found["watts"])} if found["watts"] else {}
        kind, _, device = found["what"].partition(":")
        if kind not in DIALECTS:
            topic, _, path = found["what"].partition("#")
            return {"state": topic, "path": path, **load}
        name, slash, relay = device.rpartition("/")
        if slash and relay.isdigit():
            return {"kind": kind, "device": name, "relay": int(relay), **load}
        return {"kind": kind, "device": device, **load}

    def check(self, options: MqttOptions, site: Site) -> None:
        check_credential(options, site)

    def open(self, options: MqttOptions, place: Place) -> Parts:
        lease = lease_broker(options, place.site)
        measured = options.watts is not None
        if options.kind == "plain":
            dialect = plain(
                options.command, options.state, options.on, options.off, options.path, measured, options.alive
            )
            where = f"MQTT {options.state or options.command}"
        else:
            dialect = numbered(options.kind, options.relay)
            where = f"MQTT {options.kind} {options.device}"
        channel = Channel(lease.device, dialect, options.device, where, words(options.on, options.off), place.clock)
        switch = MqttSwitch(channel, options.off_for) if dialect.on else None
        senses = [
            MqttSense(place.title, channel, what, options.watts or 0.0, place.clock, options.poll, options.quiet)
            for what in (What.WATTS if measured else What.STATE, What.WATTS)
        ]
        seen, meter = senses
        has_meter = any(each.what is What.WATTS for each in dialect.says)
        return Parts(
            running=MqttRunning([channel], senses, lease),
            switch=switch,
            supply=switch,
            senses=(seen,) if options.state or options.kind != "plain" else (),
            sensors=MqttMeter(meter) if has_meter else None,
        )


adapter = MqttAdapter()
