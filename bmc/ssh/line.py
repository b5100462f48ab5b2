"""One SSH connection: who signs in, to which node. By key, by questions (keyboard-interactive), or by password.

The user name is NODE, or ACCOUNT+NODE, which a password alone needs. A key names its account.
"""

import asyncio
from collections.abc import Sequence

import asyncssh

from bmc.accounts import Session
from bmc.events import Target
from bmc.model.caller import Door
from bmc.model.errors import Busy, Denied, NotFound
from bmc.ssh.console import Console, Rooms
from bmc.ssh.crowd import Crowd

TRIES = 6
"""Wrong passwords in one connection; the account's own locks come before."""
MOST_CONSOLES = 8
"""In one connection: clients may share it."""
FAREWELL_SECONDS = 2.0

Prompt = tuple[str, bool]
Challenge = tuple[str, str, str, list[Prompt]]
ACCOUNT: Prompt = ("Account: ", True)
PASSWORD: Prompt = ("Password: ", False)


class Line(asyncssh.SSHServer):
    """Whether a node exists is not told before sign-in; what stands in the way after it is."""

    def __init__(self, rooms: Rooms, crowd: "Crowd[Line]") -> None:
        self._rooms = rooms
        self._crowd = crowd
        self._connection: asyncssh.SSHServerConnection | None = None
        self._account = ""
        self._node = ""
        self._told = ""
        self._failures = 0
        self._key = b""
        self._opening: asyncio.Future[Session] | None = None
        self._consoles: list[Console] = []
        self._full = False
        self._paused = False
        self.address = ""
        self.session: Session | None = None

    # What asyncssh tells

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self.address = (conn.get_extra_info("peername") or ("",))[0]
        # asyncssh leaves these two undone: without them a client that stops reading fills our memory.
        conn.pause_writing = self._pause  # type: ignore[method-assign]
        conn.resume_writing = self._resume  # type: ignore[method-assign]
        self._rooms.seen["connections"] += 1
        self._crowd.arrived(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connection = None
        self._crowd.left(self)
        if self._opening is None:
            self._rooms.seen["unsigned"] += 1
        if self.session is not None:
            self._rooms.spawn(self._sign_out())

    def begin_auth(self, username: str) -> bool:
        self._account, _, self._node = username.rpartition("+")
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """asyncssh verifies the signature afterwards."""
        account = self._rooms.accounts.keys.holder(key.public_data)
        if account is None or self._account not in ("", account.name):
            return False
        self._key = key.public_data
        return True

    def password_auth_supported(self) -> bool:
        return bool(self._account)

    async def validate_password(self, username: str, password: str) -> bool:
        return await self._try(self._account, password)

    def kbdint_auth_supported(self) -> bool:
        return True

    def get_kbdint_challenge(self, username: str, lang: str, submethods: str) -> Challenge:
        return "", self._told, "", [*([] if self._account else [ACCOUNT]), PASSWORD]

    async def validate_kbdint_response(self, username: str, responses: Sequence[str]) -> bool:
        if len(responses) != (1 if self._account else 2):
            return False
        return await self._try(self._account or responses[0], responses[-1])

    def auth_completed(self) -> None:
        self._opening = asyncio.create_task(self._sign_in(self._key))
        self._rooms.seen["signed-in"] += 1
        if not self._crowd.admit(self):
            self._rooms.seen["full"] += 1
            self._full = True
            asyncio.get_running_loop().call_later(FAREWELL_SECONDS, self.drop)

    def session_requested(self) -> "asyncssh.SSHServerSession[bytes] | bool":
        self._consoles = [each for each in self._consoles if not each.over]
        if len(self._consoles) >= MOST_CONSOLES:
            return False
        console = Console(self._rooms, self._node, self.address, self._signed_in)
        if self._paused:
            console.hold("connection")
        self._consoles.append(console)
        return console

    # What the door wants

    async def end(self, reason: str) -> None:
        """Every console says why; then the connection ends, whether the client takes that or not."""
        for console in self._consoles:
            console.end(reason)
        if tasks := [console.task for console in self._consoles if console.task]:
            await asyncio.wait(tasks, timeout=FAREWELL_SECONDS)
        connection = self._connection
        if connection is None:
            return
        connection.close()
        try:
            async with asyncio.timeout(FAREWELL_SECONDS):
                await connection.wait_closed()
        except TimeoutError:
            connection.abort()

    def drop(self) -> None:
        if self._connection is not None:
            self._connection.abort()

    # Signing in

    async def _try(self, account: str, password: str) -> bool:
        """:raise asyncssh.PermissionDenied: that was the last try."""
        try:
            session = await self._rooms.accounts.open_session(account, password, self.address, Door.SSH)
        except Denied as error:
            self._rooms.seen["refused"] += 1
            self._told = str(error)
            self._failures += 1
            if self._failures >= TRIES:
                raise asyncssh.PermissionDenied("too many wrong passwords") from error
            return False
        await self._hold(session)
        return True

    async def _sign_in(self, key: bytes) -> Session:
        """:raise Denied: the key was taken from its account just now."""
        session = self.session or await self._rooms.accounts.open_key_session(key, self.address)
        await self._hold(session)
        if caller := self._rooms.accounts.caller(session.token, self.address):
            details = {"session": session.id}
            await self._rooms.audit.record(caller, "sign-in", session.account, "ok", details, Target.ACCOUNT)
        return session

    async def _signed_in(self) -> Session:
        """:raise Busy: too many have."""
        if self._full or self._opening is None:
            raise Busy("too many SSH connections are open; close some")
        return await asyncio.shield(self._opening)

    async def _hold(self, session: Session) -> None:
        """The session ends with the connection, which may be over already."""
        if self.session not in (None, session):
            await self._sign_out()
        self.session = session
        if self._connection is None:
            await self._sign_out()

    async def _sign_out(self) -> None:
        session, self.session = self.session, None
        if session is None:
            return
        caller = self._rooms.accounts.caller(session.token, self.address)
        try:
            await self._rooms.accounts.close_session(session.id)
        except NotFound:
            return  # it was ended, and so this
        if caller is not None:
            details = {"session": session.id}
            await self._rooms.audit.record(caller, "sign-out", session.account, "ok", details, Target.ACCOUNT)

    def _pause(self) -> None:
        self._paused = True
        for console in self._consoles:
            console.hold("connection")

    def _resume(self) -> None:
        self._paused = False
        for console in self._consoles:
            console.release("connection")
