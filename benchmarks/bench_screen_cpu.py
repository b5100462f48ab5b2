"""CPU time per MB of screen: our proxy against websockify, on the same guest's screen, in turns."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from benchmarks.harness import free_port, listens, report, service, wait_for
from benchmarks.rfb import viewer

NODE = "n1"
TURNS = 5
VIEWERS = 4
SECONDS = 8.0


def processor_seconds(pids: Iterable[int]) -> float:
    """What all threads of these processes have used, by the scheduler's own count (proc(5), schedstat)."""
    threads = [thread for pid in pids for thread in Path(f"/proc/{pid}/task").iterdir()]
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


def family(pid: int) -> list[int]:
    """A process and its children: websockify forks for each viewer."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [pid, *(int(child) for thread in threads for child in (thread / "children").read_text().split())]


@contextmanager
def websockify(target: Path) -> Iterator[tuple[int, int]]:
    """Its process id and its port."""
    port = free_port()
    command = [sys.executable, "-m", "websockify", f"--unix-target={target}", f"127.0.0.1:{port}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: listens(port), "websockify")
        yield process.pid, port
    finally:
        process.terminate()
        process.wait()


async def cost(pids: Callable[[], list[int]], url: str, token: str = "") -> float:
    """Milliseconds of CPU per MB that VIEWERS viewers get."""
    async with AsyncExitStack() as stack:
        watching = [await stack.enter_async_context(viewer(url, token, incremental=False)) for _ in range(VIEWERS)]
        await asyncio.sleep(1)
        counted = pids()
        before, first = processor_seconds(counted), sum(each.received for each in watching)
        await asyncio.sleep(SECONDS)
        used, received = processor_seconds(counted) - before, sum(each.received for each in watching) - first
        return 1000 * used / (received / 1e6)


def main() -> None:
    ours: list[float] = []
    theirs: list[float] = []
    with service() as lightsout:
        lightsout.power(NODE, "On", "On")
        url = f"{lightsout.url.replace('http', 'ws', 1)}/console/{NODE}/screen"
        with websockify(lightsout.directory(NODE) / "vnc.sock") as (pid, port):
            for _ in range(TURNS):
                # The service's other children are guests; whatever else it does meanwhile counts against it.
                ours.append(asyncio.run(cost(lambda: [lightsout.pid], url, lightsout.token)))
                theirs.append(asyncio.run(cost(lambda: family(pid), f"ws://127.0.0.1:{port}/")))
    rows = {"whole screens, raw": (ours, theirs)}
    report("CPU of the screen proxy", ("our proxy", "websockify"), rows, "ms per MB", aim=0.8)


if __name__ == "__main__":
    main()
