"""WCAG 2.2 AA by axe on every page and tab; a page that is not listed fails."""

import asyncio

import pytest
from playwright.async_api import Route, expect

from tests.e2e.service import LiveService
from tests.web.axe import violations
from tests.web.conftest import cancelled_rescue
from tests.web.pages import NOWHERE, PLACES, SIGN_IN, WINDOWS, Place, listed_as, reachable, settled
from tests.web.rack import BUTTON, RELAYS, wired
from tests.web.visitor import Visitor

pytestmark = pytest.mark.browser


async def test_every_page_and_tab_that_can_be_reached_is_listed(looked: Visitor) -> None:
    assert await reachable(looked) == {listed_as(place.path) for place in PLACES}


async def test_axe_finds_nothing_before_one_has_signed_in(visitor: Visitor) -> None:
    await visitor.sign_in(SIGN_IN.path, password="not the password")
    await visitor.at("sign-in-error").wait_for()
    assert "\n".join(await violations(visitor)) == ""


@pytest.mark.parametrize("place", [*PLACES, *WINDOWS, NOWHERE], ids=lambda place: place.name)
async def test_axe_finds_nothing_on_a_page(looked: Visitor, service: LiveService, empty: str, place: Place) -> None:
    if place.name == "node-jobs":
        await asyncio.to_thread(cancelled_rescue, service, empty)
    await looked.go(place.path)
    await settled(looked)
    assert "\n".join(await violations(looked)) == ""


async def test_axe_finds_nothing_where_many_nodes_have_one_image(looked: Visitor) -> None:
    async def on_all(route: Route) -> None:
        answer = await route.fetch()
        images = await answer.json()
        for image in images["Members"]:
            image["UsedBy"] = ["n1", "n2", "rack-9"]
        await route.fulfill(response=answer, json=images)

    await looked.page.route("**/redfish/v1/Oem/Lightsout/Images?*", on_all)
    await looked.go("/library")
    await expect(looked.page.get_by_role("link", name="rack-9").first).to_be_visible()
    assert "\n".join(await violations(looked)) == ""


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
            await looked.at("start-stop").click()
            await looked.button("Release…").wait_for()
            wrong += await violations(looked)
            await looked.button("Release…").click()
            await looked.at("start-release").wait_for()
            wrong += await violations(looked)
            await looked.at("start-release").click()
            await expect(page.get_by_role("dialog")).to_have_count(0)
            await pressing
        finally:
            for node in (RELAYS, BUTTON):
                await asyncio.to_thread(service.do, "DELETE", f"/redfish/v1/Systems/{node}")
        assert "\n".join(wrong) == ""
