"""What happened to a server: who did it, by which door and from where, and what its console printed meanwhile."""

import asyncio
from collections.abc import Iterator

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.service import SYSTEMS, LiveService, boot, serial_console
from tests.web.conftest import cancelled_rescue, put_down
from tests.web.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest]


@pytest.fixture
async def timeline(visitor: Visitor, empty: str) -> Visitor:
    """At the timeline of a node that is off, alive."""
    await visitor.sign_in(f"/nodes/{empty}/timeline")
    await entries(visitor).first.wait_for()
    await expect(visitor.at("connection-state")).to_have_attribute("data-state", "up")
    return visitor


@pytest.fixture
def booted(service: LiveService) -> Iterator[str]:
    yield "n1"
    put_down(service, "n1")


AT_A_LOOK = 40_000
"""Milliseconds until the page has surely looked again: the audit makes no events."""


def entries(visitor: Visitor, words: str = "") -> Locator:
    return visitor.page.locator(".lo-happening").filter(has_text=words)


def asked_of_its_power(service: LiveService, node: str) -> set[str]:
    """The Ids of what the timeline tells of orders to the node's power."""
    orders = f"{SYSTEMS}/{node}/LogServices/Timeline/Entries?$top=100&$filter=Oem/Lightsout/What eq 'power'"
    return {each["Id"] for each in service.get(orders.replace(" ", "%20"))["Members"]}


async def test_who_powered_it_off_is_one_look_and_comes_by_itself(
    timeline: Visitor, service: LiveService, empty: str
) -> None:
    await asyncio.to_thread(service.ipmitool, empty, "chassis", "power", "on")
    began = "Power on by admin, by IPMI from 127.0.0.1"
    await expect(timeline.at("last-power")).to_contain_text(began, timeout=AT_A_LOOK)
    await asyncio.to_thread(service.ipmitool, empty, "chassis", "power", "off")
    await expect(timeline.at("last-power")).to_contain_text("Off since")
    forced = "Force off by admin, by IPMI from 127.0.0.1"
    await expect(timeline.at("last-power")).to_contain_text(forced, timeout=AT_A_LOOK)
    await expect(entries(timeline).nth(0)).to_contain_text(f"{empty} is Off")
    asked = "admin asked for: Force off by IPMI from 127.0.0.1"
    await expect(entries(timeline).nth(1)).to_contain_text(asked, timeout=AT_A_LOOK)

    await timeline.go(f"/nodes/{empty}")
    await timeline.page.get_by_role("link", name="What happened").click()
    await expect(timeline.page.get_by_label("What", exact=True)).to_have_value("Power")
    await expect(entries(timeline, "Force off").first).to_be_visible()


async def test_who_powered_it_off_stays_in_sight_however_much_was_refused_since(
    timeline: Visitor, service: LiveService, empty: str
) -> None:
    reset = f"/redfish/v1/Systems/{empty}/Actions/ComputerSystem.Reset"

    def refused_often() -> None:
        service.reset(empty, "On")
        service.reset(empty, "ForceOff")
        for _ in range(45):
            assert service.call("POST", reset, {"ResetType": "ForceRestart"}).status == 409

    await asyncio.to_thread(refused_often)
    await timeline.page.reload()
    await expect(timeline.at("last-power")).to_contain_text("Off since")
    await expect(timeline.at("last-power")).to_contain_text("Force off by admin, by Redfish from 127.0.0.1")


async def test_what_was_refused_is_told_with_the_reason(timeline: Visitor, service: LiveService, empty: str) -> None:
    before = await asyncio.to_thread(asked_of_its_power, service, empty)
    reset = f"/redfish/v1/Systems/{empty}/Actions/ComputerSystem.Reset"
    refused = await asyncio.to_thread(service.call, "POST", reset, {"ResetType": "ForceRestart"})
    assert refused.status == 409
    (told,) = await asyncio.to_thread(asked_of_its_power, service, empty) - before
    refusal = timeline.at(told)
    await expect(refusal).to_contain_text("admin asked for: Reset", timeout=AT_A_LOOK)
    await expect(refusal).to_contain_text("Not done not possible in that state")


async def test_it_can_be_chosen_by_kind_by_time_and_by_words(
    timeline: Visitor, service: LiveService, empty: str
) -> None:
    page = timeline.page
    await asyncio.to_thread(service.reset, empty, "On")
    await asyncio.to_thread(service.ipmitool, empty, "chassis", "bootdev", "pxe")
    boots = entries(timeline, "set the boot device")
    await expect(boots.first).to_be_visible(timeout=AT_A_LOOK)

    await page.get_by_label("What", exact=True).select_option("Power")
    await expect(boots).to_have_count(0)
    await expect(entries(timeline, "admin asked for: Power on").first).to_be_visible()
    await page.get_by_label("What", exact=True).select_option("")

    search = page.get_by_label("Search in the timeline")
    await search.fill("IPMI")
    await expect(boots.first).to_be_visible()
    await expect(entries(timeline, "asked for: Power on by Redfish")).to_have_count(0)
    await search.fill("nobody's words")
    await expect(page.get_by_text("Nothing like that happened")).to_be_visible()
    await search.fill("")

    await page.get_by_label("When").select_option("In the last hour")
    await expect(boots.first).to_be_visible()
    await page.get_by_label("When").select_option("Between…")
    await page.get_by_label("To", exact=True).fill("2001-02-03T04:05")
    await expect(page.get_by_text("Nothing like that happened")).to_be_visible()


async def test_what_is_older_comes_when_it_is_asked_for(timeline: Visitor, service: LiveService, empty: str) -> None:
    system = f"/redfish/v1/Systems/{empty}"

    def switch_often() -> None:
        for number in range(52):
            service.call("PATCH", system, {"LocationIndicatorActive": number % 2 == 0})

    await asyncio.to_thread(switch_often)
    await timeline.page.reload()
    await expect(entries(timeline)).to_have_count(50)
    await timeline.page.get_by_role("button", name="Show older entries").click()
    await expect(entries(timeline).nth(51)).to_be_attached()


async def test_what_the_console_printed_stands_between_and_leads_to_the_log(
    visitor: Visitor, service: LiveService, booted: str
) -> None:
    await boot(service, booted)
    async with serial_console(service, booted) as shell:
        await shell.run("clear; echo Printed-$((6*7)); sleep 3")  # the log is written now and then
    await visitor.sign_in(f"/nodes/{booted}/timeline")
    # It was printed between the opening and the closing of this test's console.
    await visitor.button("Console in between").first.click()
    await expect(visitor.page.get_by_label("What the serial console printed")).to_contain_text("Printed-42")
    await visitor.page.get_by_role("link", name="Show in the serial log").click()
    await expect(visitor.page.get_by_role("dialog")).to_contain_text("Printed-42")


async def test_an_entry_of_a_job_leads_to_it(timeline: Visitor, service: LiveService, empty: str) -> None:
    job = await asyncio.to_thread(cancelled_rescue, service, empty)
    path = f"/nodes/{empty}/jobs?job={job}"
    asked = entries(timeline, "asked for a rescue").filter(has=timeline.page.locator(f"a[href='{path}']")).first
    await asked.get_by_role("link", name="Show the job").click()
    await expect(timeline.page).to_have_url(f"{service.url}{path}")
    await expect(timeline.at(f"job-{job}").locator("[aria-current=true]")).to_be_visible()
    await expect(timeline.at("job")).to_have_attribute("data-state", "Cancelled")


async def test_who_may_only_look_sees_neither_addresses_nor_the_console(
    visitor: Visitor, service: LiveService, empty: str
) -> None:
    await asyncio.to_thread(service.add_account, "vito", "just-looking-back", "ReadOnly")
    await asyncio.to_thread(service.reset, empty, "On")
    await visitor.sign_in(f"/nodes/{empty}/timeline", "vito", "just-looking-back")
    await expect(entries(visitor, "admin asked for: Power on by Redfish").first).to_be_visible()
    await expect(visitor.page.get_by_text("127.0.0.1")).to_have_count(0)
    await expect(visitor.button("Console since then")).to_have_count(0)
