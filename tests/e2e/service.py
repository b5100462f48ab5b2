"""The real service as a process of its own on a state directory of its own, and the clients that tests drive it with.

Nothing here knows the inside of the service: it is started by `bmc serve`, found by `bmc info --json`, spoken to by
HTTP and ipmitool, and its virtual nodes are found by their working directory, as a person would with `ps`.
"""

import asyncio
import base64
import contextlib
import fcntl
import http.client
import json
import os
import re
import secrets
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from bmc.virtual_node.accelerator import kvm_verdict
from bmc.virtual_node.driver import QEMU

ADMIN = "admin"
ADMIN_PASSWORD = "correct-horse-battery"
IPMI_PASSWORD = "e2e-ipmi-key-20-char"
DEMO = ("n1", "n2", "n3")
"""n1 runs the first image under BIOS, n2 the second under UEFI, n3 is empty."""

BOOT = 120.0
"""Seconds that a guest may take from power-on to its login prompt, on a machine that is busy with other tests."""
START = 90.0
PROMPTLY = 2.0
"""Seconds within which what happens to a node must be seen at every door: one, and one for the other tests beside."""
GUESTS_BOOTING = 2
PROMPT = r"(login: |[#$] (?:\x1b\[6n)?)$"
"""BusyBox's shell asks the terminal where its cursor is; a terminal may leave that unanswered."""
SYSTEMS = "/redfish/v1/Systems"
SHARED = Path(__file__).parents[2] / "build" / "kvm"
KVM_VERDICT = "kvm.json"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; `body` is its JSON, {} when it has none."""

    status: int
    body: dict[str, Any]
    headers: Mapping[str, str]
    text: str = ""

    @property
    def words(self) -> str:
        """What a refusal tells a person."""
        error = self.body.get("error", {})
        extended = [each["Message"] for each in error.get("@Message.ExtendedInfo", [])]
        return "\n".join([*extended, str(error.get("message", ""))])


@dataclass(slots=True)
class LiveService:
    """`root` is a directory of ours; the state directory, the service's log and the given secrets lie in it."""

    root: Path
    demo: bool = True
    config: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    knows_kvm: bool = True
    process: subprocess.Popen[bytes] | None = None
    url: str = ""
    nodes: dict[str, tuple[str, int]] = field(default_factory=dict)
    endpoints: dict[str, str] = field(default_factory=dict)
    session: str = ""

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def log(self) -> str:
        """All that the service has said, over all of its lives."""
        path = self.root / "service.log"
        return path.read_text(errors="replace") if path.exists() else ""

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def certificate(self) -> Path:
        """The service's own, made at its first start; for HTTPS alone."""
        return self.state / "tls" / "certificate.pem"

    @property
    def trust(self) -> ssl.SSLContext:
        """What an HTTPS client of the service trusts."""
        return ssl.create_default_context(cafile=self.certificate if self.certificate.exists() else None)

    @property
    def root_password(self) -> str:
        """Of the demo nodes' systems."""
        return (self.state / "demo-root-password").read_text().strip()

    @property
    def key_file(self) -> Path:
        return self._secret("ipmi-password", IPMI_PASSWORD)

    def _secret(self, name: str, text: str) -> Path:
        path = self.root / name
        if not path.exists():
            self.root.mkdir(parents=True, exist_ok=True)
            path.touch(0o600)
            path.write_text(text + "\n")
        return path

    def _environment(self) -> dict[str, str]:
        return {
            **{key: value for key, value in os.environ.items() if not key.startswith("BMC_")},
            "BMC_STATE": str(self.state),
            "BMC_ADMIN_PASSWORD_FILE": str(self._secret("admin-password", ADMIN_PASSWORD)),
            "BMC_IPMI_PASSWORD_FILE": str(self.key_file),
            **self.environment,
        }

    def bmc(self, *words: str, timeout: float = 120) -> "subprocess.CompletedProcess[str]":
        """`bmc WORDS…` of this installation."""
        command = [sys.executable, "-m", "bmc.cli", *words]
        return subprocess.run(
            command, env=self._environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout
        )

    def popen(self, *words: str) -> "subprocess.Popen[str]":
        """`bmc WORDS…` of this installation, under way."""
        return subprocess.Popen(
            [sys.executable, "-m", "bmc.cli", *words],
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def launch(self) -> "subprocess.Popen[bytes]":
        """Start it and do not wait."""
        environment = self._environment()
        if self.knows_kvm:
            self._tell_of_kvm()
        if self.config:
            self.state.mkdir(mode=0o711, parents=True, exist_ok=True)
            (self.state / "config.toml").write_text(self.config)
        words = ["serve", "--demo"] if self.demo else ["serve"]
        with (self.root / "service.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "bmc.cli", *words],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _tell_of_kvm(self) -> None:
        """What one trial on this machine found: where KVM hangs, each service would spend 10 s on its own."""
        kept = self.state / "drivers" / "qemu" / KVM_VERDICT
        if not kept.exists():
            kvm_verdict(QEMU, SHARED)
            self.state.mkdir(mode=0o711, parents=True, exist_ok=True)
            kept.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
            if (SHARED / KVM_VERDICT).exists():
                shutil.copy(SHARED / KVM_VERDICT, kept)

    def start(self) -> "LiveService":
        """Start it and wait until it says that it is up."""
        said = len(self.log)
        self.process = self.launch()
        end = time.monotonic() + START
        while "Lightsout is up." not in self.log[said:]:
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"the service did not start:\n{self.log[said:]}")
            time.sleep(0.05)
        self.find()
        return self

    def find(self) -> None:
        """Learn from `bmc info --json` where everything listens."""
        told = self.bmc("info", "--json")
        assert told.returncode == 0, told.stderr
        info = json.loads(told.stdout)
        self.url = info["url"]
        self.endpoints = {each["name"]: each["redfish"] for each in info["nodes"]}
        self.nodes = {each["name"]: (each["ipmi"]["host"], each["ipmi"]["port"]) for each in info["nodes"]}

    def kill(self) -> None:
        """As kill -9 does it."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """As Ctrl-C and service managers do it; tells the exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        if self.process is None:
            return 0
        process, self.process = self.process, None
        process.send_signal(number)
        try:
            return process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"the service did not end by {number.name}:\n{self.log[-4000:]}") from None

    def destroy(self) -> None:
        """End the service and its nodes, whatever state they are in, and remove everything."""
        try:
            self.stop()  # and not by kill -9: its coverage is written as it ends
        except AssertionError:
            pass  # it was killed
        wait_until(self._nothing_runs, 30, "the end of all that ran there")
        shutil.rmtree(self.root, ignore_errors=True)

    def _nothing_runs(self) -> bool:
        """What does is killed."""
        running = processes_below(self.root)
        for pid in running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not running

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        user: str | None = ADMIN,
        password: str = ADMIN_PASSWORD,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60,
    ) -> Answer:
        """One HTTP request: `admin` by a session, so that a lock others earned is not ours; any other by Basic
        authentication, None by none. `body` is sent as it is when bytes. The session is made anew where the service
        has ended it, as it does with the oldest of those that an account has too many of.
        """
        where = urlsplit(self.url)
        sent = {"Accept": "application/json", **(headers or {})}
        by_session = (user, password) == (ADMIN, ADMIN_PASSWORD)
        if by_session:
            self.session = self.session or self.token()
            sent["X-Auth-Token"] = self.session
        elif user is not None:
            sent["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        host = where.hostname or ""
        connection = http.client.HTTPConnection(host, where.port, timeout=timeout)
        if where.scheme == "https":
            connection = http.client.HTTPSConnection(host, where.port, timeout=timeout, context=self.trust)
        try:
            connection.request(method, path, data, sent)
            reply = connection.getresponse()
            text = reply.read()
            if by_session and reply.status == 401:
                sent["X-Auth-Token"] = self.session = self.token()
                connection.request(method, path, data, sent)
                reply = connection.getresponse()
                text = reply.read()
            given = json.loads(text) if text and "json" in reply.headers.get("Content-Type", "") else {}
            return Answer(reply.status, given, dict(reply.headers), text.decode(errors="replace"))
        finally:
            connection.close()

    def get(self, path: str) -> dict[str, Any]:
        answer = self.call("GET", path)
        assert answer.status == 200, (path, answer)
        return answer.body

    def text(self, path: str) -> str:
        """A document that is no JSON."""
        answer = self.call("GET", path, headers={"Accept": "*/*"})
        assert answer.status == 200, (path, answer)
        return answer.text

    def do(self, method: str, path: str, body: object = None) -> Answer:
        """A request that must succeed."""
        answer = self.call(method, path, body)
        assert answer.status < 300, (method, path, body, answer.status, answer.words)
        return answer

    def system(self, node: str) -> dict[str, Any]:
        return self.get(f"{SYSTEMS}/{node}")

    def power(self, node: str) -> str:
        """The power state as Redfish has it."""
        return str(self.system(node)["PowerState"])

    def reset(self, node: str, kind: str) -> None:
        self.do("POST", f"{SYSTEMS}/{node}/Actions/ComputerSystem.Reset", {"ResetType": kind})

    def until_power(self, node: str, state: str, timeout: float = 30) -> None:
        wait_until(lambda: self.power(node) == state, timeout, f"{node} {state}")

    def off(self, node: str) -> None:
        """Certainly off, whatever it was."""
        self.reset(node, "ForceOff")
        self.until_power(node, "Off")

    def add_node(self, name: str, driver: str = "qemu", **options: Any) -> None:
        self.do("POST", SYSTEMS, {"Name": name, "Oem": {"Lightsout": {"Driver": driver, "Options": options}}})

    def add_account(self, name: str, password: str, role: str = "Operator", **more: Any) -> None:
        """Unless there is one of that name, as a test before may have left it; `more` are the account's properties."""
        account = {"UserName": name, "Password": password, "RoleId": role, **more}
        made = self.call("POST", "/redfish/v1/AccountService/Accounts", account)
        assert made.status in (201, 409), made.words

    def remove_node(self, name: str) -> None:
        self.off(name)
        self.do("DELETE", f"{SYSTEMS}/{name}")

    def token(self) -> str:
        """Sign in as a program does, waiting while wrong passwords of a test before keep the door shut."""
        body = {"UserName": ADMIN, "Password": ADMIN_PASSWORD}
        end = time.monotonic() + 60
        while True:
            answer = self.call("POST", "/redfish/v1/SessionService/Sessions", body, user=None)
            if answer.status == 201 or time.monotonic() > end:
                break
            time.sleep(2)
        assert answer.status == 201, answer
        return answer.headers["X-Auth-Token"]

    def ipmitool_words(self, node: str, *words: str, user: str = ADMIN, key_file: Path | None = None) -> list[str]:
        host, port = self.nodes[node]
        key = str(key_file or self.key_file)
        return ["ipmitool", "-I", "lanplus", "-H", host, "-p", str(port), "-U", user, "-f", key, *words]

    def ipmitool(self, node: str, *words: str, **who: Any) -> str:
        """What ipmitool printed; it must succeed."""
        done = self.try_ipmitool(node, *words, **who)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def try_ipmitool(self, node: str, *words: str, **who: Any) -> "subprocess.CompletedProcess[str]":
        command = self.ipmitool_words(node, *words, **who)
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)

    def qemu(self, node: str) -> int | None:
        """The process id of the node's QEMU, found by its working directory."""
        found = processes_below(self.state / "drivers" / "qemu" / node)
        return found[0] if found else None

    def events(self, node: str) -> list[dict[str, Any]]:
        """The node's event log, oldest first."""
        path = f"{SYSTEMS}/{node}/LogServices/EventLog/Entries?$top=200"
        return list(reversed(self.get(path)["Members"]))


class Shell:
    """A person at a serial console: types, and waits for what is printed."""

    def __init__(self, send: Callable[[bytes], Any], ask: Callable[[object], Any] | None = None) -> None:
        self._send = send
        self._ask = ask
        self._printed = bytearray()
        self._grown = asyncio.Event()
        self._types = False

    def feed(self, data: bytes) -> None:
        self._printed += data
        self._grown.set()

    def hear(self, news: Mapping[str, Any]) -> None:
        """What the service says of who is there, in which `you` are one."""
        if news["type"] == "viewers":
            self._types = any(each["types"] for each in news["viewers"] if each["id"] == news["you"])
            self._grown.set()

    async def type(self, text: str) -> None:
        await self._send(text.encode())

    async def keyboard(self, wish: str) -> None:
        """`take` it from whoever types, or `release` it; done once the service says so."""
        assert self._ask is not None
        await self._ask({"type": wish})
        async with asyncio.timeout(30):
            while self._types is not (wish == "take"):
                self._grown.clear()
                await self._grown.wait()

    def forget(self) -> None:
        self._printed.clear()

    async def expect(self, pattern: str, timeout: float = 30) -> "re.Match[bytes]":
        """Wait until `pattern` was printed, and forget all up to its end."""
        try:
            async with asyncio.timeout(timeout):
                while (found := re.search(pattern.encode(), bytes(self._printed))) is None:
                    self._grown.clear()
                    await self._grown.wait()
        except TimeoutError:
            raise AssertionError(f"expected {pattern!r}; printed was {bytes(self._printed[-2000:])!r}") from None
        del self._printed[: found.end()]
        return found

    async def login(self, password: str) -> None:
        """Be at root's prompt of a system that is up, logged in already or not."""
        trouble = ""
        for _ in range(6):
            self.forget()
            await self.type("\r")
            try:
                prompt = await self.expect(PROMPT, 10)
                if prompt[1] != b"login: ":
                    return
                await self.type("root\r")
                await self.expect("assword: ", 20)
                await self.type(password + "\r")
                await self.expect(PROMPT, 20)
                return
            except AssertionError as error:
                trouble = str(error)
        raise AssertionError(f"no login: {trouble}")

    async def run(self, command: str, timeout: float = 60) -> str:
        """What one command printed; lines end as they should."""
        mark = secrets.token_hex(4)
        # What is typed comes back as an echo: the quotes keep it apart from what is printed.
        await self.type(f"echo {mark}''b; {command}; echo {mark}''e\r")
        await self.expect(f"{mark}b\r?\n", timeout)
        found = await self.expect(f"(?s)(.*?){mark}e\r?\n", timeout)
        return found[1].decode(errors="replace").replace("\r", "")


@asynccontextmanager
async def serial_console(service: LiveService, node: str, past: bool = False) -> AsyncIterator[Shell]:
    """The serial console as the web page has it, a WebSocket; with the keyboard, whoever still had it.

    What was printed before comes first, and may hold whatever is waited for: it is forgotten, unless with `past`.
    """
    async with aiohttp.ClientSession(headers={"X-Auth-Token": service.token()}) as client:
        async with client.ws_connect(
            f"{service.url}/console/{node}/serial?viewers=1", origin=service.url, max_msg_size=0, ssl=service.trust
        ) as socket:
            shell = Shell(socket.send_bytes, socket.send_json)

            async def listen() -> None:
                async for message in socket:
                    if message.type is aiohttp.WSMsgType.BINARY:
                        shell.feed(message.data)
                    elif message.type is aiohttp.WSMsgType.TEXT:
                        shell.hear(message.json())

            listening = asyncio.create_task(listen())
            try:
                await shell.keyboard("take")
                if not past:
                    shell.forget()
                yield shell
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)


class EventFollower:
    """A reader of the event stream; each event is kept with the moment it came."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, dict[str, Any]]] = []
        self._grown = asyncio.Event()

    def feed(self, record: Mapping[str, Any]) -> None:
        now = time.monotonic()
        self.seen += [(now, {**each["Oem"]["Lightsout"], "Message": each["Message"]}) for each in record["Events"]]
        self._grown.set()

    async def expect(
        self, node: str, kind: str, timeout: float = 30, after: float = 0.0, where: Callable[[Any], bool] | None = None
    ) -> tuple[float, dict[str, Any]]:
        """The first such event that came after the moment `after`, and when (both by time.monotonic)."""
        try:
            async with asyncio.timeout(timeout):
                while True:
                    for at, event in self.seen:
                        fits = event["Node"] == node and event["Kind"] == kind and at >= after
                        if fits and (where is None or where(event)):
                            return at, event
                    self._grown.clear()
                    await self._grown.wait()
        except TimeoutError:
            raise AssertionError(f"no {kind} of {node}; there came {self.seen[-10:]}") from None


@asynccontextmanager
async def event_stream(service: LiveService, last: int | None = None) -> AsyncIterator[EventFollower]:
    """Follow /redfish/v1/EventService/SSE; it is connected when this yields."""
    follower = EventFollower()
    headers = {"X-Auth-Token": service.token()}
    if last is not None:
        headers["Last-Event-ID"] = str(last)
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(headers=headers, timeout=timeout, read_bufsize=1 << 20) as client:
        async with client.get(f"{service.url}/redfish/v1/EventService/SSE") as answer:
            assert answer.status == 200
            await answer.content.readline()

            async def listen() -> None:
                async for line in answer.content:
                    if line.startswith(b"data: "):
                        follower.feed(json.loads(line[6:]))

            listening = asyncio.create_task(listen())
            try:
                yield follower
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)


@contextmanager
def _slot() -> Iterator[bool]:
    """One of the machine's places for a guest that boots, if one is free."""
    with contextlib.ExitStack() as stack:
        for number in range(GUESTS_BOOTING):
            path = Path(tempfile.gettempdir()) / f"lightsout-tests-{os.getuid()}-boot-{number}.lock"
            file = stack.enter_context(path.open("w"))
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield True
            return
        yield False


@asynccontextmanager
async def booting(timeout: float = 600) -> AsyncIterator[None]:
    """Wait for a place: on two cores two guests boot as fast as one, and four take twice as long."""
    async with asyncio.timeout(timeout) as patience:
        while True:
            with _slot() as mine:
                if mine:
                    patience.reschedule(None)
                    yield
                    return
            await asyncio.sleep(0.1)


async def boot(service: LiveService, node: str) -> None:
    """Have a demo node run, up to the login prompt of its system, and be logged in as root on its serial console."""
    if service.power(node) == "On":
        try:
            async with serial_console(service, node) as shell:
                return await shell.login(service.root_password)
        except AssertionError:
            service.off(node)
    async with booting(), serial_console(service, node) as shell:
        service.reset(node, "On")
        # Nothing is typed before: a key press stops boot loaders.
        await shell.expect("login: $", BOOT)
        await shell.login(service.root_password)


def processes_below(directory: Path) -> list[int]:
    """Those whose working directory is `directory` or lies below it."""
    found = []
    home = str(directory.resolve())
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                where = os.readlink(entry / "cwd")
            except OSError:
                continue
            if where == home or where.startswith(home + "/"):
                found.append(int(entry.name))
    return sorted(found)


def wait_until(what: Callable[[], bool], timeout: float, name: str = "") -> float:
    """Poll until `what` is true; tells how many seconds that took."""
    began = time.monotonic()
    while not what():
        if time.monotonic() - began > timeout:
            raise AssertionError(f"not within {timeout} s: {name or what}")
        time.sleep(0.02)
    return time.monotonic() - began
