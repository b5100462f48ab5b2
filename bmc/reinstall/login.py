"""The proof by login: the service itself logs in to the new system, with a key that is made for one job."""

import asyncio
import re
import socket
from collections.abc import Mapping
from datetime import UTC, datetime

import asyncssh

from bmc.images.catalogue import SeedKind
from bmc.model.errors import Unreachable

COMMAND = "cat /etc/machine-id /proc/sys/kernel/random/boot_id"
TOLD = re.compile(r"(?P<machine_id>[0-9a-f]{32})\s+(?P<boot_id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\s*")
TOLD_MAX = 4096
"""Bytes that are read of what the system says, which is a stranger."""
LIFETIME = 3 * 24 * 3600.0
"""Seconds after the job's begin that the key is good for: longer than any job, and than the odds of time zones."""

DEADLINE = 60.0
"""Seconds for one login: an emulated machine that is just coming up takes many."""

HOST_KEYS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256")
"""The kind that the new system tells of itself comes first."""


def new_key() -> str:
    """A private key."""
    return asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()


def authorized_key(private: str, kind: SeedKind, job: str, begun: float) -> str:
    """The line of authorized_keys that lets the holder of `private` do nothing but be told who the system is.

    dropbear, which our own systems have, knows no expiry-time.
    """
    options = ["restrict", f'command="{COMMAND}"']
    if kind != "lightsout":
        options.append(f'expiry-time="{datetime.fromtimestamp(begun + LIFETIME, UTC):%Y%m%d%H%M%S}"')
    public = asyncssh.import_private_key(private).export_public_key().decode().split()
    return f"{','.join(options)} {public[0]} {public[1]} lightsout-job-{job}"


async def log_in(connection: socket.socket, user: str, private: str) -> Mapping[str, str]:
    """What the system says of itself, and the host key that it shows. Closes `connection`.

    :raise Unreachable: nobody is there, or not yet, or it lets nobody in; the text says which.
    """
    try:
        async with asyncssh.connect(
            sock=connection,
            username=user,
            client_keys=[asyncssh.import_private_key(private)],
            known_hosts=None,  # the key is new; the job holds it against the one that the system told of itself
            server_host_key_algs=list(HOST_KEYS),
            preferred_auth=["publickey"],
            compression_algs=["none"],  # what unpacks has no bound
            agent_path=None,
            config=None,
            login_timeout=DEADLINE,
        ) as client:
            key = client.get_server_host_key()
            said = await asyncio.wait_for(_said(client), DEADLINE)
    except (asyncssh.Error, OSError, TimeoutError) as error:
        why = type(error).__name__ if isinstance(error, asyncssh.Error) else error.strerror or type(error).__name__
        raise Unreachable(f"no login as {user}: {why}") from error
    finally:
        connection.close()
    told = TOLD.fullmatch(said.decode(errors="replace"))
    if key is None or told is None:
        raise Unreachable(f"the login as {user} did not tell a machine-id and a boot_id alone")
    hostkey = " ".join(key.export_public_key().decode().split()[:2])
    return {"hostkey": hostkey, **told.groupdict()}


async def _said(client: asyncssh.SSHClientConnection) -> bytes:
    """What the command prints, up to a bound."""
    said = b""
    async with client.create_process(COMMAND, encoding=None, stderr=asyncssh.DEVNULL) as process:
        while len(said) <= TOLD_MAX and (more := await process.stdout.read(TOLD_MAX)):
            said += more
        process.close()
    return said
