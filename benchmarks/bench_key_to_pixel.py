"""How long from a key press to the changed pixels: through our proxy, and through the WebSocket of an equal QEMU."""

import asyncio
import random
from functools import partial
from pathlib import Path

from benchmarks.harness import Service, by_hand, copy_guest, free_port, listens, report, service, wait_for
from benchmarks.rfb import viewer

NODE = "n1"
PRESSES = 60
A, BACKSPACE = 0x61, 0xFF08
QUIET = 3.0
FIRST_VNC_PORT = 5900


def own_websocket(argv: list[str]) -> tuple[list[str], int]:
    """The same QEMU, running from the start, with its own WebSocket; and where that listens."""
    display, port = free_port(FIRST_VNC_PORT) - FIRST_VNC_PORT, free_port()
    result = [argument for argument in argv if argument != "-S"]
    result[result.index("-vnc") + 1] = f"127.0.0.1:{display},share=force-shared,websocket={port}"
    return result, port


def at_login(directory: Path) -> bool:
    log = directory / "serial.log"
    return log.exists() and b"login:" in log.read_bytes()


async def measure(lightsout: Service, port: int) -> tuple[list[float], list[float]]:
    ours: list[float] = []
    theirs: list[float] = []
    url = f"{lightsout.url.replace('http', 'ws', 1)}/console/{NODE}/screen"
    async with viewer(url, lightsout.token) as mine, viewer(f"ws://127.0.0.1:{port}/") as direct:
        await asyncio.gather(mine.settle(QUIET), direct.settle(QUIET))
        for number in range(PRESSES):
            for each, times in random.sample([(mine, ours), (direct, theirs)], 2):
                # QEMU looks at the screen in turns of its own; a random pause meets them anywhere.
                await asyncio.sleep(random.uniform(0.1, 0.4))
                times.append(1000 * await each.press(BACKSPACE if number % 2 else A))
    return ours, theirs


def main() -> None:
    with service() as lightsout:
        lightsout.power(NODE, "On", "On")
        argv, port = own_websocket(lightsout.qemu(NODE))
        lightsout.power(NODE, "ForceOff", "Off")
        copy: Path = lightsout.state.parent / "copy"
        copy_guest(lightsout.directory(NODE), copy)
        (lightsout.directory(NODE) / "serial.log").unlink()
        lightsout.power(NODE, "On", "On")
        with by_hand(argv, copy):
            wait_for(lambda: listens(port), "QEMU started by hand")
            for directory in (lightsout.directory(NODE), copy):
                wait_for(partial(at_login, directory), "the login prompt", every=0.5)
            rows = {"login prompt": asyncio.run(measure(lightsout, port))}
    report("Key press to pixel change", ("our proxy", "QEMU's WebSocket"), rows, "ms", aim=1.1)


if __name__ == "__main__":
    main()
