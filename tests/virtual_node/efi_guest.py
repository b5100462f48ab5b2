"""A guest for UEFI: a GRUB that greets and, after a line of input, reboots. On a disk or a CD."""

import shutil
from pathlib import Path

from bmc.reinstall.build_system import make_fat, write_disk
from bmc.reinstall.build_tools import run

MODULES = "part_msdos fat iso9660 normal echo read reboot"


def write_efi_disk(path: Path, size_mib: int, greeting: str) -> None:
    """An EFI system partition that fills the disk."""
    write_disk(path, [(0xEF, _system_partition(path.with_suffix(".fat"), size_mib - 1, greeting))])


def write_efi_cd(path: Path, greeting: str) -> Path:
    tree = path.with_suffix(".tree")
    tree.mkdir()
    _system_partition(tree / "efi.img", 4, greeting)
    run(
        *("xorriso", "-as", "mkisofs", "-quiet", "-V", "GUEST", "-o", str(path)),
        *("-eltorito-alt-boot", "-e", "efi.img", "-no-emul-boot", str(tree)),
    )
    return path


def _system_partition(path: Path, size_mib: int, greeting: str) -> Path:
    work = path.with_suffix(".work")
    work.mkdir()
    (work / "grub.cfg").write_text(f"echo {greeting}\nread line\nreboot\n")
    run(
        *("grub-mkimage", "-O", "x86_64-efi", "-p", "/", "-c", str(work / "grub.cfg"), "-o", str(work / "BOOTX64.EFI")),
        *MODULES.split(),
    )
    make_fat(path, "GUESTEFI", size_mib)
    run("mmd", "-i", path, "::/EFI", "::/EFI/BOOT")
    run("mcopy", "-i", path, work / "BOOTX64.EFI", "::/EFI/BOOT/BOOTX64.EFI")
    shutil.rmtree(work)
    return path
