"""A whole service on a free port of loopback: real store, events, accounts, fleet and jobs; the servers are memory."""

import asyncio
import hashlib
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from ssl import create_default_context
from types import SimpleNamespace
from typing import Any

import asyncssh
from aiohttp import ClientResponse, ClientSession, CookieJar, TCPConnector, encode_basic_auth, web
from yarl import URL

from bmc.accounts import Accounts, Credentials, Limits
from bmc.accounts.keyfile import open_key_file
from bmc.aggregates import Aggregates
from bmc.assignments import Assignments
from bmc.config import Settings
from bmc.fetch import Fetcher
from bmc.hooks import Hooks, HookSettings
from bmc.http.app import make_app
from bmc.http.certificate import HttpsCertificate
from bmc.http.nodes import NodeServers
from bmc.http.proxies import Networks
from bmc.http.server import HttpServer
from bmc.http.tls import CERTIFICATE
from bmc.images.library import Library
from bmc.images.media import MediaStore
from bmc.images.store import ImageStore
from bmc.ipmi.server import IpmiServer
from bmc.jobs import Jobs, Prepared, Recipe, Run, Step
from bmc.media import MediaLibrary
from bmc.model.boot import BootMode
from bmc.model.caller import Role, Scope
from bmc.model.clock import SystemClock
from bmc.model.errors import WrongState
from bmc.model.events import Event, EventKind
from bmc.model.node import Disk, Hardware, Nic
from bmc.model.software import Software
from bmc.node import Node
from bmc.ports import Backend
from bmc.power.safety import Safety
from bmc.redfish.event_record import event_body
from bmc.service import Opened
from bmc.ssh.door import SshDoor
from bmc.store import Json
from tests.world import MemoryDrivers, MemorySensors, MemoryServer, MemoryStream, World, open_world

PASSWORDS = {"admin": "correct horse", "olga": "battery staple", "vera": "look only", "tina": "one tenant"}
ROLES = {"admin": Role.ADMINISTRATOR, "olga": Role.OPERATOR, "vera": Role.READ_ONLY, "tina": Role.OPERATOR}

N1 = "/redfish/v1/Systems/n1"
REINSTALL = f"{N1}/Actions/Oem/Lightsout.Reinstall"
ASKED = {"Image": "tiny", "Hostname": "web1", "SSHKeys": ["ssh-ed25519 AAAA me"], "Password": "root secret"}

PATIENT = Limits(account_failures=1000, address_failures=1000)
SOFTWARE = (
    Software("qemu", "QEMU", "7.2.22", "memory"),
    Software("seabios", "SeaBIOS", "1.16.2", "memory", BootMode.LEGACY),
    Software("ovmf", "OVMF", None, "memory", BootMode.UEFI),
    Software("deploy-ramdisk", "Deploy ramdisk", "0123456789abcdef0123"),
)


class QuickHasher:
    def hash(self, password: bytes) -> str:
        return hashlib.sha256(password).hexdigest()

    def verify(self, stored: str, password: bytes) -> bool:
        return stored == self.hash(password)


class Screens:
    """ScreenSource of streams that a test holds in its hand."""

    def __init__(self) -> None:
        self.opened: list[MemoryStream] = []

    async def connect(self) -> MemoryStream:
        stream = MemoryStream()
        self.opened.append(stream)
        return stream


class SerialLine:
    def __init__(self) -> None:
        self.stream = MemoryStream()
        self.breaks = 0
        self.off = False
        self._taken = False

    async def connect(self) -> MemoryStream:
        if self._taken or self.off:
            await asyncio.Event().wait()
        self._taken = True
        return self.stream

    async def send_break(self) -> None:
        self.breaks += 1

    async def history(self, limit: int) -> bytes:
        return b"printed before\r\n"


@dataclass
class Firmware:
    """FirmwareSetup of a server of memory."""

    mode: BootMode = BootMode.UEFI

    def options(self, mode: BootMode) -> Mapping[str, object]:
        return {"firmware": mode.value}

    def take(self, mode: BootMode) -> None:
        self.mode = mode


class NetworkBoot:
    async def offer(self, url: str) -> None:
        return

    async def give_address(self) -> None:
        return


class Inventory:
    def __init__(self, firmware: Firmware) -> None:
        self._firmware = firmware

    def hardware(self) -> Hardware:
        return Hardware(
            *("Lightsout", "memory"),
            cpus=2,
            memory=1 << 29,
            firmware=self._firmware.mode,
            firmware_version="1.0",
            accelerator="none",
            disks=(Disk("disk0", 1 << 31, "LO-0", "virtio"), Disk("disk1", 1 << 30, "LO-1", "sata")),
            nics=(Nic("nic0", "52:54:00:00:00:01"),),
            boot_order=("disk0", "disk1", "cd0", "nic0"),
        )


class ConsoleDrivers(MemoryDrivers):
    """Servers of memory that have a screen and a serial line beside."""

    def __init__(self) -> None:
        super().__init__()
        self.screens: dict[str, Screens] = {}
        self.lines: dict[str, SerialLine] = {}
        self.headless: set[str] = set()

    async def open(self, definition: Any) -> Backend:
        name = definition.name
        server = self.servers.setdefault(name, MemoryServer())
        if name in self.headless:
            return server.backend()
        screen = self.screens.setdefault(name, Screens())
        line = self.lines.setdefault(name, SerialLine())
        firmware = Firmware()
        return Backend(
            *(server, server, (server,), server, server, screen, line, Inventory(firmware), MemorySensors(server)),
            mains=server,
            firmware=firmware,
            network_boot=NetworkBoot(),
            deploy=DeadLink(),
        )


class DeadLink:
    """A deploy link that is there: nobody here listens by it."""

    url, leads = "http://192.0.2.1", True

    async def listener(self) -> socket.socket:
        raise WrongState("the node is off")

    def admits(self, peer: str) -> bool:
        return True


KINDS = ("reinstall", "rescue", "erase", "inspect")


@dataclass
class Work:
    """The one step of the test's jobs: notes `details`, and waits for `go` or to be told to end."""

    go: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[tuple[Mapping[str, object], Mapping[str, object]]] = field(default_factory=list)
    details: dict[str, Json] = field(default_factory=dict)

    async def prepare(
        self, node: Node, backend: Backend, request: Mapping[str, object], secrets: Mapping[str, object]
    ) -> Prepared:
        self.asked.append((request, secrets))
        return Prepared(request, secrets)  # type: ignore[arg-type]

    async def wait(self, run: Run) -> None:
        await run.note(**self.details)
        await run.progress(50, "half way", bytes_done=1, bytes_total=2)
        ends = {asyncio.ensure_future(self.go.wait()), asyncio.ensure_future(run.finishing.wait())}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()

    async def release(self, run: Run) -> None:
        return

    def recipe(self, kind: str) -> Recipe:
        step = Step("wait", self.wait, True, 1, 60, "waiting failed")
        return Recipe(kind, lambda request: (step,), self.prepare, self.release, f"{kind} in progress")


@dataclass
class Service:
    """`client` has no credentials of its own; `call` asks as one of PASSWORDS by Basic authentication."""

    world: World
    accounts: Accounts
    jobs: Jobs
    library: Library
    hooks: Hooks
    work: Work
    drivers: ConsoleDrivers
    app: web.Application
    ipmi: IpmiServer
    certificate: HttpsCertificate | None
    server: HttpServer
    client: ClientSession
    nodes: NodeServers
    credentials: Credentials
    safety: Safety
    assignments: Assignments
    core: Any
    ssh: SshDoor
    host_key: asyncssh.SSHKey

    @property
    def url(self) -> str:
        return self.server.url

    async def call(self, method: str, path: str, body: object = None, as_: str = "admin", **more: Any) -> "Answer":
        headers = dict(more.pop("headers", {}))
        if as_:
            headers = {"Authorization": encode_basic_auth(as_, PASSWORDS[as_]), **headers}
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if data is not None:
            headers = {"Content-Type": "application/json", **headers}
        async with self.client.request(
            method, URL(self.url + path, encoded=True), data=data, headers=headers, **more
        ) as response:
            return await Answer.of(response)

    async def get(self, path: str, **more: Any) -> Any:
        answer = await self.call("GET", path, **more)
        assert answer.status == 200, answer
        return answer.body

    async def token(self, name: str = "admin", password: str = "") -> tuple[str, str]:
        """(token, path) of a new Redfish session."""
        body = {"UserName": name, "Password": password or PASSWORDS[name]}
        answer = await self.call("POST", "/redfish/v1/SessionService/Sessions", body, as_="")
        assert answer.status == 201, answer
        return answer.headers["X-Auth-Token"], answer.headers["Location"]

    async def sign_in(self, name: str = "admin") -> ClientSession:
        """A browser of its own, signed in by the cookie; the caller closes it."""
        browser = ClientSession(cookie_jar=CookieJar(unsafe=True), headers={"Origin": self.url})
        body = {"user": name, "password": PASSWORDS[name]}
        async with browser.post(f"{self.url}/session", json=body) as response:
            assert response.status == 204, await response.text()
        return browser


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    body: Any

    @classmethod
    async def of(cls, response: ClientResponse) -> "Answer":
        text = await response.text()
        json_like = text and response.content_type == "application/json"
        return cls(response.status, response.headers, json.loads(text) if json_like else text)

    @property
    def ids(self) -> list[str]:
        """The message ids of an error, without the registry's name."""
        return [entry["MessageId"].rpartition(".")[2] for entry in self.body["error"]["@Message.ExtendedInfo"]]

    @property
    def told(self) -> str:
        return str(self.body["error"]["message"])


def add_image(directory: Path, name: str = "tiny") -> None:
    content = bytes(512)
    (directory / f"{name}.img").write_bytes(content)
    entry = {
        "name": name,
        "title": "Tiny",
        "file": f"{name}.img",
        "encoding": "raw",
        "size": 512,
        "sha256": hashlib.sha256(content).hexdigest(),
        "firmware": ["UEFI"],
        "proofs": ["serial-nonce"],
    }
    (directory / f"{name}.json").write_text(json.dumps(entry))


@asynccontextmanager
async def open_service(
    path: Path,
    secure: bool = False,
    doors: Settings | None = None,
    limits: Limits = PATIENT,
    proxies: Networks = (),
) -> AsyncIterator[Service]:
    """Accounts: an administrator, an operator, a viewer, and tina, an operator of n1 alone. No nodes.

    `secure`: over HTTPS, with a certificate of its own making. `doors`: where nodes have their endpoints; without it
    they have IPMI alone, at any port.
    """
    images, page = path / "images", path / "page"
    images.mkdir()
    (page / "assets").mkdir(parents=True)
    drivers, work, clock = ConsoleDrivers(), Work(), SystemClock()
    async with open_world(path / "store" / "lightsout.db", drivers) as world, AsyncExitStack() as stack:
        accounts = await Accounts.open(world.store, world.events, clock, path / "store" / "key", QuickHasher(), limits)
        for name, password in PASSWORDS.items():
            scope = Scope(all_nodes=False, nodes=frozenset({"n1"})) if name == "tina" else Scope()
            await accounts.create(name, password, ROLES[name], scope)
        recipes = [work.recipe(kind) for kind in KINDS]
        allowed = (ip_network("127.0.0.1/32"),)
        image_store = ImageStore(path / "added", 1 << 30, [images], [path / "outside"])
        media_store = MediaStore(MediaLibrary(path / "media", Fetcher(allowed), 1 << 30))
        library = Library(image_store, media_store, Fetcher(allowed), world.events, 1 << 30)
        chores = [library.chore()]
        sealer = open_key_file(path / "store" / "key", may_make=False)
        jobs = Jobs(
            world.store, world.events, world.audit, world.fleet, accounts.acting, clock, sealer, recipes, chores
        )
        world.fleet.on_forget(jobs.put_away)
        hooks = await stack.enter_async_context(
            Hooks(
                HookSettings(retry_attempts=2),
                world.store,
                world.events,
                accounts,
                world.fleet,
                clock,
                sealer,
                (ip_network("127.0.0.2/32"),),
                event_body,
            )
        )
        ipmi = await stack.enter_async_context(IpmiServer(accounts, world.store, clock))
        key = asyncssh.generate_private_key("ssh-ed25519")
        door = SshDoor(world.fleet, accounts, world.audit, key, "127.0.0.1", 0)
        ssh = await stack.enter_async_context(door)
        core: Any = SimpleNamespace(
            state=path, settings=doors, clock=clock, store=world.store, events=world.events, accounts=accounts
        )
        opened = Opened(core, ipmi) if doors else None
        if opened:
            world.fleet.on_start(opened.keep)
            world.fleet.on_change(opened.add, opened.remove)
            world.fleet.on_forget(opened.forget)
        else:
            world.fleet.on_change(lambda node, _: ipmi.add(node), ipmi.remove)
        world.fleet.on_forget(accounts.drop_node)
        world.fleet.on_retag(accounts.retagged)
        aggregates = Aggregates(world.store)
        world.fleet.on_forget(aggregates.forget)
        certificate = HttpsCertificate.own(path, ["127.0.0.1", "localhost"]) if secure else None
        safety = await Safety.open(world.store, world.events, clock, {})
        assignments = Assignments(world.events, clock)
        credentials = await Credentials.open(world.store, path / "store" / "key", {"rack0": "ADMIN"})
        app = make_app(
            accounts=accounts,
            credentials=credentials,
            fleet=world.fleet,
            events=world.events,
            audit=world.audit,
            jobs=jobs,
            hooks=hooks,
            aggregates=aggregates,
            library=library,
            ipmi=ipmi,
            ssh=ssh,
            safety=safety,
            assignments=assignments,
            store=world.store,
            clock=clock,
            software=SOFTWARE,
            certificate=certificate,
            page=page,
            proxies=proxies,
        )
        add_image(images)
        context = certificate.context if certificate else None
        connector = TCPConnector(ssl=create_default_context(cafile=path / CERTIFICATE)) if secure else None
        async with HttpServer(app, "127.0.0.1", 0, context) as server, ClientSession(connector=connector) as client:
            if certificate:
                certificate.on_replaced(server.serve_with)
            nodes = await stack.enter_async_context(NodeServers(app, context))
            if certificate:
                certificate.on_replaced(nodes.serve_with)
            if opened:
                await opened.open_redfish(nodes)
                opened.announce(server.url, ssh)
            yield Service(
                world,
                accounts,
                jobs,
                library,
                hooks,
                work,
                drivers,
                app,
                ipmi,
                certificate,
                server,
                client,
                nodes,
                credentials,
                safety,
                assignments,
                core,
                ssh,
                key,
            )
        await jobs.close()


async def tell(
    service: Service, node: str = "n1", text: str = "x", kind: EventKind = EventKind.NODE_CHANGED, **more: Any
) -> Event:
    return await service.world.events.publish(Event(kind, text, 0, node, **more))
