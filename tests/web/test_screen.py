"""noVNC in the page: what is typed arrives in the guest, by keys and by pasting, but not from one who only looks."""

import asyncio

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.service import LiveService, boot, serial_console
from tests.web.first_console import arrives, log_in
from tests.web.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest, pytest.mark.timeout(400)]


async def picture(screen: Locator) -> str:
    """All that the guest shows, as the canvas has it."""
    return str(await screen.locator("canvas").evaluate("canvas => canvas.toDataURL()"))


async def test_what_is_typed_and_what_is_pasted_arrives_in_the_guest_and_a_looker_cannot_type(
    visitor: Visitor, service: LiveService
) -> None:
    await boot(service, "n1")
    await visitor.sign_in("/nodes/n1/screen")
    await visitor.console_open()
    await visitor.at("screen").click()
    async with serial_console(service, "n1") as shell:
        await log_in(visitor.press_keys, shell, service.root_password)
        assert await arrives(visitor.press_keys, shell, "Keys", 20)

        symbols = """~!@#$%^&*()_+{}|:"<>?`-=[]\\;,./ AbZ"""
        await visitor.paste(f"echo '{symbols}' > /dev/ttyS0\n")
        await shell.expect("~!@#", 20)
        await shell.expect("AbZ\r?\n", 20)
        assert await arrives(visitor.paste, shell, "Pasted", 20)

        await visitor.page.get_by_text("View only").click()
        await expect(visitor.button("Ctrl-Alt-Del")).to_be_disabled()
        await visitor.console_open()
        await visitor.at("screen").click()
        before = await picture(visitor.at("screen"))
        assert not await arrives(visitor.press_keys, shell, "Looker", 4)

        # Back in control, nothing of what the looker typed lies in the line.
        await visitor.page.get_by_text("View only").click()
        await expect(visitor.button("Ctrl-Alt-Del")).to_be_enabled()
        await visitor.at("screen").click()
        assert await arrives(visitor.press_keys, shell, "Again", 20)
        assert await picture(visitor.at("screen")) != before


async def test_the_screen_waits_for_a_node_that_is_off_and_comes_by_itself(
    visitor: Visitor, service: LiveService, empty: str
) -> None:
    await visitor.sign_in(f"/nodes/{empty}/screen")
    await expect(visitor.page.get_by_text(f"{empty} is off")).to_be_visible()
    await asyncio.to_thread(service.reset, empty, "On")
    await visitor.console_open()
    async with visitor.page.expect_download() as saving:
        await visitor.button("Screenshot").click()
    saved = await saving.value
    assert saved.suggested_filename.startswith(f"{empty}-")
    await asyncio.to_thread(service.off, empty)
    await expect(visitor.page.get_by_text(f"{empty} is off")).to_be_visible()
