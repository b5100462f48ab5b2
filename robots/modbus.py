"""The adapter `modbus`: relays, inputs and registers behind a Modbus/TCP gateway, as outlet and as power sense."""

import re
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass

from pydantic import Field, field_validator, model_validator
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.pdu import ModbusPDU

from bmc.model.clock import Clock
from bmc.model.errors import BackendFailed, OutcomeUnknown, Unreachable
from bmc.model.power import PowerState
from robots.adapter import Adapter, LettingGo, Parts, Place, Seconds
from robots.modbus_gateway import CONNECTION, Gateway, ModbusConnection, lease_gateway
from robots.outlet import Outlet
from robots.polled import Polled

BITS = ("co", "di")
_LOOK = re.compile(r"(!?)(?:(co|di)(\d{1,5})|(hr|ir)(\d{1,5})([<>])(-?\d+(?:\.\d+)?))")


@dataclass(frozen=True, slots=True)
class Look:
    """What to look at, and what of it means On: a bit that is set, or a register above or below a limit.

    `kind` as Modbus has them: co (coil), di (discrete input), hr (holding register), ir (input register).
    """

    kind: str
    address: int
    inverted: bool = False
    above: bool = True
    limit: float = 0.5

    @classmethod
    def parse(cls, text: str) -> "Look":
        """:raise ValueError: with what was expected instead."""
        found = _LOOK.fullmatch(text.replace(" ", ""))
        address = int(found[3] or found[5]) if found else 65536
        if found is None or address > 65535:
            raise ValueError(f"expected an input such as di0, !di0, co3, hr10>5 or ir2<0.5, not {text!r}")
        if found[2]:
            return cls(found[2], address, found[1] == "!")
        return cls(found[4], address, found[1] == "!", found[6] == ">", float(found[7]))

    def request(self, client: AsyncModbusTcpClient, unit: int) -> Awaitable[ModbusPDU]:
        if self.kind == "co":
            return client.read_coils(self.address, device_id=unit)
        if self.kind == "di":
            return client.read_discrete_inputs(self.address, device_id=unit)
        if self.kind == "hr":
            return client.read_holding_registers(self.address, device_id=unit)
        return client.read_input_registers(self.address, device_id=unit)

    def says_on(self, value: float) -> bool:
        return (value > self.limit if self.above else value < self.limit) is not self.inverted


class ModbusOptions(ModbusConnection):
    """`coil` switches, `look` is looked at; without one the coil is read back.

    `active_low`: the outlet is on while its coil is off. `scale` is what a register counts in: the limit of `look` is
    in units of register times scale.
    """

    coil: int | None = Field(default=None, ge=0, le=65535)
    active_low: bool = False
    look: str | None = None
    scale: float = Field(default=1.0, gt=0)
    poll: Seconds = Field(default=1.0, ge=0.1, le=300)

    @field_validator("look")
    @classmethod
    def _can_be_looked_at(cls, look: str | None) -> str | None:
        if look is not None:
            Look.parse(look)
        return look

    @model_validator(mode="after")
    def _means_something(self) -> "ModbusOptions":
        if self.coil is None and self.look is None:
            raise ValueError("expected coil, which is switched, or look, which is looked at")
        if self.active_low and self.coil is None:
            raise ValueError("active_low belongs to a coil; write look = '!di0' for an input that is inverted")
        if "scale" in self.model_fields_set and (self.look is None or Look.parse(self.look).kind in BITS):
            raise ValueError("scale belongs to a look at a register, such as hr10>5")
        return self


class Relay(Outlet):
    """A relay in the server's feed."""

    def __init__(self, gateway: Gateway, options: ModbusOptions, coil: int) -> None:
        super().__init__(outputs(gateway, options))
        self._gateway = gateway
        self._options = options
        self._coil = coil

    async def state(self) -> PowerState:
        closed = await read(self._gateway, self._options, Look("co", self._coil, self._options.active_low))
        return PowerState.ON if closed else PowerState.OFF

    async def turn(self, on: bool) -> None:
        unanswered: OutcomeUnknown | None = None
        for _ in range(2):
            try:
                await write_coil(self._gateway, self._options, self._coil, on is not self._options.active_low)
                return
            except OutcomeUnknown as error:
                unanswered = error
            except Unreachable:
                if unanswered is None:
                    raise
        raise unanswered or AssertionError


class ModbusSense(Polled):
    """PowerSense by polling one bit or register."""

    def __init__(self, name: str, gateway: Gateway, options: ModbusOptions, look: Look, clock: Clock) -> None:
        super().__init__(clock, options.poll)
        self.name = name
        self.domain = outputs(gateway, options) if look.kind == "co" else inputs(gateway, options)
        self._gateway = gateway
        self._options = options
        self._look_at = look

    async def look(self) -> PowerState:
        on = await read(self._gateway, self._options, self._look_at, self._options.scale)
        return PowerState.ON if on else PowerState.OFF


def outputs(gateway: Gateway, options: ModbusConnection) -> str:
    """The failure domain of what we write: reading a coil back tells what it was told, not what hangs on it."""
    return f"{gateway.where} unit {options.unit}, outputs"


def inputs(gateway: Gateway, options: ModbusConnection) -> str:
    return f"{gateway.where} unit {options.unit}, inputs"


async def read(gateway: Gateway, options: ModbusConnection, look: Look, scale: float = 1.0) -> bool:
    """Whether it says On. :raise Unreachable: :raise BackendFailed: as `Gateway.ask`."""
    reply = await gateway.ask(lambda client: look.request(client, options.unit), options.answers_within)
    values = reply.bits if look.kind in BITS else reply.registers
    if not values:
        raise BackendFailed(f"{gateway.where} answered with nothing for {look.kind}{look.address}")
    return look.says_on(values[0] * (1.0 if look.kind in BITS else scale))


async def write_coil(gateway: Gateway, options: ModbusConnection, coil: int, on: bool, *, first: bool = False) -> None:
    """:raise: as `Gateway.act`."""
    await gateway.act(
        lambda client: client.write_coil(coil, on, device_id=options.unit), options.answers_within, first=first
    )


class ModbusAdapter(Adapter[ModbusOptions]):
    """Relays and inputs. What an input or a meter shows is not in the domain of the relays beside it."""

    name = family = "modbus"
    connection = CONNECTION
    options = ModbusOptions

    def line(self, rest: str) -> Mapping[str, object]:
        Look.parse(rest)
        return {"look": rest}

    def open(self, options: ModbusOptions, place: Place) -> Parts:
        lease = lease_gateway(options, place)
        outlet = Relay(lease.device, options, options.coil) if options.coil is not None else None
        look = Look.parse(options.look) if options.look else Look("co", options.coil or 0, options.active_low)
        short = place.title.startswith(f"{self.name}:")  # a table is titled by its host, which may have several
        title = place.title if short else f"{place.title} {options.look or f'co{options.coil}'}"
        sense = ModbusSense(title, lease.device, options, look, place.clock)
        return Parts(running=LettingGo(sense.close, lease.end), switch=outlet, supply=outlet, senses=(sense,))


adapter = ModbusAdapter()
