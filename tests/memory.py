"""What a process has in memory, as the kernel counts it (proc(5))."""

import os
import re
from pathlib import Path


def resident(process: int | str = "self") -> int:
    """The bytes that it has resident now."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def most(process: int | str = "self") -> int:
    """The most bytes that it has had resident, since it began or since `forget_most`."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    assert found
    return int(found[1]) << 10


def forget_most() -> None:
    """The most that we have had is from now on what we have now: an earlier test may have needed much."""
    Path("/proc/self/clear_refs").write_text("5")
