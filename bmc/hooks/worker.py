"""One destination's own worker: from its place in the stream to its sink, in order, at least once."""

import logging
import random
from collections import Counter as Tally
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bmc.events import Batch, Follower
from bmc.hooks.dead_letters import DeadLetters
from bmc.hooks.deliveries import Deliveries, Delivery, Outcome
from bmc.hooks.sink import DeliveryFailed, Sink
from bmc.hooks.subscriptions import RetryPolicy
from bmc.model.clock import Clock
from bmc.model.events import Event

LONGEST_WAIT = 300.0
READ = 256

log = logging.getLogger(__name__)
_chance = random.SystemRandom()


class GaveUp(Exception):
    """An event was tried as often as it may be, and the destination's policy is to stop then."""


@dataclass(frozen=True, slots=True)
class Patience:
    """An event is tried again `attempts` times, at first after `interval` seconds."""

    attempts: int
    interval: float


class Worker:
    """`error` says why the last delivery failed, since when (seconds since the epoch); it is empty when none has.

    A receiver that cannot be reached is waited for: the events stay in the stream. An event that it refuses, or that
    we cannot put into words, becomes a dead letter once it was tried often enough, so that it does not hold up those
    behind it.
    """

    def __init__(
        self,
        name: str,
        sink: Sink,
        wants: Callable[[Event], bool],
        follower: Follower,
        letters: DeadLetters,
        clock: Clock,
        patience: Patience,
        policy: RetryPolicy,
        results: Tally[str],
        deliveries: Deliveries,
    ) -> None:
        self.error = ""
        self.since = 0.0
        self.buried = False
        self._name = name
        self._sink = sink
        self._wants = wants
        self._follower = follower
        self._letters = letters
        self._clock = clock
        self._patience = patience
        self._policy = policy
        self._results = results
        self._deliveries = deliveries

    async def run(self) -> None:
        """Without end; a fault of the store costs time, and no event. :raise GaveUp:"""
        failures = 0
        while True:
            try:
                await self._deal_with(await self._follower.next(max(READ, self._sink.at_once)))
                failures = 0
            except GaveUp:
                raise
            except Exception as error:
                failures += 1
                self._note(f"a fault of this service: {error!r}", False)
                log.exception("hook %s: a fault; going on from the last event that was delivered", self._name)
                await self._clock.sleep(self._wait(failures))

    async def _deal_with(self, batch: Batch) -> None:
        if batch.missed:
            why = "they were no longer kept when this destination could have been given them"
            log.error("hook %s: %d events are lost: %s", self._name, batch.missed, why)
            await self._letters.bury_missed(self._name, batch.missed, why)
            self._results["dead"] += batch.missed
            await self._follower.done(batch.first - 1)
        wanted = [event for event in batch.events if self._wants(event)]
        for start in range(0, len(wanted), self._sink.at_once):
            chunk = wanted[start : start + self._sink.at_once]
            await self._deliver(chunk)
            await self._follower.done(chunk[-1].sequence)
            if self._sink.pause:
                await self._clock.sleep(self._sink.pause)
        await self._follower.done(batch.last)

    async def _deliver(self, chunk: Sequence[Event]) -> None:
        """Until the receiver has them, or they are dead letters. What may be seen is decided anew each time.

        A fault of ours counts as a refusal of the one event that it is about, but is no reason to give up a receiver.
        """
        failures = refusals = faults = 0
        while events := [event for event in chunk if self._wants(event)]:
            began = self._clock.monotonic()
            try:
                await self._sink.deliver(events)
            except DeliveryFailed as error:
                failures, refusals = failures + 1, refusals + error.refused
                self._results["failed"] += 1
                self._note(str(error), False)
                gives_up = failures > self._patience.attempts and self._policy.stops
                dead = refusals > self._patience.attempts and not gives_up
                await self._record(events, began, Outcome.DEAD if dead else Outcome.FAILED, str(error))
                if gives_up:
                    raise GaveUp(str(error)) from error
                if dead:
                    await self._bury(events, str(error))
                    return
                await self._clock.sleep(self._wait(failures))
            except Exception as error:
                if len(events) > 1:
                    await self._deliver(events[: len(events) // 2])
                    await self._deliver(events[len(events) // 2 :])
                    return
                faults += 1
                self._results["failed"] += 1
                why = f"a fault of this service: {error!r}"
                if faults == 1:
                    log.exception("hook %s: a fault at event %d", self._name, events[0].sequence)
                self._note(why, False)
                dead = faults > self._patience.attempts
                await self._record(events, began, Outcome.DEAD if dead else Outcome.FAILED, why)
                if dead:
                    await self._bury(events, why)
                    return
                await self._clock.sleep(self._wait(faults))
            else:
                await self._record(events, began, Outcome.DELIVERED)
                self._results["delivered"] += len(events)
                self._recovered()
                return

    async def _bury(self, events: Sequence[Event], error: str) -> None:
        await self._letters.bury(self._name, events, error)
        self._results["dead"] += len(events)
        self._note(error, True)
        first, last = events[0].sequence, events[-1].sequence
        which = f"event {first}" if first == last else f"{len(events)} events, {first} to {last},"
        log.error("hook %s: %s became a dead letter: %s", self._name, which, error)

    async def _record(self, events: Sequence[Event], began: float, outcome: Outcome, reason: str = "") -> None:
        seconds = self._clock.monotonic() - began
        tried = Delivery(self._clock.now(), events[0], len(events), outcome, reason, seconds)
        await self._deliveries.add(self._name, tried)

    def _wait(self, failures: int) -> float:
        """With jitter, so that many destinations do not come back all at once."""
        wait = self._patience.interval
        if self._policy is RetryPolicy.BACK_OFF:
            wait = max(wait, min(wait * 2.0 ** min(failures - 1, 30), LONGEST_WAIT))
        return wait * _chance.uniform(0.5, 1)

    def _note(self, error: str, buried: bool) -> None:
        if not self.error:
            log.warning("hook %s: a delivery failed, and is tried again: %s", self._name, error)
            self.since = self._clock.now()
        self.error, self.buried = error, buried

    def _recovered(self) -> None:
        if self.error:
            log.warning("hook %s: delivers again", self._name)
        self.error, self.since, self.buried = "", 0.0, False
