"""HTTPS: the operator's certificate, or a self-made one that is kept."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bmc.model.errors import BmcError
from bmc.redfish.certificates import general_name
from bmc.redfish.house import PrivateKey
from bmc.secret_files import write_secret

YEARS = 10
CERTIFICATE, KEY = "certificate.pem", "key.pem"


class BadCertificate(BmcError):
    """The certificate or its key cannot be used; the text names the files."""


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 and later. :raise BadCertificate:"""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise BadCertificate(f"the certificate {certificate} with the key {key} cannot be used: {error}") from error
    return context


def self_signed(directory: Path, names: list[str]) -> tuple[Path, Path]:
    """(certificate, key) in `directory`; made for `names` (host names, addresses) if they are not there yet."""
    certificate, key = directory / CERTIFICATE, directory / KEY
    if not (certificate.is_file() and key.is_file()):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        made, secret = make(names)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_secret(key, secret)
        write_secret(certificate, made)
    return certificate, key


def make(names: list[str]) -> tuple[bytes, bytes]:
    """(certificate, key), both PEM: self-signed, for host names and addresses."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Lightsout")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365 * YEARS))
        .add_extension(x509.SubjectAlternativeName([general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM), key_pem(key)


def key_pem(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
