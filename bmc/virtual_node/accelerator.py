"""Whether KVM works here: tried with a tiny guest, not guessed from /dev/kvm; remembered until the host boots again."""

import fcntl
import json
import os
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from bmc.model.errors import Refused
from bmc.virtual_node.process import host_boot_id

KVM = Path("/dev/kvm")
DEADLINE = 10.0
DISK_SIZE = 1024 * 1024  # SeaBIOS boots no disk of one sector
EXIT_PORT = 0xF4
REACHED = 0x10
# cli; mov al, REACHED; out EXIT_PORT, al; hlt; jmp back to hlt
_CODE = bytes([0xFA, 0xB0, REACHED, 0xE6, EXIT_PORT, 0xF4, 0xEB, 0xFD])
BOOT_SECTOR = _CODE + bytes(510 - len(_CODE)) + b"\x55\xaa"


@dataclass(frozen=True, slots=True)
class KvmVerdict:
    works: bool
    reason: str


def choose_accelerator(
    wanted: Literal["auto", "kvm", "tcg"], qemu: str, directory: Path
) -> tuple[Literal["kvm", "tcg"], str]:
    """The accelerator, and why. :raise Refused: KVM is demanded and does not work."""
    if wanted == "tcg":
        return "tcg", "options.accelerator is tcg"
    verdict = kvm_verdict(qemu, directory)
    if verdict.works:
        return "kvm", verdict.reason
    if wanted == "kvm":
        raise Refused(
            f"options.accelerator is kvm, but {verdict.reason}; enable virtualisation on this host, "
            "or set it to auto or tcg"
        )
    return "tcg", verdict.reason


def kvm_verdict(qemu: str, directory: Path) -> KvmVerdict:
    """Tried once per boot of the host and kept in `directory`; one process tries at a time."""
    if not KVM.exists():
        return KvmVerdict(False, f"there is no {KVM}")
    key = [host_boot_id(), qemu, _may_open()]
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(directory / "kvm.json", os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        try:
            kept = json.load(file)
            if kept["key"] == key:
                return KvmVerdict(**kept["verdict"])
        except (ValueError, KeyError, TypeError):
            pass
        verdict = try_kvm(qemu)
        file.truncate(0)
        json.dump({"key": key, "verdict": asdict(verdict)}, file)
    return verdict


def try_kvm(qemu: str) -> KvmVerdict:
    """Boot one sector that leaves through a debug port."""
    ended = run_tiny_guest(qemu, ["-accel", "kvm", "-cpu", "host"])
    if ended is None:
        return KvmVerdict(False, f"{KVM} does not work: a tiny guest hung for {DEADLINE:.0f} s")
    status, complaint = ended
    if status == (REACHED << 1 | 1):
        return KvmVerdict(True, "a tiny guest ran under KVM")
    return KvmVerdict(
        False, f"{KVM} does not work: a tiny guest ended with {status}" + (f" ({complaint})" * bool(complaint))
    )


def run_tiny_guest(qemu: str, accelerator: list[str]) -> tuple[int, str] | None:
    """Its exit code and QEMU's complaint; None when it hung. It ends with us: a hung one would spin for ever."""
    disk = os.memfd_create("lightsout-probe", 0)
    try:
        os.write(disk, BOOT_SECTOR)
        os.ftruncate(disk, DISK_SIZE)
        drive = {"driver": "raw", "node-name": "probe", "read-only": True}
        drive["file"] = {"driver": "file", "filename": f"/proc/self/fd/{disk}"}
        result = subprocess.run(
            [
                *("setpriv", "--pdeathsig", "KILL"),
                *(qemu, "-nodefaults", "-no-user-config", "-machine", "q35", "-m", "32", "-display", "none"),
                *accelerator,
                *("-blockdev", json.dumps(drive), "-device", "virtio-blk-pci,drive=probe,bootindex=0"),
                *("-device", f"isa-debug-exit,iobase={EXIT_PORT:#x},iosize=0x1"),
            ],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            timeout=DEADLINE,
            pass_fds=(disk,),
        )
    except subprocess.TimeoutExpired:
        return None
    except OSError as error:
        return 127, str(error)
    finally:
        os.close(disk)
    return result.returncode, " ".join(result.stderr.split())[:300]


def _may_open() -> bool:
    """Part of the key: joining the kvm group calls for a new trial."""
    try:
        KVM.open("rb+", buffering=0).close()
    except OSError:
        return False
    return True
