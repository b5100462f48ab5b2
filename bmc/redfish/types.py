"""The schema versions this service speaks, said once: for `@odata.type` and for the metadata document."""

from datetime import UTC, datetime

SCHEMAS = "http://redfish.dmtf.org/schemas/v1"
METADATA = "/redfish/v1/$metadata"
ID_REF = "http://redfish.dmtf.org/schemas/v1/odata-v4.json#/definitions/idRef"
FILES = "/redfish/v1/Schemas"
"""Where the schemas and the registry of our own lie."""

JsonObject = dict[str, object]

VERSIONS = {
    "AccountService": "v1_18_1",
    "ActionInfo": "v1_5_0",
    "Aggregate": "v1_0_3",
    "AggregationService": "v1_0_3",
    "AttributeRegistry": "v1_4_0",
    "Bios": "v1_2_3",
    "BootOption": "v1_0_6",
    "Certificate": "v1_11_0",
    "CertificateLocations": "v1_0_4",
    "CertificateService": "v1_2_1",
    "Chassis": "v1_28_0",
    "ComputerSystem": "v1_27_0",
    "Drive": "v1_22_0",
    "EthernetInterface": "v1_12_4",
    "Event": "v1_13_0",
    "EventDestination": "v1_16_0",
    "EventService": "v1_12_0",
    "LogEntry": "v1_21_0",
    "LogService": "v1_9_0",
    "JsonSchemaFile": "v1_1_5",
    "Key": "v1_4_1",
    "Manager": "v1_24_0",
    "ManagerAccount": "v1_14_1",
    "ManagerNetworkProtocol": "v1_12_0",
    "Memory": "v1_23_0",
    "Message": "v1_3_0",
    "MessageRegistry": "v1_7_0",
    "MessageRegistryFile": "v1_1_5",
    "Power": "v1_7_3",
    "PowerSubsystem": "v1_1_3",
    "Processor": "v1_22_0",
    "Role": "v1_3_3",
    "Sensor": "v1_12_0",
    "ServiceRoot": "v1_20_0",
    "Session": "v1_8_0",
    "SessionService": "v1_2_0",
    "SimpleStorage": "v1_3_2",
    "Settings": "v1_4_0",
    "SoftwareInventory": "v1_13_0",
    "Storage": "v1_21_0",
    "StorageController": "v1_11_0",
    "Task": "v1_7_4",
    "TaskService": "v1_3_0",
    "Thermal": "v1_7_3",
    "ThermalMetrics": "v1_3_2",
    "ThermalSubsystem": "v1_5_0",
    "UpdateService": "v1_17_0",
    "VirtualMedia": "v1_6_5",
    "LightsoutAccountService": "v1_0_0",
    "LightsoutAuditRecord": "v1_0_0",
    "LightsoutChassis": "v1_0_0",
    "LightsoutComputerSystem": "v1_0_0",
    "LightsoutEvent": "v1_0_0",
    "LightsoutEventDestination": "v1_0_0",
    "LightsoutHappening": "v1_0_0",
    "LightsoutImage": "v1_0_0",
    "LightsoutMedium": "v1_0_0",
    "LightsoutLogEntry": "v1_0_0",
    "LightsoutLogService": "v1_0_0",
    "LightsoutManager": "v1_0_0",
    "LightsoutManagerAccount": "v1_0_0",
    "LightsoutManagerNetworkProtocol": "v1_0_0",
    "LightsoutSensorHistory": "v1_0_0",
    "LightsoutServiceRoot": "v1_0_0",
    "LightsoutSession": "v1_0_0",
    "LightsoutTask": "v1_0_0",
    "LightsoutToken": "v1_0_0",
}
COLLECTIONS = (
    "AggregateCollection",
    "BootOptionCollection",
    "CertificateCollection",
    "ChassisCollection",
    "ComputerSystemCollection",
    "EventDestinationCollection",
    "JsonSchemaFileCollection",
    "DriveCollection",
    "EthernetInterfaceCollection",
    "LogEntryCollection",
    "LogServiceCollection",
    "ManagerAccountCollection",
    "KeyCollection",
    "ManagerCollection",
    "MessageRegistryFileCollection",
    "MemoryCollection",
    "ProcessorCollection",
    "RoleCollection",
    "SensorCollection",
    "SessionCollection",
    "SimpleStorageCollection",
    "SoftwareInventoryCollection",
    "StorageCollection",
    "StorageControllerCollection",
    "TaskCollection",
    "VirtualMediaCollection",
    "VolumeCollection",
    "LightsoutImageCollection",
    "LightsoutMediumCollection",
    "LightsoutSensorHistoryCollection",
    "LightsoutTokenCollection",
)


def odata_type(name: str) -> str:
    """`ComputerSystem` → `#ComputerSystem.v1_27_0.ComputerSystem`; a collection has no version."""
    if name in COLLECTIONS:
        return f"#{name}.{name}"
    return f"#{name}.{VERSIONS[name]}.{name}"


def schema(body: JsonObject) -> str:
    """Where the JSON schema of this document is; the metadata document, if it has none."""
    name = str(body.get("@odata.type", "")).lstrip("#").rpartition(".")[0]
    return json_schema(name) if name else METADATA


def json_schema(name: str) -> str:
    """Where the JSON schema `ComputerSystem.v1_27_0` is: with DMTF, or here if it is our own."""
    return f"{FILES if name.startswith('Lightsout') else SCHEMAS}/{name}.json"


def csdl_file(name: str) -> str:
    """Where the CSDL file with the namespace `name` is."""
    return f"{FILES if name.startswith('Lightsout') else SCHEMAS}/{name}_v1.xml"


def link(path: str) -> JsonObject:
    return {"@odata.id": path}


def links(paths: list[str]) -> list[object]:
    return [link(path) for path in paths]


def resource(path: str, name: str, **properties: object) -> JsonObject:
    """The head that every resource has, and its properties."""
    return {"@odata.id": path, "@odata.type": odata_type(name), **properties}


def collection(path: str, name: str, title: str, members: list[object], total: int | None = None) -> JsonObject:
    count = len(members) if total is None else total
    return resource(path, name, Name=title) | {"Members@odata.count": count, "Members": members}


def moment(seconds: float) -> str:
    """Seconds since the epoch as Redfish writes a time."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
