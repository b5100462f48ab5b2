"""How much memory a new guest can have: what the machine has left, and what this control group may still take."""

from pathlib import Path

from bmc.model.errors import Refused

MIB = 1024 * 1024
OVERHEAD = 96 * MIB
"""What QEMU takes beside the guest's memory; under TCG most of it is translated code, which grows with use."""


def require_memory(memory_mib: int, proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> None:
    """:raise Refused: a guest of that size does not fit."""
    needed = memory_mib * MIB + OVERHEAD
    available, limit = available_memory(proc, cgroups)
    if needed > available:
        raise Refused(
            f"not enough memory: {memory_mib} MiB and {OVERHEAD // MIB} MiB for QEMU are needed, {limit} leaves "
            f"{available // MIB} MiB; power off other nodes, lower options.memory_mib, or add memory"
        )


def available_memory(proc: Path, cgroups: Path) -> tuple[int, str]:
    """Bytes, and what limits them."""
    fields = dict(line.split(":", 1) for line in (proc / "meminfo").read_text().splitlines())
    tightest = int(fields["MemAvailable"].split()[0]) * 1024, "this machine"
    for group in _groups(proc, cgroups):
        for limit_file, usage_file in (
            ("memory.max", "memory.current"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes"),
        ):
            try:
                limit = int((group / limit_file).read_text())
                used = int((group / usage_file).read_text()) - _reclaimable(group)
            except (OSError, ValueError):  # not there, or "max"
                continue
            tightest = min(tightest, (max(0, limit - used), f"the control group's limit ({group / limit_file})"))
    return tightest


def _groups(proc: Path, cgroups: Path) -> list[Path]:
    """Our control group and those above it, of version 2 and of version 1's memory controller."""
    groups: list[Path] = []
    try:
        lines = (proc / "self/cgroup").read_text().splitlines()
    except OSError:
        return groups
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers not in ("", "memory"):
            continue
        top = cgroups / controllers
        group = top / path.lstrip("/")
        groups += [group, *(parent for parent in group.parents if parent == top or top in parent.parents)]
    return groups


def _reclaimable(group: Path) -> int:
    """Cached file pages, which the kernel gives up before it refuses memory."""
    try:
        fields = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return int(fields.get("inactive_file", 0))
    except (OSError, ValueError):
        return 0
