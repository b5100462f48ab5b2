"""The network of a new system: checked, and put into the words of cloud-init's two kinds of seed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Interface, IPv6Interface, ip_address, ip_interface
from typing import Any

from bmc.model.mac import parse_mac

KEYS = ("mac", "vlan", "addresses", "gateways", "dns", "search")
LISTS = ("addresses", "gateways", "dns", "search")
ENTRIES_MAX = 16
NAME = "net0"
"""What the network card is called in the new system."""

_DOMAIN = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")

Address = IPv4Interface | IPv6Interface


def network_problems(network: object, macs: Sequence[str]) -> list[str]:
    """Everything wrong with a network, each by its key path. `macs` are those that the node is known to have.

    A network is a mapping of `addresses` (with their prefix length; none of a family: DHCP for IPv4, router
    advertisements for IPv6), `gateways` (one for each family), `dns`, `search`, `vlan` (1 to 4094), and the `mac` of
    the network card, which may be left out where there is only one.
    """
    if not isinstance(network, Mapping) or not network:
        return [f"network: expected an object with one or more of {', '.join(KEYS)}"]
    found = [f"network.{key}: unknown; expected {', '.join(KEYS)}" for key in network if key not in KEYS]
    found += _mac_problems(network.get("mac"), macs)
    vlan = network.get("vlan", 1)
    if isinstance(vlan, bool) or not isinstance(vlan, int) or not 1 <= vlan <= 4094:
        found.append("network.vlan: expected a number from 1 to 4094")
    lists = [f"network.{key}: expected a list of at most {ENTRIES_MAX}" for key in LISTS if not _is_list(network, key)]
    return [*found, *(lists or _entry_problems(network))]


def mac_of(network: Mapping[str, Any], macs: Sequence[str]) -> str:
    """The network card that a sound network is for."""
    return parse_mac(network["mac"]) if "mac" in network else macs[0]


def network_config(network: Mapping[str, Any]) -> dict[str, Any]:
    """A sound network as cloud-init's network configuration version 1; `mac` is in it.

    Version 2 would do worse: cloud-init 22.4, Debian 12's, stumbles over its name servers for a card that is known by
    its address, and makes its default route of IPv6 one to ::/64.
    """
    mac, subnets = network["mac"], _subnets(network)
    card: dict[str, Any] = {"type": "physical", "name": NAME, "mac_address": mac}
    if "vlan" not in network:
        return {"version": 1, "config": [card | {"subnets": subnets}]}
    vlan = {"type": "vlan", "name": _vlan_name(network), "vlan_link": NAME, "vlan_id": network["vlan"]}
    return {"version": 1, "config": [card | {"subnets": [{"type": "manual"}]}, vlan | {"subnets": subnets}]}


def network_data(network: Mapping[str, Any]) -> dict[str, Any]:
    """A sound network as OpenStack's network_data.json; `mac` is in it. It has no word for search domains."""
    mac, link = network["mac"], NAME
    links: list[dict[str, Any]] = [{"id": NAME, "type": "phy", "ethernet_mac_address": mac}]
    if "vlan" in network:
        link = _vlan_name(network)
        vlan = {"vlan_id": network["vlan"], "vlan_link": NAME, "vlan_mac_address": mac}
        links.append({"id": link, "type": "vlan", **vlan})
    networks = list(_networks(network, link))
    services = [{"type": "dns", "address": server} for server in network.get("dns", ())]
    return {"links": links, "networks": networks, "services": services}


def _subnets(network: Mapping[str, Any]) -> list[dict[str, Any]]:
    gateways = _gateways(network)
    addresses = [ip_interface(text) for text in network.get("addresses", ())]
    subnets: list[dict[str, Any]] = []
    if all(address.version != 4 for address in addresses):
        subnets.append({"type": "dhcp4"})
    for address in addresses:
        subnet = {"type": "static" if address.version == 4 else "static6", "address": address.with_prefixlen}
        if (gateway := gateways.pop(address.version, None)) is not None:
            subnet["gateway"] = gateway
        subnets.append(subnet)
    names = {"dns_nameservers": list(network.get("dns", ())), "dns_search": list(network.get("search", ()))}
    subnets[0] |= {key: value for key, value in names.items() if value}
    return subnets


def _gateways(network: Mapping[str, Any]) -> dict[int, str]:
    """By the version of IP."""
    return {gateway.version: str(gateway) for gateway in map(ip_address, network.get("gateways", ()))}


def _vlan_name(network: Mapping[str, Any]) -> str:
    return f"{NAME}.{network['vlan']}"


def _networks(network: Mapping[str, Any], link: str) -> Iterator[dict[str, Any]]:
    gateways = _gateways(network)
    addresses = [ip_interface(text) for text in network.get("addresses", ())]
    if all(address.version != 4 for address in addresses):
        yield {"id": "dhcp4", "type": "ipv4_dhcp", "link": link}
    for number, address in enumerate(addresses):
        told: dict[str, Any] = {"id": f"address{number}", "type": f"ipv{address.version}", "link": link}
        told |= {"ip_address": str(address.ip), "netmask": str(address.network.netmask)}
        if (gateway := gateways.pop(address.version, None)) is not None:
            zero = "0.0.0.0" if address.version == 4 else "::"  # noqa: S104 - a route, no listener
            told["routes"] = [{"network": zero, "netmask": zero, "gateway": gateway}]
        yield told


def _is_list(network: Mapping[str, Any], key: str) -> bool:
    value = network.get(key, ())
    return isinstance(value, Sequence) and not isinstance(value, str | bytes) and len(value) <= ENTRIES_MAX


def _mac_problems(mac: object, macs: Sequence[str]) -> list[str]:
    known = ", ".join(macs) or "none known"
    if mac is None:
        return [] if len(macs) == 1 else [f"network.mac: expected one, since the node's network cards are: {known}"]
    try:
        ours = parse_mac(mac if isinstance(mac, str) else "")
    except ValueError as error:
        return [f"network.mac: {error}"]
    return [f"network.mac: the node has no such network card; it has: {known}"] if macs and ours not in macs else []


def _entry_problems(network: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    addresses: list[Address] = []
    for index, text in enumerate(network.get("addresses", ())):
        address = _parsed(ip_interface, text)
        wrong = _address_problem(text, address)
        if wrong or address is None:
            found.append(f"network.addresses[{index}]: {wrong}")
        elif any(address.ip == other.ip for other in addresses):
            found.append(f"network.addresses[{index}]: {address.ip} is there twice")
        else:
            addresses.append(address)
    # Gateways are held against the addresses, so only once these are right.
    found += [] if found else _gateway_problems(network.get("gateways", ()), addresses)
    for index, text in enumerate(network.get("dns", ())):
        server = _parsed(ip_address, text)
        if server is None or server.is_multicast or server.is_unspecified:
            found.append(f"network.dns[{index}]: expected the address of a name server")
    for index, text in enumerate(network.get("search", ())):
        if not isinstance(text, str) or not _DOMAIN.fullmatch(text):
            found.append(f"network.search[{index}]: expected a domain name in lower case")
    return found


def _gateway_problems(gateways: Sequence[object], addresses: Sequence[Address]) -> list[str]:
    found, versions = [], set()
    for index, text in enumerate(gateways):
        gateway = _parsed(ip_address, text)
        if gateway is None:
            found.append(f"network.gateways[{index}]: expected an IPv4 or IPv6 address")
            continue
        near = [address for address in addresses if address.version == gateway.version]
        if gateway.version in versions:
            found.append(f"network.gateways[{index}]: a second one for IPv{gateway.version}; one is possible")
        elif any(address.ip == gateway for address in near):
            found.append(f"network.gateways[{index}]: {gateway} is the system's own address")
        elif not any(gateway in address.network for address in near) and not (near and gateway.is_link_local):
            found.append(f"network.gateways[{index}]: {gateway} is in the network of none of the addresses")
        versions.add(gateway.version)
    return found


def _address_problem(text: object, address: Address | None) -> str:
    if address is None or "/" not in str(text):
        return "expected an address with its prefix length, as 192.0.2.10/24 or 2001:db8::10/64"
    ip, network = address.ip, address.network
    if ip.is_multicast or ip.is_unspecified or ip.is_loopback:
        return f"{ip} cannot be the address of a network card"
    if ip.version == 4 and network.prefixlen < 31 and ip in (network.network_address, network.broadcast_address):
        return f"{ip} stands for the whole network {network}"
    return ""


def _parsed(parse: Any, text: object) -> Any:
    """None where it is no such thing; a number is none, though `ipaddress` would take it, and neither is a zone."""
    try:
        return parse(text) if isinstance(text, str) and "%" not in text else None
    except ValueError:
        return None
