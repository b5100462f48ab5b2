"""The program sink: a program of the configuration file gets one event as JSON on its standard input."""

import asyncio
import contextlib
import json
import logging
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from pydantic import Field, field_validator

from bmc.hooks.filter import Filter, Options
from bmc.hooks.sink import DeliveryFailed, Render, plain
from bmc.model.events import Event

ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
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
        try:
            process = await asyncio.create_subprocess_exec(
                *self._options.command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                env=ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            raise DeliveryFailed(f"{self._options.command[0]} cannot be started: {error.strerror}") from error
        told = bytearray()
        talking = asyncio.gather(_feed(process, text), _drain(process, told))
        try:
            async with asyncio.timeout(self._options.timeout):
                await process.wait()
        except TimeoutError:
            raise DeliveryFailed(f"it did not end within {self._options.timeout:g} s and was killed", True) from None
        finally:
            with contextlib.suppress(ProcessLookupError):  # also what it left behind
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            await _end(talking)
            process._transport.close()  # type: ignore[attr-defined]  # a child that left the group may hold the pipe
            if told:
                log.info("hook %s says: %s", self._options.name, plain(told.decode(errors="replace")))
        if process.returncode:
            raise DeliveryFailed(f"it ended with {process.returncode}", refused=True)


async def _feed(process: asyncio.subprocess.Process, text: bytes) -> None:
    """A program need not read."""
    stdin = cast(asyncio.StreamWriter, process.stdin)
    with contextlib.suppress(ConnectionError):
        stdin.write(text)
        await stdin.drain()
        stdin.close()


async def _drain(process: asyncio.subprocess.Process, told: bytearray) -> None:
    stdout = cast(asyncio.StreamReader, process.stdout)
    while chunk := await stdout.read(65536):
        told += chunk[: OUTPUT - len(told)]


async def _end(talking: "asyncio.Future[tuple[None, None]]") -> None:
    """What is in the pipe is read at once; nobody is waited for."""
    await asyncio.wait({talking}, timeout=0.2)
    talking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await talking
