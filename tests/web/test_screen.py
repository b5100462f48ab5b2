"""noVNC in the page: what is typed arrives in the guest, by keys and by pasting, but not from one who only looks."""

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.service import LiveService, boot, serial_console
from tests.web.first_console import arrives, log_in, tried
from tests.web.visitor import PATIENCE, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest]


BRIGHT = 60
BRIGHTEST = """picture => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [picture.videoWidth ?? picture.width, picture.videoHeight ?? picture.height];
    canvas.getContext("2d").drawImage(picture, 0, 0);
    return canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data
        .reduce((most, value, index) => index % 4 === 3 ? most : Math.max(most, value), 0);
}"""
"""Of a picture, a canvas or a film: what is black all over has nothing that is BRIGHT."""
DECODE = "bytes => createImageBitmap(new Blob([new Uint8Array(bytes)], { type: 'image/png' }))"


async def picture(screen: Locator) -> str:
    """All that the guest shows, as the canvas has it."""
    return str(await screen.locator("canvas").evaluate("canvas => canvas.toDataURL()"))


async def shows_something(visitor: Visitor) -> None:
    """Wait for the firmware, which writes when it likes."""
    canvas = visitor.at("screen").locator("canvas")
    async with asyncio.timeout(2 * PATIENCE):
        while await canvas.evaluate(BRIGHTEST) < BRIGHT:  # noqa: ASYNC110 - pixels have no event
            await asyncio.sleep(0.2)


async def test_what_is_typed_and_what_is_pasted_arrives_in_the_guest_and_a_looker_cannot_type(
    visitor: Visitor, service: LiveService
) -> None:
    await boot(service, "n1")
    await visitor.sign_in("/nodes/n1/screen")
    await visitor.console_open()
    await visitor.at("screen").click()
    async with serial_console(service, "n1") as shell:
        await log_in(visitor.press_keys, shell, service.root_password)
        assert await arrives(visitor.press_keys, shell, 20)

        symbols = """~!@#$%^&*()_+{}|:"<>?`-=[]\\;,./ AbZ"""
        await visitor.paste(f"echo '{symbols}' > /dev/ttyS0\n")
        await shell.expect("~!@#", 20)
        await shell.expect("AbZ\r?\n", 20)
        assert await arrives(visitor.paste, shell, 20)

        await visitor.page.get_by_text("View only").click()
        await expect(visitor.button("Ctrl-Alt-Del")).to_be_disabled()
        await visitor.console_open()
        await visitor.at("screen").click()
        before = await picture(visitor.at("screen"))
        lost = await tried(visitor.press_keys)

        # Back in control, nothing of what the looker typed lies in the line, or came late.
        await visitor.page.get_by_text("View only").click()
        await expect(visitor.button("Ctrl-Alt-Del")).to_be_enabled()
        await visitor.at("screen").click()
        assert await arrives(visitor.press_keys, shell, 20, unlike=lost)
        assert await picture(visitor.at("screen")) != before


async def test_the_screen_waits_for_a_node_that_is_off_and_comes_by_itself(
    visitor: Visitor, service: LiveService, empty: str, tmp_path: Path
) -> None:
    await visitor.sign_in(f"/nodes/{empty}/screen")
    await expect(visitor.page.get_by_text(f"{empty} is off")).to_be_visible()
    await asyncio.to_thread(service.reset, empty, "On")
    await visitor.console_open()
    canvas = visitor.at("screen").locator("canvas")
    await shows_something(visitor)
    async with visitor.page.expect_download() as saving:
        await visitor.button("Screenshot").click()
    saved = await saving.value
    assert saved.suggested_filename.startswith(f"{empty}-")
    await saved.save_as(tmp_path / "screen.png")
    kept = await visitor.page.evaluate_handle(DECODE, [*(tmp_path / "screen.png").read_bytes()])
    size = "({width, height}) => [width, height]"
    assert await kept.evaluate(size) == await canvas.evaluate(size)
    assert await kept.evaluate(BRIGHTEST) >= BRIGHT, "a blank picture"
    await asyncio.to_thread(service.off, empty)
    await expect(visitor.page.get_by_text(f"{empty} is off")).to_be_visible()


async def test_ctrl_alt_del_asks_and_then_restarts_the_guest(visitor: Visitor, service: LiveService) -> None:
    await boot(service, "n1")
    await visitor.sign_in("/nodes/n1/screen")
    await visitor.console_open()
    async with serial_console(service, "n1") as shell:
        await shell.run("echo 1 > /proc/sys/kernel/ctrl-alt-del")  # the kernel itself obeys
        await shell.keyboard("release")
        await visitor.button("Ctrl-Alt-Del").click()
        await expect(visitor.button("Cancel")).to_be_focused()
        await visitor.page.keyboard.press("Enter")
        await expect(visitor.page.get_by_text("Send Ctrl-Alt-Del to n1?")).to_have_count(0)
        await visitor.button("Ctrl-Alt-Del").click()
        await visitor.at("confirm-keys").click()
        await shell.expect("login: ", 120)


async def test_keys_that_restart_a_system_name_who_has_reserved_it(
    visitor: Visitor, service: LiveService, empty: str
) -> None:
    password = "in-the-rack-at-night"
    service.add_account("rita", password)
    await asyncio.to_thread(service.reset, empty, "On")
    held = f"/redfish/v1/Systems/{empty}/Actions/Oem/Lightsout"
    reserved = service.call("POST", f"{held}.Reserve", {"Reason": "new fans"}, user="rita", password=password)
    assert reserved.status < 300, reserved.words
    try:
        await visitor.sign_in(f"/window/{empty}/screen")
        await visitor.console_open()
        await expect(visitor.at("reservation")).to_contain_text("new fans")
        await visitor.button("Ctrl-Alt-Del").click()
        dialog = visitor.page.get_by_role("dialog")
        await expect(dialog).to_contain_text("rita has reserved this node: new fans")
        await dialog.get_by_role("button", name="Cancel").click()
    finally:
        service.do("POST", f"{held}.Release", {"Note": "tested"})


async def test_the_window_of_a_node_that_was_removed_says_so(visitor: Visitor, service: LiveService) -> None:
    await asyncio.to_thread(service.add_node, "soon-gone")
    try:
        await visitor.sign_in("/window/soon-gone/screen")
        await expect(visitor.page.get_by_text("soon-gone is off")).to_be_visible()
        await expect(visitor.at("connection-state")).to_have_attribute("data-state", "up")
    finally:
        await asyncio.to_thread(service.remove_node, "soon-gone")
    await expect(visitor.page.get_by_role("heading", name="There is no such page")).to_be_visible()


async def test_a_key_of_the_menu_reaches_the_guest(visitor: Visitor, service: LiveService) -> None:
    await boot(service, "n1")
    await visitor.sign_in("/nodes/n1/screen")
    await visitor.console_open()
    await visitor.at("screen").click()
    async with serial_console(service, "n1") as shell:
        await log_in(visitor.press_keys, shell, service.root_password)
        await visitor.press_keys("sleep 1000\n")
        await visitor.button("Keys").click()
        await visitor.page.get_by_role("menuitem", name="Ctrl-C", exact=True).click()
        await visitor.at("screen").click()
        assert await arrives(visitor.press_keys, shell, 20)


async def test_a_screen_fits_its_place_or_has_its_own_size(visitor: Visitor, service: LiveService, empty: str) -> None:
    await visitor.page.set_viewport_size({"width": 600, "height": 700})
    await asyncio.to_thread(service.reset, empty, "On")
    await visitor.sign_in(f"/nodes/{empty}/screen")
    await visitor.console_open()
    canvas = await visitor.at("screen").locator("canvas").element_handle()
    wait = visitor.page.wait_for_function
    await wait("canvas => canvas.width > 300 && canvas.getBoundingClientRect().right <= innerWidth", arg=canvas)
    await wait("canvas => canvas.getBoundingClientRect().width < canvas.width", arg=canvas)
    await visitor.button("1:1").click()
    await wait("canvas => canvas.getBoundingClientRect().width === canvas.width", arg=canvas)
    await visitor.button("Fit").click()
    await wait("canvas => canvas.getBoundingClientRect().width < canvas.width", arg=canvas)


@pytest.mark.parametrize("console", ["screen", "serial"])
async def test_a_console_fills_the_whole_screen_with_its_buttons_and_comes_back(
    visitor: Visitor, service: LiveService, empty: str, console: str
) -> None:
    await asyncio.to_thread(service.reset, empty, "On")
    await visitor.sign_in(f"/nodes/{empty}/{console}")
    await visitor.console_open()
    await visitor.button("Full screen").click()
    await visitor.page.wait_for_function("document.fullscreenElement !== null")
    await visitor.button("Keys").click()
    key = visitor.page.get_by_role("menuitem", name="Ctrl-C", exact=True)
    await expect(key).to_be_in_viewport()
    inside = "element => document.fullscreenElement.contains(element)"
    assert await key.evaluate(inside), "what is not inside is not seen"
    await visitor.button("Keys").click()
    await visitor.button("Full screen").click()
    await visitor.page.wait_for_function("document.fullscreenElement === null")
    await visitor.console_open()


async def test_what_the_screen_shows_is_recorded_and_the_recording_is_played_and_saved(
    visitor: Visitor, service: LiveService, empty: str, tmp_path: Path
) -> None:
    await asyncio.to_thread(service.reset, empty, "On")
    await visitor.sign_in(f"/nodes/{empty}/screen")
    await visitor.console_open()
    await shows_something(visitor)
    await visitor.button("Record the screen").click()
    stop = visitor.page.get_by_label("Stop recording")
    await expect(stop).to_contain_text(re.compile(r"0:0[3-9]|0:[1-5]\d"))
    await asyncio.to_thread(service.off, empty)
    await asyncio.to_thread(service.reset, empty, "On")
    await visitor.console_open()
    await stop.click()
    await expect_film(visitor)
    await visitor.page.keyboard.press("Escape")
    await expect(visitor.page.get_by_text("This recording is not saved.")).to_be_visible()
    await expect(visitor.at("film")).to_be_visible()
    async with visitor.page.expect_download() as saving:
        await visitor.button("Save the recording").click()
    saved = await saving.value
    kept = tmp_path / saved.suggested_filename
    await saved.save_as(kept)
    assert kept.suffix == ".webm"
    await visitor.page.keyboard.press("Escape")
    await expect(visitor.at("film")).to_have_count(0)
    await expect(visitor.button("Record the screen")).to_be_visible()

    await visitor.button("More").click()
    await visitor.page.get_by_role("menuitem", name="Play a recording…").click()
    await visitor.page.locator("input[type=file]").set_input_files(kept)
    await expect_film(visitor)


async def test_a_recording_that_is_not_saved_is_discarded_when_it_is_said_and_saved_when_the_console_is_left(
    visitor: Visitor, service: LiveService, empty: str
) -> None:
    page = visitor.page
    await asyncio.to_thread(service.reset, empty, "On")
    await visitor.sign_in(f"/nodes/{empty}/screen")
    await visitor.console_open()
    await visitor.button("Record the screen").click()
    await expect(page.get_by_label("Stop recording")).to_contain_text(re.compile(r"0:0[1-9]|0:[1-5]\d"))
    await page.get_by_label("Stop recording").click()
    await visitor.button("Close and discard it").click()
    await expect(visitor.at("film")).to_have_count(0)

    await visitor.button("Record the screen").click()
    await expect(page.get_by_label("Stop recording")).to_contain_text(re.compile(r"0:0[1-9]|0:[1-5]\d"))
    async with page.expect_download() as saving:
        await page.get_by_role("tab", name="Overview").click()
    assert (await saving.value).suggested_filename.endswith(".webm")


async def expect_film(visitor: Visitor) -> None:
    """It has a length, and somewhere in it more than black."""
    film = visitor.at("film")
    await visitor.page.wait_for_function(
        "film => film.duration > 2 && film.duration < 600 && !film.seeking", arg=await film.element_handle()
    )
    await film.evaluate("film => { film.currentTime = 1; }")
    await visitor.page.wait_for_function("film => !film.seeking", arg=await film.element_handle())
    assert await film.evaluate(BRIGHTEST) >= BRIGHT


async def test_a_console_has_a_window_of_its_own(visitor: Visitor, service: LiveService, empty: str) -> None:
    await asyncio.to_thread(service.reset, empty, "On")
    await visitor.sign_in(f"/nodes/{empty}/screen")
    await visitor.console_open()
    await visitor.button("More").click()
    async with visitor.page.expect_popup() as opening:
        await visitor.page.get_by_role("menuitem", name="Open in a window of its own").click()
    window = Visitor(service, visitor.context, await opening.value, visitor.failures)
    await window.console_open()
    await expect(window.page.get_by_test_id("serial")).to_have_count(0)
    await window.page.get_by_role("button", name="Both", exact=True).click()
    await expect(window.page.get_by_test_id("serial")).to_be_visible()
    for console in (0, 1):
        await expect(window.at("console-state").nth(console)).to_have_attribute("data-phase", "open")
