"""The page's types of what the tree holds: of DMTF's schemas as far as the service uses them, and of our own whole."""

from collections.abc import Iterable, Mapping
from typing import Any

from bmc.redfish.csdl import Schema, schema_of
from bmc.redfish.images import NewImage
from bmc.redfish.library_media import NewMedium
from bmc.redfish.oem import EXTENSIONS, RESOURCES
from bmc.redfish.schemas import ACTIONS
from bmc.redfish.tokens import NewToken
from bmc.redfish.types import ID_REF
from tests.page_types.schemas import Property, Schemas
from tests.page_types.shapes import EXCERPT, Seen, Shape, Shapes

NEW = (NewImage, NewMedium, NewToken)
"""What is asked for to make resources of our own."""
WIDTH = 120
OURS = "Ours"
MADE = "Made by scripts/types: not to be edited."
EDM = {
    **dict.fromkeys(("Edm.String", "Edm.Guid", "Edm.DateTimeOffset", "Edm.Duration"), "string"),
    **dict.fromkeys(("Edm.Int64", "Edm.Decimal", "Edm.Double"), "number"),
    "Edm.Boolean": "boolean",
    "Edm.PrimitiveType": "string | number | boolean",
}
ANNOTATIONS = {
    "odata.id": "string",
    "odata.type": "string",
    "odata.etag": "string",
    "odata.context": "string",
    "odata.count": "number",
    "Redfish.AllowableValues": "string[]",
    "Redfish.ActionInfo": "string",
    "Redfish.Settings": "Settings",
    "Redfish.SettingsApplyTime": "SettingsPreferredApplyTime",
    "Message.ExtendedInfo": "Message[]",
}
HEAD = """\
export interface Link {
  "@odata.id": string;
}

/** What every resource has. */
export interface Resource extends Link {
  "@odata.type": string;
  "@odata.etag"?: string;
  Id: string;
  Name: string;
  Description?: string | null;
}

/** `Members` are whole where the request or the log wants it so. */
export interface Collection<T> extends Link {
  "@odata.type": string;
  "@odata.etag"?: string;
  Name: string;
  Description?: string | null;
  "Members@odata.count": number;
  "Members@odata.nextLink"?: string;
  Members: (T | Link)[];
}

export interface ActionTarget {
  target: string;
}
"""


def standard_types(documents: Iterable[Mapping[str, Any]], schemas: Schemas) -> str:
    """The file of the standard's types, as far as `documents` show them."""
    shapes = Shapes(schemas)
    for document in documents:
        shapes.add(document)
    return _Standard(shapes, schemas).text()


def own_types() -> str:
    """The file of our own types, and of what makes resources of them, and of what our actions take and answer."""
    said: dict[str, Schema] = {}
    for kind in (*EXTENSIONS, *RESOURCES, *NEW):
        _gather(said, kind, schema_of(kind))
    for actions in ACTIONS.values():
        for action in actions:
            for part in (action.body, action.answer):
                if part is not None and schema_of(part).get("properties"):
                    _gather(said, part, schema_of(part))
    base = {each.__name__: "Resource" for each in RESOURCES}
    annotated = {each.__name__ for each in EXTENSIONS}
    parts = [_own(name, schema, base.get(name, ""), name in annotated) for name, schema in sorted(said.items())]
    parts += [_collection(each, each) for each in base]
    return "\n".join([f"/** What is our own in the tree. {MADE} */", HEAD, *parts])


def _gather(said: dict[str, Schema], kind: type, schema: Schema) -> None:
    for name, each in {kind.__name__: schema, **schema.get("$defs", {})}.items():
        bare = {key: value for key, value in each.items() if key != "$defs"}
        if said.setdefault(name, bare) != bare:
            raise ValueError(f"two types of ours are called {name}")


def _own(name: str, schema: Schema, base: str, annotated: bool) -> str:
    text = _comment(schema.get("description", ""))
    if "enum" in schema:
        return text + _union(name, schema["enum"])
    if "properties" not in schema:
        return text + f"export type {name} = {_of_json(schema)};\n"
    lines = ['  "@odata.type": string;'] if annotated else []
    for each, said in schema.get("properties", {}).items():
        asked = "" if each in schema.get("required", ()) else "?"
        description = said.get("description", "")
        lines.append(_comment(description, "  ") + f"  {_key(each)}{asked}: {_of_json(said)};")
    return text + _interface(name, lines, base)


def _of_json(said: Schema) -> str:
    if "anyOf" in said:
        return " | ".join(dict.fromkeys(_of_json(each) for each in said["anyOf"]))
    if "$ref" in said:
        return "Link" if said["$ref"] == ID_REF else str(said["$ref"]).rpartition("/")[2]
    if "enum" in said:
        return " | ".join(f'"{value}"' for value in said["enum"])
    match said.get("type"):
        case "array":
            return _many(_of_json(said["items"]))
        case "object":
            return "Record<string, unknown>"
        case "integer" | "number":
            return "number"
        case str(plain):
            return plain
    return "unknown"


class _Standard:
    def __init__(self, shapes: Shapes, schemas: Schemas) -> None:
        self._shapes = shapes
        self._schemas = schemas
        self._made: dict[str, str] = {}
        self._ours: set[str] = set()

    def text(self) -> str:
        for kind, shape in self._shapes.types.items():
            if "." in kind:
                self._interface(type_name(kind), shape)
        for member in self._shapes.collections:
            met = f"{member}.{member}" in self._shapes.types
            self._made[f"{member}Collection"] = _collection(member, member if met else "Link")
        made = [text for _, text in sorted(self._made.items())]
        ours = sorted({*self._ours, "ActionTarget", "Collection", "Link"})
        return "\n".join([f"/** What the tree holds. {MADE} */", _import(ours, "lightsout"), *made])

    def _interface(self, name: str, shape: Shape, base: str = "") -> None:
        lines, parameter = [], ""
        for key, seen in sorted(shape.properties.items()):
            if base and key == "target":
                continue
            if len(seen.ours) > 1:
                parameter = f"<{OURS} = {' | '.join(sorted(seen.ours))}>"
            asked = "" if shape.always(key) else "?"
            lines.append(f"  {_key(key)}{asked}: {self._type(key, seen, name)};")
        self._made[name] = _interface(name + parameter, lines, base)

    def _type(self, key: str, seen: Seen, holder: str) -> str:
        if key.startswith("#"):
            return self._action(key, seen)
        if "@" in key:
            return ANNOTATIONS[key.partition("@")[2]]
        if seen.inner is not None:
            name = f"{holder}Oem"
            self._interface(name, seen.inner)
            return name
        if seen.ours:
            self._ours |= seen.ours
            return f"{{ Lightsout: {OURS if len(seen.ours) > 1 else min(seen.ours)} }}"
        if seen.property is None:
            raise LookupError(f"{holder} has no {key}")
        kind = self._kind(seen.property, seen)
        if seen.property.many:
            return _many(kind)
        return f"{kind} | null" if seen.property.nullable else kind

    def _action(self, key: str, seen: Seen) -> str:
        assert seen.inner is not None
        if seen.inner.properties.keys() <= {"target"}:
            return "ActionTarget"
        name = key.lstrip("#").replace(".", "") + "Action"
        self._interface(name, seen.inner, "ActionTarget")
        return name

    def _kind(self, property_: Property, seen: Seen) -> str:
        kind = property_.kind
        if kind in EDM:
            return EDM[kind]
        if (seen.link and not seen.whole) or (property_.link and kind.startswith("Resource.")):
            return "Link"
        if values := self._schemas.members(kind):
            name = type_name(kind)
            self._made[name] = _union(name, values)
            return name
        if underlying := self._schemas.underlying(kind):
            return EDM[underlying]
        if inner := self._schemas.open(kind):
            return f"Record<string, {self._open(inner)}>"
        kind += EXCERPT * property_.excerpt
        if kind in self._shapes.types:
            return type_name(kind)
        raise LookupError(f"no {kind} was met: the documents that are looked at must show one")

    def _open(self, kind: str) -> str:
        return f"{EDM[kind]} | null" if kind in EDM else type_name(kind)


def type_name(kind: str) -> str:
    """`ComputerSystem.Boot` → `ComputerSystemBoot`, `Resource.Health` → `Health`, `LogEntry.LogEntryType` as it is."""
    namespace, _, name = kind.rpartition(".")
    return name if namespace == "Resource" or name.startswith(namespace) else namespace + name


def _many(kind: str) -> str:
    return f"({kind})[]" if " | " in kind and "<" not in kind else f"{kind}[]"


def _collection(name: str, member: str) -> str:
    return f"export type {name}Collection = Collection<{member}>;\n"


def _key(name: str) -> str:
    return name if name.isidentifier() else f'"{name}"'


def _comment(text: str, indent: str = "") -> str:
    return f"{indent}/** {' '.join(text.split())} */\n" if text else ""


def _interface(name: str, lines: Iterable[str], base: str) -> str:
    extends = f" extends {base}" if base else ""
    return "\n".join([f"export interface {name}{extends} {{", *lines, "}\n"])


def _union(name: str, values: Iterable[Any]) -> str:
    members = [f'"{value}"' for value in values]
    line = f"{' | '.join(members)};"
    for start in (f"export type {name} = ", f"export type {name} =\n  "):
        if len((start + line).rpartition("\n")[2]) <= WIDTH:
            return f"{start}{line}\n"
    return "\n".join([f"export type {name} =", *(f"  | {each}" for each in members)]) + ";\n"


def _import(names: list[str], module: str) -> str:
    line = f'import type {{ {", ".join(names)} }} from "./{module}";\n'
    if len(line) <= WIDTH + 1:
        return line
    return "\n".join(["import type {", *(f"  {each}," for each in names), f'}} from "./{module}";\n'])
