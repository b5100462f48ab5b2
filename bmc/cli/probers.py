"""What answers at an address: a small function for each protocol. None changes anything or signs in anywhere."""

import asyncio
import base64
import hashlib
import json
import re
import secrets
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bmc.ipmi.wire.channel import AuthCapabilitiesRequest
from bmc.ipmi.wire.errors import WireError
from bmc.ipmi.wire.message import Answer, Message
from bmc.ipmi.wire.numbers import NetFn
from bmc.ipmi.wire.packet import SessionlessPacket
from bmc.ipmi.wire.rmcp import CLASS_ASF, PresencePing, PresencePong, rmcp_class

WITHIN = 3.0
"""Seconds that each has."""
LONGEST = 65536
ASK_AGAIN = 0.8
"""Seconds after which a datagram is sent once more."""
IAC, WILL, DO, COM_PORT = 255, 251, 253, 44


@dataclass(frozen=True, slots=True)
class Found:
    """`says` is what it told of itself, `facts` what a proposal is made of."""

    says: str
    facts: dict[str, object] = field(default_factory=dict)


Prober = Callable[[str, int], Awaitable[Found | None]]


async def ping(address: str, _: int) -> Found | None:
    command = ("ping", "-n", "-c", "1", "-W", "2", address)
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdin=quiet, stdout=quiet, stderr=quiet)
    try:
        return Found("it answers an echo request") if await process.wait() == 0 else None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def ipmi(address: str, port: int) -> Found | None:
    """Presence ping, and what it says of signing in: IPMI v2.0 §13.2.3 and §22.13."""
    tag = secrets.randbelow(255)
    request = Message(NetFn.APP, 0x38, AuthCapabilitiesRequest(0x0E, 4).pack(), sequence=1)
    present, told = False, b""
    async with _datagrams(address, port, PresencePing(tag).pack(), SessionlessPacket(request.pack()).pack()) as heard:
        async for datagram in heard:
            try:
                if rmcp_class(datagram) == CLASS_ASF:
                    present = present or PresencePong.unpack(datagram).tag == tag
                    continue
                answer = Answer.unpack(SessionlessPacket.unpack(datagram).payload)
            except WireError:
                continue
            if (answer.netfn, answer.command, answer.code) == (NetFn.APP + 1, 0x38, 0) and len(answer.data) >= 4:
                told = answer.data
                break
    if not told:
        return Found("RMCP; it says nothing of how to sign in") if present else None
    second = bool(told[1] & 0x80 and told[3] & 0x02)
    words = ["IPMI 2.0" if second else "IPMI 1.5 only"]
    words += ["no answer to a presence ping"] if not present else []
    words += ["anonymous users may sign in"] if told[2] & 0x03 else []
    words += ["signing in takes no password"] if told[1] & 0x01 else []
    return Found("; ".join(words), {"version": 2 if second else 1})


async def redfish(address: str, port: int) -> Found | None:
    """The service root, which needs no account. Who is there is not checked: nothing is told to it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        return await _service_root(address, port, context)
    except ssl.SSLError:
        return await _service_root(address, port, None)


async def _service_root(address: str, port: int, tls: ssl.SSLContext | None) -> Found | None:
    async with _connected(address, port, tls) as (reader, writer):
        host = f"[{address}]" if ":" in address else address
        asked = f"GET /redfish/v1/ HTTP/1.0\r\nHost: {host}:{port}\r\nAccept: application/json\r\n\r\n"
        writer.write(asked.encode())
        answer = b""
        while len(answer) < LONGEST and (some := await reader.read(LONGEST)):
            answer += some
        certificate = writer.get_extra_info("ssl_object").getpeercert(True) if tls else b""
    head, _, body = answer.partition(b"\r\n\r\n")
    root = json.loads(_whole(body) if b"chunked" in head.lower() else body)
    if not isinstance(root, dict) or "RedfishVersion" not in root:
        return None
    maker = " ".join(str(root[key]) for key in ("Vendor", "Product") if root.get(key))
    fingerprint = hashlib.sha256(certificate).hexdigest() if tls else ""
    words = [f"Redfish {root['RedfishVersion']}", maker]
    words += [f"certificate SHA-256 {fingerprint}" if tls else "plain HTTP"]
    return Found("; ".join(filter(None, words)), {"fingerprint": fingerprint, "tls": bool(tls)})


def _whole(body: bytes) -> bytes:
    """What was sent in chunks, RFC 9112 §7.1, which some do unasked."""
    whole = b""
    while (size := int(body.partition(b"\r\n")[0].partition(b";")[0], 16)) > 0:
        body = body.partition(b"\r\n")[2]
        whole, body = whole + body[:size], body[size + 2 :]
    return whole


async def modbus(address: str, port: int) -> Found | None:
    """Read Device Identification, or one coil where that is not known; an exception is an answer, too."""
    async with _connected(address, port) as (reader, writer):
        for number, request in enumerate((b"\x2b\x0e\x01\x00", b"\x01\x00\x00\x00\x01"), 1):
            writer.write(number.to_bytes(2, "big") + b"\0\0" + (len(request) + 1).to_bytes(2, "big") + b"\1" + request)
            try:
                async with asyncio.timeout(WITHIN / 3):
                    head = await reader.readexactly(8)
                    body = await reader.readexactly(int.from_bytes(head[4:6], "big") - 2)
            except TimeoutError:
                continue
            if head[:4] != number.to_bytes(2, "big") + b"\0\0" or head[7] & 0x7F != request[0]:
                return None
            return Found("; ".join(["Modbus/TCP", *_identification(body)] if head[7] == 0x2B else ["Modbus/TCP"]))
    return None


def _identification(body: bytes) -> list[str]:
    """The texts of a Read Device Identification response, after its function code."""
    texts, rest = [], body[6:]
    while len(rest) >= 2 and len(rest) >= 2 + rest[1]:
        texts.append(rest[2 : 2 + rest[1]].decode("latin-1"))
        rest = rest[2 + rest[1] :]
    return texts


async def snmp(address: str, port: int) -> Found | None:
    """sysDescr.0 (RFC 3418) by SNMP v2c with the community `public`."""
    name = bytes.fromhex("2b06010201010100")
    number = secrets.token_bytes(4)[:3].rjust(4, b"\1")
    variables = _ber(0x30, _ber(0x30, _ber(0x06, name) + _ber(0x05, b"")))
    get = _ber(0xA0, _ber(0x02, number) + _ber(0x02, b"\0") + _ber(0x02, b"\0") + variables)
    request = _ber(0x30, _ber(0x02, b"\1") + _ber(0x04, b"public") + get)
    async with _datagrams(address, port, request) as heard:
        async for datagram in heard:
            if _ber(0x02, number) not in datagram:
                continue
            _, _, tail = datagram.partition(_ber(0x06, name))
            text = _octets(tail).decode(errors="replace")
            return Found(f"SNMP v2c, community public; {text or 'no sysDescr'}", {"text": text})
    return None


def _ber(tag: int, value: bytes) -> bytes:
    return bytes((tag, len(value))) + value  # all that is sent here is shorter than 128 bytes


def _octets(data: bytes) -> bytes:
    """The OCTET STRING at the beginning, or nothing."""
    if len(data) < 2 or data[0] != 0x04:
        return b""
    more = data[1] & 0x7F if data[1] & 0x80 else 0
    length = int.from_bytes(data[2 : 2 + more], "big") if more else data[1]
    return data[2 + more : 2 + more + length]


async def mqtt(address: str, port: int) -> Found | None:
    """CONNECT without a user, MQTT 3.1.1 §3.1; refused or not, it is a broker."""
    async with _connected(address, port) as (reader, writer):
        writer.write(b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x1e\x00\x00")
        answer = await reader.readexactly(4)
        if answer[:2] != b"\x20\x02":
            return None
        writer.write(b"\xe0\x00")
        return Found("MQTT broker; " + ("anybody may connect" if answer[3] == 0 else "it wants a user"))


async def nut(address: str, port: int) -> Found | None:
    """The devices of a upsd."""
    async with _connected(address, port) as (reader, writer):
        writer.write(b"VER\nLIST UPS\nLOGOUT\n")
        version = (await reader.readline()).decode(errors="replace").strip()
        if "upsd" not in version or await reader.readline() != b"BEGIN LIST UPS\n":
            return None
        devices = []
        while (line := await reader.readline()).startswith(b"UPS "):
            devices.append(line.split()[1].decode(errors="replace"))
    return Found(f"{version}; devices {', '.join(devices) or 'none'}", {"devices": devices})


async def rosbridge(address: str, port: int) -> Found | None:
    """A WebSocket; that it is rosbridge behind it only its port tells."""
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    upgrade = f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13"
    async with _connected(address, port) as (reader, writer):
        writer.write(f"GET / HTTP/1.1\r\nHost: {address}:{port}\r\n{upgrade}\r\n\r\n".encode())
        status = await reader.readline()
        return Found("a WebSocket, as rosbridge has one") if status.split()[1:2] == [b"101"] else None


async def serial(address: str, port: int) -> Found | None:
    """Offers COM-PORT-OPTION (RFC 2217); whatever else speaks Telnet is a console, but no serial port."""
    async with _connected(address, port) as (reader, writer):
        writer.write(bytes((IAC, WILL, COM_PORT)))
        heard = b""
        try:
            async with asyncio.timeout(WITHIN / 2):
                while bytes((IAC, DO, COM_PORT)) not in heard and (some := await reader.read(256)):
                    heard += some
        except TimeoutError:
            pass
        if bytes((IAC, DO, COM_PORT)) in heard:
            return Found("a serial port by RFC 2217", {"mode": "rfc2217"})
        return Found("Telnet", {"mode": "telnet"}) if re.search(rb"\xff[\xfb-\xfe]", heard) else None


async def ssh(address: str, port: int) -> Found | None:
    async with _connected(address, port) as (reader, _):
        banner = (await reader.readline()).decode(errors="replace").strip()
        return Found(banner[:100]) if banner.startswith("SSH-") else None


PROBERS: dict[str, tuple[str, int, Prober]] = {
    "ping": ("ping", 0, ping),
    "ipmi": ("UDP", 623, ipmi),
    "redfish": ("TCP", 443, redfish),
    "modbus": ("TCP", 502, modbus),
    "snmp": ("UDP", 161, snmp),
    "mqtt": ("TCP", 1883, mqtt),
    "nut": ("TCP", 3493, nut),
    "rosbridge": ("TCP", 9090, rosbridge),
    "serial": ("TCP", 2217, serial),
    "telnet": ("TCP", 23, serial),
    "ssh": ("TCP", 22, ssh),
}
"""By what they look for: how, at which port, and by what."""


async def probe(address: str, kinds: dict[str, int]) -> dict[str, Found]:
    """Look for all of `kinds`, each at its port, at the same time."""
    found = await asyncio.gather(*(_within(PROBERS[kind][2], address, port) for kind, port in kinds.items()))
    return {kind: each for kind, each in zip(kinds, found, strict=True) if each is not None}


async def _within(prober: Prober, address: str, port: int) -> Found | None:
    """Whatever is there instead may answer anything."""
    try:
        async with asyncio.timeout(WITHIN):
            return await prober(address, port)
    except (OSError, EOFError, TimeoutError, ValueError, IndexError):
        return None


@asynccontextmanager
async def _connected(
    address: str, port: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(address, port, ssl=tls)
    try:
        yield reader, writer
    finally:
        writer.close()


class _Heard(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.datagrams: asyncio.Queue[bytes | None] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.datagrams.put_nowait(data)

    def error_received(self, exc: Exception) -> None:
        self.datagrams.put_nowait(None)  # nobody listens there


@asynccontextmanager
async def _datagrams(address: str, port: int, *requests: bytes) -> AsyncIterator[AsyncIterator[bytes]]:
    """What comes back; all is sent a second time, since a datagram may be lost."""
    loop = asyncio.get_running_loop()
    transport, heard = await loop.create_datagram_endpoint(_Heard, remote_addr=(address, port))

    def send() -> None:
        for request in requests:
            transport.sendto(request)

    async def datagrams() -> AsyncIterator[bytes]:
        while (datagram := await _next(heard.datagrams)) is not None:
            yield datagram

    again = loop.call_later(ASK_AGAIN, send)
    send()
    try:
        yield datagrams()
    finally:
        again.cancel()
        transport.close()


async def _next(datagrams: "asyncio.Queue[bytes | None]") -> bytes | None:
    """None once nothing comes any more."""
    try:
        async with asyncio.timeout(WITHIN * 0.8):
            return await datagrams.get()
    except TimeoutError:
        return None


def ports(given: Mapping[str, int], with_snmp: bool) -> dict[str, int]:
    """Where each is looked for."""
    usual = {kind: port for kind, (_, port, _) in PROBERS.items() if kind != "snmp" or with_snmp}
    return {**usual, **given}
