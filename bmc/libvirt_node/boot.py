"""Where the domain boots from: an override is an order in its definition, and the domain's own is put back after it.

A running QEMU keeps the order that it was started with, also over the guest's reboots. While the definition says
another one, as it does before and after a Once boot, libvirt is told to end the guest where it reboots, and we start it
again: so Once is once, and a reset follows what is armed.
"""

import asyncio
import copy
import logging
from collections.abc import AsyncIterator

from bmc.libvirt_node.definition import boot_order, firmware, first, on_reboot, set_boot_order, text_of
from bmc.libvirt_node.domain import Domain, Look, started, stopped
from bmc.libvirt_node.kept import Kept
from bmc.libvirt_node.library import libvirt
from bmc.libvirt_node.link import Checked, Lifecycle, LinkEvent, LinkUp, Rebooted
from bmc.model.boot import NO_OVERRIDE, BootEnabled, BootOverride, BootSeen, BootTarget
from bmc.model.errors import BackendFailed, BmcError, NotSupported, WrongState

UNSEEN_KEPT = 64
START_DEADLINE = 60.0

log = logging.getLogger(__name__)


class DomainBoot:
    """Once the domain has no device for a target, arming it is refused."""

    targets = frozenset({BootTarget.PXE, BootTarget.HDD, BootTarget.CD})

    def __init__(self, domain: Domain, kept: Kept) -> None:
        self._domain = domain
        self._kept = kept
        self._lock = asyncio.Lock()
        self._news = asyncio.Event()
        domain.handle(self._on_event)

    async def apply(self, override: BootOverride) -> None:
        """An override whose boot was seen, but not taken note of yet, is spent: arming it again changes nothing.

        :raise NotSupported: no such device, another firmware, or a transient domain, which has no next start.
        """
        if override.enabled is BootEnabled.DISABLED:
            override = NO_OVERRIDE
        async with self._lock:
            if _once(override) and any(seen.override == override for seen in self._kept.unseen):
                return
            await self._arm(override)
            await self._hold()

    async def seen(self) -> AsyncIterator[BootSeen]:
        while True:
            while self._kept.unseen:
                async with self._lock:  # told when it is dealt with
                    seen = self._kept.unseen[0]
                yield seen
                del self._kept.unseen[0]
                self._save()
            self._news.clear()
            await self._news.wait()

    async def restore(self) -> None:
        """Leave the domain as it was before us."""
        async with self._lock:
            await self._arm(NO_OVERRIDE)
            await self._hold()

    async def _arm(self, override: BootOverride) -> None:
        kept, look = self._kept, await self._domain.look()
        if look.saved is None:
            if override != NO_OVERRIDE:
                raise NotSupported(f"{self._domain.name} is transient: libvirt keeps no definition to boot it by next")
            return
        if override.mode not in (None, firmware(look.saved)):
            raise NotSupported(f"{self._domain.name} boots {firmware(look.saved).value} only")
        current = boot_order(look.saved)
        ours = kept.own is not None and current == kept.written
        own = kept.own if ours and kept.own is not None else current  # what was edited outside is the operator's
        wanted = own
        tree = copy.deepcopy(look.saved)
        if override != NO_OVERRIDE:
            set_boot_order(tree, own)
            found = first(tree, override.target)
            if found is None:
                raise NotSupported(f"{self._domain.name} has nothing to boot {override.target.value} from")
            wanted = found
        before = kept.armed, kept.armed_at, kept.own, kept.written
        kept.armed, kept.armed_at = override, look.id
        kept.own, kept.written = (own, wanted) if override != NO_OVERRIDE else (None, None)
        try:
            kept.save()  # before the definition: after a crash in between it still says its own order
        except BackendFailed:
            kept.armed, kept.armed_at, kept.own, kept.written = before
            raise
        if wanted != current:
            set_boot_order(tree, wanted)
            after = await self._domain.define(text_of(tree))
            if kept.own is not None and after.saved is not None:
                kept.written = boot_order(after.saved)
                kept.save()

    async def _hold(self) -> None:
        """See to it that a reboot goes by the definition."""
        look = self._domain.now
        if look is None or not look.active or look.saved is None or on_reboot(look.saved) == "destroy":
            return
        hold = boot_order(look.live) != boot_order(look.saved)
        if hold == look.reboots_held:
            return
        action = "DESTROY" if hold else "RESTART"
        value = getattr(libvirt, f"VIR_DOMAIN_LIFECYCLE_ACTION_{action}")
        live = libvirt.VIR_DOMAIN_AFFECT_LIVE
        try:
            await self._domain.call(
                lambda domain: domain.setLifecycleAction(libvirt.VIR_DOMAIN_LIFECYCLE_REBOOT, value, live)
            )
            await self._domain.look()
        except (NotSupported, WrongState, BackendFailed) as error:
            log.warning(
                "%s: a reboot will follow the boot order that it was started with: %s", self._domain.name, error
            )

    async def _on_event(self, event: LinkEvent) -> None:
        look = self._domain.now
        missed_its_end = isinstance(event, LinkUp | Checked) and look is not None and not look.active
        if (stopped(event) or missed_its_end) and self._domain.rebooting:
            await self._start_again()
        elif started(event):
            self._domain.rebooting = False
            await self._booted()
        elif isinstance(event, Rebooted):
            self._note(self._kept.armed if self._kept.armed.enabled is BootEnabled.CONTINUOUS else NO_OVERRIDE)
            self._news.set()
        elif isinstance(event, LinkUp) and look is not None:
            if self._missed(look):
                await self._booted()
            else:
                async with self._lock:
                    await self._hold()
        elif isinstance(event, Lifecycle) and event.event == libvirt.VIR_DOMAIN_EVENT_DEFINED:
            async with self._lock:
                await self._hold()

    def _missed(self, look: Look) -> bool:
        """It was started since the override was armed, and nobody was there to see it."""
        return _once(self._kept.armed) and look.active and look.id != self._kept.armed_at

    async def _booted(self) -> None:
        async with self._lock:
            override = self._kept.armed
            self._note(override)  # first, as the definition tells no more that it was followed once it is put back
            try:
                if _once(override):
                    await self._arm(NO_OVERRIDE)
                await self._hold()
            finally:
                self._news.set()

    async def _start_again(self) -> None:
        try:
            await self._domain.call(lambda domain: domain.create(), START_DEADLINE)
        except WrongState:
            return  # somebody else was quicker
        except BmcError as error:
            self._domain.rebooting = False
            raise BackendFailed(f"it rebooted, and could not be started again: {error}") from None

    def _note(self, override: BootOverride) -> None:
        self._kept.unseen.append(BootSeen(self._domain.clock.now(), override))
        del self._kept.unseen[:-UNSEEN_KEPT]
        self._save()

    def _save(self) -> None:
        """What was seen was seen, also when the disk is full."""
        try:
            self._kept.save()
        except BackendFailed as error:
            log.error("%s: a boot is not written down: %s", self._domain.name, error)


def _once(override: BootOverride) -> bool:
    return override.enabled is BootEnabled.ONCE
