"""Ways between a guest and the service, through sockets made inside a network namespace and used out here.

In its plain user network a guest reaches the namespace's 127.0.0.1 as 10.0.2.2, and nothing else listens there but QEMU
itself, for as long as it takes to lead the service to the guest's port 22. In a private network the deploy listener is
at the gateway's address, and hears the address of the one card.
"""

import asyncio
import contextlib
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from bmc.model.errors import BackendFailed, Refused, Unreachable, WrongState
from bmc.virtual_node import sandbox
from bmc.virtual_node.argv import nic_device
from bmc.virtual_node.guest import Guest
from bmc.virtual_node.options import USER_NETWORK, NicOptions
from bmc.virtual_node.private import PrivateNetwork, port_of, received
from bmc.virtual_node.shape import Shape

HELPER = Path(__file__).with_name("socket_inside.py")
INSIDE = "127.0.0.1"
DEPLOY_PORT, LOGIN_PORT, SSH_PORT = 80, 2222, 22
DEADLINE = 10.0
PURPOSE = {"listen": "the deploy listener", "connect": "the way to the SSH server", "up": "the way to the SSH server"}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where guest and service meet: at the card of that index, on the private `network`, or on a user network.

    `address` is that of the card on a private network.
    """

    card: int
    network: PrivateNetwork | None = None
    mac: str = ""
    address: str = ""


class Meeting:
    """The first card on a user or a private network is taken, as the ramdisk goes by the first that gets an address."""

    def __init__(self, guest: Guest, shape: Shape, directory: Path) -> None:
        self.guest = guest
        self._shape = shape
        self._directory = directory

    @property
    def possible(self) -> bool:
        return bool(self._cards)

    def place(self) -> _Place:
        """:raise Refused: there is no such card."""
        if not self._cards:
            raise Refused(
                f"{self.guest.name} has no card on a user or private network, "
                "by which it could reach the deploy listener"
            )
        index, nic = self._cards[0]
        if nic.network.private is None:
            return _Place(index)
        network = PrivateNetwork.of(self._directory, nic.network.private)
        return _Place(index, network, nic.mac or "", network.address(nic.mac or ""))

    @property
    def _cards(self) -> list[tuple[int, NicOptions]]:
        cards = enumerate(self._shape.next.nics)
        return [(index, nic) for index, nic in cards if nic.network == USER_NETWORK or nic.network.private]

    async def open_socket(self, what: str, address: str, port: int, source: str = "") -> socket.socket:
        """Have the helper make a socket there: see its own text. :raise WrongState: the node is off."""
        place, pid = self.place(), self.guest.pid
        run = self.guest.state.now.run
        if place.network is not None:
            pid = await asyncio.to_thread(place.network.keeper)
        elif run is not None and not run.network:
            verdict = await asyncio.to_thread(sandbox.try_namespaces)
            raise BackendFailed(
                f"{self.guest.name} was started without a network: {verdict.problem or 'it was forbidden then'}; "
                f"{verdict.remedy or 'power it off and on'}"
            )
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            helper = await asyncio.create_subprocess_exec(
                *sandbox.enter(sandbox.own_way(), pid),
                *(sys.executable, "-I", str(HELPER), str(theirs.fileno()), what, address, str(port), source),
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
                raise BackendFailed(f"{PURPOSE[what]} could not be opened in time") from None
            if helper.returncode == 0:
                made = socket.socket(fileno=received(ours))
                made.setblocking(False)
                return made
        if not self.guest.alive:
            raise WrongState(f"{self.guest.name} is off; power it on first")
        reason = (complaint.decode(errors="replace").strip().splitlines() or ["no reason"])[-1]
        raise BackendFailed(f"{PURPOSE[what]} cannot be opened in the guest's network namespace: {reason}")


class VirtualDeployLink:
    def __init__(self, meeting: Meeting) -> None:
        self._meeting = meeting
        self._guest = meeting.guest
        self._ahead: tuple[int, socket.socket] | None = None

    @property
    def leads(self) -> bool:
        return self._meeting.possible

    @property
    def url(self) -> str:
        place = self._meeting.place()
        return "http://10.0.2.2" if place.network is None else f"http://{place.network.gateway()}:{_port(place)}"

    async def offer(self, url: str) -> None:
        if not url:
            self.close()
        place = self._meeting.place()
        if place.network is not None:
            await asyncio.to_thread(place.network.set_boot_file, place.mac, url)
        self._guest.state.now.boot_file = url
        await self._guest.state.save()

    async def give_address(self) -> None:
        await self.offer("")  # its network always gives one

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
        if self._ahead is not None and self._ahead[0] == self._guest.pid:
            (_, listener), self._ahead = self._ahead, None
            return listener
        place = self._meeting.place()
        if place.network is None:
            return await self._meeting.open_socket("listen", INSIDE, DEPLOY_PORT)
        return await self._meeting.open_socket("listen", place.network.gateway(), _port(place), place.address)

    def admits(self, peer: str) -> bool:
        return True  # nobody else reaches the socket


class VirtualLoginLink:
    """In a user network QEMU forwards for a moment only: what is connected stays so when the forwarding ends."""

    def __init__(self, meeting: Meeting) -> None:
        self._meeting = meeting
        self._one = asyncio.Lock()

    async def connect(self) -> socket.socket:
        try:
            place = self._meeting.place()
        except Refused as error:
            raise Unreachable(str(error)) from error
        async with self._one:
            if place.network is not None:
                return await self._meeting.open_socket("connect", place.address, SSH_PORT)
            card, rule = f"{nic_device(place.card)}-net", f"tcp:{INSIDE}:{LOGIN_PORT}"
            # Before that there is no 127.0.0.1 for QEMU to listen at.
            (await self._meeting.open_socket("up", INSIDE, 0)).close()
            await self._tell(f"hostfwd_add {card} {rule}-:{SSH_PORT}")
            try:
                return await self._meeting.open_socket("connect", INSIDE, LOGIN_PORT)
            finally:
                await self._tell(f"hostfwd_remove {card} {rule}")

    async def _tell(self, command: str) -> None:
        """QEMU has no other command for it than one for people, which says nothing when all is well."""
        line = {"command-line": command}
        said = str(await self._meeting.guest.execute("human-monitor-command", **line)).strip()
        if said and "removed" not in said:
            raise BackendFailed(f"QEMU refused {command.split()[0]}: {said}")


def _port(place: _Place) -> int:
    return port_of(place.address)
