"""Accounts, sessions and IPMI slots as values. None of them shows a password."""

from dataclasses import dataclass, field

from bmc.model.caller import Door, Role, Scope

ALL_NODES = Scope()
NOWHERE = Scope(all_nodes=False)


@dataclass(frozen=True, slots=True)
class Account:
    """One who may sign in to the fleet."""

    name: str
    role: Role
    scope: Scope = ALL_NODES
    enabled: bool = True

    @property
    def governs(self) -> bool:
        """Whether it may manage accounts: an enabled Administrator of the whole fleet."""
        return self.enabled and self.role is Role.ADMINISTRATOR and self.scope.all_nodes


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in. `token` is its secret, filled only in what `open_session` returns; `created` is in epoch seconds."""

    id: str
    token: str = field(repr=False)
    account: str
    created: float
    address: str
    door: Door


@dataclass(frozen=True, slots=True)
class IpmiSlot:
    """One numbered IPMI user of one node: `slot` 2..15, `name` 1..16 bytes, `key` 1..20 bytes.

    `account` names the fleet account it was granted to, empty for a user of this node alone. `scope` is where it may
    act: that account's, or this node; filled in only in what `Accounts` finds.
    """

    slot: int
    name: bytes
    key: bytes = field(repr=False)
    privilege: Role
    enabled: bool = True
    account: str = ""
    scope: Scope = NOWHERE


@dataclass(frozen=True, slots=True)
class Limits:
    """What accounts put up with. Times in seconds.

    A lock lasts `lock_first` and twice as long each further time, up to `lock_longest`; failures older than
    `lock_forget` do not count.
    """

    session_idle: float = 30 * 60
    session_longest: float = 12 * 3600
    sessions_per_account: int = 64
    account_failures: int = 5
    address_failures: int = 20
    lock_first: float = 30
    lock_longest: float = 15 * 60
    lock_forget: float = 30 * 60
    remember_password: float = 300
