"""What a node fetches that boots by its network: a script for iPXE, and the kernel, ramdisk and configuration it names.

The script is at a place that does not change, and is given out once. It holds the key to the other files as the
password of their URLs, which iPXE shows nowhere: a path it would print on the console. The configuration is an archive
beside the ramdisk's, and no word of it stands on the kernel's command line, which boot logs show.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bmc.reinstall.build import Artefacts
from bmc.reinstall.medium import COMMAND_LINE, shell_lines

SCRIPT = "/boot.ipxe"
FILES = "/deploy/v1/boot"
TRAILER = "TRAILER!!!"

# What breaks off is tried again, also while the service restarts: the next device would be the old system's disk.
# The archive with the configuration comes first, since Linux wants a plain one to begin at a multiple of four bytes.
IPXE = """#!ipxe
:again
kernel {base}/kernel initrd=configuration initrd=ramdisk {command_line} || goto later
initrd --name configuration {base}/configuration || goto later
initrd --name ramdisk {base}/ramdisk || goto later
boot
:later
imgfree
sleep 2
goto again
"""


@dataclass(frozen=True, slots=True)
class BootFiles:
    """What one job lets its node boot by network: `files`, by name, for who knows `key`, of which this is the hash."""

    key: bytes
    script: str
    files: Mapping[str, Path | bytes]


def boot_script(url: str, key: str) -> str:
    """`url`: the deploy listener's."""
    parts = urlsplit(url)
    base = f"{parts.scheme}://job:{key}@{parts.netloc}{FILES}"
    return IPXE.format(base=base, command_line=COMMAND_LINE)


def boot_files(artefacts: Artefacts, conf: Mapping[str, str]) -> dict[str, Path | bytes]:
    """:raise InvalidRequest: `conf` cannot be written as shell lines."""
    return {
        "kernel": artefacts.kernel,
        "ramdisk": artefacts.initrd,
        "configuration": archive("job.conf", shell_lines(conf).encode()),
    }


def archive(name: str, content: bytes) -> bytes:
    """One private file as an archive that Linux unpacks beside the ramdisk: cpio's format newc."""
    return _entry(name, 0o100600, content) + _entry(TRAILER, 0, b"")


def _entry(name: str, mode: int, content: bytes) -> bytes:
    """Inode, mode, uid, gid, links, time, size, four numbers of devices, length of the name, checksum."""
    numbers = (1, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
    head = "070701" + "".join(f"{number:08X}" for number in numbers) + name + "\0"
    return _padded(head.encode()) + _padded(content)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
