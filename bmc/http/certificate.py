"""The certificate that HTTPS is served with, and how another takes its place while the service runs."""

import asyncio
import logging
import re
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from bmc.events import Events
from bmc.http.tls import CERTIFICATE, KEY, BadCertificate, key_pem, make, self_signed, server_context
from bmc.model.checks import DAY, Verdict, certificate_check
from bmc.model.clock import Clock
from bmc.model.errors import BackendFailed, BmcError, InvalidRequest, Refused
from bmc.model.events import Event, EventKind, Severity
from bmc.redfish.certificates import alternative_names
from bmc.redfish.house import PrivateKey
from bmc.secret_files import write_secret
from bmc.store import StoreFailed

Chain = tuple[x509.Certificate, ...]
Serve = Callable[[ssl.SSLContext], None]

CSR_KEY = "csr-key.pem"
"""The key of the last signing request, until its certificate comes."""
NEXT_CERTIFICATE, NEXT_KEY = "next-certificate.pem", "next-key.pem"
PRIVATE_KEY = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)
GIVEN_IN_FILES = (
    "the certificate is the one that the configuration file names (http.certificate, http.key): "
    "change these files and restart the service"
)
ROUNDS = 8
"""Far more flights than a handshake of TLS 1.2 or 1.3 has."""

log = logging.getLogger(__name__)


class HttpsCertificate:
    """`context` is what to serve with now; those who are to serve with its successors say so by `on_replaced`.

    Each certificate has a context of its own. One context would go on offering the old certificate beside a new one
    with a key of another kind, and would be left in between by a pair that does not match.
    """

    def __init__(self, certificate: Path, key: Path, fixed: str = "") -> None:
        """`fixed` says why it cannot be replaced from here; "" where it can. :raise BadCertificate:"""
        self.fixed = fixed
        self._certificate = certificate
        self._key = key
        self.context = server_context(certificate, key)
        self.chain = _read(certificate)
        self._changing = asyncio.Lock()
        self._serve: list[Serve] = []

    @classmethod
    def own(cls, directory: Path, names: list[str]) -> "HttpsCertificate":
        """The one kept in `directory`, made for `names` (host names, addresses) on the first start."""
        _finish(directory)
        return cls(*self_signed(directory, names))

    def on_replaced(self, serve: Serve) -> None:
        """`serve` is called with each new context."""
        self._serve.append(serve)

    async def watch(self, events: Events, clock: Clock) -> None:
        """Without end, at once and then daily: an event tells that it is about to expire."""
        while True:
            own = self.chain[0]
            since, until = own.not_valid_before_utc.timestamp(), own.not_valid_after_utc.timestamp()
            check = certificate_check(since, until, clock.now())
            if check.verdict is not Verdict.OK:
                severity = Severity.WARNING if check.verdict is Verdict.WARNING else Severity.CRITICAL
                message = f"the certificate: {check.finding}; {check.remedy}"
                log.warning(message)
                with suppress(StoreFailed):  # it is in the log, and told again tomorrow
                    await events.publish(Event(EventKind.CERTIFICATE_EXPIRES, message, clock.now(), severity=severity))
            await clock.sleep(DAY)

    async def request(self, builder: x509.CertificateSigningRequestBuilder, make_key: Callable[[], PrivateKey]) -> str:
        """WebCertificate.request: the key lies beside the other one until its certificate comes."""
        self._require()
        async with self._changing:
            return await asyncio.to_thread(self._request, builder, make_key)

    async def renew(self) -> None:
        """WebCertificate.renew: for the names of the present one."""
        self._require()
        made, key = await asyncio.to_thread(make, alternative_names(self.chain[0]))
        await self.replace((made + key).decode())

    async def replace(self, text: str) -> None:
        """WebCertificate.replace: the server's own certificate is first, and each is followed by its issuer's.

        The key may stand beside them; else it is that of the last request or of the present certificate.
        """
        self._require()
        await asyncio.shield(asyncio.ensure_future(self._replace(text)))

    async def _replace(self, text: str) -> None:
        async with self._changing:
            self.context, self.chain = await asyncio.to_thread(self._checked_and_stored, text)
            for serve in self._serve:
                serve(self.context)

    def _request(self, builder: x509.CertificateSigningRequestBuilder, make_key: Callable[[], PrivateKey]) -> str:
        key = make_key()
        try:
            signed = builder.sign(key, SHA256())
        except ValueError as error:
            raise InvalidRequest(f"this cannot be requested: {error}") from error
        self._write(CSR_KEY, key_pem(key))
        return signed.public_bytes(Encoding.PEM).decode()

    def _checked_and_stored(self, text: str) -> tuple[ssl.SSLContext, Chain]:
        chain = _parse(text)
        _check(chain)
        given = _given_key(text)
        if given is None:
            return self._stored(chain, *self._kept_key(chain[0])), chain
        if _spki(given.public_key()) != _spki(chain[0].public_key()):
            raise InvalidRequest("the private key is not that of the certificate")
        return self._stored(chain, given), chain

    def _stored(self, chain: Chain, key: PrivateKey, request: Path | None = None) -> ssl.SSLContext:
        """`request` holds the key of the request that this certificate answers."""
        directory = self._certificate.parent
        try:
            next_key = self._write(NEXT_KEY, key_pem(key))
            next_certificate = self._write(NEXT_CERTIFICATE, pem(chain))
            context = _tried(next_certificate, next_key, chain[0])
            next_certificate.replace(self._certificate)  # from here on it counts: `_finish` does the rest after a crash
        except (BmcError, OSError) as error:
            for name in (NEXT_CERTIFICATE, NEXT_KEY):
                (directory / name).unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise BackendFailed(f"{self._certificate} cannot be written: {error.strerror}") from error
            raise
        next_key.replace(self._key)
        if request is not None:
            request.unlink()
        return context

    def _kept_key(self, certificate: x509.Certificate) -> tuple[PrivateKey, Path | None]:
        """The key of `certificate`, and where it lies if it is that of the last request."""
        request = self._certificate.parent / CSR_KEY
        for path in (request, self._key):
            key = _private_key(path.read_text()) if path.exists() else None
            if key is not None and _spki(key.public_key()) == _spki(certificate.public_key()):
                return key, request if path == request else None
        raise InvalidRequest(
            "the certificate has neither the key of the last GenerateCSR nor that of the present certificate; "
            "send its private key (PEM) with it, or have the last request signed"
        )

    def _write(self, name: str, data: bytes) -> Path:
        path = self._certificate.parent / name
        try:
            return write_secret(path, data)
        except OSError as error:
            raise BackendFailed(f"{path} cannot be written: {error.strerror}") from error

    def _require(self) -> None:
        if self.fixed:
            raise Refused(self.fixed)


def pem(chain: Chain) -> bytes:
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in chain)


def _finish(directory: Path) -> None:
    """Where a crash has cut a replacement short, the certificate says which key is its own."""
    next_key = directory / NEXT_KEY
    if next_key.exists():
        try:
            server_context(directory / CERTIFICATE, next_key)
        except BadCertificate:
            next_key.unlink()
        else:
            next_key.replace(directory / KEY)
    (directory / NEXT_CERTIFICATE).unlink(missing_ok=True)


def _read(certificate: Path) -> Chain:
    try:
        return tuple(x509.load_pem_x509_certificates(certificate.read_bytes()))
    except (OSError, ValueError) as error:
        raise BadCertificate(f"the certificate {certificate} cannot be read: {error}") from error


def _parse(text: str) -> Chain:
    try:
        chain = tuple(x509.load_pem_x509_certificates(text.encode()))
        for certificate in chain:  # names and extensions are read only when asked for
            _ = certificate.subject, certificate.issuer, certificate.extensions
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        raise InvalidRequest("there is no certificate in PEM, or one that cannot be read") from None
    return chain


def _given_key(text: str) -> PrivateKey | None:
    found = PRIVATE_KEY.search(text)
    return _private_key(found[0]) if found else None


def _private_key(text: str) -> PrivateKey:
    try:
        key = load_pem_private_key(text.encode(), None)
    except TypeError:
        raise InvalidRequest("the private key is encrypted; send it without a pass phrase") from None
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidRequest("the private key cannot be read") from None
    if not isinstance(key, PrivateKey):
        raise InvalidRequest("expected an RSA or EC private key")
    return key


def _check(chain: Chain) -> None:
    """:raise InvalidRequest: one is not valid now, or is not followed by its issuer's."""
    now = datetime.now(UTC)
    for certificate in chain:
        name = certificate.subject.rfc4514_string() or "without a name"
        if certificate.not_valid_after_utc < now:
            raise InvalidRequest(f"the certificate {name} has expired on {certificate.not_valid_after_utc}")
        if certificate.not_valid_before_utc > now:
            raise InvalidRequest(f"the certificate {name} is valid only from {certificate.not_valid_before_utc} on")
    for certificate, issuer in pairwise(chain):
        try:
            certificate.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            raise InvalidRequest(
                f"the certificate {certificate.subject.rfc4514_string()} is followed by that of "
                f"{issuer.subject.rfc4514_string()}, which has not issued it"
            ) from None


def _tried(certificate: Path, key: Path, own: x509.Certificate) -> ssl.SSLContext:
    """What serves with this pair, after a handshake in memory with a client that trusts `own` and nothing else.

    Who replaces a certificate over HTTPS with one that no client can use has locked everybody out.

    :raise InvalidRequest: why it failed.
    """
    try:
        serving = server_context(certificate, key)
    except BadCertificate as error:
        raise InvalidRequest(f"OpenSSL does not take the certificate with its key: {error.__cause__}") from error
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        client.load_verify_locations(cadata=pem((own,)).decode())
        waiting = [
            client.wrap_bio(to_client, to_server),
            serving.wrap_bio(to_server, to_client, server_side=True),
        ]
        for _ in range(ROUNDS):
            waiting = [end for end in waiting if not _shakes_hands(end)]
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason
        raise InvalidRequest(f"no client could connect with this certificate: {reason}") from error
    if waiting:
        raise InvalidRequest("no client could connect with this certificate")
    return serving


def _shakes_hands(end: ssl.SSLObject) -> bool:
    try:
        end.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def _spki(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
