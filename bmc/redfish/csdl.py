"""CSDL and JSON schema documents of our own types (DSP0266 §8.2), made from what pydantic says of them."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from bmc.redfish.types import FILES, ID_REF, JsonObject, csdl_file

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Action:
    """One of our own: its name, with ours before it; its parameters, what it does, and what it answers, if anything but
    a task.
    """

    name: str
    body: type[BaseModel]
    text: str
    answer: type | None = None

    @property
    def own_name(self) -> str:
        return self.name.rpartition(".")[2]


ORGANISATION = "Lightsout"
RESOURCE = "Resource.v1_0_0"
EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
EDM = "http://docs.oasis-open.org/odata/ns/edm"
JSON_SCHEMA = "http://redfish.dmtf.org/schemas/v1/redfish-schema-v1.json"
_VOCABULARIES = {
    "http://docs.oasis-open.org/odata/odata/v4.0/errata03/csd01/complete/vocabularies/Org.OData.Core.V1.xml": (
        "Org.OData.Core.V1",
        "OData",
    ),
    csdl_file("RedfishExtensions"): ("RedfishExtensions.v1_0_0", "Redfish"),
    csdl_file("Resource"): (RESOURCE, ""),
}
_PLAIN = {"string": "Edm.String", "integer": "Edm.Int64", "number": "Edm.Decimal", "boolean": "Edm.Boolean"}
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


class _Untitled(GenerateJsonSchema):
    """Without the titles that pydantic makes of the properties' names."""

    def field_title_should_be_set(self, schema: object) -> bool:
        return False


def schema_of(kind: type) -> Schema:
    """The JSON schema of a TypedDict or model."""
    return TypeAdapter(kind).json_schema(schema_generator=_Untitled)


def json_document(name: str, version: str, schema: Schema) -> JsonObject:
    """The JSON schema file of the type `name`."""
    definitions = {name: _bare(schema), **schema.get("$defs", {})}
    return {
        "$id": f"{FILES}/{name}.{version}.json",
        "$schema": JSON_SCHEMA,
        "$ref": f"#/definitions/{name}",
        "title": f"#{name}.{version}.{name}",
        "owningEntity": ORGANISATION,
        "definitions": {key: _published(value) for key, value in definitions.items()},
    }


def collection_document(member: str) -> JsonObject:
    """The JSON schema file of a collection of `member`."""
    name = f"{member}Collection"
    references = {"type": "array", "items": {"$ref": ID_REF}, "readonly": True}
    properties = {"Name": {"type": "string"}, "Members@odata.count": {"type": "integer"}, "Members": references}
    return {
        "$id": f"{FILES}/{name}.json",
        "$schema": JSON_SCHEMA,
        "$ref": f"#/definitions/{name}",
        "title": f"#{name}.{name}",
        "owningEntity": ORGANISATION,
        "definitions": {name: {"type": "object", "properties": properties, "required": list(properties)}},
    }


def actions_document(actions: Iterable[Action]) -> JsonObject:
    """The JSON schema file of our actions: a definition each, of its parameters, and one of what it answers."""
    definitions: JsonObject = {}
    for action in actions:
        schema = schema_of(action.body)
        definitions |= schema.get("$defs", {})
        definitions[action.own_name] = {**_bare(schema), "description": action.text}
        if action.answer:
            answer = schema_of(action.answer)
            definitions |= {**answer.get("$defs", {}), action.answer.__name__: _bare(answer)}
    return {
        "$id": f"{FILES}/{ORGANISATION}.json",
        "$schema": JSON_SCHEMA,
        "title": f"#{ORGANISATION}",
        "owningEntity": ORGANISATION,
        "definitions": {key: _published(value) for key, value in definitions.items()},
    }


def _bare(schema: Schema) -> JsonObject:
    return {key: said for key, said in schema.items() if key != "$defs"}


def _published(value: Any) -> Any:
    """Without what only the CSDL is made from, and with references as the older drafts of JSON schema have them."""
    if isinstance(value, Mapping):
        return {key: _published(item) for key, item in value.items() if key != "csdl"}
    if isinstance(value, str):
        return value.replace("#/$defs/", "#/definitions/")
    return [_published(item) for item in value] if isinstance(value, list) else value


def extension_csdl(name: str, version: str, schema: Schema) -> str:
    """The CSDL file of what lies below Oem."""
    document = _Document()
    document.namespace(name)
    document.namespace(f"{name}.{version}")
    document.complex_type(name, schema, "Resource.OemObject")
    return document.text()


def resource_csdl(name: str, version: str, schema: Schema, uri: str) -> str:
    """The CSDL file of a resource."""
    document = _Document()
    document.namespace(name)
    abstract = document.add("EntityType", Name=name, BaseType=f"{RESOURCE}.Resource", Abstract="true")
    document.describe(abstract, schema.get("description", ""))
    document.uris(abstract, uri, ("Update", "Delete") if is_changeable(schema) else ("Delete",))
    document.namespace(f"{name}.{version}")
    entity = document.add("EntityType", Name=name, BaseType=f"{name}.{name}")
    document.properties(entity, schema)
    return document.text()


def is_changeable(schema: Schema) -> bool:
    """Whether clients may change something of it."""
    return any(said.get("readonly") is False for said in schema.get("properties", {}).values())


def collection_csdl(member: str, uri: str) -> str:
    """The CSDL file of a collection of `member`."""
    document = _Document()
    document.needs(member)
    name = f"{member}Collection"
    document.namespace(name)
    entity = document.add("EntityType", Name=name, BaseType=f"{RESOURCE}.ResourceCollection")
    document.describe(entity, f"The collection of {member} resources.")
    document.uris(entity, uri, ("Insert",))
    property_ = ET.SubElement(
        entity, "NavigationProperty", Name="Members", Type=f"Collection({member}.{member})", Nullable="false"
    )
    document.describe(property_, "The members of this collection.")
    document.annotate(property_, "OData.Permissions", EnumMember="OData.Permission/Read")
    document.annotate(property_, "OData.AutoExpandReferences")
    document.annotate(property_, "Redfish.Required")
    return document.text()


def actions_csdl(actions: Mapping[str, Iterable[Action]]) -> str:
    """The CSDL file of our actions, by the resource that has them."""
    document = _Document()
    document.namespace(ORGANISATION)
    for resource, each in actions.items():
        document.needs(resource)
        for action in each:
            document.action(resource, action)
    return document.text()


def written(root: ET.Element) -> str:
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


class _Document:
    """One CSDL file as it grows; what is added goes into the namespace begun last."""

    def __init__(self) -> None:
        self._needed: dict[str, None] = {}
        self._services = ET.Element("edmx:DataServices")
        self._schema = self._services
        self._name = ""
        self._defined: set[str] = set()

    def namespace(self, name: str) -> None:
        self._name = name
        self._defined = set()
        self._schema = ET.SubElement(self._services, "Schema", {"xmlns": EDM, "Namespace": name})
        self.annotate(self._schema, "Redfish.OwningEntity", String=ORGANISATION)

    def needs(self, name: str) -> None:
        """A schema that this one speaks of."""
        self._needed[name] = None

    def add(self, tag: str, **attributes: str) -> ET.Element:
        return ET.SubElement(self._schema, tag, attributes)

    def annotate(self, element: ET.Element, term: str, **value: str) -> ET.Element:
        return ET.SubElement(element, "Annotation", {"Term": term, **value})

    def describe(self, element: ET.Element, text: str) -> None:
        if text:
            self.annotate(element, "OData.Description", String=text)
            self.annotate(element, "OData.LongDescription", String=text)

    def uris(self, element: ET.Element, uri: str, may: Collection[str] = ()) -> None:
        """Where it is, and what one `may` do to it, of Insert, Update and Delete."""
        for kind, allowed in (("Insert", "Insertable"), ("Update", "Updatable"), ("Delete", "Deletable")):
            record = ET.SubElement(self.annotate(element, f"Capabilities.{kind}Restrictions"), "Record")
            ET.SubElement(record, "PropertyValue", Property=allowed, Bool=str(kind in may).lower())
        strings = ET.SubElement(self.annotate(element, "Redfish.Uris"), "Collection")
        ET.SubElement(strings, "String").text = uri

    def action(self, resource: str, action: Action) -> None:
        element = self.add("Action", Name=action.own_name, IsBound="true")
        self.describe(element, action.text)
        ET.SubElement(element, "Parameter", Name=resource, Type=f"{resource}.v1_0_0.OemActions")
        schema = schema_of(action.body)
        for parameter, said in schema.get("properties", {}).items():
            kind, _ = self.type_of(parameter, said, schema)
            may_lack = str(parameter not in schema.get("required", ())).lower()
            described = ET.SubElement(element, "Parameter", Name=parameter, Type=kind, Nullable=may_lack)
            self.describe(described, said.get("description", parameter))
        if action.answer is not None:
            name, answer = action.answer.__name__, schema_of(action.answer)
            self._define(name, answer, answer)
            ET.SubElement(element, "ReturnType", Type=f"{self._name}.{name}", Nullable="false")

    def complex_type(self, name: str, schema: Schema, base: str = "") -> None:
        """An object without named properties may hold any, and so may one that says so, or says what the others are."""
        element = self.add("ComplexType", Name=name, **({"BaseType": base} if base else {}))
        is_open = schema.get("additionalProperties", "properties" not in schema) is not False
        self.annotate(element, "OData.AdditionalProperties", Bool=str(is_open).lower())
        self.describe(element, schema.get("description", ""))
        self.properties(element, schema)
        if is_open:
            record = ET.SubElement(
                ET.SubElement(self.annotate(element, "Redfish.DynamicPropertyPatterns"), "Collection"), "Record"
            )
            ET.SubElement(record, "PropertyValue", Property="Pattern", String=".+")
            ET.SubElement(record, "PropertyValue", Property="Type", String="Edm.PrimitiveType")

    def properties(self, element: ET.Element, schema: Schema) -> None:
        for name, said in schema.get("properties", {}).items():
            kind, nullable = self.type_of(name, said, schema)
            linked = _said(said, "csdl")
            tag = "NavigationProperty" if linked else "Property"
            property_ = ET.SubElement(element, tag, Name=name, Type=kind, Nullable=str(nullable).lower())
            may = "Read" if said.get("readonly", True) else "ReadWrite"
            self.annotate(property_, "OData.Permissions", EnumMember=f"OData.Permission/{may}")
            self.describe(property_, _said(said, "description") or name)

    def type_of(self, name: str, said: Schema, whole: Schema) -> tuple[str, bool]:
        """The CSDL type of a property, defined on the way if need be, and whether it may be null."""
        choices = [each for each in said.get("anyOf", [said]) if each.get("type") != "null"]
        nullable = len(choices) < len(said.get("anyOf", [said]))
        moment = _said(said, "format") == "date-time"
        said = choices[0] if len(choices) == 1 else {}
        if "csdl" in said:
            self.needs(said["csdl"].partition(".")[0])
            return said["csdl"], nullable
        if "$ref" in said:
            name = said["$ref"].rpartition("/")[2]
            said = whole["$defs"][name]
        if said.get("type") == "array":
            kind, has_nulls = self.type_of(name, said["items"], whole)
            return f"Collection({kind})", nullable or has_nulls
        if said.get("type") == "object":
            self._define(name, said, whole)
            return f"{self._name}.{name}", nullable
        if "enum" in said and all(_IDENTIFIER.fullmatch(str(member)) for member in said["enum"]):
            self._enumerate(name, said)
            return f"{self._name}.{name}", nullable
        if moment:
            return "Edm.DateTimeOffset", nullable
        return _PLAIN.get(said.get("type", ""), "Edm.PrimitiveType"), nullable  # of several kinds: no better word

    def _define(self, name: str, said: Schema, whole: Schema) -> None:
        if name not in self._defined:
            self._defined.add(name)
            self.complex_type(name, {**said, "$defs": whole.get("$defs", {})})

    def _enumerate(self, name: str, said: Schema) -> None:
        if name not in self._defined:
            self._defined.add(name)
            element = self.add("EnumType", Name=name)
            for member in said["enum"]:
                ET.SubElement(element, "Member", Name=str(member))

    def text(self) -> str:
        root = ET.Element("edmx:Edmx", {"xmlns:edmx": EDMX, "Version": "4.0"})
        for uri, (name, alias) in _VOCABULARIES.items():
            include = {"Namespace": name, **({"Alias": alias} if alias else {})}
            ET.SubElement(ET.SubElement(root, "edmx:Reference", Uri=uri), "edmx:Include", include)
        for name in self._needed:
            ET.SubElement(ET.SubElement(root, "edmx:Reference", Uri=csdl_file(name)), "edmx:Include", Namespace=name)
        root.append(self._services)
        return written(root)


def _said(said: Schema, key: str) -> str:
    """What a property or one of its choices says under `key`."""
    return str(next((each[key] for each in (said, *said.get("anyOf", ())) if key in each), ""))
