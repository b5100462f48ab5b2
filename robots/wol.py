"""The adapter `wol`: Wake-on-LAN, which can turn a server on and nothing else."""

import asyncio
import socket
from typing import Annotated

from pydantic import AfterValidator, Field

from bmc.model.errors import NotSupported, Unreachable
from bmc.model.mac import mac_bytes, parse_mac
from bmc.model.power import PowerAction
from robots.adapter import Adapter, Host, Options, Parts, Place
from robots.parts import Switch

TIMES, APART = 3, 0.1
"""A datagram may be lost; a server that is on takes no notice of another."""


class WolOptions(Options):
    """`broadcast` is where the packet goes, `interface` the network interface of this host by which it leaves."""

    mac: Annotated[str, AfterValidator(parse_mac)]
    broadcast: Host = "255.255.255.255"
    port: int = Field(default=9, ge=1, le=65535)
    interface: str | None = Field(default=None, pattern=r"^[^/\s\x00]{1,15}$")


def magic(mac: str) -> bytes:
    """The packet that a sleeping network card looks for: six bytes FFh and sixteen times its address."""
    return b"\xff" * 6 + mac_bytes(mac) * 16


class WolSwitch(Switch):
    """PowerSwitch with On only; whether anybody heard it, only a sense can tell."""

    actions = frozenset({PowerAction.ON})

    def __init__(self, options: WolOptions) -> None:
        self.domain = f"Wake-on-LAN of {options.mac}"
        self._options = options

    async def apply(self, action: PowerAction) -> None:
        if action is not PowerAction.ON:
            raise NotSupported("Wake-on-LAN can only turn a server on")
        for time in range(TIMES):
            try:
                await self._send()
            except OSError as error:
                if not time:
                    raise Unreachable(f"{self.domain} cannot be sent: {error.strerror or error}") from None
            await asyncio.sleep(APART)

    async def _send(self) -> None:
        loop, options = asyncio.get_running_loop(), self._options
        found = await loop.getaddrinfo(options.broadcast, options.port, type=socket.SOCK_DGRAM)
        family, address = found[0][0], found[0][4]
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            if options.interface is not None:
                sender.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, options.interface.encode())
            await loop.sock_sendto(sender, magic(options.mac), address)


class WolAdapter(Adapter[WolOptions]):
    """A switch only; the node needs another for off."""

    name = family = "wol"
    connection = frozenset[str]()
    options = WolOptions

    def open(self, options: WolOptions, place: Place) -> Parts:
        return Parts(switch=WolSwitch(options))


adapter = WolAdapter()
