"""Power, boot device and the identify light in the page, and the same by ipmitool."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.e2e.service import LiveService, boot, serial_console, wait_until
from tests.web.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest]


@pytest.fixture
async def signed_in(visitor: Visitor) -> Visitor:
    await visitor.sign_in()
    await visitor.at("node-n3").wait_for()
    return visitor


async def test_power_on_by_ipmitool_is_seen_in_every_tab_without_a_reload(
    signed_in: Visitor, service: LiveService, empty: str
) -> None:
    row = signed_in.at(f"node-{empty}").get_by_test_id("power-state")
    await expect(row).to_have_attribute("data-power", "Off")
    node = await signed_in.open_tab(f"/nodes/{empty}")
    await node.shows_power("Off")
    for tab in (signed_in, node):
        await expect(tab.at("connection-state")).to_have_attribute("data-state", "up")
        await tab.page.evaluate("window.neverReloaded = true")

    for word, state in (("on", "On"), ("off", "Off")):
        await asyncio.to_thread(service.ipmitool, empty, "chassis", "power", word)
        await asyncio.to_thread(service.until_power, empty, state)
        await expect(row).to_have_attribute("data-power", state)
        await node.shows_power(state)
    await expect(node.at("last-power")).to_contain_text("Force off by admin, by IPMI")
    for tab in (signed_in, node):
        assert await tab.page.evaluate("window.neverReloaded") is True


async def test_power_off_in_the_page_asks_first_and_is_seen_by_ipmitool(
    signed_in: Visitor, service: LiveService, empty: str
) -> None:
    await signed_in.go(f"/nodes/{empty}")
    await signed_in.button("Power on").click()
    await signed_in.shows_power("On")

    dialogue = signed_in.page.get_by_role("dialog")
    for kind in ("ForceRestart", "PowerCycle", "Nmi", "ForceOff"):
        await signed_in.choose_power(empty, kind)
        await expect(dialogue).to_contain_text("Data that is not yet on disk is lost.")
        await expect(dialogue.get_by_role("button", name="Cancel")).to_be_focused()
        await signed_in.page.keyboard.press("Enter")
        await expect(dialogue).to_have_count(0)
    assert "is on" in await asyncio.to_thread(service.ipmitool, empty, "chassis", "power", "status")

    await signed_in.choose_power(empty, "ForceOff")
    await signed_in.at("confirm-power").click()
    await asyncio.to_thread(
        wait_until,
        lambda: "is off" in service.ipmitool(empty, "chassis", "power", "status"),
        30,
        "off by ipmitool",
    )
    await signed_in.shows_power("Off")


async def test_only_what_makes_sense_now_can_be_chosen(signed_in: Visitor, empty: str) -> None:
    await signed_in.go(f"/nodes/{empty}")
    await signed_in.at(f"power-menu-{empty}").click()
    await expect(signed_in.at("power-On").get_by_role("menuitem")).to_be_enabled()
    for kind in ("ForceRestart", "PowerCycle", "Nmi", "GracefulShutdown"):
        await expect(signed_in.at(f"power-{kind}").get_by_role("menuitem")).to_be_disabled()


async def test_where_no_node_is_real_hardware_there_is_no_emergency_stop(signed_in: Visitor) -> None:
    async with signed_in.page.expect_response("**/redfish/v1/Managers/Lightsout") as told:
        await signed_in.page.reload()
    assert (await told.value).ok
    await signed_in.at("account-menu").wait_for()
    await expect(signed_in.at("emergency-stop")).to_have_count(0)


async def test_the_boot_device_is_one_setting_for_the_page_and_for_ipmitool(
    signed_in: Visitor, service: LiveService, empty: str
) -> None:
    await signed_in.go(f"/nodes/{empty}")
    shown = signed_in.at("boot-override")
    await signed_in.page.select_option("#boot-target", "Pxe")
    await signed_in.button("Set boot device").click()
    await expect(shown).to_contain_text("Network (PXE) at the next boot only")
    await expect(shown).to_contain_text("Boot mode: ")
    await expect(signed_in.page.get_by_label("Boot mode")).to_have_count(0)
    assert "Force PXE" in await asyncio.to_thread(service.ipmitool, empty, "chassis", "bootparam", "get", "5")

    await asyncio.to_thread(service.ipmitool, empty, "chassis", "bootdev", "cdrom", "options=persistent")
    await expect(shown).to_contain_text("CD/DVD (virtual media) at every boot")
    await asyncio.to_thread(service.ipmitool, empty, "chassis", "bootdev", "none")
    await expect(shown).to_contain_text("own order")


async def test_a_medium_that_is_not_there_is_refused_in_words(signed_in: Visitor, empty: str) -> None:
    await signed_in.go(f"/nodes/{empty}")
    await signed_in.page.fill("#media-cd0", "nowhere.iso")
    await signed_in.button("Insert").click()
    await expect(signed_in.at("media-cd0").get_by_role("alert")).to_contain_text("nowhere.iso")
    await expect(signed_in.at("media-cd0")).to_contain_text("cd0: empty")


async def test_the_identify_light_goes_on_in_every_tab(signed_in: Visitor, empty: str) -> None:
    await signed_in.go(f"/nodes/{empty}")
    other = await signed_in.open_tab(f"/nodes/{empty}")
    for lit in (True, False):
        await signed_in.page.locator("label[for=identify]").click()
        for tab in (signed_in, other):
            await expect(tab.page.get_by_label("Identify light")).to_be_checked(checked=lit)
            await expect(tab.at("identified")).to_have_count(int(lit))


async def test_a_shutdown_is_shown_while_it_goes_on_and_force_off_wins_over_it(
    signed_in: Visitor, service: LiveService, empty: str
) -> None:
    """Firmware alone does not listen to the power button."""
    await asyncio.to_thread(service.reset, empty, "On")
    await signed_in.go(f"/nodes/{empty}")
    await signed_in.shows_power("On")
    await signed_in.choose_power(empty, "GracefulShutdown")
    await signed_in.at("confirm-power").click()
    await signed_in.shows_power("PoweringOff")
    await expect(signed_in.page.locator(".lo-node-title")).to_contain_text("Powering off")
    await expect(signed_in.at("power-under-way")).to_contain_text("under way for")
    await signed_in.choose_power(empty, "ForceOff")
    await signed_in.at("confirm-power").click()
    await signed_in.shows_power("Off")


async def test_a_guest_that_stands_still_is_told_and_goes_on_by_the_page(
    signed_in: Visitor, service: LiveService
) -> None:
    await boot(service, "n1")
    try:
        async with serial_console(service, "n1") as shell:
            await shell.login(service.root_password)
            await shell.type("echo c > /proc/sysrq-trigger\r")
            await shell.expect("Kernel panic", 60)
        await signed_in.go("/?state=attention")
        await expect(signed_in.at("node-n1")).to_contain_text("Paused")
        await signed_in.go("/nodes/n1")
        await expect(signed_in.page.locator(".lo-node-title")).to_contain_text("Paused")
        await signed_in.button("Resume").click()
        await expect(signed_in.page.locator(".lo-node-title")).not_to_contain_text("Paused")
        await expect(signed_in.button("Resume")).to_have_count(0)
    finally:
        await asyncio.to_thread(service.off, "n1")
