"""The schema versions this service speaks, said once: for `@odata.type` and for the metadata document."""

from datetime import UTC, datetime

SCHEMAS = "http://redfish.dmtf.org/schemas/v1"
METADATA = "/redfish/v1/$metadata"

JsonObject = dict[str, object]

VERSIONS = {
    "AccountService": "v1_18_1",
    "ActionInfo": "v1_5_0",
    "Aggregate": "v1_0_3",
    "AggregationService": "v1_0_3",
    "BootOption": "v1_0_6",
    "Chassis": "v1_28_0",
    "ComputerSystem": "v1_27_0",
    "Drive": "v1_22_0",
    "EthernetInterface": "v1_12_4",
    "Event": "v1_13_0",
    "EventService": "v1_12_0",
    "LogEntry": "v1_21_0",
    "LogService": "v1_9_0",
    "Manager": "v1_24_0",
    "ManagerAccount": "v1_14_1",
    "ManagerNetworkProtocol": "v1_12_0",
    "Memory": "v1_23_0",
    "Message": "v1_3_0",
    "Power": "v1_7_3",
    "PowerSubsystem": "v1_1_3",
    "Processor": "v1_22_0",
    "Role": "v1_3_3",
    "Sensor": "v1_12_0",
    "ServiceRoot": "v1_20_0",
    "Session": "v1_8_0",
    "SessionService": "v1_2_0",
    "Storage": "v1_21_0",
    "Task": "v1_7_4",
    "TaskService": "v1_3_0",
    "Thermal": "v1_7_3",
    "ThermalMetrics": "v1_3_2",
    "ThermalSubsystem": "v1_5_0",
    "VirtualMedia": "v1_6_5",
    "LightsoutImage": "v1_0_0",
}
COLLECTIONS = (
    "AggregateCollection",
    "BootOptionCollection",
    "ChassisCollection",
    "ComputerSystemCollection",
    "DriveCollection",
    "EthernetInterfaceCollection",
    "LogEntryCollection",
    "LogServiceCollection",
    "ManagerAccountCollection",
    "ManagerCollection",
    "MemoryCollection",
    "ProcessorCollection",
    "RoleCollection",
    "SensorCollection",
    "SessionCollection",
    "StorageCollection",
    "TaskCollection",
    "VirtualMediaCollection",
    "LightsoutImageCollection",
)


def odata_type(name: str) -> str:
    """`ComputerSystem` → `#ComputerSystem.v1_27_0.ComputerSystem`; a collection has no version."""
    if name in COLLECTIONS:
        return f"#{name}.{name}"
    return f"#{name}.{VERSIONS[name]}.{name}"


def schema(body: JsonObject) -> str:
    """Where the schema of this document is described; for types of our own, the metadata document."""
    name = str(body.get("@odata.type", "")).lstrip("#").rpartition(".")[0]
    return METADATA if not name or name.startswith("Lightsout") else f"{SCHEMAS}/{name}.json"


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
