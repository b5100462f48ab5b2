"""The page when its service is gone: it says so, and comes back by itself with its consoles."""

import asyncio

import pytest
from playwright.async_api import Request, expect

from tests.e2e.service import LiveService, boot, serial_console
from tests.web.visitor import Visitor
from tests.world import until

pytestmark = [pytest.mark.browser, pytest.mark.guest]


async def test_after_kill_9_of_the_service_a_banner_warns_and_the_consoles_come_back(
    visitor: Visitor, service: LiveService
) -> None:
    await boot(service, "n1")
    guest = service.qemu("n1")
    await visitor.sign_in("/nodes/n1/screen")
    await visitor.console_open()
    serial = await visitor.open_tab("/nodes/n1/serial")
    await serial.console_open()

    service.kill()
    try:
        for tab in (visitor, serial):
            await expect(tab.page.get_by_text("No live updates since")).to_be_visible()
            await expect(tab.at("console-state")).to_contain_text("Connection lost")
    finally:
        await asyncio.to_thread(service.start)
    for tab in (visitor, serial):
        await expect(tab.at("connection-state")).to_have_attribute("data-state", "up", timeout=60_000)
        await expect(tab.page.get_by_text("No live updates since")).to_have_count(0)
        await tab.console_open(60)
    assert service.qemu("n1") == guest

    async with serial_console(service, "n1") as shell:
        await shell.keyboard("release")
        await serial.page.bring_to_front()
        await expect(serial.button("Send break")).to_be_enabled()
        await serial.at("serial").click()
        await serial.page.keyboard.type("echo Back-$((6*7))\n")
        await shell.expect("Back-42", 30)
        await serial.terminal_shows("Back-42")


async def test_what_is_shown_stays_as_it_is_while_what_reads_it_again_gets_no_answer(
    visitor: Visitor, service: LiveService
) -> None:
    page = visitor.page
    lost: list[str] = []

    def note(request: Request) -> None:
        if request.url.partition("?")[0].endswith("/Sensors"):
            lost.append(request.url)

    page.on("requestfailed", note)
    await visitor.sign_in("/nodes/n3/health")
    await expect(page.get_by_role("heading", name="Inventory")).to_be_visible()
    await expect(page.locator(".pf-v6-c-skeleton")).to_have_count(0)
    service.kill()
    try:
        # One look and the two tries after it: then the page knows that it cannot be read.
        await until(lambda: len(lost) >= 4, 90)
        await expect(page.get_by_text("cannot be shown")).to_have_count(0)
    finally:
        await asyncio.to_thread(service.start)
    await expect(visitor.at("connection-state")).to_have_attribute("data-state", "up", timeout=60_000)
