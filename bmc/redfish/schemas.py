"""Which schemas are in use: $metadata, JsonSchemas, and the files of the schemas of our own (DSP0266 §8)."""

from collections.abc import Callable
from functools import partial
from typing import Any
from xml.etree import ElementTree as ET

from aiohttp import web

from bmc.redfish import csdl
from bmc.redfish.errors import not_found
from bmc.redfish.negotiation import JSON, XML
from bmc.redfish.oem import EXTENSIONS, RESOURCES, LightsoutComputerSystem
from bmc.redfish.router import Call, Reply, Route
from bmc.redfish.service_actions import OEM_ACTIONS as SERVICE_ACTIONS
from bmc.redfish.system_actions import OEM_ACTIONS as SYSTEM_ACTIONS
from bmc.redfish.types import (
    COLLECTIONS,
    FILES,
    METADATA,
    VERSIONS,
    JsonObject,
    collection,
    csdl_file,
    json_schema,
    links,
    odata_type,
    resource,
)

Document = Callable[[Call], str | JsonObject]

JSON_SCHEMAS = "/redfish/v1/JsonSchemas"
ACTIONS = {"ComputerSystem": SYSTEM_ACTIONS, "Manager": SERVICE_ACTIONS}
BY_NAME = {kind.__name__: kind for kind in (*EXTENSIONS, *RESOURCES)}
NAMES = [*(f"{name}.{version}" for name, version in VERSIONS.items()), *COLLECTIONS]


async def metadata(_: Call) -> web.Response:
    """Which schemas are in use (DSP0266 §8.4.1)."""
    namespaces = {name: [name, f"{name}.{version}"] for name, version in VERSIONS.items()}
    namespaces |= {name: [name] for name in (*COLLECTIONS, csdl.ORGANISATION)}
    root = ET.Element("edmx:Edmx", {"xmlns:edmx": csdl.EDMX, "Version": "4.0"})
    for name, included in sorted(namespaces.items()):
        reference = ET.SubElement(root, "edmx:Reference", Uri=csdl_file(name))
        for namespace in included:
            ET.SubElement(reference, "edmx:Include", Namespace=namespace)
    extensions = ET.SubElement(root, "edmx:Reference", Uri=csdl_file("RedfishExtensions"))
    ET.SubElement(extensions, "edmx:Include", Namespace="RedfishExtensions.v1_0_0", Alias="Redfish")
    service = ET.SubElement(
        ET.SubElement(root, "edmx:DataServices"), "Schema", {"xmlns": csdl.EDM, "Namespace": "Service"}
    )
    container = f"ServiceRoot.{VERSIONS['ServiceRoot']}.ServiceContainer"
    ET.SubElement(service, "EntityContainer", Name="Service", Extends=container)
    return _xml(csdl.written(root))


async def list_schemas(_: Call) -> Reply:
    members = links([f"{JSON_SCHEMAS}/{name}" for name in sorted(NAMES)])
    return Reply(collection(JSON_SCHEMAS, "JsonSchemaFileCollection", "JSON schemas", members))


async def get_schema(call: Call) -> Reply:
    name = call.params["schema"]
    if name not in NAMES:
        raise not_found(call.path)
    where = json_schema(name)
    location = {"Language": "en", "Uri" if where.startswith(FILES) else "PublicationUri": where}
    body = resource(f"{JSON_SCHEMAS}/{name}", "JsonSchemaFile", Id=name, Name=f"Schema {name}")
    return Reply(body | {"Schema": odata_type(name.partition(".")[0]), "Languages": ["en"], "Location": [location]})


async def get_file(call: Call) -> Reply | web.Response:
    """A file of a schema of our own."""
    make = DOCUMENTS.get(call.params["file"])
    if make is None:
        raise not_found(call.path)
    made = make(call)
    return _xml(made) if isinstance(made, str) else Reply(made)


def _schema(name: str, call: Call) -> csdl.Schema:
    """Of a type of our own; a System's Options are those of all drivers together."""
    schema = csdl.schema_of(BY_NAME[name])
    if name != LightsoutComputerSystem.__name__:
        return schema
    options: dict[str, Any] = {}
    definitions = dict(schema["$defs"])
    for driver in call.house.fleet.options_schemas():
        definitions |= driver.get("$defs", {})
        for option, said in driver.get("properties", {}).items():
            options[option] = {**said, "readonly": False} if options.get(option, said) == said else {}
    known = {option: said for option, said in options.items() if said}
    properties = schema["properties"]
    opened = {**properties["Options"], "properties": known, "additionalProperties": True}
    return {**schema, "$defs": definitions, "properties": {**properties, "Options": opened}}


def _csdl(name: str, call: Call) -> str:
    schema, version = _schema(name, call), VERSIONS[name]
    if uri := RESOURCES.get(BY_NAME[name]):
        return csdl.resource_csdl(name, version, schema, uri)
    return csdl.extension_csdl(name, version, schema)


def _json(name: str, call: Call) -> JsonObject:
    return csdl.json_document(name, VERSIONS[name], _schema(name, call))


def _collection(member: str, uri: str) -> dict[str, Document]:
    name = f"{member}Collection"
    return {
        f"{name}_v1.xml": lambda _: csdl.collection_csdl(member, uri.rpartition("/")[0]),
        f"{name}.json": lambda _: csdl.collection_document(member),
    }


def _documents() -> dict[str, Document]:
    made: dict[str, Document] = {}
    for name in BY_NAME:
        made |= {f"{name}_v1.xml": partial(_csdl, name), f"{name}.{VERSIONS[name]}.json": partial(_json, name)}
    for kind, uri in RESOURCES.items():
        made |= _collection(kind.__name__, uri)
    made[f"{csdl.ORGANISATION}_v1.xml"] = lambda _: csdl.actions_csdl(ACTIONS)
    made[f"{csdl.ORGANISATION}.json"] = lambda _: csdl.actions_document([*SYSTEM_ACTIONS, *SERVICE_ACTIONS])
    return made


def _xml(text: str) -> web.Response:
    headers = {"OData-Version": "4.0", "Cache-Control": "no-store"}
    return web.Response(text=text, content_type=XML, headers=headers)


DOCUMENTS = _documents()
"""The files of our own schemas, by their names."""
ROUTES = (
    Route("GET", METADATA, metadata, role=None, media=(XML,)),
    Route("GET", JSON_SCHEMAS, list_schemas),
    Route("GET", f"{JSON_SCHEMAS}/{{schema}}", get_schema),
    Route("GET", f"{FILES}/{{file}}", get_file, media=(JSON, XML)),
)
