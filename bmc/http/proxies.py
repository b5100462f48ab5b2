"""Where a request comes from, and by which scheme: what reverse proxies say of it, if they are trusted to."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

Networks = Sequence[IPv4Network | IPv6Network]
SCHEMES = ("http", "https")


def origin_of(peer: str, forwarded: Sequence[str], trusted: Networks) -> str:
    """The address that no trusted proxy has: `peer`, or the right-most such in X-Forwarded-For. What stands left of it
    is the word of strangers.

    Where a trusted proxy names no address, it is the proxy's own.
    """
    hops = [hop for line in forwarded for hop in line.split(",")]
    while hops and _is_trusted(peer, trusted):
        named = _address(hops.pop().strip())
        if named is None:
            break
        peer = str(named)
    return peer


def scheme_of(forwarded: Sequence[str]) -> str | None:
    """What the proxy next to us says in X-Forwarded-Proto: the last word; None if that is no scheme of the web."""
    said = ",".join(forwarded).rpartition(",")[2].strip().lower()
    return said if said in SCHEMES else None


def proxy_middleware(trusted: Networks) -> Middleware:
    """From here on `remote`, `scheme` and `secure` of a request are those of who asked the trusted proxy."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        peer = request.remote or ""
        if not _is_trusted(peer, trusted):
            return await handler(request)
        headers = request.headers
        remote = origin_of(peer, headers.getall("X-Forwarded-For", []), trusted)
        scheme = scheme_of(headers.getall("X-Forwarded-Proto", [])) or request.scheme
        return await handler(request.clone(remote=remote, scheme=scheme))

    return middleware


def _is_trusted(address: str, trusted: Networks) -> bool:
    parsed = _address(address)
    return parsed is not None and any(parsed in network for network in trusted)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """None for what is none. An IPv4 address is that also where a socket of IPv6 says it."""
    try:
        parsed = ip_address(text)
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return mapped or parsed
