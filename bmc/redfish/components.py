"""What a System consists of, as far as its backend knows: processors, memory, disks, network cards, boot order.

A kind of component that nothing is known of has no resource and no link.
"""

from bmc.model.boot import BootTarget
from bmc.model.node import Disk, NodeSnapshot
from bmc.model.power import PowerState
from bmc.redfish.errors import not_found
from bmc.redfish.router import Call, Reply, Route
from bmc.redfish.types import JsonObject, collection, link, links, resource

SYSTEM = "/redfish/v1/Systems/{node}"
DRIVES = "/redfish/v1/Chassis/{node}/Drives"
PROCESSOR, MEMORY, CONTROLLER = "CPU0", "Memory0", "0"
MIB = 1 << 20
ENABLED = {"State": "Enabled", "Health": "OK"}
BUSES = {
    "sata": ("SATA", "SATA"),
    "nvme": ("NVMe", "NVMe"),
    "scsi": ("SCSI disks", None),
    "virtio": ("Virtio disks", None),
}
"""How a bus is called, and its name among Redfish's protocols; paravirtual ones have none."""
ARCHITECTURES = {"x86_64": ("x86", "x86-64")}
"""ProcessorArchitecture and InstructionSet."""


def component_links(snapshot: NodeSnapshot, path: str) -> JsonObject:
    """The links below a System to what it has of these."""
    hardware = snapshot.hardware
    there = {
        "Processors": hardware.cpus,
        "Memory": hardware.memory,
        "Storage": hardware.disks,
        "SimpleStorage": hardware.disks,
        "EthernetInterfaces": hardware.nics,
    }
    return {name: link(f"{path}/{name}") for name, has in there.items() if has}


def boot_order(snapshot: NodeSnapshot, path: str) -> JsonObject:
    """Part of Boot: where the node boots from when nothing overrides it."""
    order = snapshot.hardware.boot_order
    return {"BootOptions": link(f"{path}/BootOptions"), "BootOrder": list(order)} if order else {}


async def list_processors(call: Call) -> Reply:
    return _list(call, "ProcessorCollection", "Processors", [PROCESSOR] if call.node().snapshot.hardware.cpus else [])


async def get_processor(call: Call) -> Reply:
    """All virtual CPUs are cores of one socket; of real ones no backend tells."""
    hardware = call.node().snapshot.hardware
    _expect(call, "processor", [PROCESSOR] if hardware.cpus else [])
    architecture, instructions = ARCHITECTURES.get(hardware.architecture, (None, None))
    body = resource(
        call.path,
        "Processor",
        Id=PROCESSOR,
        Name="Processor",
        Socket="0",
        ProcessorType="CPU",
        ProcessorArchitecture=architecture,
        InstructionSet=instructions,
        TotalCores=hardware.cpus,
        TotalThreads=hardware.cpus,
        Status=ENABLED,
    )
    return Reply(body)


async def list_memory(call: Call) -> Reply:
    return _list(call, "MemoryCollection", "Memory", [MEMORY] if call.node().snapshot.hardware.memory else [])


async def get_memory(call: Call) -> Reply:
    size = call.node().snapshot.hardware.memory
    _expect(call, "memory", [MEMORY] if size else [])
    body = resource(
        call.path, "Memory", Id=MEMORY, Name="Memory", MemoryType="DRAM", CapacityMiB=size // MIB, Status=ENABLED
    )
    return Reply(body)


async def list_storage(call: Call) -> Reply:
    return _list(call, "StorageCollection", "Storage", list(_storage(call)))


async def get_storage(call: Call) -> Reply:
    """The disks at one bus."""
    storage = _storage(call)
    name = _expect(call, "storage", list(storage))
    drives = [f"{DRIVES.format(node=call.params['node'])}/{disk.name}" for disk in storage[name]]
    body = resource(
        call.path,
        "Storage",
        Id=name,
        Name=_bus(name)[0],
        Drives=links(drives),
        Controllers=link(f"{call.path}/Controllers"),
        Volumes=link(f"{call.path}/Volumes"),
        Status=ENABLED,
    )
    return Reply(body | {"Drives@odata.count": len(drives)})


async def list_simple_storage(call: Call) -> Reply:
    return _list(call, "SimpleStorageCollection", "Disks of each bus", list(_storage(call)))


async def get_simple_storage(call: Call) -> Reply:
    """The same disks in the form in which Ironic looks for their sizes."""
    storage = _storage(call)
    name = _expect(call, "storage", list(storage))
    disks = [
        {"Name": disk.name, "Model": None, "CapacityBytes": disk.size, "Status": ENABLED} for disk in storage[name]
    ]
    path = f"{SYSTEM.format(node=call.params['node'])}/Storage/{name}"
    body = resource(call.path, "SimpleStorage", Id=name, Name=_bus(name)[0], Devices=disks, Status=ENABLED)
    return Reply(body | {"Links": {"Storage": link(path)}})


async def list_controllers(call: Call) -> Reply:
    _expect(call, "storage", list(_storage(call)))
    return _list(call, "StorageControllerCollection", "Storage controllers", [CONTROLLER])


async def get_controller(call: Call) -> Reply:
    """What the disks of one bus hang on."""
    name = _expect(call, "storage", list(_storage(call)))
    _expect(call, "controller", [CONTROLLER])
    protocol = _bus(name)[1]
    body = resource(
        call.path,
        "StorageController",
        Id=CONTROLLER,
        Name=f"Controller of {_bus(name)[0]}",
        SupportedDeviceProtocols=[protocol] if protocol else [],
        Status=ENABLED,
    )
    return Reply(body)


async def list_volumes(call: Call) -> Reply:
    """None: no controller makes volumes of its drives."""
    _expect(call, "storage", list(_storage(call)))
    return Reply(collection(call.path, "VolumeCollection", "Volumes", links([])))


async def list_drives(call: Call) -> Reply:
    return _list(call, "DriveCollection", "Disks", [disk.name for disk in call.node().snapshot.hardware.disks])


async def get_drive(call: Call) -> Reply:
    disks = {disk.name: disk for disk in call.node().snapshot.hardware.disks}
    disk = disks[_expect(call, "drive", list(disks))]
    body = resource(
        call.path,
        "Drive",
        Id=disk.name,
        Name=f"Disk {disk.name}",
        CapacityBytes=disk.size,
        MediaType=None,
        Protocol=_bus(disk.bus)[1],
        Status=ENABLED,
        Links={"Storage": link(f"{SYSTEM.format(node=call.params['node'])}/Storage/{_bus_id(disk)}")},
    )
    if disk.serial:
        body["SerialNumber"] = disk.serial
    return Reply(body)


async def list_interfaces(call: Call) -> Reply:
    nics = call.node().snapshot.hardware.nics
    return _list(call, "EthernetInterfaceCollection", "Network cards", [nic.id for nic in nics])


async def get_interface(call: Call) -> Reply:
    """The link of a virtual card is up while the node is on."""
    snapshot = call.node().snapshot
    macs = {nic.id: nic.mac for nic in snapshot.hardware.nics}
    name = _expect(call, "interface", list(macs))
    body = resource(
        call.path,
        "EthernetInterface",
        Id=name,
        Name=f"Network card {name}",
        InterfaceEnabled=True,
        MACAddress=macs[name],
        PermanentMACAddress=macs[name],
        LinkStatus="LinkUp" if snapshot.power is PowerState.ON else "NoLink",
        Status=ENABLED,
    )
    return Reply(body)


async def list_boot_options(call: Call) -> Reply:
    return _list(call, "BootOptionCollection", "Boot order", list(call.node().snapshot.hardware.boot_order))


async def get_boot_option(call: Call) -> Reply:
    snapshot = call.node().snapshot
    name = _expect(call, "option", list(snapshot.hardware.boot_order))
    alias, related = _boot_device(snapshot, name)
    body = resource(
        call.path,
        "BootOption",
        Id=name,
        Name=f"Boot from {name}",
        BootOptionReference=name,
        DisplayName=name,
        Alias=alias.value,
        BootOptionEnabled=True,
        RelatedItem=[link(related)],
    )
    return Reply(body | {"RelatedItem@odata.count": 1})


def _boot_device(snapshot: NodeSnapshot, name: str) -> tuple[BootTarget, str]:
    """What kind of device this is, and its resource."""
    system = SYSTEM.format(node=snapshot.name)
    for disk in snapshot.hardware.disks:
        if disk.name == name:
            return BootTarget.HDD, f"{DRIVES.format(node=snapshot.name)}/{name}"
    if any(slot.id == name for slot in snapshot.media):
        return BootTarget.CD, f"{system}/VirtualMedia/{name}"
    return BootTarget.PXE, f"{system}/EthernetInterfaces/{name}"


def _storage(call: Call) -> dict[str, list[Disk]]:
    found: dict[str, list[Disk]] = {}
    for disk in call.node().snapshot.hardware.disks:
        found.setdefault(_bus_id(disk), []).append(disk)
    return found


def _bus_id(disk: Disk) -> str:
    return disk.bus or "disks"


def _bus(name: str) -> tuple[str, str | None]:
    return BUSES.get(name, ("Disks", None))


def _list(call: Call, name: str, title: str, members: list[str]) -> Reply:
    """:raise RedfishError: 404, the node has none of these."""
    if not members:
        raise not_found(call.path)
    return Reply(collection(call.path, name, title, links([f"{call.path}/{member}" for member in members])))


def _expect(call: Call, param: str, there: list[str]) -> str:
    """The path's `param`. :raise RedfishError: 404, it is none of those there."""
    if call.params[param] not in there:
        raise not_found(call.path)
    return call.params[param]


ROUTES = (
    Route("GET", f"{SYSTEM}/Processors", list_processors),
    Route("GET", f"{SYSTEM}/Processors/{{processor}}", get_processor),
    Route("GET", f"{SYSTEM}/Memory", list_memory),
    Route("GET", f"{SYSTEM}/Memory/{{memory}}", get_memory),
    Route("GET", f"{SYSTEM}/Storage", list_storage),
    Route("GET", f"{SYSTEM}/Storage/{{storage}}", get_storage),
    Route("GET", f"{SYSTEM}/Storage/{{storage}}/Controllers", list_controllers),
    Route("GET", f"{SYSTEM}/Storage/{{storage}}/Controllers/{{controller}}", get_controller),
    Route("GET", f"{SYSTEM}/Storage/{{storage}}/Volumes", list_volumes),
    Route("GET", f"{SYSTEM}/SimpleStorage", list_simple_storage),
    Route("GET", f"{SYSTEM}/SimpleStorage/{{storage}}", get_simple_storage),
    Route("GET", DRIVES, list_drives),
    Route("GET", f"{DRIVES}/{{drive}}", get_drive),
    Route("GET", f"{SYSTEM}/EthernetInterfaces", list_interfaces),
    Route("GET", f"{SYSTEM}/EthernetInterfaces/{{interface}}", get_interface),
    Route("GET", f"{SYSTEM}/BootOptions", list_boot_options),
    Route("GET", f"{SYSTEM}/BootOptions/{{option}}", get_boot_option),
)
