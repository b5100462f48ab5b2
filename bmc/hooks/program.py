"""The program sink: a program of the configuration file gets one event as JSON on its standard input."""

import asyncio
import contextlib
import json
import logging
import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import Field, field_validator

from bmc.hooks.filter import Filter, Options
from bmc.hooks.sink import DeliveryFailed, Render, plain
from bmc.model.events import Event

ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
CHUNK = 65536
OUTPUT = 4096
"""Bytes of a program's output that are logged."""

log = logging.getLogger(__name__)


class ProgramOptions(Options):
    """`command` is a program's absolute path and its arguments; no shell sees them."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    command: list[str] = Field(min_length=1)
    timeout: float = Field(default=30, gt=0, le=3600)
    filter: Filter = Filter()

    @field_validator("command")
    @classmethod
    def _absolute(cls, command: list[str]) -> list[str]:
        if not Path(command[0]).is_absolute():
            raise ValueError(f"the program is {command[0]!r}; expected an absolute path")
        return command


class Program:
    at_once = 1
    pause = 0.0

    def __init__(self, options: ProgramOptions, render: Render) -> None:
        self._options = options
        self._render = render

    async def deliver(self, events: Sequence[Event]) -> None:
        for event in events:
            await self._run(json.dumps(self._render(event)).encode() + b"\n")

    async def close(self) -> None:
        return

    async def _run(self, text: bytes) -> None:
        """The program has no pipe of asyncio's: its end is noticed also when a child of it holds its output open."""
        with _input(text) as given, _Output() as output:
            try:
                process = await asyncio.create_subprocess_exec(
                    *self._options.command,
                    stdin=given,
                    stdout=output.inlet,
                    stderr=output.inlet,
                    env=ENVIRONMENT,
                    cwd="/",
                    start_new_session=True,
                )
            except OSError as error:
                raise DeliveryFailed(f"{self._options.command[0]} cannot be started: {error.strerror}") from error
            try:
                async with asyncio.timeout(self._options.timeout):
                    await process.wait()
            except TimeoutError:
                raise DeliveryFailed(
                    f"it did not end within {self._options.timeout:g} s and was killed", True
                ) from None
            finally:
                with contextlib.suppress(ProcessLookupError):  # also what it left behind
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
                if told := output.read():
                    log.info("hook %s says: %s", self._options.name, plain(told.decode(errors="replace")))
        if process.returncode:
            raise DeliveryFailed(f"it ended with {process.returncode}", refused=True)


@contextlib.contextmanager
def _input(text: bytes) -> Iterator[int]:
    """A file in memory, so that a program need not read it."""
    descriptor = os.memfd_create("event")
    try:
        os.write(descriptor, text)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


class _Output:
    """Takes all that a program says, as it says it, and keeps the beginning."""

    def __enter__(self) -> "_Output":
        self._outlet, self.inlet = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self._outlet, False)
        self._told = bytearray()
        asyncio.get_running_loop().add_reader(self._outlet, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._outlet)
        os.close(self._outlet)
        os.close(self.inlet)

    def read(self) -> bytes:
        """What there is so far."""
        self._take()
        return bytes(self._told)

    def _take(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._told += os.read(self._outlet, CHUNK)[: OUTPUT - len(self._told)]
