"""The permanent serial log in the page: all of it is searched, saved, and shown again as it came."""

import json
import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.service import LiveService, boot, serial_console
from tests.web.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest]


async def downloaded(visitor: Visitor, choice: str, file: Path) -> str:
    """What the file holds, of which the name is that of `file`."""
    await visitor.button("Download").click()
    async with visitor.page.expect_download() as saving:
        await visitor.page.get_by_role("menuitem", name=choice).click()
    saved = await saving.value
    assert saved.suggested_filename == file.name
    await saved.save_as(file)
    return file.read_bytes().decode(errors="replace")


async def test_the_whole_log_is_searched_with_what_stood_around_saved_and_played_again(
    visitor: Visitor, service: LiveService, tmp_path: Path
) -> None:
    await boot(service, "n1")
    async with serial_console(service, "n1") as shell:
        await shell.run("clear; echo Before-$((6*6)); echo Needle-$((6*7)); echo After-$((6*8))")
        for word in ("One", "Two"):
            await shell.run(f"sleep 1; echo Later-{word}-$((6*7))")
        await shell.run("seq 300; echo Last-$((6*50))")
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

    text = await downloaded(visitor, "As text with times", tmp_path / "n1-serial.txt")
    assert re.search(r"(?m)^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+]00:00)  Needle-42$", text), text[-2000:]
    raw = await downloaded(visitor, "As it was printed", tmp_path / "n1-serial.log")
    assert "Before-36\r\nNeedle-42\r\nAfter-48\r\n" in raw
    header, *events = (
        await downloaded(visitor, "As a recording for asciinema", tmp_path / "n1-serial.cast")
    ).splitlines()
    assert json.loads(header)["version"] == 2
    assert "Needle-42" in "".join(data for _, kind, data in map(json.loads, events) if kind == "o")

    await visitor.button("Replay from here").click()
    shown = visitor.at("replay").locator(".xterm-rows")
    await visitor.page.get_by_label("Speed").select_option("16")
    await visitor.button("Play").click()
    await expect(shown).to_contain_text("Last-300")
    await expect(visitor.button("Play")).to_be_visible()
    # From the beginning of what was chosen, to its middle.
    place = visitor.page.get_by_label("Place in the recording")
    await place.fill("0")
    await expect(visitor.at("replay-clock")).to_contain_text("0:00 of")
    await expect(shown).not_to_contain_text("Last-300")


async def test_escape_closes_the_menu_of_a_dialog_before_the_dialog(visitor: Visitor, service: LiveService) -> None:
    await boot(service, "n1")
    await visitor.sign_in("/nodes/n1/serial")
    await visitor.console_open()
    await visitor.button("Log").click()
    dialog, choices = visitor.page.get_by_role("dialog"), visitor.page.get_by_role("menuitem")
    await expect(visitor.at("log-count")).to_contain_text("lines")
    download = visitor.button("Download")
    for in_menu in (False, True):
        await download.press("Enter")
        await expect(choices).to_have_count(3)
        if in_menu:
            await download.press("ArrowDown")
            await expect(choices.first).to_be_focused()
        await visitor.page.keyboard.press("Escape")
        await expect(choices).to_have_count(0)
        await expect(download).to_be_focused()
        await expect(dialog).to_be_visible()
    for _ in range(30):  # the focus is still kept in the dialog
        await visitor.page.keyboard.press("Tab")
        assert await dialog.evaluate("dialog => dialog.contains(document.activeElement)")
    await visitor.page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)


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
