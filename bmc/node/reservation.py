"""Who has reserved one node: a job, or a person with a reason."""

import asyncio
import logging
from datetime import UTC, datetime

from bmc.model.caller import SERVICE, Caller, Role
from bmc.model.commands import Release, Reserve
from bmc.model.errors import Busy, InvalidRequest
from bmc.model.events import EventKind, Severity
from bmc.model.node import Reservation
from bmc.node.part import Bench, Handlers
from bmc.store import StoreFailed

log = logging.getLogger(__name__)

_AGAIN = 30.0
"""Seconds after which an end that could not be stored is tried again."""


class Reservations:
    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._reserving = asyncio.Lock()
        self._ending: asyncio.Task[None] | None = None
        self.handlers: Handlers = {Reserve: self._do_reserve, Release: self._do_release}

    def start(self) -> None:
        """One that should have ended while there was no service ends now."""
        self._watch()

    def close(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None

    def check(self, caller: Caller) -> None:
        """:raise Busy: another has reserved the node."""
        held = self._now
        if held is None or (held.job and held.job == caller.job):
            return
        if not held.job and held.holder == caller.account and not caller.job:
            return
        raise Busy(self.held)

    @property
    def held(self) -> str:
        """By whom the node is reserved, and why; empty when it is not."""
        held = self._now
        if held is None:
            return ""
        who = f"job {held.job}" if held.job else held.holder
        return f"{self._bench.name} is reserved by {who}: {held.reason}{_until(held)}"

    @property
    def _now(self) -> Reservation | None:
        return self._bench.keeper.state.reservation

    async def lock(self, reason: str) -> None:
        """Take the node into maintenance by itself, unless somebody has reserved it; an administrator releases it.

        :raise StoreFailed: the store takes nothing.
        """
        async with self._reserving:
            if self._now is not None:
                return
            await self._hold(Reservation(SERVICE.account, reason, self._bench.clock.now()))
        message = f"{self._bench.name} is in maintenance: {reason}"
        await self._bench.publish(EventKind.RESERVED, message, Severity.WARNING, SERVICE.account, {"reason": reason})

    async def _do_reserve(self, command: Reserve, caller: Caller) -> None:
        now = self._bench.clock.now()
        if command.until is not None and command.until <= now:
            raise InvalidRequest(f"the reservation of {self._bench.name} would have ended already")
        async with self._reserving:
            behind = self._behind(caller)
            held = Reservation(caller.account, command.reason, now, caller.job, command.until, behind)
            await self._hold(held)
        message = f"{self._bench.name} reserved by {caller.account}: {command.reason}{_until(held)}"
        details = {"job": caller.job, "reason": command.reason}
        await self._bench.publish(EventKind.RESERVED, message, account=caller.account, details=details)

    def _behind(self, caller: Caller) -> Reservation | None:
        """The caller's own, which steps back for a job of theirs. :raise Busy: another has reserved the node."""
        held = self._now
        if held is not None and not held.job and caller.job and held.holder == caller.account:
            return held
        self.check(caller)
        return held.behind if held is not None else None

    async def _do_release(self, command: Release, caller: Caller) -> None:
        async with self._reserving:
            held = self._now
            if held is None:
                return
            self._check_release(held, command, caller)
            back = held.behind if held.behind and not self._is_over(held.behind) else None
            await self._hold(back)
        message = f"{self._bench.name} released" + (f" by {caller.account}: {command.note}" if command.note else "")
        if back is not None:
            message += f"; {self.held}"
        await self._bench.publish(EventKind.RELEASED, message, account=caller.account)

    def _check_release(self, held: Reservation, command: Release, caller: Caller) -> None:
        name = self._bench.name
        if held.job and held.job != caller.job:
            raise Busy(f"{name} is reserved by job {held.job}; cancel the job instead")
        if held.job or held.holder == caller.account:
            return
        if caller.role is not Role.ADMINISTRATOR:
            raise Busy(f"{self.held}; ask them, or an administrator")
        if held.holder != SERVICE.account and not command.note:
            raise InvalidRequest(f"{self.held}; to end that takes a note which says why")

    async def _hold(self, reservation: Reservation | None) -> None:
        await self._bench.keeper.change(reservation=reservation)
        self._bench.refresh()
        self._watch()

    def _watch(self) -> None:
        self.close()
        if self._now is not None and self._now.until is not None:
            self._ending = asyncio.create_task(self._end(self._now, self._now.until))

    async def _end(self, held: Reservation, at: float) -> None:
        while self._now is held:
            if (left := at - self._bench.clock.now()) > 0:
                await self._bench.clock.sleep(left)
                continue
            try:
                await self._drop(held)
            except StoreFailed as error:  # nobody else would end it
                log.warning("the reservation of %s cannot end yet: %s", self._bench.name, error)
                at = self._bench.clock.now() + _AGAIN

    async def _drop(self, held: Reservation) -> None:
        """Its time is up. :raise StoreFailed: it goes on."""
        async with self._reserving:
            if self._now is not held:
                return
            await self._bench.keeper.change(reservation=None)
        self._bench.refresh()
        message = f"{self._bench.name} released: the time of {held.holder} is up"
        await self._bench.publish(EventKind.RELEASED, message, account=SERVICE.account)

    def _is_over(self, held: Reservation) -> bool:
        return held.until is not None and held.until <= self._bench.clock.now()


def _until(held: Reservation) -> str:
    if held.until is None:
        return ""
    return f" (until {datetime.fromtimestamp(held.until, UTC).isoformat(timespec='minutes').replace('+00:00', 'Z')})"
