"""The certificate of HTTPS, replaced on the real service, as curl, openssl and bmc see it."""

import subprocess
import sys
from pathlib import Path

from tests.authority import Authority
from tests.e2e.conftest import NewService
from tests.e2e.service import ADMIN, ADMIN_PASSWORD, LiveService

ACTIONS = "/redfish/v1/CertificateService/Actions/CertificateService"
CERTIFICATES = "/redfish/v1/Managers/Lightsout/NetworkProtocol/HTTPS/Certificates"


def run(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)


def shown(service: LiveService, ca: Path) -> "subprocess.CompletedProcess[str]":
    where = service.url.removeprefix("https://")
    return run(
        "openssl", "s_client", "-connect", where, "-CAfile", ca, "-verify_return_error", "-verify_ip", "127.0.0.1"
    )


def served(service: LiveService, ca: Path) -> "subprocess.CompletedProcess[str]":
    return run("curl", "-sS", "--cacert", ca, f"{service.url}/redfish/v1/")


def tool(service: LiveService, *words: str) -> str:
    """DMTF's rf_certificates; it verifies no certificate."""
    command = ["rf_certificates.py", "-r", service.url, "-u", ADMIN, "-p", ADMIN_PASSWORD, *words]
    done = run(Path(sys.executable).with_name(command[0]), *command[1:])
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_signed_certificate_is_seen_by_every_new_client_and_after_a_restart(
    new_service: NewService, tmp_path: Path
) -> None:
    service, authority = new_service(config="[http]\ntls = true\n").start(), Authority()
    old, new = tmp_path / "old.pem", tmp_path / "ca.pem"
    old.write_bytes(service.certificate.read_bytes())
    new.write_text(authority.certificate)
    assert served(service, old).returncode == 0
    assert served(service, new).returncode != 0
    csr, answer = tmp_path / "csr.pem", tmp_path / "answer.pem"
    tool(service, "csr", "-col", CERTIFICATES, "-cn", "127.0.0.1", "-out", str(csr))
    asked = run("openssl", "req", "-in", csr, "-noout", "-verify", "-subject")
    assert "CN = 127.0.0.1" in asked.stdout, asked.stderr
    answer.write_text(authority.answer(csr.read_text()))
    tool(service, "install", "-dest", f"{CERTIFICATES}/1", "-cert", str(answer))
    for _ in range(2):
        assert served(service, new).returncode == 0
        assert served(service, old).returncode != 0
        seen = shown(service, new)
        assert "subject=CN = 127.0.0.1" in seen.stdout
        assert "Verify return code: 0 (ok)" in seen.stdout
        assert "127.0.0.1" in tool(service, "info")
        assert service.bmc("node", "list").returncode == 0
        service.kill()
        service.start()
    keys = list((service.state / "tls").iterdir())
    assert {path.name: path.stat().st_mode & 0o777 for path in keys} == {"certificate.pem": 0o600, "key.pem": 0o600}
    assert "PRIVATE KEY" not in service.log


def test_the_operators_own_files_are_served_and_stay(new_service: NewService, tmp_path: Path) -> None:
    certificate, key = tmp_path / "mine.pem", tmp_path / "mine.key"
    wanted = ["-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=mine"]
    wanted += ["-addext", "subjectAltName=IP:127.0.0.1"]
    assert run("openssl", "req", "-x509", *wanted, "-out", certificate, "-keyout", key).returncode == 0
    config = f'[http]\ntls = true\ncertificate = "{certificate}"\nkey = "{key}"\n'
    service = new_service(config=config)
    service.state.joinpath("tls").mkdir(parents=True)
    service.certificate.write_bytes(certificate.read_bytes())  # what the harness trusts
    service.start()
    assert "subject=CN = mine" in shown(service, certificate).stdout
    assert "Actions" not in service.get("/redfish/v1/CertificateService")
    request = {"CertificateCollection": {"@odata.id": CERTIFICATES}, "CommonName": "x"}
    refused = service.call("POST", f"{ACTIONS}.GenerateCSR", request)
    assert refused.status == 409
    assert "http.certificate" in refused.words
