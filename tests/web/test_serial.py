"""xterm.js in the page: what was printed before is shown, what is typed arrives, and a break is one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import pytest
from playwright.async_api import expect

from tests.e2e.service import ADMIN, ADMIN_PASSWORD, LiveService, boot, serial_console
from tests.web.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest]


async def test_what_was_printed_before_is_shown_and_what_is_typed_arrives(
    visitor: Visitor, service: LiveService
) -> None:
    await boot(service, "n1")
    async with serial_console(service, "n1") as shell:
        await shell.run("clear; echo Before-$((6*7))")
        await shell.keyboard("release")

        await visitor.sign_in("/nodes/n1/serial")
        await visitor.console_open()
        await visitor.terminal_shows("Before-42")

        await visitor.at("serial").click()
        await visitor.page.keyboard.type("echo Typed-$((6*7)) | tee /tmp/typed\n")
        await visitor.terminal_shows("Typed-42")
        await shell.keyboard("take")
        assert "Typed-42" in await shell.run("cat /tmp/typed")


async def test_a_break_reaches_the_kernel(visitor: Visitor, service: LiveService) -> None:
    await boot(service, "n1")
    async with serial_console(service, "n1") as shell:
        await shell.run("dmesg -n 7; clear")
        await shell.keyboard("release")
        await visitor.sign_in("/nodes/n1/serial")
        await visitor.console_open()
        for attempt in range(4):
            await visitor.button("Send break").click()
            await visitor.at("serial").click()
            await visitor.page.keyboard.press("h")
            try:
                await shell.expect("sysrq: HELP", 10)
                break
            except AssertionError:  # the kernel takes a key for it no later than 5 s after the break
                if attempt == 3:
                    raise
                await visitor.page.keyboard.press("Control+u")
        await visitor.terminal_shows("sysrq: HELP")
        await shell.keyboard("take")
        await shell.run("dmesg -n 4")  # as it was: nothing of the kernel stands among what later tests print


async def test_many_lines_are_asked_about_before_they_are_pasted(visitor: Visitor, service: LiveService) -> None:
    await boot(service, "n1")
    async with serial_console(service, "n1") as shell:
        await shell.run("clear")
        await shell.keyboard("release")
        await visitor.sign_in("/nodes/n1/serial")
        await visitor.console_open()
        await visitor.button("Paste").click()
        await visitor.page.fill("#paste-lines", "echo One-$((6*7))\necho Two-$((6*8))\n")
        await expect(visitor.page.get_by_text("2 lines: a shell carries out each as it comes.")).to_be_visible()
        await visitor.button("Paste it").click()
        await visitor.terminal_shows("One-42")
        await visitor.terminal_shows("Two-48")

        paste = """(element, text) => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            const how = { clipboardData: data, bubbles: true, cancelable: true };
            element.dispatchEvent(new ClipboardEvent("paste", how));
        }"""
        keyboard = visitor.at("serial").locator("textarea")
        await keyboard.evaluate(paste, "echo Three-$((6*9))\n")
        await visitor.terminal_shows("Three-54")
        await keyboard.evaluate(paste, "echo Four-$((6*10))\necho Five\n")
        await expect(visitor.page.locator("#paste-lines")).to_have_value("echo Four-$((6*10))\necho Five\n")
        await visitor.button("Cancel").click()
        assert "Four-60" not in await visitor.at("serial").inner_text()


async def test_what_was_printed_is_copied_and_cleared_from_sight(visitor: Visitor, service: LiveService) -> None:
    await boot(service, "n1")
    await visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    async with serial_console(service, "n1") as shell:
        await shell.run("clear; echo Copied-$((6*7)); echo Below-$((6*8))")
        await shell.keyboard("release")
        await visitor.sign_in("/nodes/n1/serial")
        await visitor.console_open()
        await visitor.terminal_shows("Below-48")
        await visitor.button("Copy").click()
        await expect(visitor.page.locator(".pf-v6-c-alert", has_text="Copied")).to_be_visible()
        copied = await visitor.page.evaluate("navigator.clipboard.readText()")
        assert "Copied-42\nBelow-48\n" in copied
        await visitor.button("Clear").click()
        await expect(visitor.at("serial").locator(".xterm-rows")).not_to_contain_text("Copied-42")
        await visitor.at("serial").click()
        await visitor.page.keyboard.type("echo After-$((6*9))\n")
        await visitor.terminal_shows("After-54")


async def test_the_text_can_be_larger_and_stays_so(visitor: Visitor, service: LiveService, empty: str) -> None:
    await asyncio.to_thread(service.reset, empty, "On")
    await visitor.sign_in(f"/nodes/{empty}/serial")
    await visitor.console_open()
    rows = visitor.at("serial").locator(".xterm-rows")
    await expect(rows).to_have_css("font-size", "14px")
    await visitor.button("Larger text").click()
    await visitor.button("Larger text").click()
    await expect(rows).to_have_css("font-size", "16px")
    await visitor.page.reload()
    await expect(rows).to_have_css("font-size", "16px")


@asynccontextmanager
async def all_streams(service: LiveService) -> AsyncIterator[None]:
    """The administrator has as many event streams open as one account may."""
    unlimited = aiohttp.TCPConnector(limit=0)
    async with (
        aiohttp.ClientSession(headers={"X-Auth-Token": service.token()}, connector=unlimited) as client,
        AsyncExitStack() as streams,
    ):
        status = 200
        while status == 200:
            stream = client.get(f"{service.url}/redfish/v1/EventService/SSE", ssl=service.trust)
            status = (await streams.enter_async_context(stream)).status
        yield


async def test_why_a_console_cannot_be_opened_is_said_and_it_opens_when_it_can(
    visitor: Visitor, service: LiveService, empty: str
) -> None:
    # Signed in without the page, which would have an event stream already.
    who = {"user": ADMIN, "password": ADMIN_PASSWORD}
    signed = await visitor.context.request.post(f"{service.url}/session", data=who, headers={"Origin": service.url})
    assert signed.status == 204
    async with all_streams(service):
        await visitor.go(f"/nodes/{empty}/serial")
        state = visitor.at("console-state")
        await expect(state).to_have_attribute("data-phase", "lost")
        await expect(state).to_contain_text("oo many event streams and consoles are open")
    await visitor.console_open(60)  # a reader that has gone is noticed when something is to be told
