"""Without a mouse, without motion, in forced colours and at 400 %: everything is reached, and seen to be."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.service import ADMIN, ADMIN_PASSWORD, LiveService
from tests.web.pages import PLACES, Place, settled
from tests.web.visitor import Visitor, visit

pytestmark = [pytest.mark.browser, pytest.mark.guest]

FOCUSED = """() => {
    const is = document.activeElement;
    return {
        text: is.getAttribute("aria-label") || is.innerText || is.id || "",
        lost: is === document.body,
        seen: is.matches(":focus-visible") && (() => {
            for (let each = is, up = 0; each && up < 3; each = each.parentElement, up += 1) {
                const style = getComputedStyle(each), after = getComputedStyle(each, "::after");
                if (style.outlineStyle !== "none" || style.boxShadow !== "none") return true;
                if (after.borderStyle !== "none" && parseFloat(after.borderWidth) > 0) return true;
            }
            return false;
        })(),
    };
}"""
STEPS = 300
"""Presses of Tab that nothing on a page is further away than."""
MOVES = """() => document.getAnimations().filter(each => each.playState === "running"
    && each.effect.getTiming().iterations === Infinity
    && !each.effect.target?.closest("[role=progressbar]")).length"""
NARROW = 320
"""CSS pixels that 1280 are at 400 % (WCAG 1.4.10)."""


async def tab_to(visitor: Visitor, text: str, key: str = "Tab") -> None:
    """Press the key until what is named so has the focus, which is in sight wherever it is meanwhile."""
    passed = []
    for _ in range(STEPS):
        await visitor.page.keyboard.press(key)
        focused = await visitor.page.evaluate(FOCUSED)
        if not focused["lost"]:
            assert focused["seen"], f"nobody sees that {focused['text']!r} has the focus"
        if focused["text"].strip().startswith(text):
            return
        passed.append(focused["text"])
    raise AssertionError(f"no {text!r} among {passed}")


async def test_without_a_mouse_one_signs_in_powers_a_node_and_leaves_its_consoles(
    visitor: Visitor, service: LiveService, empty: str
) -> None:
    page, press = visitor.page, visitor.page.keyboard.press
    await visitor.go("/")
    await expect(page.locator("#user")).to_be_focused()
    await page.keyboard.type(ADMIN)
    await press("Tab")
    await page.keyboard.type(ADMIN_PASSWORD)
    await press("Enter")
    await visitor.at(f"node-{empty}").wait_for()

    await press("Tab")
    await expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    await press("Enter")
    await tab_to(visitor, empty)
    await press("Enter")
    await visitor.shows_power("Off")
    await expect(page.locator("main")).to_be_focused()

    await tab_to(visitor, f"Power actions of {empty}")
    await press("Enter")
    await expect(visitor.at("power-On")).to_be_visible()
    while not await visitor.at("power-On").evaluate("item => item.contains(document.activeElement)"):
        await press("ArrowDown")
    await press("Enter")
    await visitor.shows_power("On")
    await expect(visitor.at(f"power-menu-{empty}")).to_be_focused()

    for view in ("Screen", "Serial"):
        await tab_to(visitor, view)
        await press("Enter")
        await visitor.console_open()
        inside = visitor.at(view.lower())
        await expect(inside.locator(":focus")).to_have_count(1)
        await press("Tab")
        await expect(inside.locator(":focus")).to_have_count(1)
        await expect(page.get_by_text("Ctrl-Alt-Home leaves the console")).to_be_visible()
        await press("Control+Alt+Home")
        await expect(inside.locator(":focus")).to_have_count(0)
        await expect(page.locator(".lo-console-bar :focus")).to_have_count(1)
        await page.locator("main").focus()

    await tab_to(visitor, f"Power actions of {empty}")
    await press("Enter")
    await expect(visitor.at("power-ForceOff")).to_be_visible()
    while not await visitor.at("power-ForceOff").evaluate("item => item.contains(document.activeElement)"):
        await press("ArrowDown")
    await press("Enter")
    await expect(page.get_by_role("dialog").locator(":focus")).to_have_text("Cancel")
    await press("Shift+Tab")
    await expect(visitor.at("confirm-power")).to_be_focused()
    await press("Enter")
    await visitor.shows_power("Off")
    assert not (await page.evaluate(FOCUSED))["lost"]


@pytest.fixture
async def narrow(browser: Browser, service: LiveService) -> AsyncIterator[Visitor]:
    """At 400 %, in colours that the system forces, who asks for less motion."""
    visitor = await visit(browser, service, (NARROW, 256), forced_colors="active", reduced_motion="reduce")
    await visitor.sign_in()
    await visitor.at("account-menu").wait_for()
    yield visitor
    assert visitor.failures == []


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
async def test_at_400_percent_a_page_is_as_wide_as_the_glass_and_nothing_moves(
    narrow: Visitor, empty: str, place: Place
) -> None:
    await narrow.go(place.path)
    await settled(narrow)
    assert await narrow.page.evaluate("document.documentElement.scrollWidth") == NARROW
    assert await narrow.page.evaluate(MOVES) == 0
    await narrow.page.keyboard.press("Control+Alt+Home")
    await tab_to(narrow, f"Account {ADMIN}", "Shift+Tab")
