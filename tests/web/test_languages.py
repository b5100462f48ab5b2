"""The page in English and Chinese, with dates in the zone of the browser."""

import re
import socket
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.service import LiveService
from tests.ports import free_port
from tests.web.latin import latin_words
from tests.web.visitor import Visitor, visit

pytestmark = pytest.mark.browser

FRESH = "n99"
LISTED = (
    *("HMAC", "SHA", "AES", "CBC", "HTTP", "HTTPS", "TLS", "PEM", "CSR", "IP", "API", "URL", "raw", "qcow", "pub"),
    *("sign", "in", "out", "as", "from", "failed", "ok", "local", "localhost", "Chrome", "HeadlessChrome", "Linux"),
    *("ed25519", "ECDSA", "RSA", "webhook", "syslog"),
)
"""What standards, files and browsers are called in the administration, and what the service says of a sign-in."""
CATALOGUE = re.compile(r"/assets/zh-CN-[^/]*\.js$")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    """Where nobody has left names of accounts, images and nodes."""
    service = LiveService(tmp_path_factory.mktemp("chinese"), config=f"[http]\nport = {free_port()}\n")
    try:
        yield service.start()
    finally:
        service.destroy()


@pytest.fixture
def fresh(service: LiveService) -> Iterator[str]:
    """A node without a history, in which the service might have quoted a driver."""
    service.add_node(FRESH)
    yield FRESH
    service.remove_node(FRESH)


async def test_a_chinese_browser_is_signed_in_and_refused_in_chinese(chinese: Visitor) -> None:
    await chinese.go("/sign-in")
    await expect(chinese.page.locator("html")).to_have_attribute("lang", "zh-CN")
    assert await latin_words(chinese.page) == []

    await chinese.sign_in(password="not the password")
    await expect(chinese.at("sign-in-error")).to_contain_text("用户名或密码错误")
    assert await latin_words(chinese.page) == []


async def test_the_fleet_and_a_node_with_all_its_views_and_dialogs_are_in_chinese(chinese: Visitor, fresh: str) -> None:
    page = chinese.page
    await chinese.sign_in()
    await chinese.at(f"node-{fresh}").wait_for()
    await expect(page.get_by_role("heading", name="机群")).to_be_visible()
    assert await latin_words(page) == []
    await chinese.at(f"power-menu-{fresh}").click()
    await expect(chinese.at("power-On")).to_contain_text("开机")
    assert await latin_words(page) == []
    await page.keyboard.press("Escape")
    await chinese.at("account-menu").click()
    await expect(page.get_by_role("menuitem", name="退出登录")).to_be_visible()
    assert await latin_words(page) == []

    await chinese.go(f"/nodes/{fresh}")
    await chinese.shows_power("Off")
    await expect(page.get_by_role("heading", name="虚拟介质")).to_be_visible()
    await expect(page.locator("#media-cd0")).to_be_visible()
    assert await latin_words(page) == []
    for view in ("timeline", "health", "screen", "serial", "jobs"):
        await chinese.go(f"/nodes/{fresh}/{view}")
        await expect(page.get_by_role("tabpanel")).not_to_be_empty()
        await expect(page.get_by_label("正在加载")).to_have_count(0)
        assert await latin_words(page) == [], view

    await page.get_by_role("button", name="重装系统…").click()
    await expect(page.get_by_label("Lightsout Mini")).to_be_visible()
    assert await latin_words(page) == []
    for item in ("救援…", "擦除…"):
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name=f"救援或擦除 {fresh}").click()
        await page.get_by_role("menuitem", name=item).click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        assert await latin_words(page) == [], item


async def test_the_library_the_administration_and_the_serial_log_are_in_chinese(chinese: Visitor, fresh: str) -> None:
    page = chinese.page
    await chinese.sign_in()
    await chinese.at(f"node-{fresh}").wait_for()
    tabs = ("", "/keys", "/sessions", "/tokens", "/ipmi", "/tls", "/hooks", "/audit", "/service")
    machine = re.findall("[A-Za-z]{2,}", socket.gethostname())
    latin: dict[str, list[str]] = {}
    for path in ("/library", "/library/media", *(f"/administration{tab}" for tab in tabs)):
        await chinese.go(path)
        await expect(page.locator("h1").first).to_be_visible()
        await expect(page.get_by_label("正在加载")).to_have_count(0)
        latin[path] = await latin_words(page, *LISTED, *machine)
    assert "\n".join(f"{path}: {text}" for path, texts in latin.items() for text in texts) == ""

    await chinese.go(f"/nodes/{fresh}/serial")
    await chinese.button("日志").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await expect(page.get_by_label("正在加载")).to_have_count(0)
    assert await latin_words(page) == []


async def test_what_is_done_to_many_nodes_is_in_chinese(chinese: Visitor, fresh: str) -> None:
    page = chinese.page
    await chinese.sign_in(f"/?q={fresh}")
    await page.get_by_label(f"选择 {fresh}").check()
    for action in ("On", "identify", "reserve", "release", "reinstall"):
        await chinese.at("bulk").click()
        assert await latin_words(page) == []
        await chinese.at(f"bulk-{action}").click()
        await expect(chinese.at("confirm-bulk")).to_be_visible()
        assert await latin_words(page) == [], action
        await page.keyboard.press("Escape")
    await chinese.at("bulk").click()
    await chinese.at("bulk-identify-off").click()
    await chinese.at("confirm-bulk").click()
    await expect(chinese.at("run")).to_have_attribute("data-ended", "true")
    assert await latin_words(page) == []


async def test_a_moment_is_told_in_the_zone_of_the_browser(chinese: Visitor, service: LiveService, fresh: str) -> None:
    service.do("PATCH", f"/redfish/v1/Systems/{fresh}", {"LocationIndicatorActive": True})
    service.do("PATCH", f"/redfish/v1/Systems/{fresh}", {"LocationIndicatorActive": False})
    await chinese.sign_in(f"/nodes/{fresh}/timeline")
    newest = chinese.page.locator(".lo-happening").first
    await expect(newest).to_contain_text("admin 切换了定位灯")
    when = newest.locator("time")
    at = datetime.fromisoformat(await when.get_attribute("datetime") or "").astimezone(ZoneInfo("Asia/Kathmandu"))
    await expect(when).to_have_attribute("title", f"{at.year}年{at.month}月{at.day}日 {at:%H:%M:%S}")
    await expect(when).to_have_text(f"{at:%H:%M:%S}")


async def test_the_language_chosen_in_one_tab_is_that_of_all_and_stays(visitor: Visitor) -> None:
    asked: list[str] = []
    visitor.context.on("request", lambda request: asked.append(request.url))
    await visitor.sign_in()
    await visitor.at("node-n1").wait_for()
    other = await visitor.open_tab("/nodes/n3")
    await expect(other.page.get_by_role("heading", name="Boot device")).to_be_visible()
    assert not any(CATALOGUE.search(url) for url in asked), "who reads English has no use for it"

    await visitor.at("account-menu").click()
    await visitor.at("language-zh-CN").click()
    await expect(visitor.page.get_by_role("heading", name="机群")).to_be_visible()
    await expect(other.page.get_by_role("heading", name="引导设备")).to_be_visible()
    await expect(other.page.locator("html")).to_have_attribute("lang", "zh-CN")
    await other.page.reload()
    await expect(other.page.get_by_role("heading", name="引导设备")).to_be_visible()
    assert any(CATALOGUE.search(url) for url in asked)


async def test_a_browser_without_a_language_of_ours_gets_english_and_may_choose(
    browser: Browser, service: LiveService
) -> None:
    visitor = await visit(browser, service, locale="de-DE")
    await visitor.go("/sign-in")
    await expect(visitor.page.get_by_role("heading", name="Sign in")).to_be_visible()
    await visitor.button("简体中文").click()
    await expect(visitor.page.get_by_role("heading", name="登录")).to_be_visible()
    await visitor.button("English").click()
    await expect(visitor.page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert visitor.failures == []
