"""What is checked before anything is erased, and what the new system is told."""

import base64
import subprocess

import pytest

from bmc.reinstall import seed
from bmc.reinstall.cloud_init import System
from tests.reinstall.simulated import values


def public(kind: str, *fields: bytes) -> str:
    """A key as in a .pub file, RFC 4253 §6.6."""
    blob = b"".join(len(field).to_bytes(4, "big") + field for field in (kind.encode(), *fields))
    return f"{kind} {base64.b64encode(blob).decode()}"


def rsa(bits: int) -> str:
    return public("ssh-rsa", b"\1\0\1", ((1 << bits) - 1).to_bytes(bits // 8 + 1, "big"))


def nist(bits: int) -> str:
    curve = f"nistp{bits}"
    return public(f"ecdsa-sha2-{curve}", curve.encode(), b"\4" + bytes((bits + 7) // 8 * 2))


ED25519 = public("ssh-ed25519", bytes(range(32)))


def problems(**asked: object) -> list[str]:
    return seed.problems(None, {"hostname": "a", **asked}, ())


@pytest.mark.parametrize("hostname", ["a", "web-1", "web-1.example.org", "1st", "x" * 63])
def test_host_names_as_rfc_1123_has_them_are_taken(hostname):
    assert problems(hostname=hostname) == []


@pytest.mark.parametrize(
    "hostname",
    ["", "-a", "a-", "a_b", "a b", "Web", "a..b", ".a", "a.", "x" * 64, ".".join(["x" * 62] * 5), "a\n", None, 7],
)
def test_other_names_are_not(hostname):
    [problem] = problems(hostname=hostname)
    assert problem.startswith(f"hostname {hostname!r}: expected")


@pytest.mark.parametrize(
    "key",
    [
        ED25519,
        f"{ED25519} o'neill@desk",
        rsa(2048),
        nist(256),
        nist(384),
        nist(521),
        public("sk-ssh-ed25519@openssh.com", bytes(32), b"ssh:"),
    ],
)
def test_keys_of_today_are_taken(key):
    assert problems(ssh_keys=[key]) == []


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("", "is not accepted"),
        (public("ssh-dss", b"p", b"q", b"g", b"y"), "is not accepted; expected a line of a .pub file"),
        (rsa(1024), "at least 2048 bits"),
        (f'command="sh" {ED25519}', "is not accepted"),
        (ED25519[:-8], "is damaged"),
        (ED25519.replace("ssh-ed25519", "ssh-rsa"), "does not hold a key of type ssh-rsa"),
        ("ssh-ed25519 !!!", "no base64"),
        (f"{ED25519}\nssh-rsa x", "one line of text"),
        (f"{ED25519} {'x' * 9000}", "longer than 8192 bytes"),
        (7, "one line of text"),
    ],
)
def test_other_keys_are_refused_by_number(key, words):
    [problem] = problems(ssh_keys=[ED25519, key])
    assert problem.startswith("ssh_keys, key 2: ")
    assert words in problem


@pytest.mark.parametrize(
    "lines", [["hunter2"], ["-----BEGIN OPENSSH PRIVATE KEY-----", "hunter2", "-----END OPENSSH PRIVATE KEY-----"]]
)
def test_a_secret_in_the_place_of_a_key_is_not_repeated(lines):
    [problem] = problems(ssh_keys=lines)
    assert "hunter2" not in problem
    assert ".pub file" in problem


def test_keys_are_a_list_of_a_sane_length():
    assert problems(ssh_keys=ED25519) == ["ssh_keys: expected a list of public keys"]
    assert problems(ssh_keys=[ED25519] * 33) == ["ssh_keys: 33 keys, at most 32 are possible"]


@pytest.mark.parametrize("password", ["", "a\nb", "x" * 129, 7])
def test_passwords_that_cannot_be_typed_are_refused(password):
    [problem] = problems(password=password)
    assert problem.startswith("password: ")


def _crypt(password: str, salt: str) -> str:
    command = ["openssl", "passwd", "-6", "-salt", salt, "-stdin"]
    return subprocess.run(command, input=password.encode(), capture_output=True, check=True).stdout.decode().strip()


async def test_a_password_becomes_its_sha512_crypt():
    password = "o'neill & $HOME ü"
    hashed = await seed.crypt(password)
    _, kind, salt, _ = hashed.split("$")
    assert (kind, _crypt(password, salt)) == ("6", hashed)
    assert await seed.crypt(password) != hashed


@pytest.mark.parametrize("user", ["", "Olga", "1st", "a b", "x" * 33, "o:l", 7])
def test_users_that_no_linux_has_are_refused(user):
    assert problems(user=user) == ["user: expected a letter, then letters, digits, - or _, in lower case, 32 in all"]


def test_our_own_systems_are_told_what_was_asked_whatever_its_characters():
    keys = (f'{ED25519} o\'neill "$HOME"', ED25519)
    proof = {"api": "http://10.0.2.2", "proof_token": "proof", "nonce": "nonce", "image": "mini"}
    files = seed.files("lightsout", System("i", "web-1", "root", keys, "$6$salt$hash", proof=proof))
    assert list(files) == ["lightsout.env"]
    assert values(files["lightsout.env"]) == {
        "hostname": "web-1",
        "sshkeys": "\n".join(keys),
        "api": "http://10.0.2.2",
        "proof_token": "proof",
        "nonce": "nonce",
        "password_hash": "$6$salt$hash",
    }


def test_without_password_nothing_stands_for_it():
    assert "password_hash" not in seed.files("lightsout", System("i", "web-1"))["lightsout.env"]
