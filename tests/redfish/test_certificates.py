"""CertificateService: the certificate of HTTPS as Redfish shows it, asks for it and replaces it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, TCPConnector
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from bmc.model.caller import Role
from bmc.model.events import EventKind
from tests.authority import Authority, pem
from tests.redfish.service import Service, open_service

SERVICE = "/redfish/v1/CertificateService"
LOCATIONS = f"{SERVICE}/CertificateLocations"
GENERATE = f"{SERVICE}/Actions/CertificateService.GenerateCSR"
REPLACE = f"{SERVICE}/Actions/CertificateService.ReplaceCertificate"
PROTOCOLS = "/redfish/v1/Managers/Lightsout/NetworkProtocol"
CERTIFICATES = f"{PROTOCOLS}/HTTPS/Certificates"
CERTIFICATE = f"{CERTIFICATES}/1"
HERE = {"@odata.id": CERTIFICATES}


@pytest.fixture
async def secure(tmp_path: Path) -> AsyncIterator[Service]:
    """A service over HTTPS, without a node."""
    async with open_service(tmp_path, secure=True) as opened:
        yield opened


@pytest.fixture
def authority() -> Authority:
    return Authority()


def replacement(text: str, **more: Any) -> dict[str, Any]:
    return {
        "CertificateUri": {"@odata.id": CERTIFICATE},
        "CertificateType": "PEMchain",
        "CertificateString": text,
        **more,
    }


async def served(service: Service) -> str:
    """What a new connection is shown."""
    return await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", service.server.port), timeout=5)


async def asked(service: Service, **wanted: Any) -> x509.CertificateSigningRequest:
    answer = await service.call("POST", GENERATE, {"CertificateCollection": HERE, **wanted})
    assert answer.status == 200, answer
    assert answer.body["CertificateCollection"] == HERE
    return x509.load_pem_x509_csr(answer.body["CSRString"].encode())


async def test_every_way_leads_to_the_certificate_that_is_served(secure: Service) -> None:
    root = await secure.get("/redfish/v1/", as_="")
    service = await secure.get(root["CertificateService"]["@odata.id"])
    locations = await secure.get(service["CertificateLocations"]["@odata.id"])
    await secure.world.add("n1")
    protocols = await secure.get((await secure.get("/redfish/v1/Managers/Lightsout"))["NetworkProtocol"]["@odata.id"])
    assert (await secure.get("/redfish/v1/Managers/n1/NetworkProtocol"))["HTTPS"] == protocols["HTTPS"]
    members = (await secure.get(protocols["HTTPS"]["Certificates"]["@odata.id"]))["Members"]
    assert locations["Links"]["Certificates"] == members == [{"@odata.id": CERTIFICATE}]
    shown = await secure.get(CERTIFICATE, as_="vera")
    text = await served(secure)
    assert shown["CertificateString"] == text
    assert (shown["CertificateType"], shown["CertificateUsageTypes"]) == ("PEM", ["Web"])
    assert shown["Subject"]["CommonName"] == "Lightsout"
    assert shown["Subject"]["AlternativeNames"] == ["localhost", "127.0.0.1"]
    assert shown["KeyUsage"] == ["ServerAuthentication"]
    parsed = x509.load_pem_x509_certificate(text.encode())
    assert int(shown["SerialNumber"].replace(":", ""), 16) == parsed.serial_number
    assert (await secure.call("GET", f"{CERTIFICATES}/2")).status == 404


async def test_plain_http_has_none(service: Service) -> None:
    assert "CertificateService" not in await service.get("/redfish/v1/")
    assert "CertificateService" not in str(await service.get("/redfish/v1/odata"))
    assert "Certificates" not in str(await service.get(PROTOCOLS))
    for path in (SERVICE, LOCATIONS, CERTIFICATES, CERTIFICATE):
        assert (await service.call("GET", path)).status == 404
    for path in (GENERATE, REPLACE):
        assert (await service.call("POST", path, {})).status == 404


async def test_a_request_holds_what_was_asked(secure: Service) -> None:
    csr = await asked(
        secure,
        CommonName="bmc.example.org",
        AlternativeNames=["10.0.0.1", "rack1.example.org", "bmc.example.org"],
        Organization="Example",
        OrganizationalUnit="Racks",
        City="Zürich",
        State="ZH",
        Country="CH",
        Email="ops@example.org",
        KeyUsage=["DigitalSignature", "KeyEncipherment", "ServerAuthentication"],
        KeyPairAlgorithm="TPM_ALG_RSA",
        KeyBitLength=2048,
    )
    assert csr.subject.rfc4514_string() == (
        "1.2.840.113549.1.9.1=ops@example.org,C=CH,ST=ZH,L=Zürich,OU=Racks,O=Example,CN=bmc.example.org"
    )
    names = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(each.value) for each in names] == ["bmc.example.org", "10.0.0.1", "rack1.example.org"]
    usage = csr.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_encipherment, usage.key_cert_sign) == (True, True, False)
    key = csr.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == 2048
    assert csr.is_signature_valid


@pytest.mark.parametrize(("wanted", "curve"), [({}, "secp256r1"), ({"KeyCurveId": "TPM_ECC_NIST_P384"}, "secp384r1")])
async def test_an_ec_key_is_made_where_nothing_else_is_asked(
    secure: Service, wanted: dict[str, str], curve: str
) -> None:
    csr = await asked(secure, CommonName="Rack 1", **wanted)
    key = csr.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == curve
    assert [type(each.value) for each in csr.extensions] == [x509.KeyUsage, x509.ExtendedKeyUsage]


@pytest.mark.parametrize(
    ("wrong", "ids", "said"),
    [
        ({"CommonName": ""}, ["StringValueTooShort"], ""),
        (
            {"CommonName": "x", "AlternativeNames": ["not a host"]},
            ["ActionParameterValueError"],
            "a host name or an IP",
        ),
        ({"CommonName": "x", "Country": "Utopia"}, ["ActionParameterValueFormatError"], "Utopia"),
        ({"CommonName": "x", "Email": "ö@example.org"}, ["ActionParameterValueFormatError"], "Email"),
        ({"CommonName": "x", "KeyBitLength": 1024}, ["ActionParameterValueNotInList"], "1024"),
        ({"CommonName": "x", "KeyCurveId": "P-256"}, ["ActionParameterValueNotInList"], "P-256"),
        (
            {"CommonName": "x", "KeyPairAlgorithm": "TPM_ALG_RSA", "KeyCurveId": "TPM_ECC_NIST_P256"},
            ["ActionParameterValueError"],
            "KeyCurveId: a key of TPM_ALG_RSA has none",
        ),
        ({"CommonName": "x", "ChallengePassword": "y"}, ["ActionParameterUnknown"], "ChallengePassword"),
        (
            {"CommonName": "x", "CertificateCollection": {"@odata.id": "/redfish/v1/x"}},
            ["ActionParameterValueError"],
            CERTIFICATES,
        ),
        ({}, ["ActionParameterMissing"], "CommonName"),
    ],
)
async def test_a_request_that_cannot_be_is_refused(secure: Service, wrong: Any, ids: list[str], said: str) -> None:
    answer = await secure.call("POST", GENERATE, {"CertificateCollection": HERE, **wrong})
    assert (answer.status, answer.ids) == (400, ids)
    assert said in answer.told


async def test_the_answer_to_a_request_is_served_at_once_audited_and_told(
    secure: Service, authority: Authority, tmp_path: Path
) -> None:
    csr = await secure.call("POST", GENERATE, {"CertificateCollection": HERE, "CommonName": "127.0.0.1"})
    text = authority.answer(csr.body["CSRString"])
    answer = await secure.call("POST", REPLACE, replacement(text + authority.certificate))
    assert (answer.status, answer.headers["Location"]) == (204, CERTIFICATE)
    assert await served(secure) == text
    async with ClientSession(
        connector=TCPConnector(ssl=ssl.create_default_context(cadata=authority.certificate))
    ) as new:
        async with new.get(f"{secure.url}/redfish/v1/") as response:
            assert response.status == 200
    shown = await secure.get(CERTIFICATE)
    assert (shown["CertificateType"], shown["CertificateString"]) == ("PEMchain", text + authority.certificate)
    assert shown["Issuer"]["CommonName"] == "Test CA"
    [event] = await secure.world.heard(EventKind.CERTIFICATE_REPLACED)
    assert (event.account, event.message) == (
        "admin",
        "admin replaced the certificate of HTTPS: CN=127.0.0.1, by CN=Test CA",
    )
    assert event.details["fingerprint"] == shown["Fingerprint"]
    records = await secure.world.audit.newest()
    assert [(each.account, each.action, each.outcome) for each in records] == [
        ("admin", "generate-csr", "ok"),
        ("admin", "replace-certificate", "ok"),
    ]


async def test_a_refused_certificate_is_told_without_its_key_and_nothing_changes(
    secure: Service, authority: Authority
) -> None:
    before = await secure.get(CERTIFICATE)
    key = ec.generate_private_key(ec.SECP256R1())
    for body, said in (
        (
            replacement(pem(key) + authority.issue(key, -3, -1)),
            "CertificateString: the certificate CN=issued has expired",
        ),
        (replacement(authority.issue(key)), "send its private key"),
        (replacement(pem(key), CertificateType="PKCS12"), "PKCS12"),
        (
            replacement(pem(key) + authority.issue(key), CertificateUri={"@odata.id": CERTIFICATES}),
            f"expected {CERTIFICATE}",
        ),
        (replacement("") | {"CertificateString": [pem(key)]}, "CertificateString"),
    ):
        answer = await secure.call("POST", REPLACE, body)
        assert answer.status == 400
        assert said in answer.told
        assert "PRIVATE" not in str(answer.body)
    assert await secure.get(CERTIFICATE) == before
    assert await secure.world.told(EventKind.CERTIFICATE_REPLACED) == []


async def test_a_self_signed_one_is_renewed_for_the_same_names(secure: Service) -> None:
    before = await secure.get(CERTIFICATE)
    action = (await secure.get("/redfish/v1/Managers/Lightsout"))["Actions"]["Oem"]["#Lightsout.RenewCertificate"]
    assert (await secure.call("POST", action["target"], {}, as_="olga")).status == 403
    assert (await secure.call("POST", action["target"], {})).status == 204
    after = await secure.get(CERTIFICATE)
    assert after["Fingerprint"] != before["Fingerprint"]
    assert after["Subject"] == before["Subject"]
    assert (await secure.world.audit.newest(1))[0].action == "renew-certificate"


async def test_only_an_administrator_of_the_whole_fleet_may(secure: Service, authority: Authority) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    await secure.accounts.change("tina", role=Role.ADMINISTRATOR)
    for account in ("olga", "vera", "tina"):
        request = await secure.call("POST", GENERATE, {"CertificateCollection": HERE, "CommonName": "x"}, as_=account)
        assert (request.status, request.ids) == (403, ["InsufficientPrivilege"])
        body = replacement(pem(key) + authority.issue(key))
        assert (await secure.call("POST", REPLACE, body, as_=account)).status == 403
    assert {each.outcome for each in await secure.world.audit.newest()} == {"Denied"}
    assert await secure.world.told(EventKind.CERTIFICATE_REPLACED) == []


async def test_files_of_the_operators_own_are_shown_and_not_replaced(secure: Service, authority: Authority) -> None:
    assert secure.certificate is not None
    secure.certificate.fixed = "it is yours: change the files"
    assert "Actions" not in await secure.get(SERVICE)
    assert (await secure.get(CERTIFICATE))["CertificateType"] == "PEM"
    key = ec.generate_private_key(ec.SECP256R1())
    request = {"CertificateCollection": HERE, "CommonName": "x"}
    for path, body in ((GENERATE, request), (REPLACE, replacement(pem(key) + authority.issue(key)))):
        answer = await secure.call("POST", path, body)
        assert (answer.status, answer.told) == (409, "it is yours: change the files")
