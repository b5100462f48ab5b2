"""A fleet of many nodes: only what is in sight is drawn, what is filtered stands in the address, one acts on many."""

import asyncio
import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, Request, expect

from tests.e2e.service import SYSTEMS, LiveService
from tests.ports import free_port
from tests.web.many import MOST_DRAWN, act, add_many, choose, name_of, shows_every_node_by_scrolling
from tests.web.visitor import PHONE, Visitor, fits, visit
from tests.world import until

pytestmark = pytest.mark.browser

NODES = 200
FIRST_LOAD = 300_000
PASSWORD = "somebody-at-the-page"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    service = LiveService(tmp_path_factory.mktemp("fleet"), demo=False, config=f"[http]\nport = {free_port()}\n")
    try:
        asyncio.run(add_many(service.start(), NODES))
        for name, role in (("olga", "Operator"), ("vera", "ReadOnly")):
            service.add_account(name, PASSWORD, role)
        yield service
    finally:
        service.destroy()


async def test_every_node_is_there_and_only_those_in_sight_are_drawn(visitor: Visitor) -> None:
    await visitor.sign_in()
    await shows_every_node_by_scrolling(visitor, NODES)


async def test_the_first_load_of_the_fleet_is_small(visitor: Visitor) -> None:
    await visitor.sign_in()
    await visitor.go("/")
    await expect(visitor.at(f"node-{name_of(0)}")).to_be_visible()
    sent = await visitor.page.evaluate(
        "performance.getEntriesByType('resource').filter(({name}) => /[.](js|css)$/.test(name))"
        ".reduce((sum, {encodedBodySize}) => sum + encodedBodySize, 0)"
    )
    assert 50_000 < sent < FIRST_LOAD


async def test_what_is_filtered_and_sorted_stands_in_the_address(visitor: Visitor) -> None:
    await visitor.sign_in()
    await visitor.page.get_by_label("Filter nodes").fill("rack-b")
    await visitor.at("filters").click()
    await visitor.page.get_by_role("menuitem").filter(has_text=re.compile("^test")).click()
    await visitor.page.keyboard.press("Escape")
    await expect(visitor.at("shown")).to_have_text(re.compile(rf"^17 of {NODES}\b"))
    await visitor.page.get_by_role("button", name="Node", exact=True).click()
    await expect(visitor.page).to_have_url(re.compile(r"q=rack-b&tag=test&sort=-name$"))

    colleague = await visitor.open_tab(visitor.page.url.removeprefix(visitor.service.url))
    await expect(colleague.at("shown")).to_contain_text(f"17 of {NODES}")
    await expect(colleague.page.locator("[data-testid^=node-]").first).to_contain_text(name_of(99))

    await colleague.page.get_by_role("button", name="No longer filter by Tag: test").click()
    await expect(colleague.at("shown")).to_contain_text(f"50 of {NODES}")
    await colleague.page.get_by_label("Filter nodes").fill("no such node")
    await colleague.page.get_by_role("main").get_by_role("button", name="Clear the filter").last.click()
    await expect(colleague.at("shown")).to_contain_text(f"{NODES} of {NODES}")


async def test_a_view_with_a_name_comes_back_and_is_forgotten(visitor: Visitor) -> None:
    page = visitor.page
    await visitor.sign_in("/?tag=rack-c&show=grid")
    await expect(visitor.at("shown")).to_have_text(re.compile(rf"^50 of {NODES}\b"))
    await visitor.at("view").click()
    await visitor.at("save-view").click()
    await page.fill("#view-name", "Rack C")
    await visitor.button("Save").click()
    await visitor.go("/")
    await expect(visitor.at("shown")).to_contain_text(f"{NODES} of {NODES}")
    await visitor.at("view").click()
    await page.get_by_role("menuitem", name="Rack C").click()
    await expect(page).to_have_url(re.compile("tag=rack-c&show=grid"))
    await expect(visitor.at("shown")).to_have_text(re.compile(rf"^50 of {NODES}\b"))
    await visitor.at("view").click()
    await visitor.at("save-view").click()
    await visitor.button("Remove the view Rack C").click()
    await expect(page.get_by_text("Rack C")).to_have_count(0)


async def test_the_grid_has_a_group_for_each_rack(visitor: Visitor) -> None:
    await visitor.sign_in("/?show=grid")
    await expect(visitor.page.get_by_role("heading", name="rack-a 50")).to_be_visible()
    await expect(visitor.at(f"node-{name_of(0)}")).to_contain_text("Off")
    await visitor.at("view").click()
    await visitor.page.get_by_role("menuitem", name="Nothing").click()
    await expect(visitor.page.get_by_role("heading", name="rack-a")).to_have_count(0)
    await expect(visitor.page).to_have_url(re.compile("group=none"))


def is_of_all(request: Request) -> bool:
    return "expand" in request.url


async def test_an_event_changes_one_row_and_reads_one_node(visitor: Visitor, service: LiveService) -> None:
    begun: list[Request] = []
    ended: list[Request] = []
    visitor.page.on("request", lambda request: begun.append(request) if is_of_all(request) else None)
    visitor.page.on("requestfinished", lambda request: ended.append(request) if is_of_all(request) else None)
    await visitor.sign_in()
    row = visitor.at(f"node-{name_of(3)}")
    await expect(row).to_be_visible()
    await expect(visitor.at("connection-state")).to_have_attribute("data-state", "up")
    await until(lambda: len(begun) == len(ended), 60)
    begun.clear()
    await visitor.page.evaluate(
        "() => { window.touched = new Set(); new MutationObserver((changes) => { for (const {target} of changes) {"
        " const row = (target.nodeType === 1 ? target : target.parentElement).closest('[data-testid^=node-]');"
        " if (row) window.touched.add(row.dataset.testid); } })"
        ".observe(document.querySelector('.lo-fleet'), {subtree: true, childList: true, attributes: true,"
        " characterData: true}); }"
    )
    service.do("PATCH", f"{SYSTEMS}/{name_of(3)}", {"LocationIndicatorActive": True})
    await expect(row.get_by_role("img", name="Identify light is on")).to_be_visible()
    assert await visitor.page.evaluate("[...window.touched]") == [f"node-{name_of(3)}"]
    assert begun == []
    service.do("PATCH", f"{SYSTEMS}/{name_of(3)}", {"LocationIndicatorActive": False})


@pytest.mark.guest
async def test_power_for_many_is_confirmed_and_what_failed_is_tried_again(
    visitor: Visitor, service: LiveService
) -> None:
    page, names = visitor.page, [name_of(5), name_of(6)]
    held = f"{SYSTEMS}/{name_of(5)}/Actions/Oem/Lightsout"
    answer = service.call("POST", f"{held}.Reserve", {"Reason": "new fan"}, user="olga", password=PASSWORD)
    assert answer.status < 300, answer.words
    await visitor.sign_in()
    run, dialog = visitor.at("run"), page.get_by_role("dialog")
    try:
        await choose(visitor, 5, 6)
        await expect(visitor.at("shown")).to_contain_text("2 selected")
        await act(visitor, "On")
        await expect(dialog.get_by_test_id("bulk-names").get_by_role("listitem")).to_have_text(names)
        await expect(dialog).to_contain_text(f"The service refuses it for {name_of(5)}")
        await visitor.at("confirm-bulk").click()
        await page.get_by_role("link", name="Library").click()
        await expect(run).to_contain_text("1 of 2 done, 1 failed", timeout=60_000)
        await visitor.button("Show each node").click()
        failed = visitor.at(f"run-{name_of(5)}")
        await expect(failed).to_have_attribute("data-state", "failed")
        await expect(failed).to_contain_text("olga")

        service.do("POST", f"{held}.Release", {"Note": "tested"})
        await visitor.button("Try again on 1…").click()
        await expect(dialog.get_by_test_id("bulk-names").get_by_role("listitem")).to_have_text([name_of(5)])
        await visitor.at("confirm-bulk").click()
        await expect(run).to_contain_text("1 of 1 done", timeout=60_000)
        await visitor.button("Dismiss: Power on").click()
        await expect(run).to_have_count(0)

        await page.get_by_role("link", name="Fleet", exact=True).click()
        await expect(visitor.at("count-on")).to_contain_text("2")
        await choose(visitor, 5, 6)
        await act(visitor, "GracefulShutdown")
        await expect(dialog.get_by_test_id("bulk-names").get_by_role("listitem")).to_have_text(names)
        await expect(visitor.at("confirm-bulk")).to_be_disabled()
        await page.fill("#reinstall-confirm", "2")
        await expect(visitor.at("confirm-bulk")).to_be_enabled()
        await dialog.get_by_role("button", name="Cancel").click()
        await act(visitor, "ForceOff")
        await expect(visitor.at("confirm-bulk")).to_be_disabled()
        await page.fill("#reinstall-confirm", "2")
        await visitor.at("confirm-bulk").click()
        await expect(run).to_contain_text("2 of 2 done", timeout=60_000)
        for name in names:
            power = visitor.at(f"node-{name}").get_by_test_id("power-state")
            await expect(power).to_have_attribute("data-power", "Off", timeout=60_000)
    finally:
        for name in names:
            await asyncio.to_thread(service.off, name)


async def test_nothing_is_tried_again_on_what_was_removed_meanwhile(
    visitor: Visitor, service: LiveService, request: pytest.FixtureRequest
) -> None:
    page, dialog = visitor.page, visitor.page.get_by_role("dialog")
    request.addfinalizer(lambda: service.call("DELETE", f"{SYSTEMS}/gone"))
    service.add_node("gone")
    held = f"{SYSTEMS}/gone/Actions/Oem/Lightsout"
    answer = service.call("POST", f"{held}.Reserve", {"Reason": "new fan"}, user="olga", password=PASSWORD)
    assert answer.status < 300, answer.words
    await visitor.sign_in()
    await page.get_by_label("Select gone").click()
    await act(visitor, "reserve")
    await page.fill("#bulk-reason", "new disks")
    await visitor.at("confirm-bulk").click()
    await expect(visitor.at("run")).to_contain_text("0 of 1 done, 1 failed", timeout=60_000)
    service.do("POST", f"{held}.Release", {"Note": "tested"})
    service.do("DELETE", f"{SYSTEMS}/gone")
    await expect(visitor.at("node-gone")).to_have_count(0)
    await visitor.button("Show each node").click()
    await visitor.button("Try again on 1…").click()
    await expect(dialog).to_contain_text("None of these nodes is there any more: there is nothing to try again.")
    await expect(dialog.get_by_role("button")).to_have_text(["Close"])
    await visitor.button("Close").click()
    await expect(dialog).to_have_count(0)
    await visitor.button("Dismiss: Reserve").click()
    await expect(visitor.at("run")).to_have_count(0)


async def test_what_has_not_begun_is_stopped_and_the_tab_is_not_closed_unasked(
    visitor: Visitor, service: LiveService
) -> None:
    page = visitor.page
    await visitor.sign_in()
    await choose(visitor, 0, 3)
    await act(visitor, "identify")
    await page.fill("#bulk-size", "1")
    await page.fill("#bulk-seconds", "600")
    await visitor.at("confirm-bulk").click()
    run = visitor.at("run")
    await expect(run).to_contain_text("1 of 4 done")
    async with page.expect_event("dialog") as asked:
        await page.close(run_before_unload=True)
    question = await asked.value
    assert question.type == "beforeunload"
    await question.dismiss()

    await visitor.button("Show each node").click()
    await visitor.button("Stop what has not begun").click()
    await expect(run).to_contain_text("1 of 4 done, 3 stopped")
    lights = [service.system(name_of(number))["LocationIndicatorActive"] for number in range(4)]
    assert lights == [True, False, False, False]
    service.do("PATCH", f"{SYSTEMS}/{name_of(0)}", {"LocationIndicatorActive": False})


async def test_how_many_at_a_time_is_taken_as_it_is_typed_and_refused_while_it_is_no_number(visitor: Visitor) -> None:
    page = visitor.page
    await visitor.sign_in()
    await choose(visitor, 0, 3)
    await act(visitor, "identify")
    size = page.locator("#bulk-size")
    await size.click()
    await page.keyboard.press("Control+a")
    await page.keyboard.press("Backspace")
    await expect(size).to_have_value("")
    await expect(visitor.at("confirm-bulk")).to_be_disabled()
    await page.keyboard.press("Tab")
    await expect(page.get_by_text("A whole number is needed, 1 or more.")).to_be_visible()
    await size.click()
    await page.keyboard.type("2")
    await expect(size).to_have_value("2")
    await expect(page.get_by_text("In 2 batches.")).to_be_visible()
    await expect(page.get_by_text("A whole number is needed, 1 or more.")).to_have_count(0)
    await expect(visitor.at("confirm-bulk")).to_be_enabled()


async def test_a_power_action_on_many_comes_again_after_a_reload_and_is_stopped_from_another_tab(
    visitor: Visitor, service: LiveService
) -> None:
    names = [name_of(number) for number in range(20, 24)]
    await visitor.sign_in("/?q=node002")
    await expect(visitor.at(f"node-{names[0]}")).to_be_visible()
    order = {
        "ResetType": "ForceOff",
        "TargetURIs": [f"{SYSTEMS}/{name}" for name in names],
        "BatchSize": 1,
        "DelayBetweenBatchesInSeconds": 3600,
    }
    service.do("POST", "/redfish/v1/AggregationService/Actions/AggregationService.Reset", order)
    run = visitor.at("run")
    await expect(run).to_contain_text("Force off 1 of 4 done")

    await visitor.page.reload()
    await expect(run).to_contain_text("Force off 1 of 4 done")
    other = await visitor.open_tab(f"/nodes/{names[0]}")
    await other.button("Show each node").click()
    await expect(other.at(f"run-{names[0]}")).to_have_attribute("data-state", "done")
    await expect(other.at(f"run-{names[3]}")).to_have_attribute("data-state", "waiting")
    await other.button("Stop what has not begun").click()
    for tab in (other, visitor):
        await expect(tab.at("run")).to_contain_text("1 of 4 done, 3 stopped")
        await expect(tab.at("run")).to_have_attribute("data-ended", "true")
    await visitor.button("Dismiss: Force off").click()
    await expect(run).to_have_count(0)
    await visitor.page.reload()
    await expect(visitor.at(f"node-{names[0]}")).to_be_visible()
    await expect(run).to_have_count(0)


async def test_what_a_colleague_does_to_many_nodes_is_seen_in_the_fleet_and_can_be_stopped(
    visitor: Visitor, service: LiveService
) -> None:
    order = {
        "ResetType": "ForceOff",
        "TargetURIs": [f"{SYSTEMS}/{name_of(number)}" for number in range(30, 33)],
        "BatchSize": 1,
        "DelayBetweenBatchesInSeconds": 3600,
    }
    await visitor.sign_in()
    await expect(visitor.at("connection-state")).to_have_attribute("data-state", "up")
    path = "/redfish/v1/AggregationService/Actions/AggregationService.Reset"
    begun = service.call("POST", path, order, user="olga", password=PASSWORD)
    assert begun.status == 202, begun.words
    line = visitor.at("others-run")
    await expect(line).to_contain_text("Force off by olga: 1 of 3 done")
    await expect(visitor.at("run")).to_have_count(0)
    await visitor.button("Show each node").click()
    dialog = visitor.page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Force off by olga")
    await dialog.get_by_role("button", name="Stop what has not begun").click()
    await expect(line).to_have_count(0)
    await expect(dialog).to_contain_text("1 of 3 done, 2 stopped")
    await expect(dialog.get_by_role("button", name="Try again on 2…")).to_have_count(0)


async def test_many_are_reserved_with_a_reason_and_released(visitor: Visitor, service: LiveService) -> None:
    page = visitor.page
    await visitor.sign_in("/?tag=rack-d")
    await expect(visitor.at("shown")).to_have_text(re.compile(rf"^50 of {NODES}\b"))
    await page.get_by_label("Select all nodes that are shown").check()
    await act(visitor, "reserve")
    await expect(visitor.at("confirm-bulk")).to_be_disabled()
    await page.fill("#bulk-reason", "moving the rack")
    await visitor.at("confirm-bulk").click()
    await expect(visitor.at("run")).to_contain_text("50 of 50 done")
    await expect(visitor.at(f"node-{name_of(150)}")).to_contain_text("admin: moving the rack")
    await visitor.go("/?use=reserved")
    await expect(visitor.at("shown")).to_have_text(re.compile(rf"^50 of {NODES}\b"))
    await page.get_by_label("Select all nodes that are shown").check()
    await act(visitor, "release")
    await visitor.at("confirm-bulk").click()
    await expect(visitor.at("run")).to_contain_text("50 of 50 done")
    await expect(visitor.at("shown")).to_have_text(re.compile(rf"^0 of {NODES}\b"))


async def test_who_only_reads_is_offered_no_selection(browser: Browser, service: LiveService) -> None:
    visitor = await visit(browser, service)
    await visitor.sign_in("/", "vera", PASSWORD)
    await expect(visitor.at(f"node-{name_of(0)}")).to_be_visible()
    await expect(visitor.at("bulk")).to_have_count(0)
    await expect(visitor.page.get_by_role("checkbox")).to_have_count(0)
    assert visitor.failures == []


async def test_neither_table_nor_grid_nor_confirmation_is_wider_than_a_phone(
    browser: Browser, service: LiveService
) -> None:
    phone = await visit(browser, service, PHONE, has_touch=True, is_mobile=True)
    await phone.sign_in()
    await expect(phone.at(f"node-{name_of(0)}")).to_be_visible()
    await fits(phone)
    await phone.page.locator("#layout-grid").tap()
    await expect(phone.at("grid")).to_be_visible()
    await fits(phone)
    await phone.page.get_by_label("Select all nodes that are shown").check()
    await phone.at("bulk").tap()
    await phone.at("bulk-identify").tap()
    names = phone.at("bulk-names")
    await expect(names).to_contain_text(name_of(0))
    assert await names.get_by_role("listitem").count() < MOST_DRAWN
    await names.evaluate("box => { box.scrollTop = box.scrollHeight; }")
    await expect(names).to_contain_text(name_of(NODES - 1))
    await fits(phone)
    assert phone.failures == []
