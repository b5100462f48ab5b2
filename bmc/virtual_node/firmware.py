"""Which firmware a node has; the firmware files of this machine, and each node's own UEFI variables."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bmc.model.boot import BootMode
from bmc.model.errors import BackendFailed, Refused
from bmc.virtual_node.files import SERCON_PORT, UEFI_VARIABLES, NodeFiles, write_guest_file
from bmc.virtual_node.options import VirtualNodeOptions

COM1 = (0x3F8).to_bytes(2, "little")
REMEDY = "install UEFI firmware for QEMU (Debian, Ubuntu: apt install ovmf), or set options.firmware to bios"


NAMES: Mapping[BootMode, Literal["bios", "uefi"]] = {BootMode.LEGACY: "bios", BootMode.UEFI: "uefi"}
"""What each is called in a node's options."""


@dataclass(slots=True)
class VirtualFirmware:
    """Which firmware the node's next QEMU starts with."""

    mode: BootMode

    @classmethod
    def of(cls, options: VirtualNodeOptions) -> "VirtualFirmware":
        return cls(next(mode for mode, name in NAMES.items() if name == options.firmware))

    def options(self, mode: BootMode) -> Mapping[str, object]:
        return {"firmware": NAMES[mode]}

    def take(self, mode: BootMode) -> None:
        self.mode = mode


@dataclass(frozen=True, slots=True)
class UefiFirmware:
    code: Path
    variables: Path


PLACES = (
    UefiFirmware(Path("/usr/share/OVMF/OVMF_CODE_4M.fd"), Path("/usr/share/OVMF/OVMF_VARS_4M.fd")),
    UefiFirmware(Path("/usr/share/OVMF/OVMF_CODE.fd"), Path("/usr/share/OVMF/OVMF_VARS.fd")),
    UefiFirmware(Path("/usr/share/edk2/x64/OVMF_CODE.4m.fd"), Path("/usr/share/edk2/x64/OVMF_VARS.4m.fd")),
    UefiFirmware(Path("/usr/share/edk2/ovmf/OVMF_CODE.fd"), Path("/usr/share/edk2/ovmf/OVMF_VARS.fd")),
)


def find_uefi(places: tuple[UefiFirmware, ...] = PLACES) -> UefiFirmware:
    """:raise Refused: none is installed; with the remedy."""
    for firmware in places:
        if firmware.code.is_file() and firmware.variables.is_file():
            return firmware
    looked = ", ".join(str(firmware.code) for firmware in places)
    raise Refused(f"options.firmware is uefi, but no UEFI firmware was found (looked for {looked}); {REMEDY}")


def prepare_uefi(files: NodeFiles, firmware: UefiFirmware) -> None:
    """Give the node variables of its own, once. :raise BackendFailed: the disk is full or forbidden."""
    variables = files.guest / UEFI_VARIABLES
    try:
        if not variables.exists():
            write_guest_file(variables, firmware.variables.read_bytes())
    except OSError as error:
        raise BackendFailed(f"cannot write {variables}: {error.strerror}") from None


def prepare_bios(files: NodeFiles) -> None:
    """Tell SeaBIOS to show itself on the serial line too. :raise BackendFailed: the disk is full or forbidden."""
    try:
        write_guest_file(files.guest / SERCON_PORT, COM1)
    except OSError as error:
        raise BackendFailed(f"cannot write {files.guest / SERCON_PORT}: {error.strerror}") from None
