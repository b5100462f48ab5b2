"""Who holds one node: a job, or a person with a reason."""

import asyncio

from bmc.model.caller import SERVICE, Caller, Role
from bmc.model.commands import Release, Reserve
from bmc.model.errors import Busy
from bmc.model.events import EventKind, Severity
from bmc.model.node import Reservation
from bmc.node.part import Bench, Handlers


class Reservations:
    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._reserving = asyncio.Lock()
        self.handlers: Handlers = {Reserve: self._do_reserve, Release: self._do_release}

    def check(self, caller: Caller) -> None:
        """:raise Busy: another holds the node."""
        held = self._bench.keeper.state.reservation
        if held is None or (held.job and held.job == caller.job):
            return
        if not held.job and held.holder == caller.account and not caller.job:
            return
        raise Busy(self.held)

    @property
    def held(self) -> str:
        """Who holds the node and why; empty when nobody does."""
        held = self._bench.keeper.state.reservation
        if held is None:
            return ""
        who = f"job {held.job}" if held.job else held.holder
        return f"{who} holds {self._bench.name}: {held.reason}"

    async def lock(self, reason: str) -> None:
        """Take the node into maintenance by itself, unless somebody holds it; an administrator releases it."""
        async with self._reserving:
            if self._bench.keeper.state.reservation is not None:
                return
            held = Reservation(SERVICE.account, reason, self._bench.clock.now())
            await self._bench.keeper.change(reservation=held)
        self._bench.refresh()
        message = f"{self._bench.name} is in maintenance: {reason}"
        await self._bench.publish(EventKind.RESERVED, message, Severity.WARNING, SERVICE.account, {"reason": reason})

    async def _do_reserve(self, command: Reserve, caller: Caller) -> None:
        async with self._reserving:
            self.check(caller)
            held = Reservation(caller.account, command.reason, self._bench.clock.now(), caller.job)
            await self._bench.keeper.change(reservation=held)
        self._bench.refresh()
        message = f"{self._bench.name} reserved by {caller.account}: {command.reason}"
        details = {"job": caller.job, "reason": command.reason}
        await self._bench.publish(EventKind.RESERVED, message, account=caller.account, details=details)

    async def _do_release(self, command: Release, caller: Caller) -> None:
        held = self._bench.keeper.state.reservation
        if held is None:
            return
        if held.job and held.job != caller.job:
            raise Busy(f"job {held.job} holds {self._bench.name}; cancel the job instead")
        if not held.job and held.holder != caller.account and caller.role is not Role.ADMINISTRATOR:
            raise Busy(f"{held.holder} holds {self._bench.name}; ask them, or an administrator")
        await self._bench.keeper.change(reservation=None)
        self._bench.refresh()
        await self._bench.publish(EventKind.RELEASED, f"{self._bench.name} released", account=caller.account)
