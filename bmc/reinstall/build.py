"""Builds the deploy ramdisk and the images once per content, atomically, and finds them again."""

import fcntl
import gzip
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bmc.images.catalogue import LABELS, Image, describe
from bmc.images.encodings import CHUNK
from bmc.model.boot import BootMode
from bmc.reinstall.build_initrd import BUSYBOX, Program, add_files, build_base
from bmc.reinstall.build_system import SEED_MIB, SSH_SERVER, SYSTEMS, build_disk, make_fat
from bmc.reinstall.build_tools import PACKAGES, Kernel, ingredient, kernel_here, program, run

Progress = Callable[[str, float], None]
HERE = Path(__file__).parent
GRUB_MODULES = (
    "iso9660 fat part_gpt part_msdos regexp search search_fs_file linux normal configfile test echo sleep halt "
    "all_video efi_gop"
)
DECODER: Program = ("/usr/bin/zstd", "zstd")
"""Of the ramdisk: it reads gzip and xz as well, and all faster than BusyBox."""
PARTITIONER: Program = ("/usr/sbin/sfdisk", "fdisk")
GRUB_LIBRARY = "/usr/lib/grub/x86_64-efi/moddep.lst"

# What syslinux and isolinux bring, copied so that a later upgrade of theirs cannot change what was tested together.
BIOS_FILES = (
    ("/usr/lib/ISOLINUX/isolinux.bin", "isolinux"),
    ("/usr/lib/ISOLINUX/isohdpfx.bin", "isolinux"),
    ("/usr/lib/syslinux/modules/bios/ldlinux.c32", "syslinux-common"),
)


@dataclass(frozen=True, slots=True)
class Artefacts:
    """One finished build."""

    directory: Path

    @property
    def kernel(self) -> Path:
        return self.directory / "vmlinuz"

    @property
    def initrd(self) -> Path:
        """The deploy ramdisk."""
        return self.directory / "deploy.initrd"

    @property
    def efi_image(self) -> Path:
        """A FAT image with a GRUB that reads /lightsout/deploy.cfg, for the El Torito record of the medium."""
        return self.directory / "efi.img"

    @property
    def isolinux(self) -> Path:
        return self.directory / "isolinux.bin"

    @property
    def isohybrid_mbr(self) -> Path:
        return self.directory / "isohdpfx.bin"

    @property
    def ldlinux(self) -> Path:
        return self.directory / "ldlinux.c32"

    @property
    def catalogue(self) -> Path:
        """The directory of the images, for Catalogue."""
        return self.directory / "images"


def default_cache() -> Path:
    """build/reinstall of the checkout that this code runs from, else the user's cache directory."""
    checkout = HERE.parent.parent
    if (checkout / "pyproject.toml").exists():
        return checkout / "build" / "reinstall"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lightsout"


def build_all(cache: Path, progress: Progress | None = None) -> Artefacts:
    """Build what is missing in `cache`, which may be shared by builders at the same time, and return it.

    The key is the content of all that goes in: a new kernel, BusyBox or script makes a new build, and a present one is
    found at once. `progress` is told what is being done and how much of the whole is done (0 to 1).
    :raise BuildFailed: something is missing or failed; the text names the package to install.
    """
    say = progress or (lambda what, done: None)
    kernel = kernel_here()
    artefacts = Artefacts(cache / _key(kernel))
    if artefacts.directory.is_dir():
        say("everything is built", 1.0)
        return artefacts
    for name in PACKAGES:
        program(name)  # better all at the start than one after a minute
    say("waiting for another build", 0.0)
    with lock(cache):
        if not artefacts.directory.is_dir():
            for stale in cache.glob(".building-*"):
                shutil.rmtree(stale, ignore_errors=True)  # whoever made it is dead: the lock is ours
            with tempfile.TemporaryDirectory(dir=cache, prefix=".building-") as folder:
                _build(kernel, Path(folder), say)
                (Path(folder) / "done").rename(artefacts.directory)
    say("everything is built", 1.0)
    return artefacts


@contextmanager
def lock(cache: Path) -> Iterator[None]:
    """One builder at a time."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _key(kernel: Kernel) -> str:
    sources = [path for path in sorted(HERE.rglob("*")) if path.is_file() and _goes_in(path)]
    ingredients = [kernel.image, ingredient(BUSYBOX, "busybox-static"), kernel.modules / "modules.dep"]
    ingredients += [ingredient(path, package) for path, package in BIOS_FILES]
    ingredients += [ingredient(path, package) for system in SYSTEMS for path, package in system.programs]
    ingredients += [ingredient(*tool) for tool in (DECODER, PARTITIONER)]
    ingredients.append(ingredient(GRUB_LIBRARY, "grub-efi-amd64-bin"))
    digest = hashlib.sha256(kernel.release.encode())
    for path in (*sources, *ingredients):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:20]


def _goes_in(path: Path) -> bool:
    relative = path.relative_to(HERE)
    return relative.parts[0] in ("ramdisk", "images_root") or (path.suffix == ".py" and path.name.startswith("build"))


def _build(kernel: Kernel, work: Path, say: Progress) -> None:
    done = work / "done"
    (done / "images").mkdir(parents=True)
    for path, package in BIOS_FILES:
        shutil.copyfile(ingredient(path, package), done / Path(path).name)
    shutil.copyfile(kernel.image, done / "vmlinuz")
    say("collecting kernel modules", 0.05)
    library = {"lib/lightsout.sh": HERE / "ramdisk/lightsout.sh", "lib/dhcp.sh": HERE / "ramdisk/dhcp.sh"}
    base = build_base(kernel, library, work)
    say("building the deploy ramdisk", 0.3)
    deploy = {"init": HERE / "ramdisk/init", "etc/acpi/PWRF/00000080": HERE / "ramdisk/power-button"}
    for name in ("deploy.sh", "erase.sh", "rescue.sh", "inspect.sh", "ssh-line", "rescue-shell"):
        deploy[f"lib/{name}"] = HERE / "ramdisk" / name
    for name in ("passwd", "group"):
        deploy[f"etc/{name}"] = HERE / "ramdisk" / name
    for label in sorted(set(LABELS.values())):
        blank = make_fat(work / f"{label}.fat", label, SEED_MIB)
        deploy[f"lib/seed-{label}.fat.gz"] = blank.with_suffix(".fat.gz")
        deploy[f"lib/seed-{label}.fat.gz"].write_bytes(gzip.compress(blank.read_bytes(), mtime=0))
    tools = (*SSH_SERVER, DECODER, PARTITIONER)
    (done / "deploy.initrd").write_bytes(base + add_files(deploy, work / "deploy", tools))
    (work / "system.initrd").write_bytes(base + add_files({"init": HERE / "images_root/init"}, work / "system"))
    say("building the boot loaders", 0.4)
    _fat_image(_grub("/lightsout/deploy.cfg", work), done / "efi.img")
    efi = _grub("/lightsout/system.cfg", work)
    for number, system in enumerate(SYSTEMS):
        say(f"building the image {system.name}", 0.5 + 0.5 * number / len(SYSTEMS))
        raw = work / f"{system.name}.raw"
        build_disk(system, kernel, work / "system.initrd", efi, HERE, raw, work / system.name)
        packed = done / "images" / f"{system.name}.raw.gz"
        image = Image(
            name=system.name,
            title=system.title,
            path=packed,
            encoding="gzip",
            size=raw.stat().st_size,
            sha256=compress(raw, packed),
            firmware=frozenset(BootMode),
            seed="lightsout",
            proofs=system.proofs,
            description=system.description,
        )
        (done / "images" / f"{system.name}.json").write_text(describe(image))


def _grub(config: str, work: Path) -> Path:
    """A GRUB for UEFI that goes on with `config` of the device it came from, else of the first that has it."""
    name = Path(config).stem
    embedded, out = work / f"{name}.grub", work / f"{name}.efi"
    embedded.write_text(
        f"regexp --set=1:device '^\\((.*)\\)' \"$cmdpath\"\n"
        f'if [ -f "($device){config}" ]; then set root="$device"\n'
        f"else search --no-floppy --set=root --file {config}; fi\n"
        f"configfile {config}\n"
    )
    run(
        "grub-mkstandalone", "-O", "x86_64-efi", "-o", out,
        f"--modules={GRUB_MODULES}", f"--install-modules={GRUB_MODULES}",
        "--locales=", "--fonts=", "--themes=", f"boot/grub/grub.cfg={embedded}",
    )  # fmt: skip
    return out


def _fat_image(efi: Path, out: Path) -> None:
    with out.open("wb") as file:
        file.truncate((efi.stat().st_size // 1024 + 200) * 1024)
    run("mkfs.vfat", "-n", "LIGHTSOUT", out)
    run("mmd", "-i", out, "::/EFI", "::/EFI/BOOT")
    run("mcopy", "-i", out, efi, "::/EFI/BOOT/BOOTX64.EFI")


def compress(raw: Path, out: Path) -> str:
    """Write `raw` to `out` by gzip, the same for the same content; returns the SHA-256 of the content."""
    digest = hashlib.sha256()
    with raw.open("rb") as source, out.open("wb") as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as target:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            target.write(chunk)
    return digest.hexdigest()
