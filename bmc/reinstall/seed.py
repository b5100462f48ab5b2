"""What an installed system is told of itself: checked before anything is erased, then written as seed files."""

import asyncio
import re
from collections.abc import Mapping, Sequence

from bmc.images.catalogue import Image, SeedKind
from bmc.model.errors import BackendFailed
from bmc.model.ssh_key import PRIVATE_KEY, key_problem
from bmc.reinstall.cloud_init import System, configdrive, nocloud, user_data_problems
from bmc.reinstall.medium import shell_lines
from bmc.reinstall.seed_network import network_problems

KEYS_MAX, PASSWORD_BYTES_MAX = 32, 128
ROOT = "root"

TAKEN: dict[SeedKind, tuple[str, ...]] = {
    "none": (),
    "lightsout": ("hostname", "ssh_keys", "password"),
    "nocloud": ("hostname", "ssh_keys", "password", "user", "network", "user_data"),
    "configdrive": ("hostname", "ssh_keys", "password", "user", "network", "user_data"),
}
"""What can be set by each kind of seed."""

_HOSTNAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")


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
    found = ((number, key_problem(key)) for number, key in enumerate(keys, 1))
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
