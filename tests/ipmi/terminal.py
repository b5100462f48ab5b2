"""A program on a terminal of its own, as a person uses it."""

import asyncio
import os
import pty
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path


class Terminal:
    """What the program printed so far, and a way to type."""

    def __init__(self, process: asyncio.subprocess.Process, master: int) -> None:
        self.process = process
        self.printed = b""
        self._master = master
        self._grown = asyncio.Event()
        os.set_blocking(master, False)
        asyncio.get_running_loop().add_reader(master, self._read)

    def _read(self) -> None:
        try:
            data = os.read(self._master, 65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._master)
        self.printed += data
        self._grown.set()

    async def expect(self, text: bytes, timeout: float = 30) -> bytes:
        """Waits until `text` was printed, and forgets all up to its end; returns what came before it."""
        try:
            async with asyncio.timeout(timeout):
                while text not in self.printed:
                    self._grown.clear()
                    await self._grown.wait()
        except TimeoutError:
            raise AssertionError(f"expected {text!r}, printed was {self.printed!r}") from None
        before, _, self.printed = self.printed.partition(text)
        return before

    def type(self, text: bytes) -> None:
        os.write(self._master, text)

    async def ended(self, timeout: float = 30) -> int:
        return await asyncio.wait_for(self.process.wait(), timeout)

    async def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._master)
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
        os.close(self._master)


@asynccontextmanager
async def terminal(*words: str) -> AsyncIterator[Terminal]:
    master, slave = pty.openpty()
    process = await asyncio.create_subprocess_exec(*words, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    opened = Terminal(process, master)
    try:
        yield opened
    finally:
        await opened.close()


def pyghmi_line(host: str, port: int, user: str, key_file: Path) -> list[str]:
    """pyghmi's console as a program."""
    program = Path(__file__).with_name("pyghmi_console.py")
    return [sys.executable, "-W", "ignore", str(program), host, str(port), user, str(key_file)]
