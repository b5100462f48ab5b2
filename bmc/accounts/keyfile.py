"""The key that encrypts the secrets in the store: a file of its own, outside the database and its backups."""

import logging
import os
import secrets
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bmc.model.errors import BmcError
from bmc.secret_files import write_secret

SIZE, NONCE = 32, 12
SEALED = ("ipmi-slots", "credentials", "job-secrets")
"""The buckets that nobody can read without the key file."""

log = logging.getLogger(__name__)


class KeyFileUnusable(BmcError):
    """The key file is missing, damaged or not the one the stored secrets were encrypted with."""


class Sealer:
    """AES-256-GCM. `context` says what a secret belongs to, so that none can be moved elsewhere in the database."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, secret: bytes, context: str) -> str:
        nonce = secrets.token_bytes(NONCE)
        return (nonce + self._cipher.encrypt(nonce, secret, context.encode())).hex()

    def unseal(self, sealed: str, context: str) -> bytes:
        """:raise KeyFileUnusable: sealed with another key, or for another context."""
        data = bytes.fromhex(sealed)
        try:
            return self._cipher.decrypt(data[:NONCE], data[NONCE:], context.encode())
        except InvalidTag:
            raise KeyFileUnusable(f"the key file does not open the secret of {context}") from None


def open_key_file(path: Path, may_make: bool) -> Sealer:
    """Read the key file, or make it (0600) where there is none and `may_make`. Wider permissions are taken back.

    :raise KeyFileUnusable: with what to do.
    """
    try:
        if not path.exists() and may_make:
            _make(path)
        return Sealer(_read(path))
    except FileNotFoundError as error:
        raise KeyFileUnusable(
            f"the key file {path} is missing, but the store holds secrets encrypted with it; "
            "put it back: without it nobody can read them, and a new state directory is the only way on"
        ) from error
    except OSError as error:
        raise KeyFileUnusable(f"cannot use the key file {path}: {error.strerror}") from error


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_secret(path, secrets.token_hex(SIZE) + "\n")


def _read(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor) as file:
        if stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
            log.warning("the key file %s was open to others than its owner; it is 0600 now", path)
            os.fchmod(descriptor, 0o600)
        text = file.read(1024).strip()
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != SIZE:
        raise KeyFileUnusable(
            f"the key file {path} is damaged: expected {2 * SIZE} hexadecimal digits; put back a copy"
        )
    return key
