"""Virtual drives by Redfish: the BMC is told a URL of ours, and what it fetches there is the medium."""

import asyncio
import logging
from dataclasses import asdict, dataclass
from pathlib import Path

from bmc.model.clock import Clock
from bmc.model.errors import BackendFailed, NotFound
from bmc.model.node import MediaSlot
from robots.kept import KeptFile
from robots.redfish_link import Json
from robots.redfish_media_server import MediaServer
from robots.redfish_model import Model, Slot
from robots.redfish_resources import text

INSERTED_WITHIN, FETCHED_WITHIN = 60.0, 15.0
LOOK_EVERY = 0.5
REQUIRED = {"TransferProtocolType": "HTTP", "TransferMethod": "Stream"}
"""Parameters that some BMCs do not do without, and others do not know: given to one that says that they are missing."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Inserted:
    """What we put into a drive: the operator's name of it, the host file, and the token under which it is served."""

    image: str
    path: str
    token: str


class RedfishMedia:
    """MediaBay. What somebody else put in is shown too, as of the last look."""

    def __init__(self, model: Model, server: MediaServer, clock: Clock, file: KeptFile) -> None:
        self._model = model
        self._server = server
        self._clock = clock
        self._file = file
        self._ours = _load(file)
        self._others: dict[str, str] = {}
        self._changing = asyncio.Lock()

    async def slots_known(self) -> None:
        await self._model.whole.wait()

    def slots(self) -> tuple[MediaSlot, ...]:
        known = self._model.learned.slots if self._model.learned else ()
        return tuple(MediaSlot(slot.id, self._image(slot.id), ours=slot.id in self._ours) for slot in known)

    async def resume(self) -> None:
        """Serve again what was inserted before a restart of the service."""
        for inserted in self._ours.values():
            try:
                await self._server.publish(Path(inserted.path), inserted.token)
            except BackendFailed as error:
                log.error("%s cannot read %s any more, which is in its drive: %s", self._where, inserted.image, error)

    async def insert(self, slot: str, path: str, image: str) -> None:
        drive = self._drive(slot)
        async with self._changing:
            await self._empty(drive)
            token = await self._server.publish(Path(path))
            self._remember(slot, Inserted(image, path, token))
            try:
                await self._give(drive, self._server.url_of(token))
                await self._until_fetched(drive, token)
            except BaseException:
                self._remember(slot, None)
                raise

    async def eject(self, slot: str) -> None:
        drive = self._drive(slot)
        async with self._changing:
            await self._empty(drive)

    async def look(self) -> None:
        """See what is in the drives now. :raise Unreachable:"""
        for drive in self._model.learned.slots if self._model.learned else ():
            async with self._changing:
                body = await self._model.link.find(drive.path)
                ours = self._ours.get(drive.id)
                if not body:
                    continue
                if not _inserted(body):
                    self._others.pop(drive.id, None)
                    if ours is not None:
                        log.warning("%s has lost %s from its drive %s", self._where, ours.image, drive.id)
                        self._remember(drive.id, None)
                elif ours is None:
                    self._others[drive.id] = text(body, "ImageName") or text(body, "Image") or "unknown"

    def close(self) -> None:
        """Serve nothing any more; the drives keep what they have."""
        for inserted in self._ours.values():
            self._server.withdraw(inserted.token)

    @property
    def _where(self) -> str:
        return self._model.link.where

    def _image(self, slot: str) -> str:
        ours = self._ours.get(slot)
        return ours.image if ours is not None else self._others.get(slot, "")

    def _drive(self, id: str) -> Slot:
        there = self._model.learned.slots if self._model.learned else ()
        for slot in there:
            if slot.id == id:
                return slot
        raise NotFound(f"no drive {id}; there is {', '.join(slot.id for slot in there) or 'none'}")

    async def _empty(self, drive: Slot) -> None:
        if _inserted((await self._model.link.get(drive.path)).body):
            if drive.eject:
                await self._model.link.act(drive.eject, {})
            else:
                await self._model.link.patch(drive.path, {"Image": None, "Inserted": False})
            await self._until(drive, False)
        self._others.pop(drive.id, None)
        self._remember(drive.id, None)

    async def _give(self, drive: Slot, url: str) -> None:
        if not drive.insert:
            await self._model.link.patch(drive.path, {"Image": url, "Inserted": True, "WriteProtected": True})
            return
        body = {"Image": url}
        for _ in REQUIRED:
            try:
                await self._model.link.act(drive.insert, body)
                return
            except BackendFailed as error:
                missing = {name: value for name, value in REQUIRED.items() if name in str(error) and name not in body}
                if not missing:
                    raise
                body |= missing
        await self._model.link.act(drive.insert, body)

    async def _until_fetched(self, drive: Slot, token: str) -> None:
        """A BMC may say that it has a medium which it cannot reach."""
        await self._until(drive, True)
        try:
            async with asyncio.timeout(FETCHED_WITHIN):
                await self._server.fetched(token)
        except TimeoutError:
            await self._empty(drive)
            raise BackendFailed(
                f"{self._where} has not fetched its medium from {self._server.url}: can it reach that address, which "
                "the option serve_from gives?"
            ) from None

    async def _until(self, drive: Slot, inserted: bool) -> None:
        end = self._clock.monotonic() + INSERTED_WITHIN
        while _inserted((await self._model.link.get(drive.path)).body) is not inserted:
            if self._clock.monotonic() >= end:
                what = "inserted" if inserted else "ejected"
                raise BackendFailed(f"{self._where} has not {what} the medium of its drive {drive.id}")
            await self._clock.sleep(LOOK_EVERY)

    def _remember(self, slot: str, inserted: Inserted | None) -> None:
        if (before := self._ours.pop(slot, None)) is not None:
            self._server.withdraw(before.token)
        if inserted is not None:
            self._ours[slot] = inserted
        self._file.save({id: asdict(each) for id, each in self._ours.items()})


def _inserted(body: Json) -> bool:
    """Not every BMC says so; what has an image has a medium."""
    told = body.get("Inserted")
    return told if isinstance(told, bool) else bool(text(body, "Image"))


def _load(file: KeptFile) -> dict[str, Inserted]:
    try:
        return {slot: Inserted(**each) for slot, each in (file.load() or {}).items()}
    except (AttributeError, TypeError) as error:
        file.damaged(error)
        return {}
