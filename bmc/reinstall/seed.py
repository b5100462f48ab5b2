"""What an installed system is told of itself: checked before anything is erased, then written as seed files."""

import asyncio
import base64
import binascii
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from bmc.model.errors import BackendFailed
from bmc.reinstall.medium import shell_lines

KEYS_MAX, KEY_BYTES_MAX, PASSWORD_BYTES_MAX = 32, 8192, 128
RSA_BITS_MIN = 2048

_HOSTNAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_KEY_TYPES = (
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the new system is and who may log in as root; `password_hash` is in crypt form, empty for none."""

    hostname: str
    ssh_keys: tuple[str, ...] = ()
    password_hash: str = ""


def problems(hostname: object, ssh_keys: object, password: object) -> list[str]:
    """Everything wrong with what was asked, in words for whoever asked."""
    return [*_hostname_problems(hostname), *keys_problems(ssh_keys), *_password_problems(password)]


def keys_problems(keys: object) -> list[str]:
    """Everything wrong with a list of SSH public keys."""
    if not isinstance(keys, Sequence) or isinstance(keys, str | bytes):
        return ["ssh_keys: expected a list of public keys"]
    if len(keys) > KEYS_MAX:
        return [f"ssh_keys: {len(keys)} keys, at most {KEYS_MAX} are possible"]
    found = ((number, _key_problem(key)) for number, key in enumerate(keys, 1))
    return [f"ssh_keys, key {number}: {problem}" for number, problem in found if problem]


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


def files(identity: Identity, instance: str, api: str, proof_token: str, nonce: str) -> dict[str, str]:
    """The files of the CIDATA partition: for cloud-init (NoCloud) and, as `lightsout.env`, for our own images.

    `instance` is new for every install, so that cloud-init takes it for a new machine.
    """
    env = {
        "hostname": identity.hostname,
        "sshkeys": "\n".join(identity.ssh_keys),
        "api": api,
        "proof_token": proof_token,
        "nonce": nonce,
    }
    if identity.password_hash:
        env["password_hash"] = identity.password_hash
    return {
        "meta-data": f"instance-id: {instance}\nlocal-hostname: {identity.hostname}\n",
        "user-data": _user_data(identity),
        "lightsout.env": shell_lines(env),
    }


def _user_data(identity: Identity) -> str:
    # A JSON string is a YAML string too, whatever a key's comment holds.
    lines = ["#cloud-config", f"hostname: {identity.hostname}", "disable_root: false"]
    if identity.ssh_keys:
        lines += ["ssh_authorized_keys:", *(f"  - {json.dumps(key)}" for key in identity.ssh_keys)]
    if identity.password_hash:
        user = {"name": "root", "password": identity.password_hash, "type": "hash"}
        lines += [f"chpasswd: {json.dumps({'expire': False, 'users': [user]})}"]
    return "\n".join(lines) + "\n"


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
    if kind not in _KEY_TYPES:
        return f"type {kind[:40]!r} is not accepted; expected one of {', '.join(_KEY_TYPES)}"
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
