"""Passwords: what is accepted, how they are hashed, and how new secrets are made."""

import secrets
import string
from typing import Protocol

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from bmc.model.errors import InvalidRequest

SHORTEST, LONGEST = 8, 256
UNAMBIGUOUS = "".join(c for c in string.ascii_letters + string.digits if c not in "0O1lI")


class PasswordHasher(Protocol):
    """Slow on purpose; called in a thread."""

    def hash(self, password: bytes) -> str: ...

    def verify(self, stored: str, password: bytes) -> bool: ...


class Argon2:
    """Argon2id, 64 MiB and three passes (RFC 9106 §4, second recommendation, on one lane)."""

    def __init__(self) -> None:
        self._hasher = argon2.PasswordHasher(time_cost=3, memory_cost=65536, parallelism=1)

    def hash(self, password: bytes) -> str:
        return self._hasher.hash(password)

    def verify(self, stored: str, password: bytes) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False


def encode(password: str) -> bytes:
    """Every string has an encoding, also one that JSON made of a lone surrogate."""
    return password.encode(errors="surrogatepass")


def check_password(name: str, password: str) -> None:
    """:raise InvalidRequest: and what was expected."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidRequest(f"Password has {len(password)} characters; expected {SHORTEST} to {LONGEST}")
    if password.casefold() == name.casefold():
        raise InvalidRequest("Password is the user name; choose another one")


def generate_password() -> str:
    """Four groups of five characters that are not mistaken for one another, about 115 bits."""
    return "-".join(_random(5) for _ in range(4))


def generate_ipmi_key() -> str:
    """As long as IPMI allows: 20 letters and digits, about 116 bits, since RAKP lets anybody try offline."""
    return _random(20)


def _random(length: int) -> str:
    return "".join(secrets.choice(UNAMBIGUOUS) for _ in range(length))
