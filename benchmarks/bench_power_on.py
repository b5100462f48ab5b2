"""How long from `ipmitool chassis power on` to the guest's first serial byte, and from starting that QEMU by hand."""

import time
from pathlib import Path
from statistics import median

from benchmarks.harness import Service, by_hand, copy_guest, report, service, wait_for

RUNS = 9
NODES = {"BIOS": "n1", "UEFI": "n2"}


def through_ipmitool(lightsout: Service, node: str) -> float:
    log = lightsout.directory(node) / "serial.log"
    before = length(log)
    start = time.monotonic()
    lightsout.ipmitool(node, "chassis", "power", "on")
    wait_for(lambda: length(log) > before, f"the first byte of {node}")
    return time.monotonic() - start


def through_a_shell(argv: list[str], directory: Path) -> float:
    log = directory / "serial.log"
    log.unlink(missing_ok=True)
    start = time.monotonic()
    with by_hand(argv, directory):
        wait_for(lambda: length(log) > 0, "the first byte of QEMU started by hand")
        return time.monotonic() - start


def ipmitool_alone(lightsout: Service, node: str) -> float:
    """What ipmitool takes by itself, for a question that costs the node nothing."""
    start = time.monotonic()
    lightsout.ipmitool(node, "chassis", "power", "status")
    return time.monotonic() - start


def length(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def main() -> None:
    rows: dict[str, tuple[list[float], list[float]]] = {}
    alone: list[float] = []
    with service() as lightsout:
        for firmware, node in NODES.items():
            ours, theirs = rows.setdefault(firmware, ([], []))
            through_ipmitool(lightsout, node)  # warms the page cache, and shows the command line
            argv = [argument for argument in lightsout.qemu(node) if argument != "-S"]
            lightsout.power(node, "ForceOff", "Off")
            copy = lightsout.state.parent / firmware
            copy_guest(lightsout.directory(node), copy)
            for _ in range(RUNS):
                ours.append(through_ipmitool(lightsout, node))
                lightsout.power(node, "ForceOff", "Off")
                theirs.append(through_a_shell(argv, copy))
                alone.append(ipmitool_alone(lightsout, node))
    report("Power on to the first serial byte", ("ipmitool", "by hand"), rows, "s", aim=1.2)
    print(f"Of that, ipmitool itself takes {median(alone):.3f} s: so long is its question for the power status.")


if __name__ == "__main__":
    main()
