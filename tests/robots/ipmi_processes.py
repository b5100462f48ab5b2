"""The processes of ours that speak IPMI to BMCs."""

import os
import subprocess


def children(pid: int) -> set[int]:
    found = subprocess.run(["pgrep", "-P", str(pid), "-f", "ipmi_worker"], capture_output=True, check=False)
    return {int(child) for child in found.stdout.split()}


def workers() -> set[int]:
    """Those that speak to BMCs, without the nursery that they are forked from."""
    return {worker for nursery in children(os.getpid()) for worker in children(nursery)}
