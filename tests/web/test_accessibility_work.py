"""WCAG 2.2 AA by axe while something goes on: many nodes at once, a reinstall and its job, a hold, a lost line."""

import asyncio
import os
import signal

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.service import SYSTEMS, LiveService, booting, wait_until
from tests.web.axe import FEW, in_dialog, in_menu, violations
from tests.web.conftest import put_down
from tests.web.line import line_to
from tests.web.pages import settled
from tests.web.sessions import end_sessions
from tests.web.visitor import Visitor, visit

pytestmark = [pytest.mark.browser, pytest.mark.guest]

HOLDER, PASSWORD = "holly", "keeps-it-for-herself"


async def test_axe_finds_nothing_in_what_is_done_to_many(looked: Visitor, service: LiveService, empty: str) -> None:
    page, other = looked.page, "n2"
    put_down(service, other)
    await looked.go("/?show=grid")
    await settled(looked)
    for node in (other, empty):
        await page.get_by_label(f"Select {node}", exact=True).check()
    wrong = await violations(looked)
    wrong += await in_menu(looked, looked.at("bulk"))

    await looked.at("bulk").click()
    await looked.at("bulk-identify").click()
    await page.fill("#bulk-size", "1")
    await page.fill("#bulk-seconds", "600")
    await looked.at("confirm-bulk").click()
    run = looked.at("run")
    await expect(run).to_contain_text("1 of 2 done")
    wrong += await violations(looked)
    show = looked.button("Show each node")
    wrong += await in_dialog(looked, show, show)
    await show.click()
    await looked.button("Stop what has not begun").click()
    await expect(run).to_contain_text("1 of 2 done, 1 stopped")
    wrong += await violations(looked, FEW)
    for node in (other, empty):
        service.do("PATCH", f"{SYSTEMS}/{node}", {"LocationIndicatorActive": False})
    assert "\n".join(wrong) == ""


async def test_axe_finds_nothing_where_an_image_is_changed_or_deleted(looked: Visitor, image: str) -> None:
    await looked.go("/library")
    await settled(looked)
    wrong: list[str] = []
    for name in (f"Change what is said of {image}", f"Delete {image}"):
        wrong += await in_dialog(looked, looked.button(name), looked.button(name))
    assert "\n".join(wrong) == ""


async def test_axe_finds_nothing_in_any_step_of_a_reinstall(looked: Visitor, empty: str, image: str) -> None:
    page = looked.page
    await looked.go(f"/nodes/{empty}")
    await looked.button("Reinstall…").click()
    dialog = page.get_by_role("dialog")
    await page.get_by_label(image).check(force=True)
    wrong: list[str] = []
    for step in ("Disk", "System", "Network", "User data", "Review"):
        await dialog.get_by_role("button", name=step, exact=True).click()
        if step == "Network":
            await page.get_by_label("As told here").check(force=True)
        await settled(looked)
        wrong += [f"{step}: {each}" for each in await violations(looked, FEW)]
    assert "\n".join(wrong) == ""


async def test_axe_finds_nothing_at_a_job_that_runs_nor_at_one_that_failed(
    looked: Visitor, service: LiveService, empty: str
) -> None:
    job = looked.at("job")
    order = {"Image": "lightsout-mini", "Hostname": empty, "SSHKeys": []}
    async with booting():
        await asyncio.to_thread(service.do, "POST", f"{SYSTEMS}/{empty}/Actions/Oem/Lightsout.Reinstall", order)
        await asyncio.to_thread(wait_until, lambda: service.power(empty) == "On", 60, f"{empty} on for its ramdisk")
        await looked.go(f"/nodes/{empty}/jobs")
        await expect(job).to_have_attribute("data-state", "Running")
        cancel = looked.button("Cancel the job…")
        wrong = await in_dialog(looked, cancel, cancel)
        pid = await asyncio.to_thread(service.qemu, empty)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await expect(job).to_have_attribute("data-state", "Exception", timeout=120_000)
    wrong += await violations(looked)
    assert "\n".join(wrong) == ""


async def test_axe_finds_nothing_where_somebody_else_holds_the_node(
    looked: Visitor, service: LiveService, empty: str
) -> None:
    await asyncio.to_thread(service.add_account, HOLDER, PASSWORD)
    actions = f"{SYSTEMS}/{empty}/Actions/Oem/Lightsout"
    held = service.call("POST", f"{actions}.Reserve", {"Reason": "new fans"}, user=HOLDER, password=PASSWORD)
    assert held.status < 300, held.words
    try:
        await looked.go(f"/nodes/{empty}")
        await expect(looked.at("reservation")).to_contain_text("new fans")
        wrong = await violations(looked)
        await looked.button("Release the node").click()
        await looked.page.get_by_role("dialog").wait_for()
        wrong += await violations(looked, FEW)
    finally:
        service.do("POST", f"{actions}.Release", {"Note": "looked at"})
    assert "\n".join(wrong) == ""


async def test_axe_finds_nothing_while_the_line_is_lost(browser: Browser, service: LiveService, empty: str) -> None:
    async with line_to(service.url) as line:
        far = await visit(browser, service, url=line.url)
        await far.sign_in(f"/nodes/{empty}")
        await far.shows_power("Off")
        await expect(far.at("connection-state")).to_have_attribute("data-state", "up")
        line.cut()
        await expect(far.page.get_by_text("No live updates since")).to_be_visible()
        assert "\n".join(await violations(far)) == ""
        assert far.failures == []


async def test_axe_finds_nothing_where_one_is_to_sign_in_again(
    looked: Visitor, service: LiveService, empty: str
) -> None:
    await looked.go(f"/nodes/{empty}")
    await looked.shows_power("Off")
    await asyncio.to_thread(end_sessions, service)
    await looked.at("sign-in-again").wait_for()
    assert "\n".join(await violations(looked)) == ""
