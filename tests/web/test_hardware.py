"""What real hardware brings to the page: senses and votes, plans, the emergency stop, and what people are asked."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.service import LiveService
from tests.ports import free_port
from tests.robots.modbus_device import running_board
from tests.web.latin import latin_words
from tests.web.rack import BUTTON, RELAYS, Rack, wired
from tests.web.visitor import PHONE, Visitor, fits, visit

pytestmark = pytest.mark.browser

PASSWORD = "somebody-at-the-page"


@pytest.fixture(scope="module")
def wired_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rack]:
    service = LiveService(tmp_path_factory.mktemp("hardware"), demo=False, config=f"[http]\nport = {free_port()}\n")
    with ExitStack() as stack:
        stack.callback(service.destroy)
        rack = stack.enter_context(wired(service.start()))
        for name, role in (("olga", "Operator"), ("vera", "ReadOnly")):
            service.add_account(name, PASSWORD, role)
        yield rack


@pytest.fixture
def service(wired_service: Rack) -> LiveService:
    return wired_service.service


@pytest.fixture
def rack(wired_service: Rack) -> Rack:
    wired_service.renew()
    return wired_service


@pytest.fixture
async def other(browser: Browser, rack: Rack) -> AsyncIterator[Visitor]:
    """Somebody else, at a browser of their own."""
    visitor = await visit(browser, rack.service)
    yield visitor
    assert visitor.failures == []


@pytest.fixture
async def phone(browser: Browser, rack: Rack) -> AsyncIterator[Visitor]:
    visitor = await visit(browser, rack.service, PHONE, has_touch=True, is_mobile=True)
    yield visitor
    assert visitor.failures == []


async def test_a_window_for_a_console_that_a_node_has_not_says_so(rack: Rack, visitor: Visitor) -> None:
    await visitor.sign_in(f"/window/{RELAYS}/screen")
    await expect(visitor.page.get_by_text(f"{RELAYS} has no such console")).to_be_visible()


async def test_each_sense_tells_what_it_says_and_who_is_outvoted(rack: Rack, visitor: Visitor) -> None:
    await asyncio.to_thread(rack.service.reset, RELAYS, "On")
    await visitor.sign_in(f"/nodes/{RELAYS}")
    senses = visitor.page.get_by_role("list", name=f"Senses of {RELAYS}").locator("[data-counts]")
    await expect(senses).to_have_count(3)
    for number in range(3):
        await expect(senses.nth(number)).to_contain_text("On")
    await expect(visitor.at("last-action")).to_contain_text("Power on by admin")
    await expect(visitor.at("last-action")).to_contain_text("Done, just now")

    rack.plant.fault("led", "dead")
    led = senses.filter(has_text="di0")
    await expect(led).to_contain_text("Outvoted: a2 is believed to be On.")  # it comes without an event
    await expect(led).to_have_attribute("data-counts", "true")
    await expect(visitor.at("reason").first).to_contain_text("the senses differ")
    await visitor.shows_power("On")


async def test_an_action_that_failed_tells_why(rack: Rack, visitor: Visitor) -> None:
    await asyncio.to_thread(rack.service.reset, RELAYS, "On")
    rack.plant.fault("power", "stuck")
    await visitor.sign_in(f"/nodes/{RELAYS}")
    await visitor.shows_power("On")
    await visitor.choose_power(RELAYS, "ForceOff")
    await visitor.at("confirm-power").click()
    last = visitor.at("last-action")
    await expect(last).to_contain_text("Force off by admin", timeout=30_000)
    await expect(last).to_contain_text("Failed")
    await expect(last).to_contain_text("still reads On")


async def test_the_dialog_of_a_dangerous_action_shows_the_plan_and_its_hindrances(rack: Rack, visitor: Visitor) -> None:
    await asyncio.to_thread(rack.service.reset, RELAYS, "On")
    await visitor.sign_in(f"/nodes/{RELAYS}")
    await visitor.shows_power("On")
    await visitor.choose_power(RELAYS, "ForceOff")
    plan = visitor.page.get_by_role("dialog").get_by_role("region", name="What will happen")
    steps = plan.get_by_role("listitem")
    await expect(steps.first).to_contain_text("di0 says On")
    await expect(steps.last).to_contain_text("look for Off")
    await expect(plan.get_by_role("alert")).to_have_count(0)
    await visitor.page.keyboard.press("Escape")

    rack.act("EmergencyStop", Reason="smoke")
    await visitor.choose_power(RELAYS, "ForceOff")
    await expect(plan.get_by_role("alert")).to_contain_text("admin pressed the emergency stop")
    await expect(visitor.at("confirm-power")).to_be_enabled()
    await visitor.at("confirm-power").click()
    await expect(visitor.page.get_by_text(f"{RELAYS}: Force off failed")).to_be_visible()
    assert rack.plant.look().running


async def test_the_emergency_stop_is_pressed_by_keyboard_seen_by_others_and_released(
    rack: Rack, visitor: Visitor, other: Visitor
) -> None:
    await visitor.sign_in("/", "olga", PASSWORD)
    await other.sign_in(f"/nodes/{RELAYS}/jobs")
    await expect(other.at("emergency-stop")).to_be_visible()
    stop = visitor.button("Emergency stop")
    await stop.focus()
    await visitor.page.keyboard.press("Enter")
    await expect(visitor.page.locator("#stop-reason")).to_be_focused()
    await visitor.page.keyboard.type("smoke in rack 3")
    await visitor.page.keyboard.press("Enter")

    for one in (visitor, other):
        banner = one.page.get_by_role("alert").filter(has_text="Emergency stop")
        await expect(banner).to_contain_text("olga pressed it at")
        await expect(banner).to_contain_text("smoke in rack 3")
        await expect(one.at("emergency-stop")).to_have_count(0)
    await expect(visitor.button("Release…")).to_have_count(0)
    await expect(visitor.at("stop-banner")).to_contain_text("Only an administrator can release it.")

    await other.go("/no/such/page")
    await expect(other.at("stop-banner")).to_contain_text("smoke in rack 3")
    await other.button("Release…").click()
    await expect(other.button("Keep it stopped")).to_be_focused()
    await other.at("start-release").click()
    for one in (visitor, other):
        await expect(one.at("stop-banner")).to_be_empty()
        await expect(one.at("emergency-stop")).to_be_visible()


async def test_who_may_only_look_has_no_emergency_stop_and_cannot_answer(rack: Rack, visitor: Visitor) -> None:
    await visitor.sign_in("/", "vera", PASSWORD)
    await visitor.at(f"node-{RELAYS}").wait_for()
    await expect(visitor.at("emergency-stop")).to_have_count(0)
    asked = asyncio.create_task(asyncio.to_thread(rack.press, "On"))
    await expect(visitor.at(f"assignment-{BUTTON}")).to_contain_text("is to be turned on")
    await expect(visitor.button(f"Done at {BUTTON}")).to_have_count(0)
    rack.answer("CouldNot")
    assert (await asked).status == 502


async def test_what_a_person_is_asked_stands_on_every_page_until_it_is_answered(
    rack: Rack, visitor: Visitor, other: Visitor
) -> None:
    await visitor.sign_in(f"/nodes/{RELAYS}")
    await other.sign_in("/")
    await other.at(f"node-{BUTTON}").wait_for()
    asked = asyncio.create_task(asyncio.to_thread(rack.press, "On"))
    for one in (visitor, other):
        assignment = one.page.get_by_role("region", name="Assignments").get_by_test_id(f"assignment-{BUTTON}")
        await expect(assignment).to_contain_text("a6 (rack 3, unit 7) is to be turned on")
        await expect(assignment).to_contain_text(re.compile("[1-5] min left"))
    await visitor.at(f"assignment-{BUTTON}").get_by_role("link", name=BUTTON).click()
    await expect(visitor.page.get_by_role("heading", name=BUTTON, exact=True)).to_be_visible()
    await expect(visitor.at(f"assignment-{BUTTON}")).to_be_visible()

    rack.plant.close("power")
    rack.plant.open("power")
    done = visitor.button(f"Done at {BUTTON}")
    await done.focus()
    await visitor.page.keyboard.press("Enter")
    for one in (visitor, other):
        await expect(one.at(f"assignment-{BUTTON}")).to_have_count(0)
    assert (await asked).status == 204
    await visitor.shows_power("On")


async def test_a_console_in_a_window_of_its_own_has_all_banners(rack: Rack, visitor: Visitor) -> None:
    held = f"/redfish/v1/Systems/{RELAYS}/Actions/Oem/Lightsout"
    await visitor.sign_in(f"/window/{RELAYS}/screen")
    await expect(visitor.page.get_by_text(f"{RELAYS} has no such console")).to_be_visible()
    asked = asyncio.create_task(asyncio.to_thread(rack.press, "On"))
    await expect(visitor.at(f"assignment-{BUTTON}")).to_contain_text("is to be turned on")
    rack.answer("CouldNot")
    await asked
    reserved = rack.service.call("POST", f"{held}.Reserve", {"Reason": "new fans"}, user="olga", password=PASSWORD)
    assert reserved.status < 300, reserved.words
    try:
        await expect(visitor.at("reservation")).to_contain_text("olga has reserved this node: do not touch it")
        await visitor.button("Emergency stop").click()
        await visitor.page.fill("#stop-reason", "smoke")
        await visitor.at("start-stop").click()
        await expect(visitor.at("stop-banner")).to_contain_text("smoke")
        await visitor.button("Release…").click()
        await visitor.at("start-release").click()
        await expect(visitor.at("stop-banner")).to_be_empty()
    finally:
        rack.service.do("POST", f"{held}.Release", {"Note": "tested"})
    await expect(visitor.at("reservation")).to_have_count(0)


async def test_what_could_not_be_done_is_told_to_who_asked_for_it(rack: Rack, visitor: Visitor) -> None:
    await visitor.sign_in(f"/nodes/{BUTTON}")
    await visitor.shows_power("Off")
    await visitor.button("Power on").click()
    await visitor.button(f"Could not at {BUTTON}").click()
    await expect(visitor.at(f"assignment-{BUTTON}")).to_have_count(0)
    last = visitor.at("last-action")
    await expect(last).to_contain_text("Power on by admin")
    await expect(last).to_contain_text("admin says that it could not be done")
    assert rack.plant.look().moves.get("power", 0) == 0


async def test_an_unknown_state_says_why_and_what_to_do_and_a_person_ends_it(rack: Rack, visitor: Visitor) -> None:
    with blind_node(rack) as node:
        await visitor.sign_in("/")
        row = visitor.at(f"node-{node}")
        await expect(row.get_by_test_id("power-state")).to_have_attribute("data-power", "Unknown", timeout=30_000)
        await expect(row).to_contain_text("is unreachable")
        await row.get_by_role("link", name=node).click()
        await expect(visitor.page.get_by_text(f"Lightsout cannot tell whether {node} is on or off")).to_be_visible()
        await expect(visitor.at("reason")).to_contain_text("is unreachable")
        await expect(visitor.page.get_by_text("No power action is carried out until this is known.")).to_be_visible()

        held = visitor.page.get_by_text("lightsout has reserved this node")
        await expect(held).to_be_visible()
        dialog = visitor.page.get_by_role("dialog")
        await visitor.button("Confirm power state…").click()
        await dialog.get_by_role("button", name="It is off").click()
        refusal = visitor.page.get_by_role("listitem").filter(has_text=f"{node}: confirmation failed")
        await expect(refusal).to_contain_text("reserved by lightsout")
        await visitor.shows_power("Unknown")
        await visitor.button("Release the node").click()
        await expect(held).to_have_count(0)
        await visitor.button("Confirm power state…").click()
        await expect(dialog).to_contain_text("Cannot tell")
        await dialog.get_by_role("button", name="It is off").click()
        await visitor.shows_power("Off")
        await expect(visitor.at("reason")).to_contain_text("confirmed by")


async def test_a_node_that_has_only_its_power_shows_nothing_that_it_lacks(rack: Rack, visitor: Visitor) -> None:
    await visitor.sign_in(f"/nodes/{RELAYS}")
    await visitor.shows_power("Off")
    page = visitor.page
    for lacking in ("Boot device", "Virtual media"):
        await expect(page.get_by_role("heading", name=lacking)).to_have_count(0)
    await expect(visitor.button("Reinstall…")).to_have_count(0)
    for tab in ("Screen", "Serial"):
        await expect(page.get_by_role("tab", name=tab)).to_be_disabled()
    await expect(page.get_by_text("Physical", exact=True)).to_be_visible()


async def test_everything_of_hardware_fits_a_phone(rack: Rack, phone: Visitor) -> None:
    await asyncio.to_thread(rack.service.reset, RELAYS, "On")
    rack.plant.fault("led", "dead")
    asked = asyncio.create_task(asyncio.to_thread(rack.press, "ForceOff"))
    await phone.sign_in(f"/nodes/{RELAYS}")
    await expect(phone.at(f"assignment-{BUTTON}")).to_be_in_viewport(ratio=1)
    await expect(phone.at("account-menu")).to_be_in_viewport(ratio=1)
    await expect(phone.at("emergency-stop")).to_be_in_viewport(ratio=1)
    await phone.page.get_by_role("heading", name="Power", exact=True).scroll_into_view_if_needed()
    await expect(phone.at(f"assignment-{BUTTON}")).to_be_in_viewport(ratio=1)
    await fits(phone)
    rack.answer("CouldNot")
    await asked

    await phone.choose_power(RELAYS, "ForceOff")
    await expect(phone.at("plan").get_by_role("listitem").first).to_be_in_viewport()
    await expect(phone.at("confirm-power")).to_be_in_viewport(ratio=1)
    await fits(phone)
    await phone.page.keyboard.press("Escape")
    await phone.at("emergency-stop").tap()
    await expect(phone.at("start-stop")).to_be_in_viewport(ratio=1)
    await phone.at("start-stop").tap()
    await expect(phone.at("stop-banner")).to_contain_text("no reason was given")
    await expect(phone.button("Release…")).to_be_in_viewport(ratio=1)
    await fits(phone)


@contextmanager
def blind_node(rack: Rack) -> Iterator[str]:
    """A node whose one eye has gone, and which its rules take into maintenance for that."""
    name, service = "a9", rack.service
    with running_board(rack.plant) as hands:
        with running_board(rack.plant) as eye:
            board = {"adapter": "modbus", "host": "127.0.0.1"}
            power = {"adapter": "modbus-button", "host": "127.0.0.1", "port": hands, "power_coil": 0}
            sense = [{**board, "port": eye, "look": "di0", "poll": "0.2s"}]
            service.add_node(name, "hardware", power=power, sense=sense, agree="0.5s", on_unknown="maintenance")
            service.until_power(name, "Off")
        try:
            yield name
        finally:
            service.call("POST", f"/redfish/v1/Systems/{name}/Actions/Oem/Lightsout.Release")
            service.do("DELETE", f"/redfish/v1/Systems/{name}")


async def test_hardware_is_told_of_in_chinese(rack: Rack, chinese: Visitor) -> None:
    names = ("modbus", "unit", "inputs", "sense", "di", "ir")
    page = chinese.page
    await asyncio.to_thread(rack.service.reset, RELAYS, "On")
    await chinese.sign_in(f"/nodes/{RELAYS}")
    await chinese.shows_power("On")
    await expect(chinese.at("last-action")).to_contain_text("admin 执行“开机”")
    await expect(chinese.at("last-power")).to_contain_text("admin")
    assert await latin_words(page, *names) == []

    await chinese.choose_power(RELAYS, "ForceOff")
    await expect(page.get_by_role("dialog").get_by_role("listitem").first).to_be_visible()
    assert await latin_words(page, *names) == []
    await page.keyboard.press("Escape")

    await chinese.at("emergency-stop").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert await latin_words(page, *names) == []
    await page.keyboard.type("起火")
    await page.keyboard.press("Enter")
    await expect(chinese.at("stop-banner")).to_contain_text("所有实体硬件均不动作")
    await chinese.choose_power(RELAYS, "ForceOff")
    await chinese.at("confirm-power").click()
    await expect(page.get_by_text("a2：“强制关机”失败")).to_be_visible()
    await expect(page.get_by_text("当前状态下无法执行")).to_be_visible()
    await page.get_by_role("button", name="解除…").click()
    await expect(page.get_by_role("dialog")).to_contain_text("请确认没有人正在机器旁作业")


async def test_who_is_asked_for_something_is_asked_in_chinese(rack: Rack, chinese: Visitor) -> None:
    await chinese.sign_in(f"/nodes/{BUTTON}")
    asked = asyncio.create_task(asyncio.to_thread(rack.press, "On"))
    assignment = chinese.at(f"assignment-{BUTTON}")
    await expect(assignment.get_by_role("heading")).to_contain_text(re.compile(f"{BUTTON} 待办：剩余 [1-5]分钟"))
    await assignment.get_by_role("button", name=f"{BUTTON}：无法完成").click()
    await expect(assignment).to_have_count(0)
    assert (await asked).status == 502
