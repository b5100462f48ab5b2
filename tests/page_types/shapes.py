"""What the documents of a service hold, type by type: which properties, and which of them are always there."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.page_types.schemas import Property, Schemas

OURS = "Lightsout"
COLLECTION = "Collection"
EXCERPT = "Excerpt"
ANNOTATED = {
    "Redfish.Settings": "Settings.Settings",
    "Redfish.SettingsApplyTime": "Settings.PreferredApplyTime",
    "Message.ExtendedInfo": "Message.Message",
}
"""Annotations that are objects."""


@dataclass
class Seen:
    """A property as it was met: how often, as what, and what of our own lay below it."""

    times: int = 0
    property: Property | None = None
    link: bool = False
    whole: bool = False
    ours: set[str] = field(default_factory=set)
    inner: "Shape | None" = None


@dataclass
class Shape:
    """An object as it was met: how often, and its properties by their names."""

    kind: str
    times: int = 0
    properties: dict[str, Seen] = field(default_factory=dict)

    def always(self, name: str) -> bool:
        """What may be done depends on who asks, and when."""
        if name == "Actions" or name.startswith("#"):
            return False
        seen = self.properties[name]
        return seen.times == self.times or bool(seen.property and seen.property.required)


class Shapes:
    """Grows with each document. `types` are DMTF's, by `Namespace.Name`; an excerpt of a resource has its own shape.

    :raise LookupError: a property that no schema knows.
    """

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self.types: dict[str, Shape] = {}
        self.collections: set[str] = set()

    def add(self, document: Mapping[str, Any]) -> None:
        """A resource, or anything else that says its `@odata.type`."""
        name = str(document["@odata.type"]).rpartition(".")[2]
        if name.endswith(COLLECTION):
            if not name.startswith(OURS):
                self.collections.add(name.removesuffix(COLLECTION))
            for member in document["Members"]:
                if len(member) > 1:
                    self.add(member)
        elif not name.startswith(OURS):
            self._look(self._shape(f"{name}.{name}"), document)

    def _shape(self, kind: str) -> Shape:
        return self.types.setdefault(kind, Shape(kind))

    def _look(self, shape: Shape, value: Mapping[str, Any]) -> None:
        shape.times += 1
        known = self._schemas.properties(shape.kind.removesuffix(EXCERPT))
        for name, content in value.items():
            seen = shape.properties.setdefault(name, Seen(property=known.get(name)))
            seen.times += 1
            if name.startswith("#"):
                seen.inner = seen.inner or Shape(name)
                self._count(seen.inner, content)
            elif name == "Oem":
                self._oem(seen, shape, content)
            elif seen.property:
                for each in content if seen.property.many else [content]:
                    self._value(seen, seen.property, each)
            elif "@" in name:
                if kind := ANNOTATED.get(name.partition("@")[2]):
                    for each in content if isinstance(content, list) else [content]:
                        self._look(self._shape(kind), each)
            else:
                raise LookupError(f"{shape.kind} has no {name}")

    def _oem(self, seen: Seen, holder: Shape, content: Mapping[str, Any]) -> None:
        if holder.kind.endswith("Actions"):
            seen.inner = seen.inner or Shape("Oem")
            self._look_at_actions(seen.inner, content)
        else:
            seen.ours.add(str(content[OURS]["@odata.type"]).rpartition(".")[2])

    def _look_at_actions(self, shape: Shape, content: Mapping[str, Any]) -> None:
        shape.times += 1
        for name, action in content.items():
            seen = shape.properties.setdefault(name, Seen(inner=Shape(name)))
            seen.times += 1
            assert seen.inner is not None
            self._count(seen.inner, action)

    def _count(self, shape: Shape, content: Mapping[str, Any]) -> None:
        shape.times += 1
        for name in content:
            shape.properties.setdefault(name, Seen()).times += 1

    def _value(self, seen: Seen, property_: Property, value: object) -> None:
        if value is None and property_.many:
            raise LookupError(f"null among several {property_.kind}: no array of this service has a fixed length")
        if not isinstance(value, Mapping):
            return
        if property_.link and value.keys() <= {"@odata.id"}:
            seen.link = True
            return
        if inner := self._schemas.open(property_.kind):
            for each in value.values():
                self._value(seen, replace(property_, kind=inner, many=False), each)
            return
        seen.whole = True
        self._look(self._shape(property_.kind + EXCERPT * property_.excerpt), value)
