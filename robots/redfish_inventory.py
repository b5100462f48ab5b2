"""What a machine consists of, as far as its BMC tells."""

from itertools import islice

from bmc.model.node import Disk, Hardware, Nic
from robots.redfish_link import Json, Link
from robots.redfish_resources import link_of, links_of, members, number, rows, table, text

MOST = 64
"""Drives and cards that are looked at: each is a question to a slow machine."""
GIB = 1 << 30
ARCHITECTURES = {"x86-64": "x86_64", "ARM-A64": "aarch64"}
"""InstructionSet as `uname -m` names it."""


async def read_hardware(link: Link, system: Json) -> Hardware:
    """:raise Unreachable:"""
    processors = await _all(link, members(await link.find(link_of(system, "Processors"))))
    cores = number(table(system, "ProcessorSummary"), "CoreCount")
    if cores is None:
        cores = sum(number(each, "TotalCores") or 0 for each in processors)
    memory = number(table(system, "MemorySummary"), "TotalSystemMemoryGiB")
    return Hardware(
        manufacturer=text(system, "Manufacturer"),
        model=text(system, "Model"),
        serial=text(system, "SerialNumber"),
        cpus=int(cores),
        architecture=next(
            (found for each in processors if (found := ARCHITECTURES.get(text(each, "InstructionSet")))), ""
        ),
        memory=int((memory or 0) * GIB),
        firmware_version=text(system, "BiosVersion"),
        disks=tuple(await _disks(link, system)),
        nics=tuple(await _nics(link, system)),
    )


async def _disks(link: Link, system: Json) -> list[Disk]:
    controllers = await _all(link, members(await link.find(link_of(system, "Storage"))))
    paths = dict.fromkeys(path for each in controllers for path in links_of(each, "Drives"))
    found = []
    for drive in await _all(link, list(paths)):
        if table(drive, "Status").get("State") == "Absent":
            continue
        names = [text(each, "DurableName") for each in rows(drive, "Identifiers")]
        kind = text(drive, "MediaType")
        found.append(
            Disk(
                name=text(drive, "Id") or text(drive, "Name"),
                size=int(number(drive, "CapacityBytes") or 0),
                serial=text(drive, "SerialNumber"),
                bus=text(drive, "Protocol").lower(),
                model=text(drive, "Model"),
                wwn=next(filter(None, names), ""),
                rotational={"HDD": True, "SSD": False}.get(kind),
            )
        )
    return found


async def _nics(link: Link, system: Json) -> list[Nic]:
    found = []
    for card in await _all(link, members(await link.find(link_of(system, "EthernetInterfaces")))):
        mac = text(card, "PermanentMACAddress") or text(card, "MACAddress")
        if mac:
            found.append(Nic(text(card, "Id"), mac.lower()))
    return found


async def _all(link: Link, paths: list[str]) -> list[Json]:
    return [body for path in islice(paths, MOST) if (body := await link.find(path))]
