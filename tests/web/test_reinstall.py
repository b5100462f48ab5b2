"""A reinstall from the page: to the new system's own proof, refused with an explanation, and cancelled."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import asyncssh
import pytest
from playwright.async_api import Page, expect

from tests.e2e.service import LiveService, booting, serial_console, wait_until
from tests.web.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest]

WHOLE = 600.0
"""Seconds for two boots of a guest and the writing between them, on a machine that is busy with other tests."""


KEYS = "/redfish/v1/AccountService/Accounts/admin/Keys"
USER_DATA = "#cloud-config\nruncmd: []\n"


@contextmanager
def key_of_admin(service: LiveService, comment: str) -> Iterator[str]:
    """The line, without its comment, of a key that the account has meanwhile."""
    line = asyncssh.generate_private_key("ssh-ed25519", comment=comment).export_public_key().decode().strip()
    service.do("POST", KEYS, {"KeyType": "SSH", "KeyString": line})
    try:
        yield line.removesuffix(f" {comment}")
    finally:
        for member in service.get(KEYS)["Members"]:
            service.do("DELETE", member["@odata.id"])


async def step(page: Page, name: str) -> None:
    """Go to a step of the wizard."""
    await page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()


async def order(page: Page, node: str, hostname: str) -> None:
    """Go through the wizard and send it off."""
    await page.get_by_label("Lightsout Mini").check(force=True)
    await step(page, "System")
    await page.fill("#reinstall-hostname", hostname)
    await step(page, "Review")
    await page.fill("#reinstall-confirm", node)
    await page.get_by_test_id("start-reinstall").click()


def last_said(service: LiveService, node: str) -> list[str]:
    """The line, if there is one, that a ramdisk of ours has printed last."""
    lines = f"/redfish/v1/Systems/{node}/LogServices/SerialLog/Entries?search=lightsout:&$top=1"
    return [each["@odata.id"] for each in service.get(lines)["Members"]]


async def ramdisk_speaks(visitor: Visitor, service: LiveService, node: str, before: list[str]) -> None:
    """The console, which begins with what an earlier job has printed, shows what this one's ramdisk prints."""
    await asyncio.to_thread(wait_until, lambda: last_said(service, node) != before, 120, "the ramdisk's words")
    await expect(visitor.at("job-serial")).to_contain_text("lightsout")


async def test_a_reinstall_goes_to_the_proof_of_the_new_system(
    visitor: Visitor, service: LiveService, empty: str
) -> None:
    page = visitor.page
    await visitor.sign_in(f"/nodes/{empty}")
    await visitor.button("Reinstall…").click()
    await step(page, "Disk")
    serial = service.get(f"/redfish/v1/Chassis/{empty}/Drives/disk0")["SerialNumber"]
    await expect(page.get_by_label(serial)).to_be_checked()
    await step(page, "Review")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text(serial)
    await expect(visitor.at("start-reinstall")).to_be_disabled()
    await step(page, "Image")

    await order(page, empty, "no such host!")
    refusal = dialog.get_by_role("alert")
    await expect(refusal).to_contain_text("The reinstall was not started")
    await expect(refusal).to_contain_text("no such host!")
    await step(page, "Image")

    fleet = await visitor.open_tab("/")
    before = last_said(service, empty)
    async with booting():
        await order(page, empty, "web1")
        await page.wait_for_url(f"**/nodes/{empty}/jobs")
        job = visitor.at("job")
        await expect(job).to_have_attribute("data-state", "Running")
        await ramdisk_speaks(visitor, service, empty, before)
        await expect(fleet.at(f"node-{empty}")).to_contain_text("Reinstall · ")
        await expect(visitor.button("Reinstall…")).to_be_disabled()
        await expect(job).not_to_have_attribute("data-state", "Running", timeout=WHOLE * 1000)

    await expect(job).to_have_attribute("data-state", "Completed")
    for proof in ("Serial nonce", "Phone home"):
        await expect(job.get_by_text(proof, exact=True)).to_be_visible()
    await expect(fleet.at(f"node-{empty}")).to_contain_text("lightsout-mini")
    await expect(visitor.at("installed")).to_contain_text("web1")
    await visitor.shows_power("On")

    await visitor.button("Again with the same choices…").click()
    await step(page, "System")
    await expect(page.locator("#reinstall-hostname")).to_have_value("web1")
    await dialog.get_by_role("button", name="Cancel").click()
    row = page.get_by_role("row", name="lightsout-mini").first
    await expect(row).to_contain_text("admin")
    await expect(row).to_contain_text("Done")

    await visitor.go(f"/nodes/{empty}/serial")
    await visitor.terminal_shows("web1 login:", 60)


async def test_a_key_that_was_just_added_to_the_account_is_offered(
    visitor: Visitor, service: LiveService, empty: str
) -> None:
    page = visitor.page
    dialog = page.get_by_role("dialog")
    key = asyncssh.generate_private_key("ssh-ed25519", comment="me@wizard")
    await visitor.sign_in(f"/nodes/{empty}")
    await visitor.button("Reinstall…").click()
    await step(page, "System")
    await expect(dialog).to_contain_text("Your account has no SSH keys of its own")
    await dialog.get_by_role("button", name="Cancel").click()

    await visitor.at("account-menu").click()
    await page.get_by_role("menuitem", name="Account, keys and sessions").click()
    await page.get_by_role("tab", name="SSH keys").click()
    await visitor.button("Add a key…").click()
    await page.fill("#key-text", key.export_public_key().decode())
    await visitor.button("Add it").click()
    await expect(page.get_by_text(key.get_fingerprint())).to_be_visible()
    try:
        await page.get_by_role("link", name="Fleet", exact=True).first.click()
        await page.get_by_role("link", name=empty, exact=True).click()
        await visitor.button("Reinstall…").click()
        await step(page, "System")
        await page.get_by_label("me@wizard").check(force=True)
        await expect(page.locator("#reinstall-keys")).to_have_value(
            " ".join(key.export_public_key().decode().split()[:2])
        )
    finally:
        for member in service.get(KEYS)["Members"]:
            service.do("DELETE", member["@odata.id"])


async def test_the_keys_and_the_password_of_the_wizard_let_one_into_the_new_system(
    visitor: Visitor, service: LiveService, empty: str
) -> None:
    page, password = visitor.page, "tea at three"
    with key_of_admin(service, "me@desk") as key:
        await visitor.sign_in(f"/nodes/{empty}")
        await visitor.button("Reinstall…").click()
        await page.get_by_label("Lightsout Server").check(force=True)
        await step(page, "System")
        await expect(page.locator("#reinstall-user")).to_have_count(0)  # this image cannot be told of it
        await page.get_by_label("me@desk").check(force=True)
        await page.fill("#reinstall-hostname", "keyed")
        await page.fill("#reinstall-password", password)
        await step(page, "Review")
        await page.fill("#reinstall-confirm", empty)
        async with booting():
            await visitor.at("start-reinstall").click()
            await page.wait_for_url(f"**/nodes/{empty}/jobs")
            job = visitor.at("job")
            await expect(job).to_have_attribute("data-state", "Running")
            await expect(job).to_have_attribute("data-state", "Completed", timeout=WHOLE * 1000)
        await expect(visitor.at("installed")).to_contain_text("keyed")
    async with serial_console(service, empty) as shell:
        await shell.login(password)
        assert key in await shell.run("cat /root/.ssh/authorized_keys")
        assert "keyed" in await shell.run("hostname")
    assert password not in service.log


async def test_all_that_cloud_init_can_be_told_is_asked_for_and_sent(visitor: Visitor, image: str, empty: str) -> None:
    page = visitor.page
    await visitor.sign_in(f"/nodes/{empty}")
    await visitor.button("Reinstall…").click()
    await page.get_by_label(image).check(force=True)
    await step(page, "System")
    await page.fill("#reinstall-hostname", "web-1")
    await page.fill("#reinstall-user", "olga")
    await step(page, "Network")
    await page.get_by_label("As told here").check(force=True)
    lines = {"addresses": "192.0.2.10/24, 2001:db8::10/64", "gateways": "192.0.2.1", "dns": "192.0.2.53"}
    for field, text in (lines | {"search": "example.org", "vlan": "100"}).items():
        await page.fill(f"#network-{field}", text)
    await step(page, "User data")
    await page.fill("#reinstall-user-data", USER_DATA)
    await step(page, "Review")
    review = page.get_by_role("dialog")
    for told in ("web-1", "olga", "192.0.2.10/24", "100"):
        await expect(review).to_contain_text(told)
    await page.fill("#reinstall-confirm", empty)
    async with page.expect_request("**/Lightsout.Reinstall") as asking:
        await visitor.at("start-reinstall").click()
    network = {
        "VLANId": 100,
        "Addresses": ["192.0.2.10/24", "2001:db8::10/64"],
        "Gateways": ["192.0.2.1"],
        "NameServers": ["192.0.2.53"],
        "SearchDomains": ["example.org"],
    }
    sent = (await asking.value).post_data_json
    assert sent is not None
    assert (sent["User"], sent["Network"], sent["UserData"]) == ("olga", network, USER_DATA)
    await page.wait_for_url(f"**/nodes/{empty}/jobs")
    await visitor.button("Cancel the job…").click()
    await visitor.button("Cancel the job").click()
    await expect(visitor.at("job")).to_have_attribute("data-state", "Cancelled", timeout=60_000)


async def test_a_job_can_be_cancelled_and_frees_the_node(visitor: Visitor, service: LiveService, empty: str) -> None:
    page = visitor.page
    await visitor.sign_in(f"/nodes/{empty}")
    await visitor.button("Reinstall…").click()
    await order(page, empty, "web2")
    await page.wait_for_url(f"**/nodes/{empty}/jobs")
    await page.get_by_role("tab", name="Overview").click()
    await expect(page.get_by_text(f"Reinstall of {empty} is running")).to_be_visible()
    window = await visitor.open_tab(f"/window/{empty}/serial")
    await expect(window.page.get_by_text(f"Reinstall of {empty} is running")).to_be_visible()
    await page.get_by_role("link", name="Show the job").click()
    await page.wait_for_url(f"**/nodes/{empty}/jobs")
    await visitor.button("Cancel the job…").click()
    await visitor.button("Cancel the job").click()
    await expect(visitor.at("job")).to_have_attribute("data-state", "Cancelled", timeout=60_000)
    await expect(window.page.get_by_text(f"Reinstall of {empty} is running")).to_have_count(0)
    await window.page.close()
    await visitor.shows_power("Off")
    await expect(visitor.button("Reinstall…")).to_be_enabled()
    drive = service.get(f"/redfish/v1/Systems/{empty}/VirtualMedia/cd0")
    assert drive["Inserted"] is False


async def test_a_job_that_failed_says_why_and_what_the_console_showed_last(
    visitor: Visitor, service: LiveService, empty: str
) -> None:
    page = visitor.page
    before = last_said(service, empty)
    await visitor.sign_in(f"/nodes/{empty}")
    await visitor.button("Reinstall…").click()
    async with booting():
        await order(page, empty, "web3")
        await page.wait_for_url(f"**/nodes/{empty}/jobs")
        await ramdisk_speaks(visitor, service, empty, before)
        pid = await asyncio.to_thread(service.qemu, empty)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await expect(visitor.at("job")).to_have_attribute("data-state", "Exception", timeout=120_000)
    await expect(visitor.at("job-failure")).to_contain_text("QEMU was killed by SIGKILL")
    await expect(page.get_by_label("What the serial console showed last")).to_contain_text("lightsout")
