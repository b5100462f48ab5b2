"""One fact, published once, from a durable stream; and the audit stream beside it."""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType
from typing import Any, Protocol, cast
from weakref import WeakSet

from bmc.model.caller import Caller, Door, Role
from bmc.model.clock import Clock
from bmc.model.events import Event, EventKind, Severity
from bmc.model.pace import Pace
from bmc.store import Facts, Json, Record, Store, StoreFailed

EVENTS, AUDIT = "events", "audit"
EVENTS_KEPT, AUDIT_KEPT = 100_000, 1_000_000
TRIM_EVERY = 1_000
BATCH = 256
_KINDS_OF_ACTIONS = frozenset({"account", "aggregate", "subscription"})
_FORMER = "former {}"
"""The subject of nodes that are gone and whose name another has: no node's name has a space."""
NAMED_MOST = 256
"""Characters of what was refused that the audit names: whoever asks chooses them."""
NO_DETAILS: Mapping[str, object] = MappingProxyType({})
REFUSED = "Denied"
"""The outcome of what role or scope do not allow."""
PACED_AT_ONCE, PACED_EVERY = 20, 300.0
"""Of what may come without end so many records are written at once, and then one each so many seconds."""
HELD_LOOKED_AT = 30.0
"""Seconds between two looks for what was held back and may be written now."""

log = logging.getLogger(__name__)


class Publish(Protocol):
    """Publishes an event of one node; returns whether it was, and not held back."""

    async def __call__(
        self,
        kind: EventKind,
        message: str,
        severity: Severity = Severity.OK,
        account: str = "",
        details: Mapping[str, object] | None = None,
    ) -> bool: ...


class Events:
    """Publishes events in one order for everybody; a reader is fed from the store, at its own pace."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._readers: WeakSet[Reader | Follower] = WeakSet()
        self._in_maintenance: set[str] = set()

    async def publish(self, event: Event) -> Event:
        """Store the event, then wake the readers; returns it with its sequence, and its time where it had none.

        A caller cancelled meanwhile does not keep a stored event from the readers.

        :raise StoreFailed: it is not stored, and nobody saw it.
        """
        held = event.node in self._in_maintenance and event.kind is not EventKind.RESERVED
        event = replace(event, at=event.at or self._clock.now(), maintenance=held)
        return await asyncio.shield(asyncio.ensure_future(self._publish(event)))

    async def _publish(self, event: Event) -> Event:
        sequence = await self._store.append(EVENTS, event_to_json(event), subject=event.node)
        for reader in list(self._readers):
            reader.wake(sequence)
        await _trim(self._store, EVENTS, sequence, EVENTS_KEPT)
        return replace(event, sequence=sequence)

    def set_maintenance(self, node: str, held: bool) -> None:
        """Whether a person has reserved the node: what is published after the beginning of that alerts nobody."""
        (self._in_maintenance.add if held else self._in_maintenance.discard)(node)

    def subscribe(self, after: int | None = None) -> "Reader":
        """Every event above sequence `after`, then each new one, without end; None: only what comes from now on."""
        reader = Reader(self._store, after)
        self._readers.add(reader)
        return reader

    async def follow(self, name: str) -> "Follower":
        """The place of the reader `name`, which outlives the service; a new reader's is at what comes from now on."""
        after = (await self._store.cursors(EVENTS)).get(name)
        if after is None:
            after = await self._store.last(EVENTS)
            await self._store.ack(EVENTS, name, after)
        follower = Follower(self._store, name, after)
        self._readers.add(follower)
        return follower

    async def followers(self) -> list[str]:
        """The names of all whose place is kept."""
        return list(await self._store.cursors(EVENTS))

    async def forget(self, name: str) -> None:
        """The reader `name` is no more."""
        await self._store.drop_cursor(EVENTS, name)

    async def last(self) -> int:
        """The sequence given last; 0 when there was no event yet."""
        return await self._store.last(EVENTS)

    async def history(
        self,
        node: str | None = None,
        after: int = 0,
        limit: int = 100,
        skip: int = 0,
        without: Sequence[Facts] = (),
    ) -> list[Event]:
        """The last `limit` events above sequence `after`, but for the very last `skip`, of one node or of all; oldest
        first. Those `without` are not counted.
        """
        return _events(await self._store.newest(EVENTS, limit, after, node or "", skip, without=without))

    async def walk(self, node: str | None = None) -> AsyncIterator[Event]:
        """All events that are kept, newest first, of one node or of all."""
        async for record in self._store.walk(EVENTS, node or ""):
            for event in _events([record]):
                yield event

    async def count(self, node: str | None = None) -> int:
        """How many events are kept, of one node or of all."""
        return await self._store.count(EVENTS, node or "")

    async def put_away(self, node: str) -> None:
        """A new node gets this name: what there is of one before it stays in the fleet's stream alone."""
        await self._store.rename_subject(EVENTS, node, _FORMER.format(node))

    async def get(self, sequence: int, node: str | None = None) -> Event | None:
        """The event of this sequence, if it is kept and of this node."""
        found = _events(await _numbered(self._store, EVENTS, sequence, node or ""))
        return found[0] if found else None


class Reader(AsyncIterator[Event]):
    """One reader's place in the stream. A cancelled `anext` loses nothing, so it may be awaited with a time-out.

    A reader slower than the stream's quota misses what was trimmed meanwhile.
    """

    def __init__(self, store: Store, after: int | None) -> None:
        self._store = store
        self._after = after
        self._ready: deque[Event] = deque()
        self._wake = asyncio.Event()
        if after is not None:
            self._wake.set()

    def wake(self, sequence: int) -> None:
        """The event of this sequence has been stored."""
        if self._after is None:
            self._after = sequence - 1
        self._wake.set()

    async def __anext__(self) -> Event:
        while not self._ready:
            await self._wake.wait()
            self._wake.clear()
            try:
                records = await self._store.read(EVENTS, self._after or 0, BATCH)
            except BaseException:
                self._wake.set()
                raise
            self._ready.extend(_events(records))
            if records:
                self._after = records[-1].sequence
                self._wake.set()
        return self._ready.popleft()


@dataclass(frozen=True, slots=True)
class Batch:
    """`events`, of those with the sequences `first` to `last`; before them `missed` were no longer kept."""

    events: list[Event]
    first: int
    last: int
    missed: int


class Follower:
    """A reader's durable `place` in the stream: what is not `done` comes again, also after a crash."""

    def __init__(self, store: Store, name: str, after: int) -> None:
        self._store = store
        self._name = name
        self.place = after
        self._wake = asyncio.Event()

    def wake(self, sequence: int) -> None:
        self._wake.set()

    async def next(self, limit: int = BATCH) -> Batch:
        """What follows the last that is done, at most `limit` events, as soon as there is something."""
        while True:
            self._wake.clear()
            records = await self._store.consume(EVENTS, self._name, limit)
            if records:
                last = records[-1].sequence
                return Batch(_events(records), records[0].sequence, last, last - self.place - len(records))
            await self._wake.wait()

    async def done(self, sequence: int) -> None:
        """Everything up to `sequence` is dealt with."""
        await self._store.ack(EVENTS, self._name, sequence)
        self.place = max(self.place, sequence)


class Target(Enum):
    """What an audit record names: a node's name may be an account's, too. `PATH` is a URI that was refused."""

    NODE = "node"
    ACCOUNT = "account"
    AGGREGATE = "aggregate"
    SUBSCRIPTION = "subscription"
    IMAGE = "image"
    MEDIUM = "medium"
    PATH = "path"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """Who did what to what, by which door, and how it ended. `at` is seconds since the epoch, of its end; it was asked
    for when it `began`.

    `target` is "" where it is the service itself; `token` is the id of the API token that was shown, if any.
    """

    sequence: int
    at: float
    account: str
    role: Role
    door: Door
    address: str
    request_id: str
    job: str
    token: str
    action: str
    kind: Target
    target: str
    outcome: str
    began: float
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class _Series:
    """Records that may come without end: of one account's refusals at a node, or of one action of it there. `last` is
    the last that was held back, with its subject.
    """

    pace: Pace = field(default_factory=lambda: Pace(PACED_AT_ONCE, PACED_EVERY))
    last: tuple[dict[str, Json], str] | None = None


class Audit:
    """Every action, in a stream that only grows, but for its quota; no target's flood pushes out another's.

    Who can repeat an action without end must not push out what else is kept of the node: what exceeds a pace is held
    back. Its last is written once the pace allows it, and tells in `held_back` how many there were before it.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._series: defaultdict[tuple[str, str, str], _Series] = defaultdict(_Series)

    async def tell_held(self) -> None:
        """Write what was held back when its time has come, without end; the service owns this task."""
        while True:
            await self._clock.sleep(HELD_LOOKED_AT)
            for series in list(self._series.values()):
                if series.last is not None and series.pace.open(self._now()):
                    held = series.pace.held
                    series.pace.passes(self._now())
                    await self._write_held(series, held)

    async def close(self) -> None:
        """Write what is still held back."""
        for series in self._series.values():
            await self._write_held(series, series.pace.held)

    async def _write_held(self, series: _Series, held: int) -> None:
        """`held` of it: the last, and how many before."""
        if series.last is None:
            return
        (value, subject), series.last = series.last, None
        try:
            await self._append(value, subject, held - 1)
        except StoreFailed as error:
            log.error("the audit lacks %d records that were held back: %s", held, error)

    def _now(self) -> float:
        return self._clock.monotonic()

    async def record(
        self,
        caller: Caller,
        action: str,
        target: str,
        outcome: str,
        details: Mapping[str, object] = NO_DETAILS,
        kind: Target = Target.NODE,
        began: float | None = None,
        often: bool = False,
    ) -> bool:
        """`target` is a name of its kind, or "" for the service itself; `outcome` is "ok", "done" or why not;
        `details` are JSON values without secrets; it `began` now, if not said otherwise.

        What is done `often`, what a guest does, and what is refused at a node, has a pace; returns whether it is
        written, and not held back.

        :raise StoreFailed:
        """
        kind, action, target = kind if target else Target.SERVICE, action[:NAMED_MOST], target[:NAMED_MOST]
        now, held, refused = self._clock.now(), 0, kind is Target.NODE and outcome == REFUSED
        value: dict[str, Json] = {
            "at": now,
            "began": now if began is None else began,
            "account": caller.account,
            "role": caller.role.value,
            "door": caller.door.value,
            "address": caller.address,
            "request_id": caller.request_id,
            "job": caller.job,
            "token": caller.token,
            "action": action,
            "kind": kind.value,
            "target": target,
            "outcome": outcome,
            "details": cast(Json, dict(details)),
        }
        subject = _subject(kind, target, outcome, caller.account)
        if often or refused or caller.door is Door.HOST:
            series = self._series[caller.account, target, "" if refused else action]
            held = series.pace.held
            if not series.pace.passes(self._now()):
                series.last = value, subject
                return False
            series.last = None
        await self._append(value, subject, held)
        return True

    async def _append(self, value: dict[str, Json], subject: str, held: int) -> None:
        if held:
            value["details"] = {**cast(dict[str, Json], value["details"]), "held_back": held}
        sequence = await self._store.append(AUDIT, value, subject=subject)
        await _trim(self._store, AUDIT, sequence, AUDIT_KEPT)

    async def read(self, after: int = 0, limit: int = 100) -> list[AuditRecord]:
        """The first `limit` records above sequence `after`, oldest first."""
        return [_audit_record(record) for record in await self._store.read(AUDIT, after, limit)]

    async def get(self, sequence: int, node: str = "") -> AuditRecord | None:
        """The record of this sequence, if it is kept and about this node."""
        records = [_audit_record(each) for each in await _numbered(self._store, AUDIT, sequence, node)]
        return next((record for record in records if not node or record.kind is Target.NODE), None)

    async def newest(
        self, limit: int = 100, node: str = "", skip: int = 0, without: Sequence[Facts] = ()
    ) -> list[AuditRecord]:
        """The last `limit` records, but for the very last `skip`, about one node or all; oldest first. Those `without`
        are not counted.
        """
        found = await self._store.newest(AUDIT, limit, subject=node, skip=skip, without=without)
        records = [_audit_record(each) for each in found]
        return [record for record in records if not node or record.kind is Target.NODE]

    async def walk(self, node: str = "") -> AsyncIterator[AuditRecord]:
        """All records that are kept, newest first, about one node or all."""
        async for stored in self._store.walk(AUDIT, node):
            record = _audit_record(stored)
            if not node or record.kind is Target.NODE:
                yield record

    async def put_away(self, node: str) -> None:
        """A new node gets this name: what was done to one before it stays in the whole audit alone."""
        for key in [key for key in self._series if key[1] == node]:
            series = self._series.pop(key)
            await self._write_held(series, series.pace.held)
        await self._store.rename_subject(AUDIT, node, _FORMER.format(node))

    async def count(self, node: str = "") -> int:
        """How many records are kept, about one node or all."""
        return await self._store.count(AUDIT, node)


async def _numbered(store: Store, stream: str, sequence: int, node: str) -> list[Record]:
    """By what the store selects by: of a former node nothing is of one that has its name."""
    return await store.newest(stream, 1, sequence - 1, node, before=sequence + 1)


async def _trim(store: Store, stream: str, sequence: int, keep: int) -> None:
    if sequence % max(TRIM_EVERY, keep // 100):
        return
    try:
        await store.trim(stream, keep)
    except StoreFailed:  # what was to be stored is stored; the next round trims
        log.warning("could not trim the stream %s", stream, exc_info=True)


def event_to_json(event: Event) -> dict[str, Json]:
    """All but its sequence."""
    return {
        "kind": event.kind.value,
        "message": event.message,
        "at": event.at,
        "node": event.node,
        "severity": event.severity.value,
        "account": event.account,
        "details": cast(Json, dict(event.details)),
        "maintenance": event.maintenance,
        **({"nodes": event.nodes} if event.nodes else {}),
    }


def _events(records: list[Record]) -> list[Event]:
    """Without those that only a later version can read, which may have run on this store before."""
    found = []
    for record in records:
        try:
            found.append(event_from_json(record.value, record.sequence))
        except (KeyError, TypeError, ValueError) as error:
            log.debug("event %d cannot be read: %r", record.sequence, error)
    return found


def event_from_json(value: Mapping[str, Any], sequence: int) -> Event:
    known = {**value, "kind": EventKind(value["kind"]), "severity": Severity(value["severity"])}
    known["nodes"] = tuple(value.get("nodes", ()))
    return Event(**known, sequence=sequence)


def _subject(kind: Target, target: str, outcome: str, account: str) -> str:
    """What the store selects by and shares the quota by: no node's name has a space. What was refused may have any
    name, so it counts for who asked: with a share for each, one account could push out all else.
    """
    if kind is not Target.NODE and outcome not in ("ok", "done"):
        return f"refused {account}"
    name = target.encode(errors="replace").decode()
    return name if kind is Target.NODE else f"{kind.value} {name}"


def _audit_record(record: Record) -> AuditRecord:
    """One of an earlier version says less."""
    value: dict[str, Any] = {
        "kind": _told_by_action(record.value),
        "began": record.value["at"],
        "token": "",
        **record.value,
    }
    typed = {"role": Role(value["role"]), "door": Door(value["door"]), "kind": Target(value["kind"])}
    return AuditRecord(**(value | typed), sequence=record.sequence)


def _told_by_action(value: Mapping[str, Any]) -> str:
    """The kind of target of a record that was stored before they had one."""
    if not value["target"]:
        return "service"
    if value["target"].startswith("/"):
        return "path"
    if value["action"] in ("sign-in", "sign-out"):
        return "account"
    kind = value["action"].rpartition("-")[2]
    return "subscription" if kind.endswith("subscribe") else kind if kind in _KINDS_OF_ACTIONS else "node"
