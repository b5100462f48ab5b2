"""Many nodes reinstalled from the page: one is refused, the service restarts meanwhile, nothing is done twice."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.e2e.service import SYSTEMS, LiveService, booting
from tests.web.conftest import put_down
from tests.web.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest]

HELD, PASSWORD = "n2", "somebody-at-the-page"
WHOLE = 600.0
"""Seconds for two boots of a guest and the writing between them, on a machine that is busy with other tests."""


def jobs_of(service: LiveService, node: str) -> list[str]:
    which = f"$filter=Oem/Lightsout/System/@odata.id%20eq%20'{SYSTEMS}/{node}'"
    return [task["@odata.id"] for task in service.get(f"/redfish/v1/TaskService/Tasks?{which}")["Members"]]


async def test_two_are_asked_for_one_is_refused_and_a_restart_of_the_service_costs_the_other_nothing(
    visitor: Visitor, service: LiveService, empty: str
) -> None:
    page = visitor.page
    put_down(service, HELD)
    service.add_account("hanna", PASSWORD)
    reserve = f"{SYSTEMS}/{HELD}/Actions/Oem/Lightsout"
    held = service.call("POST", f"{reserve}.Reserve", {"Reason": "new fans"}, user="hanna", password=PASSWORD)
    assert held.status < 300, held.words
    try:
        before = {node: jobs_of(service, node) for node in (HELD, empty)}
        await visitor.sign_in()
        for node in (HELD, empty):
            await page.get_by_label(f"Select {node}", exact=True).check()
        await visitor.at("bulk").click()
        await visitor.at("bulk-reinstall").click()
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_contain_text(f"The service refuses it for {HELD}")
        await page.locator("#bulk-image-lightsout-mini").check(force=True)
        await page.fill("#reinstall-confirm", "2")
        run = visitor.at("run")
        async with booting():
            async with page.expect_response(f"**/Systems/{empty}/Actions/Oem/Lightsout.Reinstall"):
                await visitor.at("confirm-bulk").click()
            await expect(run).to_contain_text("1 failed")
            await asyncio.to_thread(service.stop)
            await expect(run).to_contain_text("waiting until the service answers", timeout=60_000)
            await asyncio.to_thread(service.start)
            await expect(run).not_to_contain_text("waiting until the service answers", timeout=60_000)
            await expect(run).to_have_attribute("data-ended", "true", timeout=WHOLE * 1000)
        await expect(run).to_contain_text("1 of 2 done, 1 failed")
        assert len(jobs_of(service, empty)) == len(before[empty]) + 1
        assert jobs_of(service, HELD) == before[HELD]

        await visitor.button("Show each node").click()
        await expect(visitor.at(f"run-{HELD}")).to_contain_text("hanna")
        await visitor.button("Try again on 1…").click()
        await expect(dialog.get_by_test_id("bulk-names").get_by_role("listitem")).to_have_text([HELD])
        await expect(visitor.at("confirm-bulk")).to_be_disabled()
        await expect(page.locator("#bulk-image-lightsout-mini")).to_be_checked()
        await dialog.get_by_role("button", name="Cancel").click()
        assert jobs_of(service, HELD) == before[HELD]
    finally:
        service.do("POST", f"{reserve}.Release", {"Note": "tested"})
