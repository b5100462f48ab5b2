"""The page on a phone: everything can be read and reached, and nothing is wider than the glass."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.service import SYSTEMS, LiveService, boot, serial_console
from tests.web.first_console import arrives, log_in
from tests.web.visitor import PHONE, Visitor, fits, visit

pytestmark = [pytest.mark.browser, pytest.mark.guest]


@pytest.fixture
async def phone(browser: Browser, service: LiveService) -> AsyncIterator[Visitor]:
    visitor = await visit(browser, service, PHONE, has_touch=True, is_mobile=True)
    yield visitor
    assert visitor.failures == []


async def test_a_node_is_found_and_powered_with_a_thumb(phone: Visitor, empty: str) -> None:
    await phone.go("/")
    await fits(phone)
    await phone.sign_in("/")
    row = phone.at(f"node-{empty}")
    await expect(row).to_be_visible()
    await fits(phone)

    await phone.at(f"power-menu-{empty}").tap()
    await expect(phone.at("power-On")).to_be_in_viewport()
    await fits(phone)
    await phone.at("power-On").tap()
    await expect(row.get_by_test_id("power-state")).to_have_attribute("data-power", "On")

    await row.get_by_role("link", name=empty).tap()
    await phone.shows_power("On")
    await fits(phone)
    await phone.at(f"power-menu-{empty}").tap()
    await phone.at("power-ForceOff").tap()
    await expect(phone.at("confirm-power")).to_be_in_viewport()
    await phone.at("confirm-power").tap()
    await phone.shows_power("Off")


LONG = "web-frontend-of-the-second-hall-in-the-third-row-rack-17-unit-4"


async def test_a_name_as_long_as_names_may_be_fits_wherever_it_stands(phone: Visitor, service: LiveService) -> None:
    service.add_node(LONG, memory_mib=64)
    try:
        service.do("PATCH", f"{SYSTEMS}/{LONG}", {"LocationIndicatorActive": True})
        service.reset(LONG, "On")
        await phone.sign_in("/")
        await expect(phone.at(f"node-{LONG}")).to_be_visible()
        await fits(phone)
        await phone.go(f"/nodes/{LONG}")
        await phone.shows_power("On")
        await fits(phone)
        await phone.at(f"power-menu-{LONG}").tap()
        await phone.at("power-ForceOff").tap()
        await expect(phone.at("confirm-power")).to_be_in_viewport()
        await fits(phone)
        await phone.page.get_by_role("dialog").get_by_role("button", name="Cancel").tap()
        for name in ("Rescue…", "Erase…"):
            await phone.button(f"Rescue or erase {LONG}").tap()
            await phone.page.get_by_role("menuitem", name=name).tap()
            await expect(phone.page.get_by_role("dialog")).to_be_visible()
            await fits(phone)
            await phone.page.get_by_role("dialog").get_by_role("button", name="Cancel").tap()
    finally:
        service.remove_node(LONG)


async def test_no_view_of_a_node_scrolls_sideways(phone: Visitor, service: LiveService, empty: str) -> None:
    service.reset(empty, "On")
    await phone.sign_in(f"/nodes/{empty}/screen")
    await phone.console_open()
    await fits(phone)
    for tab in ("Serial", "Jobs", "Health", "Timeline", "Overview"):
        await phone.page.get_by_role("tab", name=tab).tap()
        if tab == "Serial":
            await phone.console_open()
        if tab == "Health":
            # Sensors are read now and then, and a line needs two readings.
            await expect(phone.page.locator(".lo-plot-line:visible").first).to_be_visible(timeout=90_000)
        if tab == "Timeline":
            await phone.page.locator(".lo-happening").first.wait_for()
        await fits(phone)
    await phone.button("Reinstall…").tap()
    wizard = phone.page.get_by_role("dialog")
    await expect(wizard.get_by_label("Lightsout Mini")).to_be_visible()
    await fits(phone)
    await wizard.get_by_role("button", name="Steps of the reinstall").tap()
    await wizard.get_by_role("button", name="System").tap()
    await expect(phone.page.locator("#reinstall-hostname")).to_be_visible()
    await fits(phone)


async def test_a_guest_is_typed_to_with_the_phones_own_keyboard(phone: Visitor, service: LiveService) -> None:
    await boot(service, "n1")
    await phone.sign_in("/nodes/n1/screen")
    await phone.console_open()

    async def thumb(text: str) -> None:
        """As such keyboards do it: whole words at once, and no keys."""
        await phone.button("Keyboard").tap()
        await phone.page.keyboard.insert_text(text.rstrip("\n"))
        if text.endswith("\n"):
            await phone.button("Enter").tap()

    async with serial_console(service, "n1") as shell:
        await log_in(thumb, shell, service.root_password)
        await thumb("sleep 1000\n")
        await phone.button("Ctrl").tap()
        await expect(phone.button("Ctrl")).to_have_attribute("aria-pressed", "true")
        await phone.page.keyboard.insert_text("c")
        await expect(phone.button("Ctrl")).to_have_attribute("aria-pressed", "false")
        assert await arrives(thumb, shell, 20)
    await fits(phone)


async def test_a_tap_on_the_screen_is_a_click_in_the_guest(phone: Visitor, service: LiveService) -> None:
    await boot(service, "n1")
    await phone.sign_in("/nodes/n1/screen")
    await phone.console_open()
    async with serial_console(service, "n1") as shell:
        await shell.type("pointer\r")
        await shell.expect("/dev/input/event\\d+", 20)
        for attempt in range(6):
            await phone.at("screen").locator("canvas").tap()
            try:
                await shell.expect("1 272 +1\r?\n", 5)  # the left button
                break
            except AssertionError:
                if attempt == 5:
                    raise
        await shell.expect("1 272 +0\r?\n", 20)
        await shell.type("\x03")
