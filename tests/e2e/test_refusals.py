"""What cannot be is refused in words a person can act on, and leaves nothing half-done."""

import os
import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import NewService
from tests.e2e.service import ADMIN_PASSWORD, SYSTEMS, LiveService


def refused(service: LiveService) -> str:
    """Start it, and hear why it does not."""
    process = service.launch()
    try:
        assert process.wait(60) == 1
    finally:
        process.kill()
        process.wait()
    said = " ".join(service.log.split())
    assert "Traceback" not in said
    return said


def test_a_second_service_on_the_same_state_is_refused_and_the_first_goes_on(live: LiveService) -> None:
    live.off("n3")
    before = (live.state / "service.json").read_text()
    second = LiveService(live.root.with_name("second"))
    second.environment["BMC_STATE"] = str(live.state)
    try:
        said = refused(second)
        assert f"another service (pid {live.pid}) already runs on {live.state}" in said
    finally:
        shutil.rmtree(second.root, ignore_errors=True)
    assert (live.state / "service.json").read_text() == before
    assert live.power("n3") == "Off"
    assert live.bmc("node", "list").returncode == 0


def test_what_a_server_on_hardware_lacks_is_named_with_what_would_give_it(new_service: NewService) -> None:
    service = new_service(demo=False).start()
    modbus = {"adapter": "modbus", "host": "127.0.0.1", "port": 1}
    service.add_node("a2", "hardware", power={**modbus, "coil": 0}, sense=[{**modbus, "look": "di0"}])
    for words, part, option in (
        (["boot", "a2", "Pxe"], "boot control", "boot"),
        (["boot", "a2"], "boot control", "boot"),
        (["media", "list", "a2"], "virtual drive", "media"),
        (["media", "insert", "a2", "debian.iso", "--drive", "cd0"], "virtual drive", "media"),
        (["sensors", "a2"], "sensors", "sensors"),
    ):
        done = service.bmc(*words)
        assert done.returncode == 1
        assert f"a2 has no {part}; an adapter that has one, in the option {option} of a node of" in done.stderr
    system = service.system("a2")
    parts = {each["Part"]: each["Remedy"] for each in system["Oem"]["Lightsout"]["MissingParts"]}
    assert sorted(parts) == ["boot control", "sensors", "serial console", "virtual drive"]
    assert not {"Boot", "VirtualMedia", "SerialConsole"} & system.keys()
    answer = service.call("PATCH", f"{SYSTEMS}/a2", {"Boot": {"BootSourceOverrideTarget": "Pxe"}})
    assert answer.status == 400
    assert f"a2 has no boot control; {parts['boot control']}" in str(answer.body)


def test_a_port_in_use_is_named(new_service: NewService) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(new_service(demo=False, config=f"[http]\nport = {port}\n"))
    assert f"127.0.0.1 port {port} is in use already" in said


def test_a_wrong_configuration_names_each_key(new_service: NewService) -> None:
    said = refused(new_service(demo=False, config='[http]\nport = "many"\nprot = 1\n[power]\ngraceful_timeout = -1\n'))
    for key in ("http.port", "http.prot", "power.graceful_timeout"):
        assert key in said


def test_an_empty_password_file_is_refused(new_service: NewService, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_text("\n")
    said = refused(new_service(demo=False, environment={"BMC_ADMIN_PASSWORD_FILE": str(empty)}))
    assert "BMC_ADMIN_PASSWORD_FILE" in said


def test_a_newer_store_is_refused_and_left_as_it_is(new_service: NewService) -> None:
    service = new_service(demo=False).start()
    service.stop()
    database = service.state / "store" / "lightsout.db"
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA user_version = 4711")
    connection.close()
    before = database.read_bytes()
    (service.root / "service.log").unlink()
    said = refused(service)
    assert "has schema version 4711, this Lightsout knows versions up to" in said
    assert database.read_bytes() == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB."""
    if os.geteuid() != 0:
        pytest.skip("mounting takes root")
    disk = tmp_path / "small"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("this container may not mount")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_is_said_and_nothing_is_lost(new_service: NewService, small_disk: Path) -> None:
    service = new_service(demo=False)
    service.environment["BMC_STATE"] = str(small_disk / "state")
    service.root.mkdir()
    service.process = service.launch()
    try:
        end = time.monotonic() + 60
        while "Lightsout is up." not in service.log:
            assert time.monotonic() < end, service.log
            time.sleep(0.1)
        service.find()
        service.do("POST", SYSTEMS, {"Name": "kept"})
        filler = small_disk / "filler"
        full = subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=4k"], capture_output=True, text=True)
        assert "No space left" in full.stderr
        statuses = set()
        for number in range(50):
            answer = service.call("POST", SYSTEMS, {"Name": f"extra{number}"})
            statuses.add(answer.status)
            if answer.status >= 500:
                assert "no space left" in answer.words.lower()
                break
        assert max(statuses) >= 500
        assert service.system("kept")["Name"] == "kept"
        filler.unlink()
        service.do("POST", SYSTEMS, {"Name": "after"})
        service.kill()
        service.process = service.launch()
        end = time.monotonic() + 60
        while service.log.count("Lightsout is up.") < 2:
            assert time.monotonic() < end, service.log
            time.sleep(0.1)
        service.find()
        names = {member["@odata.id"].rsplit("/", 1)[1] for member in service.get(SYSTEMS)["Members"]}
        assert {"kept", "after"} <= names
    finally:
        service.kill()


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", f"{SYSTEMS}/n3/Actions/ComputerSystem.Reset", b"{not json", 400),
        ("POST", f"{SYSTEMS}/n3/Actions/ComputerSystem.Reset", b"[" * 100_000, 400),
        ("POST", f"{SYSTEMS}/n3/Actions/ComputerSystem.Reset", b"\xff\xfe", 400),
        ("POST", f"{SYSTEMS}/n3/Actions/ComputerSystem.Reset", b'"On"', 400),
        ("POST", f"{SYSTEMS}/n3/Actions/ComputerSystem.Reset", b'{"ResetType": "Explode"}', 400),
        ("POST", f"{SYSTEMS}/n3/Actions/ComputerSystem.Reset", b'{"ResetType": "On", "Speed": 9}', 400),
        ("PATCH", f"{SYSTEMS}/n3", b'{"Boot": {"BootSourceOverrideTarget": "Usb"}}', 400),
        ("PATCH", f"{SYSTEMS}/n3", b'{"Boot": 1e400}', 400),
        ("POST", f"{SYSTEMS}/n3/Actions/Oem/Lightsout.Reinstall", b'{"Image": "no-such-image", "Hostname": "x"}', 400),
        ("POST", f"{SYSTEMS}/n3/VirtualMedia/cd0/Actions/VirtualMedia.InsertMedia", b'{"Image": "none.iso"}', 404),
        ("POST", f"{SYSTEMS}/n3/VirtualMedia/cd0/Actions/VirtualMedia.InsertMedia", b'{"Image": "/etc/shadow"}', 400),
        ("POST", f"{SYSTEMS}/n3/VirtualMedia/cd0/Actions/VirtualMedia.InsertMedia", b'{"Image": "../keys"}', 400),
        ("POST", SYSTEMS, b'{"Name": "../../etc"}', 400),
        ("POST", SYSTEMS, b'{"Name": "n1"}', 409),
        ("POST", SYSTEMS, b'{"Name": "x", "Oem": {"Lightsout": {"Driver": "nothing"}}}', 400),
        ("POST", SYSTEMS, b'{"Name": "x", "Oem": {"Lightsout": {"Options": {"memory_mib": "lots"}}}}', 400),
        ("GET", f"{SYSTEMS}/nobody", None, 404),
        ("GET", "/redfish/v1/TaskService/Tasks/nothing", None, 404),
    ],
)
def test_a_request_that_makes_no_sense_is_told_why(
    live: LiveService, method: str, path: str, body: bytes | None, status: int
) -> None:
    live.off("n3")
    answer = live.call(method, path, body)
    assert (answer.status, bool(answer.words)) == (status, True), answer
    assert live.power("n3") == "Off"
    assert sorted(live.nodes) == ["n1", "n2", "n3"]
    assert len(live.get(SYSTEMS)["Members"]) == 3


def test_every_wrong_option_of_a_node_is_told_where_it_stands(live: LiveService) -> None:
    options = {"cpus": 0, "firmware": "coreboot", "password": "hunter2", "disks": [{"size_gib": "big"}]}
    answer = live.call("POST", SYSTEMS, {"Name": "x", "Oem": {"Lightsout": {"Options": options}}})
    assert answer.status == 400
    found = {
        each["RelatedProperties"][0]: each["MessageId"].rsplit(".", 1)[1]
        for each in answer.body["error"]["@Message.ExtendedInfo"]
    }
    assert found == {
        "#/Oem/Lightsout/Options/cpus": "PropertyValueOutOfRange",
        "#/Oem/Lightsout/Options/firmware": "PropertyValueNotInList",
        "#/Oem/Lightsout/Options/disks/0/size_gib": "PropertyValueTypeError",
        "#/Oem/Lightsout/Options/password": "PropertyUnknown",
    }
    assert "greater than or equal to 1" in answer.words
    assert "hunter2" not in answer.words


def test_nobody_gets_in_without_a_password(live: LiveService) -> None:
    for path in (SYSTEMS, f"{SYSTEMS}/n1", "/redfish/v1/EventService/SSE", "/redfish/v1/AccountService/Accounts"):
        assert live.call("GET", path, user=None).status == 401
        assert live.call("GET", path, password=ADMIN_PASSWORD + "x").status == 401
    assert live.call("GET", "/redfish/v1/", user=None).status == 200
    assert live.call("GET", "/", user=None).status == 200
