"""A client of NUT's upsd (RFC 9271): asks for variables and sends instant commands, one connection each."""

import asyncio
import shlex
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from bmc.model.errors import BackendFailed, BmcError, OutcomeUnknown, Refused, Unreachable

UNDONE = {"INSTCMD-FAILED", "UNKNOWN", "TRACKING-ERROR"}
"""Errors after which a command may have been begun; all others say that it was not even passed on."""

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class UpsdError(Exception):
    """It answered ERR; the text is the code and what follows it."""


class Upsd:
    """One upsd. `login` gives user and password; only commands need them. `timeout` is for each answer."""

    def __init__(self, host: str, port: int, login: Callable[[], tuple[bytes, bytes]] | None, timeout: float) -> None:
        self._host, self._port = host, port
        self._login = login
        self._timeout = timeout

    async def get(self, ups: str, variable: str) -> str:
        """:raise Unreachable: it does not answer, or knows no value now."""
        async with self._connected() as stream:
            try:
                answer = await self._ask(stream, f"GET VAR {ups} {variable}")
            except UpsdError as error:
                raise Unreachable(f"upsd at {self._host} says {error} to {ups} {variable}") from error
            except (OSError, TimeoutError, EOFError) as error:
                raise Unreachable(f"upsd at {self._host}: {_words(error)}") from error
        try:
            words = shlex.split(answer)
        except ValueError:
            words = []
        if words[:3] != ["VAR", ups, variable] or len(words) != 4:
            raise Unreachable(f"upsd at {self._host} answers something else than {ups} {variable}")
        return words[3]

    async def command(self, ups: str, name: str) -> None:
        """Sent once. :raise: as `PowerSwitch.apply`."""
        async with self._connected() as stream:
            try:
                if self._login is not None:
                    user, password = self._login()
                    await self._ask(stream, f"USERNAME {_quoted(user)}")
                    await self._ask(stream, f"PASSWORD {_quoted(password)}")
            except UpsdError as error:
                raise Refused(f"upsd at {self._host} says {error} to the login") from error
            except (OSError, TimeoutError, EOFError) as error:
                raise Unreachable(f"upsd at {self._host}: {_words(error)}") from error
            try:
                await self._ask(stream, f"INSTCMD {ups} {name}")
            except UpsdError as error:
                kind: type[BmcError] = BackendFailed if str(error).split()[0] in UNDONE else Refused
                raise kind(f"upsd at {self._host} says {error} to {ups} {name}") from error
            except (OSError, TimeoutError, EOFError) as error:
                text = f"upsd at {self._host} has not acknowledged {ups} {name}: {_words(error)}"
                raise OutcomeUnknown(text) from error

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Stream]:
        """:raise Unreachable: nobody is there."""
        try:
            async with asyncio.timeout(self._timeout):
                reader, writer = await asyncio.open_connection(self._host, self._port)
        except (OSError, TimeoutError) as error:
            raise Unreachable(f"upsd at {self._host}: {_words(error)}") from error
        try:
            yield reader, writer
        finally:
            writer.close()

    async def _ask(self, stream: Stream, line: str) -> str:
        reader, writer = stream
        async with asyncio.timeout(self._timeout):
            writer.write(line.encode() + b"\n")
            await writer.drain()
            answer = (await reader.readuntil(b"\n")).decode(errors="replace").strip()
        if answer.startswith("ERR "):
            raise UpsdError(answer.removeprefix("ERR "))
        return answer


def _quoted(text: bytes) -> str:
    if b"\n" in text:
        raise Refused("a credential for upsd must be of one line")
    escaped = text.decode().replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, EOFError):
        return "it closed the connection"
    return str(error)
