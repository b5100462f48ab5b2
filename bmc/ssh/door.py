"""The listener: where SSH connections come in, and what ends them all."""

import asyncio
import errno
import socket
from collections import Counter
from types import TracebackType

import asyncssh

from bmc.accounts import Accounts
from bmc.events import Audit
from bmc.fleet import Fleet
from bmc.model.errors import BackendFailed
from bmc.ssh.console import Rooms
from bmc.ssh.crowd import Crowd
from bmc.ssh.line import Line

LOGIN_SECONDS = 60
KEEPALIVE_SECONDS = 30
WINDOW = 64 * 1024
"""Bytes that a client may send before we have dealt with them."""
LATE_SECONDS = 1.0
"""What was asked for may take to be done once the door is closed; signing out takes less."""
GONE, STOPPING = "the session has ended or lost its rights", "the service is stopping"


class SshDoor:
    """Listens from `async with` to its end, on (host, port); port 0 is any free one. `claimed` listens there already.

    `fingerprint` is of the host key, as ssh prints it.
    """

    def __init__(
        self,
        fleet: Fleet,
        accounts: Accounts,
        audit: Audit,
        key: asyncssh.SSHKey,
        host: str,
        port: int,
        claimed: socket.socket | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self.fingerprint = str(key.get_fingerprint())
        self._key = key
        self._claimed = claimed
        self._rooms = Rooms(fleet, accounts, audit)
        self._crowd: Crowd[Line] = Crowd()
        self._acceptor: asyncssh.SSHAcceptor | None = None
        accounts.on_closed(self._session_closed)

    @property
    def counters(self) -> Counter[str]:
        """What was seen, by name: `connections`, `signed-in`, `refused` sign-ins by password, connections that ended
        `unsigned`, and those that had to go since too many were `full`.
        """
        return self._rooms.seen

    async def __aenter__(self) -> "SshDoor":
        """:raise BackendFailed: it cannot listen there."""
        where = {"sock": self._claimed} if self._claimed else {"host": self.host, "port": self.port}
        try:
            self._acceptor = await asyncssh.listen(
                **where,
                server_factory=lambda: Line(self._rooms, self._crowd),
                server_host_keys=[self._key],
                config=None,
                gss_host=None,
                x11_forwarding=False,
                agent_forwarding=False,
                allow_scp=False,
                line_editor=False,
                encoding=None,
                window=WINDOW,
                login_timeout=LOGIN_SECONDS,
                keepalive_interval=KEEPALIVE_SECONDS,
                compression_algs=["none"],  # what unpacks has no bound
                kex_algs="-*-sha1",
                mac_algs="-hmac-sha1*",
                signature_algs="-ssh-rsa",  # it is SHA-1; RSA keys sign by rsa-sha2
            )
        except OSError as error:
            why = "is in use already" if error.errno == errno.EADDRINUSE else str(error.strerror)
            raise BackendFailed(f"SSH: {self.host} port {self.port} {why}; configure another ssh.port") from error
        self.port = self._acceptor.get_port()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._acceptor is not None:
            self._acceptor.close()
        for line in self._crowd.waiting:
            line.drop()
        await asyncio.gather(*(line.end(STOPPING) for line in self._crowd.signed_in))
        if late := list(self._rooms.late):
            await asyncio.wait(late, timeout=LATE_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _session_closed(self, id: str) -> None:
        for line in self._crowd.signed_in:
            if line.session is not None and line.session.id == id:
                self._rooms.spawn(line.end(GONE))
