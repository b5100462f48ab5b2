"""Administration: who may do what, what programs sign in with, who outside is told, and what was done by whom."""

import asyncio
import csv
import io
import re
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import asyncssh
import pytest
from aiohttp import ClientSession
from playwright.async_api import Browser, Locator, Route, expect

from tests.authority import Authority
from tests.e2e.service import ADMIN_PASSWORD, LiveService
from tests.ports import free_port
from tests.web.visitor import PHONE, SIDEWAYS, Visitor, visit

pytestmark = pytest.mark.browser

PASSWORD = "a-long-enough-secret"
ACCOUNTS = "/redfish/v1/AccountService/Accounts"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    """A service of its own, which may tell receivers on this machine."""
    config = f'[http]\nport = {free_port()}\n[fetch]\nallow = ["127.0.0.0/8"]\n[hooks]\nretry_interval = 1\n'
    service = LiveService(tmp_path_factory.mktemp("administration"), config=config)
    try:
        yield service.start()
    finally:
        service.destroy()


@pytest.fixture
async def admin(browser: Browser, house: LiveService) -> AsyncIterator[Visitor]:
    visitor = await visit(browser, house)
    await visitor.sign_in("/administration")
    await expect(visitor.page.get_by_role("heading", name="Administration")).to_be_visible()
    yield visitor
    assert visitor.failures == []


async def choose(visitor: Visitor, row: Locator, item: str) -> None:
    """In the menu of actions of a row."""
    await row.get_by_role("button").last.click()
    await visitor.page.get_by_role("menuitem", name=item, exact=True).click()


async def add_account(visitor: Visitor, name: str, role: str = "Operator", tags: str = "") -> Locator:
    page = visitor.page
    await visitor.go("/administration/accounts")
    await visitor.button("Add an account…").click()
    await page.fill("#account-name", name)
    await page.fill("#account-password", PASSWORD)
    await page.select_option("#account-role", role)
    if tags:
        await page.get_by_label("Only some, by name or tag").click()
        await page.fill("#scope-tags", tags)
    await visitor.button("Add it").click()
    row = visitor.at(f"account-{name}")
    await expect(row).to_be_visible()
    return row


async def test_an_account_is_added_narrowed_disabled_and_deleted(admin: Visitor) -> None:
    row = await add_account(admin, "olga", tags="lab")
    await expect(row).to_contain_text("tag lab")
    await expect(admin.at("scope-remarks")).to_contain_text("Kept, but no server has the tag lab yet.")
    await admin.page.get_by_role("button", name="Dismiss").click()
    await expect(admin.at("scope-remarks")).to_have_count(0)
    await choose(admin, row, "Role and servers…")
    await admin.page.select_option("#account-role", "ReadOnly")
    await admin.button("Change it").click()
    await expect(row).to_contain_text("Read only")
    await choose(admin, row, "Disable")
    await expect(row).to_contain_text("Disabled")
    await choose(admin, row, "Enable")
    await expect(row).to_contain_text("Enabled")
    await choose(admin, row, "Delete…")
    await admin.button("Delete olga").click()
    await expect(row).to_have_count(0)


async def test_the_last_administrator_stays_and_the_page_says_why(admin: Visitor) -> None:
    await choose(admin, admin.at("account-admin"), "Delete…")
    await admin.button("Delete admin").click()
    await expect(admin.at("refusal")).to_contain_text("last enabled Administrator")
    await expect(admin.at("account-admin")).to_be_visible()


async def test_an_account_that_was_locked_is_unlocked(admin: Visitor, house: LiveService) -> None:
    row = await add_account(admin, "lotte")
    async with ClientSession() as guesser:
        for _ in range(6):
            async with guesser.post(f"{house.url}/session", json={"user": "lotte", "password": "wrong"}) as reply:
                assert reply.status == 401
    await expect(row).to_contain_text("Locked after wrong passwords")
    await choose(admin, row, "Unlock")
    await expect(row).not_to_contain_text("Locked")


async def test_a_key_is_added_and_removed(admin: Visitor) -> None:
    page = admin.page
    key = asyncssh.generate_private_key("ssh-ed25519", comment="me@laptop")
    await admin.go("/administration/keys")
    await admin.button("Add a key…").click()
    await page.fill("#key-text", "not a key")
    await admin.button("Add it").click()
    await expect(admin.at("refusal")).to_be_visible()
    await page.fill("#key-text", key.export_public_key().decode())
    await admin.button("Add it").click()
    await expect(page.get_by_text(key.get_fingerprint())).to_be_visible()
    await admin.button("Remove…").click()
    await admin.button("Remove it").click()
    await expect(page.get_by_text("admin has no keys")).to_be_visible()


async def test_keys_that_could_not_be_had_come_when_they_are_asked_for_again(admin: Visitor) -> None:
    page = admin.page
    await page.route("**/AccountService/Accounts?*", lambda route: route.abort())
    await admin.go("/administration/keys")
    await expect(page.get_by_text("Keys cannot be shown")).to_be_visible()
    await page.unroute_all()
    await admin.button("Try again").click()
    await expect(page.get_by_text("admin has no keys")).to_be_visible()


async def test_a_token_is_shown_once_signs_in_and_is_revoked(admin: Visitor, house: LiveService) -> None:
    page = admin.page
    await admin.go("/administration/tokens")
    await admin.button("Make a token…").click()
    await page.fill("#token-name", "inventory")
    await page.select_option("#token-role", "ReadOnly")
    await page.get_by_label("Only some, by name or tag").click()
    await page.fill("#scope-nodes", "n9")
    await admin.button("Make it").click()
    await expect(admin.at("scope-remarks")).to_contain_text("Kept, but no server is called n9 yet.")
    secret = await page.get_by_label("API token", exact=True).input_value()
    await admin.button("I have it").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert secret not in await page.content()

    systems = f"{house.url}/redfish/v1/Systems"
    headers = {"Authorization": f"Bearer {secret}"}
    async with ClientSession() as program:
        async with program.get(systems, headers=headers) as reply:
            assert reply.status == 200
        row = admin.at("token-inventory")
        await expect(row).to_contain_text("from 127.0.0.1")
        await row.get_by_role("button", name="Revoke…").click()
        await admin.button("Revoke it").click()
        await expect(row).to_have_count(0)
        async with program.get(systems, headers=headers) as reply:
            assert reply.status == 401


async def test_another_session_is_ended_and_its_page_asks_to_sign_in(admin: Visitor, browser: Browser) -> None:
    await add_account(admin, "sara")
    other = await visit(browser, admin.service)
    await other.sign_in("/", "sara", PASSWORD)
    await expect(other.button("Account sara")).to_be_visible()
    await admin.go("/administration/sessions")
    row = admin.page.get_by_role("row").filter(has_text="sara")
    await expect(row).to_contain_text("Web console")
    await expect(admin.page.get_by_role("row").filter(has_text="this one")).to_contain_text("admin")
    await row.get_by_role("button", name="End it").click()
    await expect(row).to_have_count(0)
    await expect(other.page.locator("#user")).to_be_visible()


async def test_all_other_sessions_are_ended_and_ones_own_stays(admin: Visitor, house: LiveService) -> None:
    body = {"UserName": "admin", "Password": ADMIN_PASSWORD}
    async with ClientSession() as program:
        async with program.post(f"{house.url}/redfish/v1/SessionService/Sessions", json=body) as reply:
            token = {"X-Auth-Token": reply.headers["X-Auth-Token"]}
        await admin.go("/administration/sessions")
        await admin.button("End all others…").click()
        await admin.button("End them").click()
        await expect(admin.page.get_by_role("dialog")).to_have_count(0)
        async with program.get(f"{house.url}{ACCOUNTS}", headers=token) as reply:
            assert reply.status == 401
    await admin.page.reload()
    await expect(admin.page.get_by_role("row").filter(has_text="this one")).to_be_visible()


async def test_an_ipmi_user_is_added_and_signs_in(admin: Visitor, house: LiveService, tmp_path: Path) -> None:
    page = admin.page
    await admin.go("/administration/ipmi")
    await page.select_option("#ipmi-server", "n2")
    await admin.button("Add an IPMI user…").click()
    await page.fill("#ipmi-name", "rack")
    await page.fill("#ipmi-key", "x" * 21)
    await admin.button("Add it").click()
    await expect(admin.at("refusal")).to_contain_text("20")
    await page.fill("#ipmi-key", "sixteen letters.")
    await admin.button("Add it").click()
    row = page.get_by_role("row").filter(has_text="rack")
    await expect(row).to_contain_text("Operator")

    await expect(admin.at("ipmi-suites")).to_contain_text("17 · HMAC-SHA256, AES-CBC-128 · Administrator")
    host, port = (await admin.at("ipmi-address").locator("code").inner_text()).rsplit(":", 1)
    key = tmp_path / "key"
    key.write_text("sixteen letters.")
    words = ("-I", "lanplus", "-H", host, "-p", port, "-U", "rack", "-f", str(key), "-L", "OPERATOR", "power", "status")
    ipmitool = await asyncio.create_subprocess_exec("ipmitool", *words, stdout=asyncio.subprocess.PIPE)
    told, _ = await ipmitool.communicate()
    assert b"Chassis Power is" in told

    await choose(admin, row, "Disable")
    await expect(row).to_contain_text("Disabled")
    await choose(admin, row, "Delete…")
    await admin.button("Delete rack").click()
    await expect(row).to_have_count(0)


@contextmanager
def receiver(answer: list[int]) -> Iterator[tuple[str, list[bytes]]]:
    """A webhook's other end, which answers with the last of `answer`."""
    got: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(answer[-1])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/events", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_a_webhook_is_added_tested_suspended_and_deleted(admin: Visitor) -> None:
    page, answer = admin.page, [503]
    with receiver(answer) as (url, got):
        await admin.go("/administration/hooks")
        await admin.button("Add a webhook…").click()
        await page.fill("#hook-url", url)
        await page.fill("#hook-context", "pager")
        await page.get_by_label("Critical").check()
        await admin.button("Add it").click()
        row = page.get_by_role("row").filter(has_text=url)
        await expect(row).to_contain_text("Delivers")

        await admin.button("Send a test event").click()
        await expect(row).to_contain_text("answered 503")
        answer.append(204)
        await expect(row).to_contain_text("Delivers")
        assert got
        await choose(admin, row, "Deliveries…")
        tries = admin.at("deliveries")
        await expect(tries).to_contain_text("Failed, is tried again")
        await expect(tries.get_by_role("row").nth(1)).to_contain_text("This is a test event.")
        await expect(tries.get_by_role("row").nth(1)).to_contain_text("Delivered")
        await page.keyboard.press("Escape")

        await choose(admin, row, "Suspend")
        await expect(row).to_contain_text("Suspended")
        await choose(admin, row, "Resume")
        await expect(row).to_contain_text("Delivers")
        await choose(admin, row, "Change…")
        await page.fill("#hook-context", "pager of rack 7")
        await admin.button("Change it").click()
        await expect(row).to_contain_text("pager of rack 7")
        await choose(admin, row, "Delete…")
        await admin.button("Delete it").click()
        await expect(row).to_have_count(0)


async def test_the_audit_is_searched_and_saved(admin: Visitor) -> None:
    page = admin.page
    await add_account(admin, "audrey")
    await admin.go("/administration/audit")
    await page.fill("#audit-target", "audrey")
    await page.select_option("#audit-kind", "account")
    table = admin.at("audit")
    await expect(table.get_by_role("row")).to_have_count(2)
    await expect(table).to_contain_text("create-account")
    async with page.expect_download() as saving:
        await admin.button("Save what is found (CSV)").click()
    text = await asyncio.to_thread(Path(await (await saving.value).path()).read_text)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["Action"], row["Target"], row["Account"]) for row in rows] == [("create-account", "audrey", "admin")]

    await page.reload()
    await expect(table.get_by_role("row")).to_have_count(2)
    await page.fill("#audit-text", "nothing says this")
    await expect(page.get_by_text("Nothing is found")).to_be_visible()
    await admin.button("Clear the search").click()
    await expect(table).to_contain_text("sign-in")


async def test_the_service_tells_how_it_is(admin: Visitor) -> None:
    page = admin.page
    await admin.go("/administration/service")
    await expect(page.get_by_text("Runs since")).to_be_visible()
    await expect(page.get_by_text(re.compile(r"of .* free"))).to_be_visible()
    await expect(page.get_by_text(re.compile(r"HTTP \d+, SSH \d+"))).to_be_visible()
    await expect(page.get_by_text("Answers within")).to_be_visible()
    async with ClientSession() as guesser:
        async with guesser.post(f"{admin.service.url}/session", json={"user": "nobody-known", "password": "x"}):
            pass
    await expect(admin.at("problems")).to_contain_text("nobody-known")


LOADS = """() => {
    window.loads = 0;
    const look = () => { window.loads += document.querySelectorAll(".lo-loading").length };
    new MutationObserver(look).observe(document.body, {childList: true, subtree: true});
}"""


async def test_what_cannot_be_measured_hides_nothing_of_the_service(admin: Visitor) -> None:
    page, asked = admin.page, asyncio.Queue[str]()

    async def fail(route: Route) -> None:
        asked.put_nowait(route.request.url)
        await route.fulfill(status=500)

    await page.route("**/metrics", fail)
    await admin.go("/administration/service")
    await expect(page.get_by_text("Runs since")).to_be_visible()
    await page.evaluate(LOADS)
    for _ in range(2):  # it is asked for again and again
        await asyncio.wait_for(asked.get(), 30)
    await expect(page.get_by_text("Runs since")).to_be_visible()
    assert await page.evaluate("window.loads") == 0


async def test_plain_http_has_no_certificate_and_the_page_says_so(admin: Visitor) -> None:
    await admin.go("/administration/tls")
    await expect(admin.page.get_by_text("speaks plain HTTP here")).to_be_visible()


async def test_a_certificate_is_asked_for_replaced_and_renewed(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    config = f"[http]\nport = {free_port()}\ntls = true\n"
    service, authority = LiveService(tmp_path_factory.mktemp("tls"), demo=False, config=config), Authority()
    try:
        visitor = await visit(browser, service.start(), ignore_https_errors=True)
        page = visitor.page
        await visitor.sign_in("/administration/tls")
        await expect(page.get_by_text("by itself; browsers warn of it")).to_be_visible()
        await visitor.button("Make a request…").click()
        await page.fill("#csr-name", "127.0.0.1")
        async with page.expect_download() as saving:
            await visitor.button("Make and save it").click()
        request = await asyncio.to_thread(Path(await (await saving.value).path()).read_text)
        await visitor.button("Replace it…").click()
        await page.fill("#pem", "nothing")
        await visitor.button("Replace it").click()
        await expect(visitor.at("refusal")).to_contain_text("no certificate")
        await page.fill("#pem", authority.answer(request))
        await visitor.button("Replace it").click()
        await expect(page.get_by_text("by itself; browsers warn of it")).to_have_count(0)

        await visitor.button("Renew it, self-signed…").click()
        await visitor.button("Renew it").click()
        await expect(page.get_by_text("by itself; browsers warn of it")).to_be_visible()
        assert visitor.failures == []
    finally:
        service.destroy()


async def test_who_administers_some_servers_is_offered_nothing_that_concerns_all(
    admin: Visitor, browser: Browser
) -> None:
    await add_account(admin, "ada", "Administrator", tags="rack-4")
    visitor = await visit(browser, admin.service)
    await visitor.sign_in("/administration", "ada", PASSWORD)
    await expect(visitor.at("account-ada")).to_be_visible()
    await expect(visitor.page.get_by_role("tab", name="IPMI users")).to_be_visible()
    for tab in ("Audit", "Service", "Certificate"):
        await expect(visitor.page.get_by_role("tab", name=tab)).to_have_count(0)
    await expect(visitor.button("Add an account…")).to_have_count(0)
    await visitor.go("/library")
    await expect(visitor.button("Add image…")).to_be_disabled()
    assert visitor.failures == []


async def test_others_see_their_own_and_nothing_else(admin: Visitor, browser: Browser) -> None:
    await add_account(admin, "vera", "ReadOnly")
    visitor = await visit(browser, admin.service, PHONE)
    await visitor.sign_in("/", "vera", PASSWORD)
    await visitor.at("account-menu").click()
    await visitor.page.get_by_role("menuitem", name="Account, keys and sessions").click()
    await expect(visitor.at("account-vera")).to_be_visible()
    await expect(visitor.at("account-admin")).to_have_count(0)
    await expect(visitor.button("Add an account…")).to_have_count(0)
    for tab in ("ipmi", "tls", "audit", "service"):
        await visitor.go(f"/administration/{tab}")
        await expect(visitor.page.get_by_text("There is no such page")).to_be_visible()
    for tab in ("accounts", "keys", "sessions", "tokens", "hooks"):
        await visitor.go(f"/administration/{tab}")
        await expect(visitor.page.get_by_role("heading", level=2).first).to_be_visible()
        assert await visitor.page.evaluate(SIDEWAYS) == [], tab
    await visitor.go("/administration/accounts")
    await choose(visitor, visitor.at("account-vera"), "New password…")
    await visitor.page.fill("#new-password", "another-long-secret")
    await visitor.button("Set it").click()
    await expect(visitor.page.locator("#user")).to_be_visible()
    await visitor.sign_in("/", "vera", "another-long-secret")
    await expect(visitor.at("account-menu")).to_be_visible()
    assert visitor.failures == []
