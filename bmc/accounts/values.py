"""Accounts, sessions and IPMI slots as values. None of them shows a password."""

import re
from dataclasses import dataclass, field
from typing import TypedDict

from bmc.model.caller import Door, Role, Scope
from bmc.model.ssh_key import SshKey

ACCOUNT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
ALL_NODES = Scope()
NOWHERE = Scope(all_nodes=False)


@dataclass(frozen=True, slots=True)
class AccountKey:
    """An SSH key that its account signs in with, and what the account calls it."""

    key: SshKey
    description: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """One who may sign in to the fleet; with one of the `keys` at the SSH door alone."""

    name: str
    role: Role
    scope: Scope = ALL_NODES
    enabled: bool = True
    keys: tuple[AccountKey, ...] = ()

    @property
    def governs(self) -> bool:
        """Whether it may manage accounts: an enabled Administrator of the whole fleet."""
        return self.enabled and self.role is Role.ADMINISTRATOR and self.scope.all_nodes


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A secret by which a program acts for `account`, with `role` and in `scope` at most. Times are epoch seconds.

    `expires` None: never. `used` 0: it was not yet; `address` is where it was used from last.
    """

    id: str
    account: str
    name: str
    role: Role
    scope: Scope
    created: float
    expires: float | None = None
    used: float = 0.0
    address: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in. `token` is its secret, filled only in what `open_session` returns; `created` is in epoch seconds.

    `user` is the name that was given. One at a node's own endpoint is of that `node` and its IPMI `slot`. `used` is
    filled where sessions are listed.
    """

    id: str
    token: str = field(repr=False)
    account: str
    created: float
    address: str
    door: Door
    node: str = ""
    slot: int = 0
    user: str = ""
    used: float = 0.0


@dataclass(frozen=True, slots=True)
class IpmiSlot:
    """One numbered IPMI user of one node: `slot` 2..15, `name` at most 16 bytes, `key` at most 20 bytes.

    A slot is filled bit by bit, so there may be no name or no key yet. `privilege` None is IPMI's "no access".
    `account` names the fleet account it was granted to, empty for a user of this node alone. `scope` is where it may
    act: this node, or in what `Accounts` finds that account's. The rest is as IPMI v2.0 §22.26 and
    §24.6 have it: IPMI `messaging` and `link` authentication on, `callback` only, how many `sessions` at a time (0:
    any), may use `sol`; `key_form` is the size, 16 or 20, that the key was set in (0: none was said).
    """

    slot: int
    name: bytes
    key: bytes = field(repr=False)
    privilege: Role | None
    enabled: bool = True
    account: str = ""
    scope: Scope = NOWHERE
    messaging: bool = True
    link: bool = False
    callback: bool = False
    sessions: int = 0
    sol: bool = True
    key_form: int = 0

    @property
    def usable(self) -> bool:
        """Whether somebody who knows the key may log in."""
        return bool(self.name and self.key and self.privilege) and self.open

    @property
    def open(self) -> bool:
        """Nothing that is switched on or off stands in the way."""
        return self.enabled and self.messaging and not self.callback


class SlotFields(TypedDict, total=False):
    """What can be changed of a slot, by the names it has there."""

    name: bytes
    key: bytes
    key_form: int
    privilege: Role | None
    enabled: bool
    messaging: bool
    link: bool
    callback: bool
    sessions: int
    sol: bool


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
