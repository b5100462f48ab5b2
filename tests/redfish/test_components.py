"""What a System consists of, below it in the tree."""

from typing import Any

import pytest

from bmc.model.commands import Power
from bmc.model.power import PowerAction
from tests.redfish.service import N1, Service
from tests.world import ADMIN


async def members(service: Service, path: str) -> list[Any]:
    return [await service.get(member["@odata.id"]) for member in (await service.get(path))["Members"]]


async def test_processors_and_memory(service: Service) -> None:
    system = await service.get(N1)
    assert system["ProcessorSummary"] == {"Count": 1, "CoreCount": 2, "LogicalProcessorCount": 2}
    [cpu] = await members(service, system["Processors"]["@odata.id"])
    assert (cpu["ProcessorType"], cpu["TotalCores"], cpu["TotalThreads"]) == ("CPU", 2, 2)
    [memory] = await members(service, system["Memory"]["@odata.id"])
    assert memory["CapacityMiB"] == 512


async def test_disks_are_drives_of_the_bus_they_are_at(service: Service) -> None:
    storages = await members(service, (await service.get(N1))["Storage"]["@odata.id"])
    assert [storage["Id"] for storage in storages] == ["virtio", "sata"]
    drives = [await service.get(storage["Drives"][0]["@odata.id"]) for storage in storages]
    assert [
        (drive["Id"], drive["SerialNumber"], drive["CapacityBytes"], drive.get("Protocol")) for drive in drives
    ] == [
        ("disk0", "LO-0", 1 << 31, None),
        ("disk1", "LO-1", 1 << 30, "SATA"),
    ]


async def test_every_disk_is_in_the_chassis(service: Service) -> None:
    chassis = await service.get("/redfish/v1/Chassis/n1")
    drives = await members(service, chassis["Drives"]["@odata.id"])
    assert [drive["Links"]["Storage"]["@odata.id"] for drive in drives] == [
        f"{N1}/Storage/virtio",
        f"{N1}/Storage/sata",
    ]
    assert (await service.call("GET", "/redfish/v1/Chassis/n1/Drives/disk2")).status == 404


async def test_disks_are_devices_of_simple_storage_too(service: Service) -> None:
    storages = await members(service, (await service.get(N1))["SimpleStorage"]["@odata.id"])
    devices = [(each["Id"], device["Name"], device["CapacityBytes"]) for each in storages for device in each["Devices"]]
    assert devices == [("virtio", "disk0", 1 << 31), ("sata", "disk1", 1 << 30)]
    assert [each["Links"]["Storage"]["@odata.id"] for each in storages] == [
        f"{N1}/Storage/virtio",
        f"{N1}/Storage/sata",
    ]


async def test_a_bus_has_a_controller_which_makes_no_volumes(service: Service) -> None:
    storages = await members(service, f"{N1}/Storage")
    assert [storage["Id"] for storage in storages] == ["virtio", "sata"]
    for storage in storages:
        [controller] = await members(service, storage["Controllers"]["@odata.id"])
        protocols = {"virtio": [], "sata": ["SATA"]}
        assert controller["SupportedDeviceProtocols"] == protocols[storage["Id"]]
        assert await members(service, storage["Volumes"]["@odata.id"]) == []


async def test_a_network_card_tells_its_mac_and_whether_its_link_is_up(service: Service) -> None:
    [nic] = await members(service, (await service.get(N1))["EthernetInterfaces"]["@odata.id"])
    assert (nic["MACAddress"], nic["LinkStatus"]) == ("52:54:00:00:00:01", "NoLink")
    await service.world.fleet.node("n1").do(Power(PowerAction.ON), ADMIN)
    assert (await service.get(nic["@odata.id"]))["LinkStatus"] == "LinkUp"


async def test_the_boot_order_names_options_and_each_leads_to_its_device(service: Service) -> None:
    boot = (await service.get(N1))["Boot"]
    options = await members(service, boot["BootOptions"]["@odata.id"])
    assert (
        [option["BootOptionReference"] for option in options] == boot["BootOrder"] == ["disk0", "disk1", "cd0", "nic0"]
    )
    assert [option["Alias"] for option in options] == ["Hdd", "Hdd", "Cd", "Pxe"]
    for option in options:
        assert (await service.get(option["RelatedItem"][0]["@odata.id"]))["Id"] == option["Id"]


NOT_THERE = [
    "Processors/CPU1",
    "Memory/Memory1",
    "Storage/scsi",
    "SimpleStorage/scsi",
    "Storage/scsi/Controllers",
    "Storage/scsi/Volumes",
    "Storage/sata/Controllers/1",
    "EthernetInterfaces/nic1",
    "BootOptions/disk2",
]


@pytest.mark.parametrize("path", NOT_THERE)
async def test_what_the_node_does_not_have_is_not_there(service: Service, path: str) -> None:
    assert (await service.call("GET", f"{N1}/{path}")).status == 404


@pytest.mark.parametrize("kind", ["Processors", "Memory", "Storage", "SimpleStorage", "EthernetInterfaces"])
async def test_of_a_node_that_nothing_is_known_of_nothing_is_shown(service: Service, kind: str) -> None:
    service.drivers.headless.add("n2")
    await service.world.add("n2")
    system = await service.get("/redfish/v1/Systems/n2")
    assert kind not in system
    assert "BootOptions" not in system["Boot"]
    assert (await service.call("GET", f"/redfish/v1/Systems/n2/{kind}")).status == 404
    assert (await service.call("GET", f"/redfish/v1/Systems/n2/{kind}", as_="tina")).status == 404
