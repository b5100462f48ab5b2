"""WCAG 2.2 AA by axe on every page, tab, menu and dialog, and focus is never lost; a page that is not listed fails."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, ConsoleMessage, Locator, expect

from tests.e2e.service import LiveService
from tests.web.axe import violations
from tests.web.pages import NOWHERE, PLACES, SIGN_IN, TABS, WINDOWS, Place, listed_as, reachable, settled
from tests.web.rack import BUTTON, RELAYS, wired
from tests.web.visitor import Visitor, visit

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

OPENERS = "button.pf-v6-c-menu-toggle:not(:disabled)"
"""Of menus."""
ASKS = re.compile("…$")
"""What opens a dialog ends so, all over the page."""


@pytest.fixture
async def looked(browser: Browser, service: LiveService, empty: str) -> AsyncIterator[Visitor]:
    """Signed in; the browser must have had nothing to complain of, such as what the content policy forbids."""
    visitor = await visit(browser, service)
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and "status of 4" not in message.text:
            complaints.append(message.text)

    visitor.page.on("console", hear)
    await visitor.sign_in()
    await visitor.at("account-menu").wait_for()
    yield visitor
    assert visitor.failures == []
    assert complaints == []


async def test_every_page_and_tab_that_can_be_reached_is_listed(looked: Visitor) -> None:
    assert await reachable(looked) == {listed_as(place.path) for place in PLACES}


async def test_axe_finds_nothing_before_one_has_signed_in(visitor: Visitor) -> None:
    await visitor.sign_in(SIGN_IN.path, password="not the password")
    await visitor.at("sign-in-error").wait_for()
    assert "\n".join(await violations(visitor)) == ""


@pytest.mark.parametrize("place", [*PLACES, *WINDOWS, NOWHERE], ids=lambda place: place.name)
async def test_axe_finds_nothing_on_a_page(looked: Visitor, place: Place) -> None:
    await looked.go(place.path)
    await settled(looked)
    assert "\n".join(await violations(looked)) == ""


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
async def test_axe_finds_nothing_in_the_menus_and_dialogs_of_a_page_and_focus_comes_back_from_them(
    looked: Visitor, place: Place
) -> None:
    page = looked.page
    wrong: list[str] = []
    await looked.go(place.path)
    await settled(looked)
    tabs = page.locator(TABS)
    for number in range(await tabs.count()):
        if await tabs.nth(number).get_attribute("aria-selected") == "true":
            continue
        await tabs.nth(number).click()
        if page.url == looked.service.url + place.path:
            await settled(looked)
            wrong += await violations(looked)
        else:
            await looked.go(place.path)
            await settled(looked)

    for button in await _each_kind(
        page.get_by_role("button", name=ASKS).and_(page.locator("button:enabled:not([aria-disabled=true])"))
    ):
        wrong += await _in_dialog(looked, button, button)
    for toggle in await _each_kind(page.locator(OPENERS)):
        wrong += await _in_menu(looked, toggle)
    assert "\n".join(wrong) == ""


@pytest.mark.slow
async def test_axe_finds_nothing_where_hardware_is_stopped_unknown_or_somebody_must_act(
    looked: Visitor, service: LiveService
) -> None:
    page = looked.page
    with wired(service) as rack:
        wrong: list[str] = []
        try:
            await asyncio.to_thread(rack.renew)
            pressing = asyncio.create_task(asyncio.to_thread(rack.press, "On"))
            await looked.go(f"/nodes/{RELAYS}")
            await looked.at(f"assignment-{BUTTON}").wait_for()
            wrong += await violations(looked)
            await looked.at("emergency-stop").click()
            await page.get_by_role("dialog").wait_for()
            wrong += await violations(looked)
            await looked.at("confirm-stop").click()
            await looked.button("Release…").wait_for()
            wrong += await violations(looked)
            await looked.button("Release…").click()
            await looked.at("confirm-release").wait_for()
            wrong += await violations(looked)
            await looked.at("confirm-release").click()
            await expect(page.get_by_role("dialog")).to_have_count(0)
            await pressing
        finally:
            for node in (RELAYS, BUTTON):
                await asyncio.to_thread(service.do, "DELETE", f"/redfish/v1/Systems/{node}")
        assert "\n".join(wrong) == ""


async def _each_kind(buttons: Locator) -> list[Locator]:
    """One of those that differ only in the node they are for."""
    kinds: dict[str, Locator] = {}
    for number in range(await buttons.count()):
        button = buttons.nth(number)
        if await button.is_visible():
            name = await button.get_attribute("aria-label") or await button.inner_text()
            kinds.setdefault(re.sub(r"\bn\d+\b", "", name), button)
    return list(kinds.values())


async def _in_menu(visitor: Visitor, toggle: Locator) -> list[str]:
    """What is wrong in a menu, and in each dialog that it leads to."""
    page = visitor.page
    await toggle.click()
    await expect(toggle).to_have_attribute("aria-expanded", "true")
    wrong = await violations(visitor)
    asking = page.get_by_role("menuitem", name=ASKS).and_(page.locator(":enabled:not([aria-disabled=true])"))
    names = [(await each.inner_text()).partition("\n")[0] for each in await asking.all()]
    await page.keyboard.press("Escape")
    await expect(toggle).to_be_focused()
    for name in names:
        await toggle.click()
        wrong += await _in_dialog(visitor, page.get_by_role("menuitem", name=name), toggle)
    return wrong


async def _in_dialog(visitor: Visitor, opener: Locator, back: Locator) -> list[str]:
    """What is wrong in a dialog; the keyboard is where it was once the dialog has gone."""
    await opener.click()
    dialog = visitor.page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    await settled(visitor)
    wrong = await violations(visitor)
    await visitor.page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(back).to_be_focused()
    return wrong
