"""Two people at one console: one types, the other is told who does and may take the keyboard over."""

import asyncio

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.service import ADMIN, LiveService, boot, serial_console
from tests.web.first_console import arrives, log_in, tried
from tests.web.visitor import Visitor, visit

pytestmark = [pytest.mark.browser, pytest.mark.guest]

PASSWORD = "works-here-at-night"


async def olga(browser: Browser, service: LiveService) -> Visitor:
    await asyncio.to_thread(service.add_account, "olga", PASSWORD)
    return await visit(browser, service)


@pytest.mark.parametrize(("console", "types"), [("serial", "Send break"), ("screen", "Ctrl-Alt-Del")])
async def test_the_second_watches_until_the_keyboard_is_taken(
    visitor: Visitor, browser: Browser, service: LiveService, empty: str, console: str, types: str
) -> None:
    await asyncio.to_thread(service.reset, empty, "On")
    await visitor.sign_in(f"/nodes/{empty}/{console}")
    await visitor.console_open()
    await expect(visitor.button(types)).to_be_enabled()

    second = await olga(browser, service)
    await second.sign_in(f"/nodes/{empty}/{console}", "olga", PASSWORD)
    await second.console_open()
    await expect(second.at("who-types")).to_contain_text(f"{ADMIN} has the keyboard")
    await expect(second.button(types)).to_be_disabled()
    await expect(visitor.at("who-types")).to_contain_text("Watching: olga")

    await second.button("Take the keyboard").click()
    await expect(visitor.page.get_by_text(f"olga took the keyboard of {empty}")).to_be_visible()
    await expect(second.button(types)).to_be_enabled()
    await expect(visitor.button(types)).to_be_disabled()
    await expect(visitor.at("who-types")).to_contain_text("olga has the keyboard")

    await second.page.close()
    await expect(visitor.button(types)).to_be_enabled()
    assert second.failures == []


async def test_on_the_serial_line_the_guest_hears_only_who_has_the_keyboard(
    visitor: Visitor, browser: Browser, service: LiveService
) -> None:
    await boot(service, "n1")
    async with serial_console(service, "n1") as shell:
        await shell.run("clear")
        await shell.keyboard("release")
    second = await olga(browser, service)
    people = ((visitor, "First"), (second, "Second"))
    await visitor.sign_in("/nodes/n1/serial")
    await visitor.console_open()
    await expect(visitor.button("Send break")).to_be_enabled()
    await second.sign_in("/nodes/n1/serial", "olga", PASSWORD)
    await second.console_open()
    await expect(second.button("Take the keyboard")).to_be_visible()
    for (types, word), (loses, _) in (people, people[::-1]):
        if types is not visitor or word != "First":
            await types.button("Take the keyboard").click()
        await expect(types.button("Send break")).to_be_enabled()
        await expect(loses.button("Send break")).to_be_disabled()
        await loses.at("serial").click()
        await loses.page.keyboard.type("echo Lost-$((6*7))\n")
        await types.at("serial").click()
        await types.page.keyboard.type(f"echo {word}-$((6*7))\n")
        # What is typed is echoed: had the loser's keys come, they would stand before.
        for who, _ in people:
            await who.terminal_shows(f"{word}-42")
            await expect(who.at("serial").locator(".xterm-rows")).not_to_contain_text("Lost")
    assert second.failures == []


async def test_on_the_screen_the_guest_hears_only_who_has_the_keyboard(
    visitor: Visitor, browser: Browser, service: LiveService
) -> None:
    await boot(service, "n1")
    await visitor.sign_in("/nodes/n1/screen")
    await visitor.console_open()
    await visitor.at("screen").click()
    second = await olga(browser, service)
    async with serial_console(service, "n1") as shell:
        await log_in(visitor.press_keys, shell, service.root_password)
        assert await arrives(visitor.press_keys, shell, 20)
        await second.sign_in("/nodes/n1/screen", "olga", PASSWORD)
        await second.console_open()
        await second.button("Take the keyboard").click()
        await expect(second.button("Ctrl-Alt-Del")).to_be_enabled()
        await expect(visitor.button("Ctrl-Alt-Del")).to_be_disabled()
        await visitor.at("screen").click()
        lost = await tried(visitor.press_keys)
        await second.at("screen").click()
        # Nothing of what the loser typed lies in the line, or came late.
        assert await arrives(second.press_keys, shell, 20, unlike=lost)
    assert second.failures == []


@pytest.mark.parametrize(("console", "types"), [("serial", "Send break"), ("screen", "Ctrl-Alt-Del")])
async def test_after_a_restart_of_the_service_the_keyboard_is_where_it_was(
    visitor: Visitor, browser: Browser, service: LiveService, empty: str, console: str, types: str
) -> None:
    await asyncio.to_thread(service.reset, empty, "On")
    await visitor.sign_in(f"/nodes/{empty}/{console}")
    await visitor.console_open()
    second = await olga(browser, service)
    await second.sign_in(f"/nodes/{empty}/{console}", "olga", PASSWORD)
    await second.console_open()
    await second.button("Take the keyboard").click()
    # Both pages know of it before the service is gone.
    await expect(second.button(types)).to_be_enabled()
    await expect(visitor.button(types)).to_be_disabled()

    # Whoever typed comes back last.
    await second.context.set_offline(True)
    service.kill()
    try:
        await expect(visitor.at("console-state")).to_contain_text("Connection lost")
    finally:
        await asyncio.to_thread(service.start)
    await visitor.console_open(60)
    await expect(visitor.button("Take the keyboard")).to_be_visible()
    await second.context.set_offline(False)
    await second.console_open(60)
    await expect(second.button(types)).to_be_enabled()
    await expect(visitor.button(types)).to_be_disabled()
    await expect(visitor.at("who-types")).to_contain_text("olga has the keyboard")
    assert second.failures == []


async def test_after_off_and_on_the_keyboard_of_the_screen_is_where_it_was(
    visitor: Visitor, browser: Browser, service: LiveService, empty: str
) -> None:
    await asyncio.to_thread(service.reset, empty, "On")
    await visitor.sign_in(f"/nodes/{empty}/screen")
    await visitor.console_open()
    await expect(visitor.button("Ctrl-Alt-Del")).to_be_enabled()
    second = await olga(browser, service)
    await second.sign_in(f"/nodes/{empty}/screen", "olga", PASSWORD)
    await second.console_open()
    await expect(second.button("Take the keyboard")).to_be_visible()

    await asyncio.to_thread(service.off, empty)
    for each in (visitor, second):
        await expect(each.page.get_by_text(f"{empty} is off")).to_be_visible()
    # Whoever typed comes back last.
    await visitor.context.set_offline(True)
    await asyncio.to_thread(service.reset, empty, "On")
    await second.console_open(60)
    await expect(second.button("Take the keyboard")).to_be_visible()
    await visitor.context.set_offline(False)
    await visitor.console_open(60)
    await expect(visitor.button("Ctrl-Alt-Del")).to_be_enabled()
    await expect(second.at("who-types")).to_contain_text(f"{ADMIN} has the keyboard")
    assert second.failures == []
