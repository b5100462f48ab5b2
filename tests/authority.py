"""A certificate authority of the tests' own."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


def pem(key: CertificateIssuerPrivateKeyTypes) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def common_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """Times are in days from now. Everything is PEM."""

    def __init__(self, name: str = "Test CA") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = common_name(name)
        builder = self._builder(self._name, self._key.public_key(), -1, 30)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.certificate = self._sign(builder)

    def answer(self, request: str, since: float = -1, until: float = 30) -> str:
        """The certificate that is asked for, with all extensions of the request."""
        asked = x509.load_pem_x509_csr(request.encode())
        builder = self._builder(asked.subject, asked.public_key(), since, until)
        for extension in asked.extensions:
            builder = builder.add_extension(extension.value, extension.critical)
        return self._sign(builder)

    def issue(self, key, since: float = -1, until: float = 30, usage=ExtendedKeyUsageOID.SERVER_AUTH) -> str:
        """A certificate for 127.0.0.1 with this key."""
        builder = self._builder(common_name("issued"), key.public_key(), since, until)
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        builder = builder.add_extension(names, critical=False)
        return self._sign(builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False))

    def _builder(self, subject: x509.Name, key, since: float, until: float) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=since))
            .not_valid_after(now + timedelta(days=until))
        )

    def _sign(self, builder: x509.CertificateBuilder) -> str:
        return builder.sign(self._key, SHA256()).public_bytes(Encoding.PEM).decode()
