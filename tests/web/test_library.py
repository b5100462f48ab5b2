"""The library in the page: added by upload, through a lost connection and a reload; by URL; inserted; deleted."""

import hashlib
import http.server
import re
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.async_api import CDPSession, expect

from tests.e2e.service import LiveService
from tests.ports import free_port
from tests.web.sessions import end_sessions, sign_in_again
from tests.web.visitor import Visitor, chromium, visit

pytestmark = pytest.mark.browser

LIBRARY = "/redfish/v1/Oem/Lightsout"
LARGE = 24 << 20
FETCHED = bytes(range(256)) * (4 << 12)
SLOW, UNLIMITED = 1 << 20, -1
"""Bytes a second; the first is slow enough for an upload to be watched."""


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A raw disk of a few pieces."""
    path = tmp_path / "Web_1.img"
    path.write_bytes(b"lightsout disk ".ljust(512, b".") * (LARGE // 512))
    return path


@pytest.fixture
def iso(tmp_path: Path) -> Path:
    path = tmp_path / "tools.iso"
    path.write_bytes(bytes(range(256)) * 4096)
    return path


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[str]:
    """A web server that has the files of `tmp_path`."""
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


class Network:
    """The browser's, of one tab: so many bytes a second upwards, or none at all."""

    def __init__(self, session: CDPSession) -> None:
        self._session = session

    @classmethod
    async def of(cls, visitor: Visitor) -> "Network":
        session = await visitor.context.new_cdp_session(visitor.page)
        await session.send("Network.enable")
        return cls(session)

    async def set(self, upload: int = SLOW, offline: bool = False) -> None:
        limits = {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": upload}
        await self._session.send("Network.emulateNetworkConditions", limits)


async def test_an_upload_waits_for_who_signs_in_again(visitor: Visitor, service: LiveService, disk: Path) -> None:
    page = visitor.page
    await visitor.sign_in("/library")
    await visitor.button("Add image…").click()
    await page.set_input_files("#add-file", disk)
    await page.fill("#add-name", "again-1")
    network = await Network.of(visitor)
    await network.set()
    await visitor.at("start-add").click()
    adding = visitor.at("adding-again-1")
    await expect(adding).to_have_attribute("data-phase", "sending")
    end_sessions(service)
    await expect(adding).to_have_attribute("data-phase", "lost")
    await expect(adding).to_contain_text("Your session has ended")
    await network.set(UNLIMITED)
    await sign_in_again(visitor)
    await expect(visitor.at("image-again-1")).to_contain_text("24 MiB", timeout=60_000)
    await expect(adding).to_have_count(0)
    assert service.get(f"{LIBRARY}/Images/again-1")["SHA256"] == hashlib.sha256(disk.read_bytes()).hexdigest()
    service.do("DELETE", f"{LIBRARY}/Images/again-1")


async def test_an_upload_survives_a_lost_network_a_pause_and_a_reload(
    visitor: Visitor, service: LiveService, disk: Path
) -> None:
    page = visitor.page
    await visitor.sign_in("/library")
    await visitor.button("Add image…").click()
    await page.set_input_files("#add-file", disk)
    await expect(page.locator("#add-name")).to_have_value("web-1")
    await page.fill("#add-name", "No Name!")
    await visitor.at("start-add").click()
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("It was not added")
    await page.fill("#add-name", "web-1")
    network = await Network.of(visitor)
    await network.set()
    await visitor.at("start-add").click()
    adding = visitor.at("adding-web-1")
    await expect(adding).to_have_attribute("data-phase", "sending")

    await network.set(offline=True)
    await expect(adding).to_have_attribute("data-phase", "lost")
    await expect(adding).to_contain_text("It goes on by itself")
    await network.set()
    await expect(adding).to_have_attribute("data-phase", "sending")

    await adding.get_by_role("button", name="Pause").click()
    await expect(adding).to_contain_text("Paused")
    await page.reload()
    await network.set(UNLIMITED)
    await expect(adding).to_contain_text("Waits for the rest of its file")
    other = disk.with_name("other.img")
    other.write_bytes(bytes(LARGE))
    await adding.locator("input[type=file]").set_input_files(other)
    await expect(adding).to_contain_text("This is another file")
    await adding.locator("input[type=file]").set_input_files(disk)

    row = visitor.at("image-web-1")
    await expect(row).to_contain_text("24 MiB", timeout=60_000)
    await expect(adding).to_have_count(0)
    image = service.get(f"{LIBRARY}/Images/web-1")
    assert image["SHA256"] == hashlib.sha256(disk.read_bytes()).hexdigest()

    await row.get_by_role("button", name="Change what is said of web-1").click()
    await page.fill("#about-name", "Web server")
    await page.get_by_label("UEFI").uncheck(force=True)
    await visitor.at("start-describe").click()
    await expect(row).to_contain_text("Web server")
    await expect(row).not_to_contain_text("UEFI")

    await row.get_by_role("button", name="Delete web-1").click()
    await visitor.button("Delete").click()
    await expect(row).to_have_count(0)


async def test_an_upload_goes_on_by_itself_when_the_service_is_back(tmp_path: Path, disk: Path) -> None:
    service = LiveService(tmp_path / "own", demo=False, config=f"[http]\nport = {free_port()}\n")
    try:
        service.start()
        async with chromium() as browser:
            visitor = await visit(browser, service)
            await visitor.sign_in("/library")
            await visitor.button("Add image…").click()
            await visitor.page.set_input_files("#add-file", disk)
            network = await Network.of(visitor)
            await network.set()
            await visitor.at("start-add").click()
            adding = visitor.at("adding-web-1")
            some = re.compile(r"Uploading: (?!24)[1-9][\d.]* MiB of 24 MiB")
            await expect(adding).to_contain_text(some, timeout=60_000)
            service.kill()
            await expect(adding).to_have_attribute("data-phase", "lost")
            await network.set(UNLIMITED)
            service.start()
            await expect(visitor.at("image-web-1")).to_be_visible(timeout=90_000)
            assert visitor.failures == []
    finally:
        service.destroy()


async def test_a_url_is_fetched_with_progress_and_a_wrong_digest_is_told(
    tmp_path: Path, iso: Path, origin: str
) -> None:
    config = f'[http]\nport = {free_port()}\n[fetch]\nallow = ["127.0.0.0/8"]\n'
    service = LiveService(tmp_path / "own", demo=False, config=config)
    try:
        service.start()
        async with chromium() as browser:
            visitor = await visit(browser, service)
            page = visitor.page
            await visitor.sign_in("/library/media")
            await expect(page.get_by_text("No media yet")).to_be_visible()
            for digest in ("0" * 64, hashlib.sha256(iso.read_bytes()).hexdigest()):
                await visitor.button("Add medium…").click()
                await page.get_by_label("A URL that the service fetches").check(force=True)
                await page.fill("#add-url", f"{origin}/tools.iso?token=secret")
                name = page.locator("#add-name")
                await expect(name).to_have_value("tools.iso")
                await name.fill("mine.iso")
                await page.fill("#add-url", f"{origin}/tools.iso")
                await expect(name).to_have_value("mine.iso")
                await name.fill("tools.iso")
                await page.fill("#add-digest", digest)
                await visitor.at("start-add").click()
                if digest.startswith("000"):
                    adding = visitor.at("adding-tools.iso")
                    await expect(adding).to_contain_text("the file has SHA-256")
                    await adding.get_by_role("button", name="Dismiss").click()
                    await expect(adding).to_have_count(0)
            row = visitor.at("medium-tools.iso")
            await expect(row).to_contain_text("1 MiB")
            await expect(row).to_contain_text("admin")
            assert visitor.failures == []
    finally:
        service.destroy()


class Slowly(http.server.BaseHTTPRequestHandler):
    """Sends a file of 4 MiB in some seconds, and its end only when it `may_end`."""

    may_end = threading.Event()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(FETCHED)))
        self.end_headers()
        for start in range(0, len(FETCHED), 1 << 16):
            if start >= 3 << 20:
                self.may_end.wait(120)
            self.wfile.write(FETCHED[start : start + (1 << 16)])
            time.sleep(0.15)


async def test_a_url_that_is_fetched_shows_how_much_has_come(tmp_path: Path) -> None:
    config = f'[http]\nport = {free_port()}\n[fetch]\nallow = ["127.0.0.0/8"]\n'
    service = LiveService(tmp_path / "own", demo=False, config=config)
    Slowly.may_end.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slowly)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        service.start()
        async with chromium() as browser:
            visitor = await visit(browser, service)
            await visitor.sign_in("/library/media")
            await visitor.button("Add medium…").click()
            await visitor.page.get_by_label("A URL that the service fetches").check(force=True)
            await visitor.page.fill("#add-url", f"http://127.0.0.1:{server.server_port}/slow.iso")
            await visitor.page.fill("#add-digest", hashlib.sha256(FETCHED).hexdigest())
            await visitor.at("start-add").click()
            adding = visitor.at("adding-slow.iso")
            await expect(adding).to_contain_text(re.compile(r"Receiving it: [1-3](\.\d)? MiB of 4 MiB"))
            Slowly.may_end.set()
            await expect(visitor.at("medium-slow.iso")).to_contain_text("4 MiB", timeout=60_000)
            await expect(adding).to_have_count(0)
            assert visitor.failures == []
    finally:
        Slowly.may_end.set()
        service.destroy()
        server.shutdown()
        thread.join()
        server.server_close()


async def test_a_medium_is_added_on_a_nodes_page_inserted_and_not_deleted_meanwhile(
    visitor: Visitor, service: LiveService, iso: Path, empty: str
) -> None:
    page = visitor.page
    await visitor.sign_in(f"/nodes/{empty}")
    await visitor.button("Add to the library…").click()
    await page.set_input_files("#add-file", iso)
    await visitor.at("start-add").click()
    choice = page.locator("#media-cd0-choice")
    await expect(choice).to_have_value("tools.iso")
    drive = visitor.at("media-cd0")
    await drive.get_by_role("button", name="Insert").click()
    await expect(drive).to_contain_text("cd0: tools.iso")
    await expect(drive).to_contain_text("read only")

    library = await visitor.open_tab("/library/media")
    row = library.at("medium-tools.iso")
    await expect(row.get_by_role("link", name=empty)).to_be_visible()
    await row.get_by_role("button", name="Delete tools.iso").click()
    dialog = library.page.get_by_role("dialog")
    await expect(dialog).to_contain_text(f"In a drive of {empty}")
    await library.button("Delete").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("It was not deleted")
    await library.button("Cancel").click()

    await visitor.button("Eject cd0").click()
    await expect(drive).to_contain_text("cd0: empty")
    await expect(row).to_contain_text("nobody")
    await row.get_by_role("button", name="Delete tools.iso").click()
    await library.button("Delete").click()
    await expect(row).to_have_count(0)


async def test_who_is_no_administrator_sees_the_library_and_adds_nothing(
    visitor: Visitor, service: LiveService
) -> None:
    service.add_account("lena", "correct-horse-2")
    await visitor.sign_in("/library", "lena", "correct-horse-2")
    await expect(visitor.at("image-lightsout-mini")).to_be_visible()
    await expect(visitor.button("Add image…")).to_be_disabled()
    await expect(visitor.page.get_by_text("Only administrators")).to_be_visible()
