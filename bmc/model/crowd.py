"""Who makes room when a door is full: one place that opens many connections must not keep the others out."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TypeVar

from bmc.model.place import place_of

M = TypeVar("M")


def who_makes_room(members: Iterable[M], address: Callable[[M], str]) -> M | None:
    """Of the place that has most, the first of `members`, which come oldest first; None when there are none."""
    there = [(member, place_of(address(member))[0]) for member in members]
    most = Counter(where for _, where in there).most_common(1)
    return next((member for member, where in there if where == most[0][0]), None)
