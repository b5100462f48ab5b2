"""What DMTF's CSDL says of a type: its properties, what they are, and whether they may be null."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

from bmc.redfish.types import VERSIONS

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
VERSION = re.compile(r"\.v(\d+)_(\d+)_(\d+)$")
Order = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Property:
    """`kind`: an Edm type, or one of a schema as `Namespace.Name`. `link`: what is there may be only its address;
    `excerpt`: it is a part of it.
    """

    kind: str
    many: bool
    nullable: bool
    link: bool
    excerpt: bool
    required: bool


class Schemas:
    """The schemas of a folder, each up to the version that the service speaks; others as new as they are."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.properties = cache(self._properties)
        self.members = cache(self._members)
        self.open = cache(self._open)
        self._file = cache(self._read)

    def _properties(self, kind: str) -> dict[str, Property]:
        """All of them, by name, those of its bases first."""
        found: dict[str, Property] = {}
        for element in self._elements(kind):
            base = plain(element.get("BaseType", ""))
            if base not in ("", kind):
                found |= self.properties(base)
            for each in element:
                if each.tag in (f"{EDM}Property", f"{EDM}NavigationProperty"):
                    found[each.attrib["Name"]] = _property(each)
        return found

    def _members(self, kind: str) -> list[str]:
        """The values of an enumeration; none if it is something else."""
        values = []
        for element in self._elements(kind):
            values += [each.attrib["Name"] for each in element.findall(f"{EDM}Member")]
            values += [
                value.attrib["String"]
                for value in element.iter(f"{EDM}PropertyValue")
                if element.tag == f"{EDM}TypeDefinition" and value.get("Property") == "Member"
            ]
        return values

    def underlying(self, kind: str) -> str:
        """The Edm type of a type definition; empty if it is something else."""
        return next((element.get("UnderlyingType", "") for element in self._elements(kind)), "")

    def _open(self, kind: str) -> str:
        """The type of what an object may hold under any name; empty if it may hold nothing else."""
        for element in self._elements(kind):
            for value in element.iter(f"{EDM}PropertyValue"):
                if value.get("Property") == "Type":
                    return plain(value.attrib["String"])
            for said in element.findall(f"{EDM}Annotation"):
                if said.get("Term") == "OData.AdditionalProperties" and said.get("Bool") == "true":
                    return "Edm.PrimitiveType"
            base = plain(element.get("BaseType", ""))
            if base not in ("", kind) and (found := self.open(base)):
                return found
        return ""

    def _elements(self, kind: str) -> list[ET.Element]:
        """What each version adds, in their order."""
        namespace, _, name = kind.rpartition(".")
        return [element for element in self._file(namespace) if element.get("Name") == name]

    def _read(self, namespace: str) -> list[ET.Element]:
        root = ET.parse(self._folder / f"{namespace}_v1.xml").getroot()
        ours = _order(f".{VERSIONS[namespace]}") if namespace in VERSIONS else (1 << 31,)
        schemas = {_order(each.attrib["Namespace"]): each for each in root.iter(f"{EDM}Schema")}
        return [element for order, schema in sorted(schemas.items()) if order <= ours for element in schema]


def plain(kind: str) -> str:
    """`ComputerSystem.v1_5_0.Boot` → `ComputerSystem.Boot`."""
    namespace, _, name = kind.rpartition(".")
    return f"{VERSION.sub('', namespace)}.{name}" if namespace else kind


def _order(namespace: str) -> Order:
    found = VERSION.search(namespace)
    return tuple(map(int, found.groups())) if found else ()


def _property(element: ET.Element) -> Property:
    kind = element.attrib["Type"]
    inner = kind.removeprefix("Collection(").removesuffix(")")
    terms = {each.get("Term") for each in element.findall(f"{EDM}Annotation")}
    return Property(
        plain(inner),
        many=inner != kind,
        nullable=element.get("Nullable") != "false",
        link=element.tag == f"{EDM}NavigationProperty",
        excerpt="Redfish.ExcerptCopy" in terms,
        required="Redfish.Required" in terms,
    )
