"""What a domain's XML says, and where it boots from, changed in it. Knows no connection.

https://libvirt.org/formatdomain.html. libvirt boots either by `<os><boot dev>` or by a `<boot order>` of each device.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

from bmc.model.boot import BootMode, BootTarget
from bmc.model.node import Disk, Hardware, Nic

OS_NAMES = {BootTarget.HDD: "hd", BootTarget.CD: "cdrom", BootTarget.PXE: "network"}
"""`<os><boot dev>`."""
UNITS = {"b": 1, "bytes": 1, "KB": 1000, "KiB": 1 << 10, "MB": 10**6, "MiB": 1 << 20, "GB": 10**9, "GiB": 1 << 30}
ACCELERATORS = {"qemu": "tcg", "kvm": "kvm"}


def parse(xml: str) -> Element:
    """libvirt's own XML, which we trust as much as libvirt."""
    return fromstring(xml)  # noqa: S314


def text_of(tree: Element) -> str:
    return tostring(tree, encoding="unicode")


@dataclass(frozen=True, slots=True)
class BootOrder:
    """`names` of `<os><boot dev>` in their order, and the number of each device's `<boot order>`."""

    names: tuple[str, ...] = ()
    devices: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"names": list(self.names), "devices": dict(self.devices)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "BootOrder":
        """:raise KeyError: not what `to_json` made."""
        return cls(tuple(value["names"]), dict(value["devices"]))


def boot_order(tree: Element) -> BootOrder:
    """As it stands in the XML."""
    names = tuple(boot.get("dev", "") for boot in tree.iterfind("./os/boot"))
    found = {key: device.find("boot") for key, device in _devices(tree)}
    return BootOrder(names, {key: int(boot.get("order", "0")) for key, boot in found.items() if boot is not None})


def set_boot_order(tree: Element, order: BootOrder) -> None:
    """Write it into the XML. A device that is there no more is passed over."""
    os = tree.find("./os")
    if os is None:
        return
    for boot in os.findall("boot"):
        os.remove(boot)
    for name in order.names:
        SubElement(os, "boot", dev=name)
    for key, device in _devices(tree):
        for boot in device.findall("boot"):
            device.remove(boot)
        if key in order.devices:
            SubElement(device, "boot", order=str(order.devices[key]))


def first(tree: Element, target: BootTarget) -> BootOrder | None:
    """The domain's own order with `target` before all else; None when it has no such device."""
    wanted = [key for key, device in _devices(tree) if _kind(device) is target]
    if not wanted:
        return None
    own = boot_order(tree)
    if not own.devices:
        name = OS_NAMES[target]
        return BootOrder((name, *(each for each in own.names if each != name)))
    given = sorted(own.devices, key=lambda key: own.devices[key])
    before = [key for key in given if key in wanted] or wanted
    return BootOrder(
        (), {key: number for number, key in enumerate([*before, *(k for k in given if k not in before)], 1)}
    )


def drives(tree: Element) -> dict[str, Element]:
    """The CD-ROM drives by the name of their target, as `sda`."""
    return {_target(disk): disk for disk in tree.iterfind("./devices/disk[@device='cdrom']") if _target(disk)}


def medium(drive: Element) -> str:
    """The file or volume in it; empty when there is none."""
    source = drive.find("source")
    if source is None:
        return ""
    return next((source.attrib[key] for key in ("file", "dev", "name", "volume") if key in source.attrib), "")


def with_medium(drive: Element, path: str, keep_owner: bool) -> str:
    """XML of the same drive with the raw file `path` in it, or, with "", nothing.

    `keep_owner`: libvirt is not to give the file to QEMU's user; others have it inserted too.
    """
    changed = Element("disk", type="file", device="cdrom")
    for name in ("target", "address", "boot", "serial"):
        if (part := drive.find(name)) is not None:
            changed.append(part)
    if path:
        SubElement(changed, "driver", name="qemu", type="raw")
        source = SubElement(changed, "source", file=path)
        if keep_owner:
            SubElement(source, "seclabel", model="dac", relabel="no")
    SubElement(changed, "readonly")
    return text_of(changed)


def disk_names(tree: Element) -> Iterator[str]:
    """The targets of the disks."""
    return (name for disk in _disks(tree) if (name := _target(disk)))


def vnc_index(tree: Element) -> int | None:
    """Which of the domain's screens speaks VNC; None when none does."""
    kinds = [screen.get("type") for screen in tree.iterfind("./devices/graphics")]
    return kinds.index("vnc") if "vnc" in kinds else None


def has_serial_line(tree: Element) -> bool:
    """Whether libvirt can open its first console: those that are a pseudo terminal or a unix socket."""
    lines = [*tree.iterfind("./devices/console"), *tree.iterfind("./devices/serial")]
    return any(line.get("type") in ("pty", "unix") for line in lines)


def on_reboot(tree: Element) -> str:
    return tree.findtext("./on_reboot") or "restart"


def hardware(tree: Element, sizes: Mapping[str, int]) -> Hardware:
    """`sizes` of the disks in bytes, by their targets."""
    memory, machine = tree.find("./memory"), tree.find("./os/type")
    disks = tuple(
        Disk(name, sizes.get(name, 0), disk.findtext("serial") or "", _bus(disk))
        for disk in _disks(tree)
        if (name := _target(disk))
    )
    return Hardware(
        manufacturer="QEMU",
        model=machine.get("machine", "") if machine is not None else "",
        serial=tree.findtext("./sysinfo/system/entry[@name='serial']") or "",
        cpus=int(tree.findtext("./vcpu") or 1),
        architecture=machine.get("arch", "") if machine is not None else "",
        memory=int(memory.text or 0) * UNITS.get(memory.get("unit", "KiB"), 1024) if memory is not None else 0,
        firmware=firmware(tree),
        accelerator=ACCELERATORS.get(tree.get("type", ""), tree.get("type", "")),
        disks=disks,
        nics=tuple(Nic(f"nic{index}", mac) for index, mac in enumerate(_macs(tree))),
        boot_order=tuple(_shown_order(tree)),
    )


def firmware(tree: Element) -> BootMode:
    loader = tree.find("./os/loader")
    flash = loader is not None and loader.get("type") == "pflash"
    os = tree.find("./os")
    return BootMode.UEFI if flash or (os is not None and os.get("firmware") == "efi") else BootMode.LEGACY


def _shown_order(tree: Element) -> Iterator[str]:
    """Names of disks, drives and network cards in the order in which they are booted from."""
    order = boot_order(tree)
    macs = _macs(tree)
    names = {
        key: f"nic{macs.index(key.partition(':')[2])}" if device.tag == "interface" else key.partition(":")[2]
        for key, device in _devices(tree)
        if _kind(device) is not None
    }
    if order.devices:
        for key in sorted(order.devices, key=lambda each: order.devices[each]):
            if key in names:
                yield names[key]
        return
    targets = {name: target for target, name in OS_NAMES.items()}
    for each in order.names:
        for key, device in _devices(tree):
            if key in names and _kind(device) is targets.get(each):
                yield names[key]


def _devices(tree: Element) -> Iterator[tuple[str, Element]]:
    """What can be booted from, by a key that stays."""
    for index, device in enumerate(tree.findall("./devices/*")):
        if device.tag == "disk" and _target(device):
            yield f"disk:{_target(device)}", device
        elif device.tag == "interface" and (mac := _mac(device)):
            yield f"interface:{mac}", device
        elif device.find("boot") is not None:
            yield f"{device.tag}:{index}", device


def _kind(device: Element) -> BootTarget | None:
    if device.tag == "interface":
        return BootTarget.PXE
    if device.tag != "disk":
        return None
    return {"cdrom": BootTarget.CD, "disk": BootTarget.HDD}.get(device.get("device", "disk"))


def _disks(tree: Element) -> Sequence[Element]:
    return [disk for disk in tree.iterfind("./devices/disk") if disk.get("device", "disk") == "disk"]


def _macs(tree: Element) -> list[str]:
    return [mac for card in tree.iterfind("./devices/interface") if (mac := _mac(card))]


def _target(disk: Element) -> str:
    target = disk.find("target")
    return target.get("dev", "") if target is not None else ""


def _bus(disk: Element) -> str:
    target = disk.find("target")
    return target.get("bus", "") if target is not None else ""


def _mac(card: Element) -> str:
    mac = card.find("mac")
    return mac.get("address", "") if mac is not None else ""
