"""A medium by its URL from a slow server: what Ironic's client makes of the wait, and what a kill leaves."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import sushy
from sushy.auth import BasicAuth

from tests.e2e.conftest import NewService
from tests.e2e.service import ADMIN, ADMIN_PASSWORD, SYSTEMS, wait_until

CONFIG = '[fetch]\nallow = ["127.0.0.0/8"]\n'
DRIVE = f"{SYSTEMS}/n3/VirtualMedia/cd0"
MEDIUM = bytes(1 << 20)


class SlowServer(ThreadingHTTPServer):
    """Sends the first half of the medium, and the other once it may go on."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), SlowAnswer)
        self.url = f"http://127.0.0.1:{self.server_port}/slow.iso"
        self.goes_on = threading.Event()
        self.asked = 0


class SlowAnswer(BaseHTTPRequestHandler):
    server: SlowServer

    def do_GET(self) -> None:
        self.server.asked += 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(MEDIUM)))
        self.end_headers()
        with suppress(OSError):  # who asked was killed
            self.wfile.write(MEDIUM[: len(MEDIUM) // 2])
            self.server.goes_on.wait(60)
            self.wfile.write(MEDIUM[len(MEDIUM) // 2 :])

    def log_message(self, format: str, *args: Any) -> None:
        """Not to the terminal."""


@pytest.fixture
def slow() -> Iterator[SlowServer]:
    server = SlowServer()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.goes_on.set()
    server.shutdown()
    server.server_close()
    thread.join()


def test_ironics_client_that_asks_again_has_the_medium_of_its_first_request(
    new_service: NewService, slow: SlowServer
) -> None:
    """sushy takes any 2xx for an inserted medium and follows no Task; after its read timeout it sends the POST anew."""
    service = new_service(config=CONFIG).start()
    hasty = {"read_timeout": 4, "server_side_retries_delay": 1}
    root: Any = sushy.Sushy(f"{service.url}/redfish/v1", auth=BasicAuth(ADMIN, ADMIN_PASSWORD), verify=False, **hasty)
    (drive,) = root.get_system(f"{SYSTEMS}/n3").virtual_media.get_members()
    threading.Timer(6.5, slow.goes_on.set).start()
    drive.insert_media(slow.url, inserted=True, write_protected=True)
    assert (service.get(DRIVE)["Image"], service.get(DRIVE)["Inserted"]) == (slow.url, True)
    assert slow.asked == 1


def test_a_kill_while_a_medium_is_fetched_leaves_the_drive_as_it_was(new_service: NewService, slow: SlowServer) -> None:
    service = new_service(config=CONFIG).start()
    fetched = service.state / "media" / "fetched"
    with ThreadPoolExecutor(1) as pool:
        insert = ("POST", f"{DRIVE}/Actions/VirtualMedia.InsertMedia", {"Image": slow.url})
        cut_off = pool.submit(service.call, *insert)
        wait_until(lambda: any(fetched.glob("*.part")), 30, "the beginning of the medium")
        service.kill()
        assert cut_off.exception(30) is not None
    service.start()
    assert (service.get(DRIVE)["Image"], service.get(DRIVE)["Inserted"]) == (None, False)
    assert list(fetched.iterdir()) == []
    slow.goes_on.set()
    service.do(*insert)
    assert service.get(DRIVE)["Image"] == slow.url
