"""What goes into the store and what comes out of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None
Facts: TypeAlias = Mapping[str, str | bool]
"""What a record says at some places in it, as `details.writable`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a bucket. `revision` grows with every write to the store and is never used twice."""

    key: str
    value: dict[str, Any]
    revision: int


@dataclass(frozen=True, slots=True)
class Record:
    """One place of a stream; `sequence` counts from 1 without gaps."""

    sequence: int
    value: dict[str, Any]
