"""HTTP and TLS under `Client`. Slow to import, and no tab and no help needs it: so it is a file of its own."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from bmc.cli.errors import CliError, NoAnswer
from bmc.cli.files import Readable, read

BLOCK = 256 * 1024
"""Bytes of a file that are read and sent at once."""


class Transport:
    """To the service at `url`. Trusts its own `certificate`, if we know it, and no other: no one else gets a secret."""

    def __init__(self, url: str, certificate: Path | None) -> None:
        """:raise CliError: the certificate cannot be used."""
        self.url = url
        self.tls = _trust(certificate) if url.startswith("https:") else None

    @contextmanager
    def open(
        self, method: str, path: str, data: bytes | Readable | None, headers: Mapping[str, str], timeout: float
    ) -> Iterator["Answer"]:
        """:raise NoAnswer: nobody is there. :raise CliError: it is not the one that we trust."""
        connection = self._connection(timeout)
        try:
            try:
                connection.request(method, path, data, headers)
                answer = connection.getresponse()
            except ssl.SSLCertVerificationError as error:
                raise CliError(
                    f"{self.url} is not trusted: {error.verify_message}; --certificate FILE names the certificate that "
                    "the service should have (tls/certificate.pem of its state directory)"
                ) from None
            except ssl.SSLError as error:
                raise CliError(f"{self.url} does not speak TLS as it should ({error.reason}): is it http?") from None
            except (OSError, HTTPException) as error:
                raise NoAnswer(f"{self.url} does not answer: {_reason(error)}") from None
            yield Answer(self.url, answer)
        finally:
            connection.close()

    def _connection(self, timeout: float) -> HTTPConnection:
        parts = urlsplit(self.url)
        if self.tls is not None:
            return HTTPSConnection(parts.hostname or "", parts.port, timeout=timeout, blocksize=BLOCK, context=self.tls)
        return HTTPConnection(parts.hostname or "", parts.port, timeout=timeout, blocksize=BLOCK)


class Answer:
    """Of the service to one request; its body is read once."""

    def __init__(self, url: str, response: HTTPResponse) -> None:
        self._url = url
        self._response = response
        self.status = response.status
        self.reason = response.reason

    def header(self, name: str) -> str:
        """Empty if there is none."""
        return self._response.headers.get(name) or ""

    def read(self) -> bytes:
        """:raise NoAnswer: the connection broke."""
        return b"".join(self.lines())

    def lines(self) -> Iterator[bytes]:
        """As they come. :raise NoAnswer: the connection broke."""
        while True:
            try:
                line = self._response.readline()
            except (OSError, HTTPException) as error:
                raise NoAnswer(f"{self._url} does not answer: {_reason(error)}") from None
            if not line:
                return
            yield line


def _trust(certificate: Path | None) -> ssl.SSLContext:
    if certificate is None:
        return ssl.create_default_context()
    own, end, _ = read(certificate).partition("-----END CERTIFICATE-----")
    try:
        context = ssl.create_default_context(cadata=own + end)
    except (ssl.SSLError, ValueError):
        raise CliError(f"{certificate}: is no certificate (PEM)") from None
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _reason(error: OSError | HTTPException) -> str:
    """Without the numbers of errors, for people."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
