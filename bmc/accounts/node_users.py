"""Those who sign in at a node's own Redfish endpoint: its IPMI users, each with the key of their slot."""

import hashlib
import hmac
import math
from collections.abc import Awaitable, Callable

from bmc.accounts.lockout import Lockout
from bmc.accounts.passwords import encode
from bmc.accounts.sessions import Sessions
from bmc.accounts.sign_ins import SignIns
from bmc.accounts.values import Account, IpmiSlot, Session
from bmc.model.caller import Caller, Door, Role, Scope
from bmc.model.clock import Clock
from bmc.model.errors import Denied, NotFound
from bmc.model.events import Event, EventKind

LONGEST_SHOWN = 64

Find = Callable[[bytes], IpmiSlot | None]


class NodeUsers:
    """Signs in to `node` alone, whatever the slot's account may do elsewhere. Locks are those of the IPMI door.

    `find` finds a slot as it works now, `tags` says the node's tags of now: who has a slot of an account acts here as
    long as the account's scope includes the node.
    """

    def __init__(
        self,
        node: str,
        find: Find,
        tags: Callable[[], frozenset[str]],
        sessions: Sessions,
        lockout: Lockout,
        clock: Clock,
        publish: Callable[[Event], Awaitable[None]],
    ) -> None:
        self._node = node
        self._find = find
        self._tags = tags
        self._sessions = sessions
        self._publish = publish
        self._told: list[Event] = []
        self._sign_ins = SignIns(node, lockout, clock, self._told.append, Door.REDFISH)

    async def authenticate(self, name: str, password: str, address: str) -> Account:
        """Who this is, as one who sees this node alone.

        :raise Denied: in the same words for an unknown name, a wrong key and a disabled user; or locked.
        """
        slot = await self._verify(name, password, address)
        return Account(_account(slot), _role(slot), Scope.only(self._node))

    async def open_session(self, name: str, password: str, address: str, door: Door) -> Session:
        """:raise Denied: as `authenticate`."""
        slot = await self._verify(name, password, address)
        account = _account(slot)
        session = await self._sessions.open(account, address, door, self._node, slot.slot, slot.name.decode())
        text = f"{session.user} signed in to {self._node} from {address}"
        details = {"address": address, "door": door.value, "session": session.id}
        await self._publish(Event(EventKind.SIGNED_IN, text, 0, self._node, account=account, details=details))
        return session

    def session(self, token: str, used: bool = True) -> Session | None:
        """The live session of `token`, if it was opened here; asking counts as use, unless it is not `used`."""
        session = self._sessions.find(token, self._node, used)
        return session if session is not None and self._slot(session) else None

    def caller(self, token: str, address: str, used: bool = True) -> Caller | None:
        """Who asks with `token` from `address`, with the slot's privilege of now; use as in `session`."""
        session = self._sessions.find(token, self._node, used)
        slot = self._slot(session) if session is not None else None
        if session is None or slot is None:
            return None
        return Caller(session.account, _role(slot), Scope.only(self._node), session.door, address)

    def may_use_serial(self, user: str) -> bool:
        """Who may not use SOL gets the serial line here no more than there."""
        slot = self._find(encode(user))
        return slot is not None and slot.sol

    def sessions(self) -> tuple[Session, ...]:
        return self._sessions.all(self._node)

    async def close_session(self, id: str) -> None:
        """:raise NotFound:"""
        if not await self._sessions.close(id, self._node):
            raise NotFound(f"there is no session {id[:64]}")

    def _slot(self, session: Session) -> IpmiSlot | None:
        slot = self._find(session.user.encode())
        return slot if slot is not None and slot.slot == session.slot and self._admitted(slot) else None

    def _admitted(self, slot: IpmiSlot) -> bool:
        return slot.usable and slot.scope.covers(self._node, self._tags())

    async def _verify(self, name: str, password: str, address: str) -> IpmiSlot:
        """Takes as long for a name that does not exist. Nothing is awaited between the look at the lock and the count
        of the failure, so that many at once are not one.
        """
        user = encode(name[:LONGEST_SHOWN])
        remaining = self._sign_ins.remaining(user, address)
        if remaining:
            raise Denied(f"too many failed sign-ins; try again in {math.ceil(remaining)} seconds")
        slot = self._find(encode(name))
        right = hmac.compare_digest(_digest(slot.key if slot else b""), _digest(encode(password)))
        if slot is None or not right or not self._admitted(slot):
            self._sign_ins.failed(user, slot.account if slot else "", address)
            told, self._told[:] = list(self._told), []
            for event in told:
                await self._publish(event)
            raise Denied("the user name or the password is wrong")
        self._sign_ins.succeeded(user, address)
        return slot


def _account(slot: IpmiSlot) -> str:
    """A user of this node alone is no account of the fleet, though it may bear the name of one."""
    return slot.account or f"ipmi:{slot.name.decode()}"


def _role(slot: IpmiSlot) -> Role:
    return slot.privilege or Role.READ_ONLY


def _digest(secret: bytes) -> bytes:
    """Of one length, whatever the secret's."""
    return hashlib.sha256(secret).digest()
