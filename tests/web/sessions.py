"""Sessions of the page that end while somebody works in it."""

from playwright.async_api import expect

from tests.e2e.service import ADMIN_PASSWORD, LiveService
from tests.web.visitor import Visitor

SESSIONS = "/redfish/v1/SessionService/Sessions"


def end_sessions(service: LiveService) -> None:
    """Those of all browsers, as an administrator does it."""
    for member in service.get(SESSIONS)["Members"]:
        if service.call("DELETE", member["@odata.id"]).status == 401:
            service.session = ""  # it was our own that went before
            service.call("DELETE", member["@odata.id"])
    service.session = ""  # ours may have been the last to go


async def sign_in_again(visitor: Visitor, password: str = ADMIN_PASSWORD) -> None:
    await expect(visitor.at("sign-in-again")).to_be_visible()
    await expect(visitor.page.locator("#password")).to_be_focused()
    await visitor.page.keyboard.type(password)
    await visitor.page.keyboard.press("Enter")
