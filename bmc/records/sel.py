"""The SEL of one node: durable, fed by the node's events, its clock its own. Knows no door."""

import asyncio
from dataclasses import replace
from typing import Any

from bmc.events import EVENTS, Events
from bmc.model.clock import Clock
from bmc.model.errors import InvalidRequest, NotFound, Refused
from bmc.model.events import Event, Severity
from bmc.model.sel import PLAIN_OEM, SYSTEM_EVENT, TIMESTAMPED_OEM, Sel, SelEntry
from bmc.records.sel_events import system_event
from bmc.store import Entry, Json, Store

STATE = "sel-state"
LAST_ID = 0xFFFE
UNSPECIFIED = 0x07FF
CATCH_UP = 10_000


class SelKeeper:
    """`sel` is the log as it is stored; every change has returned only when it is on the disk.

    A record is one write, and tells by itself what it changes of the log's state. What removes records stores that
    state first: whatever ends the service, or fills its disk, in between, what was refused has not been done.
    """

    def __init__(self, store: Store, node: str, clock: Clock, sel: Sel, last_id: int, seen: int) -> None:
        self.sel = sel
        self._store = store
        self._node = node
        self._clock = clock
        self._last_id = last_id
        self._seen = seen
        self._changing = asyncio.Lock()

    @classmethod
    async def open(cls, store: Store, node: str, clock: Clock) -> "SelKeeper":
        """A node without a SEL gets one that begins now: events of a namesake before it are not its own."""
        found = await store.get(STATE, node)
        if found is None:
            keeper = cls(store, node, clock, Sel(), 0, await store.last(EVENTS))
            await keeper._save()
            return keeper
        stored = sorted(await store.list(_bucket(node)), key=lambda entry: entry.revision)
        value = found.value
        last_id, added = value["last_id"], value["added"]
        if stored and stored[-1].revision > found.revision:
            last_id, added = int(stored[-1].key), stored[-1].value["added"]
        seen = max([value["seen"], *(entry.value["event"] for entry in stored)])
        sel = Sel(
            tuple(map(_entry, stored)),
            value["overflow"],
            added,
            value["erased"],
            value["offset"],
            value["utc_offset"],
            frozenset(value.get("resolved", ())),
        )
        return cls(store, node, clock, sel, last_id, seen)

    async def catch_up(self, events: Events) -> None:
        """Record what was published about the node since the last time, each once; a SEL that is full drops it."""
        async with self._changing:
            for event in await events.history(self._node, after=self._seen, limit=CATCH_UP):
                await self._note(event)

    async def note(self, event: Event) -> None:
        """Record what comes too often to be published; a SEL that is full drops it."""
        async with self._changing:
            await self._note(replace(event, sequence=self._seen))

    async def _note(self, event: Event) -> None:
        told = system_event(event)
        if told is None:
            self._seen = event.sequence
        elif self.sel.free:
            await self._add(SYSTEM_EVENT, told.pack(), event.at, event, event.maintenance)
        else:
            self._seen = event.sequence
            await self._change(overflow=True)

    async def add(self, record_type: int, data: bytes, maintenance: bool = False) -> int:
        """A record from outside; returns its id. :raise InvalidRequest: its form. :raise Refused: the SEL is full."""
        plain = record_type in PLAIN_OEM
        if not plain and record_type != SYSTEM_EVENT and record_type not in TIMESTAMPED_OEM:
            raise InvalidRequest(f"SEL record type is {record_type:02X}h; expected 02h, or C0h to FFh")
        if len(data) != (13 if plain else 9):
            raise InvalidRequest(f"SEL record has {len(data)} bytes of data; expected {13 if plain else 9}")
        async with self._changing:
            if not self.sel.free:
                await self._change(overflow=True)
                raise Refused(f"the SEL of {self._node} is full; save it and clear it")
            return await self._add(record_type, data, self._clock.now(), maintenance=maintenance)

    async def delete(self, id: int) -> None:
        """:raise NotFound: no such record."""
        async with self._changing:
            left = tuple(entry for entry in self.sel.entries if entry.id != id)
            if len(left) == len(self.sel.entries):
                raise NotFound(f"the SEL of {self._node} has no record {id:04X}h")
            await self._change(erased=self.now(), resolved=self.sel.resolved - {id})
            await self._store.delete(_bucket(self._node), str(id))
            self.sel = replace(self.sel, entries=left)

    async def resolve(self, id: int, resolved: bool) -> bool:
        """Whether that changed anything; the record stays as it is. :raise NotFound: no such record."""
        async with self._changing:
            if all(entry.id != id for entry in self.sel.entries):
                raise NotFound(f"the SEL of {self._node} has no record {id:04X}h")
            before = self.sel.resolved
            after = before | {id} if resolved else before - {id}
            if after != before:
                await self._change(resolved=after)
            return after != before

    async def clear(self) -> None:
        async with self._changing:
            self._last_id = 0
            await self._change(erased=self.now(), overflow=False, resolved=frozenset())
            await self._store.clear(_bucket(self._node))
            self.sel = replace(self.sel, entries=())

    async def set_clock(self, time: int | None, utc_offset: int | None) -> None:
        """:raise InvalidRequest: no time, or no offset, that there is."""
        fields: dict[str, object] = {}
        if time is not None:
            if not 0 <= time <= 0xFFFFFFFF:
                raise InvalidRequest(f"SEL time is {time}; expected seconds since 1970 that fit into 32 bits")
            fields["offset"] = time - int(self._clock.now())
        if utc_offset is not None:
            if utc_offset != UNSPECIFIED and not -1440 <= utc_offset <= 1440:
                raise InvalidRequest(f"UTC offset is {utc_offset} minutes; expected -1440 to 1440")
            fields["utc_offset"] = None if utc_offset == UNSPECIFIED else utc_offset
        async with self._changing:
            await self._change(**fields)

    def now(self) -> int:
        """What the SEL's clock shows."""
        return int(self._clock.now()) + self.sel.offset

    async def forget(self) -> None:
        """The node was removed."""
        await self._store.clear(_bucket(self._node))
        await self._store.delete(STATE, self._node)

    async def _add(
        self, record_type: int, data: bytes, at: float, event: Event | None = None, maintenance: bool = False
    ) -> int:
        id, added = self._free_id(), self.now()
        stamp = None if record_type in PLAIN_OEM else int(at) + self.sel.offset
        message, severity, sequence = (event.message, event.severity, event.sequence) if event else ("", None, 0)
        entry = SelEntry(id, record_type, stamp, data, at, message, severity, maintenance)
        value: dict[str, Json] = {
            "type": record_type,
            "stamp": stamp,
            "data": data.hex(),
            "at": at,
            "message": message,
            "severity": severity.value if severity else None,
            "event": sequence,
            "added": added,
            "maintenance": maintenance,
        }
        await self._store.put(_bucket(self._node), str(id), value)
        self._last_id, self._seen = id, max(self._seen, sequence)
        self.sel = replace(self.sel, entries=(*self.sel.entries, entry), added=added)
        return id

    def _free_id(self) -> int:
        """The next after the last, which the wire can count to FFFEh; none that is still in use."""
        used = {entry.id for entry in self.sel.entries}
        id = self._last_id
        while (id := id % LAST_ID + 1) in used:
            pass
        return id

    async def _change(self, **fields: Any) -> None:
        before, self.sel = self.sel, replace(self.sel, **fields)
        try:
            await self._save()
        except BaseException:
            self.sel = before
            raise

    async def _save(self) -> None:
        sel = self.sel
        value: dict[str, Json] = {
            "overflow": sel.overflow,
            "added": sel.added,
            "erased": sel.erased,
            "offset": sel.offset,
            "utc_offset": sel.utc_offset,
            "resolved": sorted(sel.resolved),
            "last_id": self._last_id,
            "seen": self._seen,
        }
        await self._store.put(STATE, self._node, value)


def _bucket(node: str) -> str:
    return f"sel/{node}"


def _entry(entry: Entry) -> SelEntry:
    value = entry.value
    data = bytes.fromhex(value["data"])
    severity = Severity(value["severity"]) if value.get("severity") else None
    return SelEntry(
        int(entry.key),
        value["type"],
        value["stamp"],
        data,
        value["at"],
        value["message"],
        severity,
        value.get("maintenance", False),
    )
