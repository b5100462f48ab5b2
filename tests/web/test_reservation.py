"""A server that nobody else is to touch: who has reserved it, why and until when, and how that ends."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.service import LiveService
from tests.web.visitor import Visitor, visit

pytestmark = [pytest.mark.browser, pytest.mark.guest]

PASSWORD = "new-fans-on-monday"


@pytest.fixture
async def colleague(browser: Browser, service: LiveService) -> AsyncIterator[Visitor]:
    """Somebody else at a browser of their own."""
    await asyncio.to_thread(service.add_account, "ada", PASSWORD, "Administrator")
    visitor = await visit(browser, service)
    yield visitor
    assert visitor.failures == []


async def test_a_reserved_node_tells_everybody_why_and_is_released_with_a_note(
    visitor: Visitor, colleague: Visitor, empty: str
) -> None:
    await visitor.sign_in(f"/nodes/{empty}")
    await colleague.sign_in(f"/nodes/{empty}", "ada", PASSWORD)
    await colleague.shows_power("Off")

    await visitor.button("Reserve…").click()
    reserve = visitor.button("Reserve the node")
    await expect(reserve).to_be_disabled()
    await visitor.page.get_by_label("Why").fill("new fans")
    await visitor.page.get_by_label("How long").select_option("120")
    await reserve.click()
    await expect(visitor.at("reservation")).to_contain_text("You have reserved this node")
    await expect(visitor.button("Power on")).to_be_visible()

    banner = colleague.at("reservation")
    await expect(banner).to_contain_text("admin has reserved this node: do not touch it")
    await expect(banner).to_contain_text("new fans (since")
    await expect(banner).to_contain_text(", until ")
    await expect(colleague.button("Power on")).to_have_count(0)
    reinstall = colleague.button("Reinstall…")
    await expect(reinstall).to_be_disabled()
    await reinstall.focus()
    why = "admin has reserved this node: new fans"
    await expect(colleague.page.get_by_role("tooltip")).to_have_text(why)
    await expect(reinstall).to_have_accessible_description(why)
    await colleague.page.keyboard.press("Enter")
    await expect(colleague.page.get_by_role("dialog")).to_have_count(0)
    await colleague.button(f"Rescue or erase {empty}").click()
    for name in ("Rescue…", "Erase…"):
        choice = colleague.page.get_by_role("menuitem", name=name)
        await expect(choice).to_be_disabled()
        await expect(choice).to_contain_text(why)
    await colleague.page.keyboard.press("Escape")

    await colleague.button("Release the node").click()
    dialog = colleague.page.get_by_role("dialog")
    await dialog.get_by_label("Why").fill("admin is on leave")
    await dialog.get_by_role("button", name="Release the node").click()
    for page in (visitor, colleague):
        await expect(page.at("reservation")).to_have_count(0)
        await expect(page.button("Reserve…")).to_be_visible()
    await visitor.go(f"/nodes/{empty}/timeline?kind=Reservation")
    await expect(visitor.page.locator(".lo-happening").first).to_contain_text("released it: admin is on leave")


async def test_who_has_reserved_a_node_releases_it_without_being_asked(visitor: Visitor, empty: str) -> None:
    await visitor.sign_in(f"/nodes/{empty}")
    await visitor.button("Reserve…").click()
    await visitor.page.get_by_label("Why").fill("a look inside")
    await visitor.page.get_by_label("Why").press("Enter")
    await expect(visitor.at("reservation")).to_contain_text("a look inside")
    await visitor.button("Release the node").click()
    await expect(visitor.at("reservation")).to_have_count(0)
