"""The boot device of a vendor BMC's server, by its boot flags."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from bmc.ipmi.wire.numbers import NetFn
from bmc.model.boot import BootEnabled, BootMode, BootOverride, BootSeen, BootTarget
from bmc.model.clock import Clock
from bmc.model.errors import BmcError
from robots.ipmi_link import Link, Manner
from robots.kept import KeptFile

DEVICE = {
    BootTarget.NONE: 0x00,
    BootTarget.PXE: 0x04,
    BootTarget.HDD: 0x08,
    BootTarget.CD: 0x14,
    BootTarget.BIOS_SETUP: 0x18,
}
"""Boot device selector, IPMI v2.0 table 28-14, data 2."""

SET_BOOT_OPTIONS, GET_BOOT_OPTIONS = 0x08, 0x09
VALID_BIT, FLAGS = 0x03, 0x05
"""Boot option parameters, table 28-14."""


@dataclass(frozen=True, slots=True)
class Armed:
    """A once override in the BMC, how the BMC read its flags back right then, and when that was (epoch seconds)."""

    override: BootOverride
    flags: bytes
    at: float


class IpmiBoot:
    """BootControl by boot flags, IPMI v2.0 §28.12.

    A once override is spent when the firmware has taken the flags away, or, with firmware that never does, when the
    server began to boot `post_time` ago; then we take them away.
    """

    targets = frozenset(DEVICE) - {BootTarget.NONE}

    def __init__(self, link: Link, clock: Clock, poll: float, post_time: float, file: KeptFile) -> None:
        self._link = link
        self._clock = clock
        self._poll = poll
        self._post_time = post_time
        self._file = file
        self._armed = _load(file)
        self._changing = asyncio.Lock()

    async def apply(self, override: BootOverride) -> None:
        async with self._changing:
            enabled = override.enabled is not BootEnabled.DISABLED
            device = DEVICE[override.target] if enabled else 0
            persistent = override.enabled is BootEnabled.CONTINUOUS
            flags = await self._set(device, persistent, override.mode is BootMode.UEFI)
            once = override.enabled is BootEnabled.ONCE and device
            self._remember(Armed(override, flags, self._clock.now()) if once else None)

    async def seen(self) -> AsyncIterator[BootSeen]:
        while True:
            async with self._changing:
                spent = await self._spent()
            if spent is not None:
                yield spent
            await self._clock.sleep(self._poll)

    async def _spent(self) -> BootSeen | None:
        armed = self._armed
        if armed is None:
            return None
        last = self._link.boots.last
        began = last if last is not None and last >= armed.at else None
        try:
            if await self._flags() == armed.flags:
                if began is None or self._clock.now() < began + self._post_time:
                    return None
                await self._set(0, False, False)
        except BmcError:
            return None  # the sense tells that the BMC is away; what is armed stays so until it can be asked
        self._remember(None)
        return BootSeen(began if began is not None else self._clock.now(), armed.override)

    async def _set(self, device: int, persistent: bool, uefi: bool) -> bytes:
        """Arm, and tell how the BMC reads it back."""
        # The BMC is to keep the flags although no chassis control follows within a minute.
        await self._change(VALID_BIT, 0x08)
        flags = 0x80 | 0x40 * persistent | 0x20 * uefi if device else 0
        await self._change(FLAGS, flags, device, 0, 0, 0)
        return await self._flags()

    async def _change(self, *parameter: int) -> None:
        await self._link.ask(NetFn.CHASSIS, SET_BOOT_OPTIONS, bytes(parameter), Manner.REPEATABLE)

    async def _flags(self) -> bytes:
        """The BMC's answer to Get System Boot Options, parameter 5, §28.13."""
        return await self._link.ask(NetFn.CHASSIS, GET_BOOT_OPTIONS, bytes((FLAGS, 0, 0)))

    def _remember(self, armed: Armed | None) -> None:
        self._armed = armed
        if armed is None:
            self._file.forget()
        else:
            self._file.save({"override": armed.override.to_json(), "flags": armed.flags.hex(), "at": armed.at})


def _load(file: KeptFile) -> Armed | None:
    """The server may have booted while the service was dead."""
    value = file.load()
    try:
        return value and Armed(BootOverride.from_json(value["override"]), bytes.fromhex(value["flags"]), value["at"])
    except (ValueError, KeyError, TypeError) as error:
        file.damaged(error)
        return None
