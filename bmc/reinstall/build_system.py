"""Two small operating systems, made of what the distribution's packages have put on this machine."""

import shutil
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bmc.images.catalogue import Proof
from bmc.reinstall.build_initrd import DIRECTORIES, Program, install_busybox, install_programs
from bmc.reinstall.build_tools import Kernel, grub_config, ingredient, run, syslinux_config

MIB = 1 << 20
BOOT_MIB = 16
SEED_MIB = 2
# In place of cylinder, head and sector: only the LBA counts.
NO_CHS = b"\xfe\xff\xff"
COMMAND_LINE = "console=tty0 console=ttyS0,115200 loglevel=4"
SYSLINUX = syslinux_config("/vmlinuz", "/initrd", COMMAND_LINE)
GRUB = grub_config("/vmlinuz", "/initrd", COMMAND_LINE)


SSH_SERVER: tuple[Program, ...] = (("/usr/sbin/dropbear", "dropbear-bin"), ("/usr/bin/dropbearkey", "dropbear-bin"))


@dataclass(frozen=True, slots=True)
class System:
    """One system: its name is that of its image and its files lie in images_root/<folder>."""

    name: str
    title: str
    description: str
    folder: str
    root_mib: int
    login_shell: str = "/bin/sh"
    programs: tuple[Program, ...] = ()
    proofs: frozenset[Proof] = frozenset({"serial-nonce", "phone-home"})


SYSTEMS = (
    System(
        "lightsout-mini",
        "Lightsout Mini (BusyBox)",
        "A kernel and BusyBox: login on screen and serial console. Boots in seconds.",
        "mini",
        root_mib=8,
    ),
    System(
        "lightsout-server",
        "Lightsout Server (bash, SSH)",
        "bash and an SSH server for the keys of the seed; login on screen and serial console.",
        "server",
        root_mib=24,
        login_shell="/bin/bash",
        programs=(("/bin/bash", "bash"), *SSH_SERVER),
        proofs=frozenset({"serial-nonce", "phone-home", "ssh-login"}),
    ),
)
TERMINALS = ("l/linux", "v/vt100", "v/vt102", "v/vt220", "x/xterm", "x/xterm-256color")


def build_disk(system: System, kernel: Kernel, initrd: Path, efi: Path, data: Path, out: Path, work: Path) -> None:
    """Write the raw disk `out`: MBR; boot partition for BIOS (syslinux) and UEFI (GRUB); CIDATA; root.

    `initrd` finds the root partition by its label, `efi` is a GRUB that reads /lightsout/system.cfg, `data` is the
    folder of the systems' own files.
    """
    work.mkdir()
    parts = (
        (0xEF, _boot_partition(kernel, initrd, efi, work)),
        (0x0C, make_fat(work / "seed.fat", "CIDATA", SEED_MIB)),
        (0x83, _root_partition(system, data, work)),
    )
    write_disk(out, parts)


def write_disk(out: Path, parts: Iterable[tuple[int, Path]], boot_code: bytes | None = None) -> None:
    """Write the raw disk `out` of these partitions, each a type and its content; BIOS boots the first by syslinux, if
    no other `boot_code` is given.
    """
    boot_code = boot_code or ingredient("/usr/lib/syslinux/mbr/mbr.bin", "syslinux-common").read_bytes()
    start, entries = MIB, b""
    with out.open("wb") as disk:
        for kind, part in parts:
            size = part.stat().st_size
            active = 0 if entries else 0x80
            entries += struct.pack("<B3sB3sII", active, NO_CHS, kind, NO_CHS, start // 512, size // 512)
            disk.seek(start)
            with part.open("rb") as source:
                shutil.copyfileobj(source, disk, MIB)
            start += size
        disk.truncate(start)
        disk.seek(0)
        disk.write(boot_code[:440])
        disk.seek(446)
        disk.write(entries.ljust(64, b"\0") + b"\x55\xaa")


def make_fat(path: Path, label: str, mib: int) -> Path:
    """An empty FAT file system."""
    with path.open("wb") as file:
        file.truncate(mib * MIB)
    run("mkfs.vfat", "-n", label, path)
    return path


def _boot_partition(kernel: Kernel, initrd: Path, efi: Path, work: Path) -> Path:
    part = make_fat(work / "boot.fat", "LIGHTSOUT", BOOT_MIB)
    run("mmd", "-i", part, "::/EFI", "::/EFI/BOOT", "::/lightsout")
    for file, name in ((kernel.image, "vmlinuz"), (initrd, "initrd"), (efi, "EFI/BOOT/BOOTX64.EFI")):
        run("mcopy", "-i", part, file, f"::/{name}")
    for text, name in ((SYSLINUX, "syslinux.cfg"), (GRUB, "lightsout/system.cfg")):
        run("mcopy", "-i", part, "-", f"::/{name}", stdin=text.encode())
    run("syslinux", "--install", part)
    return part


def _root_partition(system: System, data: Path, work: Path) -> Path:
    root, part = work / "root", work / "root.ext4"
    for directory in (*DIRECTORIES, "root", "lib64", "var/lib", "var/log"):
        (root / directory).mkdir(parents=True, exist_ok=True)
    install_busybox(root)
    (root / "sbin/init").symlink_to("../bin/busybox")
    install_programs(system.programs, root)
    if system.programs:
        _install_terminals(root)
    for folder in ("common", system.folder):
        shutil.copytree(data / "images_root" / folder, root, dirs_exist_ok=True)
    for name in ("lightsout.sh", "dhcp.sh"):
        shutil.copyfile(data / "ramdisk" / name, root / "lib" / name)
    passwd = root / "etc/passwd"
    passwd.write_text(passwd.read_text().replace("@SHELL@", system.login_shell))
    (root / "etc/shadow").write_text("root:$6$locked$*:19700:0:99999:7:::\n")
    (root / "etc/lightsout-image").write_text(f"{system.name}\n")
    _set_modes(root)
    run("mke2fs", "-q", "-F", "-t", "ext4", "-L", "lightsout-root", "-d", root, part, f"{system.root_mib}M")
    _give_to_root(root, part)
    return part


def _install_terminals(root: Path) -> None:
    for terminal in TERMINALS:
        for base in (Path("/lib/terminfo"), Path("/usr/share/terminfo")):
            if (base / terminal).exists():
                target = root / "lib/terminfo" / terminal
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(base / terminal, target)


def _set_modes(root: Path) -> None:
    """Scripts run, secrets are root's; a checkout or a wheel need not have kept any of that."""
    for path in root.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
        elif not path.is_symlink():
            with path.open("rb") as file:
                runs = file.read(2) == b"#!" or path.parent.name in ("bin", "sbin", "lib64")
            path.chmod(0o755 if runs else 0o644)
    for library in root.glob("lib/**/*.so*"):
        library.chmod(0o755)
    (root / "etc/shadow").chmod(0o600)
    (root / "root").chmod(0o700)


def _give_to_root(root: Path, part: Path) -> None:
    """Without root's rights mke2fs notes down whoever builds as the owner of each file; sshd trusts only root's."""
    names = ["/", *(f"/{path.relative_to(root)}" for path in root.rglob("*"))]
    script = "".join(f"set_inode_field {name} {field} 0\n" for name in names for field in ("uid", "gid"))
    run("debugfs", "-w", "-f", "-", part, stdin=script.encode())
