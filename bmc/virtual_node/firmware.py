"""Which firmware a node has; the firmware files of this machine, and each node's own UEFI variables."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from bmc.model.boot import BootMode
from bmc.model.errors import BackendFailed, Refused
from bmc.virtual_node.files import SERCON_PORT, UEFI_VARIABLES, NodeFiles, write_guest_file
from bmc.virtual_node.shape import Shape

BIOS = "bios-256k.bin"
BIOS_VERSION = re.compile(rb"\0((?:rel-)?\d+\.\d+\.\d+[\w.+~-]*)\0")
DPKG_SECONDS = 10.0
COM1 = (0x3F8).to_bytes(2, "little")
REMEDY = "install UEFI firmware for QEMU (Debian, Ubuntu: apt install ovmf), or set options.firmware to bios"


NAMES: Mapping[BootMode, Literal["bios", "uefi"]] = {BootMode.LEGACY: "bios", BootMode.UEFI: "uefi"}
"""What each is called in a node's options."""


@dataclass(frozen=True, slots=True)
class VirtualFirmware:
    """Which firmware the node has, and its next QEMU starts with."""

    shape: Shape

    @property
    def mode(self) -> BootMode:
        return next(mode for mode, name in NAMES.items() if name == self.shape.now.firmware)

    def options(self, mode: BootMode) -> Mapping[str, object]:
        return {"firmware": NAMES[mode]}

    def take(self, mode: BootMode) -> None:
        self.shape.next = self.shape.next.model_copy(update=self.options(mode))


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


def find_bios(qemu: str) -> Path | None:
    """The SeaBIOS that this QEMU starts its nodes with (`-L help` names the same directories)."""
    program = shutil.which(qemu)
    share = Path(program).parents[1] / "share" if program else Path()
    places = (share / "qemu" / BIOS, share / "seabios" / BIOS)
    return next((place for place in places if program and place.is_file()), None)


def bios_version(image: Path | None) -> str:
    """What SeaBIOS calls itself, as it stands in its image; "" if it cannot be told."""
    try:
        found = BIOS_VERSION.search(image.read_bytes()) if image else None
    except OSError:
        return ""
    return found[1].decode() if found else ""


def package_version(file: Path) -> str:
    """The version of the Debian package that brought the file; "" where it is no such package's."""
    try:
        return _version_of_owner(file, file.stat().st_mtime_ns)
    except (OSError, subprocess.SubprocessError):
        return ""


@cache
def _version_of_owner(file: Path, changed: int) -> str:
    """Asked once while the file is as it was `changed`: it takes a tenth of a second."""
    owner = _dpkg_query("--search", str(file)).partition(":")[0]
    return _dpkg_query("--show", "--showformat=${Version}", owner)


def _dpkg_query(*words: str) -> str:
    query = ["dpkg-query", *words]
    return subprocess.run(query, check=True, capture_output=True, text=True, timeout=DPKG_SECONDS).stdout.strip()


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
