"""The permanent serial log in the page: all of it is searched, saved, and shown again as it came."""

import json
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.service import LiveService, boot, serial_console
from tests.web.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest, pytest.mark.timeout(400)]


async def test_the_whole_log_is_searched_with_what_stood_around_saved_and_played_again(
    visitor: Visitor, service: LiveService, tmp_path: Path
) -> None:
    await boot(service, "n1")
    async with serial_console(service, "n1") as shell:
        await shell.run("clear; echo Before-$((6*6)); echo Needle-$((6*7)); echo After-$((6*8))")
        for word in ("One", "Two"):
            await shell.run(f"sleep 1; echo Later-{word}-$((6*7))")
        await shell.run("seq 300")
        await shell.keyboard("release")
    await visitor.sign_in("/nodes/n1/serial")
    await visitor.console_open()
    await visitor.button("Log").click()
    await expect(visitor.at("log-count")).to_contain_text("lines")
    await visitor.page.fill("#log-search", "nothing has this")
    await visitor.page.keyboard.press("Enter")
    await expect(visitor.page.get_by_text("No line has this text.")).to_be_visible()
    await visitor.page.fill("#log-search", "NEEDLE-42")
    await visitor.page.keyboard.press("Enter")
    await expect(visitor.page.locator(".lo-log-line mark").first).to_have_text("Needle-42")
    await visitor.page.locator(".lo-log-line").first.click()
    await expect(visitor.at("around")).to_contain_text("Before-36")
    await expect(visitor.at("around")).to_contain_text("After-48")

    await visitor.button("Download").click()
    async with visitor.page.expect_download() as saving:
        await visitor.page.get_by_role("menuitem", name="As a recording for asciinema").click()
    saved = await saving.value
    assert saved.suggested_filename == "n1-serial.cast"
    await saved.save_as(tmp_path / "n1.cast")
    assert json.loads((tmp_path / "n1.cast").read_text().splitlines()[0])["version"] == 2

    await visitor.button("Replay from here").click()
    shown = visitor.at("replay").locator(".xterm-rows")
    await visitor.page.get_by_label("Speed").select_option("16")
    await visitor.button("Play").click()
    await expect(shown).to_contain_text("300")
    await expect(visitor.button("Play")).to_be_visible()
    # From the beginning of what was chosen, to its middle.
    place = visitor.page.get_by_label("Place in the recording")
    await place.fill("0")
    await expect(visitor.at("replay-clock")).to_contain_text("0:00 of")
    await expect(shown).not_to_contain_text("300")


async def test_a_log_without_anything_in_the_time_that_was_chosen_says_so(
    visitor: Visitor, service: LiveService
) -> None:
    await boot(service, "n1")
    await visitor.sign_in("/nodes/n1/serial")
    await visitor.console_open()
    await visitor.button("Log").click()
    await visitor.page.fill("#log-until", "2001-01-01T00:00:00")
    await expect(visitor.page.get_by_text("Nothing was printed in this time.")).to_be_visible()
    await visitor.page.get_by_role("tab", name="Replay").click()
    await expect(visitor.page.get_by_text("Nothing was printed in this time.")).to_be_visible()
