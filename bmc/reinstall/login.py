"""The proof by login: the service itself logs in to the new system, with a key that is made for one job."""

import socket
from collections.abc import Mapping
from datetime import UTC, datetime

import asyncssh

from bmc.images.catalogue import SeedKind
from bmc.model.errors import Unreachable

COMMAND = "cat /etc/machine-id /proc/sys/kernel/random/boot_id"
NAMES = ("machine_id", "boot_id")
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
            agent_path=None,
            config=None,
            login_timeout=DEADLINE,
        ) as client:
            key = client.get_server_host_key()
            done = await client.run(COMMAND, check=True, timeout=DEADLINE)
    except (asyncssh.Error, OSError, TimeoutError) as error:
        raise Unreachable(f"no login as {user}: {str(error) or type(error).__name__}") from error
    finally:
        connection.close()
    told = str(done.stdout).split()
    if key is None or len(told) != len(NAMES):
        raise Unreachable(f"the login as {user} told {len(told)} words instead of {' and '.join(NAMES)}")
    hostkey = " ".join(key.export_public_key().decode().split()[:2])
    return {"hostkey": hostkey, **dict(zip(NAMES, told, strict=True))}
