"""xterm.js in the page: what was printed before is shown, what is typed arrives, and a break is one."""

import pytest

from tests.e2e.service import LiveService, boot, serial_console
from tests.web.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest, pytest.mark.timeout(400)]


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
        await visitor.button("Send break").click()
        await visitor.at("serial").click()
        await visitor.page.keyboard.press("h")
        await shell.expect("sysrq: HELP", 20)
        await visitor.terminal_shows("sysrq: HELP")
