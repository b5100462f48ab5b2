"""SSH public keys, as they stand in a line of a .pub file."""

import base64
import binascii
import hashlib
from dataclasses import dataclass

KEY_BYTES_MAX = 8192
RSA_BITS_MIN = 2048
PRIVATE_KEY = "PRIVATE KEY-----"
_TYPES = (
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)


@dataclass(frozen=True, slots=True)
class SshKey:
    """A public key: `line` is its type and base64, `comment` what its owner wrote after them."""

    line: str
    comment: str = ""

    @classmethod
    def parse(cls, text: str) -> "SshKey":
        """:raise ValueError: what is wrong with it."""
        if problem := key_problem(text.strip()):
            raise ValueError(problem)
        kind, data, *comment = text.strip().split(" ", 2)
        return cls(f"{kind} {data}", comment[0].strip() if comment else "")

    @property
    def id(self) -> str:
        """What it is called in a URL: the beginning of its digest, the same wherever it is kept."""
        return hashlib.sha256(self.blob).hexdigest()[:16]

    @property
    def blob(self) -> bytes:
        """As it goes over the wire (RFC 4253 §6.6)."""
        return base64.b64decode(self.line.split(" ")[1])

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.line)


def fingerprint(line: str) -> str:
    """Of a public key, as ssh prints it."""
    digest = hashlib.sha256(base64.b64decode(line.split()[1])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def key_problem(key: object) -> str:
    """What is wrong with a public key; "" when nothing is."""
    if not isinstance(key, str) or not key.isprintable():
        return "expected one line of text, as in a .pub file"
    if len(key.encode()) > KEY_BYTES_MAX:
        return f"longer than {KEY_BYTES_MAX} bytes"
    kind, _, rest = key.partition(" ")
    if kind not in _TYPES:  # it may be of a private key or a password in the wrong place, so it is not repeated
        return f"is not accepted; expected a line of a .pub file, beginning with one of {', '.join(_TYPES)}"
    try:
        fields = _fields(base64.b64decode(rest.partition(" ")[0], validate=True))
    except (binascii.Error, ValueError):
        return "is damaged: its middle part is no base64 of a public key"
    if len(fields) < 2 or fields[0] != kind.encode():
        return f"is damaged: it does not hold a key of type {kind}"
    if kind == "ssh-rsa" and (len(fields) != 3 or int.from_bytes(fields[2], "big").bit_length() < RSA_BITS_MIN):
        return f"RSA keys need at least {RSA_BITS_MIN} bits"
    if kind == "ssh-ed25519" and (len(fields) != 2 or len(fields[1]) != 32):
        return "is damaged: an ssh-ed25519 key has 32 bytes"
    return ""


def _fields(blob: bytes) -> list[bytes]:
    """The strings of an SSH key blob, RFC 4251 §5. :raise ValueError: cut off."""
    fields = []
    while blob:
        size = int.from_bytes(blob[:4], "big")
        if len(blob) < 4 + size:
            raise ValueError("cut off")
        fields.append(blob[4 : 4 + size])
        blob = blob[4 + size :]
    return fields
