"""A guest for UEFI: a GRUB that greets and, after a line of input, reboots. On a disk or a CD."""

import os
import shutil
import subprocess
from pathlib import Path

MODULES = "part_msdos fat iso9660 normal echo read reboot"


def write_efi_disk(path: Path, size_mib: int, greeting: str) -> None:
    """An EFI system partition that fills the disk."""
    fat = _system_partition(path.with_suffix(".fat"), size_mib - 1, greeting)
    run("truncate", "-s", f"{size_mib}M", str(path))
    table = f"label: dos\nstart=1MiB, size={size_mib - 1}MiB, type=ef, bootable\n"
    subprocess.run(
        ["/sbin/sfdisk", "-q", str(path)], input=table, text=True, check=True, capture_output=True, timeout=60
    )
    run("dd", f"if={fat}", f"of={path}", "bs=1M", "seek=1", "conv=notrunc,sparse")


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
    run("truncate", "-s", f"{size_mib}M", str(path))
    run("/sbin/mkfs.vfat", str(path))
    run("mmd", "-i", str(path), "::/EFI", "::/EFI/BOOT")
    run("mcopy", "-i", str(path), str(work / "BOOTX64.EFI"), "::/EFI/BOOT/BOOTX64.EFI")
    shutil.rmtree(work)
    return path


def run(*command: str) -> str:
    environment = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120, env=environment).stdout
