"""What the builds stand on: Debian's programs and files, each known by the package that brings it."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bmc.model.errors import BmcError

# An ordinary user's PATH often lacks the last two.
PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"))

PACKAGES = {
    "cpio": "cpio",
    "debugfs": "e2fsprogs",
    "depmod": "kmod",
    "grub-mkimage": "grub-common",
    "grub-mkstandalone": "grub-common",
    "ldd": "libc-bin",
    "mcopy": "mtools",
    "mke2fs": "e2fsprogs",
    "mkfs.vfat": "dosfstools",
    "mmd": "mtools",
    "syslinux": "syslinux",
    "xorriso": "xorriso",
    "zstd": "zstd",
}


class BuildFailed(BmcError):
    """Something could not be built here; the text names what is missing, and the remedy."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel of the distribution: its image, and the directory of its modules."""

    release: str
    image: Path
    modules: Path


def program(name: str) -> str:
    """The path of a program. :raise BuildFailed: not installed; names its package."""
    found = shutil.which(name, path=PATH)
    if found is None:
        raise BuildFailed(f"the program {name} is missing; install the package {PACKAGES.get(name, name)}")
    return found


def run(name: str, *arguments: str | Path, stdin: bytes = b"", cwd: Path | None = None) -> bytes:
    """Run a program to its end and return what it printed. What it makes is private to us.

    :raise BuildFailed: it is missing or failed; the text carries its last words.
    """
    environment = {**os.environ, "PATH": PATH, "LC_ALL": "C", "MTOOLS_SKIP_CHECK": "1"}
    done = subprocess.run(
        [program(name), *map(str, arguments)], input=stdin, capture_output=True, cwd=cwd, env=environment, umask=0o077
    )
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip()[-600:]
        raise BuildFailed(f"{name} failed with status {done.returncode}: {words}")
    return done.stdout


def ingredient(path: str | Path, package: str) -> Path:
    """A readable file. :raise BuildFailed: not there; names its package, or what to do about its permissions."""
    file = Path(path)
    if not file.exists():
        raise BuildFailed(f"{file} is missing; install the package {package}")
    if not os.access(file, os.R_OK):
        raise BuildFailed(f"{file} cannot be read by this user; run once as root: chmod 0644 {file}")
    return file


def kernel_here() -> Kernel:
    """This machine's own kernel, or else the one that scripts/kernel took out of its package.

    :raise BuildFailed: there is neither.
    """
    fetched = Path(__file__).parents[2] / "build" / "kernel"
    try:
        return find_kernel()
    except BuildFailed:
        if not fetched.is_dir():
            raise
        return find_kernel(fetched / "lib" / "modules", fetched / "boot")


def find_kernel(modules: Path = Path("/lib/modules"), boot: Path = Path("/boot")) -> Kernel:
    """The newest generic kernel installed: flavour amd64 (Debian) or generic (Ubuntu).

    Cloud kernels are passed over: they have no AHCI, e1000e or USB. :raise BuildFailed: none is installed.
    """
    releases = [entry.name for entry in modules.glob("*") if (entry / "modules.dep").exists()]
    suited = [name for name in releases if name.endswith(("-amd64", "-generic")) and "cloud" not in name]
    generic = [name for name in suited if (boot / f"vmlinuz-{name}").exists()]
    if not generic:
        seen = ", ".join(sorted(releases)) or "none"
        remedy = "run scripts/kernel, or install linux-image-amd64 (Debian) or linux-image-generic (Ubuntu)"
        raise BuildFailed(f"no generic kernel is installed (modules seen: {seen}); {remedy}")
    release = max(generic, key=_version)
    return Kernel(release, ingredient(boot / f"vmlinuz-{release}", f"linux-image-{release}"), modules / release)


def syslinux_config(kernel: str, initrd: str, command_line: str) -> str:
    """What syslinux and isolinux boot, at once, with their own words on the serial console too."""
    return (
        "SERIAL 0 115200\nDEFAULT linux\nPROMPT 0\nLABEL linux\n"
        f" KERNEL {kernel}\n INITRD {initrd}\n APPEND {command_line}\n"
    )


def grub_config(kernel: str, initrd: str, command_line: str) -> str:
    """GRUB commands that boot a kernel, or say why not and switch the machine off instead of waiting at a prompt."""
    return (
        "set gfxpayload=keep\n"
        f"if linux {kernel} {command_line}; then if initrd {initrd}; then boot; fi; fi\n"
        'echo "lightsout: the kernel cannot be loaded; with UEFI the machine needs 384 MiB of memory."\n'
        "sleep 10\nhalt\n"
    )


def _version(release: str) -> tuple[int, ...]:
    digits = "".join(character if character.isdigit() else " " for character in release)
    return tuple(int(number) for number in digits.split())
