"""Where an address counts: one place must not be many by having many addresses."""

import ipaddress
from functools import lru_cache

REMEMBERED = 4096
"""More than there may be connections to choose from at once: they are all asked for whenever a listener is full."""


@lru_cache(maxsize=REMEMBERED)
def place_of(address: str) -> tuple[str, bool]:
    """Where `address` counts, and whether that is this machine itself.

    An IPv6 site has 2^64 addresses to come from, so its network stands for all of them.
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address, False
    if isinstance(parsed, ipaddress.IPv6Address):
        parsed = parsed.ipv4_mapped or parsed
    if isinstance(parsed, ipaddress.IPv4Address) or parsed.is_loopback:
        return str(parsed), parsed.is_loopback
    return str(ipaddress.ip_network((parsed, 64), strict=False)), False
