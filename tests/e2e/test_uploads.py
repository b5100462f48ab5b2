"""Files of many megabytes are uploaded to a real service by its own command line and by others' clients of tus."""

import hashlib
import os
import signal
import subprocess
from pathlib import Path
from typing import IO, Any

import pytest
from tusclient.client import TusClient
from tusclient.uploader.uploader import Uploader

from tests import memory
from tests.e2e.conftest import NewService
from tests.e2e.service import LiveService, wait_until

MIB = 1 << 20
LIBRARY = "/redfish/v1/Oem/Lightsout"
VIRTUAL_MEDIA = "/redfish/v1/Systems/n1/VirtualMedia/cd0"


@pytest.fixture
def service(new_service: NewService) -> LiveService:
    """With n1, which is off."""
    service = new_service(demo=False).start()
    service.add_node("n1")
    return service


def file_of(directory: Path, size: int) -> Path:
    """Random at its beginning and its end, and sparse between."""
    path = directory / "tools.iso"
    with path.open("wb") as file:
        file.write(os.urandom(MIB))
        file.seek(size - MIB)
        file.write(os.urandom(MIB))
    return path


def begin(service: LiveService, kind: str, file: Path, **more: object) -> Any:
    """The Task that waits for the file."""
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    body = {"Id": "tools.iso", "FileSHA256": digest, "FileSizeBytes": file.stat().st_size, **more}
    return service.do("POST", f"{LIBRARY}/{kind}", body).body


def until_done(service: LiveService, task: Any) -> None:
    wait_until(lambda: service.get(task["@odata.id"])["TaskState"] != "Running", 60, "the end of the task")
    assert service.get(task["@odata.id"])["TaskState"] == "Completed"


def arrived(service: LiveService, place: str) -> int:
    return sum(file.stat().st_size for file in (service.state / place).glob(".upload-*"))


def test_a_service_killed_in_mid_upload_gets_the_rest_when_it_is_there_again(
    service: LiveService, tmp_path: Path
) -> None:
    file = file_of(tmp_path, 256 * MIB)
    before = memory.most(service.pid)
    with service.popen("media", "add", str(file)) as adding:
        wait_until(lambda: arrived(service, "media/added") > 16 * MIB, 60, "some of it")
        service.kill()
        had = arrived(service, "media/added")
        assert had < file.stat().st_size
        assert adding.stderr
        assert "trying again" in adding.stderr.readline()
        adding.send_signal(signal.SIGSTOP)  # else it may have sent the rest before we look
        service.start()
        assert arrived(service, "media/added") >= had
        adding.send_signal(signal.SIGCONT)
        out, err = adding.communicate(timeout=120)
    assert (adding.returncode, out.splitlines()[-1]) == (0, "medium tools.iso can be inserted now"), err
    assert memory.most(service.pid) - before < 100 * MIB
    service.do("POST", f"{VIRTUAL_MEDIA}/Actions/VirtualMedia.InsertMedia", {"Image": "tools.iso"})
    medium = service.get(f"{LIBRARY}/Media/tools.iso")
    assert (medium["UsedBy"], medium["SizeBytes"]) == (["n1"], file.stat().st_size)
    assert service.call("DELETE", f"{LIBRARY}/Media/tools.iso").status == 409
    service.do("POST", f"{VIRTUAL_MEDIA}/Actions/VirtualMedia.EjectMedia", {})
    service.do("DELETE", f"{LIBRARY}/Media/tools.iso")
    assert list((service.state / "media" / "added").iterdir()) == []


def test_a_tus_client_of_others_uploads_and_goes_on(service: LiveService, tmp_path: Path) -> None:
    file = file_of(tmp_path, 20 * MIB)
    task = begin(service, "Media", file)
    uri = task["Oem"]["Lightsout"]["UploadURI"]

    def uploader(opened: IO[bytes]) -> Uploader:
        client = TusClient("", headers={"X-Auth-Token": service.session})
        return client.uploader(file_stream=opened, url=service.url + uri, chunk_size=3 * MIB)

    with file.open("rb") as opened:
        uploader(opened).upload(stop_at=6 * MIB)
        service.kill()
        service.start()
        again = uploader(opened)
        assert again.offset == 6 * MIB
        again.upload()
    until_done(service, task)


def test_curl_uploads_an_image_in_two_pieces(service: LiveService, tmp_path: Path) -> None:
    file = file_of(tmp_path, 8 * MIB)
    task = begin(service, "Images", file, Id="tools", Format="raw")
    uri = service.url + task["Oem"]["Lightsout"]["UploadURI"]
    token = tmp_path / "token"
    token.write_text(f"X-Auth-Token: {service.session}\n")
    half = tmp_path / "half"
    for at in (0, 5 * MIB):
        half.write_bytes(file.read_bytes()[at : at + 5 * MIB])
        told = subprocess.run(["curl", "-sSI", "-H", f"@{token}", uri], capture_output=True, text=True, check=True)
        assert f"Upload-Offset: {at}\n" in told.stdout.replace("\r", "")
        command = ["curl", "-sS", "-X", "PATCH", "-H", f"@{token}", "-H", f"Upload-Offset: {at}", "-T", str(half)]
        octets = ["-H", "Content-Type: application/offset+octet-stream", "-w", "%{http_code}"]
        sent = subprocess.run([*command, *octets, uri], capture_output=True, text=True, check=True)
        assert sent.stdout == "204"
    until_done(service, task)
    image = service.get(f"{LIBRARY}/Images/tools")
    assert (image["SizeBytes"], image["Account"]) == (8 * MIB, "admin")
