"""noVNC in the page: what is typed arrives in the guest, by keys and by pasting, but not from one who only looks."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.service import LiveService, Shell, boot, serial_console
from tests.web.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest, pytest.mark.timeout(400)]

Hand = Callable[[str], Awaitable[None]]


async def arrives(hand: Hand, shell: Shell, word: str, seconds: float) -> bool:
    """Whether a command that `hand` types on the first console shows its effect on the serial one."""
    await hand(f"echo {word}-$((6*7)) > /dev/ttyS0\n")
    try:
        await shell.expect(f"{word}-42\r?\n", seconds)
    except AssertionError:
        return False
    return True


async def log_in(hand: Hand, shell: Shell, password: str) -> None:
    """Be root on the first console, logged in already or not."""
    for _ in range(4):
        if await arrives(hand, shell, "Ready", 6):
            return
        await asyncio.sleep(3)  # a word that was taken for a name asks for a password next
        await hand("\n")
        await asyncio.sleep(4)
        await hand("root\n")
        await asyncio.sleep(2)
        await hand(f"{password}\n")
        await asyncio.sleep(2)
    raise AssertionError("no login on the first console")


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
