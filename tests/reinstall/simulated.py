"""A server of memory that boots: the deploy ramdisk when its override and medium say so, else what its disk holds.

Both speak the true deploy protocol over real HTTP, and can be told to go wrong at any point.
"""

import asyncio
import hashlib
import shlex
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
from aiohttp import ClientError, ClientSession, ClientTimeout

from bmc.model.boot import BootEnabled, BootMode, BootTarget
from bmc.model.errors import Unreachable, WrongState
from bmc.model.node import Hardware, NodeDefinition
from bmc.model.power import Health, PowerCause, PowerState
from bmc.ports import Backend, ByteStream
from tests.world import MemoryDrivers, MemoryServer

TRIES = 200
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBL3+JoXmz7bBvrEf8TKJisQSmBbX2IXqpVoSpUyOV6H"
LINE = (
    "GET /deploy/v1/line HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nAuthorization: Bearer {}\r\n\r\n"
)
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
    content: bytes = b"old system"
    seed: dict[str, str] = field(default_factory=dict)


class BootingServer(MemoryServer):
    """`at` maps a point of the walk to what happens there instead of going on: see `ramdisk` and `system`."""

    def __init__(self, firmware: BootMode | None = BootMode.UEFI) -> None:
        super().__init__()
        self.firmware = firmware
        self.disk = Disk()
        self.disks = "vda:1048576:SYSDISK0"
        self.line = SerialLine()
        self.path = ""
        self.at: dict[str, Callable[[], Awaitable[None]]] = {}
        self.passed: list[str] = []
        self.heard: list[str] = []
        self.proofs = frozenset({"serial-nonce", "phone-home"})
        self.corrupt = False
        self.left = asyncio.Event()
        self.keys = ""
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.machine_id = "m1"
        self.commands: list[tuple[str, str]] = []
        self.report = {
            "cpus": "4", "memory": str(8 << 30), "nics": "eth0=52:54:00:00:00:01", "firmware": "UEFI",
            "firmware_version": "1.2", "manufacturer": "ACME", "model": "Rack\t1", "serial": "X1",
        }  # fmt: skip
        self._logins: list[asyncio.Task[None]] = []
        self._guest: asyncio.Task[None] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    @property
    def public_host_key(self) -> str:
        return " ".join(self.host_key.export_public_key().decode().split()[:2])

    def backend(self) -> Backend:
        login = self if "ssh-login" in self.proofs else None
        return Backend(self, self, (self,), self, self, serial=self.line, inventory=self, deploy=self, login=login)

    def hardware(self) -> Hardware:
        return Hardware(firmware=self.firmware)

    async def listener(self) -> socket.socket:
        if self.state is not PowerState.ON:
            raise WrongState("the node is off")
        listening = socket.create_server(("127.0.0.1", self.port))
        listening.setblocking(False)
        return listening

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
        process.stdout.write(f"{self.machine_id}\nb1\n")
        process.exit(0)

    async def insert(self, slot: str, path: str, image: str) -> None:
        await super().insert(slot, path, image)
        self.path = path

    async def eject(self, slot: str) -> None:
        await super().eject(slot)
        self.path = ""

    def become(self, state: PowerState, cause: PowerCause, **fields: object) -> None:
        if state is PowerState.OFF and self._guest is not None and self._guest is not asyncio.current_task():
            self._guest.cancel()
        super().become(state, cause, **fields)

    def _boot(self, cause: PowerCause) -> None:
        cd = self.override.target is BootTarget.CD and self.override.enabled is not BootEnabled.DISABLED and self.path
        super()._boot(cause)
        self._guest = asyncio.create_task(self._live(self.ramdisk if cd else self.system), name="guest")

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

    async def hang(self) -> None:
        await asyncio.Event().wait()

    async def _live(self, life: Callable[["Http"], Awaitable[None]]) -> None:
        async with ClientSession(timeout=ClientTimeout(5)) as session:
            try:
                await life(Http(session, self.url))
            except Gone:
                pass

    async def _point(self, name: str) -> None:
        self.passed.append(name)
        if name in self.at:
            await self.at[name]()

    async def ramdisk(self, http: "Http") -> None:
        """Points: boot, check in, erase, write, half, verify, seed, done, off."""
        self.line.print(b"lightsout: deploy ramdisk\r\n")
        await self._point("boot")
        conf = values(Path(self.path).read_text())
        assert conf["api"] == self.url
        http.token = conf["token"]
        try:
            await self._deploy(http)
        except Refused as error:
            self.heard.append(str(error))
            self.disk = Disk(b"cleared") if "erase" in self.passed else self.disk
            self.line.print(b"lightsout: FAILED\r\n")
            if error.status != 409:
                await http.post("failed", message=str(error), log="the log\n")
            await self.power_off()
        except ClientError as error:
            self.disk = Disk(b"cleared")
            await http.post("failed", message=f"the download broke: {type(error).__name__}", log="")
            await self.power_off()
        self.line.print(DONE)
        await self._point("off")
        await self.power_off()

    async def _deploy(self, http: "Http") -> None:
        await self._point("check in")
        told = values(await http.post("checkin", uuid="0", mac="", disks=self.disks, version="1"))
        errands = {"install": self._install, "erase": self._erase, "rescue": self._rescue, "inspect": self._inspect}
        await errands[told["errand"]](http, told)
        await self._point("done")
        await http.post("done", ok="1")

    async def _install(self, http: "Http", told: dict[str, str]) -> None:
        await http.post("progress", phase="erase", bytes="0", total="1")
        await self._point("erase")
        self.disk = Disk(b"")
        size = told["image_size"]
        await http.post("progress", phase="write", bytes="0", total=size)
        await self._point("write")
        content = await http.get("image", half=lambda: self._point("half"))
        self.disk.content = b"rotten" if self.corrupt else content
        await http.post("progress", phase="verify", bytes="0", total=size)
        await self._point("verify")
        await http.post("verified", sha256=hashlib.sha256(self.disk.content).hexdigest())
        await http.post("progress", phase="seed", bytes="0", total="3")
        await self._point("seed")
        for name in told["seed"].split():
            self.disk.seed[name] = (await http.get(f"seed/{name}")).decode()

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
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
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
            self.line.print(f"LIGHTSOUT-PROOF nonce={env['nonce']} hostname={env['hostname']} boot_id=b1\r\n".encode())
        if "phone-home" in self.proofs:
            http.token = env["proof_token"]
            form = {"nonce": env["nonce"], "hostname": env["hostname"], "machine_id": "m1", "boot_id": "b1"}
            try:
                await http.post("proof", hostkey=self.public_host_key, image="mini", **form)
            except Refused as error:
                self.heard.append(str(error))
        await self._point("proof")


@dataclass
class Http:
    session: ClientSession
    url: str
    token: str = ""

    async def post(self, name: str, **form: str) -> str:
        """Tries again for a while when nobody answers, as the ramdisk does."""
        for _ in range(TRIES):
            try:
                async with self.session.post(
                    f"{self.url}/deploy/v1/{name}", data=form, headers=self._headers()
                ) as reply:
                    if reply.status != 200:
                        raise Refused(reply.status, await reply.text())
                    return await reply.text()
            except (ClientError, TimeoutError):
                await asyncio.sleep(0.05)
        raise Refused(0, "the service does not answer")

    async def get(self, name: str, half: Callable[[], Awaitable[None]] | None = None) -> bytes:
        async with self.session.get(f"{self.url}/deploy/v1/{name}", headers=self._headers()) as reply:
            if reply.status != 200:
                raise Refused(reply.status, await reply.text())
            content = await reply.content.read(16) if half else b""
            if half:
                await half()
            return content + await reply.read()

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


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
