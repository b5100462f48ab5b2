"""WCAG 2.2 AA by axe in the menus and dialogs of every page, and focus is never lost."""

import re

import pytest
from playwright.async_api import Locator

from tests.web.axe import ASKS, in_dialog, in_menu, violations
from tests.web.pages import PLACES, TABS, Place, settled
from tests.web.visitor import Visitor

pytestmark = pytest.mark.browser

OPENERS = "button.pf-v6-c-menu-toggle:not(:disabled)"
"""Of menus."""


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
        wrong += await in_dialog(looked, button, button)
    for toggle in await _each_kind(page.locator(OPENERS)):
        wrong += await in_menu(looked, toggle)
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
