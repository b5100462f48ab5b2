"""Where the node boots from: the override, applied to each boot however it comes about, and spent by it.

SeaBIOS and OVMF follow QEMU's boot indices, which QEMU lays down anew at each reset. A boot that needs an order of its
own goes: hold reboots (`set-action reboot=shutdown`), set the indices, reset, run, and, once the firmware is past its
own resets, give the indices back and let reboots go again. While a Once override waits for a running guest, its reboots
are held too: such a guest stops at its reboot until a service is there to boot it, so nothing is followed twice or
missed while the service is dead. What is under way stands in the state file, and `settle` takes it up from any point.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Literal

from bmc.model.boot import NO_OVERRIDE, BootEnabled, BootOverride, BootSeen, BootTarget
from bmc.model.errors import BmcError, NotSupported, WrongState
from bmc.virtual_node.argv import CD, own_boot_order
from bmc.virtual_node.boot_failure import gave_up
from bmc.virtual_node.events import FIRMWARE_RESET_WINDOW, Fact, FactKind
from bmc.virtual_node.firmware import VirtualFirmware
from bmc.virtual_node.guest import Guest
from bmc.virtual_node.setup_key import Pressed, log_size, press_setup_key
from bmc.virtual_node.shape import Shape

UNSEEN_KEPT = 64
SETUP_TRIES = 3
RUNNING = "running"
BEFORE_RUNNING = "prelaunch"
SHUT_DOWN = "shutdown"

log = logging.getLogger(__name__)


class VirtualBoot:
    """`before_run` is awaited when the guest is about to execute its first instruction."""

    def __init__(
        self,
        guest: Guest,
        shape: Shape,
        firmware: VirtualFirmware,
        before_run: Callable[[], Awaitable[None]],
    ) -> None:
        self._guest = guest
        self._firmware = firmware
        self._shape = shape
        self._before_run = before_run
        self._order: tuple[str, ...] | None = None
        self._lock = asyncio.Lock()
        self._resetting = False
        self._releasing: asyncio.Task[None] | None = None
        self._pressing: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self.targets = frozenset(
            {BootTarget.CD, BootTarget.BIOS_SETUP}
            | ({BootTarget.HDD} if shape.next.disks else set())
            | ({BootTarget.PXE} if shape.next.nics else set())
        )
        guest.follow(self._on_fact)
        guest.when_connected(self.settle)

    @property
    def _own_order(self) -> tuple[str, ...]:
        return own_boot_order(self._shape.now)

    async def apply(self, override: BootOverride) -> None:
        """An override whose boot was seen, but not taken note of yet, is spent: arming it again changes nothing.

        :raise NotSupported: the node has no such device or no such firmware.
        """
        if override.target not in self.targets | {BootTarget.NONE}:
            raise NotSupported(f"{self._guest.name} has nothing to boot {override.target.value} from")
        if override.mode not in (None, self._firmware.mode):
            raise NotSupported(
                f"{self._guest.name} boots {self._firmware.mode.value} only; set options.firmware to change that"
            )
        state = self._guest.state
        if _once(override) and any(seen.override == override and not seen.failed for seen in state.now.unseen):
            return
        before, state.now.armed = state.now.armed, override
        if not self._guest.alive:
            return  # it boots by us alone, who arm it again first; what starts QEMU writes it down
        try:
            await state.save()
            async with self._lock:
                if state.now.booting is None:
                    await self._arm()
        except BmcError:
            state.now.armed = before
            await state.save()
            raise

    async def seen(self) -> AsyncIterator[BootSeen]:
        state = self._guest.state
        while True:
            while state.now.unseen:
                yield state.now.unseen[0]
                del state.now.unseen[0]
                state.note()
            self._news.clear()
            await self._news.wait()

    async def first(self) -> None:
        """Begin the first boot of a QEMU that was just started."""
        self._order = self._own_order
        self._take(self._guest.clock.now())
        await self.settle()

    async def restart(self) -> None:
        """Reset the guest, running or paused. :raise WrongState: it is about to go off."""
        status = await self._guest.status()
        if status == RUNNING:
            await self._guest.execute("system_reset")  # where reboots are held this one is too: see _on_fact
        elif status == SHUT_DOWN and not self._guest.reboot_held:
            raise WrongState(f"{self._guest.name} has shut down and is about to be off")
        elif status not in (SHUT_DOWN, BEFORE_RUNNING):
            async with self._lock:
                await self._run(self._take(self._guest.clock.now()))

    async def settle(self) -> None:
        """Look at the guest and take up whatever boot it waits for; else make it heed the armed override."""
        async with self._lock:
            if not self._guest.connected:
                return
            status = await self._guest.status()
            booting = self._guest.state.now.booting
            if status == BEFORE_RUNNING and booting is None:
                await self._guest.stop()  # the service died while starting it: not one instruction was executed
            elif status == SHUT_DOWN and not self._guest.reboot_held:
                await self._guest.stop()
            elif status in (BEFORE_RUNNING, SHUT_DOWN):
                await self._run(booting or self._take(self._guest.clock.now()), status == SHUT_DOWN)
            else:
                self._guest.presume_booted()
                if booting is None:
                    await self._arm()
                else:
                    self._release_later()

    def _on_fact(self, fact: Fact) -> None:
        now = self._guest.state.now
        match fact.kind:
            case FactKind.REBOOT_HELD:
                self._take(fact.at)
                self._guest.spawn(self.settle(), "held reboot")
            case FactKind.FIRMWARE_RESET_HELD:
                now.booting = now.booting or _standing(now.armed)
                self._guest.spawn(self.settle(), "firmware's reset")
            case FactKind.BOOT if not self._resetting:
                self._tell(BootSeen(fact.at, _standing(now.armed)))
            case FactKind.ENDED | FactKind.DIED:
                self._order = None
                self._watch(None)

    def _take(self, at: float) -> BootOverride:
        """A boot begins: what is armed becomes what is followed, and a Once override is spent."""
        state = self._guest.state
        override = state.now.armed if state.now.armed.enabled is not BootEnabled.DISABLED else NO_OVERRIDE
        state.now.booting = override
        if _once(override):
            state.now.armed = NO_OVERRIDE
        self._tell(BootSeen(at, override))
        return override

    def _tell(self, seen: BootSeen) -> None:
        unseen = self._guest.state.now.unseen
        unseen.append(seen)
        del unseen[:-UNSEEN_KEPT]
        self._guest.state.note()
        self._news.set()
        if not seen.failed:
            self._watch(seen.override)

    def _watch(self, override: BootOverride | None) -> None:
        """See how the boot that has just begun ends; None: there is none any more."""
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None
        if override is not None and not _at_setup(override):
            self._watching = self._guest.spawn(self._tell_failure(override, log_size(self._guest)), "boot")

    async def _tell_failure(self, override: BootOverride, begin: int) -> None:
        if await gave_up(self._guest, self._firmware.mode, begin):
            self._tell(BootSeen(self._guest.clock.now(), override, failed=True))

    async def _run(self, override: BootOverride, must_reset: bool = True, tries: int = SETUP_TRIES) -> None:
        """Boot by `override` a guest that stands still."""
        for task in (self._releasing, self._pressing):
            if task is not None and task is not asyncio.current_task():
                task.cancel()
        self._releasing = self._pressing = None
        order = self._order_of(override)
        special = order != self._order_of(_standing(self._guest.state.now.armed)) or _at_setup(override)
        fresh = not must_reset and self._order == self._own_order
        await self._set_order(order)
        if override.target is BootTarget.CD:
            await self._guest.execute("blockdev-close-tray", id=CD)
        if not (fresh and order == self._own_order):
            await self._on_reboot("reset")
            self._resetting = True
            try:
                await self._guest.reset()
            finally:
                self._resetting = False
        await self._on_reboot("shutdown" if special else self._armed_action())
        await self._before_run()
        begin = log_size(self._guest)
        await self._guest.execute("cont")
        if _at_setup(override):
            self._pressing = self._guest.spawn(self._enter_setup(override, begin, tries - 1), "firmware setup")
        if special:
            self._release_later()
        else:
            self._guest.state.now.booting = None
            self._guest.state.note()

    async def _enter_setup(self, override: BootOverride, begin: int, tries: int) -> None:
        """A firmware that took no notice of the key is reset before a system has started, and asked again."""
        pressed = await press_setup_key(self._guest, self._firmware.mode, begin)
        if pressed is Pressed.ENTERED:
            return
        log.warning("%s: %s; %d tries left", self._guest.name, pressed.value, tries)
        if pressed is Pressed.MISSED and tries > 0:
            async with self._lock:
                self._guest.state.now.booting = override
                self._guest.state.note()
                await self._run(override, tries=tries)

    def _release_later(self) -> None:
        if self._releasing is None or self._releasing.done():
            self._releasing = self._guest.spawn(self._release(), "own boot order")

    async def _release(self) -> None:
        """Once the firmware is past its own resets, the next boot is an ordinary one."""
        await asyncio.sleep(FIRMWARE_RESET_WINDOW)
        async with self._lock:
            if self._guest.reboot_held or not self._guest.connected:
                return
            self._guest.state.now.booting = None
            self._guest.state.note()
            await self._arm()

    async def _arm(self) -> None:
        """Make a running guest's next reboot go by what is armed."""
        action = self._armed_action()
        if action == "shutdown":
            await self._on_reboot(action)
        await self._set_order(self._order_of(_standing(self._guest.state.now.armed)))
        if action == "reset":
            await self._on_reboot(action)

    def _armed_action(self) -> Literal["reset", "shutdown"]:
        armed = self._guest.state.now.armed
        return "shutdown" if _once(armed) or _at_setup(armed) else "reset"

    async def _on_reboot(self, action: Literal["reset", "shutdown"]) -> None:
        await self._guest.execute("set-action", reboot=action)

    async def _set_order(self, order: tuple[str, ...]) -> None:
        """An index in use is refused, so all are taken away first."""
        if order == self._order:
            return
        self._order = None
        for index, device in [*((-1, device) for device in order), *enumerate(order)]:
            path = f"/machine/peripheral/{device}"
            await self._guest.execute("qom-set", path=path, property="bootindex", value=index)
        self._order = order

    def _order_of(self, override: BootOverride) -> tuple[str, ...]:
        prefix = {BootTarget.PXE: "nic", BootTarget.HDD: "disk", BootTarget.CD: CD}.get(override.target)
        if prefix is None or override.enabled is BootEnabled.DISABLED:
            return self._own_order
        return tuple(sorted(self._own_order, key=lambda device: not device.startswith(prefix)))


def _once(override: BootOverride) -> bool:
    return override.enabled is BootEnabled.ONCE and override.target is not BootTarget.NONE


def _at_setup(override: BootOverride) -> bool:
    return override.enabled is not BootEnabled.DISABLED and override.target is BootTarget.BIOS_SETUP


def _standing(armed: BootOverride) -> BootOverride:
    """What a boot follows that nobody prepares."""
    return armed if armed.enabled is BootEnabled.CONTINUOUS else NO_OVERRIDE
