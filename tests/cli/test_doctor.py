"""`bmc doctor` on states of a machine that a test can bring about."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from aiohttp.web import Application
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from bmc.cli import host
from bmc.cli.client import Running
from bmc.config import Settings
from bmc.http.server import HttpServer
from bmc.http.tls import server_context
from bmc.model.checks import Verdict
from tests.authority import Authority, pem


def test_a_state_directory_that_is_not_there_yet_is_no_fault(tmp_path: Path) -> None:
    state, disk = host.state_directory(tmp_path / "new" / "state")
    assert state.verdict is Verdict.OK
    assert "will be made" in state.finding
    assert disk.name == "disk space"


def test_a_state_directory_below_a_file_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    state, _ = host.state_directory(tmp_path / "file" / "state")
    assert state.verdict is Verdict.FAILED
    assert state.remedy


def test_a_state_directory_that_others_can_read_is_a_warning(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    state, _ = host.state_directory(tmp_path)
    assert (state.verdict, state.remedy) == (Verdict.WARNING, f"chmod go-rw {tmp_path}")
    tmp_path.chmod(0o711)
    assert next(host.state_directory(tmp_path)).verdict is Verdict.OK


def test_a_taken_port_fails_before_the_service_does() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = {"http": {"port": port}, "ssh": {"port": port}}
        web, ssh, ipmi, nodes = host.addresses(Settings.model_validate(settings))
    assert (web.name, web.verdict) == (f"TCP 127.0.0.1:{port}", Verdict.FAILED)
    assert (ssh.name, ssh.verdict) == (web.name, web.verdict)
    assert "another port" in web.remedy
    assert ipmi.verdict is nodes.verdict is Verdict.OK


def test_an_address_of_another_machine_fails() -> None:
    web, ssh, *_ = host.addresses(Settings.model_validate({"http": {"host": "192.0.2.1"}}))
    assert web.verdict is ssh.verdict is Verdict.FAILED
    assert "address" in web.remedy


def test_addresses_of_another_machine_fail_too() -> None:
    doors = {"addresses": "192.0.2.0/24", "port": 6623}
    _, _, ipmi, nodes = host.addresses(Settings.model_validate({"ipmi": doors, "redfish": doors}))
    assert (ipmi.name, ipmi.verdict) == ("UDP 192.0.2.1:6623", Verdict.FAILED)
    assert (nodes.name, nodes.verdict) == ("TCP 192.0.2.1:6623", Verdict.FAILED)
    closed = {"redfish": {"enabled": False}, "ssh": {"enabled": False}}
    assert len(list(host.addresses(Settings.model_validate(closed)))) == 2


def test_a_service_that_does_not_answer_fails_and_one_that_does_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        service, door = host.service(Running(url, os.getpid(), [{"name": "n1", "ipmi": None}], None))
    assert (service.verdict, door.verdict) == (Verdict.OK, Verdict.WARNING)
    assert "n1" in door.finding

    (service,) = host.service(Running(url, os.getpid(), [], None))
    assert service.verdict is Verdict.FAILED


def test_a_redfish_endpoint_that_is_closed_is_told_and_one_that_is_not_wanted_is_not() -> None:
    where = {"host": "127.0.0.1", "port": 1}
    for told, expected in (("", ["Redfish"]), (None, []), ("http://127.0.0.1:8230", [])):
        checks = host.service(
            Running("http://127.0.0.1:1", os.getpid(), [{"name": "n1", "ipmi": where, "redfish": told}], None)
        )
        assert [check.name for check in checks if check.name != "service"] == expected


async def test_the_certificate_that_is_served_is_told_of_before_it_expires(tmp_path: Path) -> None:
    for until, verdict in ((25, Verdict.WARNING), (200, Verdict.OK)):
        key = generate_private_key(SECP256R1())
        (tmp_path / "c.pem").write_text(Authority().issue(key, -340, until))
        (tmp_path / "k.pem").write_text(pem(key))
        context = server_context(tmp_path / "c.pem", tmp_path / "k.pem")
        async with HttpServer(Application(), "127.0.0.1", 0, context) as server:
            node = {"name": "n1", "ipmi": {"host": "127.0.0.1", "port": 1}, "redfish": server.url}
            for url in (server.url, server.url.replace("https", "http")):
                found = await asyncio.to_thread(lambda: list(host.service(Running(url, os.getpid(), [node], None))))  # noqa: B023
                (check,) = [each for each in found if each.name == "certificate"]
                assert check.verdict is verdict
                assert bool(check.remedy) is (verdict is Verdict.WARNING)


def test_memory_is_what_this_machine_has() -> None:
    assert 0 < host.available_memory() < os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def test_missing_programs_are_named_with_their_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bmc.reinstall.build_tools.PATH", "/nowhere")
    tools, _ = host.deploy_kit()
    assert tools.verdict is Verdict.FAILED
    assert "xorriso" in tools.remedy


def test_the_command_prints_every_check_as_json_and_fails_when_one_failed(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("http.port = 'many'\n")
    environment = {**os.environ, "BMC_STATE": str(tmp_path)}
    command = [sys.executable, "-m", "bmc.cli", "doctor", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    (check,) = json.loads(done.stdout)
    assert done.returncode == 1
    assert (check["name"], check["verdict"]) == ("configuration", "failed")
    assert "http.port" in check["finding"]


def test_the_table_gives_a_remedy_for_whatever_is_not_well(tmp_path: Path) -> None:
    environment = {**os.environ, "BMC_STATE": str(tmp_path / "state"), "COLUMNS": "200"}
    command = [sys.executable, "-m", "bmc.cli", "doctor", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    found = json.loads(done.stdout)
    assert {"state directory", "disk space", "memory", "service manager", "deploy kernel"} <= {
        each["name"] for each in found
    }
    assert [each for each in found if each["verdict"] != "ok" and not each["remedy"]] == []
    command.remove("--json")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert all(each["name"] in done.stdout for each in found)
