"""How many connections there may be: whoever opens many, or one and never signs in, must not keep others out."""

from typing import Generic, Protocol, TypeVar

from bmc.model.crowd import who_makes_room

MOST_WAITING = 64
MOST_SIGNED_IN = 250


class Member(Protocol):
    """One connection; `address` is where it came from."""

    address: str

    def drop(self) -> None:
        """End at once."""


M = TypeVar("M", bound=Member)


class Crowd(Generic[M]):
    """Those that have not signed in yet, and those that have.

    Of the former, the place that has most makes room by its oldest: a person with one connection has the time to
    type a password while another opens thousands.
    """

    def __init__(self) -> None:
        self._waiting: dict[M, None] = {}
        self._signed_in: dict[M, None] = {}

    @property
    def waiting(self) -> list[M]:
        return list(self._waiting)

    @property
    def signed_in(self) -> list[M]:
        return list(self._signed_in)

    def arrived(self, member: M) -> None:
        full = len(self._waiting) >= MOST_WAITING
        if full and (oldest := who_makes_room(self._waiting, lambda each: each.address)):
            del self._waiting[oldest]
            oldest.drop()
        self._waiting[member] = None

    def admit(self, member: M) -> bool:
        """Whether there is room for one more that has signed in."""
        self._waiting.pop(member, None)
        if len(self._signed_in) >= MOST_SIGNED_IN:
            return False
        self._signed_in[member] = None
        return True

    def left(self, member: M) -> None:
        self._waiting.pop(member, None)
        self._signed_in.pop(member, None)
