"""What the IPMI door can be told, and whom it asks who a user is."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bmc.model.caller import Role, Scope


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one node's endpoint; times in seconds. IPMI can count 63 sessions.

    A source (address) or peer (address and port) that goes over its share of half-open sessions loses its own.
    """

    sessions: int = 63
    half_open: int = 256
    half_open_per_source: int = 64
    half_open_per_peer: int = 8
    half_open_lifetime: float = 20.0
    idle: float = 60.0
    duplicate: float = 5.0


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """`host` is for nodes that declare no endpoint. `patience` is how long a request waits for the node, in seconds.

    `sol_retry` is the time between retries of a SOL packet; `sol_replay` how many bytes printed before a console
    gets first.
    """

    host: str = "127.0.0.1"
    limits: Limits = Limits()
    patience: float = 0.3
    sol_retry: float = 0.25
    sol_replay: int = 2048


class Slot(Protocol):
    """One IPMI user of one node, as it works now. `name` is 1 to 16 bytes of ASCII, `key` 1 to 20 bytes."""

    @property
    def slot(self) -> int: ...
    @property
    def name(self) -> bytes: ...
    @property
    def key(self) -> bytes: ...
    @property
    def privilege(self) -> Role: ...
    @property
    def enabled(self) -> bool: ...
    @property
    def account(self) -> str: ...
    @property
    def scope(self) -> Scope: ...


class Slots(Protocol):
    """Where the IPMI users of nodes are kept; answers from memory."""

    def ipmi_slot(self, node: str, name: bytes) -> Slot | None: ...

    def slots(self, node: str) -> Sequence[Slot]:
        """The occupied slots by number."""

    def on_slot_changed(self, callback: Callable[[str, int], None]) -> None:
        """`callback(node, slot)` from now on for each user that was changed, disabled or removed."""


class Counters(Counter[str]):
    """What the door has seen, by name: `requests`, `malformed`, `replayed`, `wrong-key`, …"""
