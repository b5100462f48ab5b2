"""The guest's way to the deploy listener: a socket that listens inside a network namespace, used out here.

In its plain user network a guest reaches the namespace's 127.0.0.1 as 10.0.2.2, and nothing else listens there. In a
private network it listens at the gateway's address, and hears the address of the one card.
"""

import asyncio
import contextlib
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from bmc.model.errors import BackendFailed, Refused, WrongState
from bmc.virtual_node import sandbox
from bmc.virtual_node.guest import Guest
from bmc.virtual_node.options import USER_NETWORK
from bmc.virtual_node.private import PrivateNetwork, port_of, received
from bmc.virtual_node.shape import Shape

HELPER = Path(__file__).with_name("listen_inside.py")
PORT = 80
DEADLINE = 10.0


@dataclass(frozen=True, slots=True)
class _Place:
    """`source` is the address of the guest's card there, the only one that the listener hears."""

    network: PrivateNetwork
    mac: str
    gateway: str
    port: int
    source: str


class VirtualDeployLink:
    def __init__(self, guest: Guest, shape: Shape, directory: Path) -> None:
        self._guest = guest
        self._shape = shape
        self._directory = directory
        self._ahead: tuple[int, socket.socket] | None = None

    @property
    def url(self) -> str:
        place = self._place()
        return "http://10.0.2.2" if place is None else f"http://{place.gateway}:{place.port}"

    def _place(self) -> "_Place | None":
        """Where it listens in a private network; None is the user network, which is taken if there is one."""
        nics = self._shape.next.nics
        if any(nic.network == USER_NETWORK for nic in nics):
            return None
        for nic in nics:
            if nic.network.private:
                network = PrivateNetwork.of(self._directory, nic.network.private)
                address = network.address(nic.mac or "")
                return _Place(network, nic.mac or "", network.gateway(), port_of(address), address)
        raise Refused(
            f"{self._guest.name} has no card on a user or private network, by which it could reach the deploy listener"
        )

    async def offer(self, url: str) -> None:
        if not url:
            self.close()
        if (place := self._place()) is not None:
            await asyncio.to_thread(place.network.set_boot_file, place.mac, url)
        self._guest.state.now.boot_file = url
        await self._guest.state.save()

    async def open_ahead(self) -> None:
        """Listen in a QEMU that was just started, before its first instruction: a connection waits to be accepted.

        :raise BackendFailed: as `listener`.
        """
        self.close()
        self._ahead = (self._guest.pid, await self.listener())

    def close(self) -> None:
        """Let go of what was opened ahead and not asked for."""
        if self._ahead is not None:
            self._ahead[1].close()
            self._ahead = None

    async def listener(self) -> socket.socket:
        pid, host, port, source = self._guest.pid, "127.0.0.1", PORT, ""
        if self._ahead is not None and self._ahead[0] == pid:
            (_, listener), self._ahead = self._ahead, None
            return listener
        run = self._guest.state.now.run
        if (place := self._place()) is not None:
            pid = await asyncio.to_thread(place.network.keeper)
            host, port, source = place.gateway, place.port, place.source
        elif run is not None and not run.network:
            verdict = await asyncio.to_thread(sandbox.try_namespaces)
            raise BackendFailed(
                f"{self._guest.name} was started without a network: {verdict.problem or 'it was forbidden then'}; "
                f"{verdict.remedy or 'power it off and on'}"
            )
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            helper = await asyncio.create_subprocess_exec(
                *sandbox.enter(sandbox.own_way(), pid),
                *(sys.executable, "-I", str(HELPER), str(theirs.fileno()), host, str(port), source),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                pass_fds=[theirs.fileno()],
            )
            theirs.close()
            try:
                async with asyncio.timeout(DEADLINE):
                    _, complaint = await helper.communicate()
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    helper.kill()
                await helper.wait()
                raise BackendFailed("the deploy listener could not be opened in time") from None
            if helper.returncode == 0:
                listener = socket.socket(fileno=received(ours))
                listener.setblocking(False)
                return listener
        if not self._guest.alive:
            raise WrongState(f"{self._guest.name} is off; power it on first")
        reason = (complaint.decode(errors="replace").strip().splitlines() or ["no reason"])[-1]
        raise BackendFailed(f"the deploy listener cannot be opened in the guest's network namespace: {reason}")
