"""The certificate that HTTPS is served with: the service Manager's, to which those of the nodes point."""

from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bmc.redfish.errors import not_found
from bmc.redfish.house import WebCertificate
from bmc.redfish.manager_network import CERTIFICATES
from bmc.redfish.router import Call, Reply, Route
from bmc.redfish.types import JsonObject, collection, links, moment, resource

NAMES = {
    "CommonName": NameOID.COMMON_NAME,
    "Organization": NameOID.ORGANIZATION_NAME,
    "OrganizationalUnit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "City": NameOID.LOCALITY_NAME,
    "State": NameOID.STATE_OR_PROVINCE_NAME,
    "Country": NameOID.COUNTRY_NAME,
    "Email": NameOID.EMAIL_ADDRESS,
}
KEY_USAGES = {
    "DigitalSignature": "digital_signature",
    "NonRepudiation": "content_commitment",
    "KeyEncipherment": "key_encipherment",
    "DataEncipherment": "data_encipherment",
    "KeyAgreement": "key_agreement",
    "KeyCertSign": "key_cert_sign",
    "CRLSigning": "crl_sign",
}
EXTENDED_USAGES = {
    "ServerAuthentication": ExtendedKeyUsageOID.SERVER_AUTH,
    "ClientAuthentication": ExtendedKeyUsageOID.CLIENT_AUTH,
    "CodeSigning": ExtendedKeyUsageOID.CODE_SIGNING,
    "EmailProtection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "Timestamping": ExtendedKeyUsageOID.TIME_STAMPING,
    "OCSPSigning": ExtendedKeyUsageOID.OCSP_SIGNING,
}
ONLY = "1"
CERTIFICATE = f"{CERTIFICATES}/{ONLY}"
"""There is one certificate, and it keeps its place when it is replaced."""


def web_certificate(call: Call) -> WebCertificate:
    """:raise RedfishError: 404, plain HTTP has none."""
    if call.house.certificate is None:
        raise not_found(call.path)
    return call.house.certificate


async def list_certificates(call: Call) -> Reply:
    web_certificate(call)
    return Reply(collection(CERTIFICATES, "CertificateCollection", "HTTPS certificate", links([CERTIFICATE])))


async def get_certificate(call: Call) -> Reply:
    chain = web_certificate(call).chain
    own = chain[0]
    body = resource(CERTIFICATE, "Certificate", Id=ONLY, Name="HTTPS certificate")
    body |= {
        "CertificateString": "".join(each.public_bytes(Encoding.PEM).decode() for each in chain),
        "CertificateType": "PEMchain" if len(chain) > 1 else "PEM",
        "CertificateUsageTypes": ["Web"],
        "Subject": _name(own.subject) | {"AlternativeNames": alternative_names(own)},
        "Issuer": _name(own.issuer),
        "ValidNotBefore": moment(own.not_valid_before_utc.timestamp()),
        "ValidNotAfter": moment(own.not_valid_after_utc.timestamp()),
        "KeyUsage": _usages(own),
        "SerialNumber": _serial(own),
        "Fingerprint": fingerprint(own),
        "FingerprintHashAlgorithm": "TPM_ALG_SHA256",
        "SignatureAlgorithm": own.signature_algorithm_oid.dotted_string,
    }
    return Reply(body)


def fingerprint(certificate: x509.Certificate) -> str:
    """By SHA-256."""
    return certificate.fingerprint(SHA256()).hex(":").upper()


def alternative_names(certificate: x509.Certificate) -> list[str]:
    """Host names and addresses."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [str(name) for kind in (x509.DNSName, x509.IPAddress) for name in names.get_values_for_type(kind)]


def general_name(host: str) -> x509.GeneralName:
    """A host name or an address as a certificate holds it."""
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _name(name: x509.Name) -> JsonObject:
    body: JsonObject = {"DisplayString": name.rfc4514_string()}
    for key, oid in NAMES.items():
        if found := name.get_attributes_for_oid(oid):
            body[key] = str(found[0].value)
    return body


def _usages(certificate: x509.Certificate) -> list[str]:
    found: list[str] = []
    for extension in certificate.extensions:
        match extension.value:
            case x509.KeyUsage() as usage:
                found += [name for name, attribute in KEY_USAGES.items() if getattr(usage, attribute)]
            case x509.ExtendedKeyUsage() as extended:
                found += [name for name, oid in EXTENDED_USAGES.items() if oid in extended]
    return found


def _serial(certificate: x509.Certificate) -> str:
    number = certificate.serial_number
    return number.to_bytes(max(1, (number.bit_length() + 7) // 8), "big").hex(":").upper()


ROUTES = (
    Route("GET", CERTIFICATES, list_certificates),
    Route("GET", CERTIFICATE, get_certificate),
)
