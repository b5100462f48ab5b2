"""Sessions of the page that end while somebody works in it."""

from playwright.async_api import expect

from tests.e2e.service import ADMIN_PASSWORD, LiveService
from tests.web.visitor import Visitor

SESSIONS = "/redfish/v1/SessionService/Sessions"


def end_sessions(service: LiveService) -> None:
    """Those of all browsers, the newest first, as an administrator does it."""
    for member in reversed(service.get(SESSIONS)["Members"]):
        service.call("DELETE", member["@odata.id"])


async def sign_in_again(visitor: Visitor, password: str = ADMIN_PASSWORD) -> None:
    await expect(visitor.at("sign-in-again")).to_be_visible()
    await expect(visitor.page.locator("#password")).to_be_focused()
    await visitor.page.keyboard.type(password)
    await visitor.page.keyboard.press("Enter")
