"""What the host's network says about the address a door is at: net mask, gateway and MAC, from /proc and /sys."""

from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from pathlib import Path

NOWHERE = IPv4Address(0)
_NO_MAC = bytes(6)


@dataclass(frozen=True, slots=True)
class Network:
    """Zeros are what is not known, or not there: loopback and a door at every address have none of it."""

    address: IPv4Address = NOWHERE
    mask: IPv4Address = NOWHERE
    gateway: IPv4Address = NOWHERE
    mac: bytes = _NO_MAC
    gateway_mac: bytes = _NO_MAC


@dataclass(frozen=True, slots=True)
class _Route:
    interface: str
    to: IPv4Network
    gateway: IPv4Address


def find_network(host: str, root: Path = Path("/")) -> Network:
    """Of the interface on whose own network the address lies; `root` is where /proc and /sys are."""
    try:
        address = IPv4Address(host)
    except AddressValueError:
        return Network()
    routes = _routes(root)
    own = max(
        (route for route in routes if route.gateway == NOWHERE and route.to.prefixlen and address in route.to),
        key=lambda route: route.to.prefixlen,
        default=None,
    )
    if own is None:
        return Network(address)
    ways_out = (route for route in routes if not route.to.prefixlen and route.interface == own.interface)
    gateway = next((route.gateway for route in ways_out), NOWHERE)
    mac = _mac(_read(root / "sys/class/net" / own.interface / "address"))
    return Network(address, own.to.netmask, gateway, mac, _neighbour(root, gateway))


def _routes(root: Path) -> list[_Route]:
    routes = []
    for line in _read(root / "proc/net/route").splitlines()[1:]:
        words = line.split()
        to, gateway, mask = (IPv4Address(bytes.fromhex(words[column])[::-1]) for column in (1, 2, 7))
        routes.append(_Route(words[0], IPv4Network((int(to), mask.exploded), strict=False), gateway))
    return routes


def _neighbour(root: Path, address: IPv4Address) -> bytes:
    for line in _read(root / "proc/net/arp").splitlines()[1:]:
        words = line.split()
        if words[0] == str(address):
            return _mac(words[3])
    return _NO_MAC


def _mac(text: str) -> bytes:
    try:
        mac = bytes.fromhex(text.strip().replace(":", ""))
    except ValueError:
        return _NO_MAC
    return mac if len(mac) == len(_NO_MAC) else _NO_MAC


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
