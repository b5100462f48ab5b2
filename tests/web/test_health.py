"""How a server is: its sensors and their plots, its System Event Log, and what it consists of."""

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.service import LiveService
from tests.web.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest]

MEMORY = "/redfish/v1/Chassis/n3/Sensors/QEMUMemory"
CAUTION = "UpperCaution"


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


async def test_a_plot_tells_the_last_hour_and_the_last_day_in_words_too(health: Visitor) -> None:
    sensor = health.at("sensor-QEMUMemory")
    await expect(sensor.locator(".lo-plot-line")).not_to_have_count(0)
    await expect(sensor.locator("figcaption")).to_contain_text("MiB in the last hour")
    await health.button("Last day").click()
    await expect(sensor).to_contain_text("in the last day")


async def test_a_record_is_acknowledged_chosen_and_saved_as_a_file(
    health: Visitor, service: LiveService, empty: str, tmp_path: Path
) -> None:
    page, log = health.page, f"/redfish/v1/Systems/{empty}/LogServices/SEL/Entries"
    newest = (await asyncio.to_thread(service.get, log))["Members"][0]["Id"]
    row = health.at(f"sel-{newest}")
    await expect(row).to_contain_text(f"{empty} is On")
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

    async with page.expect_download() as loading:
        await page.get_by_role("link", name="Export as CSV").click()
    await (await loading.value).save_as(tmp_path / "sel.csv")
    assert f"{empty} is On" in (tmp_path / "sel.csv").read_text()
    await taking_back.click()
    await expect(row).to_have_count(0)


async def test_clearing_the_log_takes_the_name_of_the_node(health: Visitor, service: LiveService, empty: str) -> None:
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
