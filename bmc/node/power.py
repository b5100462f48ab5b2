"""One node's power: believes its senses, and carries out actions one at a time, at most once, never silently."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from bmc.events import Publish
from bmc.model.caller import SERVICE, Caller
from bmc.model.clock import Clock, within
from bmc.model.errors import BackendFailed, BmcError, Busy, OutcomeUnknown, Refused, TimedOut, Unreachable, WrongState
from bmc.model.power import LastAction, PowerAction, PowerCause, PowerReading, PowerState, Vote
from bmc.node.journal import Intent, Journal
from bmc.node.power_news import PowerNews
from bmc.node.state import StateKeeper
from bmc.ports import LoopRules, PowerSense, PowerSwitch
from bmc.power.senses import Senses
from bmc.power.table import EXPECTED, GRACEFUL, OUTCOME, REPEATABLE, Outcome, collision, composed

log = logging.getLogger(__name__)

_RESETS = frozenset({PowerCause.GUEST_RESET, PowerCause.HOST_RESET, PowerCause.WATCHDOG})


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: how long a switch may take to be given an action, and what ForceOff wins over may take to end by itself;
    an effect may take, a guest may take to shut down, senses may differ, a cycle stays off; from one reading of the
    sensors to the next; and how far apart nodes are powered on whose supply of power came back. `hand_over` is more
    than any adapter gives itself, and less than a job's step gives us."""

    hand_over: float = 90.0
    give_way: float = 10.0
    settle: float = 20.0
    graceful: float = 120.0
    agree: float = 0.8
    off_time: float = 1.0
    sample: float = 5.0
    stagger: float = 1.0


PATIENCE = Patience()


@dataclass(eq=False, slots=True)
class _UnderWay:
    """`stops` are the emergency stops when it was asked for; `given`: the switch has got some of it."""

    action: PowerAction
    caller: Caller
    since: float
    stops: int
    cause: PowerCause = PowerCause.COMMAND
    given: bool = False
    task: asyncio.Task[PowerState] | None = None
    watcher: asyncio.Task[str] | None = field(default=None)


class PowerControl:
    """`show(state, reading)` replaces the node's snapshot, `looked` only its votes; `lost` is told, with the reason,
    when the state becomes unknown; `rules` are those of this node where they are not `patience`'s. `before_boot` arms
    what the next boot needs, and `waits_for_off` tells that some of it takes a node that is off; `after_run` is told
    when what ran on the node runs no more: it went off, or was reset.
    """

    def __init__(
        self,
        name: str,
        switch: PowerSwitch,
        senses: tuple[PowerSense, ...],
        journal: Journal,
        keeper: StateKeeper,
        lock: asyncio.Lock,
        clock: Clock,
        publish: Publish,
        show: Callable[[PowerState, PowerReading], None],
        before_boot: Callable[[], Coroutine[Any, Any, None]],
        waits_for_off: Callable[[], bool],
        after_run: Callable[[], Awaitable[None]],
        looked: Callable[[], None],
        lost: Callable[[str], Awaitable[None]],
        rules: LoopRules,
        patience: Patience = PATIENCE,
    ) -> None:
        self._name = name
        self._switch = switch
        self._journal = journal
        self._keeper = keeper
        self._lock = lock
        self._clock = clock
        self._news = PowerNews(name, publish)
        self._show = show
        self._before_boot = before_boot
        self._waits_for_off = waits_for_off
        self._after_run = after_run
        self._looked = looked
        self._lost = lost
        self._escalates = rules.escalates
        self._interruptible = rules.interruptible
        self._stops = rules.stops
        self._repeatable = REPEATABLE - rules.presses
        self._patience = replace(
            patience,
            hand_over=patience.hand_over if rules.hand_over is None else rules.hand_over,
            settle=patience.settle if rules.settle is None else rules.settle,
            agree=patience.agree if rules.agree is None else rules.agree,
        )
        self._senses = Senses(senses, rules.moved, clock, self._attributed)
        self._reading = PowerReading(PowerState.UNKNOWN, clock.now(), reason="not looked at yet")
        self._under_way: _UnderWay | None = None
        self._last_act = (clock.now(), PowerCause.COMMAND)
        self._changed = asyncio.Event()
        self._accepting = asyncio.Lock()
        self._tasks: set[asyncio.Task[PowerState]] = set()
        self._watchers: set[asyncio.Task[str]] = set()
        self._shutdown: asyncio.Task[str] | None = None

    @property
    def actions(self) -> frozenset[PowerAction]:
        return composed(self._switch.actions)

    async def start(self) -> None:
        """Look, tell what happened while nobody looked, and settle what a crash cut off."""
        intent = await self._journal.left()
        reading = await self._senses.look()
        # What a service that died was doing may have moved it: then nobody's word counts.
        await self._accept(self._or_confirmed(reading) if intent is None else reading)
        if intent is not None:
            await self._reconcile(intent, reading)

    async def watch(self, sense: PowerSense) -> None:
        """Follow one sense until cancelled."""
        async for seen in sense.changes():
            before, reading = self._senses.hear(sense.name, seen)
            if before is not None and replace(before, at=reading.at) == reading and reading.cause not in _RESETS:
                self._looked()
                continue
            if reading.cause in _RESETS:
                await self._news.was_reset(reading.cause)
                await self._after_run()
            self._changed.set()
            if self._under_way is None or self._under_way.watcher is not None:
                await self._accept(await self._agree())

    async def request(
        self,
        action: PowerAction,
        caller: Caller,
        cause: PowerCause = PowerCause.COMMAND,
        follows: _UnderWay | None = None,
    ) -> PowerState:
        """Carry out `action` by the table; a graceful one returns once the guest has been asked.

        The action goes on when the asker is cancelled. `cause` is what the change of power will be put down to;
        `follows` is the action that it is a part of.

        :raise Busy: another action is under way.
        :raise WrongState, Refused: the table says so.
        :raise TimedOut: it was started, but its effect was not seen.
        :raise OutcomeUnknown: the switch never said that it has it.
        :raise StoreFailed: its intent could not be stored, so nothing was done.
        :raise BmcError: as the switch says.
        """
        under_way = self._under_way
        if under_way is not None:
            outcome = collision(under_way.action, action)
            if outcome is Outcome.BUSY:
                since = datetime.fromtimestamp(under_way.since, UTC).strftime("%H:%M:%S")
                raise Busy(
                    f"{under_way.action.value} asked by {under_way.caller.account} is under way on {self._name} "
                    f"since {since} UTC; wait for it, or use ForceOff"
                )
            if outcome is Outcome.JOIN and under_way.task is not None:
                return await self._ended(under_way, under_way.task)
            if under_way.task is not None:
                soon = 0.0 if self._interruptible else self._patience.give_way
                asyncio.get_running_loop().call_later(soon, under_way.task.cancel)
        mine = _UnderWay(action, caller, self._clock.now(), follows.stops if follows else self._stops(), cause)
        self._under_way = mine
        mine.task = asyncio.create_task(self._carry_out(mine, under_way), name=f"power {self._name}")
        self._tasks.add(mine.task)
        mine.task.add_done_callback(self._tasks.discard)
        return await self._ended(mine, mine.task)

    async def _ended(self, under_way: _UnderWay, task: asyncio.Task[PowerState]) -> PowerState:
        """How it ends; it goes on when who waits here leaves. :raise Busy: ForceOff has won over it."""
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled() and self._under_way is not None and self._under_way is not under_way:
                raise Busy(f"{under_way.action.value} of {self._name} was superseded by ForceOff") from None
            raise

    @property
    def votes(self) -> tuple[Vote, ...]:
        """What each sense said last."""
        return self._senses.votes

    @property
    def last_action(self) -> LastAction | None:
        return self._journal.last

    @property
    def busy(self) -> bool:
        """An action is under way, or what follows from one."""
        return self._under_way is not None or bool(self._tasks) or bool(self._watchers)

    async def after_shutdown(self) -> str:
        """Returns when the last graceful action has ended, with what followed; what went wrong in it, or empty."""
        if self._shutdown is None:
            return ""
        await asyncio.wait({self._shutdown})
        return "it was cut off by another action" if self._shutdown.cancelled() else self._shutdown.result()

    async def confirm(self, state: PowerState, account: str) -> None:
        """A person says what the state is. :raise WrongState: the senses can tell."""
        async with self._accepting:
            if self._reading.state is not PowerState.UNKNOWN:
                known = self._reading.state.value
                raise WrongState(f"{self._name} is known to be {known}; nothing needs to be confirmed")
            await self._keeper.change(confirmed=state)
            await self._take(PowerReading(state, self._clock.now(), reason=f"confirmed by {account}"), account, None)

    async def resume(self) -> None:
        """:raise WrongState: the node is not paused. :raise NotSupported: it cannot be."""
        try:
            await self._hand_over("Resume", self._switch.resume())
        finally:
            await self._accept(await self._agree())

    async def forget(self) -> None:
        """The node was removed."""
        await self._journal.forget()

    async def close(self) -> None:
        """Let what was started come to its end for a while; what is cut off stays in the journal."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._patience.settle)
        tasks: list[asyncio.Task[PowerState] | asyncio.Task[str]] = [*self._tasks, *self._watchers]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _carry_out(self, mine: _UnderWay, before: _UnderWay | None) -> PowerState:
        async with self._lock:
            try:
                if before is not None and before.watcher is not None:
                    await self._supersede(before, before.watcher, mine)
                elif before is not None and before.task is not None and before.task.cancelled():
                    await self._tell_superseded(before, mine)
                state = await self._permitted(mine.action)
                cut_off = before is not None and before.task is not None and before.task.cancelled()
                if state is not None and (self._interruptible or not cut_off):  # what was cut off may yet come to pass
                    return state
                deadline = self._clock.now() + self._patience.graceful if mine.action in GRACEFUL else 0.0
                await self._journal.write(Intent(mine.action, mine.caller.account, mine.since, deadline))
                try:
                    return await self._act(mine, deadline)
                except Exception as error:
                    outcome = "unknown" if isinstance(error, OutcomeUnknown) else "failed"
                    await self._journal.end(outcome, self._clock.now(), str(error))
                    self._show(self._reading.state, self._reading)
                    await self._news.failed(mine.action, mine.caller.account, error)
                    raise
            finally:
                if mine.watcher is None:
                    self._forget(mine)
                    await self._catch_up()

    async def _catch_up(self) -> None:
        """Believe what a sense saw after the action's last look: a guest may die the moment it was turned on."""
        seen = self._senses.believed()
        if (seen.state, seen.health) != (self._reading.state, self._reading.health):
            await self._accept(await self._agree())

    async def _permitted(self, action: PowerAction) -> PowerState | None:
        """The state to answer at once when nothing needs doing. :raise WrongState, Refused: by the table."""
        reading = await self._agree()
        await self._accept(reading)
        outcome = OUTCOME[reading.state, action]
        if outcome is Outcome.ALREADY:
            return reading.state
        if outcome is Outcome.REFUSED:
            raise Refused(
                f"the power state of {self._name} is unknown ({reading.reason}); look at it and confirm its state first"
            )
        if outcome is not Outcome.DO:
            raise WrongState(f"{action.value} makes no sense while {self._name} is {reading.state.value}")
        return None

    async def _act(self, mine: _UnderWay, deadline: float) -> PowerState:
        action = mine.action
        if action in GRACEFUL:
            await self._give(PowerAction.GRACEFUL_SHUTDOWN, mine)
            self._show(PowerState.POWERING_OFF, self._reading)
            await self._news.asked(mine.action, mine.caller, mine.cause)
            mine.watcher = self._watch_shutdown(mine, deadline)
            return PowerState.POWERING_OFF
        cycle = action is PowerAction.POWER_CYCLE and action not in self._switch.actions
        cycle = cycle or (action is PowerAction.FORCE_RESTART and self._waits_for_off())
        goes_off = cycle or action is PowerAction.POWER_CYCLE
        self._show_transition(PowerState.OFF if goes_off else EXPECTED.get(action))
        await self._news.asked(mine.action, mine.caller, mine.cause)
        self._last_act = (self._clock.now(), mine.cause)
        try:
            if cycle:
                await self._apply(PowerAction.FORCE_OFF, mine)
                await self._accept(await self._agree(), mine.caller.account, mine.cause)
                interval = self._keeper.state.cycle_interval
                await self._clock.sleep(self._patience.off_time if interval is None else interval)
                await self._apply(PowerAction.ON, mine)
            else:
                await self._apply(action, mine)
        finally:
            await self._accept(await self._agree(), mine.caller.account, mine.cause)
        await self._journal.end("done", self._clock.now())
        self._show(self._reading.state, self._reading)
        return self._reading.state

    async def _apply(self, action: PowerAction, mine: _UnderWay) -> None:
        """Hand one action to the switch and look, through the senses, until its effect shows."""
        expected = EXPECTED.get(action)
        self._show_transition(expected)
        if expected is not PowerState.OFF and action is not PowerAction.NMI:
            await self._hand_over(action.value, self._before_boot())
        started = self._clock.now()
        await self._give(action, mine)
        if expected is not None:
            await self._settle(action, expected, started)

    async def _hand_over(self, what: str, work: Coroutine[Any, Any, None]) -> None:
        """An adapter that never returns must not hold the node for ever: it is given up."""
        if not await within(self._clock, self._patience.hand_over, work):
            raise OutcomeUnknown(
                f"{what} was handed to {self._name}, which did not take it within {self._patience.hand_over:.0f} s; "
                "it may have been carried out"
            )

    async def _give(self, action: PowerAction, mine: _UnderWay) -> None:
        if mine.stops != self._stops():
            raise _cut_off() if mine.given else Refused("the emergency stop was pressed since this was asked for")
        try:
            await self._hand_over(action.value, self._switch.apply(action))
        except (Refused, Unreachable):
            raise
        except BmcError:
            await self._void_word()
            raise
        mine.given = True
        self._journal.handed_over(self._clock.now())
        await self._void_word()

    async def _void_word(self) -> None:
        """What a person has said of the state holds no longer: the machine was moved since."""
        if self._keeper.state.confirmed is not None:
            await self._keeper.change(confirmed=None)

    def _show_transition(self, expected: PowerState | None) -> None:
        if expected is PowerState.OFF:
            self._show(PowerState.POWERING_OFF, self._reading)
        elif expected is PowerState.ON and self._reading.state is PowerState.OFF:
            self._show(PowerState.POWERING_ON, self._reading)

    async def _settle(self, action: PowerAction, expected: PowerState, started: float) -> None:
        def settled(reading: PowerReading) -> bool:
            if reading.state is not expected and reading.cause is PowerCause.PROCESS_DIED and reading.at >= started:
                raise BackendFailed(f"{action.value} of {self._name} failed: {reading.reason}")
            return reading.state is expected

        reading = await self._senses.look_until(settled, self._patience.settle)
        if reading.state is not expected:
            raise TimedOut(
                f"{action.value} was given to {self._name}, but after {self._patience.settle:.0f} s its power "
                f"still reads {reading.state.value}" + (f" ({reading.reason})" if reading.reason else "")
            )

    def _watch_shutdown(self, mine: _UnderWay, deadline: float) -> "asyncio.Task[str]":
        watcher = asyncio.create_task(self._await_shutdown(mine, deadline), name=f"shutdown {self._name}")
        self._watchers.add(watcher)
        self._shutdown = watcher
        watcher.add_done_callback(self._watchers.discard)
        return watcher

    async def _await_shutdown(self, mine: _UnderWay, deadline: float) -> str:
        """Wait for the guest to go off by itself; then, for a restart, power on. Forces it only by its rules.

        What went wrong, so that the node is not as it was asked to be; else empty.
        """
        while (
            (reading := await self._agree()).state is not PowerState.OFF
            and self._clock.now() < deadline
            and mine.stops == self._stops()
        ):
            self._changed.clear()
            try:
                async with asyncio.timeout(1.0):
                    await self._changed.wait()
            except TimeoutError:
                continue
        self._forget(mine)
        if mine.stops != self._stops():
            error = _cut_off()
            await self._journal.end("unknown", self._clock.now(), str(error))
            await self._accept(reading)
            await self._news.failed(mine.action, mine.caller.account, error)
            return str(error)
        went_off = reading.state is PowerState.OFF
        problem = "" if went_off else f"it did not shut down within {self._patience.graceful:.0f} s"
        await self._journal.end("done" if went_off else "timed out", self._clock.now(), problem)
        await self._accept(reading)
        if not went_off:
            account, patience = mine.caller.account, self._patience.graceful
            escalates = self._escalates and reading.state is PowerState.ON
            await self._news.not_shut_down(mine.action, account, patience, escalates)
            if not escalates or not await self._forced_off(mine):
                return problem
        if mine.action is PowerAction.GRACEFUL_RESTART:
            try:
                await self.request(PowerAction.ON, mine.caller, follows=mine)
            except BmcError as error:
                await self._news.stays_off(mine.action, mine.caller.account, error)
                return str(error)
        return ""

    async def _forced_off(self, mine: _UnderWay) -> bool:
        """What the node's rules let follow a shutdown that does not come; whether it is off. Tells where it failed."""
        try:
            return await self.request(PowerAction.FORCE_OFF, mine.caller, follows=mine) is PowerState.OFF
        except BmcError as error:
            log.warning("%s was not forced off: %s", self._name, error)
            return False

    async def _supersede(self, before: _UnderWay, watcher: asyncio.Task[str], mine: _UnderWay) -> None:
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)
        await self._tell_superseded(before, mine)

    async def _tell_superseded(self, before: _UnderWay, mine: _UnderWay) -> None:
        await self._journal.end("superseded", self._clock.now(), f"superseded by {mine.action.value}")
        await self._news.superseded(before.action, mine.action, mine.caller.account)

    async def _reconcile(self, intent: Intent, reading: PowerReading) -> None:
        """What the service was doing when it died: finish what may be repeated, tell the rest."""
        mine = _UnderWay(intent.action, SERVICE, intent.at, self._stops())
        if intent.action in GRACEFUL and reading.state in (PowerState.ON, PowerState.OFF):
            self._under_way = mine
            mine.watcher = self._watch_shutdown(mine, intent.deadline)
            return
        if intent.action in REPEATABLE and reading.state is EXPECTED[intent.action]:
            await self._journal.end("done", self._clock.now())
            return
        await self._journal.end("unknown", self._clock.now(), "it was cut off by the end of the service")
        if intent.action not in self._repeatable or reading.state is PowerState.UNKNOWN:
            await self._news.cut_off(intent, "and is not repeated; look at the node")
            return
        try:
            await self.request(intent.action, SERVICE)
        except BmcError as error:
            await self._news.cut_off(intent, f"and could not be repeated: {error}")

    def _forget(self, mine: _UnderWay) -> None:
        if self._under_way is mine:
            self._under_way = None

    def _attributed(self, reading: PowerReading) -> PowerReading:
        """A sense sees a reset by the host; who asked for it, and why, only we know."""
        since, cause = self._last_act
        if reading.cause is PowerCause.HOST_RESET and cause is PowerCause.WATCHDOG and reading.at >= since:
            return replace(reading, cause=cause)
        return reading

    async def _agree(self) -> PowerReading:
        """Look, and give senses that differ a moment to see the same."""
        return self._or_confirmed(await self._senses.agree(self._patience.agree))

    def _or_confirmed(self, reading: PowerReading) -> PowerReading:
        """What a person has said, where the senses cannot tell."""
        confirmed = self._keeper.state.confirmed
        if reading.state is PowerState.UNKNOWN and confirmed is not None:
            return PowerReading(confirmed, reading.at, reason=f"confirmed by a person; {reading.reason}")
        return reading

    async def _accept(self, reading: PowerReading, account: str = "", cause: PowerCause | None = None) -> None:
        """Make `reading` the node's belief: stored, shown, and told if it is news."""
        async with self._accepting:
            await self._take(reading, account, cause)

    async def _take(self, reading: PowerReading, account: str, cause: PowerCause | None) -> None:
        before, self._reading = self._reading, reading
        kept = self._keeper.state
        changed = reading.state is not kept.power
        if changed:
            known = cause or reading.cause
            fields: dict[str, object] = {"power": reading.state, "power_since": self._clock.now(), "cause": known}
            if kept.power is PowerState.ON:
                fields["seconds_on"] = kept.seconds_on + max(0.0, min(self._clock.now(), reading.at) - kept.power_since)
            if reading.state is not kept.confirmed:  # the senses have seen otherwise than the person did
                fields["confirmed"] = None
            await self._keeper.change(**fields)
        elif reading.cause in _RESETS and reading.cause is not kept.cause:
            await self._keeper.change(cause=reading.cause)
        graceful = self._under_way is not None and self._under_way.watcher is not None
        if graceful and reading.state is PowerState.ON:
            self._show(PowerState.POWERING_OFF, reading)
        else:
            self._show(reading.state, reading)
        if changed and kept.power_since:
            await self._news.changed(kept.power, reading, account, cause or reading.cause)
            if reading.state is PowerState.OFF:
                await self._after_run()
            elif reading.state is PowerState.UNKNOWN:
                await self._lost(reading.reason)
        elif before.outvoted != reading.outvoted and PowerState.UNKNOWN not in (before.state, reading.state):
            await self._news.outvoted(reading)
        elif (before.paused, before.paused and before.reason) != (reading.paused, reading.paused and reading.reason):
            await self._news.paused(before, reading)


def _cut_off() -> OutcomeUnknown:
    return OutcomeUnknown("the emergency stop cut it off; look at the machine")
