"""The boot device of a vendor BMC's server, by its boot flags."""

from bmc.ipmi.wire.numbers import NetFn
from bmc.model.boot import BootEnabled, BootMode, BootOverride, BootTarget
from bmc.model.clock import Clock
from robots.foreign_boot import ForeignBoot
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


class IpmiBoot(ForeignBoot):
    """BootControl by boot flags, IPMI v2.0 §28.12: what the BMC tells are the flags."""

    targets = frozenset(DEVICE) - {BootTarget.NONE}

    def __init__(self, link: Link, clock: Clock, poll: float, post_time: float, file: KeptFile) -> None:
        super().__init__(clock, poll, post_time, link.boots, file)
        self._link = link

    async def arm(self, override: BootOverride) -> str:
        """The BMC is to keep the flags although no chassis control follows within a minute."""
        device, persistent = DEVICE[override.target], override.enabled is BootEnabled.CONTINUOUS
        flags = 0x80 | 0x40 * persistent | 0x20 * (override.mode is BootMode.UEFI) if device else 0
        await self._change(VALID_BIT, 0x08)
        await self._change(FLAGS, flags, device, 0, 0, 0)
        return await self.told()

    async def told(self) -> str:
        """The BMC's answer to Get System Boot Options, parameter 5, §28.13."""
        return (await self._link.ask(NetFn.CHASSIS, GET_BOOT_OPTIONS, bytes((FLAGS, 0, 0)))).hex()

    async def _change(self, *parameter: int) -> None:
        await self._link.ask(NetFn.CHASSIS, SET_BOOT_OPTIONS, bytes(parameter), Manner.REPEATABLE)
