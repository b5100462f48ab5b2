"""The fleet: nodes by name; they come, change and go while the service runs."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol
from uuid import UUID

from bmc.accounts import decide
from bmc.console.serial_log import SerialLog
from bmc.events import NO_DETAILS, Audit, Events
from bmc.model.caller import Caller, Role
from bmc.model.clock import Clock
from bmc.model.errors import BmcError, Busy, Denied, InvalidRequest, NotFound, WrongState
from bmc.model.events import Event, EventKind, Severity
from bmc.model.node import Endpoint, NodeDefinition
from bmc.model.power import PowerState
from bmc.node import Node
from bmc.node.drives import Media
from bmc.node.power import PATIENCE, Patience
from bmc.node.state import StateKeeper
from bmc.node.unopened import Unopened
from bmc.ports import Backend
from bmc.records.fru import FruKeeper
from bmc.records.sel import SelKeeper
from bmc.store import Json, Store, StoreFailed

log = logging.getLogger(__name__)

BUCKET = "nodes"
HARDWARE = "hardware"
"""The driver whose nodes are composed of wires that others may hang on."""
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
NAME_RULE = "must be a host name: 1 to 63 lower-case letters, digits and inner hyphens"

Added = Callable[[Node, NodeDefinition], Awaitable[Endpoint | None]]
"""A door learns of a node and says where it opened for it."""
Removed = Callable[[str], Awaitable[None]]
Stored = Callable[[Sequence[NodeDefinition]], None]
Retagged = Callable[[str, frozenset[str]], Awaitable[None]]


class Drivers(Protocol):
    """What the fleet must know of backends."""

    def complete(self, definition: NodeDefinition) -> NodeDefinition:
        """Checks a definition's options and fills in what is decided once. :raise InvalidRequest: every problem."""

    async def open(self, definition: NodeDefinition) -> Backend:
        """:raise BmcError: it cannot be opened here; with the remedy."""

    def schemas(self) -> list[Mapping[str, Any]]:
        """The JSON schema of each driver's options."""


@dataclass(slots=True)
class _Member:
    node: Node
    backend: Backend
    definition: NodeDefinition
    unopened: bool


class Fleet:
    """Owns every node from `start` to `close`; one lock guards who is in it.

    `serial_log` tells where what a node's console prints is kept.
    """

    def __init__(
        self,
        store: Store,
        events: Events,
        audit: Audit,
        clock: Clock,
        drivers: Drivers,
        media: Media,
        patience: Patience = PATIENCE,
        serial_log: Callable[[str], SerialLog | None] = lambda _: None,
    ) -> None:
        self._store = store
        self._events = events
        self._audit = audit
        self._clock = clock
        self._drivers = drivers
        self._media = media
        self._patience = patience
        self._serial_log = serial_log
        self._members: dict[str, _Member] = {}
        self._opening: dict[str, NodeDefinition] = {}
        self._tags: dict[str, frozenset[str]] = {}
        self._began: dict[str, int] = {}
        self._lock = asyncio.Lock()
        self._news = events.subscribe()
        self._due: asyncio.Queue[str] = asyncio.Queue()
        self._stored: list[Stored] = []
        self._added: list[Added] = []
        self._removed: list[Removed] = []
        self._forgotten: list[Removed] = []
        self._retagged: list[Retagged] = []

    def on_start(self, stored: Stored) -> None:
        """Tell of every stored node before the first is opened; called before `start`."""
        self._stored.append(stored)

    def on_change(self, added: Added, removed: Removed) -> None:
        """Tell a door of every node that comes and goes; called before `start`."""
        self._added.append(added)
        self._removed.append(removed)

    def on_forget(self, forgotten: Removed) -> None:
        """Tell of a node removed for good, to drop what is kept for it elsewhere; called before `start`."""
        self._forgotten.append(forgotten)

    def on_retag(self, retagged: Retagged) -> None:
        """Tell of a node's new tags, before who changed them is answered; called before `start`."""
        self._retagged.append(retagged)

    async def start(self) -> None:
        """Adopt every stored node. One that cannot be opened is shown as that, and said loudly; the others run.

        :raise StoreFailed: what is stored cannot be read.
        """
        stored = []
        for entry in await self._store.list(BUCKET):
            try:
                stored.append(_from_json(entry.key, entry.value))
            except (KeyError, TypeError, ValueError) as error:
                log.error("the stored definition of %s cannot be read, it is left out: %r", entry.key, error)
                await self._tell_fault(entry.key, f"the stored definition of {entry.key} cannot be read: {error!r}")
        for tell in self._stored:
            tell(stored)
        await asyncio.gather(*map(self._adopt, stored))

    async def record(self) -> None:
        """Give each node what is published about it, without end; the service owns this task."""
        async for event in self._news:
            member = self._members.get(event.node)
            if member is None:
                continue
            try:
                await member.node.record()
            except StoreFailed as error:  # it is in the event log, and the next event takes it along
                log.warning("%s: event %d is not in the SEL yet: %s", event.node, event.sequence, error)

    async def restore_power(self) -> None:
        """Carry out the restore policies that a loss of power made due, a node at a time and some time apart, without
        end; the service owns this task. A restart of the service alone makes none due.
        """
        while True:
            member = self._members.get(await self._due.get())
            if member is None:
                continue
            try:
                await member.node.restore_power()
            except StoreFailed as error:  # still due at the next start
                log.error("%s: its restore policy is not carried out: %s", member.definition.name, error)
            except Exception:
                log.exception("%s: its restore policy is not carried out", member.definition.name)
            await self._clock.sleep(self._patience.stagger)

    async def _adopt(self, definition: NodeDefinition) -> None:
        try:
            await self._open(definition)
        except Exception as error:
            what = error if isinstance(error, BmcError) else repr(error)
            why = f"could not be opened: {what}; mend that, then run `bmc node change {definition.name}`"
            log.error("%s %s", definition.name, why, exc_info=None if isinstance(error, BmcError) else error)
            await self._tell_fault(definition.name, f"{definition.name} {why}")
            try:
                await self._open(definition, Unopened(why, self._clock).backend())
            except Exception:
                log.exception("%s is left out", definition.name)

    async def close(self) -> None:
        """Let go of every node without touching it."""
        await asyncio.gather(*(member.node.close() for member in self._members.values()))
        self._members.clear()

    def options_schemas(self) -> list[Mapping[str, Any]]:
        """The JSON schema of each driver's options."""
        return self._drivers.schemas()

    def visible(self, caller: Caller) -> list[Node]:
        """The nodes in the caller's scope, by name."""
        members = sorted(self._members.items())
        return [m.node for name, m in members if caller.scope.covers(name, m.definition.tags)]

    def node(self, name: str) -> Node:
        """:raise NotFound: no such node."""
        return self._member(name).node

    def tags(self, name: str) -> frozenset[str]:
        """Those that the node had last, for what is said of it while it is opened anew, or after it is gone."""
        return self._tags.get(name, frozenset())

    def began(self, name: str) -> int:
        """The sequence of the last event before there was the node that has, or had last, this name."""
        return self._began.get(name, 0)

    def believed(self, name: str) -> PowerState:
        """The power state that is believed of a node; UNKNOWN where there is none of that name."""
        member = self._members.get(name)
        return member.node.snapshot.power if member else PowerState.UNKNOWN

    def word_of(self, name: str) -> PowerState | None:
        """What a person has confirmed of a node whose senses cannot tell."""
        member = self._members.get(name)
        return member.node.confirmed if member else None

    def inserted(self) -> set[str]:
        """What the virtual drives of all nodes show."""
        slots = (slot for member in self._members.values() for slot in member.node.snapshot.media)
        return {slot.image for slot in slots if slot.inserted}

    def using_credential(self, name: str) -> list[str]:
        """The nodes whose options name that credential."""
        return sorted(each.name for each in self._definitions() if name in _named(each.options, "credential"))

    def backend(self, name: str) -> Backend:
        """For jobs only. :raise NotFound: no such node."""
        return self._member(name).backend

    async def create(self, definition: NodeDefinition, caller: Caller) -> Node:
        """Define a node; it starts off.

        :raise Denied: only an administrator of the whole fleet, or of the node's tags, may.
        :raise InvalidRequest: with every problem. :raise Busy: the name or uuid is taken.
        :raise BmcError: it could not be opened, and is not there.
        """
        async with self._refusals(caller, "create-node", "", {"name": definition.name[:63]}):
            decide(caller, Role.ADMINISTRATOR, definition.name, definition.tags, "create-node")
            _guard_shared(definition, caller)
        if not NAME.fullmatch(definition.name):
            raise InvalidRequest(f"Name {definition.name!r} {NAME_RULE}")
        definition = self._drivers.complete(definition)
        async with self._lock:
            self._check_free(definition)
            definition = replace(definition, began=await self._events.last())
            await self._store.put(BUCKET, definition.name, _to_json(definition), expect=0)
            self._opening[definition.name] = definition
        try:  # beside others: a server that does not answer takes its time
            await self._events.put_away(definition.name)
            await self._audit.put_away(definition.name)
            node = await self._open(definition)
        except Exception:
            await self._store.delete(BUCKET, definition.name)
            raise
        finally:
            del self._opening[definition.name]
        name, details = definition.name, {"tags": sorted(definition.tags)} if definition.tags else {}
        await self._tell(EventKind.NODE_ADDED, name, f"{name} was added", "create-node", caller, details)
        return node

    async def change(
        self, name: str, options: Mapping[str, object], caller: Caller, tags: frozenset[str] | None = None
    ) -> Node:
        """Merge `options` into the node's own. What changes of a node that is on waits for its next power on.

        One that could not be opened is tried again, whatever changes.

        :raise NotFound, Denied, InvalidRequest: nothing was changed. :raise WrongState: what changes needs it off.
        :raise Busy: it is reserved, or a power action is under way, while more than its tags is to change.
        :raise BmcError: it could not be opened as it was to be, and is again what it was.
        """
        async with self._lock:
            member = self._member(name)
            before = member.definition
            merged = replace(
                member.definition,
                options={**member.definition.options, **options},
                tags=member.definition.tags if tags is None else tags,
            )
            async with self._refusals(caller, "change-node", name):
                decide(caller, Role.ADMINISTRATOR, name, before.tags, "change-node")
                _guard_shared(merged, caller)
            merged = self._drivers.complete(merged)
            if member.unopened:
                member = await self._try_again(member)
            anew = merged.options != member.definition.options
            if member.unopened or (anew and not member.node.redefinable):
                node = await self._reopen(member, merged)
            elif not anew and merged.tags == member.definition.tags:
                return member.node
            else:
                node = await self._amend(member, merged)
            for retagged in self._retagged if merged.tags != before.tags else ():
                await retagged(name, merged.tags)
        waiting = ", ".join(node.snapshot.options_until_power_on)
        message = f"{name} was changed" + (f"; {waiting}: from its next power on" if waiting else "")
        changed = _changed(before, merged)
        await self._tell(EventKind.NODE_CHANGED, name, message, "change-node", caller, changed)
        return node

    async def _amend(self, member: _Member, changed: NodeDefinition) -> Node:
        """Change the node as it stands: its tags, and options that wait for its next power on."""
        node, before = member.node, member.definition
        if changed.options != before.options:
            node.redefine(changed.options)
        try:
            await self._store.put(BUCKET, changed.name, _to_json(changed))
        except Exception:
            if changed.options != before.options:
                node.redefine(before.options)
            raise
        member.definition = changed
        node.relabel(changed.tags)
        self._tags[changed.name] = changed.tags
        return node

    async def _reopen(self, member: _Member, changed: NodeDefinition) -> Node:
        """Close the node and open it as `changed`; should that fail, it is again what it was."""
        name = changed.name
        member.node.retire("changed")
        await self._withdraw(name, member.node)
        try:
            await self._store.put(BUCKET, name, _to_json(changed))
            return await self._open(changed)
        except Exception:
            await self._adopt(member.definition)
            await self._store.put(BUCKET, name, _to_json(member.definition))
            raise

    async def _try_again(self, member: _Member) -> _Member:
        """What could not be opened may have been mended; as it was, since its machine may run."""
        member.node.retire("opened")
        name = member.definition.name
        await self._withdraw(name, member.node)
        await self._adopt(member.definition)
        return self._member(name)

    def differences(self, wanted: NodeDefinition, caller: Caller) -> list[str] | None:
        """What of a node would be another if it were declared like this: keys of its options, and tags; None: it is not
        there. Options that are not mentioned stay. Nothing is done.

        :raise Denied, InvalidRequest: as `create` and `change`.
        """
        member = self._members.get(wanted.name)
        tags = wanted.tags if member is None else member.definition.tags
        decide(caller, Role.ADMINISTRATOR, wanted.name, tags, "change-node" if member else "create-node")
        if member is None:
            _guard_shared(wanted, caller)
            if not NAME.fullmatch(wanted.name):
                raise InvalidRequest(f"Name {wanted.name!r} {NAME_RULE}")
            self._drivers.complete(wanted)
            return None
        before = member.definition
        if wanted.driver != before.driver:
            raise InvalidRequest(f"it has the driver {before.driver}, not {wanted.driver}: remove it first")
        merged = replace(before, options={**before.options, **wanted.options}, tags=wanted.tags)
        _guard_shared(merged, caller)
        merged = self._drivers.complete(merged)
        return _other_options(before, merged) + (["tags"] if merged.tags != before.tags else [])

    async def remove(self, name: str, caller: Caller) -> list[str]:
        """Remove a node and its disks for good. It must be off. Returns, in words, what may be left at its machine: one
        that cannot be reached is no reason to keep the node.

        :raise NotFound, Denied: nothing was done. :raise WrongState: the node is not off, or could not be opened.
        :raise Busy: it is reserved, or a power action is under way.
        :raise BmcError: its disks, or what is kept for it, could not be removed: it is still there.
        """
        async with self._lock:
            member = self._member(name)
            async with self._refusals(caller, "remove-node", name):
                decide(caller, Role.ADMINISTRATOR, name, member.definition.tags, "remove-node")
            if member.unopened:
                why = member.node.snapshot.reason
                raise WrongState(f"{name} cannot be removed ({why}); mend that first, or its disks would stay behind")
            member.node.retire("removed")
            left = await member.node.give_back()
            await self._withdraw(name, member.node)
            try:
                await member.node.erase()
                for forgotten in self._forgotten:
                    await forgotten(name)
                # Last: a node cut off here comes back to be removed again, and leaves no disk or user to its namesake.
                await self._store.delete(BUCKET, name)
            except Exception:
                await self._adopt(member.definition)
                raise
        told = f"{name} was removed" + (f", but {'; '.join(left)}; take it out there" if left else "")
        await self._tell(EventKind.NODE_REMOVED, name, told, "remove-node", caller)
        return left

    async def _open(self, definition: NodeDefinition, stand_in: Backend | None = None) -> Node:
        keeper = await StateKeeper.open(self._store, definition.name)
        self._events.set_maintenance(definition.name, keeper.in_maintenance)
        self._tags[definition.name] = definition.tags
        self._began[definition.name] = definition.began
        backend = stand_in or await self._drivers.open(definition)
        node = Node(
            definition,
            backend,
            self._store,
            keeper,
            await SelKeeper.open(self._store, definition.name, self._clock),
            await FruKeeper.open(self._store, definition),
            self._events,
            self._audit,
            self._clock,
            self._media,
            self._keep,
            self._patience,
            self._serial_log(definition.name),
        )
        try:
            await node.start()
            definition = node.snapshot.definition
            self._members[definition.name] = _Member(node, backend, definition, unopened=stand_in is not None)
            for added in self._added:
                endpoint = await added(node, definition)
                if endpoint is not None and endpoint != definition.ipmi:
                    definition = replace(definition, ipmi=endpoint)
                    await self._store.put(BUCKET, definition.name, _to_json(definition))
                    node.relocate(endpoint)
                    self._members[definition.name].definition = definition
            await node.record()
        except Exception:
            await self._withdraw(definition.name, node)
            raise
        if node.restore_due:
            self._due.put_nowait(definition.name)
        return node

    async def _keep(self, definition: NodeDefinition) -> None:
        """A node has changed its own options. While it is being opened, whoever opens it has the lock."""
        if definition.name not in self._members:
            await self._store.put(BUCKET, definition.name, _to_json(definition))
            return
        async with self._lock:
            member = self._member(definition.name)
            changed = replace(member.definition, options=definition.options)
            await self._store.put(BUCKET, definition.name, _to_json(changed))
            member.definition = changed

    async def _withdraw(self, name: str, node: Node) -> None:
        for removed in self._removed:
            await removed(name)
        self._members.pop(name, None)
        await node.close()

    def _member(self, name: str) -> _Member:
        member = self._members.get(name)
        if member is None:
            raise NotFound(f"there is no node {name!r}")
        return member

    def _check_free(self, definition: NodeDefinition) -> None:
        for other in self._definitions():
            if other.name == definition.name:
                raise Busy(f"there is a node {definition.name} already")
            if other.uuid == definition.uuid:
                raise Busy(f"UUID {definition.uuid} belongs to {other.name} already")

    def _definitions(self) -> list[NodeDefinition]:
        """Of all nodes, also of those that are being opened for the first time."""
        return [*(member.definition for member in self._members.values()), *self._opening.values()]

    async def _tell_fault(self, name: str, message: str) -> None:
        event = Event(EventKind.NODE_CHANGED, message, self._clock.now(), name, Severity.CRITICAL)
        await self._events.publish(event)

    @asynccontextmanager
    async def _refusals(
        self, caller: Caller, action: str, name: str, details: Mapping[str, object] = NO_DETAILS
    ) -> AsyncIterator[None]:
        """Whoever is refused is in the audit."""
        try:
            yield
        except Denied:
            await self._audit.record(caller, action, name, "Denied", details)
            raise

    async def _tell(
        self,
        kind: EventKind,
        name: str,
        message: str,
        action: str,
        caller: Caller,
        details: Mapping[str, object] = NO_DETAILS,
    ) -> None:
        await self._audit.record(caller, action, name, "done", details)
        await self._events.publish(Event(kind, message, self._clock.now(), name, account=caller.account))


def _guard_shared(definition: NodeDefinition, caller: Caller) -> None:
    """What belongs to the whole fleet, nobody who administers only some nodes may put into one of theirs.

    A credential: whoever may send it to a host of their choice can have it. A connection to a libvirt, and the wires of
    real hardware: whoever may name a domain, an outlet or a relay there has it.

    :raise Denied: the caller administers only some nodes.
    """
    for key in ("credential", "connection"):
        if any(True for _ in _named(definition.options, key)):
            decide(caller, Role.ADMINISTRATOR, action=f"use-{key}")
    if definition.driver == HARDWARE:
        decide(caller, Role.ADMINISTRATOR, action="use-hardware")


def _other_options(before: NodeDefinition, after: NodeDefinition) -> list[str]:
    keys = sorted({*before.options, *after.options})
    return [key for key in keys if before.options.get(key) != after.options.get(key)]


def _changed(before: NodeDefinition, after: NodeDefinition) -> dict[str, object]:
    """For the audit: which options, whose values may be secrets; and the tags, as these say who may do what."""
    options, tags = _other_options(before, after), sorted(after.tags)
    told: dict[str, object] = {"options": options} if options else {}
    return told | ({"tags": tags, "tags_before": sorted(before.tags)} if after.tags != before.tags else {})


def _named(options: object, key: str) -> Iterator[object]:
    """The values that `key`, or a key that ends in it, as `privacy_credential`, has in options, at any depth."""
    if isinstance(options, Mapping):
        for name, value in options.items():
            if name == key or str(name).endswith(f"_{key}"):
                yield value
            yield from _named(value, key)
    elif isinstance(options, Sequence) and not isinstance(options, str):
        for each in options:
            yield from _named(each, key)


def _to_json(definition: NodeDefinition) -> dict[str, Json]:
    options: Any = dict(definition.options)
    endpoint = definition.ipmi
    return {
        "uuid": str(definition.uuid),
        "driver": definition.driver,
        "options": options,
        "tags": sorted(definition.tags),
        "ipmi": {"host": endpoint.host, "port": endpoint.port} if endpoint else None,
        "began": definition.began,
    }


def _from_json(name: str, value: Mapping[str, Any]) -> NodeDefinition:
    endpoint = value["ipmi"]
    return NodeDefinition(
        name,
        UUID(value["uuid"]),
        value["driver"],
        value["options"],
        frozenset(value["tags"]),
        Endpoint(endpoint["host"], endpoint["port"]) if endpoint else None,
        value.get("began", 0),
    )
