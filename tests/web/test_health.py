"""How a server is: its sensors and their plots, its System Event Log, and what it consists of."""

import asyncio
import csv
import json
import re
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.e2e.service import LiveService
from tests.web.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest]

MEMORY = "/redfish/v1/Chassis/n3/Sensors/QEMUMemory"
HISTORY = "/redfish/v1/Chassis/n3/Oem/Lightsout/SensorHistory"
CAUTION = "UpperCaution"
TWO_PLACES = re.compile(r"^M([\d.]+) [\d.]+L(?!\1 )")


@pytest.fixture
async def health(visitor: Visitor, service: LiveService, empty: str) -> Visitor:
    """At the health of a node that is on."""
    await asyncio.to_thread(service.reset, empty, "On")
    await visitor.sign_in(f"/nodes/{empty}/health")
    await visitor.at("sensor-QEMUMemory").wait_for()
    return visitor


async def limit(service: LiveService, mebibytes: float | None) -> None:
    change = {"Thresholds": {CAUTION: {"Reading": mebibytes}}}
    await asyncio.to_thread(service.do, "PATCH", MEMORY, change)


async def test_a_reading_beyond_a_threshold_is_seen_and_told_in_words(health: Visitor, service: LiveService) -> None:
    sensor = health.at("sensor-QEMUMemory")
    try:
        await limit(service, 20)
        await expect(sensor).to_contain_text("Warning above 20 MiB")
        await expect(sensor.locator(".lo-plot-caution")).to_have_count(1)
        await expect(health.at("conditions")).to_contain_text("QEMU Memory is above its UpperCaution threshold")
        await expect(health.page.locator(".lo-node-title").get_by_test_id("health")).to_have_text("Warning")
    finally:
        await limit(service, None)
    await expect(sensor).to_contain_text("None set")
    await expect(health.at("conditions")).to_contain_text("Nothing is wrong")


async def test_what_cannot_be_read_any_more_is_said_to_be_as_it_was(health: Visitor) -> None:
    async def fail(route: Route) -> None:
        await route.fulfill(status=503, json={"error": {"message": "The driver is gone."}})

    stale = health.at("stale")
    await health.page.route(re.compile(r"/Chassis/n3/Sensors\b"), fail)
    await expect(stale).to_contain_text("Shown as it was at", timeout=60_000)
    await expect(stale).to_contain_text("The driver is gone.")
    await expect(health.at("sensor-QEMUMemory")).to_be_visible()
    await health.page.unroute_all()
    await stale.get_by_role("button", name="Try again").click()
    await expect(stale).to_have_count(0)


async def test_the_health_of_a_node_is_followed_in_the_table_the_grid_and_the_count_of_those_that_need_attention(
    health: Visitor, service: LiveService, empty: str
) -> None:
    await health.go("/")
    node, page = health.at(f"node-{empty}"), health.page
    await expect(node.get_by_test_id("health")).to_have_text("Healthy")
    await expect(health.at("connection-state")).to_have_attribute("data-state", "up")
    count = health.at("count-attention").locator("strong")
    others = int(await count.inner_text())
    try:
        await limit(service, 20)
        await expect(node.get_by_test_id("health")).to_have_text("Warning")
        await expect(node).to_contain_text("QEMU Memory is above its UpperCaution threshold")
        await expect(count).to_have_text(str(others + 1))
        await page.locator("#view-attention").click()
        await expect(node).to_be_visible()
        await page.locator("#layout-grid").click()
        await expect(node).to_have_attribute("data-health", "Warning")
    finally:
        await limit(service, None)
    await expect(node).to_have_count(0)
    await expect(count).to_have_text(str(others))
    await page.locator("#view-all").click()
    await expect(node).to_have_attribute("data-health", "OK")
    await expect(node.get_by_test_id("health")).to_have_count(0)


async def test_a_plot_tells_the_last_hour_and_the_last_day_in_words_too(health: Visitor, service: LiveService) -> None:
    sensor = health.at("sensor-QEMUMemory")
    for window, words in (("Hour", "MiB in the last hour"), ("Day", "MiB in the last day")):
        await health.button(f"Last {window.lower()}").click()
        await expect(sensor.locator("figcaption")).to_contain_text(words)
        if window == "Hour":
            # Two readings make a line; before, there is a dot.
            await expect(sensor.locator(".lo-plot-line").last).to_have_attribute("d", TWO_PLACES, timeout=90_000)
        else:
            await expect(sensor.locator(".lo-plot-band")).not_to_have_count(0)
        drawn = [points(path) for path in await paths(sensor)]
        assert all(0 <= x <= 100 and 0 <= y <= 100 for path in drawn for x, y in path), drawn
        history = await asyncio.to_thread(service.get, f"{HISTORY}/{window}")
        series = next(each for each in history["Sensors"] if each["Sensor"]["@odata.id"] == MEMORY)
        # What is shown was read a few seconds before what is asked for here, and the oldest go.
        known = sum(reading is not None for reading in series["Readings"])
        assert abs(len({x for path in drawn for x, _ in path}) - known) <= 2
        assert drawn[-1][-1][0] > 95, "the newest is at the right edge"


async def paths(sensor: Locator) -> list[str]:
    return [str(await each.get_attribute("d")) for each in await sensor.locator(".lo-plot-line").all()]


def points(path: str) -> list[tuple[float, float]]:
    """Those of the lines that a plot draws, in its box of 100 by 100."""
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path)]


async def test_a_record_is_acknowledged_chosen_and_saved_as_a_file(
    health: Visitor, service: LiveService, empty: str, tmp_path: Path
) -> None:
    page, log = health.page, f"/redfish/v1/Systems/{empty}/LogServices/SEL/Entries"
    records = (await asyncio.to_thread(service.get, log))["Members"]
    record = next(each for each in records if f"{empty} is On" in each["Message"])
    newest, message = record["Id"], record["Message"]
    row = health.at(f"sel-{newest}")
    await expect(row).to_be_visible()
    await health.button(f"Acknowledge record {newest}").click()
    taking_back = health.button(f"Take back the acknowledgement of record {newest}")
    await expect(taking_back).to_be_visible()
    assert (await asyncio.to_thread(service.get, f"{log}/{newest}"))["Resolved"] is True

    await page.get_by_label("Acknowledged", exact=True).select_option("Not acknowledged")
    await expect(row).to_have_count(0)
    await page.get_by_label("Acknowledged", exact=True).select_option("Is acknowledged")
    await expect(row).to_be_visible()
    await page.get_by_label("Severity").select_option("Critical")
    await expect(page.get_by_text("No record is like that.")).to_be_visible()
    await page.get_by_label("Severity").select_option("")
    await page.get_by_label("Search in the SEL").fill("is On")
    await expect(row).to_be_visible()

    table = csv.DictReader((await exported(page, "CSV", tmp_path)).splitlines())
    assert (newest, message) in [(each["Id"], each["Message"]) for each in table]
    records = json.loads(await exported(page, "JSON", tmp_path))
    assert (newest, message, True) in [(each["Id"], each["Message"], each["Resolved"]) for each in records]
    assert {each["Resolved"] for each in records} == {True}, "only what was chosen is exported"
    lines = (await exported(page, "TXT", tmp_path)).splitlines()
    assert len(lines) == len(records)
    assert all(line.count(" | ") >= 4 for line in lines), "as `ipmitool sel elist` prints them"
    await taking_back.click()
    await expect(row).to_have_count(0)


async def exported(page: Page, form: str, directory: Path) -> str:
    async with page.expect_download() as loading:
        await page.get_by_role("link", name=f"Export as {form}").click()
    kept = directory / (await loading.value).suggested_filename
    await (await loading.value).save_as(kept)
    return kept.read_text()


async def test_clearing_the_log_takes_the_name_of_the_node(health: Visitor, service: LiveService, empty: str) -> None:
    await asyncio.to_thread(service.off, empty)  # what is off records nothing
    await health.button("Clear the log…").click()
    clear = health.button("Clear the log")
    await expect(clear).to_be_disabled()
    await health.page.get_by_label(f"Type {empty} to confirm").fill(empty)
    await clear.click()
    await expect(health.page.get_by_role("dialog")).to_have_count(0)
    await expect(health.page.get_by_text("The log is empty.")).to_be_visible()
    told = await asyncio.to_thread(service.ipmitool, empty, "sel", "info")
    assert re.search(r"Entries +: 0\b", told), told


async def test_what_it_consists_of_is_listed(health: Visitor, service: LiveService, empty: str) -> None:
    options = (await asyncio.to_thread(service.system, empty))["Oem"]["Lightsout"]["Options"]
    page = health.page.get_by_role("tabpanel")
    for part in (options["disks"][0]["serial"], options["nics"][0]["mac"], f"{options['memory_mib']} MiB"):
        await expect(page).to_contain_text(part)
