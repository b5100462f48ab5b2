"""What says what we serve: registries and schemas hold all of it."""

import re
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any
from xml.etree import ElementTree as ET

from bmc.drivers import GROUP
from bmc.model.events import EventKind
from bmc.redfish import oem
from bmc.redfish.event_record import message_id
from bmc.redfish.registries import EVENTS, MESSAGES, registry_document
from bmc.redfish.schemas import NAMES
from bmc.redfish.service_actions import OEM_ACTIONS as SERVICE_ACTIONS
from bmc.redfish.system_actions import OEM_ACTIONS as SYSTEM_ACTIONS
from bmc.redfish.tree import all_routes
from bmc.redfish.types import VERSIONS
from tests.redfish.service import Service

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
EDMX = "{http://docs.oasis-open.org/odata/ns/edmx}"


async def test_the_registry_holds_every_kind_of_event(service: Service) -> None:
    assert [kind for kind in EventKind if kind not in EVENTS] == []
    assert len({message_id(kind) for kind in EventKind}) == len(EventKind)
    members = (await service.get("/redfish/v1/Registries"))["Members"]
    files = [await service.get(member["@odata.id"]) for member in members]
    assert [file["Registry"] for file in files] == ["Base.1.22", "Lightsout.1.0", "LightsoutBios.v1_0_0"]
    assert files[0]["Location"][0]["PublicationUri"].startswith("https://redfish.dmtf.org/registries/Base.1.22")
    served = await service.get(files[1]["Location"][0]["Uri"])
    assert served == registry_document()
    for kind in EventKind:
        entry = served["Messages"][message_id(kind).rpartition(".")[2]]
        assert entry["Message"]
        assert entry["Resolution"]
        assert entry["NumberOfArgs"] == entry["Message"].count("%")
    assert (await service.call("GET", "/redfish/v1/Registries/Other.1.0")).status == 404


async def test_every_message_of_ours_that_is_sent_is_in_the_registry(service: Service) -> None:
    sent = str(await service.get("/redfish/v1/Systems/n1?$expand=.($levels=4)"))
    found = set(re.findall(r"Lightsout\.1\.0\.\w+", sent))
    assert found
    assert found <= MESSAGES.keys()


def ours(metadata: ET.Element) -> dict[str, ET.Element]:
    """The references that lead to files of this service, by path."""
    found = {each.attrib["Uri"]: each for each in metadata.iter(f"{EDMX}Reference") if each.attrib["Uri"][0] == "/"}
    assert found
    return found


async def test_metadata_names_every_schema_and_our_own_lie_where_it_says(service: Service) -> None:
    text = (await service.call("GET", "/redfish/v1/$metadata", as_="")).body
    root = ET.fromstring(text)
    included = {each.attrib["Namespace"] for each in root.iter(f"{EDMX}Include")}
    assert {*NAMES, *VERSIONS, "Lightsout"} <= included
    for uri, reference in ours(root).items():
        file = ET.fromstring((await service.call("GET", uri)).body)
        defined = {each.attrib["Namespace"] for each in file.iter(f"{EDM}Schema")}
        assert {each.attrib["Namespace"] for each in reference.iter(f"{EDMX}Include")} <= defined


async def test_every_type_in_a_file_of_ours_is_defined_or_referenced(service: Service) -> None:
    drivers = [entry.load().schema() for entry in entry_points(group=GROUP)]
    service.world.fleet.options_schemas = lambda: drivers  # type: ignore[method-assign]
    root = ET.fromstring((await service.call("GET", "/redfish/v1/$metadata", as_="")).body)
    for uri in ours(root):
        file = ET.fromstring((await service.call("GET", uri)).body)
        known = {each.attrib["Namespace"] for each in file.iter(f"{EDMX}Include")}
        known |= {each.attrib["Namespace"] for each in file.iter(f"{EDM}Schema")} | {"Edm"}
        for element in file.iter():
            kind = element.attrib.get("Type", "").removeprefix("Collection(").removesuffix(")")
            if kind and element.tag.startswith(EDM) and not kind.endswith(".v1_0_0.OemActions"):
                assert kind.rpartition(".")[0] in known, (uri, kind)


def _options() -> list[Mapping[str, Any]]:
    disks = {"type": "array", "items": {"$ref": "#/$defs/Disk"}}
    disk = {"type": "object", "properties": {"size": {"type": "integer"}}}
    first = {"properties": {"disks": disks, "host": {"type": "string"}}, "$defs": {"Disk": disk}}
    return [first, {"properties": {"host": {"type": "integer"}, "port": {"type": "integer"}}}]


async def test_the_schema_of_a_systems_options_is_that_of_all_drivers(service: Service) -> None:
    service.world.fleet.options_schemas = _options  # type: ignore[method-assign]
    file = ET.fromstring((await service.call("GET", "/redfish/v1/Schemas/LightsoutComputerSystem_v1.xml")).body)
    types = {each.attrib["Name"]: each for each in file.iter(f"{EDM}ComplexType")}
    options = {each.attrib["Name"]: each.attrib["Type"] for each in types["Options"].iter(f"{EDM}Property")}
    assert options == {"disks": "Collection(LightsoutComputerSystem.v1_0_0.Disk)", "port": "Edm.Int64"}
    assert "Disk" in types


async def test_an_option_of_hardware_is_a_list_or_an_open_table(service: Service) -> None:
    driver = entry_points(group=GROUP, name="hardware")["hardware"].load()
    service.world.fleet.options_schemas = lambda: [driver.schema()]  # type: ignore[method-assign]
    file = ET.fromstring((await service.call("GET", "/redfish/v1/Schemas/LightsoutComputerSystem_v1.xml")).body)
    types = {each.attrib["Name"]: each for each in file.iter(f"{EDM}ComplexType")}
    options = {each.attrib["Name"]: each.attrib["Type"] for each in types["Options"].iter(f"{EDM}Property")}
    assert options["power"] == "Collection(LightsoutComputerSystem.v1_0_0.power)"
    assert options["sense"] == "Collection(Edm.PrimitiveType)"
    assert options["bmc"] == "LightsoutComputerSystem.v1_0_0.bmc"
    assert options["shared_with"] == "Collection(Edm.String)"
    table = {each.attrib["Name"]: each.attrib["Type"] for each in types["power"].iter(f"{EDM}Property")}
    assert table == {"adapter": "Edm.String", "together": "Collection(LightsoutComputerSystem.v1_0_0.together)"}
    deploy = {each.attrib["Name"]: each.attrib["Type"] for each in types["deploy"].iter(f"{EDM}Property")}
    assert deploy == {"adapter": "Edm.String", "macs": "Collection(Edm.String)"}
    for name in ("Options", "bmc", "power", "together", "deploy"):
        said = {each.attrib["Term"]: each.attrib for each in types[name].findall(f"{EDM}Annotation")}
        assert said["OData.AdditionalProperties"]["Bool"] == "true"


async def test_every_json_schema_is_listed_and_leads_to_its_file(service: Service) -> None:
    members = (await service.get("/redfish/v1/JsonSchemas?$expand=."))["Members"]
    assert [member["Id"] for member in members] == sorted(NAMES)
    for member in members:
        location = member["Location"][0]
        if "Uri" in location:
            file = await service.get(location["Uri"])
            assert file["$id"] == location["Uri"]
            name = file["$ref"].rpartition("/")[2]
            assert set(file["definitions"][name]["properties"]) > set()
            assert "#/$defs" not in str(file)
        else:
            assert location["PublicationUri"].endswith(f"/{member['Id']}.json")
    described = await service.call("GET", "/redfish/v1/Oem/Lightsout/Images/tiny")
    assert "</redfish/v1/Schemas/LightsoutImage.v1_0_0.json>" in described.headers["Link"]
    assert (await service.call("GET", "/redfish/v1/Schemas/Other_v1.xml")).status == 404
    assert (await service.call("GET", "/redfish/v1/JsonSchemas/Other")).status == 404


async def test_every_action_of_ours_has_a_schema(service: Service) -> None:
    posts = {route.path.rpartition("/")[2] for route in all_routes() if "/Actions/Oem/" in route.path}
    assert posts == {action.name for action in (*SYSTEM_ACTIONS, *SERVICE_ACTIONS)}
    file = ET.fromstring((await service.call("GET", "/redfish/v1/Schemas/Lightsout_v1.xml")).body)
    parameters = {
        action.attrib["Name"]: [each.attrib["Name"] for each in action.iter(f"{EDM}Parameter")][1:]
        for action in file.iter(f"{EDM}Action")
    }
    assert parameters["Reinstall"] == [
        "Way",
        "Image",
        "Hostname",
        "Disk",
        "SSHKeys",
        "Password",
        "User",
        "Network",
        "UserData",
    ]
    assert parameters["Rescue"] == ["Way", "SSHKeys", "TimeoutMinutes"]
    assert parameters["Erase"] == ["Way", "Method", "Disk"]
    assert (parameters["EndRescue"], parameters["Inspect"]) == ([], ["Way"])
    assert {f"Lightsout.{name}" for name in parameters} == posts
    (plan,) = [each for each in file.iter(f"{EDM}Action") if each.attrib["Name"] == "PlanPower"]
    assert [each.attrib["Type"] for each in plan.iter(f"{EDM}ReturnType")] == ["Lightsout.PowerPlan"]
    schema = await service.get("/redfish/v1/Schemas/Lightsout.json")
    assert {f"Lightsout.{name}" for name in schema["definitions"]} >= posts


def test_every_type_of_ours_has_a_version() -> None:
    ours = {kind.__name__ for kind in (*oem.EXTENSIONS, *oem.RESOURCES)}
    assert ours == {name for name in VERSIONS if name.startswith("Lightsout")}
