"""Looks whether a DHCP server answers on an interface: asks for an offer, and takes none."""

import asyncio
import ctypes
import errno
import os
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from bmc.model.errors import BackendFailed
from bmc.model.mac import mac_bytes

ASK_AT = (0.0, 1.0, 2.5)
PATIENCE = 5.0
"""Seconds. Before it offers an address a server may look for three whether somebody uses it."""

IPV4 = 0x0800
BROADCAST = bytes([255] * 6)
SERVER, CLIENT = 67, 68
MAGIC = b"\x63\x82\x53\x63"
DISCOVER, OFFER = 1, 2
MESSAGE_TYPE, SERVER_ID = 53, 54
"""RFC 2131 and 2132."""

SO_ATTACH_FILTER = 26
TO_CLIENTS = (
    (0x30, 0, 0, 9),  # the protocol,
    (0x15, 0, 6, 17),  # which is UDP,
    (0x28, 0, 0, 6),  # in a first fragment,
    (0x45, 4, 0, 0x1FFF),
    (0xB1, 0, 0, 0),  # and behind the header
    (0x48, 0, 0, 2),  # the port it is for
    (0x15, 0, 1, CLIENT),
    (0x06, 0, 0, 0xFFFFFFFF),  # keep all
    (0x06, 0, 0, 0),  # keep nothing
)
"""linux/filter.h. Whatever else is on the interface must not crowd out an offer."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Of a DHCP server: who it says it is, for which of our questions."""

    server: IPv4Address
    transaction: int


async def other_server(interface: str, macs: Sequence[str], own: IPv4Address) -> IPv4Address | None:
    """The first server but `own` that would give an address to one of `macs`, or to this host.

    Takes five seconds where there is none. :raise BackendFailed: nobody can look there; with the remedy.
    """
    with _packet_socket(interface) as opened:
        clients = [opened.getsockname()[4], *(mac_bytes(mac) for mac in macs)]
        first = int.from_bytes(os.urandom(4), "big")
        asked = {(first + index) % 2**32: client for index, client in enumerate(clients)}
        asking = asyncio.create_task(_ask(opened, interface, asked), name=f"DHCP questions on {interface}")
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    offer = parse_offer(await asyncio.get_running_loop().sock_recv(opened, 2048))
                    if offer is not None and offer.transaction in asked and offer.server != own:
                        return offer.server
        except TimeoutError:
            asking.result()  # that nobody answered means nothing if nobody was asked
            return None
        except OSError as error:
            raise BackendFailed(f"the interface {interface} cannot be listened to: {error.strerror}") from error
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)


async def _ask(opened: socket.socket, interface: str, asked: dict[int, bytes]) -> None:
    begun = asyncio.get_running_loop().time()
    for at in ASK_AT:
        await asyncio.sleep(begun + at - asyncio.get_running_loop().time())
        for transaction, client in asked.items():
            opened.sendto(discover(transaction, client), (interface, IPV4, 0, 0, BROADCAST))


def discover(transaction: int, client: bytes) -> bytes:
    """An IPv4 packet; the answer is to be sent to all, so that we see it also when it is for another's MAC."""
    options = MAGIC + bytes([MESSAGE_TYPE, 1, DISCOVER, 55, 2, 1, 3, 255])
    message = struct.pack("!BBBBIHH16x16s192x", 1, 1, 6, 0, transaction, 0, 0x8000, client) + options
    message += bytes(max(0, 300 - len(message)))
    datagram = struct.pack("!HHHH", CLIENT, SERVER, 8 + len(message), 0) + message
    header = struct.pack("!BBHHHBBH4x4s", 0x45, 0, 20 + len(datagram), 0, 0, 64, 17, 0, bytes([255] * 4))
    return header[:10] + struct.pack("!H", _checksum(header)) + header[12:] + datagram


def parse_offer(packet: bytes) -> Offer | None:
    """The offer in an IPv4 packet; None if it is anything else."""
    message = packet[(packet[0] & 15) * 4 + 8 :] if packet else b""
    if len(message) < 240 or message[0] != 2 or message[236:240] != MAGIC:
        return None
    options, rest = dict[int, bytes](), message[240:]
    while len(rest) > 1 and rest[0] != 255:
        if rest[0] == 0:
            rest = rest[1:]
            continue
        options[rest[0]] = rest[2 : 2 + rest[1]]
        rest = rest[2 + rest[1] :]
    server = options.get(SERVER_ID, b"")
    if options.get(MESSAGE_TYPE) != bytes([OFFER]) or len(server) != 4:
        return None
    return Offer(IPv4Address(server), int.from_bytes(message[4:8], "big"))


def _checksum(header: bytes) -> int:
    total = sum(int.from_bytes(header[at : at + 2], "big") for at in range(0, len(header), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _packet_socket(interface: str) -> socket.socket:
    try:
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    except PermissionError:
        remedy = "run the service as root or give it CAP_NET_RAW, or say in the configuration file whether there is one"
        raise BackendFailed(
            f"another DHCP server on {interface} cannot be looked for: not permitted; {remedy}"
        ) from None
    try:
        opened.setblocking(False)
        program = b"".join(struct.pack("HBBI", *instruction) for instruction in TO_CLIENTS)
        _attach(opened, program)
        opened.bind((interface, IPV4))
        if not opened.getsockname()[4]:
            raise OSError(errno.EINVAL, "it has no MAC address")
    except OSError as error:
        opened.close()
        raise BackendFailed(f"the interface {interface} cannot be listened to: {error.strerror}") from error
    return opened


def _attach(opened: socket.socket, program: bytes) -> None:
    code = ctypes.create_string_buffer(program, len(program))
    opened.setsockopt(
        socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(code))
    )
