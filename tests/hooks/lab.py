"""Hooks on a real store, with accounts and nodes; and receivers that misbehave when told to."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bmc.accounts import Accounts
from bmc.accounts.keyfile import open_key_file
from bmc.fetch import Network
from bmc.hooks import Hooks, HookSettings
from bmc.http.tls import self_signed, server_context
from bmc.model.caller import Role, Scope
from bmc.model.clock import SystemClock
from bmc.model.events import Event, EventKind
from bmc.redfish.event_record import event_body
from tests.redfish.service import QuickHasher
from tests.world import MemoryDrivers, World, open_world

LOOPBACK = (ip_network("127.0.0.0/8"),)
ONLY_N1 = Scope(all_nodes=False, nodes=frozenset({"n1"}))


class QuickClock(SystemClock):
    """A minute of waiting is over in a few milliseconds. `waits` are what was asked for."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        await asyncio.sleep(min(seconds / 5000, 0.05))


@dataclass
class Lab:
    world: World
    accounts: Accounts
    hooks: Hooks

    async def tell(
        self, text: str = "x", node: str = "n1", kind: EventKind = EventKind.NODE_CHANGED, **more: Any
    ) -> int:
        event = await self.world.events.publish(Event(kind, text, 0, node, **more))
        return event.sequence


@asynccontextmanager
async def open_lab(
    path: Path, settings: HookSettings | None = None, allowed: Sequence[Network] = LOOPBACK
) -> AsyncIterator[Lab]:
    """Opening it again on the same path is a restart of the service. Accounts: admin, and tina who sees n1 alone."""
    clock = QuickClock()
    async with open_world(path / "store.db", MemoryDrivers()) as world:
        accounts = await Accounts.open(world.store, world.events, clock, path / "key", QuickHasher())
        if accounts.empty():
            await accounts.create("admin", "correct horse", Role.ADMINISTRATOR)
            await accounts.create("tina", "one tenant", Role.OPERATOR, ONLY_N1)
        sealer = open_key_file(path / "key", may_make=False)
        async with Hooks(
            settings or HookSettings(),
            world.store,
            world.events,
            accounts,
            world.fleet,
            clock,
            sealer,
            allowed,
            event_body,
        ) as hooks:
            yield Lab(world, accounts, hooks)


@dataclass
class Got:
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def sequence(self) -> int:
        return int(self.event["Id"])

    @property
    def text(self) -> str:
        return str(self.event["Events"][0]["Message"])


@dataclass
class Receiver:
    """A web server. `mode`: "ok", a status as "500", "hang", or "reset"; only what it answered 204 to is in `got`."""

    port: int = 0
    host: str = "127.0.0.1"
    mode: str = "ok"
    got: list[Got] = field(default_factory=list)
    asked: int = 0
    scheme: str = "http"
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"{self.scheme}://localhost:{self.port}/in"

    @property
    def texts(self) -> list[str]:
        return [got.text for got in self.got]

    async def start(self, tls: ssl.SSLContext | None = None) -> None:
        app = web.Application()
        app.router.add_post("/in", self._take)
        app.router.add_route("*", "/moved", self._take)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port, ssl_context=tls, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.scheme = "https" if tls else "http"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def has(self, count: int, seconds: float = 60) -> None:
        async with asyncio.timeout(seconds):
            while len(self.got) < count:
                self.arrived.clear()
                await self.arrived.wait()

    async def has_told(self, text: str, seconds: float = 60) -> None:
        async with asyncio.timeout(seconds):
            while not self.got or self.got[-1].text != text:
                self.arrived.clear()
                await self.arrived.wait()

    async def was_asked(self, count: int, seconds: float = 60) -> None:
        async with asyncio.timeout(seconds):
            while self.asked < count:
                self.arrived.clear()
                await self.arrived.wait()

    async def _take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.asked += 1
        self.arrived.set()
        if self.mode == "hang":
            await asyncio.Event().wait()
        if self.mode == "reset" and request.transport is not None:
            request.transport.abort()
        if self.mode == "302":
            raise web.HTTPFound("/moved")
        if self.mode != "ok":
            return web.Response(status=int(self.mode) if self.mode.isdigit() else 500)
        self.got.append(Got(dict(request.headers), body))
        self.arrived.set()
        return web.Response(status=204)


@asynccontextmanager
async def receiving(tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncIterator[Receiver]:
    receiver = Receiver(host=host)
    await receiver.start(tls)
    try:
        yield receiver
    finally:
        await receiver.stop()


def certificate(path: Path, *names: str) -> tuple[Path, ssl.SSLContext]:
    """(the certificate's file, a server's context that shows it)."""
    made = self_signed(path, list(names))
    return made[0], server_context(*made)


def another_certificate(path: Path, name: str, until: datetime) -> tuple[Path, ssl.SSLContext]:
    """One that may be trusted beside the first: its subject is another."""
    file, key_file = self_signed(path, [name])
    first = x509.load_pem_x509_certificate(file.read_bytes())
    key = serialization.load_pem_private_key(key_file.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"another {path.name}")])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), first.serial_number)
    builder = builder.not_valid_before(datetime(2020, 1, 1)).not_valid_after(until)
    for each in first.extensions:
        builder = builder.add_extension(each.value, each.critical)
    file.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return file, server_context(file, key_file)
