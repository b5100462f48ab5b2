"""What a person is asked to do at a machine, as a value."""

from dataclasses import dataclass
from enum import Enum


class Answer(Enum):
    DONE = "Done"
    COULD_NOT = "CouldNot"


@dataclass(frozen=True, slots=True)
class Assignment:
    """`text` says what is to be done; times are in seconds since the epoch."""

    id: str
    node: str
    text: str
    at: float
    deadline: float
