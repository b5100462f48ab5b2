"""The boot override of one node: stored here, applied by the backend, spent by the boot that followed it."""

import asyncio
from collections.abc import Callable

from bmc.model.boot import BootEnabled, BootOverride, BootTarget
from bmc.model.caller import Caller
from bmc.model.commands import SetBootOverride
from bmc.model.errors import BmcError, InvalidRequest
from bmc.model.events import EventKind, Severity
from bmc.model.node import Hardware
from bmc.node.part import Bench, Handlers
from bmc.ports import BootControl, Inventory


class BootPart:
    """`lock` is the node's one lock; `booted` is called at each boot that is seen."""

    def __init__(
        self,
        bench: Bench,
        control: BootControl | None,
        inventory: Inventory | None,
        lock: asyncio.Lock,
        booted: Callable[[], None],
    ) -> None:
        self._bench = bench
        self._control = control
        self._inventory = inventory
        self._lock = lock
        self._booted = booted
        self.handlers: Handlers = {SetBootOverride: self._do_boot_override}

    async def arm(self) -> None:
        """What the next boot is to follow, given to the backend again."""
        if self._control is not None:
            await self._control.apply(self._bench.keeper.state.boot)

    async def follow(self, control: BootControl) -> None:
        """Spend a Once override when the boot that followed it is seen."""
        async for seen in control.seen():
            if seen.failed:
                await self._tell_failed(seen.override)
                continue
            self._booted()
            override = self._bench.keeper.state.boot
            if override.enabled is not BootEnabled.ONCE or seen.override != override:
                continue
            await self._bench.keeper.change(boot=BootOverride())
            self._bench.refresh()
            await self._bench.publish(
                EventKind.BOOT_OVERRIDE_SPENT,
                f"{self._bench.name} booted once from {override.target.value}; its own boot order holds again",
                details=override.to_json(),
            )

    async def _tell_failed(self, followed: BootOverride) -> None:
        target = "" if followed.target is BootTarget.NONE else f" (it was to boot from {followed.target.value})"
        await self._bench.publish(
            EventKind.BOOT_FAILED,
            f"{self._bench.name} found nothing to boot from{target}; insert a medium, or install a system",
            Severity.WARNING,
            details=followed.to_json(),
        )

    async def _do_boot_override(self, command: SetBootOverride, caller: Caller) -> None:
        control, keeper = self._control, self._bench.keeper
        if control is None:
            raise self._bench.without("boot control")
        override = _checked(command.override, control, self._inventory.hardware() if self._inventory else Hardware())
        # Stored before the lock is waited for: a door may call it accepted while a power action holds it.
        before = keeper.state.boot
        await keeper.change(boot=override)
        self._bench.refresh()
        async with self._lock:
            try:
                await control.apply(keeper.state.boot)
            except BmcError:
                if keeper.state.boot == override:
                    await keeper.change(boot=before)
                    self._bench.refresh()
                raise
        await self._bench.publish(
            EventKind.BOOT_OVERRIDE_SET,
            _boot_message(self._bench.name, override),
            account=caller.account,
            details=override.to_json(),
        )


def _checked(override: BootOverride, boot: BootControl, hardware: Hardware) -> BootOverride:
    """:raise InvalidRequest: no such target, or a mode that is not the node's firmware."""
    if override.target not in boot.targets | {BootTarget.NONE}:
        can = ", ".join(sorted(target.value for target in boot.targets))
        raise InvalidRequest(f"boot target {override.target.value} is not possible; this node can boot from {can}")
    if override.mode is not None and hardware.firmware is not None and override.mode is not hardware.firmware:
        raise InvalidRequest(
            f"boot mode {override.mode.value} is not possible: this node's firmware is {hardware.firmware.value}"
        )
    if override.target is BootTarget.NONE or override.enabled is BootEnabled.DISABLED:
        return BootOverride()
    return override


def _boot_message(name: str, override: BootOverride) -> str:
    if override.enabled is BootEnabled.DISABLED:
        return f"{name} boots in its own order again"
    often = "the next boot" if override.enabled is BootEnabled.ONCE else "every boot"
    return f"{often} of {name} goes to {override.target.value}"
