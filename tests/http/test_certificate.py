"""The certificate of HTTPS is replaced while the service runs, whole or not at all."""

import asyncio
import socket
import ssl
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from bmc.http.certificate import HttpsCertificate
from bmc.http.server import HttpServer
from bmc.http.tls import self_signed
from bmc.model.clock import SystemClock
from bmc.model.errors import BackendFailed, InvalidRequest, Refused
from bmc.model.events import EventKind, Severity
from bmc.redfish.house import PrivateKey
from tests.authority import Authority, common_name, pem
from tests.world import open_world

NAMES = ["127.0.0.1", "localhost"]
CRASHING = """
import asyncio, os, signal, sys
from pathlib import Path
from bmc.http.certificate import HttpsCertificate

directory, left, text = Path(sys.argv[1]), int(sys.argv[2]), sys.stdin.read()
certificate, rename = HttpsCertificate.own(directory, ["127.0.0.1"]), os.replace

def counted(*paths):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    rename(*paths)

os.replace = counted
asyncio.run(certificate.replace(text))
"""


class DailyClock(SystemClock):
    """One sleep is over when the test says so; the next is not."""

    def __init__(self) -> None:
        self.asleep, self.next_day = asyncio.Event(), asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.asleep.set()
        await self.next_day.wait()
        self.next_day.clear()


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def own(tmp_path: Path) -> HttpsCertificate:
    return HttpsCertificate.own(tmp_path / "tls", NAMES)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


async def request(certificate: HttpsCertificate) -> str:
    return await certificate.request(
        x509.CertificateSigningRequestBuilder().subject_name(common_name("asked")), new_key
    )


def files(tmp_path: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (tmp_path / "tls").iterdir()}


def shown(port: int, **more: object) -> bytes:
    """The certificate that a new connection is shown."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for name, value in more.items():
        setattr(context, name, value)
    with (
        socket.create_connection(("127.0.0.1", port), 5) as plain,
        context.wrap_socket(plain, server_hostname=None) as connection,
    ):
        return connection.getpeercert(binary_form=True) or b""


def der(text: str) -> bytes:
    return x509.load_pem_x509_certificate(text.encode()).public_bytes(Encoding.DER)


async def test_new_connections_see_each_new_certificate_whatever_its_key_and_open_ones_go_on(
    own: HttpsCertificate, authority: Authority
) -> None:
    async with HttpServer(web.Application(), "127.0.0.1", 0, own.context) as server:
        own.on_replaced(server.serve_with)
        trusting = ssl.create_default_context(cadata=own.chain[0].public_bytes(Encoding.PEM).decode())
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=trusting)
        keys: list[PrivateKey] = [
            new_key(),
            rsa.generate_private_key(65537, 2048),
            new_key(),
            ec.generate_private_key(ec.SECP384R1()),
        ]
        for key in keys:
            text = authority.issue(key)
            await own.replace(pem(key) + text)
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                assert await asyncio.to_thread(shown, server.port, maximum_version=version) == der(text)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"404" in await reader.readline()
        writer.close()


async def test_no_connection_is_refused_meanwhile_and_none_is_resumed_from_before(
    own: HttpsCertificate, authority: Authority
) -> None:
    """A resumed session would be shown no certificate at all."""
    async with HttpServer(web.Application(), "127.0.0.1", 0, own.context) as server:
        own.on_replaced(server.serve_with)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2

        def connect(session: ssl.SSLSession | None = None) -> tuple[bool, ssl.SSLSession | None]:
            with (
                socket.create_connection(("127.0.0.1", server.port), 5) as plain,
                context.wrap_socket(plain, session=session) as connection,
            ):
                return bool(connection.session_reused), connection.session

        _, session = await asyncio.to_thread(connect)
        assert (await asyncio.to_thread(connect, session))[0]
        done = asyncio.Event()

        async def keep_connecting() -> int:
            count = 0
            while not done.is_set():
                await asyncio.to_thread(connect)
                count += 1
            return count

        crowd = [asyncio.create_task(keep_connecting()) for _ in range(3)]
        for _ in range(5):
            key = new_key()
            await own.replace(pem(key) + authority.issue(key))
        done.set()
        assert sum(await asyncio.gather(*crowd)) > 5
        assert not (await asyncio.to_thread(connect, session))[0]


async def test_a_request_is_answered_by_a_certificate_for_its_key_which_never_leaves(
    own: HttpsCertificate, authority: Authority, tmp_path: Path
) -> None:
    asked = await request(own)
    assert "PRIVATE" not in asked
    waiting = tmp_path / "tls" / "csr-key.pem"
    secret = waiting.read_text()
    assert stat.S_IMODE(waiting.stat().st_mode) == 0o600
    answer = authority.answer(asked)
    await own.replace(answer + authority.certificate)
    assert [each.subject for each in own.chain] == [common_name("asked"), common_name("Test CA")]
    assert files(tmp_path) == {"certificate.pem": (answer + authority.certificate).encode(), "key.pem": secret.encode()}
    assert stat.S_IMODE((tmp_path / "tls" / "key.pem").stat().st_mode) == 0o600
    again = HttpsCertificate.own(tmp_path / "tls", NAMES)
    assert again.chain == own.chain


async def test_a_certificate_is_renewed_with_its_key_and_the_last_request_goes_on_waiting(
    own: HttpsCertificate, authority: Authority, tmp_path: Path
) -> None:
    key = new_key()
    await own.replace(pem(key) + authority.issue(key))
    asked = await request(own)
    await own.replace(authority.issue(key))
    assert (tmp_path / "tls" / "csr-key.pem").exists()
    await own.replace(authority.answer(asked))
    assert own.chain[0].subject == common_name("asked")


async def test_only_the_last_request_can_be_answered(own: HttpsCertificate, authority: Authority) -> None:
    first = await request(own)
    await request(own)
    with pytest.raises(InvalidRequest, match="neither the key of the last GenerateCSR nor that of the present"):
        await own.replace(authority.answer(first))


def encrypted(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")).decode()


def doubled(authority: Authority, key: ec.EllipticCurvePrivateKey) -> str:
    """One extension is there twice, as no builder makes it."""
    extended_key_usage, alternative_name = b"\x55\x1d\x25", b"\x55\x1d\x11"
    return ssl.DER_cert_to_PEM_cert(der(authority.issue(key)).replace(extended_key_usage, alternative_name))


def bad(authority: Authority) -> dict[str, tuple[str, str]]:
    """What is wrong: the text, and what is said of it."""
    key, other, weak = new_key(), new_key(), rsa.generate_private_key(65537, 1024)  # noqa: S505
    curve, edward = ec.generate_private_key(ec.SECP256K1()), ed25519.Ed25519PrivateKey.generate()
    good, stranger = authority.issue(key), Authority("Another CA").certificate
    return {
        "nothing": ("", "no certificate in PEM"),
        "no PEM": ("certificate", "no certificate in PEM"),
        "damaged": (pem(key) + good.replace("A", "B"), "cannot be read"),
        "an extension that is there twice": (doubled(authority, key), "cannot be read"),
        "without its key": (good, "neither the key"),
        "another's key": (pem(other) + good, "is not that of the certificate"),
        "an encrypted key": (encrypted(key) + good, "encrypted"),
        "a damaged key": (pem(key).replace("M", "N", 3) + good, "private key cannot be read"),
        "a kind of key that browsers lack": (pem(edward) + authority.issue(edward), "expected an RSA or EC"),
        "a weak key": (pem(weak) + authority.issue(weak), "key too small"),
        "a curve that TLS lacks": (pem(curve) + authority.issue(curve), "no client could connect"),
        "no server's": (
            pem(key) + authority.issue(key, usage=ExtendedKeyUsageOID.CLIENT_AUTH),
            "no client could connect with this certificate: unsuitable certificate purpose",
        ),
        "expired": (pem(key) + authority.issue(key, -3, -1), "CN=issued has expired on"),
        "not yet valid": (pem(key) + authority.issue(key, 1, 3), "CN=issued is valid only from"),
        "the wrong chain": (pem(key) + good + stranger, "CN=issued is followed by that of CN=Another CA"),
        "the wrong order": (pem(key) + authority.certificate + good, "CN=Test CA is followed by that of CN=issued"),
    }


async def test_a_bad_certificate_is_refused_in_words_and_nothing_changes(
    own: HttpsCertificate, authority: Authority, tmp_path: Path
) -> None:
    asked = await request(own)
    before, chain = files(tmp_path), own.chain
    for what, (text, said) in bad(authority).items():
        with pytest.raises(InvalidRequest) as refused:
            await own.replace(text)
        assert said in str(refused.value), what
        assert "PRIVATE" not in str(refused.value)
        assert (files(tmp_path), own.chain) == (before, chain), what
    await own.replace(authority.answer(asked))


async def test_files_of_the_operators_own_are_left_to_him(tmp_path: Path, authority: Authority) -> None:
    certificate, key = self_signed(tmp_path / "tls", NAMES)
    given = HttpsCertificate(certificate, key, "it is yours")
    before = files(tmp_path)
    with pytest.raises(Refused, match="it is yours"):
        await request(given)
    with pytest.raises(Refused, match="it is yours"):
        await given.replace(authority.certificate)
    assert files(tmp_path) == before


async def test_what_cannot_be_stored_changes_nothing(
    own: HttpsCertificate, authority: Authority, tmp_path: Path
) -> None:
    key, before, chain = new_key(), files(tmp_path), own.chain
    obstacle = tmp_path / "tls" / "next-certificate.pem.new"
    obstacle.mkdir()
    with pytest.raises(BackendFailed, match=r"next-certificate\.pem cannot be written"):
        await own.replace(pem(key) + authority.issue(key))
    obstacle.rmdir()
    assert (files(tmp_path), own.chain) == (before, chain)


@pytest.mark.parametrize("renames", range(5))
async def test_kill_9_at_any_moment_leaves_a_pair_that_works(
    own: HttpsCertificate, authority: Authority, tmp_path: Path, renames: int
) -> None:
    """Four renames make a replacement: two drafts, the certificate, the key."""
    asked = await request(own)
    before, text = own.chain[0].public_bytes(Encoding.DER), authority.answer(asked)
    words = [sys.executable, "-c", CRASHING, str(tmp_path / "tls"), str(renames)]
    died = await asyncio.to_thread(subprocess.run, words, input=text, text=True, timeout=30)
    assert died.returncode == (0 if renames == 4 else -9)
    again = HttpsCertificate.own(tmp_path / "tls", NAMES)
    async with HttpServer(web.Application(), "127.0.0.1", 0, again.context) as server:
        assert await asyncio.to_thread(shown, server.port) == (before if renames < 3 else der(text))
    assert {"next-key.pem", "next-certificate.pem"}.isdisjoint(files(tmp_path))
    await again.replace(text)  # the key of the request is there still, as its own or as the certificate's
    assert again.chain[0].public_bytes(Encoding.DER) == der(text)


@pytest.mark.parametrize(
    ("since", "until", "severity"),
    [(-340, 25, Severity.WARNING), (-5, 1, Severity.WARNING), (-9, -1, Severity.CRITICAL), (-1, 6, None)],
    ids=["a year", "a week", "expired", "a week that has just begun"],
)
async def test_one_that_is_about_to_expire_is_told_of(
    tmp_path: Path, authority: Authority, since: float, until: float, severity: Severity | None
) -> None:
    key = new_key()
    (tmp_path / "c.pem").write_text(authority.issue(key, since, until))
    (tmp_path / "k.pem").write_text(pem(key))
    certificate, daily = HttpsCertificate(tmp_path / "c.pem", tmp_path / "k.pem"), DailyClock()
    async with open_world(tmp_path / "store.db") as world:
        watching = asyncio.create_task(certificate.watch(world.events, daily))
        async with asyncio.timeout(30):
            await daily.asleep.wait()
        told = await world.told(EventKind.CERTIFICATE_EXPIRES)
        assert [event.severity for event in told] == ([severity] if severity else [])
        if severity:
            daily.next_day.set()
            await world.heard(EventKind.CERTIFICATE_EXPIRES, 2)
        watching.cancel()
