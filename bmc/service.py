"""The composition root: everything is wired by constructor here, and lives and dies on one stack."""

import asyncio
import json
import logging
import os
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from ssl import SSLContext
from typing import Any

from aiohttp.web import Application

import bmc
from bmc.accounts.keyfile import open_key_file
from bmc.aggregates import Aggregates
from bmc.core import Core, key_file, open_core
from bmc.endpoints import Endpoints
from bmc.fetch import Fetcher
from bmc.first_start import FirstPassword, define_demo, first_administrator, ipmitool_line
from bmc.hooks import Hooks
from bmc.http.app import make_app
from bmc.http.certificate import GIVEN_IN_FILES, HttpsCertificate
from bmc.http.deploy import DeployServer
from bmc.http.keys import METRICS
from bmc.http.nodes import NodeServers
from bmc.http.server import CannotListen, HttpServer
from bmc.images.library import Library
from bmc.images.media import MediaStore
from bmc.images.store import ImageStore
from bmc.ipmi.server import IpmiServer
from bmc.ipmi.settings import DoorSettings
from bmc.jobs import Jobs
from bmc.model.events import Event, EventKind, Severity
from bmc.model.node import Endpoint, NodeDefinition
from bmc.model.software import Software
from bmc.node import Node
from bmc.redfish.event_record import event_body
from bmc.reinstall.build import Artefacts, build_all, default_cache
from bmc.reinstall.build_debian import debian_directory
from bmc.reinstall.erase import Erase
from bmc.reinstall.inspect import Inspect
from bmc.reinstall.job import Reinstall
from bmc.reinstall.medium import build_medium
from bmc.reinstall.network_boot import boot_files
from bmc.reinstall.rescue import Rescue
from bmc.reinstall.turns import Turns
from bmc.reinstall.ways import Network, VirtualMedia
from bmc.secret_files import write_secret
from bmc.ssh.door import SshDoor
from bmc.ssh.host_key import host_key

log = logging.getLogger(__name__)

FIRST_HTTP_PORT = 8080
FIRST_SSH_PORT = 2222
THREADS = 512
"""Name servers that hang hold a thread for each hook and fetch that asks them; power-on and sign-in must find one."""
REDFISH_ENDPOINTS = "redfish-endpoints"
"""The bucket of the nodes' own."""
MOST_NAMES = 256
"""Of nodes' addresses so many stand in the certificate that the service makes itself."""


@dataclass(slots=True)
class Running:
    """The service with its doors open."""

    core: Core
    jobs: Jobs
    url: str
    first_passwords: list[FirstPassword] = field(default_factory=list)
    example: str = ""
    ssh: str = ""
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
        kept, built = core.settings.images, [artefacts.catalogue, debian_directory(default_cache())]
        image_store = await asyncio.to_thread(
            ImageStore, state / "images", kept.quota_gib << 30, built, kept.directories
        )
        catalogue = image_store.catalogue
        media_store = await asyncio.to_thread(MediaStore, core.media)
        fetcher = Fetcher(core.settings.fetch.allow)
        library = Library(image_store, media_store, fetcher, core.events, kept.largest_gib << 30)
        doors = DoorSettings(allowed=core.settings.fetch.allow)
        lockout = core.accounts.slot_lockout
        ipmi = IpmiServer(core.accounts, core.store, core.clock, doors, core.events, core.audit, lockout)
        await stack.enter_async_context(ipmi)
        opened = Opened(core, ipmi)
        core.fleet.on_start(opened.keep)
        core.fleet.on_change(opened.add, opened.remove)
        core.fleet.on_forget(ipmi.forget)
        core.fleet.on_forget(opened.forget)
        aggregates = Aggregates(core.store)
        core.fleet.on_forget(aggregates.forget)
        medium = VirtualMedia(partial(build_medium, artefacts), state / "deploy")
        ways, door = (medium, Network(partial(boot_files, artefacts))), DeployServer()
        turns = Turns(len(os.sched_getaffinity(0)))
        recipes = (
            Reinstall(core.events, catalogue, ways, door, turns).recipe(),
            Rescue(core.events, ways, door, turns).recipe(),
            Erase(core.events, core.audit, ways, door, turns).recipe(),
            Inspect(core.events, ways, door, turns).recipe(),
        )
        sealer = open_key_file(key_file(state), may_make=False)
        jobs = Jobs(
            core.store,
            core.events,
            core.audit,
            core.fleet,
            core.accounts.acting,
            core.clock,
            sealer,
            recipes,
            (library.chore(),),
        )
        stack.push_async_callback(jobs.close)
        core.fleet.on_forget(jobs.put_away)
        first = await first_administrator(core)
        await core.fleet.start()
        hooks = await stack.enter_async_context(
            Hooks(
                core.settings.hooks,
                core.store,
                core.events,
                core.accounts,
                core.fleet,
                core.clock,
                sealer,
                core.settings.fetch.allow,
                event_body,
            )
        )
        ssh = await _open_ssh(stack, core) if core.settings.ssh.enabled else None
        certificate, http = _certificate(core), core.settings.http
        app = make_app(
            accounts=core.accounts,
            credentials=core.credentials,
            fleet=core.fleet,
            events=core.events,
            audit=core.audit,
            jobs=jobs,
            hooks=hooks,
            aggregates=aggregates,
            library=library,
            ipmi=ipmi,
            ssh=ssh,
            safety=core.safety,
            assignments=core.assignments,
            store=core.store,
            clock=core.clock,
            software=await asyncio.to_thread(_software, core, artefacts),
            certificate=certificate,
            page=_page(),
            origins=frozenset(core.settings.http.origins),
            proxies=core.settings.http.trusted_proxies,
        )
        server = await _listen(stack, core, app, certificate.context if certificate and http.secure else None)
        if certificate and http.secure:
            certificate.on_replaced(server.serve_with)
        if core.settings.redfish.enabled:
            nodes = await stack.enter_async_context(NodeServers(app, certificate.context if certificate else None))
            if certificate:
                certificate.on_replaced(nodes.serve_with)
            await opened.open_redfish(nodes)
        await jobs.resume()
        running = Running(core, jobs, server.url, first)
        certificates = [("certificate", certificate.watch(core.events, core.clock))] if certificate else []
        for name, work in (
            *certificates,
            ("accounts", core.accounts.run()),
            ("records", core.fleet.record()),
            ("audit", core.audit.tell_held()),
            ("restore policies", core.fleet.restore_power()),
            ("cli token", _keep_token(core)),
            ("event loop lag", app[METRICS].watch_loop()),
        ):
            running.tasks.append(asyncio.create_task(work, name=name))
        stack.push_async_callback(_cancel, running.tasks)
        if with_demo:
            running.first_passwords += await define_demo(core, catalogue)
            running.example = ipmitool_line(core)
            running.ssh = f"ssh n1@{ssh.host} -p {ssh.port}" if ssh else ""
        opened.announce(server.url, ssh)  # the demo nodes are there: who waits for `bmc info` finds them all
        stack.callback((state / "service.json").unlink, missing_ok=True)
        yield running


class IpmiDoor:
    def __init__(self, server: IpmiServer) -> None:
        self._server = server

    async def add(self, node: Node, where: Endpoint) -> Endpoint:
        node.relocate(where)
        return await self._server.add(node)

    async def remove(self, name: str) -> None:
        await self._server.remove(name)


class Opened:
    """Opens and closes the doors of each node, and keeps service.json, which tells others where all listens."""

    def __init__(self, core: Core, ipmi: IpmiServer) -> None:
        self._core = core
        self._ipmi_door = IpmiDoor(ipmi)
        self._ipmi = Endpoints("IPMI", "UDP", core.settings.ipmi)
        self._servers: NodeServers | None = None
        self._redfish = Endpoints("Redfish", "TCP", core.settings.redfish)
        self._nodes: dict[str, Node] = {}
        self._url = ""
        self._ssh: SshDoor | None = None

    def keep(self, stored: Sequence[NodeDefinition]) -> None:
        """What these nodes have had is given to no other, also while their doors are not open yet."""
        self._ipmi.given |= {each.name: each.ipmi for each in stored if each.ipmi}

    async def add(self, node: Node, definition: NodeDefinition) -> Endpoint | None:
        """Returns the IPMI endpoint that is the node's from now on."""
        name = definition.name
        self._nodes[name] = node
        if definition.ipmi is not None and name not in self._ipmi.given:
            await self._ipmi.add_at(self._ipmi_door, node, definition.ipmi)
        else:
            await self._tell(name, await self._ipmi.add(self._ipmi_door, node))
        await self._open_redfish(node)
        self._write()
        return self._ipmi.given.get(name)

    async def remove(self, name: str) -> None:
        if self._nodes.pop(name, None) is not None:
            if self._servers is not None:
                await self._redfish.remove(self._servers, name)
            await self._ipmi.remove(self._ipmi_door, name)
        self._write()

    async def forget(self, name: str) -> None:
        """The node was removed for good: another may have its endpoints."""
        self._ipmi.given.pop(name, None)
        self._redfish.given.pop(name, None)
        await self._core.store.delete(REDFISH_ENDPOINTS, name)

    async def open_redfish(self, servers: NodeServers) -> None:
        """The fleet's root is open: from now on nodes have their own Redfish endpoints too, where they had them."""
        for entry in await self._core.store.list(REDFISH_ENDPOINTS):
            value: Mapping[str, Any] = entry.value
            self._redfish.given[entry.key] = Endpoint(value["host"], value["port"])
        self._servers = servers
        for node in list(self._nodes.values()):
            await self._open_redfish(node)

    async def _open_redfish(self, node: Node) -> None:
        if self._servers is None:
            return
        name = node.snapshot.name
        before = self._redfish.given.get(name)
        told = await self._redfish.add(self._servers, node)
        given = self._redfish.given.get(name)
        if given is not None and given != before:
            await self._core.store.put(REDFISH_ENDPOINTS, name, {"host": given.host, "port": given.port})
        await self._tell(name, told)

    def announce(self, url: str, ssh: SshDoor | None) -> None:
        """The web door is open: from now on service.json stands."""
        self._url, self._ssh = url, ssh
        self._write()

    async def _tell(self, name: str, message: str) -> None:
        if not message:
            return
        log.error(message)
        event = Event(EventKind.NODE_CHANGED, message, self._core.clock.now(), name, Severity.CRITICAL)
        await self._core.events.publish(event)

    def _write(self) -> None:
        if not self._url:
            return
        nodes = [
            {
                "name": name,
                "ipmi": {"host": where.host, "port": where.port} if where else None,
                "redfish": self._servers.url(name) if self._servers else None,
            }
            for name, where in sorted((name, self._ipmi.open.get(name)) for name in self._nodes)
        ]
        ssh = self._ssh
        told = {"host": ssh.host, "port": ssh.port, "fingerprint": ssh.fingerprint} if ssh else None
        text = json.dumps({"url": self._url, "ssh": told, "pid": os.getpid(), "nodes": nodes}, indent=2)
        _try_write(self._core.state / "service.json", text + "\n")


def _certificate(core: Core) -> HttpsCertificate | None:
    """What HTTPS is served with; None where nothing is."""
    http, nodes = core.settings.http, core.settings.redfish
    if not http.secure and not (nodes.enabled and nodes.beyond_loopback):
        return None
    if http.certificate is not None and http.key is not None:
        return HttpsCertificate(http.certificate, http.key, GIVEN_IN_FILES)
    names = {str(http.host), socket.gethostname(), "localhost", "127.0.0.1"}
    if nodes.enabled:
        names |= {each.host for each in islice(nodes.endpoints(), MOST_NAMES)}
    return HttpsCertificate.own(core.state / "tls", sorted(names))


async def _listen(stack: AsyncExitStack, core: Core, app: Application, context: SSLContext | None) -> HttpServer:
    """Open the web door."""
    http = core.settings.http
    port, claimed = await _port(core, "http", str(http.host), http.port, FIRST_HTTP_PORT)
    server = HttpServer(app, str(http.host), port, context, claimed=claimed)
    return await stack.enter_async_context(server)


async def _open_ssh(stack: AsyncExitStack, core: Core) -> SshDoor:
    host, key = core.settings.ssh_host, host_key(core.state / "keys" / "ssh_host_key")
    port, claimed = await _port(core, "ssh", host, core.settings.ssh.port, FIRST_SSH_PORT)
    door = SshDoor(core.fleet, core.accounts, core.audit, key, host, port, claimed)
    return await stack.enter_async_context(door)


async def _port(
    core: Core, door: str, host: str, configured: int | None, lowest: int
) -> tuple[int, socket.socket | None]:
    """Where a door is to listen: on the configured port, or on the one remembered, or on the next that is free.

    With it comes a socket that listens there already, but on a configured port. :raise CannotListen: none is free.
    """
    if configured is not None:
        return configured, None
    remembered = await core.store.get("service", door)
    first = int(remembered.value["port"]) if remembered else lowest
    for port in (first, *range(lowest, lowest + 100)):
        if claimed := _claim(host, port):
            await core.store.put("service", door, {"port": port})
            return port, claimed
    raise CannotListen(f"no TCP port from {lowest} on is free on {host}; configure {door}.port")


def _software(core: Core, artefacts: Artefacts) -> tuple[Software, ...]:
    return (*core.drivers.software(), Software("deploy-ramdisk", "Deploy ramdisk", artefacts.directory.name))


def _page() -> Path:
    """The built page: of the checkout, or what came with an installed package."""
    checkout = Path(bmc.__file__).parents[1] / "web" / "dist"
    return checkout if checkout.is_dir() else Path(bmc.__file__).parent / "http" / "page"


def _claim(host: str, port: int) -> socket.socket | None:
    """A socket that listens there; None where another does."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError:
        return None


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
