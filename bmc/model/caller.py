"""Who asks: account, role, scope, door. Doors make a Caller; Node alone decides with it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum


class Role(Enum):
    """Redfish RoleId; ordered by power."""

    READ_ONLY = "ReadOnly"
    OPERATOR = "Operator"
    ADMINISTRATOR = "Administrator"

    @property
    def rank(self) -> int:
        return list(Role).index(self)


class Door(Enum):
    """`HOST` is the node's own guest, over its in-band system interface."""

    IPMI = "ipmi"
    REDFISH = "redfish"
    WEB = "web"
    CLI = "cli"
    SSH = "ssh"
    HOST = "host"
    JOB = "job"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which nodes a caller may touch: all, or those named or tagged; and of these those that are in `also`, too."""

    all_nodes: bool = True
    nodes: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    also: "Scope | None" = None

    @classmethod
    def only(cls, node: str) -> "Scope":
        """That one node."""
        return cls(all_nodes=False, nodes=frozenset({node}))

    def narrowed_by(self, other: "Scope") -> "Scope":
        """What is in both."""
        if other.all_nodes:
            return self
        return other if self.all_nodes else replace(self, also=other)

    def covers(self, name: str, tags: frozenset[str]) -> bool:
        if self.also is not None and not self.also.covers(name, tags):
            return False
        return self.all_nodes or name in self.nodes or not self.tags.isdisjoint(tags)

    def covers_all(self, names: Iterable[str], tags: Callable[[str], frozenset[str]]) -> bool:
        """`tags` tells a node's; it is not asked where the scope is the whole fleet."""
        return self.all_nodes or all(self.covers(name, tags(name)) for name in names)


@dataclass(frozen=True, slots=True)
class Caller:
    """The authenticated asker of one request. `request_id` is the idempotency key; `address` is where it came from.

    `job` names the job on whose behalf it acts; such a caller passes that job's own reservation. `token` is the id of
    the API token that it showed, if that was how.
    """

    account: str
    role: Role
    scope: Scope
    door: Door
    address: str = ""
    request_id: str = ""
    job: str = ""
    token: str = ""

    @property
    def governs(self) -> bool:
        """Whether what concerns the whole fleet is for it to see and to change: an Administrator of all of it."""
        return self.role is Role.ADMINISTRATOR and self.scope.all_nodes


def guest_account(node: str) -> str:
    """What the node's own guest is called; no account's name has a colon."""
    return f"host:{node}"


SERVICE = Caller("lightsout", Role.ADMINISTRATOR, Scope(), Door.SERVICE)
