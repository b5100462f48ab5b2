"""A live service that the browser tests of a worker share, and a person who visits its page."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, ConsoleMessage, expect

from tests.e2e.service import SYSTEMS, LiveService, wait_until
from tests.ports import free_port
from tests.reinstall.samples import KEY
from tests.web.visitor import PATIENCE, Visitor, chromium, visit

expect.set_options(timeout=PATIENCE * 1000)

EXPECTED = ("status of 4", "closed before the connection is established")
"""What a browser complains of where nothing is wrong: a refusal that is shown, a console that was left at once."""
PICTURES = Path(__file__).parents[2] / "build" / "tests" / "browser"
"""What was in sight at the end of each test, for those who must find out why it failed."""


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    """The worker's own service with its demo fleet. Tests leave its nodes in any state, and the service running."""
    config = f"[http]\nport = {free_port()}\n"
    service = LiveService(tmp_path_factory.mktemp("web"), config=config)
    try:
        yield service.start()
    finally:
        service.destroy()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.fixture
async def visitor(browser: Browser, service: LiveService, request: pytest.FixtureRequest) -> AsyncIterator[Visitor]:
    """A person with a new browser profile, not signed in. The page's own code must not have failed in the end."""
    visitor = await visit(browser, service)
    yield visitor
    PICTURES.mkdir(parents=True, exist_ok=True)
    await visitor.page.screenshot(path=PICTURES / f"{request.node.name}.png")
    assert visitor.failures == []


@pytest.fixture
async def looked(browser: Browser, service: LiveService, empty: str) -> AsyncIterator[Visitor]:
    """Signed in; the browser must have had nothing to complain of, such as what the content policy forbids."""
    visitor = await visit(browser, service)
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(each in message.text for each in EXPECTED):
            complaints.append(message.text)

    visitor.page.on("console", hear)
    await visitor.sign_in()
    await visitor.at("account-menu").wait_for()
    yield visitor
    assert visitor.failures == []
    assert complaints == []


@pytest.fixture
async def chinese(browser: Browser, service: LiveService) -> AsyncIterator[Visitor]:
    """Somebody in Nepal whose browser asks for Chinese; no other zone is 5 h 45 min from UTC."""
    visitor = await visit(browser, service, locale="zh-CN", timezone_id="Asia/Kathmandu")
    yield visitor
    assert visitor.failures == []


@pytest.fixture
def empty(service: LiveService) -> Iterator[str]:
    """A node with nothing on its disk, off and free: firmware is all that runs in it."""
    put_down(service, "n3")
    yield "n3"
    put_down(service, "n3")


@pytest.fixture
def image(service: LiveService, tmp_path: Path) -> Iterator[str]:
    """One that can be told everything, and that can be changed and deleted."""
    disk = tmp_path / "disk.img"
    disk.write_bytes(bytes(1 << 20))
    added = service.bmc("image", "add", str(disk), "--name", "told-everything", "--seed", "nocloud")
    assert added.returncode == 0, added.stderr
    yield "told-everything"
    service.do("DELETE", "/redfish/v1/Oem/Lightsout/Images/told-everything")


def put_down(service: LiveService, node: str) -> None:
    """Off and free, and to boot as it does by itself; a test that failed may have left it otherwise."""
    path = f"{SYSTEMS}/{node}"
    if task := job_of(service, node):
        service.call("DELETE", task["@odata.id"])
        wait_until(lambda: job_of(service, node) is None, 60, f"{node} free")
    if service.system(node)["Oem"]["Lightsout"]["Reservation"]:
        service.do("POST", f"{path}/Actions/Oem/Lightsout.Release", {"Note": "tested"})
    service.off(node)
    if service.system(node)["Boot"]["BootSourceOverrideEnabled"] != "Disabled":
        service.do("PATCH", path, {"Boot": {"BootSourceOverrideTarget": "None"}})
    if service.system(node)["LocationIndicatorActive"]:
        service.do("PATCH", path, {"LocationIndicatorActive": False})
    if service.get(f"{path}/VirtualMedia/cd0")["Inserted"]:
        service.do("POST", f"{path}/VirtualMedia/cd0/Actions/VirtualMedia.EjectMedia", {})


def job_of(service: LiveService, node: str) -> Any:
    return service.system(node)["Oem"]["Lightsout"]["Task"]


def cancelled_rescue(service: LiveService, node: str) -> str:
    """The Id of a job of the node that was ended as soon as it had begun."""
    task = service.do("POST", f"{SYSTEMS}/{node}/Actions/Oem/Lightsout.Rescue", {"SSHKeys": [KEY]}).body
    service.do("DELETE", task["@odata.id"])
    wait_until(lambda: service.get(task["@odata.id"])["TaskState"] == "Cancelled", 60, "the end of the job")
    return str(task["Id"])
