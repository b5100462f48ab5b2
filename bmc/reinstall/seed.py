"""What an installed system is told of itself: checked before anything is erased, then written as seed files."""

import asyncio
import base64
import binascii
import re
from collections.abc import Mapping, Sequence

from bmc.images.catalogue import Image, SeedKind
from bmc.model.errors import BackendFailed
from bmc.reinstall.cloud_init import System, configdrive, nocloud, user_data_problems
from bmc.reinstall.medium import shell_lines
from bmc.reinstall.seed_network import network_problems

KEYS_MAX, KEY_BYTES_MAX, PASSWORD_BYTES_MAX = 32, 8192, 128
RSA_BITS_MIN = 2048
ROOT = "root"
PRIVATE_KEY = "PRIVATE KEY-----"

TAKEN: dict[SeedKind, tuple[str, ...]] = {
    "none": (),
    "lightsout": ("hostname", "ssh_keys", "password"),
    "nocloud": ("hostname", "ssh_keys", "password", "user", "network", "user_data"),
    "configdrive": ("hostname", "ssh_keys", "password", "user", "network", "user_data"),
}
"""What can be set by each kind of seed."""

_HOSTNAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_KEY_TYPES = (
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)


def problems(image: Image | None, asked: Mapping[str, object], macs: Sequence[str]) -> list[str]:
    """Everything wrong with what was asked, each by its name: hostname, ssh_keys, password, user, network, user_data.

    `image` is None where it is not known; `macs` are those of the network cards that the node is known to have.
    """
    given = {name: value for name, value in asked.items() if value is not None}
    found = _not_taken(image, given) if image else []
    if image is None or "hostname" in TAKEN[image.seed]:
        found += _hostname_problems(given.get("hostname"))
    found += keys_problems(given.get("ssh_keys", ()))
    found += _password_problems(given.get("password"))
    if "user" in given and not (isinstance(given["user"], str) and _USER.fullmatch(given["user"])):
        found.append("user: expected a letter, then letters, digits, - or _, in lower case, 32 in all")
    if "network" in given:
        found += network_problems(given["network"], macs)
    if "user_data" in given:
        found += user_data_problems(given["user_data"])
    return found


def keys_problems(keys: object) -> list[str]:
    """Everything wrong with a list of SSH public keys."""
    if not isinstance(keys, Sequence) or isinstance(keys, str | bytes):
        return ["ssh_keys: expected a list of public keys"]
    if any(PRIVATE_KEY in key for key in keys if isinstance(key, str)):
        return ["ssh_keys: this is a private key, which nobody but you may have; expected what is in its .pub file"]
    if len(keys) > KEYS_MAX:
        return [f"ssh_keys: {len(keys)} keys, at most {KEYS_MAX} are possible"]
    found = ((number, _key_problem(key)) for number, key in enumerate(keys, 1))
    return [f"ssh_keys, key {number}: {problem}" for number, problem in found if problem]


def _not_taken(image: Image, given: Mapping[str, object]) -> list[str]:
    taken = TAKEN[image.seed]
    words = (
        f"the image {image.name} takes {', '.join(taken)} alone" if taken else f"the image {image.name} takes no seed"
    )
    unset = [name for name, value in given.items() if name not in taken and (name, value) != ("user", ROOT)]
    return [f"{name}: {words}, so this cannot be set" for name in unset]


async def crypt(password: str) -> str:
    """The sha512-crypt hash of `password`, which goes by standard input. :raise BackendFailed: openssl is missing."""
    try:
        process = await asyncio.create_subprocess_exec(
            "openssl", "passwd", "-6", "-stdin", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
    except FileNotFoundError as error:
        raise BackendFailed("the program openssl, which hashes the password, is missing; install openssl") from error
    out, _ = await process.communicate(password.encode() + b"\n")
    text = out.decode().strip()
    if process.returncode or not text.startswith("$6$"):
        raise BackendFailed("openssl passwd -6 could not hash the password")
    return text


def files(kind: SeedKind, system: System) -> dict[str, str]:
    """The files of the seed, by their paths in its file system."""
    match kind:
        case "lightsout":
            return {"lightsout.env": shell_lines(_env(system))}
        case "nocloud":
            return nocloud(system)
        case "configdrive":
            return configdrive(system)
        case "none":
            return {}


def _env(system: System) -> dict[str, str]:
    """What our own systems read."""
    env = {"hostname": system.hostname, "sshkeys": "\n".join(system.keys)}
    env |= {name: system.proof.get(name, "") for name in ("api", "proof_token", "nonce")}
    return env | ({"password_hash": system.password_hash} if system.password_hash else {})


def _hostname_problems(hostname: object) -> list[str]:
    if isinstance(hostname, str) and _HOSTNAME.fullmatch(hostname):
        return []
    return [
        f"hostname {hostname!r}: expected lower-case letters, digits and hyphens, in labels of at most 63 characters "
        "separated by dots, 253 in all (RFC 1123)"
    ]


def _key_problem(key: object) -> str:
    if not isinstance(key, str) or not key.isprintable():
        return "expected one line of text, as in a .pub file"
    if len(key.encode()) > KEY_BYTES_MAX:
        return f"longer than {KEY_BYTES_MAX} bytes"
    kind, _, rest = key.partition(" ")
    if kind not in _KEY_TYPES:  # it may be of a private key or a password in the wrong place, so it is not repeated
        return f"is not accepted; expected a line of a .pub file, beginning with one of {', '.join(_KEY_TYPES)}"
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


def _password_problems(password: object) -> list[str]:
    if password is None:
        return []
    if not isinstance(password, str) or not password:
        return ["password: expected a text, or none at all"]
    if any(ord(character) < 32 or ord(character) == 127 for character in password):
        return ["password: control characters cannot be typed at a login prompt"]
    if len(password.encode()) > PASSWORD_BYTES_MAX:
        return [f"password: longer than {PASSWORD_BYTES_MAX} bytes"]
    return []
