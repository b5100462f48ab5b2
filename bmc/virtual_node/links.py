"""What a card of a node is plugged into outside of QEMU: a bridge or a tap of this host.

The service opens the tap and hands it over: QEMU, in a network namespace of its own and without any right, sees nothing
of the host but the frames of this one tap, which goes away with it.
"""

import errno
import os
import socket
from collections.abc import Collection, Iterator

from bmc.model.checks import Check, Verdict
from bmc.model.errors import InvalidOptions, Refused
from bmc.virtual_node import tap
from bmc.virtual_node.options import Network, NicOptions, VirtualNodeOptions

NO_TUN = "load it (modprobe tun); in a container, give it the device (--device /dev/net/tun)"
OWN_TAP = "run the service as root, or make a tap for its user (ip tuntap add tap0 mode tap user NAME) and name that"


def require_allowed(options: VirtualNodeOptions, interfaces: Collection[str]) -> None:
    """:raise InvalidOptions: a card is on an interface of this host that the configuration file does not name."""
    problems = [
        {
            "loc": ("nics", index, "network", "tap" if network.tap else "bridge"),
            "type": "value_error",
            "msg": f"the configuration file does not allow it: network.interfaces names {_named(interfaces)}",
            "input": network.interface,
        }
        for index, network in enumerate(nic.network for nic in options.nics)
        if network.interface and network.interface not in interfaces
    ]
    if problems:
        raise InvalidOptions(problems)


def open_link(place: str, nic: NicOptions) -> int:
    """The tap of a card that is on a bridge or a tap of this host; `place` is the card's key path.

    :raise Refused: what this machine lacks, and what to do about it.
    """
    network = nic.network
    where = f"{place}.network.{'tap' if network.tap else 'bridge'}: {network.interface}"
    try:
        socket.if_nametoindex(network.interface)
    except OSError:
        raise Refused(f"{where}: this host has no such interface; `ip link` lists them") from None
    try:
        if network.tap and not tap.is_up(network.tap):
            raise Refused(f"{where} is down; ip link set {network.tap} up")
        descriptor, name = tap.open_tap(network.tap or "bmctap%d")
    except OSError as error:
        raise Refused(f"{where} {_why_no_tap(error, network)}") from None
    if network.bridge:
        try:
            tap.enslave(name, network.bridge)
        except OSError as error:
            os.close(descriptor)
            raise Refused(f"{where} takes no tap ({error.strerror}): is it a bridge of Linux's own?") from None
    return descriptor


def _why_no_tap(error: OSError, network: Network) -> str:
    match error.errno:
        case errno.ENOENT | errno.ENODEV | errno.ENXIO:
            return f"takes {tap.TUN}, which is not there; {NO_TUN}"
        case errno.EACCES | errno.EPERM:
            return f"is not for the service's user ({error.strerror}); {OWN_TAP}"
        case errno.EBUSY:
            return "is another program's already"
        case errno.EINVAL if network.tap:
            return "is no tap, or one of several queues"
    return f"cannot be opened: {error.strerror}"


def checks(interfaces: Collection[str]) -> Iterator[Check]:
    """What of the configuration's interfaces a node could be put on."""
    for name in sorted(interfaces):
        try:
            socket.if_nametoindex(name)
        except OSError:
            yield Check("network", Verdict.WARNING, f"network.interfaces: this host has no {name}", "make it first")
            continue
        try:
            os.close(os.open(tap.TUN, os.O_RDWR | os.O_CLOEXEC))
        except OSError as error:
            remedy = NO_TUN if error.errno != errno.EACCES else OWN_TAP
            yield Check("network", Verdict.WARNING, f"{name}: {tap.TUN}: {error.strerror}", remedy)
        else:
            yield Check("network", Verdict.OK, f"{name} is there for nodes")


def _named(interfaces: Collection[str]) -> str:
    return ", ".join(sorted(interfaces)) or "none"
