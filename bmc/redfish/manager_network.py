"""How a Manager is reached: the protocols it speaks, and the Ethernet interface of its IPMI door.

A door on loopback is on no Ethernet.
"""

import socket
from ipaddress import IPv6Address, ip_address

from bmc.model.node import Endpoint
from bmc.network import NOWHERE, find_network
from bmc.redfish import oem
from bmc.redfish.errors import not_found
from bmc.redfish.router import Call, Reply, Route
from bmc.redfish.types import JsonObject, collection, link, links, resource

MANAGER = "/redfish/v1/Managers/{node}"
SERVICE_MANAGER = "/redfish/v1/Managers/Lightsout"
"""No node's name has a capital letter."""
CERTIFICATES = f"{SERVICE_MANAGER}/NetworkProtocol/HTTPS/Certificates"
"""The one of the web door, which every Manager is reached by."""
INTERFACE = "ipmi"
ENABLED = {"State": "Enabled", "Health": "OK"}


async def get_protocols(call: Call) -> Reply:
    """HTTP or HTTPS at the port that this request came to, SSH, and IPMI where the door is open."""
    node = call.node().snapshot.name
    ipmi = call.house.ipmi.endpoint(node)
    shown: JsonObject = {"ProtocolEnabled": True, "Port": ipmi.port} if ipmi else {"ProtocolEnabled": False}
    suites = [
        oem.CipherSuite(
            Id=suite.id, Algorithms=f"HMAC-{suite.hash_name.upper()}, AES-CBC-128", MaxPrivilege=most.name.capitalize()
        )
        for suite, most in call.house.ipmi.suites(node).items()
    ]
    ours = oem.LightsoutManagerNetworkProtocol(IPMICipherSuites=suites)
    return Reply(_web(call) | {"IPMI": shown, "Oem": oem.extension("LightsoutManagerNetworkProtocol", ours)})


async def get_service_protocols(call: Call) -> Reply:
    """IPMI is a node's."""
    return Reply(_web(call))


def _web(call: Call) -> JsonObject:
    secured = call.request.protocol.ssl_context is not None  # by ourselves, whatever a proxy before us does
    web, other = ("HTTPS", "HTTP") if secured else ("HTTP", "HTTPS")
    body = resource(call.path, "ManagerNetworkProtocol", Id="NetworkProtocol", Name="Protocols", Status=ENABLED)
    shown: JsonObject = {"ProtocolEnabled": True, "Port": _web_port(call)}
    if call.house.certificate is not None and secured and not call.house.only:
        shown["Certificates"] = link(CERTIFICATES)
    return body | {"HostName": socket.gethostname(), web: shown, other: {"ProtocolEnabled": False}, "SSH": _ssh(call)}


def _ssh(call: Call) -> JsonObject:
    door = call.house.ssh
    return {"ProtocolEnabled": True, "Port": door.port} if door else {"ProtocolEnabled": False}


async def list_interfaces(call: Call) -> Reply:
    if ethernet(call, call.node().snapshot.name) is None:
        raise not_found(call.path)
    paths = [f"{call.path}/{INTERFACE}"]
    return Reply(collection(call.path, "EthernetInterfaceCollection", "Network interfaces", links(paths)))


async def get_interface(call: Call) -> Reply:
    """Where the IPMI door listens, with what this host's network says of that address."""
    endpoint = ethernet(call, call.node().snapshot.name)
    if endpoint is None or call.params["interface"] != INTERFACE:
        raise not_found(call.path)
    body = resource(call.path, "EthernetInterface", Id=INTERFACE, Name="IPMI", InterfaceEnabled=True, Status=ENABLED)
    return Reply(body | _addresses(endpoint))


def ethernet(call: Call, node: str) -> Endpoint | None:
    """The endpoint of the node's IPMI door, if that is on an Ethernet."""
    endpoint = call.house.ipmi.endpoint(node)
    return None if endpoint is None or ip_address(endpoint.host).is_loopback else endpoint


def _addresses(endpoint: Endpoint) -> JsonObject:
    """A door at every address of the host has none of its own."""
    address = ip_address(endpoint.host)
    if address.is_unspecified:
        return {}
    if isinstance(address, IPv6Address):
        return {"IPv6Addresses": [{"Address": str(address), "AddressOrigin": "Static"}]}
    network = find_network(endpoint.host)
    shown = {"Address": network.address, "SubnetMask": network.mask, "Gateway": network.gateway}
    known = {name: str(value) for name, value in shown.items() if value != NOWHERE}
    body: JsonObject = {"IPv4Addresses": [known | {"AddressOrigin": "Static"}]}
    if any(network.mac):
        body["MACAddress"] = network.mac.hex(":")
    return body


def _web_port(call: Call) -> int | None:
    transport = call.request.transport
    return transport.get_extra_info("sockname")[1] if transport is not None else None


ROUTES = (
    Route("GET", f"{SERVICE_MANAGER}/NetworkProtocol", get_service_protocols),
    Route("GET", f"{MANAGER}/NetworkProtocol", get_protocols),
    Route("GET", f"{MANAGER}/EthernetInterfaces", list_interfaces),
    Route("GET", f"{MANAGER}/EthernetInterfaces/{{interface}}", get_interface),
)
