"""What holds real hardware still, over all nodes: the emergency stop, and how many machines may start at once."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from bmc.events import Events
from bmc.model.clock import Clock
from bmc.model.errors import BmcError, InvalidRequest, OutcomeUnknown, Refused, WrongState
from bmc.model.events import Event, EventKind, Severity
from bmc.model.power import PowerState
from bmc.store import Json, Store

BUCKET = "safety"
KEY = "emergency-stop"
LONGEST_WAIT = 60.0
"""Seconds that a start waits for its budget at most; less than a node's patience for an action."""


@dataclass(frozen=True, slots=True)
class EmergencyStop:
    """`at` in seconds since the epoch."""

    account: str
    reason: str
    at: float


@dataclass(frozen=True, slots=True)
class Budget:
    """So many machines of one feed or rack may start within `within` seconds (inrush current)."""

    starts: int
    within: float


Believed = Callable[[str], PowerState]
Word = Callable[[str], PowerState | None]


class Safety:
    """One for the service. An emergency stop outlives it; `stops` counts those since it began."""

    def __init__(
        self,
        store: Store,
        events: Events,
        clock: Clock,
        budgets: Mapping[str, Budget],
        stopped: EmergencyStop | None,
    ) -> None:
        self._store = store
        self._events = events
        self._clock = clock
        self._budgets = budgets
        self._starts: dict[str, deque[float]] = {name: deque(maxlen=budget.starts) for name, budget in budgets.items()}
        self._motions: set[asyncio.Task[None]] = set()
        self._believed: Believed = lambda _: PowerState.UNKNOWN
        self._word: Word = lambda _: None
        self.stopped = stopped
        self._kept = stopped is not None
        self._releasing: EmergencyStop | None = None
        self.stops = 0

    @classmethod
    async def open(cls, store: Store, events: Events, clock: Clock, budgets: Mapping[str, Budget]) -> "Safety":
        entry = await store.get(BUCKET, KEY)
        value: Mapping[str, Any] = entry.value if entry else {}
        return cls(store, events, clock, budgets, EmergencyStop(**value) if value else None)

    def ask(self, believed: Believed, word: Word) -> None:
        """Where to ask for what is believed of a node, and what a person has said of it; called once."""
        self._believed, self._word = believed, word

    def power_of(self, node: str) -> PowerState:
        """What is believed of another node; UNKNOWN where there is none of that name."""
        return self._believed(node)

    def word_of(self, node: str) -> PowerState | None:
        """What a person has said of a node whose senses cannot tell, until it is moved."""
        return self._word(node)

    def check(self) -> None:
        """:raise Refused: everything is held."""
        if self.stopped is not None:
            since = datetime.fromtimestamp(self.stopped.at, UTC).strftime("%Y-%m-%d %H:%M:%S")
            raise Refused(
                f"{self.stopped.account} pressed the emergency stop at {since} UTC ({self.stopped.reason}); "
                "release it before hardware may move"
            )

    def require_budgets(self, names: Iterable[str]) -> None:
        """:raise InvalidRequest: the configuration file has no such budget."""
        for name in names:
            if name not in self._budgets:
                there = ", ".join(sorted(self._budgets)) or "none"
                raise InvalidRequest(f"start budget {name!r} is not in the configuration file; there is {there}")

    async def move(self, work: Coroutine[Any, Any, None], since: int) -> None:
        """Let an actuator do `work`, which an emergency stop cancels: whoever is cancelled lets go of what it holds.

        `since` are the `stops` when the action was asked for: what a stop has held is not taken up by its release.

        :raise Refused: everything is held; nothing was begun. :raise OutcomeUnknown: it was stopped in mid-motion.
        """
        try:
            self.check()
            if since != self.stops:
                raise Refused("the emergency stop was pressed since this was asked for; ask again")
        except BmcError:
            work.close()
            raise
        motion = asyncio.ensure_future(work)
        self._motions.add(motion)
        motion.add_done_callback(self._motions.discard)
        try:
            await asyncio.shield(motion)
        except asyncio.CancelledError:
            if motion.cancelled() and since != self.stops:
                who = f" of {self.stopped.account}" if self.stopped else ""
                raise OutcomeUnknown(f"the emergency stop{who} cut it off; look at the machine") from None
            motion.cancel()
            await asyncio.gather(motion, return_exceptions=True)
            raise

    async def start_turn(self, names: Iterable[str]) -> None:
        """Wait until one more machine may start on all of these budgets, and take its place there.

        :raise Refused: that is more than a minute away.
        """
        names = sorted(names)
        end = self._clock.monotonic() + LONGEST_WAIT
        while (due := max(map(self._due, names), default=0.0)) > (now := self._clock.monotonic()):
            if due > end:
                raise Refused(f"start budget {', '.join(names)}: no start is free for another {due - now:.0f} s")
            await self._clock.sleep(due - now)
        for name in names:
            self._starts[name].append(self._clock.monotonic())

    def _due(self, name: str) -> float:
        budget, starts = self._budgets[name], self._starts[name]
        return starts[0] + budget.within if len(starts) == budget.starts else 0.0

    def budget_state(self, name: str) -> str:
        """In words, for a plan."""
        wait = self._due(name) - self._clock.monotonic()
        return "free" if wait <= 0 else f"next start in {wait:.0f} s"

    async def stop(self, account: str, reason: str) -> None:
        """Hold everything, now; what moves lets go. Pressing again changes nothing.

        :raise StoreFailed: everything is held, but that would not outlive the service; press again.
        """
        if self.stopped is None or self.stopped is self._releasing:
            self.stopped, self._kept = EmergencyStop(account, reason, self._clock.now()), False
            self.stops += 1
            for motion in list(self._motions):
                motion.cancel()
        if self._kept:
            return
        await self._store.put(BUCKET, KEY, _to_json(self.stopped))
        self._kept = True
        await self._tell(EventKind.EMERGENCY_STOP, f"{account} pressed the emergency stop: {reason}", account)

    async def release(self, account: str) -> None:
        """:raise WrongState: nothing is held. :raise Refused: it was pressed again meanwhile."""
        if (held := self.stopped) is None:
            raise WrongState("the emergency stop is not pressed")
        self._releasing = held
        try:
            await self._store.delete(BUCKET, KEY)
        finally:
            self._releasing = None
        if self.stopped is not held:
            self.check()
        self.stopped = None
        await self._tell(EventKind.EMERGENCY_STOP_RELEASED, f"{account} released the emergency stop", account)

    async def _tell(self, kind: EventKind, message: str, account: str) -> None:
        severity = Severity.CRITICAL if kind is EventKind.EMERGENCY_STOP else Severity.OK
        await self._events.publish(Event(kind, message, self._clock.now(), severity=severity, account=account))


def _to_json(stopped: EmergencyStop) -> dict[str, Json]:
    return {**asdict(stopped)}
