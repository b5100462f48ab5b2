"""CertificateService: where the certificate of HTTPS is, a signing request for another, and its replacement."""

import re
from enum import Enum
from ipaddress import ip_address
from typing import Annotated, Literal

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pydantic import AfterValidator, Field

from bmc.model.caller import Role
from bmc.model.errors import InvalidRequest
from bmc.model.events import Event, EventKind
from bmc.redfish.body import Body, Nothing, Reference
from bmc.redfish.certificates import (
    CERTIFICATE,
    EXTENDED_USAGES,
    KEY_USAGES,
    NAMES,
    fingerprint,
    general_name,
    web_certificate,
)
from bmc.redfish.errors import fail
from bmc.redfish.house import WebCertificate
from bmc.redfish.manager_network import CERTIFICATES
from bmc.redfish.router import Call, Reply, Route
from bmc.redfish.service_actions import ACTIONS as SERVICE_ACTIONS
from bmc.redfish.service_actions import RENEW_CERTIFICATE as RENEW
from bmc.redfish.types import JsonObject, link, links, moment, resource

SERVICE = "/redfish/v1/CertificateService"
LOCATIONS = f"{SERVICE}/CertificateLocations"
GENERATE, REPLACE = "CertificateService.GenerateCSR", "CertificateService.ReplaceCertificate"
HOST = re.compile(r"(\*\.)?([A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?\.)*[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?\.?")
PRIVATE_KEY_EXPONENT = 65537


class Algorithm(Enum):
    EC = "TPM_ALG_ECDSA"
    RSA = "TPM_ALG_RSA"


class Curve(Enum):
    P256 = "TPM_ECC_NIST_P256"
    P384 = "TPM_ECC_NIST_P384"


CURVES = {Curve.P256: ec.SECP256R1(), Curve.P384: ec.SECP384R1()}
Usage = Enum("Usage", {name: name for name in (*KEY_USAGES, *EXTENDED_USAGES)})  # type: ignore[misc]


class CertificateType(Enum):
    PEM = "PEM"
    CHAIN = "PEMchain"


def _host(text: str) -> str:
    if not _is_address(text) and not (len(text) <= 253 and HOST.fullmatch(text)):
        raise ValueError("expected a host name or an IP address")
    return text


Text = Annotated[str, Field(min_length=1, max_length=64)]
Host = Annotated[str, AfterValidator(_host)]


class GenerateBody(Body):
    """Names as in the subject of a certificate (RFC 5280)."""

    certificate_collection: Reference
    common_name: Text
    alternative_names: tuple[Host, ...] = Field(default=(), max_length=100)
    organization: Text | None = None
    organizational_unit: Text | None = None
    city: Text | None = None
    state: Text | None = None
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = None
    email: Annotated[str, Field(pattern="^[!-~]+$", max_length=128)] | None = None
    key_usage: tuple[Usage, ...] = ()
    key_pair_algorithm: Algorithm | None = None
    key_bit_length: Literal[2048, 3072, 4096] | None = None
    key_curve_id: Curve | None = None


class ReplaceBody(Body):
    certificate_string: str
    certificate_type: CertificateType
    certificate_uri: Reference


async def service(call: Call) -> Reply:
    body = resource(SERVICE, "CertificateService", Id="CertificateService", Name="Certificates")
    body["CertificateLocations"] = link(LOCATIONS)
    if not web_certificate(call).fixed:
        body["Actions"] = {
            f"#{GENERATE}": {
                "target": f"{SERVICE}/Actions/{GENERATE}",
                "KeyPairAlgorithm@Redfish.AllowableValues": [each.value for each in Algorithm],
                "KeyCurveId@Redfish.AllowableValues": [each.value for each in Curve],
                "KeyUsage@Redfish.AllowableValues": [each.value for each in Usage],
            },
            f"#{REPLACE}": {
                "target": f"{SERVICE}/Actions/{REPLACE}",
                "CertificateType@Redfish.AllowableValues": [each.value for each in CertificateType],
            },
        }
    return Reply(body)


async def locations(call: Call) -> Reply:
    web_certificate(call)
    body = resource(LOCATIONS, "CertificateLocations", Id="CertificateLocations", Name="Certificates")
    return Reply(body | {"Links": {"Certificates@odata.count": 1, "Certificates": links([CERTIFICATE])}})


async def generate(call: Call) -> Reply:
    """The key is made here, and never leaves; the last request alone can be answered."""
    certificate = web_certificate(call)
    wanted = call.body(GenerateBody, GENERATE)
    _require_place(wanted.certificate_collection, CERTIFICATES, "CertificateCollection", GENERATE)
    curve, bits = _key_kind(wanted)
    csr = await certificate.request(
        _request(wanted),
        lambda: (
            ec.generate_private_key(CURVES[curve]) if curve else rsa.generate_private_key(PRIVATE_KEY_EXPONENT, bits)
        ),
    )
    await call.house.audit.record(call.caller, "generate-csr", "", "ok", {"name": wanted.common_name})
    return Reply({"CertificateCollection": link(CERTIFICATES), "CSRString": csr})


async def replace(call: Call) -> Reply:
    certificate = web_certificate(call)
    wanted = call.body(ReplaceBody, REPLACE)
    _require_place(wanted.certificate_uri, CERTIFICATE, "CertificateUri", REPLACE)
    try:
        await certificate.replace(wanted.certificate_string)
    except InvalidRequest as error:
        text = f"CertificateString: {error}."
        raise fail(400, "ActionParameterValueError", "CertificateString", REPLACE, text=text) from error
    await _tell_replaced(call, certificate, "replace-certificate")
    return Reply(status=204, headers={"Location": CERTIFICATE})


async def renew(call: Call) -> Reply:
    """By a self-signed one: where nobody else is to sign."""
    call.body(Nothing, RENEW)
    certificate = web_certificate(call)
    await certificate.renew()
    await _tell_replaced(call, certificate, "renew-certificate")
    return Reply(status=204, headers={"Location": CERTIFICATE})


async def _tell_replaced(call: Call, certificate: WebCertificate, action: str) -> None:
    details = _summary(certificate.chain[0])
    await call.house.audit.record(call.caller, action, "", "ok", details)
    message = f"{call.caller.account} replaced the certificate of HTTPS: {details['subject']}, by {details['issuer']}"
    now = call.house.clock.now()
    await call.house.events.publish(
        Event(EventKind.CERTIFICATE_REPLACED, message, now, account=call.caller.account, details=details)
    )


def _require_place(asked: Reference, place: str, parameter: str, action: str) -> None:
    if asked.id.rstrip("/") != place:
        text = f"{parameter}: expected {place}, not {asked.id}."
        raise fail(400, "ActionParameterValueError", parameter, action, text=text)


def _key_kind(wanted: GenerateBody) -> tuple[Curve | None, int]:
    """The curve, or else the bits of an RSA key. An EC key where nothing says otherwise."""
    algorithm = wanted.key_pair_algorithm or (Algorithm.RSA if wanted.key_bit_length else Algorithm.EC)
    wrong = "key_curve_id" if algorithm is Algorithm.RSA else "key_bit_length"
    if getattr(wanted, wrong) is not None:
        parameter = {"key_curve_id": "KeyCurveId", "key_bit_length": "KeyBitLength"}[wrong]
        text = f"{parameter}: a key of {algorithm.value} has none."
        raise fail(400, "ActionParameterValueError", parameter, GENERATE, text=text)
    if algorithm is Algorithm.RSA:
        return None, wanted.key_bit_length or 3072
    return wanted.key_curve_id or Curve.P256, 0


def _request(wanted: GenerateBody) -> x509.CertificateSigningRequestBuilder:
    said = wanted.model_dump(by_alias=True)
    subject = x509.Name([x509.NameAttribute(oid, said[name]) for name, oid in NAMES.items() if said[name]])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    hosts = [wanted.common_name] if HOST.fullmatch(wanted.common_name) or _is_address(wanted.common_name) else []
    if names := [general_name(host) for host in dict.fromkeys([*hosts, *wanted.alternative_names])]:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    usages = {usage.value for usage in wanted.key_usage} or {"DigitalSignature", "ServerAuthentication"}
    bits = {attribute: name in usages for name, attribute in KEY_USAGES.items()}
    if any(bits.values()):
        builder = builder.add_extension(x509.KeyUsage(**bits, encipher_only=False, decipher_only=False), critical=True)
    if extended := [oid for name, oid in EXTENDED_USAGES.items() if name in usages]:
        builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=False)
    return builder


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _summary(certificate: x509.Certificate) -> JsonObject:
    return {
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "not_after": moment(certificate.not_valid_after_utc.timestamp()),
        "fingerprint": fingerprint(certificate),
    }


ROUTES = (
    Route("GET", SERVICE, service),
    Route("GET", LOCATIONS, locations),
    Route("POST", f"{SERVICE}/Actions/{GENERATE}", generate, role=Role.ADMINISTRATOR),
    Route("POST", f"{SERVICE}/Actions/{REPLACE}", replace, role=Role.ADMINISTRATOR),
    Route("POST", f"{SERVICE_ACTIONS}/{RENEW}", renew, role=Role.ADMINISTRATOR),
)
