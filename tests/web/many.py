"""A fleet of many nodes for the page, virtual ones that are off, so that no guest runs; and what one does in it."""

import asyncio

import aiohttp
from playwright.async_api import Page, expect

from tests.e2e.service import SYSTEMS, LiveService
from tests.web.visitor import Visitor

AT_ONCE = 8
PER_RACK = 50
MOST_DRAWN = 60
"""Rows that a window of this size may have in the document."""


def name_of(number: int) -> str:
    return f"node{number:04}"


def tags_of(number: int) -> list[str]:
    """50 to a rack: rack-a, rack-b…; and every third one `test`, the others `prod`."""
    return [f"rack-{chr(ord('a') + number // PER_RACK)}", "prod" if number % 3 else "test"]


async def add_many(service: LiveService, count: int) -> None:
    """node0000 and so on, with the tags of their numbers."""
    numbers = iter(range(count))

    async def some(client: aiohttp.ClientSession) -> None:
        for number in numbers:
            body = {"Name": name_of(number), "Oem": {"Lightsout": {"Tags": tags_of(number)}}}
            async with client.post(service.url + SYSTEMS, json=body) as reply:
                assert reply.status == 201, await reply.text()

    async with aiohttp.ClientSession(headers={"X-Auth-Token": service.token()}) as client:
        await asyncio.gather(*(some(client) for _ in range(AT_ONCE)))


async def drawn(page: Page) -> int:
    return await page.locator("[data-testid^=node-]").count()


async def scroll_to_end(page: Page) -> None:
    await page.evaluate(
        "() => { let box = document.querySelector('.lo-fleet, .lo-grid');"
        " while (!/auto|scroll/.test(getComputedStyle(box).overflowY)) box = box.parentElement;"
        " box.scrollTop = box.scrollHeight; }"
    )


async def choose(visitor: Visitor, first: int, last: int) -> None:
    """All from the one to the other, which are in sight."""
    await visitor.page.get_by_label(f"Select {name_of(first)}").click()
    await visitor.page.get_by_label(f"Select {name_of(last)}").click(modifiers=["Shift"])


async def act(visitor: Visitor, action: str) -> None:
    """Come to the dialog that asks about an action on all that are chosen."""
    await visitor.at("bulk").click()
    await visitor.at(f"bulk-{action}").click()
    await expect(visitor.at("confirm-bulk")).to_be_visible()


async def shows_every_node_by_scrolling(visitor: Visitor, count: int) -> None:
    """In the table and in the grid, of which only what is in sight is drawn."""
    first, last = visitor.at(f"node-{name_of(0)}"), visitor.at(f"node-{name_of(count - 1)}")
    await expect(first).to_be_visible()
    for layout in ("table", "grid"):
        await visitor.page.locator(f"#layout-{layout}").click()
        await expect(first).to_be_visible()
        assert await drawn(visitor.page) < (MOST_DRAWN if layout == "table" else 3 * MOST_DRAWN)
        # Rows are measured as they come into sight: the end moves a little the first time.
        for _ in range(20):
            await scroll_to_end(visitor.page)
            if await last.count():
                break
            await asyncio.sleep(0.2)
        await expect(last).to_be_in_viewport()
        await expect(first).to_have_count(0)
