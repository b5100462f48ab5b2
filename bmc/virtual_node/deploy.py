"""Ways between a guest and the service, through sockets made inside QEMU's network namespace, used out here.

In its plain user network a guest reaches the namespace's 127.0.0.1 as 10.0.2.2, and nothing else listens there but QEMU
itself, for as long as it takes to lead the service to the guest's port 22.
"""

import asyncio
import contextlib
import socket
import struct
import sys
from pathlib import Path

from bmc.model.errors import BackendFailed, WrongState
from bmc.virtual_node import sandbox
from bmc.virtual_node.argv import nic_device
from bmc.virtual_node.guest import Guest

HELPER = Path(__file__).with_name("socket_inside.py")
PORT, LOGIN_PORT = 80, 2222
DEADLINE = 10.0
PURPOSE = {"listen": "the deploy listener", "connect": "the way to the SSH server", "up": "the way to the SSH server"}


class VirtualDeployLink:
    url = "http://10.0.2.2"

    def __init__(self, guest: Guest) -> None:
        self._guest = guest

    async def listener(self) -> socket.socket:
        return await _socket_inside(self._guest, "listen", PORT)


class VirtualLoginLink:
    """QEMU forwards for a moment only: what is connected stays so when the forwarding ends."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest
        self._one = asyncio.Lock()

    async def connect(self) -> socket.socket:
        async with self._one:
            rule = f"tcp:127.0.0.1:{LOGIN_PORT}"
            card = f"{nic_device(0)}-net"
            (
                await _socket_inside(self._guest, "up", 0)
            ).close()  # before that there is no 127.0.0.1 for QEMU to listen at
            await self._tell(f"hostfwd_add {card} {rule}-:22")
            try:
                return await _socket_inside(self._guest, "connect", LOGIN_PORT)
            finally:
                await self._tell(f"hostfwd_remove {card} {rule}")

    async def _tell(self, command: str) -> None:
        """QEMU has no other command for it than one for people, which says nothing when all is well."""
        said = str(await self._guest.execute("human-monitor-command", **{"command-line": command})).strip()
        if said and "removed" not in said:
            raise BackendFailed(f"QEMU refused {command.split()[0]}: {said}")


async def _socket_inside(guest: Guest, what: str, port: int) -> socket.socket:
    """Have the helper make a socket inside the guest's network namespace: see its own text for `what`."""
    pid = guest.pid
    run = guest.state.now.run
    if run is not None and not run.network:
        verdict = await asyncio.to_thread(sandbox.try_namespaces)
        raise BackendFailed(
            f"{guest.name} was started without a network: {verdict.problem or 'it was forbidden then'}; "
            f"{verdict.remedy or 'power it off and on'}"
        )
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        helper = await asyncio.create_subprocess_exec(
            *sandbox.enter(sandbox.own_way(), pid),
            *(sys.executable, "-I", str(HELPER), str(theirs.fileno()), what, str(port)),
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
            return _received(ours)
    if not guest.alive:
        raise WrongState(f"{guest.name} is off; power it on first")
    reason = (complaint.decode(errors="replace").strip().splitlines() or ["no reason"])[-1]
    raise BackendFailed(f"{PURPOSE[what]} cannot be opened in the guest's network namespace: {reason}")


def _received(channel: socket.socket) -> socket.socket:
    """The socket that the helper has sent. No QEMU that is started meanwhile may inherit it, and `socket.recv_fds`
    takes no heed of its flags.
    """
    _, [(_, _, data)], _, _ = channel.recvmsg(16, socket.CMSG_LEN(struct.calcsize("i")), socket.MSG_CMSG_CLOEXEC)
    listener = socket.socket(fileno=struct.unpack("i", data)[0])
    listener.setblocking(False)
    return listener
