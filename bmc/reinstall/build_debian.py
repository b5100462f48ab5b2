"""A Debian 12 out of the packages that this machine's own package sources have."""

import hashlib
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import uuid4

from bmc.images.catalogue import Image, describe
from bmc.model.boot import BootMode
from bmc.reinstall.build import Progress, compress, lock
from bmc.reinstall.build_system import SEED_MIB, make_fat, write_disk
from bmc.reinstall.build_tools import BuildFailed, ingredient, program, run

NAME, SUITE = "debian-12", "bookworm"
PACKAGES = (
    "linux-image-amd64", "initramfs-tools", "zstd",
    "systemd-sysv", "systemd-resolved", "systemd-timesyncd", "libpam-systemd", "dbus", "udev",
    "openssh-server", "cloud-init", "cloud-guest-utils", "fdisk", "e2fsprogs",
    "sudo", "iproute2", "iputils-ping", "netbase", "ca-certificates", "curl", "less", "nano",
)  # fmt: skip
DEFINITION = Path(__file__).with_name("debian")
CUSTOMIZE = DEFINITION / "customize"
BOOT_MIB, SPARE_MIB = 8, 160
ROOT_PARTITION = 3
GRUB = Path("/usr/lib/grub")
MODULES = ("part_msdos", "ext2", "fat", "normal", "linux", "search", "configfile", "serial", "terminal",
           "echo", "test", "all_video", "halt", "reboot", "ls", "cat")  # fmt: skip
# After the boot code of sector 0 comes GRUB itself, in the gap before the first partition.
GAP = (1 << 20) - 512


def debian_directory(cache: Path) -> Path:
    """Where the image is, once it was built: a directory for Catalogue."""
    return cache / NAME


def build_debian(cache: Path, progress: Progress | None = None, again: bool = False) -> Path:
    """Build the image, unless one is there that was made in the same way from the same sources; returns its file.

    `again` makes it anew, with the packages of today. Jobs that were given the one before say that it was replaced.
    :raise BuildFailed: something is missing or failed; the text names the package to install.
    """
    say = progress or (lambda what, done: None)
    directory = debian_directory(cache)
    with lock(cache):
        made_from, key = directory / "made-from", _key(debian_sources())
        if not again and made_from.is_file() and made_from.read_text() == key:
            say("everything is built", 1.0)
            return next(directory.glob("*.gz"))
        with tempfile.TemporaryDirectory(dir=cache, prefix=".building-") as folder:
            work = Path(folder)
            work.chmod(0o755)  # parts of the build run as users of their own
            raw, packed = work / "disk.raw", work / "disk.raw.gz"
            _build_disk(raw, work, say)
            say("compressing", 0.8)
            sha256, size = compress(raw, packed), raw.stat().st_size
            path = directory / f"{NAME}-{sha256[:12]}.raw.gz"
            (work / "json").write_text(describe(_image(path, size, sha256)))
            directory.mkdir(exist_ok=True)
            made_from.unlink(missing_ok=True)
            packed.replace(path)
            (work / "json").replace(directory / f"{NAME}.json")
        made_from.write_text(key)
        for old in directory.glob("*.gz"):
            if old != path:
                old.unlink()
    say("everything is built", 1.0)
    return path


def _key(sources: Sequence[str]) -> str:
    parts = [Path(__file__).read_bytes(), CUSTOMIZE.read_bytes(), "\n".join(sources).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def debian_sources(apt: Path = Path("/etc/apt")) -> list[str]:
    """This machine's own package sources of Debian 12, as deb822 paragraphs or as lines.

    :raise BuildFailed: it has none.
    """
    found: list[str] = []
    for file in [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]:
        if not file.is_file() or file.suffix not in (".list", ".sources"):
            continue
        text = file.read_text()
        found += _paragraphs(text) if file.suffix == ".sources" else _lines(text)
    if not found:
        remedy = "name some in /etc/apt/sources.list.d, or build the image on a machine with Debian 12"
        raise BuildFailed(f"this machine has no package sources of Debian 12 ({SUITE}); {remedy}")
    return found


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if re.match(rf"deb\s+(\[[^]]*\]\s+)?\S+\s+{SUITE}(-updates|-security)?\s+(.*\s)?main\b", line):
            yield line


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text):
        lines = [line for line in paragraph.splitlines() if line.strip() and not line.startswith("#")]
        fields = dict(re.findall(r"(?m)^(Suites|Types|Components|Enabled):\s*(.*)$", "\n".join(lines)))
        ours = {SUITE, f"{SUITE}-updates", f"{SUITE}-security"}
        suites = set(fields.get("Suites", "").split())
        if (
            suites
            and suites <= ours
            and "deb" in fields.get("Types", "").split()
            and "main" in fields.get("Components", "").split()
            and fields.get("Enabled", "yes") != "no"
        ):
            yield "\n".join(lines)


def _build_disk(out: Path, work: Path, say: Progress) -> None:
    """Write the raw disk `out`: MBR with GRUB for BIOS; boot partition with GRUB for UEFI; CIDATA; root."""
    sources = debian_sources()
    program("mmdebstrap")
    boot_code = ingredient(GRUB / "i386-pc/boot.img", "grub-pc-bin").read_bytes()
    ingredient(GRUB / "x86_64-efi/moddep.lst", "grub-efi-amd64-bin")
    say("installing Debian's packages, which takes minutes", 0.05)
    root, uuid = work / "root.ext4", str(uuid4())
    _bootstrap(sources, root, uuid, work)
    say("building the boot loaders", 0.7)
    core = _grub("i386-pc", (*MODULES, "biosdisk"), work)
    if core.stat().st_size > GAP:
        raise BuildFailed(f"GRUB has {core.stat().st_size} bytes and does not fit before the first partition")
    parts = ((0xEF, _boot_partition(work)), (0x0C, make_fat(work / "seed.fat", "CIDATA", SEED_MIB)), (0x83, root))
    write_disk(out, parts, boot_code)
    with out.open("r+b") as disk:
        disk.seek(512)
        disk.write(core.read_bytes())


def _bootstrap(sources: list[str], root: Path, uuid: str, work: Path) -> None:
    listed: list[Path] = []
    for kind, wanted, between in (("sources", True, "\n\n"), ("list", False, "\n")):
        chosen = [source for source in sources if ("\n" in source) == wanted]
        if chosen:
            listed.append(work / f"apt.{kind}")
            listed[-1].write_text(between.join(chosen) + "\n")
            listed[-1].chmod(0o644)
    run(
        "env", f"TMPDIR={work}", "mmdebstrap",
        "--quiet", "--variant=minbase", "--format=null", f"--include={','.join(PACKAGES)}",
        '--aptopt=APT::Sandbox::User "root"',  # apt's own user may not come to where this is built
        f'--customize-hook=sh "{CUSTOMIZE}" "{root}" {uuid} {SPARE_MIB << 10} "$1"',
        SUITE, "/dev/null", *listed,
    )  # fmt: skip


def _grub(kind: str, modules: tuple[str, ...], work: Path) -> Path:
    """A GRUB that goes on with /boot/grub/grub.cfg of the root partition, on the disk that it came from itself."""
    out = work / f"{kind}.img"
    run("grub-mkimage", "-O", kind, "-o", out, "-p", f"(,msdos{ROOT_PARTITION})/boot/grub", *modules)
    return out


def _boot_partition(work: Path) -> Path:
    """For UEFI."""
    efi = _grub("x86_64-efi", (*MODULES, "efi_gop"), work)
    part = make_fat(work / "boot.fat", "EFI", BOOT_MIB)
    run("mmd", "-i", part, "::/EFI", "::/EFI/BOOT")
    run("mcopy", "-i", part, efi, "::/EFI/BOOT/BOOTX64.EFI")
    return part


def _image(path: Path, size: int, sha256: str) -> Image:
    return Image(
        name=NAME,
        title="Debian 12 (cloud-init, SSH)",
        path=path,
        encoding="gzip",
        size=size,
        sha256=sha256,
        firmware=frozenset(BootMode),
        seed="nocloud",
        proofs=frozenset({"serial-nonce", "phone-home", "ssh-login"}),
        description="Debian's own kernel, systemd, OpenSSH and cloud-init; takes a user, a network and user data.",
    )
