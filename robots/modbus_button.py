"""The adapter `modbus-button`: relays across the front-panel buttons of a server, behind a Modbus/TCP gateway."""

import asyncio
import logging
from pathlib import Path

from pydantic import Field, model_validator

from bmc.model.clock import Clock
from bmc.model.errors import BackendFailed, BmcError, OutcomeUnknown, Refused, Unreachable
from bmc.shared_devices import Lease
from robots.adapter import Adapter, Parts, Place, Seconds
from robots.button import Button, PressedSwitch
from robots.kept import PRESSED, KeptFile
from robots.modbus import Look, outputs, read, write_coil
from robots.modbus_gateway import CONNECTION, Gateway, ModbusConnection, lease_gateway
from robots.motion import apart

LET_GO_WITHIN, LET_GO_AGAIN, CLOSE_WITHIN = 3.0, 0.5, 2.0
HELD_TOO_LONG = 4.0
"""Seconds after which a server takes a pressed power button for a held one (ACPI)."""

log = logging.getLogger(__name__)


class ModbusButtonOptions(ModbusConnection):
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


class Pressed:
    """Remembers across our death which coil is on. `device` says where: the options may be others by then."""

    def __init__(self, path: Path, device: str) -> None:
        self._file = KeptFile(path)
        self._device = device

    def load(self) -> int | None:
        if (value := self._file.load()) is None:
            return None
        try:
            coil, device = int(value["coil"]), value["device"]
        except (ValueError, KeyError, TypeError) as error:
            self._file.damaged(error)
            return None
        if device != self._device:
            log.warning("coil %d of %s may still be on; it is no longer in the options", coil, device)
            return None
        return coil

    def save(self, coil: int) -> None:
        """:raise Refused: it cannot be written down."""
        try:
            self._file.save({"coil": coil, "device": self._device})
        except OSError as error:
            raise Refused(f"nothing was pressed, since that could not be written down before: {error}") from error

    def forget(self) -> None:
        self._file.forget()


class ModbusButton(PressedSwitch):
    """PowerSwitch and Running. A press is begun at most once; letting go is repeated until it is acknowledged."""

    def __init__(self, lease: Lease[Gateway], options: ModbusButtonOptions, kept: Path, clock: Clock) -> None:
        has_reset = options.reset_coil is not None or options.reset_pulse is not None
        super().__init__(options.short, options.long, has_reset)
        self.domain = outputs(lease.device, options)
        self._lease = lease
        self._gateway = lease.device
        self._options = options
        self._clock = clock
        self._pressed = Pressed(kept / PRESSED, f"{lease.device.where} unit {options.unit}")
        self._letting_go: asyncio.Task[None] | None = None
        self._coils = {Button.POWER: options.power_coil, Button.RESET: options.reset_coil}
        self._pulses = {Button.POWER: options.power_pulse, Button.RESET: options.reset_pulse}

    async def start(self) -> None:
        if (coil := self._pressed.load()) is not None:
            log.warning("coil %d of %s was left on; letting go of it", coil, self.domain)
            self._let_go(coil)

    async def close(self) -> None:
        if self._letting_go is not None:
            await asyncio.wait({self._letting_go}, timeout=CLOSE_WITHIN)
            self._letting_go.cancel()
            await asyncio.gather(self._letting_go, return_exceptions=True)
        await self._lease.end()

    async def press(self, button: Button, seconds: float) -> None:
        coil, register = self._coils[button], self._pulses[button]
        if coil is not None:
            await self._press_coil(coil, seconds)
        elif register is not None:
            await self._pulse(register, seconds)

    async def _press_coil(self, coil: int, seconds: float) -> None:
        await self._require_free(coil)
        self._pressed.save(coil)
        began, trouble = self._clock.monotonic(), ""
        try:
            await write_coil(self._gateway, self._options, coil, True)
            await self._hold(coil, seconds)
        except (Refused, Unreachable, BackendFailed):
            self._pressed.forget()
            raise
        except OutcomeUnknown as error:
            trouble = str(error)
        except asyncio.CancelledError:
            await self._released(coil)
            raise
        await self._released(coil)
        self._judge(coil, seconds, self._clock.monotonic() - began, trouble)

    def _judge(self, coil: int, seconds: float, held: float, trouble: str) -> None:
        """:raise OutcomeUnknown: what the press was."""
        if self._letting_go is not None:
            trouble = f"{trouble}; " if trouble else ""
            raise OutcomeUnknown(f"{trouble}coil {coil} of {self.domain} may still be on; trying on to let go of it")
        if trouble:
            raise OutcomeUnknown(f"coil {coil} may have been on for a while and was let go of: {trouble}")
        if seconds < HELD_TOO_LONG <= held:
            raise OutcomeUnknown(f"coil {coil} of {self.domain} was on for {held:.1f} s instead of {seconds:g} s")

    async def _require_free(self, coil: int) -> None:
        """:raise Refused: it is pressed already. :raise Unreachable: nobody can tell."""
        if self._letting_go is not None:
            raise Refused(f"a coil of {self.domain} may still be on after the last press; it is being let go of")
        try:
            on = await read(self._gateway, self._options, Look("co", coil))
        except BackendFailed as error:
            raise Refused(f"coil {coil} cannot be read, so it is not pressed: {error}") from error
        if on:
            raise Refused(f"coil {coil} of {self.domain} is on already; turn it off, if nobody else is pressing")

    async def _hold(self, coil: int, seconds: float) -> None:
        watchdog = self._options.watchdog
        if watchdog is None:
            await self._clock.sleep(seconds)
            return
        end = self._clock.monotonic() + seconds
        while (left := end - self._clock.monotonic()) > 0:
            await self._clock.sleep(min(left, watchdog / 3))
            try:
                on = await read(self._gateway, self._options, Look("co", coil))
            except BmcError as error:
                raise OutcomeUnknown(f"lost in mid-press: {error}") from error
            if not on:
                raise OutcomeUnknown(f"{self.domain} turned coil {coil} off before the press was over")

    async def _released(self, coil: int) -> None:
        """Let go, and wait a while for it to be done; it goes on in the background."""
        await apart(_settled(self._let_go(coil)))

    def _let_go(self, coil: int) -> asyncio.Task[None]:
        self._letting_go = asyncio.create_task(self._turn_off(coil), name=f"letting go of coil {coil} of {self.domain}")
        return self._letting_go

    async def _turn_off(self, coil: int) -> None:
        told = False
        while True:
            try:
                await write_coil(self._gateway, self._options, coil, False, first=True)
                break
            except BmcError as error:
                if not told:
                    log.error("coil %d of %s may still be on; trying on to let go: %s", coil, self.domain, error)
                told = True
            await self._clock.sleep(LET_GO_AGAIN)
        self._pressed.forget()
        self._letting_go = None

    async def _pulse(self, register: int, seconds: float) -> None:
        length = round(seconds / self._options.pulse_unit)
        try:
            await self._write(register, length)
            await self._clock.sleep(seconds)
        except OutcomeUnknown as error:
            await self._clock.sleep(seconds)
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
        unit, within = self._options.unit, self._options.answers_within
        await self._gateway.act(
            lambda client: client.write_register(register, value, device_id=unit), within, first=first
        )


async def _settled(task: asyncio.Task[None]) -> None:
    await asyncio.wait({task}, timeout=LET_GO_WITHIN)


class ModbusButtonAdapter(Adapter[ModbusButtonOptions]):
    """Two relays on a front panel."""

    name, family = "modbus-button", "modbus"
    connection = CONNECTION
    options = ModbusButtonOptions

    def open(self, options: ModbusButtonOptions, place: Place) -> Parts:
        button = ModbusButton(lease_gateway(options, place), options, place.kept, place.clock)
        return Parts(running=button, switch=button)


adapter = ModbusButtonAdapter()
