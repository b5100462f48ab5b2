"""The FRU inventory among a node's commands. It comes in pieces of 16 bytes or so, and is told of once for them all."""

import asyncio

from bmc.model.caller import Caller, guest_account
from bmc.model.commands import SetAssetTag, WriteFru
from bmc.model.events import EventKind
from bmc.node.part import Bench, Handlers
from bmc.records.fru import FruKeeper

_QUIET = 1.0
"""Seconds without a further write, after which the writing is over."""


class FruPart:
    def __init__(self, bench: Bench, keeper: FruKeeper) -> None:
        self._bench = bench
        self._keeper = keeper
        self._writers: set[str] = set()
        self._until = 0.0
        self._sleep: asyncio.Future[None] | None = None
        self._telling: asyncio.Task[None] | None = None
        self.handlers: Handlers = {WriteFru: self._do_write, SetAssetTag: self._do_set_asset_tag}

    async def close(self) -> None:
        """Tells what was not told yet."""
        self._until = 0.0
        if self._sleep is not None:
            self._sleep.cancel()
        if self._telling is not None:
            await asyncio.wait({self._telling})

    async def _do_write(self, command: WriteFru, caller: Caller) -> None:
        await self._keeper.write(command.offset, command.data)
        self._written(caller.account)

    async def _do_set_asset_tag(self, command: SetAssetTag, caller: Caller) -> None:
        await self._keeper.set_asset_tag(command.tag)
        self._written(caller.account)

    def _written(self, account: str) -> None:
        self._bench.refresh()
        self._writers.add(account)
        self._until = self._bench.clock.monotonic() + _QUIET
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        while self._writers:
            while (left := self._until - self._bench.clock.monotonic()) > 0:
                self._sleep = asyncio.ensure_future(self._bench.clock.sleep(left))
                await asyncio.wait({self._sleep})
            guest = guest_account(self._bench.name)
            writers, self._writers = sorted(self._writers, key=lambda each: (each == guest, each)), set()
            message = f"{' and '.join(writers)} wrote into the FRU inventory of {self._bench.name}"
            await self._bench.publish(EventKind.FRU_WRITTEN, message, account=writers[0])
