"""Accounts, and the doors' one place to ask who somebody is."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Unpack

from bmc.accounts.book import Book
from bmc.accounts.decision import decide
from bmc.accounts.gate import Gate, Stored
from bmc.accounts.keys import Keys
from bmc.accounts.lockout import Lockout
from bmc.accounts.node_users import NodeUsers
from bmc.accounts.passwords import Argon2, PasswordHasher, check_password
from bmc.accounts.places import Places
from bmc.accounts.sessions import Sessions
from bmc.accounts.slots import IpmiSlots, SlotCallback, carried, check_whole, gives
from bmc.accounts.tokens import Tokens
from bmc.accounts.values import ACCOUNT_NAME, ALL_NODES, NOWHERE, Account, IpmiSlot, Limits, Session, SlotFields
from bmc.events import Audit, Events
from bmc.model.caller import Caller, Door, Role, Scope
from bmc.model.clock import Clock
from bmc.model.errors import Denied, InvalidRequest, NotFound, Refused
from bmc.model.events import Event, EventKind, Severity
from bmc.model.node import NodeDefinition
from bmc.store import Conflict, Store, StoreFailed

SWEEP_EVERY = 15

Forgotten = Callable[[str], Awaitable[None]]

log = logging.getLogger(__name__)


class Accounts:
    """Everything in memory, every change in the store first. One instance per store."""

    def __init__(
        self, store: Store, events: Events, clock: Clock, slots: IpmiSlots, hasher: PasswordHasher, limits: Limits
    ) -> None:
        self._store = store
        self._events = events
        self._audit = Audit(store, clock)
        self._clock = clock
        self._slots = slots
        self._changing_slots = asyncio.Lock()
        self._sessions = Sessions(store, clock, limits)
        self._book = Book(store)
        self._gate = Gate(self._book.find, clock, hasher, limits)
        self.keys = Keys(self._book, self._gate, self._sessions, self._tell_changed)
        self.tokens = Tokens(store, self._book, clock, self._tell_changed)
        self._slot_callbacks: list[SlotCallback] = []
        self.slot_lockout = Lockout(clock, limits)
        """Of all doors of nodes together."""
        self._places = Places(store, {"accounts": self._gate.lockout, "users of nodes": self.slot_lockout})
        self._forgotten: list[Forgotten] = []

    @classmethod
    async def open(
        cls,
        store: Store,
        events: Events,
        clock: Clock,
        key_file: Path,
        hasher: PasswordHasher | None = None,
        limits: Limits | None = None,
    ) -> "Accounts":
        """`key_file` encrypts the IPMI keys; made (0600) if missing.

        :raise KeyFileUnusable: IPMI keys are stored, and it does not open them.
        """
        slots = await IpmiSlots.open(store, key_file)
        accounts = cls(store, events, clock, slots, hasher or Argon2(), limits or Limits())
        await accounts._book.load()
        await accounts._sessions.load(frozenset(account.name for account in accounts.list()))
        await accounts.tokens.load()
        await accounts._places.load()
        return accounts

    async def run(self) -> None:
        """Closes sessions that have run out, and stores what can wait, without end; the service owns this task."""
        while True:
            await self._clock.sleep(SWEEP_EVERY)
            await self.sweep()

    async def sweep(self) -> None:
        await self._sessions.sweep()
        await self.tokens.sweep()
        await self._places.keep()

    # Accounts

    def empty(self) -> bool:
        return not self._book.all()

    def list(self) -> tuple[Account, ...]:
        return self._book.all()

    def find(self, name: str) -> Account | None:
        stored = self._book.find(name)
        return stored.account if stored else None

    def acting(self, name: str, token: str) -> Account | None:
        """As `find`; with an API token's id no more than that leaves it now."""
        account = self.find(name)
        return self.tokens.leave(token, account) if account and token else account

    def on_forget(self, forgotten: Forgotten) -> None:
        """Call `forgotten` with the name of each account that is deleted, to drop what is kept for it elsewhere."""
        self._forgotten.append(forgotten)

    async def create(self, name: str, password: str, role: Role, scope: Scope = ALL_NODES) -> Account:
        """:raise InvalidRequest: the name or password is not acceptable, or the name is taken."""
        if not ACCOUNT_NAME.fullmatch(name):
            raise InvalidRequest(
                f"UserName is {name[:80]!r}; expected 1 to 64 letters, digits, dots, dashes, underscores or @, "
                "the first a letter or digit"
            )
        check_password(name, password)
        account = Account(name, role, scope)
        hash = await self._gate.hash(password)
        async with self._book.changing:
            try:
                await self._book.add(Stored(account, hash))
            except Conflict as error:
                raise InvalidRequest(f"there is an account {name} already") from error
        await self._tell_changed(name, f"account {name} created as {role.value}")
        return account

    async def change(
        self,
        name: str,
        *,
        password: str | None = None,
        role: Role | None = None,
        scope: Scope | None = None,
        enabled: bool | None = None,
    ) -> Account:
        """Change what is not None. A new password, and whatever takes something away, ends the account's sessions.

        Tokens stay, and may what the account may then.

        :raise NotFound: :raise InvalidRequest: :raise Refused: nobody could manage accounts any more.
        """
        self._book.get(name)
        hash = None
        if password is not None:
            check_password(name, password)
            hash = await self._gate.hash(password)
        async with self._book.changing:
            old = self._book.get(name)
            account = replace(
                old.account,
                role=old.account.role if role is None else role,
                scope=old.account.scope if scope is None else scope,
                enabled=old.account.enabled if enabled is None else enabled,
            )
            self._keep_one_governing(name, account)
            new = Stored(account, hash or old.hash)
            await self._book.put(new)
            self._gate.changed(name)
            if hash:
                self._gate.forget(name)
            if hash or _loses(old.account, account):
                await self._sessions.close_account(name)
                self.tokens.interrupt(name)
                await self._tell_slots(name)
        await self._tell_changed(name, f"account {name} changed")
        return account

    async def delete(self, name: str) -> None:
        """Its sessions, tokens, IPMI slots and subscriptions go with it.

        :raise NotFound: :raise Refused: see `change`.
        """
        async with self._book.changing:
            self._book.get(name)
            self._keep_one_governing(name, None)
            for node, slot in self._slots.of_account(name):
                await self.clear_slot(node, slot.slot)
            await self.tokens.forget(name)
            await self._book.delete(name)
            self._gate.changed(name)
            self._gate.forget(name)
            await self._sessions.close_account(name)
            for forgotten in self._forgotten:
                await forgotten(name)
        await self._tell_changed(name, f"account {name} deleted")

    # Signing in

    def locked(self, name: str) -> bool:
        """Whether sign-ins of this account are refused for a while, at least from some addresses."""
        return self._gate.locked(name)

    async def unlock(self, name: str) -> None:
        """Let it try again at once; an address that is locked for itself stays so. :raise NotFound:"""
        self._book.get(name)
        if self._gate.locked(name):
            self._gate.unlock(name)
            await self._tell_changed(name, f"account {name} unlocked")

    async def authenticate(self, name: str, password: str, address: str) -> Account:
        """Who this is. Takes as long for a name that does not exist.

        :raise Denied: in the same words for an unknown name, a wrong password and a disabled account;
            or locked, with the seconds to wait.
        """
        account, fresh = await self._verify(name, password, address)
        if fresh:
            await self._publish(EventKind.SIGNED_IN, f"{name} signed in from {address}", name, address=address)
        return account

    async def _verify(self, name: str, password: str, address: str) -> tuple[Account, bool]:
        attempt = await self._gate.attempt(name, password, address)
        if attempt.account is None:
            await self._tell_failure(name, address, attempt.lock)
            raise Denied("the user name or the password is wrong")
        return attempt.account, attempt.fresh

    async def _tell_failure(self, name: str, address: str, lock: float) -> None:
        shown = name[:64]
        await self._publish(
            EventKind.SIGN_IN_FAILED,
            f"sign-in as {shown!r} from {address} failed",
            shown,
            Severity.WARNING,
            address=address,
        )
        if lock:
            text = f"sign-ins as {shown!r} from {address} are locked for {lock:.0f} seconds"
            await self._publish(EventKind.ACCOUNT_LOCKED, text, shown, Severity.WARNING, address=address, seconds=lock)

    # Sessions

    async def open_session(self, name: str, password: str, address: str, door: Door) -> Session:
        """:raise Denied: as `authenticate`."""
        await self._verify(name, password, address)
        return await self._open(name, address, door)

    async def open_key_session(self, key: bytes, address: str) -> Session:
        """For whoever has proved to hold `key`, at the SSH door. :raise Denied: it is no enabled account's any more."""
        account = self.keys.holder(key)
        if account is None:
            raise Denied("this key is no account's any more")
        return await self._open(account.name, address, Door.SSH)

    async def _open(self, name: str, address: str, door: Door) -> Session:
        session = await self._sessions.open(name, address, door)
        text = f"{name} signed in from {address}"
        await self._publish(EventKind.SIGNED_IN, text, name, address=address, door=door.value, session=session.id)
        return session

    async def open_local_session(self, address: str) -> Session:
        """A session of the first governing account, for whoever may read this installation's own files.

        :raise NotFound: there is no account yet.
        """
        governing = [account.name for account in self.list() if account.governs]
        if not governing:
            raise NotFound("there is no administrator yet")
        return await self._sessions.open(governing[0], address, Door.CLI)

    def session(self, token: str) -> Session | None:
        """The live session of `token`; asking counts as use."""
        return self._sessions.find(token)

    def caller(self, token: str, address: str) -> Caller | None:
        """Who asks with `token` from `address`, with the account's role and scope of now."""
        session = self._sessions.find(token)
        stored = self._book.find(session.account) if session else None
        if session is None or stored is None or not stored.account.enabled:
            return None
        return Caller(session.account, stored.account.role, stored.account.scope, session.door, address)

    async def close_session(self, id: str) -> None:
        """:raise NotFound:"""
        if not await self._sessions.close(id):
            raise NotFound(f"there is no session {id[:64]}")

    def sessions(self) -> tuple[Session, ...]:
        return self._sessions.all()

    def sessions_everywhere(self) -> Counter[Door]:
        """How many are open by each door, those at nodes' endpoints included."""
        return self._sessions.count()

    def on_closed(self, callback: Callable[[str], None]) -> None:
        """Call `callback` with the id of each session that ends, in whatever way, or token whose streams must."""
        self._sessions.on_closed(callback)
        self.tokens.on_closed(callback)

    # IPMI slots

    async def set_slot(
        self,
        node: str,
        slot: int,
        name: str,
        key: bytes,
        privilege: Role,
        enabled: bool = True,
        account: str = "",
    ) -> IpmiSlot:
        """:raise InvalidRequest: name 1 to 16 and key 1 to 20 bytes, slot 2 to 15. :raise NotFound: no such account."""
        if account:
            self._book.get(account)
        value = IpmiSlot(slot, name.encode(errors="surrogatepass"), key, privilege, enabled, account, Scope.only(node))
        async with self._changing_slots:
            check_whole(value)
            await self._slots.put(node, value)
        await self._tell_slot(node, slot)
        return value

    async def change_slot(
        self, node: NodeDefinition, number: int | None, caller: Caller, **fields: Unpack[SlotFields]
    ) -> IpmiSlot:
        """Make one IPMI user as `caller` asks, at whatever door: what is so already stays as it is.

        An empty slot is filled; None is the first empty one. An empty name clears the slot and all that was in it.

        :raise Denied: `caller` may not administer the node, or see `guard_slot`.
        :raise InvalidRequest: as `set_slot`, but name and key may come one by one.
        :raise Refused: no slot is empty.
        """
        try:
            decide(caller, Role.ADMINISTRATOR, node.name, node.tags, "changing IPMI users")
        except Denied:
            await self._audit.record(caller, "change-ipmi-user", node.name, "Denied", {"slot": number})
            raise
        async with self._changing_slots:
            old = self._slots.free(node.name) if number is None else self._slots.get(node.name, number)
            number = old.slot
            works = self._effective(node.name, old)
            asked: dict[str, Any] = {**fields}
            changed = {name: value for name, value in asked.items() if getattr(works, name) != value}
            new = replace(old, **changed)
            if "key" in fields or gives(old, new):
                await self.guard_slot(node.name, number, caller)
            if new == old:
                return works
            await (
                self._slots.put(node.name, new) if new.name or not old.name else self._slots.clear(node.name, number)
            )
        await self._tell_slot(node.name, number)
        await self._tell_change(node.name, old, new, caller, sorted(changed))
        return self._effective(node.name, self._slots.get(node.name, number))

    async def guard_slot(self, node: str, number: int, caller: Caller) -> None:
        """Whoever sets the key of an account's slot can act in that account's name.

        :raise Denied: the slot is granted to another account, and the caller's scope is not the whole fleet.
        """
        account = self._slots.get(node, number).account
        if account in ("", caller.account) or (caller.role is Role.ADMINISTRATOR and caller.scope.all_nodes):
            return
        await self._audit.record(caller, "change-ipmi-user", node, "Denied", {"slot": number})
        raise Denied(
            f"slot {number} of {node} is granted to an account of the fleet: only that account itself or an "
            "Administrator of the whole fleet may change or enable it; you may disable or delete it"
        )

    async def clear_slot(self, node: str, slot: int) -> None:
        async with self._changing_slots:
            await self._slots.clear(node, slot)
        await self._tell_slot(node, slot)

    async def drop_node(self, node: str) -> None:
        """The node was removed: its IPMI users go with it."""
        for slot in self._slots.of_node(node):
            await self.clear_slot(node, slot.slot)

    async def retagged(self, node: str, tags: frozenset[str]) -> None:
        """The node has other tags: who had it in scope by a tag that is gone has no slot there any more."""
        for slot in self.slots(node):
            if not slot.scope.covers(node, tags):
                await self._tell_slot(node, slot.slot)

    def users(self, node: str, tags: Callable[[], frozenset[str]]) -> NodeUsers:
        """Those who may sign in at the node's own endpoint; `tags` are the node's, of now."""
        find = partial(self.ipmi_slot, node)
        return NodeUsers(node, find, tags, self._sessions, self.slot_lockout, self._clock, self._store_event)

    def slots(self, node: str) -> tuple[IpmiSlot, ...]:
        """The slots that hold anything, by number, each as it works now: no more than its account is, nor further."""
        return tuple(self._effective(node, slot) for slot in self._slots.of_node(node))

    def ipmi_slot(self, node: str, name: bytes) -> IpmiSlot | None:
        """As `slots`, by user name."""
        slot = self._slots.named(node, name)
        return self._effective(node, slot) if slot else None

    def on_slot_changed(self, callback: SlotCallback) -> None:
        """Call `callback(node, slot)` when a slot, or what its account lends it, has changed: end its sessions."""
        self._slot_callbacks.append(callback)

    def _effective(self, node: str, slot: IpmiSlot) -> IpmiSlot:
        if not slot.account:
            return slot
        stored = self._book.find(slot.account)
        if stored is None:
            return carried(slot, Role.READ_ONLY, NOWHERE, False)
        account, scope = stored.account, stored.account.scope
        # The node's tags are not known here; where they may matter, the door, which has `scope`, does the rest.
        covered = scope.all_nodes or node in scope.nodes or bool(scope.tags)
        return carried(slot, account.role, scope, account.enabled and covered)

    async def _tell_slots(self, account: str) -> None:
        for node, slot in self._slots.of_account(account):
            await self._tell_slot(node, slot.slot)

    async def _tell_slot(self, node: str, slot: int) -> None:
        await self._sessions.close_slot(node, slot)
        for callback in self._slot_callbacks:
            try:
                callback(node, slot)
            except Exception:  # as with sessions: every door is told
                log.exception("a door failed to end the sessions of slot %d of %s", slot, node)

    async def _tell_change(
        self, node: str, old: IpmiSlot, new: IpmiSlot, caller: Caller, changed: Sequence[str]
    ) -> None:
        what = "change" if old.name and new.name else "create" if new.name else "delete" if old.name else "change"
        name = (new.name or old.name).decode()
        details = {"slot": new.slot, "user": name, "changed": changed}
        await self._audit.record(caller, f"{what}-ipmi-user", node, "ok", details)
        text = f"IPMI user {new.slot} ({name or 'no name'}) of {node} {what}d: {', '.join(changed)}"
        await self._publish(
            EventKind.ACCOUNT_CHANGED, text, caller.account, node=node, slot=new.slot, user=name, changed=changed
        )

    # Common

    def _keep_one_governing(self, name: str, changed: Account | None) -> None:
        others = any(each.governs for each in self.list() if each.name != name)
        if self._book.get(name).account.governs and not others and not (changed and changed.governs):
            raise Refused(f"{name} is the last enabled Administrator of the whole fleet; make another one first")

    async def _tell_changed(self, name: str, text: str) -> None:
        await self._publish(EventKind.ACCOUNT_CHANGED, text, name)

    async def _publish(
        self,
        kind: EventKind,
        message: str,
        account: str,
        severity: Severity = Severity.OK,
        node: str = "",
        **details: object,
    ) -> None:
        await self._store_event(Event(kind, message, 0, node, severity, account, details))

    async def _store_event(self, event: Event) -> None:
        try:
            await self._events.publish(event)
        except StoreFailed as error:  # signing in must work on a full disk
            log.warning("event not stored: %s (%s)", event.message, error)


def _loses(old: Account, new: Account) -> bool:
    return new.role.rank < old.role.rank or (new.scope != old.scope and not new.scope.all_nodes) or not new.enabled
