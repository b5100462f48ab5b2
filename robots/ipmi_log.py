"""The System Event Log of a vendor BMC: what is new in it, each once, in words. Nothing in it is ever deleted."""

import logging
from collections.abc import AsyncIterator

from pyghmi.constants import Health
from pyghmi.ipmi.private import constants

from bmc.ipmi.wire.errors import WireError
from bmc.ipmi.wire.numbers import Code, NetFn
from bmc.ipmi.wire.sel import FIRST, LAST, RECORD, GetRecord, Record, SelInfo, unpack_entry, unpack_time
from bmc.model.clock import Clock
from bmc.model.errors import BackendFailed, BmcError, Unreachable
from bmc.model.events import Severity
from bmc.model.platform_event import PlatformEvent
from bmc.model.sel import SYSTEM_EVENT, SystemEvent
from robots.ipmi_link import Declined, Link
from robots.ipmi_survey import IpmiSurvey
from robots.kept import KeptFile

SEL_INFO, GET_ENTRY, GET_TIME = 0x40, 0x43, 0x48
REMEMBERED = 16
"""How many of the last records are remembered: as many may be deleted one by one, and we still know where we were."""
MOST_RECORDS = 0xFFFF

SINCE_START = 0x20000000
"""Stamps below count from when the BMC was initialised, IPMI v2.0 §37.1, and no stamp is beyond the last of them."""
CLOCKS_AGREE = 5.0
"""Seconds by which the BMC's clock may differ from ours and is still right; many of them run on local time."""

THRESHOLD, SPECIFIC = 0x01, 0x6F
"""Event/reading types, §42.1."""

SEVERITY = {Health.Ok: Severity.OK, Health.Warning: Severity.WARNING}

log = logging.getLogger(__name__)


class IpmiLog:
    """EventLogSource. An entry that was being told when the service died is told again."""

    def __init__(self, link: Link, clock: Clock, poll: float, survey: IpmiSurvey, file: KeptFile) -> None:
        self._link = link
        self._clock = clock
        self._poll = poll
        self._survey = survey
        self._file = file
        self._seen = self._load()
        self._state: SelInfo | None = None
        self._complained = ""

    async def entries(self) -> AsyncIterator[PlatformEvent]:
        self._survey.want()
        while True:
            try:
                records, info, ahead = await self._news()
                self._complained = ""
            except Unreachable:
                records = []
            except (BmcError, WireError) as error:
                records = []
                if str(error) != self._complained:
                    self._complained = str(error)
                    log.warning("the event log of %s cannot be read: %s", self._link.where, error)
            else:
                for record in records:
                    yield self._event(record, ahead)
                    self._remember([*(self._seen or []), record.pack()])
                self._state = info
            await self._clock.sleep(self._poll)

    async def _news(self) -> tuple[list[Record], SelInfo, float]:
        """The new records, in order, the state of the log before they were read, and how far its clock is ahead."""
        info = SelInfo.unpack(await self._link.ask(NetFn.STORAGE, SEL_INFO, in_passing=True))
        if info == self._state:
            return [], info, 0.0
        if self._seen is None:
            self._remember([record.pack()] if info.entries and (record := await self._record(LAST)) else [])
            return [], info, 0.0
        records = await self._after(self._seen) if info.entries else []
        return records, info, await self._ahead() if records else 0.0

    async def _after(self, seen: list[bytes]) -> list[Record]:
        """What follows the last of `seen` that is still there; everything, if none is: the log was cleared."""
        at = FIRST
        for known in reversed(seen):
            found, following = await self._entry(int.from_bytes(known[:2], "little"))
            if found is not None and found.pack() == known:
                if following == LAST:
                    return []
                at = following
                break
        records = list[Record]()
        while len(records) < MOST_RECORDS:
            record, following = await self._entry(at)
            if record is not None:
                records.append(record)
            if record is None or following == LAST:
                return records
            at = following
        raise BackendFailed(f"the event log of {self._link.where} has no end")

    async def _record(self, id: int) -> Record | None:
        return (await self._entry(id))[0]

    async def _entry(self, id: int) -> tuple[Record | None, int]:
        """The record, if there is one, and the id of the next."""
        try:
            answer = await self._link.ask(NetFn.STORAGE, GET_ENTRY, GetRecord(0, id).pack(), in_passing=True)
        except Declined as error:
            if error.code in (Code.NOT_PRESENT, Code.OUT_OF_RANGE, Code.INVALID_FIELD):
                return None, LAST
            raise
        following, data = unpack_entry(answer)
        return Record.unpack(data[:RECORD]), following

    async def _ahead(self) -> float:
        """Seconds; 0 where its clock is right, or cannot be read."""
        try:
            ahead = unpack_time(await self._link.ask(NetFn.STORAGE, GET_TIME, in_passing=True)) - self._clock.now()
        except (Declined, WireError):
            return 0.0
        return ahead if abs(ahead) > CLOCKS_AGREE else 0.0

    def _event(self, record: Record, ahead: float) -> PlatformEvent:
        dated = record.stamp is not None and SINCE_START <= record.stamp < 0xFFFFFFFF
        at = record.stamp - ahead if record.stamp is not None and dated else None
        if record.type != SYSTEM_EVENT:
            return PlatformEvent(f"record of type {record.type:02X}h: {record.data.hex()}", at=at)
        event = SystemEvent.unpack(record.data)
        words, severity = self._words(event)
        return PlatformEvent(words, severity, at, event)

    def _words(self, event: SystemEvent) -> tuple[str, Severity]:
        owner = event.generator & 0xFF
        kind = constants.sensor_type_codes.get(event.sensor_type, f"sensor type {event.sensor_type:02X}h")
        name = self._survey.name_of(owner, event.sensor) or f"{kind} {event.sensor:02X}h"
        offset = event.data[0] & 0x0F
        if event.event_type == SPECIFIC:
            meanings = constants.sensor_type_offsets.get(event.sensor_type, {})
        else:
            meanings = constants.generic_type_offsets.get(event.event_type, {})
        before = "" if event.asserted else "deassertion_"
        meaning = meanings.get(offset, {})
        words = meaning.get(f"{before}desc")
        if words is None:
            words = f"event {event.event_type:02X}h/{offset:X}h{'' if event.asserted else ' is over'}"
        severity = SEVERITY.get(meaning.get(f"{before}severity", Health.Warning), Severity.CRITICAL)
        return f"{name}: {words}{self._figures(event, owner)}", severity

    def _figures(self, event: SystemEvent, owner: int) -> str:
        """The reading and the threshold, where the event has both, §29.7."""
        sensor = self._survey.measuring(owner, event.sensor)
        if event.event_type != THRESHOLD or event.data[0] & 0xF0 != 0x50 or sensor is None:
            return ""
        try:
            return f" (reads {sensor.figure(event.data[1]):g}, threshold {sensor.figure(event.data[2]):g})"
        except ValueError:
            return ""

    def _remember(self, records: list[bytes]) -> None:
        self._seen = records[-REMEMBERED:]
        self._file.save([record.hex() for record in self._seen])

    def _load(self) -> list[bytes] | None:
        kept = self._file.load()
        try:
            return None if kept is None else [bytes.fromhex(record) for record in kept]
        except (TypeError, ValueError) as error:
            self._file.damaged(error)
            return None
