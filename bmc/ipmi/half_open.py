"""The half-open sessions of one endpoint, in pools in which only who takes too much loses something."""

from collections.abc import Iterator
from dataclasses import dataclass

from bmc.ipmi.settings import Slot
from bmc.ipmi.wire.crypto import CipherSuite
from bmc.ipmi.wire.rakp import KeyExchange, Rakp1, Rakp3

_Address = tuple[str, int]


@dataclass(slots=True)
class HalfOpen:
    """Between Open Session, which came from `peer`, and RAKP message 3.

    Afterwards it is kept for a repeated message 3, with its `answered`. `blamed`: it was counted as a wrong key.
    """

    session_id: int
    console_id: int
    suite: CipherSuite
    limit: int
    peer: _Address
    since: float
    random: bytes
    first: Rakp1 | None = None
    exchange: KeyExchange | None = None
    slot: Slot | None = None
    answered: tuple[Rakp3, bytes] | None = None
    blamed: bool = False


class Pool:
    """At most `size`, of them `per_source` of one address and `per_peer` of one socket; the oldest goes first.

    Every step costs the same however many there are: a flood must not make the next packet dearer.
    """

    def __init__(self, size: int, per_source: int, per_peer: int) -> None:
        self._size = size
        self._per_source = per_source
        self._per_peer = per_peer
        self._all: dict[int, HalfOpen] = {}
        self._shares: dict[str | _Address, dict[int, HalfOpen]] = {}

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[HalfOpen]:
        return iter(self._all.values())

    def get(self, session_id: int) -> HalfOpen | None:
        return self._all.get(session_id)

    def add(self, half: HalfOpen) -> bool:
        """Whether another had to go."""
        dropped = self._in_excess(half.peer)
        if dropped is not None:
            self.remove(dropped)
        self._all[half.session_id] = half
        for key in (half.peer[0], half.peer):
            self._shares.setdefault(key, {})[half.session_id] = half
        return dropped is not None

    def remove(self, session_id: int) -> None:
        half = self._all.pop(session_id, None)
        if half is None:
            return
        for key in (half.peer[0], half.peer):
            share = self._shares[key]
            del share[session_id]
            if not share:
                del self._shares[key]

    def _in_excess(self, peer: _Address) -> int | None:
        for share, limit in (
            (self._shares.get(peer), self._per_peer),
            (self._shares.get(peer[0]), self._per_source),
            (self._all, self._size),
        ):
            if share is not None and len(share) >= limit:
                return next(iter(share))
        return None
