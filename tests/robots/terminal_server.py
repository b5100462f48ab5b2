"""A terminal server: ser2net at one end of a wire, and the test at the other."""

import asyncio
import contextlib
import os
import termios
import time
from pathlib import Path

from tests.ports import free_port
from tests.robots.mqtt_lab import Process, listens


class Port:
    """A terminal server's port: `line` is the server's end of the wire."""

    def __init__(self, directory: Path, mode: str) -> None:
        self.number = free_port()
        self._ours, self._theirs = directory / "a", directory / "b"
        accepter = (
            f"telnet(rfc2217),tcp,127.0.0.1,{self.number}" if mode == "rfc2217" else f"tcp,127.0.0.1,{self.number}"
        )
        configuration = directory / "ser2net.yaml"
        configuration.write_text(
            f"connection: &con1\n  accepter: {accepter}\n  connector: serialdev,{self._ours},9600n81,local\n"
            "  options:\n    kickolduser: false\n"
        )
        ends = [f"pty,raw,echo=0,link={end}" for end in (self._ours, self._theirs)]
        self.wire = Process(["socat", *ends], directory)
        self.server = Process(
            ["ser2net", "-n", "-d", "-c", str(configuration), "-P", str(directory / "pid")], directory
        )
        self.wire.start()
        wait_for(self._theirs.exists)
        self.line = os.open(self._theirs, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.start()

    def start(self) -> None:
        self.server.start()
        wait_for(lambda: listens(self.number))

    def close(self) -> None:
        os.close(self.line)
        self.server.stop()
        self.wire.stop()

    def speed(self) -> int:
        """To which ser2net set its own end."""
        terminal = os.open(self._ours, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            return int(termios.tcgetattr(terminal)[5])
        finally:
            os.close(terminal)

    async def print(self, data: bytes) -> None:
        for at in range(0, len(data), 512):
            os.write(self.line, data[at : at + 512])
            await asyncio.sleep(0.02)

    async def typed(self, length: int) -> bytes:
        got = b""
        async with asyncio.timeout(30):
            while len(got) < length:
                with contextlib.suppress(BlockingIOError):
                    got += os.read(self.line, 4096)
                await asyncio.sleep(0.01)
        return got


def wait_for(what: object) -> None:
    assert callable(what)
    end = time.monotonic() + 10
    while not what():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.02)
