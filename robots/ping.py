"""The adapter `ping`: a server that answers from the network is on; that it does not proves nothing."""

import asyncio
import contextlib
import shutil
import socket
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import Field

from bmc.model.checks import Check, Verdict
from bmc.model.clock import Clock
from bmc.model.errors import BackendFailed, Unreachable
from bmc.model.power import PowerState
from robots.adapter import Adapter, Host, LettingGo, Options, Parts, Place, Seconds
from robots.polled import Polled

ECHO_4, ECHO_6 = 8, 128
TRIES = 3
REMEDY = (
    "install the program ping (Debian package iputils-ping), or allow it to the service: "
    'sysctl net.ipv4.ping_group_range="0 2147483647"'
)


class PingOptions(Options):
    """With `tcp_port` it is on when somebody answers at that port; without, when it answers an ICMP echo request."""

    host: Host
    tcp_port: int | None = Field(default=None, ge=1, le=65535)
    wait: Seconds = Field(default=1.0, ge=0.1, le=10)
    poll: Seconds = Field(default=5.0, ge=1, le=300)


class PingSense(Polled):
    """PowerSense that proves only On."""

    proves = frozenset({PowerState.ON})

    def __init__(self, name: str, options: PingOptions, clock: Clock) -> None:
        super().__init__(clock, options.poll)
        self.name, self.domain = name, f"network of {options.host}"
        self._options = options

    async def look(self) -> PowerState:
        host, port, wait = self._options.host, self._options.tcp_port, self._options.wait
        try:
            if port is not None:
                answers = await _connects(host, port, wait)
            else:
                answers = await _echoes(host, wait)
        except OSError as error:
            raise Unreachable(f"{host}: {error.strerror or error}") from None
        if not answers:
            asked = f"TCP port {port}" if port is not None else "ping"
            raise Unreachable(f"{host} does not answer ({asked}), which does not mean that it is off")
        return PowerState.ON


async def _connects(host: str, port: int, wait: float) -> bool:
    """A refusal may come from a firewall in front of it, and proves nothing either."""
    try:
        async with asyncio.timeout(wait * TRIES):
            _, writer = await asyncio.open_connection(host, port)
    except (TimeoutError, ConnectionRefusedError):
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


async def _echoes(host: str, wait: float) -> bool:
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    family, address = found[0][0], found[0][4]
    try:
        echo = _Echo.open(family)
    except PermissionError:
        return await _program(str(address[0]), wait)
    try:
        for number in range(TRIES):
            if await echo.answered((address[0], 0, *address[2:]), number, wait):
                return True
        return False
    finally:
        echo.socket.close()


@dataclass(frozen=True, slots=True)
class _Echo:
    """An ICMP socket that needs no privilege: the kernel fills in identifier and checksum and gives us our answers."""

    socket: socket.socket
    kind: int

    @classmethod
    def open(cls, family: int) -> "_Echo":
        """:raise PermissionError: the kernel does not allow it to this group."""
        if family == socket.AF_INET6:
            opened = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM, socket.getprotobyname("ipv6-icmp"))
        else:
            opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
        opened.setblocking(False)
        return cls(opened, ECHO_6 if family == socket.AF_INET6 else ECHO_4)

    async def answered(self, address: tuple[object, ...], number: int, wait: float) -> bool:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await loop.sock_sendto(self.socket, struct.pack(">BBHHH", self.kind, 0, 0, 0, number), address)
                while True:
                    answer, _ = await loop.sock_recvfrom(self.socket, 2048)
                    if answer[:1] == (b"\0" if self.kind == ECHO_4 else b"\x81"):
                        return True
        return False


async def _program(address: str, wait: float) -> bool:
    """:raise BackendFailed: it cannot be run either."""
    command = ["ping", "-n", "-q", "-c", "1", "-w", f"{TRIES * wait:g}", "-i", f"{max(wait, 0.2):g}", "--", address]
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
    except FileNotFoundError:
        raise BackendFailed(f"nothing can be pinged on this machine; {REMEDY}") from None
    try:
        _, complaint = await process.communicate()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    if process.returncode == 2:
        raise BackendFailed(f"ping: {complaint.decode(errors='replace').strip() or 'failed'}; {REMEDY}")
    return process.returncode == 0


class PingAdapter(Adapter[PingOptions]):
    """A sense only. `ping:HOST`, `ping:HOST:PORT`; an IPv6 address with a port stands in brackets."""

    name = family = "ping"
    connection = frozenset[str]()
    options = PingOptions

    def line(self, rest: str) -> Mapping[str, object]:
        host, port = rest, ""
        if rest.startswith("["):
            host, _, port = rest[1:].partition("]")
            port = port.removeprefix(":")
        elif rest.count(":") == 1:
            host, _, port = rest.partition(":")
        if not host or (port and not port.isdigit()):
            raise ValueError("expected ping:HOST or ping:HOST:PORT")
        return {"host": host, "tcp_port": int(port)} if port else {"host": host}

    def open(self, options: PingOptions, place: Place) -> Parts:
        sense = PingSense(place.title, options, place.clock)
        return Parts(running=LettingGo(sense.close), senses=(sense,))

    def checks(self) -> Iterable[Check]:
        try:
            _Echo.open(socket.AF_INET).socket.close()
        except PermissionError:
            if shutil.which("ping") is None:
                yield Check("ping", Verdict.WARNING, "senses of the kind ping cannot work on this machine", REMEDY)


adapter = PingAdapter()
