"""A whole service with two nodes, and clients of its SSH door: OpenSSH's on a terminal of its own, and asyncssh's."""

import asyncio
import os
import pty
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from bmc.model.ssh_key import SshKey
from tests.ipmi.terminal import Terminal
from tests.redfish.service import PASSWORDS, Service, open_service


@dataclass
class Clients:
    """`keys` are files of private keys, one for each of PASSWORDS."""

    service: Service
    directory: Path
    keys: dict[str, Path]

    @property
    def known(self) -> str:
        """A line of known_hosts."""
        return f"[127.0.0.1]:{self.service.ssh.port} {self.service.host_key.export_public_key().decode()}"

    def options(self, *more: str) -> list[str]:
        (self.directory / "known_hosts").write_text(self.known)
        chosen = (
            *(f"UserKnownHostsFile={self.directory / 'known_hosts'}", "GlobalKnownHostsFile=/dev/null"),
            *("StrictHostKeyChecking=yes", "IdentitiesOnly=yes", "IdentityAgent=none", "ConnectTimeout=30", *more),
        )
        words = [word for each in chosen for word in ("-o", each)]
        return ["-F", "/dev/null", "-p", str(self.service.ssh.port), *words]

    @asynccontextmanager
    async def ssh(self, user: str, *words: str, key: str = "") -> AsyncIterator[Terminal]:
        """OpenSSH's `ssh USER@127.0.0.1` on a terminal, with the key of `key` or with none."""
        identity = ["-i", str(self.keys[key])] if key else ["-o", "PubkeyAuthentication=no"]
        master, slave = pty.openpty()
        try:
            process = await asyncio.create_subprocess_exec(
                *("ssh", *self.options(), *identity, *words, f"{user}@127.0.0.1"),
                stdin=slave,
                stdout=slave,
                stderr=slave,
                env={**os.environ, "TERM": "vt100"},
                preexec_fn=lambda: os.login_tty(slave),  # ssh asks at the terminal that controls it
            )
            terminal = Terminal(process, master)
            try:
                yield terminal
            finally:
                await terminal.close()
        finally:
            os.close(slave)

    async def connect(self, user: str, key: str = "", **more: Any) -> asyncssh.SSHClientConnection:
        """asyncssh's client; whoever connects closes it."""
        where = {"host": "127.0.0.1", "port": self.service.ssh.port}
        keys = {"client_keys": [str(self.keys[key])] if key else None, "agent_path": None}
        known = {"known_hosts": asyncssh.import_known_hosts(self.known)}
        return await asyncssh.connect(**{"username": user, "config": None, **where, **keys, **known, **more})

    @asynccontextmanager
    async def console(self, user: str, key: str = "", **more: Any) -> AsyncIterator["Console"]:
        """A console by asyncssh's client."""
        async with await self.connect(user, key, **more) as connection:
            process = await connection.create_process(term_type="vt100", encoding=None)
            yield Console(connection, process)


@dataclass
class Console:
    connection: asyncssh.SSHClientConnection
    process: "asyncssh.SSHClientProcess[bytes]"

    def type(self, text: bytes) -> None:
        self.process.stdin.write(text)

    async def expect(self, text: bytes, timeout: float = 20) -> bytes:
        """Waits until `text` was printed, and forgets all up to its end."""
        async with asyncio.timeout(timeout):
            return await self.process.stdout.readuntil(text)

    async def ended(self, timeout: float = 20) -> tuple[bytes, int | None]:
        """What was printed until then, and the exit status."""
        async with asyncio.timeout(timeout):
            printed = await self.process.stdout.read()
            await self.process.wait()
        return printed, self.process.exit_status


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    """With the nodes n1 and n2, which are off."""
    async with open_service(tmp_path) as opened:
        for name in ("n1", "n2"):
            await opened.world.add(name)
        yield opened


@pytest.fixture
async def clients(service: Service, tmp_path: Path) -> Clients:
    return await clients_of(service, tmp_path)


async def clients_of(service: Service, tmp_path: Path) -> Clients:
    """Everybody of PASSWORDS has a key."""
    keys = {}
    for name in PASSWORDS:
        private = asyncssh.generate_private_key("ssh-ed25519", comment=f"{name}@laptop")
        keys[name] = tmp_path / f"key-{name}"
        keys[name].touch(0o600)
        private.write_private_key(keys[name])
        await service.accounts.keys.add(name, SshKey.parse(private.export_public_key().decode()))
    return Clients(service, tmp_path, keys)
