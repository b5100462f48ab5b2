"""Boots machines by one network, while jobs want it: who is answered, what, and beside which other DHCP server."""

import asyncio
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address

from bmc.model.errors import BackendFailed
from bmc.model.pace import Pace
from bmc.ports import DeployNetwork
from robots.dhcp_look import other_server
from robots.dnsmasq import IPXE, TO_SERVE, TO_SERVE_DHCP, Dnsmasq
from robots.motion import apart

LEASE = "1h"
TOLD_AT_ONCE, TELL_EVERY = 20, 10.0
"""So many lines about armed machines, and then one each so many seconds."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Machine:
    """The cards that it may ask by, the address that it gets, and where it finds what it is to boot; "": nothing."""

    node: str
    macs: tuple[str, ...]
    address: IPv4Address
    url: str


class BootServer:
    """Shared by the nodes of one network. Nothing of it runs while no machine is armed.

    Files are sent by a process of their own, as a change among the armed machines must not break off a transfer.
    """

    def __init__(self, network: DeployNetwork) -> None:
        self._network = network
        self._armed: dict[str, Machine] = {}
        self._beside = bool(network.beside)
        on = network.interface
        self._answers = Dnsmasq(f"network boot on {on}", TO_SERVE_DHCP, self._heard, sole_on=on)
        self._files = Dnsmasq(f"the files of network boot on {on}", TO_SERVE, self._heard)
        self._pace = Pace(TOLD_AT_ONCE, TELL_EVERY)
        self._one = asyncio.Lock()
        self._wanted = self._done = 0

    async def arm(self, machine: Machine) -> None:
        """Answer it from now on. Takes some seconds where another DHCP server is looked for.

        :raise BackendFailed: it cannot be answered, and is not; with the remedy.
        """
        for other in self._armed.values():
            if other.node != machine.node and (other.address == machine.address or {*other.macs} & {*machine.macs}):
                raise BackendFailed(
                    f"{other.node} boots by {self._network.name} just now with the same MAC or address; "
                    f"correct mac and address of {machine.node} or of {other.node}"
                )
        before = self._armed.get(machine.node)
        self._armed[machine.node] = machine
        try:
            await self._settle(machine)
        except BaseException:
            if before is None:
                self._armed.pop(machine.node, None)
            else:
                self._armed[machine.node] = before
            await apart(self._settle_quietly())
            raise

    async def disarm(self, node: str) -> None:
        """It is not answered any more. Never fails: for the others it is tried on."""
        if self._armed.pop(node, None) is not None:
            await apart(self._settle_quietly())

    async def close(self) -> None:
        self._armed.clear()
        await self._settle_quietly()

    async def _settle_quietly(self) -> None:
        try:
            await self._settle(None)
        except BackendFailed as error:
            log.error("%s; it is tried again", error)

    async def _settle(self, newcomer: Machine | None) -> None:
        """Serve those that are armed now. What several want at the same time is done once."""
        self._wanted = mine = self._wanted + 1
        async with self._one:
            if self._done >= mine:
                return
            target = self._wanted
            if self._armed and newcomer is not None:
                self._beside = await self._look(newcomer)
            booting = [machine for machine in self._armed.values() if machine.url]
            if not booting:
                await self._files.stop()
            elif not self._files.serving:
                await self._files.serve(files_configuration(self._network))
            if answered := booting if self._beside else list(self._armed.values()):
                await self._answers.serve(answers_configuration(self._network, answered, self._beside))
            else:
                await self._answers.stop()
            self._done = target

    async def _look(self, newcomer: Machine) -> bool:
        """Whether another DHCP server gives the addresses, as somebody says or as it looks now."""
        if self._network.beside is not None:
            return self._network.beside
        own = self._network.address.ip
        found = await other_server(self._network.interface, newcomer.macs, own)
        if found is None:
            log.info("no other DHCP server answers on %s: addresses are given", self._network.interface)
        else:
            log.info("the DHCP server %s answers on %s: none are given beside it", found, self._network.interface)
        return found is not None

    def _heard(self, line: str) -> None:
        ours = any(mac in line for machine in self._armed.values() for mac in machine.macs)
        if ours and self._pace.passes(time.monotonic()):
            log.info("network boot on %s: %s", self._network.interface, line)
        else:
            log.debug("network boot on %s: %s", self._network.interface, line)


def answers_configuration(network: DeployNetwork, machines: Iterable[Machine], beside: bool) -> str:
    """No DNS, no router, no pool: only these machines are known, and who is not known is ignored.

    A machine whose network boot is no iPXE (it would send option 175) gets iPXE, which then asks again. With a boot
    file and no server address beside it, iPXE asks the proxy's port for more, over and over: so there is one.
    """
    server, subnet = network.address.ip, network.address.network
    lines = [
        *("port=0", f"interface={network.interface}", "except-interface=lo", "bind-interfaces"),
        *("leasefile-ro", "no-ping", "dhcp-broadcast", "dhcp-ignore=tag:!known"),
        *("dhcp-match=set:ipxe,175", "dhcp-match=set:bios,option:client-arch,0"),
        *("dhcp-match=set:efi,option:client-arch,7", "dhcp-match=set:efi,option:client-arch,9"),
    ]
    if beside:
        # Without a service dnsmasq is no proxy at all, also for iPXE, which takes the boot file.
        lines += [
            f"dhcp-range={subnet.network_address},proxy,{subnet.netmask}",
            'pxe-service=tag:!ipxe,x86PC,"Lightsout",undionly.kpxe',
            'pxe-service=tag:!ipxe,X86-64_EFI,"Lightsout",snponly.efi',
            'pxe-service=tag:!ipxe,BC_EFI,"Lightsout",snponly.efi',
        ]
    else:
        lines += [
            f"dhcp-range={subnet.network_address},static,{subnet.netmask},{LEASE}",
            *("dhcp-authoritative", "dhcp-option=3", "dhcp-option=6"),
            f"dhcp-boot=tag:boots,tag:!ipxe,tag:bios,undionly.kpxe,,{server}",
            f"dhcp-boot=tag:boots,tag:!ipxe,tag:efi,snponly.efi,,{server}",
        ]
    for number, machine in enumerate(machines):
        given = "" if beside else f",{machine.address}"
        # iPXE, the firmware and the ramdisk each have another client id: one machine all the same.
        boots = ",set:boots" if machine.url else ""
        lines.append(f"dhcp-host={','.join(machine.macs)},id:*,set:m{number}{boots}{given}")
        if machine.url:
            lines.append(f"dhcp-boot=tag:ipxe,tag:m{number},{machine.url},,{server}")
    return "\n".join(lines) + "\n"


def files_configuration(network: DeployNetwork) -> str:
    """iPXE's programs by TFTP, and nothing else."""
    lines = ("port=0", f"interface={network.interface}", "except-interface=lo", "bind-interfaces", "enable-tftp")
    return "\n".join((*lines, f"tftp-root={IPXE}")) + "\n"
