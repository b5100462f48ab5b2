"""CPU time per MB of screen: our proxy against websockify, on the same guest's screen, in turns."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.bench_key_to_pixel import free_port
from benchmarks.harness import report, service, wait_for
from benchmarks.rfb import viewer

NODE = "n1"
TURNS = 7
BYTES = 200_000_000


def processor_seconds(pid: int) -> float:
    """What a process, its threads and its children, also those that have ended, have used."""
    total = 0.0
    for process in [pid, *children(pid)]:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        total += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return total


def children(pid: int) -> list[int]:
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


@contextmanager
def websockify(target: Path) -> Iterator[tuple[int, int]]:
    """Its process id and its port."""
    port = free_port()
    command = [sys.executable, "-m", "websockify", f"--unix-target={target}", f"127.0.0.1:{port}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: listens(process.pid, port), "websockify")
        yield process.pid, port
    finally:
        process.terminate()
        process.wait()


def listens(pid: int, port: int) -> bool:
    return f":{port:04X} 00000000:0000 0A" in Path(f"/proc/{pid}/net/tcp").read_text()


async def cost(pid: int, url: str, token: str = "") -> float:
    """Milliseconds of CPU per MB."""
    async with viewer(url, token, incremental=False) as each:
        await asyncio.sleep(0.5)
        before, first = processor_seconds(pid), each.received
        await each.receive(BYTES)
        return 1000 * (processor_seconds(pid) - before) / ((each.received - first) / 1e6)


def main() -> None:
    ours: list[float] = []
    theirs: list[float] = []
    with service() as lightsout:
        lightsout.power(NODE, "On", "On")
        url = f"{lightsout.url.replace('http', 'ws', 1)}/console/{NODE}/screen"
        with websockify(lightsout.directory(NODE) / "vnc.sock") as (pid, port):
            for _ in range(TURNS):
                ours.append(asyncio.run(cost(lightsout.pid, url, lightsout.token)))
                theirs.append(asyncio.run(cost(pid, f"ws://127.0.0.1:{port}/")))
    rows = {"whole screens, raw": (ours, theirs)}
    report("CPU of the screen proxy", ("our proxy", "websockify"), rows, "ms per MB", aim=0.8)


if __name__ == "__main__":
    main()
