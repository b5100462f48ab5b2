"""BMCs that speak Redfish: OpenStack's emulator, and another Lightsout; and a wire to them that can be cut."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import bcrypt

from bmc.model.errors import InvalidRequest
from bmc.ports import Configured, Site
from robots.testing import make_site
from tests.ports import free_port
from tests.redfish.estate import KEYS
from tests.redfish.service import PASSWORDS

EMULATOR = """
import random, sys
random.randint = lambda low, high: low  # a power change takes up to a second, not eleven
from sushy_tools.emulator.main import main
sys.exit(main())
"""
LOGINS = {
    "lab": (b"admin", b"secret"),
    "rack1": (b"admin", b"secret"),
    "wrong": (b"admin", b"guess"),
    "fleet": (b"admin", PASSWORDS["admin"].encode()),
    "viewer": (b"vera", PASSWORDS["vera"].encode()),
    "node": (b"nora", KEYS["nora"].encode()),
}


def site(directory: Path) -> Site:
    def credentials(name: str) -> tuple[bytes, bytes]:
        if name not in LOGINS:
            raise InvalidRequest(f"credential {name!r} is not in the configuration file; there is lab")
        return LOGINS[name]

    return replace(make_site(directory), configured=Configured(credentials))


class Emulator:
    """sushy-emulator with its fake driver, or over the libvirtd at `libvirt`, a URI. Those of one `state` directory are
    BMCs of the same machine.
    """

    def __init__(self, state: Path, certificate: tuple[Path, Path] | None = None, libvirt: str = "") -> None:
        self.port = free_port()
        self._driver = ("--libvirt-uri", libvirt) if libvirt else ("--fake",)
        self._state = state
        self._certificate = certificate
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self._certificate else 'http'}://127.0.0.1:{self.port}"

    def start(self) -> None:
        hashed = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
        (self._state / "passwords").write_text(f"admin:{hashed}\n")
        config = self._state / f"{self.port}.conf"
        config.write_text(
            f"SUSHY_EMULATOR_STATE_DIR = {str(self._state)!r}\n"
            f"SUSHY_EMULATOR_AUTH_FILE = {str(self._state / 'passwords')!r}\n"
        )
        command = [sys.executable, "-c", EMULATOR, *self._driver, "--config", str(config), "-i", "127.0.0.1"]
        command += ["-p", str(self.port)]
        if self._certificate:
            certificate, key = self._certificate
            command += ["--ssl-certificate", str(certificate), "--ssl-key", str(key)]
        with (self._state / f"{self.port}.out").open("ab") as out:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, "TMPDIR": str(self._state), "PYTHONWARNINGS": "ignore"},
            )

    async def ready(self) -> None:
        async with asyncio.timeout(30):
            while not await asyncio.to_thread(self._listens):
                assert self._process
                assert self._process.poll() is None, (self._state / f"{self.port}.out").read_text()
                await asyncio.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _listens(self) -> bool:
        if self._certificate:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return True
            return False
        try:
            with urlopen(f"{self.url}/redfish/v1/", timeout=5):  # noqa: S310 - our own address
                return True
        except OSError:
            return False


@contextmanager
def emulator(state: Path, certificate: tuple[Path, Path] | None = None, libvirt: str = "") -> Iterator[Emulator]:
    state.mkdir(exist_ok=True)
    opened = Emulator(state, certificate, libvirt)
    opened.start()
    try:
        yield opened
    finally:
        opened.stop()


class Wire:
    """A TCP connection to a BMC that a test can cut: `lose_answers` to those requests that begin so."""

    def __init__(self, host: str, port: int) -> None:
        self._peer = (host, port)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = free_port()
        self.lose_answers = b""
        self.stalls = b""
        self.requests: list[str] = []

    async def plug(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def unplug(self) -> None:
        if self._server is not None:
            self._server.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._server.wait_closed()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        peer_reader, peer_writer = await asyncio.open_connection(*self._peer)
        losing = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._up(reader, peer_writer, losing))
                group.create_task(self._down(peer_reader, writer, losing))
        except* (OSError, EOFError):
            pass
        finally:
            for each in (writer, peer_writer):
                each.transport.abort()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, losing: asyncio.Event) -> None:
        while data := await reader.read(65536):
            if data.split(b" ")[0] in (b"GET", b"POST", b"PATCH", b"DELETE"):
                self.requests.append(data.split(b"\r\n")[0].decode())
                if self.lose_answers and data.startswith(self.lose_answers):
                    losing.set()
                if self.stalls and data.startswith(self.stalls):
                    await asyncio.Event().wait()
            writer.write(data)
            await writer.drain()
        raise EOFError

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, losing: asyncio.Event) -> None:
        while data := await reader.read(65536):
            if losing.is_set():
                break
            writer.write(data)
            await writer.drain()
        raise EOFError

    def sent(self, verb: str) -> list[str]:
        return [request for request in self.requests if request.startswith(verb)]


@asynccontextmanager
async def wire(host: str, port: int) -> AsyncIterator[Wire]:
    opened = Wire(host, port)
    await opened.plug()
    try:
        yield opened
    finally:
        await opened.unplug()
