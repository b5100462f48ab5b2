"""The session ends while somebody works: they sign in again where they are, and go on."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from bmc.accounts import Limits
from tests.e2e.service import ADMIN, LiveService
from tests.redfish.service import PASSWORDS
from tests.web.many import name_of
from tests.web.sessions import end_sessions, sign_in_again
from tests.web.simulated import simulation
from tests.web.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest]

TYPED = "web-17"
IDLE = 8.0
"""Seconds until a session that nobody uses ends; the service's own half hour takes too long."""


async def test_who_loses_the_session_signs_in_again_in_place_and_what_was_typed_is_kept(
    visitor: Visitor, service: LiveService, empty: str
) -> None:
    page = visitor.page
    await visitor.sign_in(f"/nodes/{empty}")
    await visitor.button("Reserve…").click()
    await page.fill("#reserve-node-reason", TYPED)
    await page.evaluate("window.here = true")
    end_sessions(service)

    again = visitor.at("sign-in-again")
    await expect(again).to_be_visible()
    await expect(page.locator("#user")).to_have_value(ADMIN)
    await expect(page.locator("#password")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(again).to_be_visible()
    await page.locator("#password").fill("not the password")
    await page.keyboard.press("Enter")
    await expect(visitor.at("sign-in-error")).to_contain_text("wrong")
    await sign_in_again(visitor)

    await expect(again).to_have_count(0)
    await expect(page.locator("#reserve-node-reason")).to_have_value(TYPED)
    await expect(page.locator("#reserve-node-reason")).to_be_focused()
    assert await page.evaluate("window.here"), "the page was loaded anew"
    await expect(visitor.at("connection-state")).to_have_attribute("data-state", "up")

    await page.keyboard.press("Escape")
    service.reset(empty, "On")
    await visitor.shows_power("On")


async def test_the_password_is_typed_at_once_over_a_dialog_about_many_nodes(
    visitor: Visitor, service: LiveService, empty: str
) -> None:
    page = visitor.page
    await visitor.sign_in()
    await page.get_by_label(f"Select {empty}", exact=True).check()
    await visitor.at("bulk").click()
    await visitor.at("bulk-reserve").click()
    reason = page.locator("#bulk-reason")
    await reason.fill(TYPED)
    end_sessions(service)
    await sign_in_again(visitor)
    await expect(visitor.at("sign-in-again")).to_have_count(0)
    await expect(reason).to_have_value(TYPED)
    await expect(reason).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_consoles_and_other_tabs_go_on_when_one_tab_has_signed_in(
    visitor: Visitor, service: LiveService, empty: str
) -> None:
    service.reset(empty, "On")
    await visitor.sign_in("/")
    await visitor.at("account-menu").wait_for()
    console = await visitor.open_tab(f"/nodes/{empty}/screen")
    await console.console_open()
    await console.button("Full screen").click()
    await console.page.wait_for_function("document.fullscreenElement !== null")
    end_sessions(service)
    await expect(console.at("sign-in-again")).to_be_visible()
    await console.page.wait_for_function("document.fullscreenElement === null")
    await sign_in_again(visitor)
    await expect(visitor.at("sign-in-again")).to_have_count(0)
    await expect(console.at("sign-in-again")).to_have_count(0)
    await console.console_open()


async def test_somebody_else_may_sign_in_and_finds_nothing_of_who_was_there(
    visitor: Visitor, service: LiveService
) -> None:
    await visitor.sign_in("/nodes/n3")
    await visitor.page.get_by_role("heading", name="n3", exact=True).wait_for()
    end_sessions(service)
    await visitor.button("Sign in as somebody else").click()
    await visitor.page.wait_for_url("**/sign-in")
    await expect(visitor.page.locator("#user")).to_have_value("")


async def test_a_session_that_nobody_uses_ends_by_itself_and_what_was_typed_is_kept(
    browser: Browser, tmp_path: Path
) -> None:
    async with simulation(tmp_path, 1, Limits(session_idle=IDLE)) as simulated:
        # The fleet's page asks for nothing by itself while nothing happens.
        visitor = await simulated.visit(browser)
        await expect(visitor.at(f"node-{name_of(0)}")).to_be_visible()
        await visitor.page.get_by_label("Filter nodes").fill(TYPED)
        sweeping = asyncio.create_task(simulated.service.accounts.run())
        try:
            await expect(visitor.at("sign-in-again")).to_be_visible(timeout=60_000)
            await sign_in_again(visitor, PASSWORDS["admin"])
            await expect(visitor.at("sign-in-again")).to_have_count(0)
        finally:
            sweeping.cancel()
        await expect(visitor.page.get_by_label("Filter nodes")).to_have_value(TYPED)
        assert visitor.failures == []
