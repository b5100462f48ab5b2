"""An account that may only look: nothing it must not do can be chosen, and what it sends all the same is refused."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.e2e.service import LiveService
from tests.web.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.guest]

PASSWORD = "just-looking-around"
INPUT = (4, 5, 255)
"""First bytes of RFB messages: a key, the pointer, and QEMU's own form of a key."""


@pytest.fixture
async def looker(visitor: Visitor, service: LiveService, empty: str) -> Visitor:
    """At the page of a node that is on."""
    await asyncio.to_thread(service.add_account, "vera", PASSWORD, "ReadOnly")
    await asyncio.to_thread(service.reset, empty, "On")
    await visitor.sign_in(f"/nodes/{empty}", "vera", PASSWORD)
    await visitor.shows_power("On")
    return visitor


async def test_nothing_that_changes_the_node_can_be_chosen(looker: Visitor, empty: str) -> None:
    page = looker.page
    await expect(looker.button("Shut down")).to_have_count(0)
    await expect(looker.button("Reinstall…")).to_be_disabled()
    await expect(page.locator("#boot-target")).to_have_count(0)
    await expect(page.locator("#media-cd0")).to_be_disabled()
    await expect(page.get_by_label("Identify light")).to_be_disabled()

    await looker.at(f"power-menu-{empty}").click()
    choices = page.get_by_role("menuitem")
    await expect(choices).not_to_have_count(0)
    for number in range(await choices.count()):
        await expect(choices.nth(number)).to_be_disabled()


async def test_the_consoles_are_seen_and_take_no_key(looker: Visitor, empty: str) -> None:
    await looker.go(f"/nodes/{empty}/screen")
    await looker.console_open()
    await expect(looker.button("Ctrl-Alt-Del")).to_be_disabled()
    await expect(looker.button("Paste text")).to_be_disabled()
    await expect(looker.page.get_by_label("View only")).to_be_disabled()
    sent: list[str | bytes] = []
    looker.page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    await looker.page.reload()
    await looker.console_open()
    assert b"RFB 003.008\n" in sent
    sent.clear()
    await looker.at("screen").click()
    await looker.page.keyboard.type("ab\n")
    await looker.console_open()
    assert [frame for frame in sent if frame[0] in INPUT] == []

    await looker.go(f"/nodes/{empty}/serial")
    await looker.console_open()
    await expect(looker.button("Send break")).to_be_disabled()
    await expect(looker.page.get_by_text("View only: your role may not type")).to_be_visible()
    sent.clear()
    await looker.page.reload()
    await looker.console_open()
    await looker.at("serial").click()
    await looker.page.keyboard.type("poweroff\n")
    await looker.console_open()
    assert sent == []


async def test_what_is_sent_all_the_same_is_refused_in_words(looker: Visitor, service: LiveService, empty: str) -> None:
    send = """async ([path, body]) => {
        const headers = {"Content-Type": "application/json"};
        const reply = await fetch(path, {method: "POST", headers, body: JSON.stringify(body)});
        return [reply.status, (await reply.json()).error["@Message.ExtendedInfo"][0].Message];
    }"""
    system = f"/redfish/v1/Systems/{empty}/Actions"
    for path, body in (
        (f"{system}/ComputerSystem.Reset", {"ResetType": "ForceOff"}),
        (f"{system}/Oem/Lightsout.Reinstall", {"Image": "lightsout-mini", "Hostname": "web1", "SSHKeys": []}),
    ):
        status, words = await looker.page.evaluate(send, [path, body])
        assert status == 403
        assert "takes the role Operator; vera has ReadOnly" in words
    assert service.power(empty) == "On"
