"""What the IPMI door can be told, and whom it asks who a user is."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Unpack

from bmc.accounts import SlotFields
from bmc.fetch import Network
from bmc.model.caller import Caller, Role, Scope
from bmc.model.events import Event
from bmc.model.node import NodeDefinition


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one node's endpoint; times in seconds. IPMI can count 63 sessions.

    Half-open sessions are counted apart before (`half_open`) and after their console has named a user. A source
    (address) or peer (address and port) that goes over its share of them loses its own. A console that says nothing
    for `half_open_blamed` after it got the HMAC in RAKP message 2 has not known the key. A session with `under_way`
    requests that go on is busy: no client has more than a few, and each takes room.
    """

    sessions: int = 63
    half_open: int = 4096
    half_open_named: int = 256
    half_open_per_source: int = 128
    half_open_per_peer: int = 8
    half_open_lifetime: float = 20.0
    half_open_blamed: float = 5.0
    idle: float = 60.0
    duplicate: float = 5.0
    under_way: int = 16


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """`host` is for nodes that declare no endpoint. `patience` is how long a request waits for the node, in seconds.

    `sol_replay` is how many bytes printed before a SOL console gets first. Alerts go to `trap_port`; `allowed` networks
    may be sent to though they are this machine's own.
    """

    host: str = "127.0.0.1"
    limits: Limits = Limits()
    patience: float = 0.3
    sol_replay: int = 2048
    trap_port: int = 162
    allowed: Sequence[Network] = ()


class Slot(Protocol):
    """One IPMI user of one node, as it works now: see `bmc.accounts.IpmiSlot`.

    `name` is at most 16 bytes of ASCII, `key` at most 20 bytes. Who is `usable` may log in, `sessions` at a time.
    """

    @property
    def slot(self) -> int: ...
    @property
    def name(self) -> bytes: ...
    @property
    def key(self) -> bytes: ...
    @property
    def privilege(self) -> Role | None: ...
    @property
    def enabled(self) -> bool: ...
    @property
    def account(self) -> str: ...
    @property
    def scope(self) -> Scope: ...
    @property
    def messaging(self) -> bool: ...
    @property
    def link(self) -> bool: ...
    @property
    def callback(self) -> bool: ...
    @property
    def sessions(self) -> int: ...
    @property
    def sol(self) -> bool: ...
    @property
    def key_form(self) -> int: ...
    @property
    def usable(self) -> bool: ...


class SlotFinder(Protocol):
    """The IPMI users of nodes; answers from memory."""

    def ipmi_slot(self, node: str, name: bytes) -> Slot | None: ...

    def slots(self, node: str) -> Sequence[Slot]:
        """The slots that hold anything, by number."""

    def on_slot_changed(self, callback: Callable[[str, int], None]) -> None:
        """`callback(node, slot)` from now on for each user that was changed, disabled or removed."""


class Slots(SlotFinder, Protocol):
    """Where the IPMI users of nodes are kept; changed in the store first."""

    async def change_slot(
        self, node: NodeDefinition, number: int | None, caller: Caller, **fields: Unpack[SlotFields]
    ) -> Slot:
        """As `bmc.accounts.Accounts.change_slot`. :raise Denied: :raise InvalidRequest:"""


class EventSink(Protocol):
    """Where facts are published."""

    async def publish(self, event: Event) -> Event:
        """:raise StoreFailed: nobody saw it."""


class AuditSink(Protocol):
    """Where it is kept who did what."""

    async def record(
        self, caller: Caller, action: str, target: str, outcome: str, details: Mapping[str, object] = ...
    ) -> bool:
        """As `bmc.events.Audit.record`. :raise StoreFailed:"""


class Counters(Counter[str]):
    """What the door has seen, by name: `requests`, `malformed`, `replayed`, `wrong-key`, …

    `answers` are the requests answered, by completion code.
    """

    def __init__(self) -> None:
        super().__init__()
        self.answers: Counter[int] = Counter()
