"""The adapter `modbus-button`: relays across the front-panel buttons of a server, behind a Modbus/TCP gateway."""

import asyncio
import logging

from pydantic import Field, model_validator

from bmc.model.errors import BackendFailed, BmcError, OutcomeUnknown, Refused
from robots.adapter import Adapter, Parts, Place, Seconds
from robots.button import Button, Press
from robots.front_panel import PanelOptions, PressedSwitch
from robots.modbus import Look, outputs, read, write_coil
from robots.modbus_gateway import CONNECTION, ModbusConnection, lease_gateway
from robots.motion import apart

HELD_TOO_LONG = 4.0
"""Seconds after which a server takes a pressed power button for a held one (ACPI)."""

log = logging.getLogger(__name__)


class ModbusButtonOptions(PanelOptions, ModbusConnection):
    """A `coil` closes the button's contact for as long as it is on; a `pulse` register takes the length of a press, in
    multiples of `pulse_unit`, and the device then lets go by itself.

    `watchdog`: after so long without a request the device turns its coils off by itself; it is asked more often than
    that while a button is pressed.
    """

    power_coil: int | None = Field(default=None, ge=0, le=65535)
    reset_coil: int | None = Field(default=None, ge=0, le=65535)
    power_pulse: int | None = Field(default=None, ge=0, le=65535)
    reset_pulse: int | None = Field(default=None, ge=0, le=65535)
    pulse_unit: Seconds = Field(default=0.1, ge=0.001, le=1)
    short: Seconds = Field(default=0.4, ge=0.05, le=3)
    long: Seconds = Field(default=5.5, ge=0.1, le=15)
    watchdog: Seconds | None = Field(default=None, ge=0.3, le=60)

    @model_validator(mode="after")
    def _presses(self) -> "ModbusButtonOptions":
        if (self.power_coil is None) is (self.power_pulse is None):
            raise ValueError("expected one of power_coil and power_pulse")
        if self.reset_coil is not None and self.reset_pulse is not None:
            raise ValueError("expected one of reset_coil and reset_pulse, or none")
        if self.reset_coil is not None and self.reset_coil == self.power_coil:
            raise ValueError("expected another coil for reset_coil than for power_coil")
        if self.reset_pulse is not None and self.reset_pulse == self.power_pulse:
            raise ValueError("expected another register for reset_pulse than for power_pulse")
        if self.watchdog is not None and self.power_coil is None and self.reset_coil is None:
            raise ValueError("watchdog belongs to coils; a pulse ends by itself")
        if self.long <= self.short:
            raise ValueError("expected long to be longer than short")
        if self.short + self.answers_within >= HELD_TOO_LONG:
            raise ValueError(
                f"expected short and answers_within to be less than {HELD_TOO_LONG:g}s together: "
                "a slow answer would make a short press a long one"
            )
        if round(self.short / self.pulse_unit) < 1:
            raise ValueError("expected short to be at least one pulse_unit")
        return self


class ModbusButton(PressedSwitch[ModbusButtonOptions]):
    """A press is begun at most once; letting go is repeated until it is acknowledged."""

    def __init__(self, options: ModbusButtonOptions, place: Place) -> None:
        super().__init__(options, place, options.reset_coil is not None or options.reset_pulse is not None)
        self._lease = lease_gateway(options, place)
        self._gateway = self._lease.device
        self.domain = outputs(self._gateway, options)
        self._coils = {Button.POWER: options.power_coil, Button.RESET: options.reset_coil}
        self._pulses = {Button.POWER: options.power_pulse, Button.RESET: options.reset_pulse}

    async def leave(self) -> None:
        await self._lease.end()

    async def press(self, button: Button, seconds: float) -> None:
        coil, register = self._coils[button], self._pulses[button]
        if coil is not None:
            await self._press_coil(button, coil, seconds)
        elif register is not None:
            await self._pulse(register, seconds)

    async def let_go(self, press: Press) -> None:
        if (coil := self._coils[press.button]) is not None:
            await write_coil(self._gateway, self.options, coil, False, first=True)

    async def _press_coil(self, button: Button, coil: int, seconds: float) -> None:
        await self._require_off(coil)
        began = self.clock.monotonic()
        async with self.held.pressing(button):
            await write_coil(self._gateway, self.options, coil, True)
            await self._hold(coil, seconds)
        held = self.clock.monotonic() - began
        if seconds < HELD_TOO_LONG <= held:
            raise OutcomeUnknown(f"coil {coil} of {self.domain} was on for {held:.1f} s instead of {seconds:g} s")

    async def _require_off(self, coil: int) -> None:
        """:raise Refused: it is on. :raise Unreachable: nobody can tell."""
        try:
            on = await read(self._gateway, self.options, Look("co", coil))
        except BackendFailed as error:
            raise Refused(f"coil {coil} cannot be read, so it is not pressed: {error}") from error
        if on:
            raise Refused(f"coil {coil} of {self.domain} is on already; turn it off, if nobody else is pressing")

    async def _hold(self, coil: int, seconds: float) -> None:
        watchdog = self.options.watchdog
        if watchdog is None:
            await self.clock.sleep(seconds)
            return
        end = self.clock.monotonic() + seconds
        while (left := end - self.clock.monotonic()) > 0:
            await self.clock.sleep(min(left, watchdog / 3))
            try:
                on = await read(self._gateway, self.options, Look("co", coil))
            except BmcError as error:
                raise OutcomeUnknown(f"lost in mid-press: {error}") from error
            if not on:
                raise OutcomeUnknown(f"{self.domain} turned coil {coil} off before the press was over")

    async def _pulse(self, register: int, seconds: float) -> None:
        length = round(seconds / self.options.pulse_unit)
        try:
            await self._write(register, length)
            await self.clock.sleep(seconds)
        except OutcomeUnknown as error:
            await self.clock.sleep(seconds)
            raise OutcomeUnknown(f"a press may have been begun, which ends by itself: {error}") from error
        except asyncio.CancelledError:
            await apart(self._end_pulse(register))
            raise

    async def _end_pulse(self, register: int) -> None:
        try:
            await self._write(register, 0, first=True)
        except BmcError as error:
            log.warning("register %d of %s takes its time to let go: %s", register, self.domain, error)

    async def _write(self, register: int, value: int, *, first: bool = False) -> None:
        unit, within = self.options.unit, self.options.answers_within
        await self._gateway.act(
            lambda client: client.write_register(register, value, device_id=unit), within, first=first
        )


class ModbusButtonAdapter(Adapter[ModbusButtonOptions]):
    """Two relays on a front panel."""

    name, family = "modbus-button", "modbus"
    connection = CONNECTION
    options = ModbusButtonOptions

    def open(self, options: ModbusButtonOptions, place: Place) -> Parts:
        button = ModbusButton(options, place)
        return Parts(running=button, switch=button)


adapter = ModbusButtonAdapter()
