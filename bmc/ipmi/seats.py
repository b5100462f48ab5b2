"""Who gives way when every session of an endpoint is taken, so that nobody keeps the others out."""

from collections import Counter
from collections.abc import Iterable
from typing import Protocol, TypeVar

from bmc.ipmi.settings import Slot


class Seated(Protocol):
    """An active session: whose it is, from where, and when it was last heard."""

    @property
    def slot(self) -> Slot: ...
    @property
    def peer(self) -> tuple[str, int]: ...
    @property
    def seen(self) -> float: ...


S = TypeVar("S", bound=Seated)


def giving_way(active: Iterable[S], slot: int, source: str) -> S | None:
    """The session that ends for one more of the user in `slot` from `source`; None: the newcomer is refused.

    It is the longest unused one of the user who holds the most, if the newcomer's holds fewer; else, among the
    sessions of the newcomer's own user, of the source that holds the most, if the newcomer's holds fewer.
    """
    everyone = sorted(active, key=lambda session: session.seen)
    users = Counter(session.slot.slot for session in everyone)
    user, most = users.most_common(1)[0]
    if users[slot] < most:
        return next(session for session in everyone if session.slot.slot == user)
    own = [session for session in everyone if session.slot.slot == slot]
    sources = Counter(session.peer[0] for session in own)
    greediest, most = sources.most_common(1)[0]
    if sources[source] < most:
        return next(session for session in own if session.peer[0] == greediest)
    return None
