"""The line to the service breaks, is slow, or is shared by ten tabs; the service restarts under an open page."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.service import LiveService
from tests.web.line import Line, line_to
from tests.web.pages import GOOD_SHIFT, SHIFTS, WAITING, shifted
from tests.web.visitor import PHONE, Visitor, visit

pytestmark = [pytest.mark.browser, pytest.mark.guest]

TYPED = "web-17"
TABS = 10
WAITED = f"""() => new MutationObserver(() => {{
    window.waited ||= document.querySelector("{WAITING}")?.checkVisibility() ?? false;
}}).observe(document, {{ childList: true, subtree: true }})"""
"""Notes that the page has shown that something is to come, however soon it came."""


@pytest.fixture
async def line(service: LiveService) -> AsyncIterator[Line]:
    async with line_to(service.url) as line:
        yield line


@pytest.fixture
async def far(browser: Browser, service: LiveService, line: Line) -> AsyncIterator[Visitor]:
    """A person at the other end of the line."""
    visitor = await visit(browser, service, url=line.url)
    yield visitor
    assert visitor.failures == []


async def identify(service: LiveService, node: str, active: bool) -> None:
    path = f"/redfish/v1/Systems/{node}"
    await asyncio.to_thread(service.do, "PATCH", path, {"LocationIndicatorActive": active})


async def test_a_restart_of_the_service_leaves_what_was_typed_and_the_page_catches_up(
    visitor: Visitor, service: LiveService, empty: str
) -> None:
    page = visitor.page
    await identify(service, empty, False)
    await visitor.sign_in(f"/nodes/{empty}")
    await visitor.button("Reserve…").click()
    await page.fill("#reserve-node-reason", TYPED)
    await page.evaluate("window.here = true")

    await asyncio.to_thread(service.stop)
    await asyncio.to_thread(service.start)
    await identify(service, empty, True)
    await expect(visitor.at("connection-state")).to_have_attribute("data-state", "up", timeout=60_000)
    await expect(visitor.at("sign-in-again")).to_have_count(0)
    await expect(page.locator("#reserve-node-reason")).to_have_value(TYPED)
    await expect(page.locator("#reserve-node-reason")).to_be_focused()
    assert await page.evaluate("window.here"), "the page was loaded anew"
    await page.keyboard.press("Escape")
    await expect(visitor.at("identified")).to_be_visible()
    await identify(service, empty, False)
    await expect(visitor.at("identified")).to_have_count(0)


async def test_a_lost_line_is_told_actions_fail_at_once_and_the_page_catches_up(
    far: Visitor, service: LiveService, line: Line, empty: str
) -> None:
    page = far.page
    await identify(service, empty, False)
    await far.sign_in(f"/nodes/{empty}")
    await far.shows_power("Off")
    await expect(far.at("connection-state")).to_have_attribute("data-state", "up")
    line.cut()
    await far.context.set_offline(True)
    await expect(page.get_by_text("No live updates since")).to_be_visible()
    await far.choose_power(empty, "On")
    await expect(page.get_by_text("The Lightsout service cannot be reached.")).to_be_visible()
    await expect(page.get_by_text(f"{empty}: nobody knows whether this was done: Power on")).to_be_visible()

    # What is not loaded yet cannot be: the rest of the page stays.
    await page.get_by_role("tab", name="Screen").click()
    await expect(page.get_by_text("This part of the page cannot be shown")).to_be_visible()
    await page.get_by_role("tab", name="Overview").click()
    await far.shows_power("Off")
    await far.button("Reinstall…").click()
    await expect(page.get_by_text("The dialog cannot be shown")).to_be_visible()
    await far.shows_power("Off")

    await identify(service, empty, True)
    await far.context.set_offline(False)
    line.mend()
    await expect(far.at("connection-state")).to_have_attribute("data-state", "up", timeout=60_000)
    await expect(page.get_by_text("No live updates since")).to_have_count(0)
    await expect(far.at("identified")).to_be_visible()
    # What could not be loaded comes with the page, loaded anew.
    await page.reload()
    await far.button("Reinstall…").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.get_by_role("tab", name="Screen").click()
    await expect(page.get_by_text("This part of the page cannot be shown")).to_have_count(0)
    await identify(service, empty, False)
    assert service.power(empty) == "Off", "an action was kept and done later"


async def test_ten_tabs_share_one_event_stream_and_ask_for_each_thing_once(
    far: Visitor, service: LiveService, line: Line, empty: str
) -> None:
    await identify(service, empty, False)
    await far.sign_in(f"/nodes/{empty}")
    await far.shows_power("Off")
    tabs = [far] + [await far.open_tab(f"/nodes/{empty}") for _ in range(TABS - 1)]
    for tab in tabs:
        await expect(tab.at("connection-state")).to_have_attribute("data-state", "up")
        await tab.shows_power("Off")
    assert line.streams() == 1
    await line.quiet()
    path = f"/redfish/v1/Systems/{empty}"
    before = len(line.requests), line.asked(path)

    await identify(service, empty, True)
    for tab in tabs:
        await expect(tab.at("identified")).to_be_visible()
    assert line.asked(path) - before[1] <= 2 * TABS
    assert len(line.requests) - before[0] <= 6 * TABS, "a storm of requests"
    await identify(service, empty, False)


async def test_on_a_slow_line_something_is_shown_soon_and_nothing_jumps(far: Visitor, line: Line, empty: str) -> None:
    page = far.page
    await page.add_init_script(f"({SHIFTS})(); ({WAITED})()")
    await far.sign_in("/")
    await far.at(f"node-{empty}").wait_for()
    line.delay = 0.4
    for path, shown in (("/", f"node-{empty}"), (f"/nodes/{empty}", "power-state")):
        await far.go(path)
        await expect(far.at(shown).first).to_be_visible()
        await expect(page.locator(WAITING)).to_have_count(0)
        await expect(far.at("connection-state")).to_have_attribute("data-state", "up")
        assert await page.evaluate("window.waited") is True, f"{path}: nothing was shown meanwhile"
        assert await shifted(far) < GOOD_SHIFT, path


async def test_typing_that_a_lost_line_has_ended_says_so_also_when_the_line_is_back(
    far: Visitor, service: LiveService, line: Line, empty: str
) -> None:
    page = far.page
    await asyncio.to_thread(service.reset, empty, "On")
    await far.sign_in(f"/nodes/{empty}/screen")
    await far.console_open()
    await far.button("Paste text").click()
    await page.fill("#paste-text", "x" * 400)
    await page.get_by_label("Speed").select_option("150")
    await far.button("Type it").click()
    await expect(page.get_by_role("dialog")).to_contain_text(re.compile(r"([2-9]|\d\d+) of 400"))
    line.cut()
    stopped = page.get_by_text("Stopped. The console is not connected.")
    await expect(stopped).to_be_visible()
    line.mend()
    await far.console_open(60)
    await expect(stopped).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_lines_are_not_pasted_into_a_console_that_is_not_there(
    far: Visitor, service: LiveService, line: Line, empty: str
) -> None:
    page = far.page
    await asyncio.to_thread(service.reset, empty, "On")
    await far.sign_in(f"/nodes/{empty}/serial")
    await far.console_open()
    await far.button("Paste").click()
    await page.fill("#paste-lines", TYPED)
    line.cut()
    await expect(page.get_by_role("dialog")).to_contain_text("The console is not connected.")
    await expect(far.button("Paste it")).to_be_disabled()
    line.mend()
    await expect(far.button("Paste it")).to_be_enabled(timeout=60_000)
    await expect(page.locator("#paste-lines")).to_have_value(TYPED)


async def test_no_key_of_a_phone_stays_down_over_a_lost_line(
    browser: Browser, service: LiveService, line: Line, empty: str
) -> None:
    await asyncio.to_thread(service.reset, empty, "On")
    phone = await visit(browser, service, PHONE, url=line.url, has_touch=True, is_mobile=True)
    await phone.sign_in(f"/nodes/{empty}/screen")
    await phone.console_open()
    await phone.button("Ctrl").tap()
    await expect(phone.button("Ctrl")).to_have_attribute("aria-pressed", "true")
    line.cut()
    await expect(phone.at("console-state")).to_have_attribute("data-phase", "lost")
    line.mend()
    await phone.console_open(60)
    await expect(phone.button("Ctrl")).to_have_attribute("aria-pressed", "false")
    assert phone.failures == []
