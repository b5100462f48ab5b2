"""A person at a browser: the page in a real Chromium, and what one does in it again and again."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright, expect

from tests.e2e.service import ADMIN, ADMIN_PASSWORD, LiveService

ARGUMENTS = [
    "--no-sandbox",  # it is run as root, in containers too
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 20.0
"""Seconds that the page may take to show something, on a machine that is busy with guests."""
DESKTOP = (1280, 800)
PHONE = (390, 844)
WIDE = (2560, 1440)
WIDEST = (3840, 2160)
TYPED_WITH_SHIFT = set('ABCDEFGHIJKLMNOPQRSTUVWXYZ~!@#$%^&*()_+{}|:"<>?')


@dataclass
class Visitor:
    """One browser profile and its first tab, on the page of `service`. `failures` are exceptions of the page's code."""

    service: LiveService
    context: BrowserContext
    page: Page
    failures: list[str] = field(default_factory=list)
    url: str = ""
    """Where the service is for this person; "" is its own address."""

    def at(self, test_id: str) -> Locator:
        return self.page.get_by_test_id(test_id)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    async def go(self, path: str = "/") -> None:
        await self.page.goto((self.url or self.service.url) + path)

    async def sign_in(self, path: str = "/", user: str = ADMIN, password: str = ADMIN_PASSWORD) -> None:
        """Come to `path` by way of the sign-in page."""
        await self.go(path)
        await self.page.fill("#user", user)
        await self.page.fill("#password", password)
        await self.page.locator("form button[type=submit]").click()

    async def open_tab(self, path: str) -> "Visitor":
        """Another tab of the same browser, signed in alike."""
        tab = Visitor(self.service, self.context, await self.context.new_page(), self.failures, self.url)
        tab.page.on("pageerror", lambda error: self.failures.append(str(error)))
        await tab.go(path)
        return tab

    async def choose_power(self, node: str, kind: str) -> None:
        """Choose an action in the power menu; one that may lose something asks for `confirm-power`."""
        await self.at(f"power-menu-{node}").click()
        await self.at(f"power-{kind}").click()

    async def shows_power(self, state: str, seconds: float = PATIENCE) -> None:
        """On a node's own page."""
        header = self.page.locator(".lo-node-title")
        await expect(header.get_by_test_id("power-state")).to_have_attribute(
            "data-power", state, timeout=seconds * 1000
        )

    async def console_open(self, seconds: float = PATIENCE) -> None:
        """The screen or serial console of the page is connected and shows what it got."""
        await expect(self.at("console-state")).to_have_attribute("data-phase", "open", timeout=seconds * 1000)

    async def press_keys(self, text: str) -> None:
        """Type as a hand does: Playwright's own `type` holds no Shift for capitals."""
        keyboard = self.page.keyboard
        for letter in text:
            if letter in TYPED_WITH_SHIFT:
                await keyboard.down("Shift")
            await keyboard.press("Enter" if letter == "\n" else letter, delay=10)
            if letter in TYPED_WITH_SHIFT:
                await keyboard.up("Shift")

    async def paste(self, text: str) -> None:
        """Have the page type `text` into the screen."""
        await self.button("Paste text").click()
        await self.page.fill("#paste-text", text)
        await self.button("Type it").click()
        await expect(self.page.locator("#paste-text")).to_have_count(0, timeout=30_000)

    async def terminal_shows(self, text: str, seconds: float = PATIENCE) -> None:
        """xterm.js has `text` on one of the lines that are in sight."""
        await expect(self.at("serial").locator(".xterm-rows")).to_contain_text(text, timeout=seconds * 1000)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium where there is one that can be driven, and otherwise Playwright's own."""
    found = shutil.which("chromium")
    usable = found is not None and Path(found).resolve().name != "snap"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=found if usable else None, headless=True, args=ARGUMENTS
        )
        try:
            yield browser
        finally:
            await browser.close()


async def visit(
    browser: Browser, service: LiveService, size: tuple[int, int] = DESKTOP, url: str = "", **options: Any
) -> Visitor:
    """A new browser profile with one tab, not yet anywhere."""
    width, height = size
    context = await browser.new_context(viewport={"width": width, "height": height}, **options)
    context.set_default_timeout(PATIENCE * 1000)
    visitor = Visitor(service, context, await context.new_page(), url=url)
    visitor.page.on("pageerror", lambda error: visitor.failures.append(str(error)))
    return visitor


SIDEWAYS = """() => {
    const scrollers = ".pf-v6-c-page__main-container, .pf-v6-c-page__main, .pf-v6-c-card, .pf-v6-c-modal-box";
    return [document.documentElement, ...document.querySelectorAll(scrollers)]
        .filter(each => each.scrollWidth > each.clientWidth + 1)
        .map(each => `${each.className || each.tagName}: ${each.scrollWidth} px in ${each.clientWidth}`);
}"""
"""What can be scrolled sideways, of all that PatternFly lets scroll rather than be cut."""


async def fits(visitor: Visitor) -> None:
    assert await visitor.page.evaluate("window.innerWidth") == PHONE[0], visitor.page.url
    assert await visitor.page.evaluate(SIDEWAYS) == [], visitor.page.url
