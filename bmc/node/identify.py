"""The identify light of one node: on, off, or on for a while."""

import asyncio

from bmc.model.caller import SERVICE, Caller
from bmc.model.commands import Identify
from bmc.model.events import EventKind
from bmc.node.part import Bench, Handlers


class IdentifyLight:
    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._ending: asyncio.Task[None] | None = None
        self.handlers: Handlers = {Identify: self._do_identify}

    def start(self) -> None:
        """One that was on for a while when the service ended goes off when it would have."""
        until = self._bench.keeper.state.identify_until
        if until is not None:
            self._end_at(until, SERVICE.account)

    def close(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None

    async def _do_identify(self, command: Identify, caller: Caller) -> None:
        self.close()
        until = self._bench.clock.now() + command.seconds if command.seconds else None
        await self._set(command.seconds != 0, until, caller.account)
        if until is not None:
            self._end_at(until, caller.account)

    def _end_at(self, until: float, account: str) -> None:
        self._ending = asyncio.create_task(self._end(until, account))

    async def _end(self, until: float, account: str) -> None:
        await self._bench.clock.sleep(max(0.0, until - self._bench.clock.now()))
        await self._set(False, None, account)

    async def _set(self, on: bool, until: float | None, account: str) -> None:
        before = self._bench.keeper.state
        if (on, until) == (before.identify, before.identify_until):
            return
        await self._bench.keeper.change(identify=on, identify_until=until)
        self._bench.refresh()
        if on == before.identify:
            return
        message = f"the identify light of {self._bench.name} is {'on' if on else 'off'}"
        await self._bench.publish(EventKind.IDENTIFY_CHANGED, message, account=account, details={"on": on})
