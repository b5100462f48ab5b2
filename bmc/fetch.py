"""The one fetcher: whatever the service gets by URL passes here, so that no URL reaches what it must not.

The address is checked where the connection is made, so redirects and names that change are checked too.
"""

import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from pathlib import Path
from typing import Any

import aiohttp

from bmc.model.errors import InvalidRequest, NotFound, Unreachable

Network = IPv4Network | IPv6Network
_CHUNK = 256 * 1024


class Forbidden(OSError):
    """An address that the service may send nothing to on behalf of others."""


def check_address(address: IPv4Address | IPv6Address, allowed: Sequence[Network]) -> None:
    """:raise Forbidden: this machine's own address, or a link-local one, and in none of the `allowed` networks."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if any(address in network for network in allowed):
        return
    if address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified:
        raise Forbidden(
            f"{address} is this machine's own or a link-local address; see fetch.allow in the configuration"
        )


def checked_sockets(allowed: Sequence[Network]) -> Callable[[Any], socket.socket]:
    """A socket factory for aiohttp that opens none towards a forbidden address."""

    def make(address: Any) -> socket.socket:
        family, kind, protocol, _, target = address
        check_address(ip_address(target[0].split("%")[0]), allowed)
        opened = socket.socket(family, kind, protocol)
        opened.setblocking(False)
        return opened

    return make


class Fetcher:
    """Fetches http(s) URLs; `allowed` networks are exempt from the ban on own and link-local addresses."""

    def __init__(self, allowed: Sequence[Network] = ()) -> None:
        self._allowed = tuple(allowed)

    async def save(self, url: str, path: Path, limit: int) -> int:
        """Save what `url` holds as `path`, whole or not at all; returns its bytes.

        :raise InvalidRequest: no http(s) URL, a forbidden address, or more than `limit` bytes.
        :raise NotFound: the server answered, but not with the file. :raise Unreachable: no answer, or it broke off.
        """
        if not url.startswith(("http://", "https://")):
            raise InvalidRequest(f"{url!r} is no http:// or https:// URL")
        part = path.with_name(path.name + ".part")
        try:
            async with self._get(url) as response:
                if response.status != 200:
                    raise NotFound(f"{url} answered {response.status} {response.reason}; expected 200")
                size = await _copy(response, part, limit, url)
            part.replace(path)
            return size
        except Forbidden as error:
            raise InvalidRequest(f"{url} is refused: {error}") from error
        except aiohttp.InvalidURL as error:
            raise InvalidRequest(f"{url!r} is no valid URL") from error
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, Forbidden):
                raise InvalidRequest(f"{url} is refused: {error.os_error}") from error
            raise Unreachable(f"{url} cannot be reached: {error.os_error.strerror or error}") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unreachable(f"{url} broke off: {str(error) or type(error).__name__}") from error
        finally:
            part.unlink(missing_ok=True)

    @asynccontextmanager
    async def _get(self, url: str) -> AsyncIterator[aiohttp.ClientResponse]:
        connector = aiohttp.TCPConnector(socket_factory=checked_sockets(self._allowed))
        timeout = aiohttp.ClientTimeout(total=None, connect=15, sock_read=60)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False) as session,
            session.get(url, max_redirects=5, headers={"Accept-Encoding": "identity"}) as response,
        ):
            yield response


async def _copy(response: aiohttp.ClientResponse, part: Path, limit: int, url: str) -> int:
    size = 0
    with part.open("wb") as file:
        async for chunk in response.content.iter_chunked(_CHUNK):
            size += len(chunk)
            if size > limit:
                raise InvalidRequest(f"{url} holds more than the {limit} bytes that are allowed")
            file.write(chunk)
    if response.content_length is not None and size != response.content_length:
        raise Unreachable(f"{url} broke off after {size} of {response.content_length} bytes")
    return size
