"""Which events a destination wants: one filter for every sink."""

from pydantic import BaseModel, ConfigDict, field_validator

from bmc.model.events import Event, EventKind, Severity

ANY_NODE = "*"
KINDS = frozenset(kind.value for kind in EventKind)
FAMILIES = frozenset(kind.partition(".")[0] for kind in KINDS)


class Options(BaseModel):
    """Base of what the configuration file and the store say of a destination."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Filter(Options):
    """An event passes that fits every list that is not empty; `nodes` and `tags` are one list.

    `kinds` are events' public names, or their families (`power`). `nodes` may hold "*": every event that is about a
    node.
    """

    kinds: list[str] = []
    nodes: list[str] = []
    tags: list[str] = []
    severities: list[Severity] = []

    @field_validator("kinds")
    @classmethod
    def _known(cls, kinds: list[str]) -> list[str]:
        for kind in kinds:
            if kind not in KINDS and kind not in FAMILIES:
                raise ValueError(f"there is no event {kind!r}; expected one of {', '.join(sorted(KINDS))}, or a family")
        return kinds

    def wants(self, event: Event, tags: frozenset[str]) -> bool:
        """`tags` are those of the event's node. A test passes every filter: it tries the way."""
        if event.kind is EventKind.TEST:
            return True
        kind = event.kind.value
        if self.kinds and kind not in self.kinds and kind.partition(".")[0] not in self.kinds:
            return False
        if self.severities and event.severity not in self.severities:
            return False
        if not self.nodes and not self.tags:
            return True
        any_node = bool(event.node) and ANY_NODE in self.nodes
        return any_node or event.node in self.nodes or not tags.isdisjoint(self.tags)
