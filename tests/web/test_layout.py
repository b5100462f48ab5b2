"""Every page and tab on the narrowest and the widest glass: nothing scrolls sideways, lies outside, or jumps."""

import asyncio

import pytest
from playwright.async_api import Browser

from tests.e2e.service import LiveService
from tests.web.conftest import cancelled_rescue
from tests.web.line import line_to
from tests.web.pages import GOOD_SHIFT, NOWHERE, PLACES, SHIFTS, WINDOWS, settled, shifted
from tests.web.visitor import PHONE, SIDEWAYS, WIDE, WIDEST, visit

pytestmark = pytest.mark.browser

OUTSIDE = """() => [...document.querySelectorAll("button, a[href], input, select, textarea, h1, h2")]
    .filter(each => each.checkVisibility({visibilityProperty: true, opacityProperty: true}))
    .filter(each => !each.closest(".pf-v6-c-tabs, .lo-touch, .lo-console-bar, .xterm, table, [role=grid]"))
    .filter(each => each.getBoundingClientRect().right > innerWidth + 1)
    .map(each => each.outerHTML.slice(0, 200))"""
"""Controls and headings beyond the right edge, but for those in places that scroll by themselves."""


SLOW = 0.1
"""Seconds that what a page asks for takes, so that it is seen to come in pieces."""


@pytest.mark.parametrize("size", [PHONE, WIDE, WIDEST], ids=["phone", "wide", "4k"])
async def test_no_page_is_wider_than_the_glass(browser: Browser, service: LiveService, size: tuple[int, int]) -> None:
    visitor = await visit(browser, service, size)
    await visitor.sign_in()
    await visitor.at("account-menu").wait_for()
    wrong: list[str] = []
    for place in [*PLACES, *WINDOWS, NOWHERE]:
        await visitor.go(place.path)
        await settled(visitor)
        wrong += [f"{place.path}: {each}" for each in await visitor.page.evaluate(SIDEWAYS)]
        wrong += [f"{place.path}: {each}" for each in await visitor.page.evaluate(OUTSIDE)]
    assert "\n".join(wrong) == ""
    assert visitor.failures == []


async def test_no_page_jumps_while_it_loads(browser: Browser, service: LiveService, empty: str) -> None:
    for _ in range(2):
        await asyncio.to_thread(cancelled_rescue, service, empty)
    async with line_to(service.url) as line:
        visitor = await visit(browser, service, url=line.url)
        await visitor.page.add_init_script(f"({SHIFTS})()")
        await visitor.sign_in()
        await visitor.at("account-menu").wait_for()
        line.delay = SLOW
        wrong: list[str] = []
        for place in [*PLACES, *WINDOWS, NOWHERE]:
            await visitor.go(place.path)
            await settled(visitor)
            shifts = await shifted(visitor)
            if shifts >= GOOD_SHIFT:
                wrong.append(f"{place.path}: {shifts:.2f}")
        assert "\n".join(wrong) == ""
        assert visitor.failures == []
