"""From a node's options to QEMU's command line. Pure: looks at nothing, opens nothing.

Whatever an operator may have named enters in JSON form, where no character means anything to QEMU's option parser.
All paths but the firmware's are relative to QEMU's working directory.
"""

import json
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from bmc.virtual_node.files import (
    BMC_SOCKET,
    EVENTS_LOG,
    EVENTS_SOCKET,
    QMP_SOCKET,
    SERCON_PORT,
    SERIAL_LOG,
    SERIAL_SOCKET,
    UEFI_VARIABLES,
    VNC_SOCKET,
    disk_file,
)
from bmc.virtual_node.options import USER_NETWORK, DiskOptions, VirtualNodeOptions

CD = "cd0"
SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
NIC_DRIVERS = {"virtio": "virtio-net-pci", "e1000e": "e1000e"}
MENU_MILLISECONDS = 2000
KCS_PORT, KCS_IRQ = 0xCA2, 5
"""Where IPMI v2.0 appendix C1 has the keyboard controller style interface, and a line that nothing else uses."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What the host decides: `network` "open" is for a namespace of QEMU's own, "restricted" lets nothing through.

    `boot_file` is the URL that DHCP names to the guest's firmware, "" for none. Everybody on the host can read it here.
    """

    qemu: str
    accelerator: Literal["kvm", "tcg"]
    uefi_code: str
    network: Literal["open", "restricted"]
    boot_file: str = ""


def disk_device(index: int) -> str:
    return f"disk{index}"


def nic_device(index: int) -> str:
    return f"nic{index}"


def link_descriptor(index: int) -> int:
    """The open file that QEMU has the tap of that card as; below 20 are those of the shell that starts it."""
    return 20 + index


def own_boot_order(options: VirtualNodeOptions) -> tuple[str, ...]:
    """Device names in the order in which the node boots when nothing overrides it."""
    disks = [disk_device(index) for index in range(len(options.disks))]
    nics = [nic_device(index) for index in range(len(options.nics))]
    return (*disks, CD, *nics)


def build_argv(name: str, uuid: UUID, options: VirtualNodeOptions, machine: Machine) -> list[str]:
    """The whole command line. QEMU comes up stopped, and neither a shutdown nor a panic ends it."""
    return [
        machine.qemu,
        *("-name", "guest=" + name.replace(",", ",,")),
        *("-uuid", str(uuid)),
        *("-nodefaults", "-no-user-config", "-S"),
        *("-sandbox", SANDBOX),
        *("-action", "shutdown=pause,reboot=reset,panic=pause"),
        *("-machine", "q35,usb=off,vmport=off" + (_PFLASH if options.firmware == "uefi" else "")),
        *("-accel", "kvm" if machine.accelerator == "kvm" else "tcg,thread=multi"),
        *("-cpu", "host" if machine.accelerator == "kvm" else "max"),
        *("-smp", str(options.cpus), "-m", f"{options.memory_mib}M"),
        *("-rtc", "base=utc"),
        *_firmware(options, machine),
        *_consoles(),
        *_disks(options),
        *_network(options, machine),
        *_monitors(),
    ]


_PFLASH = ",pflash0=uefi-code,pflash1=uefi-vars"


def _firmware(options: VirtualNodeOptions, machine: Machine) -> list[str]:
    menu = ["-boot", f"menu=on,splash-time={MENU_MILLISECONDS}"]
    if options.firmware == "bios":
        return [*menu, "-fw_cfg", f"name=etc/sercon-port,file={SERCON_PORT}"]
    code = {"driver": "file", "filename": machine.uefi_code, "read-only": True}
    variables = {"driver": "file", "filename": UEFI_VARIABLES}
    return [
        *menu,
        *_blockdev({"driver": "raw", "node-name": "uefi-code", "read-only": True, "file": code}),
        *_blockdev({"driver": "raw", "node-name": "uefi-vars", "file": variables}),
    ]


def _consoles() -> list[str]:
    return [
        *_device(driver="VGA", id="vga0"),
        *_device(driver="qemu-xhci", id="usb0"),
        *_device(driver="usb-tablet", id="tablet0", bus="usb0.0"),
        *("-vnc", f"unix:{VNC_SOCKET},share=force-shared"),
        *("-chardev", _listener("serial0", SERIAL_SOCKET) + f",logfile={SERIAL_LOG},logappend=on"),
        *("-serial", "chardev:serial0"),
        *_device(driver="pvpanic", id="panic0"),
        *("-chardev", _listener("bmc0", BMC_SOCKET)),
        *_device(driver="ipmi-bmc-extern", id="bmc", chardev="bmc0"),
        *_device(driver="isa-ipmi-kcs", id="kcs0", bmc="bmc", ioport=KCS_PORT, irq=KCS_IRQ),
    ]


def _disks(options: VirtualNodeOptions) -> list[str]:
    argv: list[str] = []
    if any(disk.bus == "scsi" for disk in options.disks):
        argv += _device(driver="virtio-scsi-pci", id="scsi0")
    sata_line = 1
    for index, disk in enumerate(options.disks):
        drive = f"{disk_device(index)}-drive"
        file = {"driver": "file", "filename": disk_file(index), "discard": "unmap"}
        argv += _blockdev({"driver": "raw", "node-name": drive, "discard": "unmap", "file": file})
        argv += _disk(disk, index, drive, sata_line)
        sata_line += disk.bus == "sata"
    position = own_boot_order(options).index(CD)
    return argv + _device(driver="ide-cd", id=CD, bus="ide.0", bootindex=position)


def _disk(disk: DiskOptions, index: int, drive: str, sata_line: int) -> list[str]:
    """QEMU's NVMe tells the guest of a disk's error; the others stand still until somebody resumes them."""
    stop: dict[str, object] = {"werror": "stop", "rerror": "stop"}
    places: dict[str, dict[str, object]] = {
        "virtio": {"driver": "virtio-blk-pci", "discard": True, **stop},
        "sata": {"driver": "ide-hd", "bus": f"ide.{sata_line}", **stop},
        "scsi": {"driver": "scsi-hd", "bus": "scsi0.0", **stop},
        "nvme": {"driver": "nvme"},
    }
    return _device(**places[disk.bus], id=disk_device(index), drive=drive, serial=disk.serial or "", bootindex=index)


def _network(options: VirtualNodeOptions, machine: Machine) -> list[str]:
    argv: list[str] = []
    order = own_boot_order(options)
    for index, nic in enumerate(options.nics):
        device = nic_device(index)
        net: dict[str, object] = {"type": "tap", "fd": str(link_descriptor(index)), "vhost": False}
        if nic.network == USER_NETWORK:
            net = {"type": "user", "restrict": machine.network == "restricted"}
            if machine.boot_file:
                net["bootfile"] = machine.boot_file
        argv += ["-netdev", json.dumps({"id": f"{device}-net", **net})]
        argv += _device(
            driver=NIC_DRIVERS[nic.model],
            id=device,
            netdev=f"{device}-net",
            mac=nic.mac or "",
            bootindex=order.index(device),
        )
    return argv


def _monitors() -> list[str]:
    """Two: one for the service, and one that nobody stays connected to, whose log is the journal of QEMU's events.

    QEMU writes to the last one first, so that an event is on disk before the service hears of it.
    """
    return [
        *("-chardev", _listener("qmp", QMP_SOCKET)),
        *("-mon", "chardev=qmp,mode=control"),
        *("-chardev", _listener("events", EVENTS_SOCKET) + f",logfile={EVENTS_LOG},logappend=on"),
        *("-mon", "chardev=events,mode=control"),
    ]


def _listener(name: str, path: str) -> str:
    return f"socket,id={name},path={path},server=on,wait=off"


def _blockdev(options: dict[str, object]) -> list[str]:
    return ["-blockdev", json.dumps(options)]


def _device(**options: object) -> list[str]:
    return ["-device", json.dumps(options)]
