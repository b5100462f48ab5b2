"""A thousand nodes, and actions on many at a time: on servers of memory, all of which can really be powered on."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from bmc.model.power import PowerCause, PowerState
from tests.web.many import act, choose, name_of, shows_every_node_by_scrolling
from tests.web.simulated import simulation

pytestmark = pytest.mark.browser

MANY = 1000
WHOLE = 200_000
"""Milliseconds for a thousand actions, on a machine that is busy with other tests."""
UNDER_WAY = """() => {
    const { value, max } = document.querySelector("[data-testid=run] progress") ?? { value: 0, max: 0 };
    return value > 0 && value < max;
}"""
RESET = "**/AggregationService.Reset"


async def test_a_thousand_nodes_are_scrolled_filtered_powered_on_together_and_followed(
    browser: Browser, tmp_path: Path
) -> None:
    async with simulation(tmp_path, MANY) as simulated:
        visitor = await simulated.visit(browser)
        page, shown, run = visitor.page, visitor.at("shown"), visitor.at("run")
        await shows_every_node_by_scrolling(visitor, MANY)
        await page.locator("#layout-table").click()
        await page.get_by_label("Filter nodes").fill("rack-c test")
        await expect(shown).to_contain_text(f"16 of {MANY} nodes shown")
        await page.get_by_label("Filter nodes").fill("")
        await expect(shown).to_contain_text(f"{MANY} of {MANY} nodes shown")

        await page.get_by_label("Select all nodes that are shown").check()
        await expect(shown).to_contain_text(f"{MANY} selected")
        await act(visitor, "On")
        await page.fill("#bulk-size", "50")
        await page.fill("#bulk-seconds", "0")
        await visitor.at("confirm-bulk").click()
        await page.wait_for_function(UNDER_WAY)
        await expect(run).to_contain_text(f"{MANY} of {MANY} done", timeout=WHOLE)
        await expect(visitor.at("count-on")).to_contain_text(str(MANY), timeout=60_000)
        servers = [simulated.service.drivers.servers[name_of(number)] for number in range(MANY)]
        assert all(server.state is PowerState.ON for server in servers)

        power = visitor.at(f"node-{name_of(3)}").get_by_test_id("power-state")
        await expect(power).to_have_attribute("data-power", "On")
        servers[3].become(PowerState.OFF, PowerCause.GUEST_SHUTDOWN)
        await expect(power).to_have_attribute("data-power", "Off")
        await expect(visitor.at("count-on")).to_contain_text(str(MANY - 1))
        assert visitor.failures == []


async def test_how_many_at_a_time_and_how_long_between_are_as_they_were_chosen(
    browser: Browser, tmp_path: Path
) -> None:
    async with simulation(tmp_path, 5) as simulated:
        visitor = await simulated.visit(browser)
        await choose(visitor, 0, 4)
        await act(visitor, "On")
        await visitor.page.fill("#bulk-size", "2")
        await visitor.page.fill("#bulk-seconds", "3")
        await expect(visitor.page.get_by_text(re.compile("In 3 batches; takes at least"))).to_be_visible()
        async with visitor.page.expect_request(RESET) as asking:
            await visitor.at("confirm-bulk").click()
        sent = (await asking.value).post_data_json
        assert sent is not None
        assert (sent["BatchSize"], sent["DelayBetweenBatchesInSeconds"]) == (2, 3)
        await expect(visitor.at("run")).to_contain_text("5 of 5 done")
        times = [simulated.service.drivers.servers[name_of(number)].last.at for number in range(5)]
        between = [later - earlier for earlier, later in pairwise(times)]
        assert [seconds >= 2.9 for seconds in between] == [False, True, False, True], between
        assert visitor.failures == []
