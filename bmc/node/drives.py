"""The virtual drives of one node: what is put in, and what is taken out."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from bmc.model.caller import Caller
from bmc.model.clock import within
from bmc.model.commands import EjectMedia, InsertDeployMedium, InsertMedia
from bmc.model.errors import BmcError, Denied, InvalidRequest, OutcomeUnknown
from bmc.model.events import EventKind
from bmc.model.url import medium_name
from bmc.node.part import Bench, Handlers
from bmc.ports import MediaBay

DEPLOY_MEDIUM = "lightsout-deploy"
GIVEN_BACK_WITHIN = 60.0
CHANGED_WITHIN = 180.0
"""Seconds; more than any adapter gives itself for a medium. Meanwhile nothing else can be done to the node."""


class Media(Protocol):
    """What there is to insert."""

    async def path(self, image: str, private: bool) -> str:
        """The host file behind what an operator names, fetched if need be; `private`: also from a private network.

        :raise NotFound, InvalidRequest, Unreachable, BackendFailed: there is none to insert.
        """


class Drives:
    """`lock` is the node's one lock; `still_free` raises Busy for who may not touch a reserved node."""

    def __init__(
        self,
        bench: Bench,
        bay: MediaBay | None,
        library: Media,
        lock: asyncio.Lock,
        still_free: Callable[[Caller], None],
    ) -> None:
        self._bench = bench
        self._bay = bay
        self._library = library
        self._lock = lock
        self._still_free = still_free
        self.handlers: Handlers = {
            InsertMedia: self._do_insert_media,
            InsertDeployMedium: self._do_insert_deploy_medium,
            EjectMedia: self._do_eject_media,
        }

    async def _do_insert_media(self, command: InsertMedia, caller: Caller) -> None:
        if not command.image or len(command.image) > 2048:
            raise InvalidRequest(
                "Image must name a file of the media store or an http(s) URL of at most 2048 characters"
            )
        self._there()
        path = await self._library.path(command.image, private=caller.governs)
        await self._insert(command.slot, path, medium_name(command.image), caller)

    async def _do_insert_deploy_medium(self, command: InsertDeployMedium, caller: Caller) -> None:
        if not caller.job:
            raise Denied("only a job inserts a deploy medium")
        await self._insert(command.slot, command.path, DEPLOY_MEDIUM, caller)

    async def _insert(self, slot: str, path: str, image: str, caller: Caller) -> None:
        bay = self._there()
        async with self._lock:
            self._still_free(caller)  # again: fetching the medium may have taken long
            await self._in_time(bay.insert(slot, path, image))
            self._bench.refresh()
        await self._bench.publish(
            EventKind.MEDIA_INSERTED,
            f"{image} inserted into {slot} of {self._bench.name}",
            account=caller.account,
            details={"slot": slot, "image": image},
        )

    async def _do_eject_media(self, command: EjectMedia, caller: Caller) -> None:
        bay = self._there()
        async with self._lock:
            await self._in_time(bay.eject(command.slot))
            self._bench.refresh()
        await self._bench.publish(
            EventKind.MEDIA_EJECTED,
            f"{command.slot} of {self._bench.name} ejected",
            account=caller.account,
            details={"slot": command.slot},
        )

    async def give_back(self) -> list[str]:
        """Take out what we put in; what may still be there, in words. Takes no longer than the slowest BMC may."""
        left = []
        for slot in self._bay.slots() if self._bay else ():
            if slot.inserted and slot.ours:
                why = await self._taken_out(slot.id)
                if why:
                    left.append(f"{slot.image} may still be in its drive {slot.id} ({why})")
        return left

    async def _taken_out(self, slot: str) -> str:
        """Why it was not; "" when it was."""
        try:
            done = await within(self._bench.clock, GIVEN_BACK_WITHIN, self._there().eject(slot))
        except BmcError as error:
            return str(error)
        return "" if done else f"it was not ejected within {GIVEN_BACK_WITHIN:.0f} s"

    async def _in_time(self, change: Coroutine[Any, Any, None]) -> None:
        """A drive that never answers must not hold the node for ever. :raise OutcomeUnknown: it did not in time."""
        if not await within(self._bench.clock, CHANGED_WITHIN, change):
            name, seconds = self._bench.name, CHANGED_WITHIN
            raise OutcomeUnknown(f"the drive of {name} did not answer within {seconds:.0f} s; look at what is in it")

    def _there(self) -> MediaBay:
        if self._bay is None:
            raise self._bench.without("virtual drive")
        return self._bay
