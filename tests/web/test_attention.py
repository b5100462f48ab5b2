"""What the page asks by itself keeps no session: only who touches it does."""

import pytest
from playwright.async_api import Request, expect

from tests.e2e.service import LiveService
from tests.web.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest]

PATIENCE = 60_000


def is_marked(request: Request) -> bool:
    return "lightsout-unattended" in request.headers


def is_unmarked(request: Request) -> bool:
    return request.resource_type == "fetch" and "/redfish/" in request.url and not is_marked(request)


async def test_the_page_says_of_what_it_asks_whether_somebody_has_touched_it(
    visitor: Visitor, service: LiveService, empty: str
) -> None:
    await visitor.sign_in(f"/nodes/{empty}")
    await expect(visitor.at("connection-state")).to_have_attribute("data-state", "up")
    async with visitor.page.expect_request(is_marked, timeout=PATIENCE):
        service.reset(empty, "On")
    await visitor.shows_power("On")
    async with visitor.page.expect_request(is_unmarked, timeout=PATIENCE):
        await visitor.page.mouse.move(20, 20)
        service.reset(empty, "ForceOff")
    await visitor.shows_power("Off")
