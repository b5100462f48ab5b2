"""The guest's way to the deploy listener: a socket that listens inside QEMU's network namespace, used out here.

In its plain user network a guest reaches the namespace's 127.0.0.1 as 10.0.2.2, and nothing else listens there.
"""

import asyncio
import contextlib
import socket
import struct
import sys
from pathlib import Path

from bmc.model.errors import BackendFailed, Refused, WrongState
from bmc.virtual_node import sandbox
from bmc.virtual_node.guest import Guest
from bmc.virtual_node.options import USER_NETWORK
from bmc.virtual_node.shape import Shape

HELPER = Path(__file__).with_name("listen_inside.py")
PORT = 80
DEADLINE = 10.0


class VirtualDeployLink:
    def __init__(self, guest: Guest, shape: Shape) -> None:
        self._guest = guest
        self._shape = shape
        self._ahead: tuple[int, socket.socket] | None = None

    @property
    def url(self) -> str:
        if any(nic.network == USER_NETWORK for nic in self._shape.next.nics):
            return "http://10.0.2.2"
        raise Refused(f"{self._guest.name} has no card on a user network, by which it could reach the deploy listener")

    async def offer(self, url: str) -> None:
        if not url:
            self.close()
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
        pid = self._guest.pid
        if self._ahead is not None and self._ahead[0] == pid:
            (_, listener), self._ahead = self._ahead, None
            return listener
        run = self._guest.state.now.run
        if run is not None and not run.network:
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
                *(sys.executable, "-I", str(HELPER), str(theirs.fileno()), str(PORT)),
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
                return _received(ours)
        if not self._guest.alive:
            raise WrongState(f"{self._guest.name} is off; power it on first")
        reason = (complaint.decode(errors="replace").strip().splitlines() or ["no reason"])[-1]
        raise BackendFailed(f"the deploy listener cannot be opened in the guest's network namespace: {reason}")


def _received(channel: socket.socket) -> socket.socket:
    """The listener that the helper has sent. No QEMU that is started meanwhile may inherit it, and `socket.recv_fds`
    takes no heed of its flags.
    """
    _, [(_, _, data)], _, _ = channel.recvmsg(16, socket.CMSG_LEN(struct.calcsize("i")), socket.MSG_CMSG_CLOEXEC)
    listener = socket.socket(fileno=struct.unpack("i", data)[0])
    listener.setblocking(False)
    return listener
