"""The proof by login against SSH servers that a hostile guest could run."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncssh
import pytest

from bmc.model.errors import Unreachable
from bmc.reinstall.login import log_in, new_key

MACHINE, BOOT = "0123456789abcdef0123456789abcdef", "01234567-89ab-cdef-0123-456789abcdef"
Say = Callable[["asyncssh.SSHServerProcess[bytes]"], None]


class Anybody(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return False


class Rude(asyncssh.SSHServer):
    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn

    def begin_auth(self, username: str) -> bool:
        self._connection.disconnect(2, "\x1b]0;mine\x07" + "x" * 100_000)
        return True


@asynccontextmanager
async def guest(say: Say, server: type[asyncssh.SSHServer] = Anybody) -> AsyncIterator[socket.socket]:
    key = asyncssh.generate_private_key("ssh-ed25519")
    listening = await asyncssh.listen(
        "127.0.0.1", 0, server_factory=server, server_host_keys=[key], process_factory=say, encoding=None
    )
    connection = socket.create_connection(("127.0.0.1", listening.get_port()))
    connection.setblocking(False)
    try:
        yield connection
    finally:
        listening.close()
        await listening.wait_closed()


def saying(text: bytes) -> Say:
    def say(process: "asyncssh.SSHServerProcess[bytes]") -> None:
        process.stdout.write(text)
        process.exit(0)

    return say


async def test_a_system_says_who_it_is() -> None:
    async with guest(saying(f"{MACHINE}\n{BOOT}\n".encode())) as connection:
        told = await log_in(connection, "root", new_key())
    assert (told["machine_id"], told["boot_id"]) == (MACHINE, BOOT)
    assert told["hostkey"].startswith("ssh-ed25519 ")


@pytest.mark.parametrize(
    "text", [f"{MACHINE}\n\x1b[2J{BOOT}\n".encode(), b"m" * 200_000 + f"\n{BOOT}\n".encode(), b"\xff\xfe \xfd", b""]
)
async def test_what_is_no_such_answer_is_no_proof(text: bytes) -> None:
    async with guest(saying(text)) as connection:
        with pytest.raises(Unreachable, match="did not tell a machine-id and a boot_id"):
            await log_in(connection, "root", new_key())


async def test_output_without_end_is_not_read_to_its_end() -> None:
    written = 0

    async def flood(process: "asyncssh.SSHServerProcess[bytes]") -> None:
        nonlocal written
        while not process.channel.is_closing():
            process.stdout.write(b"A" * 65536)
            written += 65536
            await process.stdout.drain()

    def say(process: "asyncssh.SSHServerProcess[bytes]") -> None:
        flooding.append(asyncio.ensure_future(flood(process)))

    flooding: list[asyncio.Future[None]] = []
    async with guest(say) as connection:
        with pytest.raises(Unreachable, match="did not tell a machine-id and a boot_id"):
            await asyncio.wait_for(log_in(connection, "root", new_key()), 20)
    for task in flooding:
        task.cancel()
    await asyncio.gather(*flooding, return_exceptions=True)
    assert written < 16 << 20


async def test_what_a_guest_gives_as_its_reason_is_not_told_on() -> None:
    async with guest(saying(b""), Rude) as connection:
        with pytest.raises(Unreachable) as caught:
            await log_in(connection, "root", new_key())
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 200
