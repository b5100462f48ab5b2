"""A server of memory that boots: the deploy ramdisk when its override and medium say so, else what its disk holds.

Both speak the true deploy protocol over real HTTP, and can be told to go wrong at any point.
"""

import asyncio
import base64
import hashlib
import re
import shlex
import socket
import subprocess
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
from aiohttp import ClientError, ClientSession, ClientTimeout

from bmc.model.boot import NO_OVERRIDE, BootEnabled, BootMode, BootOverride, BootSeen, BootTarget
from bmc.model.errors import Unreachable, WrongState
from bmc.model.node import Disk as KnownDisk
from bmc.model.node import Hardware, NodeDefinition
from bmc.model.power import Health, PowerAction, PowerCause, PowerState
from bmc.ports import Backend, ByteStream
from tests.ports import free_port
from tests.world import MemoryDrivers, MemoryServer

MACHINE_ID, BOOT_ID = "0123456789abcdef0123456789abcdef", "01234567-89ab-cdef-0123-456789abcdef"
TRIES = 200
DISK_SIZE, DISK_SERIAL = 64 << 20, "SYSDISK0"
CLEARED, CLEARED_OUTSIDE = b"cleared", b"cleared from outside"
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBL3+JoXmz7bBvrEf8TKJisQSmBbX2IXqpVoSpUyOV6H"
LINE = (
    "GET /deploy/v1/line HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nAuthorization: Bearer {}\r\n\r\n"
)
UNTOUCHED = b"old system"
DONE = b"lightsout: done; powering off\r\n"


class SerialLine:
    """SerialSource that keeps what was printed."""

    def __init__(self) -> None:
        self.log = bytearray()
        self._streams: list[_LineStream] = []

    def print(self, data: bytes) -> None:
        self.log += data
        for stream in self._streams:
            stream.incoming.put_nowait(data)

    async def connect(self) -> ByteStream:
        stream = _LineStream()
        self._streams.append(stream)
        return stream

    async def send_break(self) -> None:
        return

    async def history(self, limit: int) -> bytes:
        return bytes(self.log[-limit:])


class _LineStream(ByteStream):
    def __init__(self) -> None:
        self.incoming: asyncio.Queue[bytes] = asyncio.Queue()

    async def read(self, limit: int = 262144) -> bytes:
        return await self.incoming.get()

    async def write(self, data: bytes) -> None:
        return

    async def close(self) -> None:
        return


class Gone(Exception):
    """The machine is off: its guest is no more."""


class Refused(Exception):
    """The service answered with an error status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"HTTP {status}: {text}")
        self.status = status


@dataclass
class Disk:
    content: bytes = UNTOUCHED
    seed: dict[str, str] = field(default_factory=dict)


class BootingServer(MemoryServer):
    """`at` maps a point of the walk to what happens there instead of going on: see `ramdisk` and `system`. What
    the service does has points too: force off, insert, boot once, on, eject, in order, on again.
    """

    http: "Http"
    """Of the present boot's guest."""

    def __init__(self, firmware: BootMode | None = BootMode.UEFI) -> None:
        super().__init__()
        self.firmware = firmware
        self.here = True
        self.disk = Disk()
        self.disks = f"vda:{DISK_SIZE}:{DISK_SERIAL}"
        self.known: tuple[KnownDisk, ...] = (KnownDisk("disk0", DISK_SIZE, DISK_SERIAL),)
        self.tries = TRIES
        self.line = SerialLine()
        self.path = ""
        self.boot_file = ""
        self.fetched: dict[str, bytes] = {}
        self.has_address = False
        self.at: dict[str, Callable[[], Awaitable[None]]] = {}
        self.passed: list[str] = []
        self.heard: list[str] = []
        self.proofs = frozenset({"serial-nonce", "phone-home"})
        self.corrupt = False
        self.left = asyncio.Event()
        self.keys = ""
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.machine_id = MACHINE_ID
        self.commands: list[tuple[str, str]] = []
        self.report = {
            "cpus": "4", "memory": str(8 << 30), "nics": "eth0=52:54:00:00:00:01", "firmware": "UEFI",
            "firmware_version": "1.2", "manufacturer": "ACME", "model": "Rack\t1", "serial": "X1",
        }  # fmt: skip
        self._logins: list[asyncio.Task[None]] = []
        self._guest: asyncio.Task[None] | None = None
        self.host, self.port = "127.0.0.1", free_port()
        self.leads = True
        self.url = f"http://{self.host}:{self.port}"

    @property
    def public_host_key(self) -> str:
        return " ".join(self.host_key.export_public_key().decode().split()[:2])

    def backend(self) -> Backend:
        return Backend(
            *(self, self, (self,), self, self),
            serial=self.line,
            inventory=self,
            deploy=self,
            login=self if "ssh-login" in self.proofs else None,
            network_boot=self,
            disks=self,
            here=self.here,
        )

    def hardware(self) -> Hardware:
        return Hardware(firmware=self.firmware, disks=self.known)

    async def apply(self, action: PowerAction | BootOverride) -> None:
        if isinstance(action, BootOverride):
            await self._point("in order" if action.enabled is BootEnabled.DISABLED else "boot once")
        elif action is PowerAction.ON:
            await self._point("on again" if "on" in self.passed else "on")
        elif action is PowerAction.FORCE_OFF:
            await self._point("force off")
        await super().apply(action)

    async def write(self, index: int, source: Path) -> None:
        raise NotImplementedError("no job writes a disk from outside")

    async def clear(self, index: int) -> None:
        if self.state is not PowerState.OFF:
            raise WrongState("the node is not off")
        assert index == 0
        self.disk = Disk(CLEARED_OUTSIDE)

    async def listener(self) -> socket.socket:
        if self.state is not PowerState.ON:
            raise WrongState("the node is off")
        listening = socket.create_server((self.host, self.port))
        listening.setblocking(False)
        return listening

    def admits(self, peer: str) -> bool:
        return True

    async def offer(self, url: str) -> None:
        await self._point("offer" if url else "withdraw")
        self.boot_file, self.has_address = url, bool(url)

    async def give_address(self) -> None:
        self.boot_file, self.has_address = "", True

    async def connect(self) -> socket.socket:
        """LoginLink: to an SSH server that knows the seed's keys and what they may do."""
        if self.state is not PowerState.ON or "lightsout.env" not in self.disk.seed:
            raise Unreachable("nobody listens")
        keys = asyncssh.import_authorized_keys(values(self.disk.seed["lightsout.env"])["sshkeys"])
        with socket.create_server(("127.0.0.1", 0)) as listening:
            ours = socket.create_connection(listening.getsockname())
            theirs, _ = listening.accept()
        ours.setblocking(False)
        self._logins.append(asyncio.create_task(self._let_in(theirs, keys)))
        return ours

    async def _let_in(self, connection: socket.socket, keys: asyncssh.SSHAuthorizedKeys) -> None:
        try:
            async with await asyncssh.run_server(
                connection,
                server_host_keys=[self.host_key],
                authorized_client_keys=keys,
                process_factory=self._obey,
            ) as client:
                await client.wait_closed()
        except (asyncssh.Error, OSError):
            connection.close()

    def _obey(self, process: asyncssh.SSHServerProcess[str]) -> None:
        self.commands.append((process.get_extra_info("username"), process.command or ""))
        process.stdout.write(f"{self.machine_id}\n{BOOT_ID}\n")
        process.exit(0)

    async def insert(self, slot: str, path: str, image: str) -> None:
        await self._point("insert")
        await super().insert(slot, path, image)
        self.path = path

    async def eject(self, slot: str) -> None:
        await self._point("eject")
        await super().eject(slot)
        self.path = ""

    def become(self, state: PowerState, cause: PowerCause, **fields: object) -> None:
        if state is PowerState.OFF and self._guest is not None and self._guest is not asyncio.current_task():
            self._guest.cancel()
        super().become(state, cause, **fields)

    def _boot(self, cause: PowerCause) -> None:
        lives = {BootTarget.CD: self.ramdisk if self.path else self.system, BootTarget.PXE: self.network}
        overridden = self.override.enabled is not BootEnabled.DISABLED
        life = lives.get(self.override.target, self.system) if overridden else self.system
        super()._boot(cause)
        self._guest = asyncio.create_task(self._live(life), name="guest")

    async def halt(self) -> None:
        """The end of the service's test: a guest left running ends with it."""
        for login in self._logins:
            login.cancel()
        await asyncio.gather(*self._logins, return_exceptions=True)
        if self._guest is not None:
            self._guest.cancel()
            await asyncio.gather(self._guest, return_exceptions=True)

    async def die(self) -> None:
        self.become(PowerState.OFF, PowerCause.PROCESS_DIED, reason="the process was killed")
        raise Gone

    async def power_off(self) -> None:
        self.become(PowerState.OFF, PowerCause.GUEST_SHUTDOWN)
        raise Gone

    async def panic(self) -> None:
        self.become(PowerState.ON, PowerCause.GUEST_PANIC, health=Health.CRITICAL, reason="the guest panicked")
        await self.hang()

    async def reset(self) -> None:
        self.become(PowerState.ON, PowerCause.GUEST_RESET)
        await self.hang()

    async def find_nothing(self) -> None:
        """The firmware has no device left."""
        self.boots.put_nowait(BootSeen(0.0, NO_OVERRIDE, failed=True))
        await self.hang()

    async def hang(self) -> None:
        await asyncio.Event().wait()

    async def _live(self, life: Callable[["Http"], Awaitable[None]]) -> None:
        async with ClientSession(timeout=ClientTimeout(5)) as session:
            self.http = Http(session, self.url, tries=self.tries)
            try:
                await life(self.http)
            except Gone:
                pass

    async def _point(self, name: str) -> None:
        self.passed.append(name)
        if name in self.at:
            await self.at[name]()

    async def network(self, http: "Http") -> None:
        """A network card's firmware, as iPXE: what is not there sends it on to the disk. Points: script, kernel,
        configuration, ramdisk; then those of the ramdisk.
        """
        try:
            await self._point("script")
            script = (await http.fetch(self.boot_file)).decode() if self.boot_file else ""
        except Refused as error:
            self.heard.append(str(error))
            script = ""
        if not script:
            return await self.system(http)
        for url in re.findall(r"http://\S+", script):
            name = url.rpartition("/")[2]
            await self._point(name)
            self.fetched[name] = await http.fetch(url)
        await self.ramdisk(http, unpacked(self.fetched["configuration"]))

    async def ramdisk(self, http: "Http", conf_text: str = "") -> None:
        """Points: boot, check in, chosen, erase, write, half, verify, seed, done, off."""
        self.line.print(b"lightsout: deploy ramdisk\r\n")
        await self._point("boot")
        conf = values(conf_text or Path(self.path).read_text())
        assert conf["api"] == self.url
        http.token = conf["token"]
        try:
            await self._deploy(http)
        except (Refused, ClientError) as error:
            await self._give_up(http, error)
        self.line.print(DONE)
        await self._point("off")
        await self.power_off()

    async def _give_up(self, http: "Http", error: Exception) -> None:
        """As the ramdisk does: the disk first, if it was touched, then the report, then off."""
        self.heard.append(str(error))
        self.line.print(b"lightsout: FAILED\r\n")
        touched = self.disk.content != UNTOUCHED
        if touched:
            self.disk = Disk(CLEARED)
        message = str(error) if isinstance(error, Refused) else f"the download broke: {type(error).__name__}"
        with suppress(Refused):
            await http.post("failed", message=message, log="the log\n", cleared="1" if touched else "")
        await self.power_off()

    async def _deploy(self, http: "Http") -> None:
        await self._point("check in")
        told = values(await http.post("checkin", uuid="0", mac="", disks=self.disks, version="1"))
        await self._point("chosen")
        errands = {"install": self._install, "erase": self._erase, "rescue": self._rescue, "inspect": self._inspect}
        await errands[told["errand"]](http, told)
        await self._point("done")
        await http.post("done", ok="1")

    async def _install(self, http: "Http", told: dict[str, str]) -> None:
        await http.post("progress", phase="erase", bytes="0", total="1")
        await self._point("erase")
        self.disk = Disk(b"")
        size = told["image_size"]
        content = b""
        for last in (False, False, True):
            await http.post("progress", phase="write", bytes="0", total=size)
            await self._point("write")
            try:
                content = await http.get("image", half=lambda: self._point("half"))
                break
            except ClientError:
                if last:
                    raise
        self.disk.content = b"rotten" if self.corrupt else content
        await http.post("progress", phase="verify", bytes="0", total=size)
        await self._point("verify")
        await http.post("verified", sha256=hashlib.sha256(self.disk.content).hexdigest())
        await http.post("progress", phase="seed", bytes="0", total="3")
        await self._point("seed")
        for name in told["seed"].split():
            self.disk.seed[name] = (await http.insist(f"seed/{name}")).decode()

    async def _erase(self, http: "Http", told: dict[str, str]) -> None:
        """Points: erase, verify."""
        await http.post("progress", phase="erase", bytes="0", total="1024")
        await self._point("erase")
        self.disk = Disk(told["method"].encode())
        await http.post("progress", phase="verify", bytes="0", total="10")
        await self._point("verify")
        await http.post("verified", blocks="10", zeros="9" if self.corrupt else "10", bytes="655360")

    async def _rescue(self, http: "Http", told: dict[str, str]) -> None:
        """Points: ready, rescue. Until `left` is set, as by somebody in its shell, or the service says so."""
        self.keys = (await http.get("seed/authorized_keys")).decode()
        await self._point("ready")
        await http.post("ready", hostkey=HOST_KEY)
        line = asyncio.create_task(self._hold_line(http.token))
        try:
            await self._point("rescue")
            while not self.left.is_set():
                await http.post("progress", phase="rescue", bytes="7", total="0")
                await asyncio.sleep(0.02)
        finally:
            line.cancel()
            await asyncio.gather(line, return_exceptions=True)

    async def _inspect(self, http: "Http", told: dict[str, str]) -> None:
        await self._point("report")
        await http.post("report", **self.report)

    async def _hold_line(self, token: str) -> None:
        """Says SSH's first words to whoever is led here, then everything back."""
        while True:
            try:
                reader, writer = await asyncio.open_connection(self.host, self.port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            try:
                writer.write(LINE.format(token).encode())
                answer = await reader.readuntil(b"\r\n\r\n")
                assert answer.startswith(b"HTTP/1.1 101 "), answer
                writer.write(b"SSH-2.0-simulated\r\n")
                while data := await reader.read(65536):
                    writer.write(data)
                    await writer.drain()
            except (OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.02)
            finally:
                writer.close()

    async def system(self, http: "Http") -> None:
        """Points: start, proof."""
        self.line.print(b"SeaBIOS\r\n")
        await self._point("start")
        self.line.print(b"login: ")
        if "lightsout.env" not in self.disk.seed:
            return
        env = values(self.disk.seed["lightsout.env"])
        if "serial-nonce" in self.proofs:
            self.line.print(
                f"LIGHTSOUT-PROOF nonce={env['nonce']} hostname={env['hostname']} boot_id={BOOT_ID}\r\n".encode()
            )
        if "phone-home" in self.proofs:
            http.token = env["proof_token"]
            form = {"nonce": env["nonce"], "hostname": env["hostname"], "machine_id": MACHINE_ID, "boot_id": BOOT_ID}
            try:
                await http.post("proof", hostkey=self.public_host_key, image="mini", **form)
            except Refused as error:
                self.heard.append(str(error))
        await self._point("proof")


@dataclass
class Http:
    """`lost`: whatever is asked for next is not there."""

    session: ClientSession
    url: str
    token: str = ""
    tries: int = TRIES
    lost: bool = False

    async def post(self, name: str, **form: str) -> str:
        """Tries again for a while when nobody answers, as the ramdisk does."""
        for _ in range(self.tries):
            try:
                async with self.session.post(self._where(name), data=form, headers=self._headers()) as reply:
                    self.lost = False
                    if reply.status != 200:
                        raise Refused(reply.status, await reply.text())
                    return await reply.text()
            except (ClientError, TimeoutError):
                await asyncio.sleep(0.05)
        raise Refused(0, "the service does not answer")

    async def fetch(self, url: str) -> bytes:
        """By a URL with a password, sent only when asked for, as iPXE does. Waits for the listener to be there."""
        credentials, at, place = url.removeprefix("http://").rpartition("@")
        headers = {"Authorization": "Basic " + base64.b64encode(credentials.encode()).decode()} if at else {}
        for _ in range(TRIES):
            try:
                for tried in ({}, headers):
                    async with self.session.get(f"http://{place}", headers=tried) as reply:
                        if reply.status == 401 and "Basic" in reply.headers["WWW-Authenticate"]:
                            continue
                        if reply.status != 200:
                            raise Refused(reply.status, await reply.text())
                        return await reply.read()
            except (ClientError, TimeoutError):
                await asyncio.sleep(0.05)
        raise Refused(0, "nobody answers")

    async def get(self, name: str, half: Callable[[], Awaitable[None]] | None = None) -> bytes:
        async with self.session.get(self._where(name), headers=self._headers()) as reply:
            self.lost = False
            if reply.status != 200:
                raise Refused(reply.status, await reply.text())
            content = await reply.content.read(16) if half else b""
            if half:
                await half()
            return content + await reply.read()

    async def insist(self, name: str) -> bytes:
        """As `get`, tried again like a post."""
        for _ in range(self.tries):
            try:
                return await self.get(name)
            except (ClientError, TimeoutError):
                await asyncio.sleep(0.05)
        raise Refused(0, "the service does not answer")

    def _where(self, name: str) -> str:
        return f"{self.url}/deploy/v1/{'nowhere/' if self.lost else ''}{name}"

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def unpacked(archive: bytes) -> str:
    """The text of /job.conf, as cpio finds it."""
    unpack = ["cpio", "--extract", "--quiet", "--to-stdout", "job.conf"]
    return subprocess.run(unpack, input=archive, capture_output=True, check=True).stdout.decode()


def values(text: str) -> dict[str, str]:
    """What a shell makes of `key='value'` lines."""
    return dict(word.split("=", 1) for word in shlex.split(text))


class BootingDrivers(MemoryDrivers):
    """Drivers of BootingServers."""

    async def open(self, definition: NodeDefinition) -> Backend:
        return self.server(definition.name).backend()

    def server(self, name: str = "n1") -> BootingServer:
        found = self.servers.setdefault(name, BootingServer())
        assert isinstance(found, BootingServer)
        return found
