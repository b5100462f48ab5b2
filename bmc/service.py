"""The composition root: everything is wired by constructor here, and lives and dies on one stack."""

import asyncio
import json
import logging
import os
import socket
import ssl
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from aiohttp.web import Application

import bmc
from bmc.accounts.keyfile import open_key_file
from bmc.aggregates import Aggregates
from bmc.core import Core, key_file, open_core
from bmc.first_start import FirstPassword, define_demo, first_administrator, ipmitool_line
from bmc.hooks import open_hooks
from bmc.http.app import make_app
from bmc.http.certificate import GIVEN_IN_FILES, HttpsCertificate
from bmc.http.deploy import DeployServer
from bmc.http.keys import METRICS
from bmc.http.server import CannotListen, HttpServer
from bmc.ipmi.server import IpmiServer
from bmc.ipmi.settings import DoorSettings
from bmc.jobs import Jobs
from bmc.model.errors import BackendFailed, BmcError
from bmc.model.events import Event, EventKind, Severity
from bmc.model.node import Endpoint, NodeDefinition
from bmc.model.software import Software
from bmc.node import Node
from bmc.redfish.event_record import event_body
from bmc.reinstall.build import Artefacts, build_all, default_cache
from bmc.reinstall.erase import Erase
from bmc.reinstall.images import Catalogue
from bmc.reinstall.inspect import Inspect
from bmc.reinstall.job import Reinstall
from bmc.reinstall.medium import build_medium
from bmc.reinstall.rescue import Rescue
from bmc.secret_files import write_secret

log = logging.getLogger(__name__)

FIRST_HTTP_PORT = 8080
THREADS = 512
"""Name servers that hang hold a thread for each hook and fetch that asks them; power-on and sign-in must find one."""


@dataclass(slots=True)
class Running:
    """The service with its doors open."""

    core: Core
    jobs: Jobs
    url: str
    first_passwords: list[FirstPassword] = field(default_factory=list)
    example: str = ""
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def failure(self) -> None:
        """Returns only by raising what ended a task that must not end."""
        done, _ = await asyncio.wait(self.tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
            raise RuntimeError(f"the task {task.get_name()} has ended; it must not")


@asynccontextmanager
async def open_service(state: Path, with_demo: bool = False) -> AsyncIterator[Running]:
    """Start everything on the state directory; on leaving, the doors close and the nodes run on.

    :raise BmcError: what is in the way, and the remedy; nothing was changed.
    """
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, "thread"))
    async with AsyncExitStack() as stack:
        core = await stack.enter_async_context(open_core(state))
        artefacts = await asyncio.to_thread(build_all, default_cache())
        catalogue = Catalogue(artefacts.catalogue)
        doors = DoorSettings(allowed=core.settings.fetch.allow)
        ipmi = IpmiServer(core.accounts, core.store, core.clock, doors, core.events, core.audit)
        await stack.enter_async_context(ipmi)
        opened = Opened(core, ipmi)
        core.fleet.on_change(opened.add, opened.remove)
        core.fleet.on_forget(ipmi.forget)
        core.fleet.on_forget(opened.forget)
        aggregates = Aggregates(core.store)
        core.fleet.on_forget(aggregates.forget)
        medium = partial(build_medium, artefacts)
        door, directory = DeployServer(), state / "deploy"
        recipes = (
            Reinstall(core.events, catalogue, medium, door, directory).recipe(),
            Rescue(core.events, medium, door, directory).recipe(),
            Erase(core.events, core.audit, medium, door, directory).recipe(),
            Inspect(core.events, medium, door, directory).recipe(),
        )
        jobs = Jobs(core.store, core.events, core.audit, core.fleet, core.clock, recipes)
        stack.push_async_callback(jobs.close)
        first = await first_administrator(core)
        await core.fleet.start()
        hooks = await stack.enter_async_context(
            open_hooks(
                core.settings.hooks,
                core.store,
                core.events,
                core.accounts,
                core.fleet,
                core.clock,
                open_key_file(key_file(state), may_make=False),
                core.settings.fetch.allow,
                event_body,
            )
        )
        certificate = _certificate(core) if core.settings.http.secure else None
        app = make_app(
            accounts=core.accounts,
            fleet=core.fleet,
            events=core.events,
            audit=core.audit,
            jobs=jobs,
            hooks=hooks,
            aggregates=aggregates,
            catalogue=catalogue,
            ipmi=ipmi,
            store=core.store,
            clock=core.clock,
            software=await asyncio.to_thread(_software, core, artefacts),
            certificate=certificate,
            page=_page(),
            origins=frozenset(core.settings.http.origins),
        )
        server = await _listen(stack, core, app, certificate.context if certificate else None)
        if certificate:
            certificate.on_replaced(server.serve_with)
        await jobs.resume()
        running = Running(core, jobs, server.url, first)
        for name, work in (
            ("accounts", core.accounts.run()),
            ("records", core.fleet.record()),
            ("restore policies", core.fleet.restore_power()),
            ("cli token", _keep_token(core)),
            ("event loop lag", app[METRICS].watch_loop()),
        ):
            running.tasks.append(asyncio.create_task(work, name=name))
        stack.push_async_callback(_cancel, running.tasks)
        if with_demo:
            running.first_passwords += await define_demo(core, catalogue)
            running.example = ipmitool_line(core)
        opened.announce(server.url)  # the demo nodes are there: who waits for `bmc info` finds them all
        stack.callback((state / "service.json").unlink, missing_ok=True)
        yield running


class Opened:
    """Opens and closes the IPMI door of each node, and keeps service.json, which tells others where all listens."""

    def __init__(self, core: Core, ipmi: IpmiServer) -> None:
        self._core = core
        self._ipmi = ipmi
        self._settings = core.settings.ipmi
        self._nodes: dict[str, Endpoint | None] = {}
        self._given: dict[str, Endpoint] = {}
        self._url = ""

    async def add(self, node: Node, definition: NodeDefinition) -> Endpoint | None:
        """A node without an endpoint gets the next free one; so does one whose port another has taken meanwhile.

        An address is the node's for good: where the node cannot listen at its own, its door is closed.
        """
        name, wanted = definition.name, definition.ipmi
        if wanted is not None:
            self._given[name] = wanted
        endpoint = None
        try:
            endpoint = await self._ipmi.add(node) if wanted else await self._next_free(node)
        except BmcError as error:
            if name not in self._given or not self._settings.keeps(self._given[name]):
                with suppress(BackendFailed):
                    endpoint = await self._next_free(node)
            now = f"is on {endpoint.host} UDP port {endpoint.port} now" if endpoint else "is closed"
            await self._tell(name, f"the IPMI door of {name} {now}: {error}")
        self._nodes[name] = endpoint
        self._write()
        return self._given.get(name)

    async def remove(self, name: str) -> None:
        if self._nodes.pop(name, None) is not None:
            await self._ipmi.remove(name)
        self._write()

    async def forget(self, name: str) -> None:
        """The node was removed for good: another may have its endpoint."""
        self._given.pop(name, None)

    def announce(self, url: str) -> None:
        """The web door is open: from now on service.json stands."""
        self._url = url
        self._write()

    async def _next_free(self, node: Node) -> Endpoint:
        """Give the node the next endpoint that is no other's. A port that another program has is passed over.

        :raise BackendFailed: there is none left, or the address given, which stays the node's, cannot be had.
        """
        taken = set(self._given.values())
        for endpoint in self._settings.endpoints():
            if endpoint in taken:
                continue
            self._given[node.snapshot.name] = endpoint
            node.relocate(endpoint)
            try:
                return await self._ipmi.add(node)
            except BackendFailed:
                if self._settings.keeps(endpoint):
                    raise
        self._given.pop(node.snapshot.name, None)
        if self._settings.addresses is not None:
            raise BackendFailed(f"every address of ipmi.addresses ({self._settings.addresses}) is given to a node")
        raise BackendFailed(f"no UDP port from {self._settings.first_port} on is free on {self._settings.host}")

    async def _tell(self, name: str, message: str) -> None:
        log.error(message)
        event = Event(EventKind.NODE_CHANGED, message, self._core.clock.now(), name, Severity.CRITICAL)
        await self._core.events.publish(event)

    def _write(self) -> None:
        if not self._url:
            return
        nodes = [
            {"name": name, "ipmi": {"host": where.host, "port": where.port} if where else None}
            for name, where in sorted(self._nodes.items())
        ]
        text = json.dumps({"url": self._url, "pid": os.getpid(), "nodes": nodes}, indent=2)
        _try_write(self._core.state / "service.json", text + "\n")


def _certificate(core: Core) -> HttpsCertificate:
    http = core.settings.http
    if http.certificate is not None and http.key is not None:
        return HttpsCertificate(http.certificate, http.key, GIVEN_IN_FILES)
    names = sorted({str(http.host), socket.gethostname(), "localhost", "127.0.0.1"})
    return HttpsCertificate.own(core.state / "tls", names)


async def _listen(stack: AsyncExitStack, core: Core, app: Application, context: ssl.SSLContext | None) -> HttpServer:
    """Open the web door: on the configured port, or on the one remembered, or on the next that is free."""
    http = core.settings.http
    if http.port is not None:
        return await stack.enter_async_context(HttpServer(app, str(http.host), http.port, context))
    remembered = await core.store.get("service", "http")
    first = int(remembered.value["port"]) if remembered else FIRST_HTTP_PORT
    for port in (first, *range(FIRST_HTTP_PORT, FIRST_HTTP_PORT + 100)):
        if not _is_free(str(http.host), port):
            continue
        server = await stack.enter_async_context(HttpServer(app, str(http.host), port, context))
        await core.store.put("service", "http", {"port": port})
        return server
    raise CannotListen(f"no TCP port from {FIRST_HTTP_PORT} on is free on {http.host}; configure http.port")


def _software(core: Core, artefacts: Artefacts) -> tuple[Software, ...]:
    return (*core.drivers.software(), Software("deploy-ramdisk", "Deploy ramdisk", artefacts.directory.name))


def _page() -> Path:
    """The built page: of the checkout, or what came with an installed package."""
    checkout = Path(bmc.__file__).parents[1] / "web" / "dist"
    return checkout if checkout.is_dir() else Path(bmc.__file__).parent / "http" / "page"


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError:
            return False
    return True


async def _keep_token(core: Core) -> None:
    """Keep a session for the command line of this installation, in a file that only the service's user can read."""
    token, written = "", False
    ended = asyncio.Event()
    core.accounts.on_closed(lambda _: ended.set())
    while True:
        ended.clear()
        if core.accounts.session(token) is None:
            token, written = (await core.accounts.open_local_session("local")).token, False
        if not written:
            written = _try_write(core.state / "cli-token", token + "\n")
        with suppress(TimeoutError):
            async with asyncio.timeout(60):
                await ended.wait()


def _try_write(path: Path, text: str) -> bool:
    """A full disk costs the command line its way in, and nobody anything else."""
    try:
        write_secret(path, text)
    except OSError as error:
        log.error("%s cannot be written: %s", path, error.strerror)
        return False
    return True


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
