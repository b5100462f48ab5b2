"""The one fetcher: whatever the service gets by URL passes here, so that no URL reaches what it must not.

The address is checked where the connection is made, so redirects and names that change are checked too.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from pathlib import Path
from typing import Any

import aiohttp

from bmc.model.errors import InvalidRequest, NotFound, Unreachable
from bmc.model.url import shown

Network = IPv4Network | IPv6Network
_CHUNK = 256 * 1024
_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
_NOBODYS: dict[int, IPv4Address | IPv6Address] = {4: IPv4Address("192.0.2.1"), 6: IPv6Address("2001:db8::1")}
"""Addresses of documentation, which no host has."""
_NAT64 = IPv6Network("64:ff9b::/96")
_PRIVATE = tuple(map(IPv6Network, ("64:ff9b:1::/48", "fec0::/10", "::/96", "::ffff:0:0:0/96")))
"""What may lead into a private network, though Python takes it for everybody's: local translators, and of old."""
REDIRECTS_MAX = 5
SLOWEST_BYTES = 16 * 1024
"""A second: who sends less is given up, once it has been waited for by `PATIENCE` seconds more than that takes."""
PATIENCE = 60.0


class Forbidden(OSError):
    """An address that the service may send nothing to on behalf of others."""


def check_address(address: IPv4Address | IPv6Address, allowed: Sequence[Network], private: bool = True) -> None:
    """:raise Forbidden: this machine's own address, a link-local one, or without `private` one of a private network;
    and in none of the `allowed` networks.
    """
    if any(address in network for network in allowed):
        return
    if isinstance(address, IPv6Address) and (within := _within(address)) is not None:
        return check_address(within, allowed, private)
    special = address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified
    if special or _is_own(address):
        raise Forbidden(
            f"{address} is this machine's own or a link-local address; see fetch.allow in the configuration"
        )
    if not private and (not address.is_global or any(address in network for network in _PRIVATE)):
        raise Forbidden(
            f"{address} is of a private network, where machines are managed: what an Administrator of the whole fleet "
            "adds to the media library can be inserted by its name, or fetch.allow in the configuration opens it"
        )


def _within(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that it leads to, as it is or through a gateway."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _is_own(address: IPv4Address | IPv6Address) -> bool:
    """Whether it is one of this host: a socket can be bound to it. Where one can be bound to any (ip_nonlocal_bind), it
    is own if it is reached from itself.
    """
    if not _bindable(address):
        return False
    if not _bindable(_NOBODYS[address.version]):
        return True
    with socket.socket(_FAMILIES[address.version], socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((str(address), 9))
        except OSError:
            return False
        return ip_address(probe.getsockname()[0]) == address


def _bindable(address: IPv4Address | IPv6Address) -> bool:
    try:
        with socket.socket(_FAMILIES[address.version], socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True


def checked_sockets(allowed: Sequence[Network], private: bool = True) -> Callable[[Any], socket.socket]:
    """A socket factory for aiohttp that opens none towards a forbidden address."""

    def make(address: Any) -> socket.socket:
        family, kind, protocol, _, target = address
        check_address(ip_address(target[0].split("%")[0]), allowed, private)
        opened = socket.socket(family, kind, protocol)
        opened.setblocking(False)
        return opened

    return make


@dataclass(frozen=True, slots=True)
class Download:
    """`length`: bytes in all, where the server says so."""

    length: int | None
    chunks: AsyncIterator[bytes]


class Fetcher:
    """Fetches http(s) URLs; `allowed` networks are exempt from every ban on addresses.

    `private`: whether private networks may be reached, too. Nodes' BMCs, PDUs and brokers are there, and what a guest
    reads of a medium it is told: so that is for who governs the fleet, and could have a node made of any address.
    """

    def __init__(self, allowed: Sequence[Network] = (), patience: float = PATIENCE) -> None:
        self._allowed = tuple(allowed)
        self._patience = patience

    async def save(self, url: str, path: Path, limit: Callable[[int | None], int], private: bool = False) -> int:
        """Save what `url` holds as `path`, whole or not at all; returns its bytes. `limit` is told how many there will
        be, if the server says so, and says how many there may be.

        :raise InvalidRequest: as `open`, or more than that. :raise NotFound, Unreachable: as `open`.
        """
        part, size = path.with_name(path.name + ".part"), 0
        try:
            async with self.open(url, private) as download:
                most = limit(download.length)
                with part.open("wb") as file:
                    async for chunk in download.chunks:
                        size += len(chunk)
                        if size > most:
                            raise InvalidRequest(f"{shown(url)} holds more than the {most} bytes that are allowed")
                        file.write(chunk)
            part.replace(path)
            return size
        finally:
            part.unlink(missing_ok=True)

    @asynccontextmanager
    async def open(self, url: str, private: bool = False) -> AsyncIterator[Download]:
        """What `url` holds, as it comes.

        :raise InvalidRequest: no http(s) URL, or a forbidden address. :raise NotFound: the server answered, but not
        with the file. :raise Unreachable: no answer, or it broke off; that also while the chunks are read.
        """
        if not url.startswith(("http://", "https://")):
            raise InvalidRequest(f"{shown(url)!r} is no http:// or https:// URL")
        name = shown(url)
        try:
            async with self._get(url, private) as response:
                if response.status != 200:
                    raise NotFound(f"{name} answered {response.status} {response.reason}; expected 200")
                yield Download(response.content_length, _chunks(response, name, self._patience))
        except Forbidden as error:
            raise InvalidRequest(f"{name} is refused: {error}") from error
        except aiohttp.InvalidURL as error:
            raise InvalidRequest(f"{name!r} is no valid URL") from error
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, Forbidden):
                raise InvalidRequest(f"{name} is refused: {error.os_error}") from error
            raise Unreachable(f"{name} cannot be reached: {error.os_error.strerror or error}") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unreachable(f"{name} broke off: {_why(error)}") from error

    @asynccontextmanager
    async def _get(self, url: str, private: bool) -> AsyncIterator[aiohttp.ClientResponse]:
        connector = aiohttp.TCPConnector(socket_factory=checked_sockets(self._allowed, private))
        timeout = aiohttp.ClientTimeout(total=None, connect=15, sock_read=60)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False) as session,
            session.get(url, max_redirects=REDIRECTS_MAX, headers={"Accept-Encoding": "identity"}) as response,
        ):
            yield response


async def _chunks(response: aiohttp.ClientResponse, name: str, patience: float) -> AsyncIterator[bytes]:
    """Only the time that the server takes counts, not what its reader does with a chunk."""
    size, left, clock = 0, patience, asyncio.get_running_loop().time
    while True:
        began = clock()
        try:
            async with asyncio.timeout(left):
                chunk = await response.content.read(_CHUNK)
        except TimeoutError:
            slow = f"it sent {size} bytes, and less than {SLOWEST_BYTES >> 10} KiB a second"
            raise Unreachable(f"{name} broke off: {slow}") from None
        if not chunk:
            break
        left = min(patience, left - (clock() - began) + len(chunk) / SLOWEST_BYTES)
        size += len(chunk)
        yield chunk
    if response.content_length is not None and size != response.content_length:
        raise Unreachable(f"{name} broke off after {size} of {response.content_length} bytes")


def _why(error: Exception) -> str:
    """Not in its own words where these hold the URL, with the secrets in it."""
    if isinstance(error, aiohttp.TooManyRedirects):
        return f"more than {REDIRECTS_MAX} redirects"
    if isinstance(error, aiohttp.RedirectClientError):
        return "it leads to what is no http:// or https:// URL"
    if isinstance(error, aiohttp.ClientResponseError):
        return "its answer is no HTTP"
    if isinstance(error, aiohttp.ServerTimeoutError | TimeoutError):
        return "it does not answer in time"
    return str(error) or type(error).__name__
