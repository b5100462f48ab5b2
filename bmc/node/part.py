"""What a part of a node works with, and what it gives: handlers of commands."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from bmc.events import Publish
from bmc.model.caller import Caller
from bmc.model.clock import Clock
from bmc.model.commands import Command
from bmc.model.errors import NotSupported
from bmc.model.node import without
from bmc.model.power import PowerAction, PowerCause
from bmc.node.state import StateKeeper

Handlers = Mapping[type[Command[Any]], Callable[[Any, Caller], Awaitable[Any]]]


class ActAlone(Protocol):
    async def __call__(self, action: PowerAction, cause: PowerCause) -> None:
        """A power action that nobody asked for.

        :raise Busy: somebody has reserved the node. :raise BmcError: as `Power`.
        """


@dataclass(frozen=True, slots=True)
class Bench:
    """The same for every part of one node. `refresh` shows what was changed: it makes the node's next snapshot.

    `lacks` is that of its `Backend`.
    """

    name: str
    keeper: StateKeeper
    clock: Clock
    publish: Publish
    refresh: Callable[[], None]
    lacks: Mapping[str, str]

    def without(self, part: str) -> NotSupported:
        return NotSupported(without(self.name, part, self.lacks))
