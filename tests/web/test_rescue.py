"""A rescue and an erase from the page, each with what it has to tell."""

import pytest
from playwright.async_api import expect

from tests.e2e.service import LiveService, booting
from tests.reinstall.samples import KEY
from tests.web.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest]

WHOLE = 600.0


async def test_a_node_is_rescued_and_erased_from_the_page(visitor: Visitor, service: LiveService, empty: str) -> None:
    page = visitor.page
    await visitor.sign_in(f"/nodes/{empty}")
    await visitor.button(f"Rescue or erase {empty}").click()
    await page.get_by_role("menuitem", name="Rescue…").click()
    start = visitor.at("start-rescue")
    await expect(start).to_be_disabled()
    await page.fill("#reinstall-keys", "no key")
    await start.click()
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("key 1")
    await page.fill("#reinstall-keys", KEY)
    job = visitor.at("job")
    async with booting():
        await start.click()
        await page.wait_for_url(f"**/nodes/{empty}/jobs")
        access = visitor.at("rescue-access")
        await expect(access).to_contain_text(f"bmc ssh {empty}", timeout=WHOLE * 1000)
        await expect(access).to_contain_text("SHA256:")
        await visitor.button("End the rescue").click()
        await expect(job).to_have_attribute("data-state", "Completed", timeout=WHOLE * 1000)
        await expect(access).to_have_count(0)

        await visitor.button(f"Rescue or erase {empty}").click()
        await page.get_by_role("menuitem", name="Erase…").click()
        start = visitor.at("start-erase")
        await page.get_by_label("Metadata").check(force=True)
        await expect(start).to_be_disabled()
        await page.fill("#reinstall-confirm", empty)
        await start.click()
        erased = visitor.at("erased")
        await expect(erased).to_contain_text("all zeros", timeout=WHOLE * 1000)
        await expect(job).to_have_attribute("data-state", "Completed", timeout=60_000)
    await expect(erased).to_contain_text("Metadata")
    await visitor.shows_power("Off")
