"""The domain's power: the switch, and libvirt as the witness."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from bmc.libvirt_node.boot import START_DEADLINE
from bmc.libvirt_node.domain import Domain, VirDomain, stopped
from bmc.libvirt_node.library import libvirt
from bmc.libvirt_node.link import LinkDown, LinkEvent, Rebooted
from bmc.model.errors import BmcError, NotSupported, WrongState
from bmc.model.power import MACHINE_ACTIONS, Health, PowerAction, PowerCause, PowerReading, PowerState

READINGS_KEPT = 256
DESTROY_DEADLINE = 30.0
RESET_WINDOW = 2.0
"""Seconds within which a reset is taken for the one that we asked for."""

OFF_CAUSES = {
    libvirt.VIR_DOMAIN_SHUTOFF_SHUTDOWN: (PowerCause.GUEST_SHUTDOWN, Health.OK, ""),
    libvirt.VIR_DOMAIN_SHUTOFF_CRASHED: (
        PowerCause.PROCESS_DIED,
        Health.CRITICAL,
        "its QEMU died, or its guest crashed",
    ),
    libvirt.VIR_DOMAIN_SHUTOFF_FAILED: (PowerCause.OBSERVED, Health.WARNING, "libvirt could not start it"),
    libvirt.VIR_DOMAIN_SHUTOFF_SAVED: (PowerCause.OBSERVED, Health.OK, "it is saved, and power on resumes it"),
    libvirt.VIR_DOMAIN_SHUTOFF_DAEMON: (PowerCause.OBSERVED, Health.WARNING, "libvirt lost it while it was restarted"),
}
"""virDomainShutoffReason → what it means; any other is nothing but off."""

PAUSES = {
    libvirt.VIR_DOMAIN_PAUSED_IOERROR: (PowerCause.DISK_ERROR, Health.CRITICAL, "a disk error has paused it"),
    libvirt.VIR_DOMAIN_PAUSED_CRASHED: (PowerCause.GUEST_PANIC, Health.CRITICAL, "its guest has panicked"),
    libvirt.VIR_DOMAIN_PAUSED_WATCHDOG: (PowerCause.PAUSED, Health.CRITICAL, "its watchdog has paused it"),
}
"""virDomainPausedReason → what it means; any other is a pause that somebody asked for."""

MOVED = "it was migrated to another host; what it does there is not known here"


class DomainSwitch:
    """Domain: the libvirt. On and off are done at most once each; the rest too."""

    actions = MACHINE_ACTIONS

    def __init__(self, domain: Domain) -> None:
        self.domain = domain.link.domain
        self._domain = domain

    async def apply(self, action: PowerAction) -> None:
        match action:
            case PowerAction.ON:
                await self._domain.call(_start, START_DEADLINE)
            case PowerAction.FORCE_OFF:
                self._domain.rebooting = False
                await self._domain.call(_destroy, DESTROY_DEADLINE)
            case PowerAction.FORCE_RESTART:
                await self._restart()
            case PowerAction.GRACEFUL_SHUTDOWN:
                await self._domain.call(lambda domain: domain.shutdown())
            case PowerAction.PUSH_POWER_BUTTON:
                await self._domain.call(
                    lambda domain: domain.shutdown() if domain.isActive() else domain.create(), START_DEADLINE
                )
            case PowerAction.NMI:
                await self._domain.call(lambda domain: domain.injectNMI())
            case _:
                raise NotSupported(f"libvirt has no {action.value} of its own")

    async def resume(self) -> None:
        await self._domain.call(_resume)

    async def _restart(self) -> None:
        """Where reboots are held a reset is an end and a new start (`boot.py`)."""
        self._domain.reset_asked = self._domain.clock.monotonic()
        look = await self._domain.look()
        if not look.reboots_held:
            await self._domain.call(_reset)
            return
        self._domain.rebooting = True
        try:
            await self._domain.call(_destroy, DESTROY_DEADLINE)
        except BmcError:
            self._domain.rebooting = False
            raise


class DomainSense:
    """What libvirt says. One that cannot be asked is Unknown, never off."""

    name = "libvirt"

    def __init__(self, domain: Domain) -> None:
        self.domain = domain.link.domain
        self._domain = domain
        self._last = PowerReading(PowerState.UNKNOWN, domain.clock.now(), reason="not looked at yet")
        self._told: PowerReading | None = None
        self._readings: deque[PowerReading] = deque(maxlen=READINGS_KEPT)
        self._news = asyncio.Event()
        domain.handle(self._on_event)

    async def read(self) -> PowerReading:
        try:
            state, reason = await self._domain.call(lambda domain: domain.state())
        except BmcError as error:
            return self._take(PowerReading(PowerState.UNKNOWN, self._domain.clock.now(), reason=str(error)))
        return self._take(self._of_state(state, reason))

    async def changes(self) -> AsyncIterator[PowerReading]:
        while True:
            while self._readings:
                yield self._readings.popleft()
            self._news.clear()
            await self._news.wait()

    async def _on_event(self, event: LinkEvent) -> None:
        now = self._domain.clock.now()
        if isinstance(event, LinkDown):
            self._tell(PowerReading(PowerState.UNKNOWN, now, reason=event.reason))
        elif isinstance(event, Rebooted) or (stopped(event) and self._domain.rebooting):
            self._tell(PowerReading(PowerState.ON, now, self._reset_cause()))
        elif stopped(event):
            # Read from the event's kind, not from now: it may be on again already.
            was = self._of_state(libvirt.VIR_DOMAIN_SHUTOFF, STOPPED.get(getattr(event, "detail", 0), 0))
            self._tell(was)
            await self._tell_now()
        else:
            await self._tell_now()

    async def _tell_now(self) -> None:
        reading = await self.read()
        if reading is not self._told:
            self._tell(reading)

    def _tell(self, reading: PowerReading) -> None:
        self._last = self._told = reading
        self._readings.append(reading)
        self._news.set()

    def _take(self, reading: PowerReading) -> PowerReading:
        """The last one again, as long as nothing has changed: it dates from when that was so first."""
        last = self._last
        same = (last.state, last.health, last.reason) == (reading.state, reading.health, reading.reason)
        if same and (reading.cause is PowerCause.OBSERVED or reading.cause is last.cause):
            return last
        self._last = reading
        return reading

    def _reset_cause(self) -> PowerCause:
        ours = self._domain.clock.monotonic() - self._domain.reset_asked < RESET_WINDOW
        return PowerCause.HOST_RESET if ours else PowerCause.GUEST_RESET

    def _of_state(self, state: int, reason: int) -> PowerReading:
        """virDomainState and its reason."""
        now = self._domain.clock.now()
        if state == libvirt.VIR_DOMAIN_SHUTOFF:
            if self._domain.rebooting:
                return PowerReading(PowerState.ON, now)
            if reason == libvirt.VIR_DOMAIN_SHUTOFF_MIGRATED:
                return PowerReading(PowerState.UNKNOWN, now, reason=MOVED)
            return PowerReading(PowerState.OFF, now, *OFF_CAUSES.get(reason, (PowerCause.OBSERVED, Health.OK, "")))
        if state == libvirt.VIR_DOMAIN_PAUSED and reason not in PASSING:
            pause = PAUSES.get(reason, (PowerCause.PAUSED, Health.WARNING, "it is paused"))
            return PowerReading(PowerState.ON, now, *pause)
        if state == libvirt.VIR_DOMAIN_PMSUSPENDED:
            return PowerReading(PowerState.ON, now, PowerCause.PAUSED, Health.WARNING, "its guest sleeps (S3)")
        if state == libvirt.VIR_DOMAIN_CRASHED:
            return PowerReading(PowerState.ON, now, PowerCause.GUEST_PANIC, Health.CRITICAL, "its guest has crashed")
        if state in (libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_BLOCKED, *_ON_THE_WAY):
            cause = PowerCause.RESUMED if self._last.paused else PowerCause.OBSERVED
            return PowerReading(PowerState.ON, now, cause)
        return PowerReading(PowerState.UNKNOWN, now, reason=f"libvirt itself does not know its state ({state})")


_ON_THE_WAY = (libvirt.VIR_DOMAIN_SHUTDOWN, libvirt.VIR_DOMAIN_PAUSED)

PASSING = frozenset(
    {
        libvirt.VIR_DOMAIN_PAUSED_STARTING_UP,
        libvirt.VIR_DOMAIN_PAUSED_SHUTTING_DOWN,
        libvirt.VIR_DOMAIN_PAUSED_SNAPSHOT,
        libvirt.VIR_DOMAIN_PAUSED_SAVE,
        libvirt.VIR_DOMAIN_PAUSED_DUMP,
        libvirt.VIR_DOMAIN_PAUSED_MIGRATION,
    }
)
"""Pauses that libvirt makes for a moment, for work of its own."""

STOPPED = {
    libvirt.VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN: libvirt.VIR_DOMAIN_SHUTOFF_SHUTDOWN,
    libvirt.VIR_DOMAIN_EVENT_STOPPED_DESTROYED: libvirt.VIR_DOMAIN_SHUTOFF_DESTROYED,
    libvirt.VIR_DOMAIN_EVENT_STOPPED_CRASHED: libvirt.VIR_DOMAIN_SHUTOFF_CRASHED,
    libvirt.VIR_DOMAIN_EVENT_STOPPED_MIGRATED: libvirt.VIR_DOMAIN_SHUTOFF_MIGRATED,
    libvirt.VIR_DOMAIN_EVENT_STOPPED_SAVED: libvirt.VIR_DOMAIN_SHUTOFF_SAVED,
    libvirt.VIR_DOMAIN_EVENT_STOPPED_FAILED: libvirt.VIR_DOMAIN_SHUTOFF_FAILED,
}
"""virDomainEventStoppedDetailType → virDomainShutoffReason."""


def _start(domain: VirDomain) -> None:
    if not domain.isActive():
        domain.create()


def _destroy(domain: VirDomain) -> None:
    if domain.isActive():
        domain.destroy()


def _reset(domain: VirDomain) -> None:
    """A paused one runs afterwards, as a machine does after a reset."""
    stands_still = domain.state()[0] in (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_CRASHED)
    domain.reset()
    if stands_still:
        domain.resume()


def _resume(domain: VirDomain) -> None:
    state, _ = domain.state()
    if state == libvirt.VIR_DOMAIN_PMSUSPENDED:
        domain.pMWakeup()
    elif state == libvirt.VIR_DOMAIN_PAUSED:
        domain.resume()
    else:
        raise WrongState(f"{domain.name()} is not paused")
