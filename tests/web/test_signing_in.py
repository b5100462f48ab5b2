"""Who may see the page, and how they leave it."""

import pytest
from playwright.async_api import expect

from tests.web.visitor import Visitor

pytestmark = pytest.mark.browser


async def test_a_wrong_password_is_refused_in_words_and_the_right_one_leads_where_one_wanted_to_go(
    visitor: Visitor,
) -> None:
    page = visitor.page
    await visitor.sign_in("/nodes/n3", password="not the password")
    await expect(visitor.at("sign-in-error")).to_contain_text("user name or the password is wrong")
    await expect(page.locator("#password")).to_have_value("")

    await visitor.sign_in("/nodes/n3")
    await page.wait_for_url("**/nodes/n3")
    await expect(page.get_by_role("heading", name="n3", exact=True)).to_be_visible()
    assert await page.evaluate("document.cookie") == "", "the page's own code can read the session"


async def test_signing_out_signs_out_every_tab(visitor: Visitor) -> None:
    await visitor.sign_in()
    await visitor.at("node-n1").wait_for()
    other = await visitor.open_tab("/nodes/n3/serial")
    await other.console_open()
    await other.page.evaluate("window.kept = true")

    await visitor.at("account-menu").click()
    await visitor.page.get_by_role("menuitem", name="Sign out").click()
    await visitor.page.wait_for_url("**/sign-in")
    await other.page.wait_for_url("**/sign-in?return=*")
    assert await other.page.evaluate("window.kept") is None, "the tab keeps what it had in its memory"

    await visitor.go("/nodes/n3")
    await visitor.page.wait_for_url("**/sign-in?return=*")
