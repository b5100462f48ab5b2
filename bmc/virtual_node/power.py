"""The node's power: the switch, and the two witnesses QMP and process."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable

from bmc.model.errors import BmcError, NotSupported, WrongState
from bmc.model.power import MACHINE_ACTIONS, Health, PowerAction, PowerCause, PowerReading, PowerState
from bmc.virtual_node.boot import VirtualBoot
from bmc.virtual_node.events import Fact, FactKind
from bmc.virtual_node.guest import Guest

READINGS_KEPT = 256
STANDING_STILL = ("paused", "io-error", "guest-panicked", "internal-error", "watchdog")


class VirtualSwitch:
    """`power_on` starts QEMU, its media in place, up to its first instruction."""

    domain = "qemu"
    actions = MACHINE_ACTIONS

    def __init__(self, guest: Guest, boot: VirtualBoot, power_on: Callable[[], Awaitable[None]]) -> None:
        self._guest = guest
        self._boot = boot
        self._power_on = power_on
        self._lock = asyncio.Lock()

    async def apply(self, action: PowerAction) -> None:
        match action:
            case PowerAction.ON:
                await self._on()
            case PowerAction.FORCE_OFF:
                await self._guest.stop()
            case PowerAction.FORCE_RESTART:
                self._require_on(action)
                await self._boot.restart()
            case PowerAction.GRACEFUL_SHUTDOWN:
                self._require_on(action)
                await self._guest.execute("system_powerdown")
            case PowerAction.PUSH_POWER_BUTTON:
                await (self._guest.execute("system_powerdown") if self._guest.alive else self._on())
            case PowerAction.NMI:
                self._require_on(action)
                await self._guest.execute("inject-nmi")
            case _:
                raise NotSupported(f"QEMU has no {action.value} of its own")

    async def resume(self) -> None:
        self._require_on("Resume")
        status = await self._guest.status()
        if status not in STANDING_STILL:
            raise WrongState(f"{self._guest.name} is not paused")
        await self._guest.execute("cont")

    async def _on(self) -> None:
        async with self._lock:
            parting = self._guest.parting
            if self._guest.alive and parting is not None:
                await self._guest.stop()  # it has shut down and is on its way out
            if self._guest.alive:
                return
            await self._power_on()
            try:
                await self._boot.first()
            except BmcError:
                await self._guest.kill()
                raise

    def _require_on(self, action: PowerAction | str) -> None:
        if not self._guest.alive:
            name = action.value if isinstance(action, PowerAction) else action
            raise WrongState(f"{name} makes no sense: {self._guest.name} is off")


class _Sense:
    """A queue of readings; when nobody takes them, the oldest are dropped."""

    name: str
    domain: str

    def __init__(self, guest: Guest) -> None:
        self._guest = guest
        self._readings: deque[PowerReading] = deque(maxlen=READINGS_KEPT)
        self._news = asyncio.Event()
        guest.follow(self._on_fact)

    async def changes(self) -> AsyncIterator[PowerReading]:
        while True:
            while self._readings:
                yield self._readings.popleft()
            self._news.clear()
            await self._news.wait()

    def _on_fact(self, fact: Fact) -> None:
        raise NotImplementedError

    def _tell(self, reading: PowerReading) -> None:
        self._readings.append(reading)
        self._news.set()


class QmpSense(_Sense):
    """What QEMU says of the guest."""

    name = "qmp"
    domain = "qemu"

    def __init__(self, guest: Guest) -> None:
        super().__init__(guest)
        self._last = PowerReading(PowerState.UNKNOWN, guest.clock.now(), reason="not looked at yet")

    async def read(self) -> PowerReading:
        if not self._guest.alive:
            return self._off()
        try:
            status = await self._guest.status()
        except BmcError as error:
            gone = not self._guest.up.is_set()  # it went while it was asked
            return self._off() if gone else self._now(PowerState.UNKNOWN, reason=str(error))
        if status == "shutdown" and not self._guest.reboot_held:
            return self._off()
        if status in STANDING_STILL:
            return self._last if self._last.paused else self._standing_still(status)
        if self._last.state is PowerState.ON and not self._last.paused:
            return self._last
        return self._now(PowerState.ON)

    def _on_fact(self, fact: Fact) -> None:
        said_nothing = fact.kind is FactKind.ENDED and self._last.state is not PowerState.OFF
        reading = reading_of(self._guest.parting if said_nothing and self._guest.parting else fact)
        if reading is not None and not (reading.state is self._last.state is PowerState.OFF):
            self._last = reading
            self._tell(reading)

    def _off(self) -> PowerReading:
        return self._last if self._last.state is PowerState.OFF else self._now(PowerState.OFF)

    def _now(self, state: PowerState, reason: str = "") -> PowerReading:
        return PowerReading(state, self._guest.clock.now(), reason=reason)

    def _standing_still(self, status: str) -> PowerReading:
        """Paused for a reason that was told before the service or its log began."""
        cause = {"io-error": PowerCause.DISK_ERROR, "guest-panicked": PowerCause.GUEST_PANIC}
        return PowerReading(
            PowerState.ON,
            self._guest.clock.now(),
            cause.get(status, PowerCause.PAUSED),
            Health.WARNING if status == "paused" else Health.CRITICAL,
            f"QEMU has paused the guest ({status})",
        )


class ProcessSense(_Sense):
    """Whether there is a QEMU process, by pidfd: off is no process."""

    name = "process"
    domain = "kernel"

    def __init__(self, guest: Guest) -> None:
        super().__init__(guest)
        self._off = PowerReading(PowerState.OFF, guest.clock.now())
        self._on = PowerReading(PowerState.ON, guest.clock.now())

    async def read(self) -> PowerReading:
        return self._on if self._guest.alive else self._off

    def _on_fact(self, fact: Fact) -> None:
        match fact.kind:
            case FactKind.STARTED:
                self._on = PowerReading(PowerState.ON, fact.at)
                self._tell(self._on)
            case FactKind.ENDED | FactKind.DIED:
                self._off = reading_of(self._guest.parting or fact) or PowerReading(PowerState.OFF, fact.at)
                self._tell(self._off)


def reading_of(fact: Fact) -> PowerReading | None:
    """What a fact means for power; None when nothing."""
    reset = PowerCause.GUEST_RESET if fact.by_guest else PowerCause.HOST_RESET
    match fact.kind:
        case FactKind.STARTED:
            return PowerReading(PowerState.ON, fact.at, PowerCause.COMMAND)
        case FactKind.BOOT | FactKind.REBOOT_HELD:
            return PowerReading(PowerState.ON, fact.at, reset)
        case FactKind.SHUTDOWN:
            return PowerReading(PowerState.OFF, fact.at, PowerCause.GUEST_SHUTDOWN)
        case FactKind.QUIT:
            return PowerReading(PowerState.OFF, fact.at, PowerCause.COMMAND)
        case FactKind.KILLED:
            return PowerReading(PowerState.OFF, fact.at, PowerCause.PROCESS_DIED, Health.WARNING, fact.text)
        case FactKind.MAINS_LOST:
            return PowerReading(PowerState.OFF, fact.at, PowerCause.MAINS_LOST, reason=fact.text)
        case FactKind.DIED:
            return PowerReading(PowerState.OFF, fact.at, PowerCause.PROCESS_DIED, Health.CRITICAL, fact.text)
        case FactKind.PANIC:
            return _paused(fact, PowerCause.GUEST_PANIC, Health.CRITICAL)
        case FactKind.DISK_ERROR:
            return _paused(fact, PowerCause.DISK_ERROR, Health.CRITICAL)
        case FactKind.PAUSED:
            return _paused(fact, PowerCause.PAUSED, Health.WARNING)
        case FactKind.RESUMED:
            return PowerReading(PowerState.ON, fact.at, PowerCause.RESUMED)
    return None


def _paused(fact: Fact, cause: PowerCause, health: Health) -> PowerReading:
    return PowerReading(PowerState.ON, fact.at, cause, health, fact.text)
