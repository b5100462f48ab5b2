"""Whatever goes wrong is told in words, with what to do: refusals, failures, an empty fleet, a clock that is off."""

import asyncio
from datetime import datetime, timedelta

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.service import LiveService
from tests.web.visitor import Visitor, visit

pytestmark = pytest.mark.browser

PASSWORD = "only-my-own-servers"
WORDS = {403: "refused the request (HTTP 403)", 500: "failed to answer (HTTP 500)"}


def add_account(service: LiveService, name: str, nodes: list[str]) -> None:
    service.add_account(name, PASSWORD, Oem={"Lightsout": {"Scope": {"Nodes": nodes}}})


async def test_an_operator_of_few_nodes_sees_those_alone(visitor: Visitor, service: LiveService) -> None:
    await asyncio.to_thread(add_account, service, "norma", ["n2"])
    await visitor.sign_in("/", "norma", PASSWORD)
    await expect(visitor.at("node-n2")).to_be_visible()
    await expect(visitor.at("node-n1")).to_have_count(0)
    await visitor.go("/nodes/n1")
    await expect(visitor.page.get_by_role("heading", name="There is no such page")).to_be_visible()
    await visitor.page.get_by_role("link", name="Back to the fleet").click()
    await expect(visitor.at("node-n2")).to_be_visible()


async def test_an_empty_fleet_says_what_to_do(visitor: Visitor, service: LiveService) -> None:
    await asyncio.to_thread(add_account, service, "nemo", ["no-such-node"])
    await visitor.sign_in("/", "nemo", PASSWORD)
    await expect(visitor.page.get_by_role("heading", name="No nodes yet")).to_be_visible()
    await expect(visitor.page.get_by_text("bmc node add")).to_be_visible()


@pytest.mark.parametrize("status", WORDS)
async def test_what_cannot_be_shown_says_why_and_is_tried_again(visitor: Visitor, empty: str, status: int) -> None:
    page = visitor.page
    await visitor.sign_in("/")
    await visitor.at(f"node-{empty}").wait_for()
    await page.route("**/redfish/v1/Systems*", lambda route: route.fulfill(status=status))
    await page.route(f"**/redfish/v1/Systems/{empty}", lambda route: route.fulfill(status=status))
    for path in ("/", f"/nodes/{empty}"):
        await visitor.go(path)
        await expect(page.get_by_text(WORDS[status])).to_be_visible()
    await page.unroute_all()
    await visitor.button("Try again").click()
    await visitor.shows_power("Off")


async def test_a_browser_whose_clock_is_off_tells_how_long_ago_things_were_all_the_same(
    browser: Browser, service: LiveService, empty: str
) -> None:
    for hours in (-3, 3):
        for state in ("On", "ForceOff"):
            await asyncio.to_thread(service.reset, empty, state)
        visitor = await visit(browser, service)
        await visitor.page.clock.install(time=datetime.now() + timedelta(hours=hours))
        await visitor.sign_in(f"/nodes/{empty}")
        await expect(visitor.at("last-power").locator("time")).to_have_text("just now")
        await visitor.context.close()


async def test_the_open_page_of_a_server_that_is_removed_says_that_it_is_gone(
    visitor: Visitor, service: LiveService
) -> None:
    await asyncio.to_thread(service.add_node, "n98")
    try:
        await visitor.sign_in("/nodes/n98")
        await visitor.shows_power("Off")
        await expect(visitor.at("connection-state")).to_have_attribute("data-state", "up")
    finally:
        await asyncio.to_thread(service.remove_node, "n98")
    await expect(visitor.page.get_by_role("heading", name="There is no such page")).to_be_visible()
