"""A disk that boots a small Linux: it prints markers and obeys words on its serial line. For what one sector
cannot do: network and reading a CD."""

import gzip
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

BUILD = Path(__file__).resolve().parents[2] / "build" / "tests"
KERNELS = sorted(Path("/boot").glob("vmlinuz-*"))
MODULES = (
    "virtio_pci",
    "virtio_blk",
    "virtio_net",
    "virtio_scsi",
    "sd_mod",
    "sr_mod",
    "ahci",
    "pvpanic-mmio",
    "isofs",
    "button",
)

INIT = r"""#!/bin/sh
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
exec </dev/ttyS0 >/dev/ttyS0 2>&1
stty -echo -icanon 2>/dev/null
for module in $(cat /modules); do insmod "$module" 2>/dev/null; done
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
  esac
done
"""
ACPI_POWER = "#!/bin/sh\necho GUEST-ACPI-POWER > /dev/ttyS0\npoweroff -f\n"


def boot_disk(name: str = "disk") -> Path:
    """The raw image, built once per content; its guest calls itself `name` in `GUEST-UP name`."""
    kernel = KERNELS[-1]
    recipe = "|".join([Path(__file__).read_text(), kernel.name, name]).encode()
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


ARGUMENTS = "console=ttyS0 quiet random.trust_cpu=on panic=0"
SYSLINUX = f"DEFAULT l\nPROMPT 0\nTIMEOUT 0\nLABEL l\n KERNEL /vmlinuz\n INITRD /initrd\n APPEND {ARGUMENTS}\n"


def _build(scratch: Path, kernel: Path, name: str) -> Path:
    initrd = _initrd(scratch, kernel, name)
    size = (kernel.stat().st_size + initrd.stat().st_size) // (1 << 20) + 6
    boot, image = scratch / "boot.fat", scratch / "image.raw"
    _run("truncate", "-s", f"{size}M", str(boot))
    _run("mkfs.vfat", "-n", "GUESTBOOT", str(boot))
    (scratch / "syslinux.cfg").write_text(SYSLINUX)
    for source, target in (
        (kernel, "vmlinuz"),
        (initrd, "initrd"),
        (scratch / "syslinux.cfg", "syslinux.cfg"),
    ):
        _run("mcopy", "-i", str(boot), str(source), f"::/{target}")
    _run("syslinux", "--install", str(boot))
    _run("truncate", "-s", f"{size + 1}M", str(image))
    table = f"label: dos\nstart=1MiB, size={size}MiB, type=ef, bootable\n"
    subprocess.run(["sfdisk", "-q", str(image)], input=table, text=True, check=True, capture_output=True, timeout=60)
    _run("dd", "if=/usr/lib/syslinux/mbr/mbr.bin", f"of={image}", "bs=440", "count=1", "conv=notrunc")
    _run("dd", f"if={boot}", f"of={image}", "bs=1M", "seek=1", "conv=notrunc,sparse")
    return image


def _initrd(scratch: Path, kernel: Path, name: str) -> Path:
    version = kernel.name.removeprefix("vmlinuz-")
    root = scratch / "root"
    for directory in ("bin", "proc", "sys", "dev", "etc/acpi/PWRF", "lib"):
        (root / directory).mkdir(parents=True)
    shutil.copy("/bin/busybox", root / "bin")
    for applet in _run("/bin/busybox", "--list").split():
        if applet != "busybox":
            (root / "bin" / applet).symlink_to("busybox")
    (root / "init").write_text(INIT.replace("@NAME@", name))
    (root / "init").chmod(0o755)
    power = root / "etc/acpi/PWRF/00000080"
    power.write_text(ACPI_POWER)
    power.chmod(0o755)
    order: list[str] = []
    for module in MODULES:
        listing = _run("modprobe", "--show-depends", "-S", version, module)
        for line in listing.splitlines():
            if line.startswith("insmod"):
                path = Path(line.split()[1])
                if path.name not in order:
                    order.append(path.name)
                    shutil.copy(path, root / "lib")
    (root / "modules").write_text("\n".join(f"/lib/{name}" for name in order))
    names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*")))
    archive = subprocess.run(
        ["cpio", "-o", "-H", "newc", "--quiet", "-R", "0:0"],
        input=names.encode(),
        cwd=root,
        check=True,
        capture_output=True,
        timeout=60,
    ).stdout
    initrd = scratch / "initrd"
    initrd.write_bytes(gzip.compress(archive, 6))
    return initrd


def _run(*command: str) -> str:
    environment = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120, env=environment).stdout
