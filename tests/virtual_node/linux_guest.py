"""A disk that boots a small Linux: it prints markers and obeys words on its serial line. For what one sector
cannot do: network and reading a CD."""

import hashlib
import os
import re
import shutil
from pathlib import Path

from bmc.reinstall.build_initrd import add_files, build_base
from bmc.reinstall.build_system import make_fat, write_disk
from bmc.reinstall.build_tools import Kernel, kernel_here, run, syslinux_config
from tests.virtual_node.rig import Rig

BUILD = Path(__file__).resolve().parents[2] / "build" / "tests"
MODULES = (
    "virtio_pci",
    "virtio_blk",
    "virtio_net",
    "virtio_scsi",
    "sd_mod",
    "sr_mod",
    "ahci",
    "pvpanic_mmio",
    "isofs",
    "button",
    "ipmi_si",
    "ipmi_devintf",
)

INIT = r"""#!/bin/sh
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
exec </dev/ttyS0 >/dev/ttyS0 2>&1
stty -echo -icanon 2>/dev/null
for module in @MODULES@; do modprobe "$module" 2>/dev/null; done
echo 1 > /proc/sys/kernel/sysrq
dmesg -n 8
ip link set lo up
if [ -d /sys/class/net/eth0 ]; then
  ip link set eth0 up; ip addr add 10.0.2.15/24 dev eth0; ip route add default via 10.0.2.2
fi
[ -e /proc/acpi ] || true
( while read -r event < /dev/input/event0; do :; done ) 2>/dev/null &
(acpid -f -c /etc/acpi >/dev/null 2>&1) &
echo "GUEST-UP @NAME@ $(cut -d' ' -f1 /proc/uptime)"
while read -r word rest; do
  case $word in
    off) sync; poweroff -f ;;
    reboot) reboot -f ;;
    panic) echo c > /proc/sysrq-trigger ;;
    fill) dd if=/dev/urandom of=/dev/"$rest" bs=1M oflag=direct; echo "FILL-DONE $?" ;;
    flood) while :; do echo 0123456789012345678901234567890123456789012345678901234567890123456789; done ;;
    cd) dd if=/dev/sr0 bs=1 skip=32808 count=32 2>/dev/null; echo " CD-READ $?" ;;
    get) wget -q -O - "$rest" 2>&1; echo "GET-DONE $?" ;;
    try) nc -w 3 $rest </dev/null && echo "TRY-OPEN" || echo "TRY-CLOSED" ;;
    echo) echo "ECHO $rest" ;;
    run) sh -c "$rest" 2>&1; echo "RUN-DONE $?" ;;
  esac
done
"""
ACPI_POWER = "#!/bin/sh\necho GUEST-ACPI-POWER > /dev/ttyS0\npoweroff -f\n"


def boot_disk(name: str = "disk") -> Path:
    """The raw image, built once per content; its guest calls itself `name` in `GUEST-UP name`."""
    kernel = kernel_here()
    recipe = "|".join([Path(__file__).read_text(), kernel.release, name]).encode()
    image = BUILD / f"guest-{hashlib.sha256(recipe).hexdigest()[:16]}.raw"
    if not image.exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        scratch = BUILD / f"{image.stem}.{os.getpid()}"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        try:
            _build(scratch, kernel, name).replace(image)
        finally:
            shutil.rmtree(scratch)
    return image


def program(name: str) -> dict[str, Path]:
    """A program of this host with its libraries (path inside → file)."""
    path = Path(shutil.which(name) or name)
    libraries = re.findall(r"(/\S+) \(0x", run("ldd", path).decode())
    return {f"bin/{name}": path, **{library.lstrip("/"): Path(library) for library in libraries}}


ARGUMENTS = "console=ttyS0 quiet random.trust_cpu=on panic=0"


def _build(scratch: Path, kernel: Kernel, name: str) -> Path:
    init, power, initrd = scratch / "init", scratch / "power", scratch / "initrd"
    init.write_text(INIT.replace("@NAME@", name).replace("@MODULES@", " ".join(MODULES)))
    power.write_text(ACPI_POWER)
    files = {"init": init, "etc/acpi/PWRF/00000080": power, **program("ipmitool")}
    own = add_files(files, scratch / "own")
    initrd.write_bytes(build_base(kernel, {}, scratch) + own)
    size = (kernel.image.stat().st_size + initrd.stat().st_size) // (1 << 20) + 6
    boot, image = make_fat(scratch / "boot.fat", "GUESTBOOT", size), scratch / "image.raw"
    for source, target in ((kernel.image, "vmlinuz"), (initrd, "initrd")):
        run("mcopy", "-i", boot, source, f"::/{target}")
    config = syslinux_config("/vmlinuz", "/initrd", ARGUMENTS)
    run("mcopy", "-i", boot, "-", "::/syslinux.cfg", stdin=config.encode())
    run("syslinux", "--install", boot)
    write_disk(image, [(0xEF, boot)])
    return image


def install(rig: Rig) -> None:
    rig.files.make()
    shutil.copyfile(boot_disk(), rig.files.guest / "disk0.raw")
