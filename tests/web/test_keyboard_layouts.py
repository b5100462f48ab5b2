"""Pasting into a guest whose console has another keyboard layout: by the Linux console's own tables, none of ours."""

import asyncio
import base64
import subprocess
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from tests.e2e.service import LiveService, Shell, boot, serial_console
from tests.web.first_console import arrives, log_in
from tests.web.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest]

ASCII = """~!@#$%^&*()_+{}|:"<>?`-=[]\\;,./ 0123456789 the quick brown fox jumps over the lazy DOG AZQWYM"""


async def use_keymap(shell: Shell, name: str) -> None:
    """Have the guest's first console use a layout of Debian's console-data."""
    command = ["loadkeys", "-b", "-u", name]
    table = (await asyncio.to_thread(subprocess.run, command, capture_output=True, check=True)).stdout
    text = base64.b64encode(table).decode()
    await shell.run("rm -f /tmp/keymap")
    for start in range(0, len(text), 800):  # busybox takes lines of 1023 letters
        await shell.run(f"echo {text[start : start + 800]} >> /tmp/keymap")
    assert "wrong" not in await shell.run("base64 -d /tmp/keymap | loadkmap && echo right || echo wrong")


@pytest.fixture
async def shell(visitor: Visitor, service: LiveService) -> AsyncIterator[Shell]:
    """The guest is logged in on its first console, which the visitor's page shows; the shell is at the serial one."""
    await boot(service, "n1")
    await visitor.sign_in("/nodes/n1/screen")
    await visitor.console_open()
    await visitor.at("screen").click()
    async with serial_console(service, "n1") as shell:
        await log_in(visitor.press_keys, shell, service.root_password)
        yield shell
        await use_keymap(shell, "us")


@pytest.mark.parametrize(
    ("layout", "keymap", "more"),
    [
        ("de", "de-latin1", "äöüßÄÖÜ §° éèêâà"),
        ("fr", "fr-latin1", "éèçàù ê ï ô û £ ²"),
        ("gb", "uk", "£"),
        ("jp", "jp106", ""),
    ],
    ids=["German", "French", "British", "Japanese"],
)
async def test_what_is_pasted_arrives_letter_by_letter_on_the_layout_of_the_guest(
    visitor: Visitor, shell: Shell, layout: str, keymap: str, more: str
) -> None:
    await use_keymap(shell, keymap)
    text = f"{ASCII} {more}"
    if layout == "fr":
        text = text.replace("~", "")  # xkb, by which Debian sets up its consoles, has it on another key than this table
    await visitor.button("Paste text").click()
    await visitor.page.select_option("#paste-layout", layout)
    await visitor.page.fill("#paste-text", f"echo '{text}' > /tmp/typed\n")
    await expect(visitor.page.get_by_text("This keyboard cannot type")).to_have_count(0)
    await visitor.button("Type it").click()
    await expect(visitor.page.locator("#paste-text")).to_have_count(0, timeout=60_000)
    assert await arrives(visitor.paste, shell, 20)
    assert base64.b64decode(await shell.run("base64 /tmp/typed")).decode() == text + "\n"


async def test_what_the_layout_cannot_type_is_named_before_anything_is_sent_and_typing_can_be_stopped(
    visitor: Visitor, shell: Shell
) -> None:
    await visitor.button("Paste text").click()
    await visitor.page.select_option("#paste-layout", "us")
    await visitor.page.fill("#paste-text", "漢 é é")
    await expect(visitor.page.get_by_text("This keyboard cannot type: 漢 é")).to_be_visible()
    await expect(visitor.button("Type the rest")).to_be_enabled()

    await visitor.page.fill("#paste-text", "\nrm -f /tmp/slow; echo " + "x" * 100 + " > /tmp/slow\n")
    await visitor.page.select_option("#paste-delay", "150")
    await visitor.button("Type it").click()
    await expect(visitor.page.get_by_role("progressbar")).to_be_visible()
    await visitor.button("Stop typing").click()
    await expect(visitor.page.locator("#paste-text")).to_have_count(0)
    await visitor.page.keyboard.press("Control+c")
    assert "none" in await shell.run("test -e /tmp/slow || echo none")
