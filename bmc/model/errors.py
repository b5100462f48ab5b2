"""What can go wrong with a node, said once; each door has one table that translates these."""

from collections.abc import Mapping, Sequence
from typing import Any


class BmcError(Exception):
    """Base of every error that a door may show: the text names what was wrong, what was expected, what to do."""


class Busy(BmcError):
    """Another action is under way, or somebody has reserved the node; the text says who, and why or since when."""


class WrongState(BmcError):
    """The action makes no sense in the node's present state."""


class Refused(BmcError):
    """An interlock, or an Unknown power state, forbids the action. Nothing was done."""


class NotSupported(BmcError):
    """This node has nothing that could carry out the command."""


class InvalidRequest(BmcError):
    """The request itself is wrong; the text names the field, its value and what was expected."""


class InvalidOptions(InvalidRequest):
    """A node's options that its driver does not take; `problems` are `ErrorDetails` of pydantic, from options on."""

    def __init__(self, problems: Sequence[Mapping[str, Any]]) -> None:
        super().__init__("; ".join(map(self.words, problems)))
        self.problems = problems

    @staticmethod
    def words(problem: Mapping[str, Any]) -> str:
        path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in problem["loc"])
        if problem["type"] == "extra_forbidden":  # its value may be a secret in the wrong place
            return f"options{path}: there is no such option"
        shown = isinstance(problem["input"], str | int | float | bool)
        given = f" (given: {problem['input']!r})" if shown else ""
        return f"options{path}: {problem['msg'].removeprefix('Value error, ')}{given}"


class NotFound(BmcError):
    """What the request names does not exist."""


class Denied(BmcError):
    """The caller's role or scope does not allow the command."""


class Unreachable(BmcError):
    """The other end did not answer and nothing was done."""


class OutcomeUnknown(BmcError):
    """The command may have been carried out; only looking can tell."""


class BackendFailed(BmcError):
    """The backend tried and failed; the text carries its reason."""


class TimedOut(BmcError):
    """The action was started but its effect was not seen in time; nothing was forced."""
