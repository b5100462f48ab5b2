"""The log that a BMC keeps of its machine, and the stream of events that tells when to look at it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from bmc.model.clock import Clock, within
from bmc.model.errors import BmcError
from bmc.model.events import Severity
from bmc.model.platform_event import PlatformEvent
from robots.kept import KeptFile
from robots.redfish_link import Json
from robots.redfish_model import Model
from robots.redfish_resources import rows, text

LOOK_EVERY = 60.0
PAGES = 100
REMEMBERED = 8192
SEVERITIES = {severity.value: severity for severity in Severity}
RECONNECT_AFTER, LONGEST_PAUSE = 2.0, 120.0

log = logging.getLogger(__name__)


class RedfishLog:
    """EventLogSource: polled, and looked at at once after a `hint`.

    An entry is known by its Id and its time: after a log was cleared, Ids begin anew.
    """

    def __init__(self, model: Model, clock: Clock, file: KeptFile, every: float = LOOK_EVERY) -> None:
        self._model = model
        self._clock = clock
        self._file = file
        self._every = every
        known = file.load()
        self._known: dict[str, None] | None = dict.fromkeys(map(str, known)) if isinstance(known, list) else None
        self._hinted = asyncio.Event()

    def hint(self) -> None:
        """Something happened at the BMC: look at once."""
        self._hinted.set()

    async def entries(self) -> AsyncIterator[PlatformEvent]:
        while True:
            try:
                entries = await self._new()
            except BmcError as error:
                log.debug("the log of %s: %s", self._model.link.where, error)
                entries = []
            for entry in entries:
                yield _event(entry)
                self._remember([entry])
            self._hinted.clear()
            await within(self._clock, self._every, self._hinted.wait())

    async def _new(self) -> list[Json]:
        """Oldest first; nothing at the very first look. :raise BmcError:"""
        known = await self._model.need()
        if not known.log:
            return []
        found = await self._read(known.log)
        if self._known is None:
            self._known = {}
            self._remember(found)
            return []
        return [entry for entry in found if _mark(entry) not in (self._known or {})]

    async def _read(self, path: str) -> list[Json]:
        """All entries, or the newest down to one that is known, where the newest come first."""
        found: list[Json] = []
        for _ in range(PAGES):
            body = (await self._model.link.get(path)).body
            page = [entry for each in rows(body, "Members") if (entry := await self._whole(each))]
            found += page
            path = str(body.get("Members@odata.nextLink") or "")
            newest_first = len(found) > 1 and _at(found[0]) > _at(found[-1])
            if not path or (newest_first and any(_mark(entry) in (self._known or {}) for entry in page)):
                break
        return sorted(found, key=_order)

    async def _whole(self, entry: Json) -> Json:
        """Some collections hold links alone."""
        if "Created" in entry or "Message" in entry or "Id" in entry:
            return entry
        return await self._model.link.find(str(entry.get("@odata.id") or ""))

    def _remember(self, entries: list[Json]) -> None:
        known = self._known if self._known is not None else {}
        known |= dict.fromkeys(map(_mark, entries))
        self._known = dict.fromkeys(list(known)[-REMEMBERED:])
        self._file.save(list(self._known))


async def follow_events(model: Model, clock: Clock, hint: Callable[[], None]) -> None:
    """Call `hint` at each event that the BMC sends, for as long as nobody ends it; what it says is looked up."""
    pause = RECONNECT_AFTER
    while True:
        known = model.learned
        if known is not None and known.stream:
            try:
                async with model.link.stream(known.stream) as lines:
                    pause = RECONNECT_AFTER
                    hint()  # whatever was told while nobody listened
                    while line := await lines.readline():
                        if line.startswith(b"data:"):
                            hint()
            except (BmcError, ValueError) as error:
                log.debug("events of %s: %s", model.link.where, error)
        await clock.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def _event(entry: Json) -> PlatformEvent:
    severity = SEVERITIES.get(text(entry, "Severity") or text(entry, "MessageSeverity"), Severity.WARNING)
    message = text(entry, "Message") or text(entry, "Name") or text(entry, "MessageId") or "an entry without words"
    return PlatformEvent(message, severity, _at(entry) or None)


def _at(entry: Json) -> float:
    """When it happened; 0: its log does not say."""
    for name in ("EventTimestamp", "Created"):
        try:
            return max(datetime.fromisoformat(text(entry, name)).timestamp(), 0.0)
        except ValueError:
            continue
    return 0.0


def _mark(entry: Json) -> str:
    return f"{entry.get('Id') or entry.get('@odata.id')}|{text(entry, 'Created')}"


def _order(entry: Json) -> tuple[float, int]:
    id = str(entry.get("Id") or "")
    return _at(entry), int(id) if id.isascii() and id.isdigit() else 0
