"""The key by which clients know this service again: made once, and kept."""

from pathlib import Path

import asyncssh

from bmc.model.errors import BackendFailed
from bmc.secret_files import write_secret


def host_key(path: Path) -> asyncssh.SSHKey:
    """The key in `path`, made (0600) if there is none. :raise BackendFailed: it cannot be read or made."""
    try:
        if path.exists():
            return asyncssh.import_private_key(path.read_bytes())
        key = asyncssh.generate_private_key("ssh-ed25519")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_secret(path, key.export_private_key())
    except asyncssh.KeyImportError as error:
        remedy = "put it back, or remove the file: clients will then warn of another key"
        raise BackendFailed(f"the SSH host key {path} cannot be read: {error}; {remedy}") from error
    except OSError as error:
        raise BackendFailed(f"the SSH host key {path}: {error.strerror}") from error
    return key
