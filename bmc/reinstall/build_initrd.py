"""Initial ramdisks: BusyBox, the kernel modules that a server may need, and one init script."""

import lzma
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from bmc.reinstall.build_tools import BuildFailed, Kernel, ingredient, run

BUSYBOX = "/bin/busybox"
DIRECTORIES = ("bin", "dev", "etc", "lib", "newroot", "proc", "run", "sbin", "sys", "tmp", "usr/bin", "usr/sbin", "var")

Program = tuple[str, str]
"""Its path, and the package that brings it."""

# By what they are for. Each brings the modules that it depends on; one that the kernel has built in is no loss.
STORAGE = ("virtio_blk", "virtio_scsi", "nvme", "ahci", "ata_piix", "mptspi", "mptsas", "megaraid_sas")
DISKS = ("sd_mod", "sr_mod")
NETWORK = ("virtio_net", "e1000", "e1000e", "igb", "ixgbe", "r8169", "tg3")
BUSES = ("virtio_pci", "xhci_pci", "ehci_pci", "uhci_hcd", "ohci_pci", "usb_storage", "uas")
FILES = ("isofs", "vfat", "nls_cp437", "nls_ascii", "nls_iso8859_1", "ext4", "crc32c_generic", "crc32c_intel")
PERSON = ("usbhid", "hid_generic", "evdev", "button", "psmouse")
BOARD = ("virtio_rng", "pvpanic_pci", "pvpanic_mmio", "ipmi_si", "ipmi_devintf", "ipmi_watchdog", "qemu_fw_cfg")
MODULES = STORAGE + DISKS + NETWORK + BUSES + FILES + PERSON + BOARD

# Without these nothing of ours works on any machine; the others depend on the kernel's flavour.
NEEDED = frozenset({"virtio_blk", "virtio_net", "virtio_pci", "ahci", "sd_mod", "sr_mod", "isofs", "vfat", "ext4"})


def build_base(kernel: Kernel, library: Mapping[str, Path], work: Path) -> bytes:
    """A compressed archive with BusyBox, modules, and `library` (path inside → file); `add_files` completes it.

    Linux unpacks archives that stand one behind another as one. :raise BuildFailed: a needed module is missing.
    """
    root = work / "base"
    for directory in DIRECTORIES:
        (root / directory).mkdir(parents=True, exist_ok=True)
    install_busybox(root)
    _install_modules(kernel, root)
    _install(root, library)
    return _archive(root)


def add_files(files: Mapping[str, Path], work: Path, programs: Iterable[Program] = ()) -> bytes:
    """A compressed archive with these executable files (path inside → file) and programs."""
    work.mkdir()
    _install(work, files)
    install_programs(programs, work)
    return _archive(work)


def install_busybox(root: Path) -> None:
    """BusyBox with a link for each of its commands."""
    busybox = ingredient(BUSYBOX, "busybox-static")
    shutil.copy(busybox, root / "bin/busybox")
    if (root / "bin/busybox").read_bytes().find(b"/ld-linux") >= 0 and b"ld-linux" in run("ldd", busybox):
        raise BuildFailed("busybox is not linked statically; install the package busybox-static")
    for command in run("busybox", "--list").decode().split():
        if command != "busybox":
            (root / "bin" / command).symlink_to("busybox")


def install_programs(programs: Iterable[Program], root: Path) -> None:
    """Each program with the libraries it is linked with."""
    for name, package in programs:
        binary = ingredient(name, package)
        (root / name[1:]).parent.mkdir(parents=True, exist_ok=True)
        (root / name[1:]).unlink(missing_ok=True)  # BusyBox may have a command of that name
        shutil.copy(binary, root / name[1:])
        for word in run("ldd", binary).decode().split():
            if word.startswith("/"):
                library = root / word.removeprefix("/usr")[1:]
                library.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(word, library)


def _install(root: Path, files: Mapping[str, Path]) -> None:
    for inside, file in files.items():
        target = root / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        target.chmod(0o755)


def _install_modules(kernel: Kernel, root: Path) -> None:
    target = root / "lib/modules" / kernel.release
    for module in _closure(kernel):
        # Debian keeps modules as they are, Ubuntu compresses them; BusyBox loads only plain ones.
        source, plain = kernel.modules / module, target / f"{module.partition('.ko')[0]}.ko"
        plain.parent.mkdir(parents=True, exist_ok=True)
        if module.endswith(".zst"):
            run("zstd", "-dqf", source, "-o", plain)
        elif module.endswith(".xz"):
            plain.write_bytes(lzma.decompress(source.read_bytes()))
        else:
            shutil.copyfile(source, plain)
    for name in ("modules.order", "modules.builtin", "modules.builtin.modinfo"):
        shutil.copyfile(kernel.modules / name, target / name)
    run("depmod", "-b", root, kernel.release)
    for index in target.glob("*.bin"):
        index.unlink()  # BusyBox reads the text files


def _closure(kernel: Kernel) -> Iterable[str]:
    """The files of MODULES and of all they depend on, from modules.dep."""
    needs: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for line in (kernel.modules / "modules.dep").read_text().splitlines():
        file, _, rest = line.partition(":")
        needs[file] = rest.split()
        names[_name(file)] = file
    builtin = {_name(line) for line in (kernel.modules / "modules.builtin").read_text().splitlines()}
    missing = NEEDED - names.keys() - builtin
    if missing:
        names_missing = ", ".join(sorted(missing))
        remedy = f"install linux-modules-extra-{kernel.release}"
        raise BuildFailed(f"kernel {kernel.release} has no module {names_missing}; {remedy}")
    chosen: set[str] = set()
    for name in MODULES:
        if name in names:
            chosen |= {names[name], *needs[names[name]]}
    return sorted(chosen)


def _name(file: str) -> str:
    return Path(file).name.partition(".ko")[0].replace("-", "_")


def _archive(root: Path) -> bytes:
    names = "\0".join(sorted(str(path.relative_to(root)) for path in root.rglob("*"))) + "\0"
    options = ("--quiet", "--null", "--create", "--format=newc", "--owner=0:0", "--reproducible")
    archive = run("cpio", *options, stdin=names.encode(), cwd=root)
    return run("zstd", "-19", "-T0", "-q", "-c", stdin=archive)
