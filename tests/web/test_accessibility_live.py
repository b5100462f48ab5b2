"""WCAG 2.2 AA by axe at a node that is on: its power dialog, and its consoles with all that they offer."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.e2e.service import LiveService
from tests.web.axe import FEW, in_dialog, in_menu, violations
from tests.web.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest]


@pytest.fixture
async def live(looked: Visitor, service: LiveService, empty: str) -> str:
    """A node on which nothing but firmware runs."""
    await asyncio.to_thread(service.reset, empty, "On")
    return empty


async def test_axe_finds_nothing_where_one_is_asked_before_the_power_is_cut(looked: Visitor, live: str) -> None:
    await looked.go(f"/nodes/{live}")
    await looked.shows_power("On")
    menu = looked.at(f"power-menu-{live}")
    await menu.click()
    wrong = await violations(looked, FEW)
    wrong += await in_dialog(looked, looked.at("power-ForceOff").get_by_role("menuitem"), menu)
    assert "\n".join(wrong) == ""


async def test_axe_finds_nothing_at_a_screen_that_is_shown_nor_in_what_it_offers(looked: Visitor, live: str) -> None:
    await looked.go(f"/nodes/{live}/screen")
    await looked.console_open()
    keys, paste = looked.button("Ctrl-Alt-Del"), looked.button("Paste text")
    await expect(keys).to_be_enabled()
    wrong = await violations(looked)
    wrong += await in_menu(looked, looked.button("Keys"))
    wrong += await in_dialog(looked, keys, keys)
    wrong += await in_dialog(looked, paste, paste)
    assert "\n".join(wrong) == ""


async def test_axe_finds_nothing_at_a_serial_console_that_is_open_nor_in_what_it_offers(
    looked: Visitor, live: str
) -> None:
    page = looked.page
    await looked.go(f"/nodes/{live}/serial")
    await looked.console_open()
    paste, log = looked.button("Paste"), looked.button("Log")
    await expect(paste).to_be_enabled()
    wrong = await violations(looked)
    wrong += await in_menu(looked, looked.button("Keys"))
    wrong += await in_dialog(looked, paste, paste)
    wrong += await in_dialog(looked, log, log)
    await log.click()
    await page.get_by_role("tab", name="Replay").click()
    wrong += await violations(looked, FEW)
    await looked.button("Download").click()
    wrong += await violations(looked, FEW)
    assert "\n".join(wrong) == ""


async def test_axe_finds_nothing_at_both_consoles_in_a_window_of_their_own(looked: Visitor, live: str) -> None:
    await looked.go(f"/window/{live}/both")
    for console in (0, 1):
        await expect(looked.at("console-state").nth(console)).to_have_attribute("data-phase", "open")
    assert "\n".join(await violations(looked)) == ""
