"""Cipher suites 3 and 17 and the keys of a session, IPMI v2.0 §13.28 to §13.32."""

import hmac
import os
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from bmc.ipmi.wire.errors import WireError

BLOCK = 16
_CONST_1 = b"\x01" * 20
_CONST_2 = b"\x02" * 20
_HASHES = {"sha1": SHA1(), "sha256": SHA256()}  # noqa: S303 - suite 3 is what most clients ask for
# Confidentiality trailers by how many pad bytes they need: 01h, 02h, …, pad length.
_PADS = tuple(bytes((*range(1, pad + 1), pad)) for pad in range(BLOCK))


@dataclass(frozen=True, slots=True)
class CipherSuite:
    """One row of IPMI v2.0 table 22-20. The three numbers are those of the Open Session messages."""

    id: int
    authentication: int
    integrity: int
    confidentiality: int
    hash_name: str
    hash_length: int
    code_length: int

    def mac(self, key: bytes, data: bytes) -> bytes:
        keyed = HMAC(key, _HASHES[self.hash_name])
        keyed.update(data)
        return keyed.finalize()

    def session_keys(self, session_key: bytes) -> "SessionKeys":
        """K1 and K2 from the session integrity key, IPMI v2.0 §13.32."""
        return SessionKeys(self, self.mac(session_key, _CONST_1), self.mac(session_key, _CONST_2)[:BLOCK])


SUITE_3 = CipherSuite(3, 0x01, 0x01, 0x01, "sha1", 20, 12)
SUITE_17 = CipherSuite(17, 0x03, 0x04, 0x01, "sha256", 32, 16)
SUITES = (SUITE_17, SUITE_3)
"""Strongest first."""


class SessionKeys:
    """Signs and encrypts the packets of one session.

    The HMAC with the key in it is copied for each packet, a third of the cost of one made from the key. Both AES
    contexts live as long as the session, for making one costs more than using it. Going out, a random block is
    encrypted first: as CBC chains, its ciphertext is the unpredictable initialisation vector of what follows. Coming
    in, the vector is fed as ciphertext, and the block it decrypts to is thrown away.
    """

    __slots__ = ("_decrypt", "_encrypt", "_mac", "suite")

    def __init__(self, suite: CipherSuite, k1: bytes, k2: bytes) -> None:
        self.suite = suite
        self._mac = HMAC(k1, _HASHES[suite.hash_name])
        cipher = Cipher(algorithms.AES(k2), modes.CBC(os.urandom(BLOCK)))
        self._encrypt = cipher.encryptor()
        self._decrypt = cipher.decryptor()

    def sign(self, data: bytes) -> bytes:
        mac = self._mac.copy()
        mac.update(data)
        return mac.finalize()[: self.suite.code_length]

    def signed(self, data: bytes, code: bytes) -> bool:
        return hmac.compare_digest(self.sign(data), code)

    def encrypt(self, payload: bytes) -> bytes:
        """Initialisation vector and ciphertext, IPMI v2.0 §13.29."""
        pad = _PADS[-(len(payload) + 1) % BLOCK]
        return self._encrypt.update(os.urandom(BLOCK) + payload + pad)

    def decrypt(self, data: bytes) -> bytes:
        """:raise WireError: no whole blocks, or a pad that does not fit."""
        if len(data) < 2 * BLOCK or len(data) % BLOCK:
            raise WireError(f"{len(data)} bytes are no AES-CBC payload")
        plain = self._decrypt.update(data)
        end = len(plain) - 1 - plain[-1]
        if plain[-1] >= BLOCK or end < BLOCK:
            raise WireError("the confidentiality pad does not fit")
        return plain[BLOCK:end]
