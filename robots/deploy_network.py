"""The adapter `deploy-network`: a machine's way to the deploy listener, by a network in which the service boots it."""

import asyncio
import errno
import logging
import os
import socket
from collections.abc import Iterable
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Annotated

from pydantic import AfterValidator, Field

from bmc.model.checks import Check, Verdict
from bmc.model.errors import BackendFailed, BmcError, InvalidRequest, Unreachable
from bmc.model.mac import parse_card_mac
from bmc.ports import DeployNetwork, Site
from bmc.shared_devices import Lease
from robots.adapter import Adapter, Options, Parts, Place
from robots.boot_server import BootServer, Machine
from robots.dnsmasq import missing
from robots.kept import KeptFile
from robots.neighbours import mac_of

BACKLOG = 16
SSH_PORT = 22
CONNECT_TIME = 5.0
AGAIN_AFTER = 10.0
"""Seconds until what was armed before a restart is tried again: at the host's boot its network may come late."""
REMEDIES = {
    errno.EADDRINUSE: "another program or node is there: see to it that no two nodes have the same address",
    errno.EADDRNOTAVAIL: "that is no address of this host: give it to the interface",
    errno.ENODEV: "there is no such interface",
}

log = logging.getLogger(__name__)


class DeployNetworkOptions(Options):
    """`network` names one of the configuration file; `macs` are those of the cards that the machine boots by, and its
    `address` is the one that it has there.
    """

    network: str = Field(min_length=1)
    macs: list[Annotated[str, AfterValidator(parse_card_mac)]] = Field(min_length=1, max_length=8)
    address: IPv4Address


class NetworkDeployLink:
    """DeployLink: a port of its own on this host's address, for whoever the neighbours' table says is this machine."""

    leads = True

    def __init__(self, network: DeployNetwork, machine: Machine) -> None:
        self._network = network
        self._machine = machine
        self._port = network.first_port + int(machine.address) - int(network.address.network.network_address)
        self._opened: socket.socket | None = None
        self._asked_for = False

    @property
    def url(self) -> str:
        return f"http://{self._network.address.ip}:{self._port}"

    async def listener(self) -> socket.socket:
        opened = self._opened if self._opened is not None and self._waits_ahead else self._listen()
        self._opened, self._asked_for = opened, True
        return opened

    def admits(self, peer: str) -> bool:
        return mac_of(peer, self._network.interface) in self._machine.macs

    def open_ahead(self) -> None:
        """Who connects before anybody asks for the listener waits there. :raise BackendFailed: it cannot be opened."""
        if self._opened is None or self._opened.fileno() < 0:
            self._opened, self._asked_for = self._listen(), False

    def close_ahead(self) -> None:
        """Unless somebody has asked for it."""
        if self._opened is not None and self._waits_ahead:
            self._opened.close()

    @property
    def _waits_ahead(self) -> bool:
        return self._opened is not None and self._opened.fileno() >= 0 and not self._asked_for

    def _listen(self) -> socket.socket:
        opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            opened.setblocking(False)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self._network.interface.encode())
            opened.bind((str(self._network.address.ip), self._port))
            opened.listen(BACKLOG)
        except OSError as error:
            opened.close()
            remedy = REMEDIES.get(error.errno or 0, os.strerror(error.errno or 0))
            where = f"{self._network.address.ip}:{self._port} on {self._network.interface}"
            raise BackendFailed(f"the deploy listener cannot be opened at {where}: {remedy}") from error
        return opened


class NetworkOffer:
    """NetworkBoot and Running: what is armed stays so until it is taken back, also across a restart."""

    def __init__(self, lease: Lease[BootServer], machine: Machine, link: NetworkDeployLink, kept: KeptFile) -> None:
        self._lease = lease
        self._machine = machine
        self._link = link
        self._kept = kept
        self._closed = False
        self._arming: asyncio.Task[None] | None = None

    async def offer(self, url: str) -> None:
        await self._stop_arming()
        if url:
            await self._arm(url)
            self._keep(url)
        else:
            self._link.close_ahead()
            await self._lease.device.disarm(self._machine.node)
            self._kept.forget()

    async def give_address(self) -> None:
        await self._stop_arming()
        await self._arm("")
        self._keep("")

    async def start(self) -> None:
        if isinstance(url := self._kept.load(), str):
            self._arming = asyncio.create_task(self._arm_again(url), name=f"network boot of {self._machine.node}")

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await self._stop_arming()
        self._link.close_ahead()
        await self._lease.device.disarm(self._machine.node)
        await self._lease.end()

    def _keep(self, url: str) -> None:
        """:raise BackendFailed: it cannot be written."""
        try:
            self._kept.save(url)
        except OSError as error:
            raise BackendFailed(f"what is armed cannot be written down: {error}") from error

    async def _arm(self, url: str) -> None:
        self._link.open_ahead()
        try:
            await self._lease.device.arm(replace(self._machine, url=url))
        except BaseException:
            self._link.close_ahead()
            raise

    async def _arm_again(self, url: str) -> None:
        while True:
            try:
                return await self._arm(url)
            except BmcError as error:
                log.error("%s: %s; it is tried again", self._machine.node, error)
            await asyncio.sleep(AGAIN_AFTER)

    async def _stop_arming(self) -> None:
        arming, self._arming = self._arming, None
        if arming is not None:
            arming.cancel()
            await asyncio.gather(arming, return_exceptions=True)


class NetworkLoginLink:
    """LoginLink: the machine's address, if it is the machine that answers there."""

    def __init__(self, network: DeployNetwork, machine: Machine) -> None:
        self._network = network
        self._machine = machine

    async def connect(self) -> socket.socket:
        address = str(self._machine.address)
        opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            opened.setblocking(False)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self._network.interface.encode())
            async with asyncio.timeout(CONNECT_TIME):
                await asyncio.get_running_loop().sock_connect(opened, (address, SSH_PORT))
            found = mac_of(address, self._network.interface)
            if found not in self._machine.macs:
                raise Unreachable(f"another machine ({found}) answers at {address}")
        except TimeoutError:
            opened.close()
            raise Unreachable(f"nothing answers at {address}, port {SSH_PORT}") from None
        except OSError as error:
            opened.close()
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise Unreachable(f"{address}, port {SSH_PORT}: {reason}") from error
        except BaseException:
            opened.close()
            raise
        return opened


class DeployNetworkAdapter(Adapter[DeployNetworkOptions]):
    """Stands in the place `deploy`."""

    name = family = "deploy-network"
    connection = frozenset[str]()
    options = DeployNetworkOptions

    def check(self, options: DeployNetworkOptions, site: Site) -> None:
        network = _network(options, site)
        inside = network.address.network
        taken = {inside.network_address, inside.broadcast_address, network.address.ip}
        if options.address not in inside or options.address in taken:
            raise InvalidRequest(
                f"deploy.address: expected an address of a machine in {inside}, other than {network.address.ip}, "
                f"not {options.address}"
            )

    def open(self, options: DeployNetworkOptions, place: Place) -> Parts:
        network = _network(options, place.site)
        machine = Machine(place.node, tuple(options.macs), options.address, "")
        link = NetworkDeployLink(network, machine)
        lease = place.site.devices.lease((self.name, network), lambda: BootServer(network))
        offer = NetworkOffer(lease, machine, link, KeptFile(place.kept / "armed.json"))
        return Parts(running=offer, deploy=link, network_boot=offer, login=NetworkLoginLink(network, machine))

    def checks(self) -> Iterable[Check]:
        problem = missing()
        if problem is None:
            yield Check("network boot", Verdict.OK, "machines on a deploy network can be booted")
        else:
            yield Check("network boot", Verdict.WARNING, f"no machine can be booted by it: {problem[0]}", problem[1])


def _network(options: DeployNetworkOptions, site: Site) -> DeployNetwork:
    """:raise InvalidRequest: the configuration file has no such network."""
    networks = site.configured.deploy_networks
    if options.network not in networks:
        there = ", ".join(sorted(networks)) or "none"
        raise InvalidRequest(f"deploy.network: {options.network!r} is not in the configuration file; there is {there}")
    return networks[options.network]


adapter = DeployNetworkAdapter()
