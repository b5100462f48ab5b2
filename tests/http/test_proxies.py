"""Behind a reverse proxy that is trusted, everybody has their own address and scheme; what others claim is nothing."""

from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path

import pytest
from aiohttp import WSMsgType

from bmc.accounts import Limits
from bmc.http.proxies import origin_of, scheme_of
from bmc.model.caller import Door
from bmc.model.events import EventKind
from tests.redfish.service import PASSWORDS, Service, open_service

TRUSTED = [ip_network("127.0.0.1"), ip_network("10.0.0.0/8"), ip_network("fd00::/8")]
ADMIN = {"user": "admin", "password": PASSWORDS["admin"]}


@pytest.mark.parametrize(
    ("peer", "forwarded", "origin"),
    [
        ("192.0.2.1", ["198.51.100.1"], "192.0.2.1"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["192.0.2.1"], "192.0.2.1"),
        ("::ffff:127.0.0.1", ["192.0.2.1"], "192.0.2.1"),
        ("127.0.0.1", ["2001:db8::1"], "2001:db8::1"),
        ("127.0.0.1", ["198.51.100.9, 192.0.2.1"], "192.0.2.1"),
        ("127.0.0.1", ["198.51.100.9", "192.0.2.1"], "192.0.2.1"),
        ("127.0.0.1", ["198.51.100.9, 192.0.2.1, 10.1.1.1, fd00::1"], "192.0.2.1"),
        ("127.0.0.1", ["10.1.1.1"], "10.1.1.1"),
        ("127.0.0.1", ["192.0.2.1, unknown"], "127.0.0.1"),
        ("127.0.0.1", ["192.0.2.1,"], "127.0.0.1"),
        ("", ["192.0.2.1"], ""),
    ],
)
def test_a_request_comes_from_the_right_most_address_that_is_no_trusted_proxys(
    peer: str, forwarded: list[str], origin: str
) -> None:
    assert origin_of(peer, forwarded, TRUSTED) == origin


def test_the_scheme_is_the_last_word_of_the_proxy_next_to_us() -> None:
    assert scheme_of(["https"]) == "https"
    assert scheme_of(["https, HTTP"]) == "http"
    assert [scheme_of(said) for said in ([], [""], ["ftp"], ["https,"])] == [None] * 4


@pytest.fixture
async def proxied(tmp_path: Path) -> AsyncIterator[Service]:
    """One that trusts whoever asks from this machine, as a proxy does."""
    async with open_service(tmp_path, limits=Limits(), proxies=[ip_network("127.0.0.1")]) as service:
        yield service


async def test_who_guesses_behind_a_proxy_locks_nobody_else_out(proxied: Service) -> None:
    wrong = ADMIN | {"password": "wrong"}
    headers = {"X-Forwarded-For": "192.0.2.66"}
    for number in range(40):
        async with proxied.client.post(f"{proxied.url}/session", json=wrong | {"user": f"u{number}"}, headers=headers):
            pass
    async with proxied.client.post(f"{proxied.url}/session", json=ADMIN, headers=headers) as response:
        assert "too many failed sign-ins" in (await response.json())["error"]
    headers = {"X-Forwarded-For": "192.0.2.66, 192.0.2.1"}
    async with proxied.client.post(f"{proxied.url}/session", json=ADMIN, headers=headers) as response:
        assert response.status == 204
    signed_in = [each for each in await proxied.world.events.history() if each.kind is EventKind.SIGNED_IN]
    assert signed_in[-1].details["address"] == "192.0.2.1"
    assert (await proxied.world.audit.newest(1))[0].address == "192.0.2.1"


async def test_a_cookie_is_secure_when_the_proxy_is_asked_by_https_and_its_page_is_ours(proxied: Service) -> None:
    headers = {"Host": "bmc.example.org", "X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}
    ours = headers | {"Origin": "https://bmc.example.org"}
    async with proxied.client.post(f"{proxied.url}/session", json=ADMIN, headers=ours) as response:
        assert response.status == 204
        cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("__Host-lightsout-443=")
    assert "Secure" in cookie
    plain = headers | {"Origin": "http://bmc.example.org"}
    async with proxied.client.post(f"{proxied.url}/session", json=ADMIN, headers=plain) as response:
        assert response.status == 403


async def test_a_console_is_opened_through_a_proxy(proxied: Service) -> None:
    await proxied.world.add("n1")
    headers = {"Host": "bmc.example.org", "X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}
    made = await proxied.accounts.open_session("admin", PASSWORDS["admin"], "192.0.2.1", Door.WEB)
    headers |= {"X-Auth-Token": made.token, "Origin": "https://bmc.example.org"}
    async with proxied.client.ws_connect(f"{proxied.url}/console/n1/serial?viewers=1", headers=headers) as socket:
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                assert message.json()["viewers"][0]["address"] == "192.0.2.1"
                break
        assert not socket.closed


async def test_what_a_stranger_claims_of_a_proxy_is_not_believed(service: Service) -> None:
    headers = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"}
    async with service.client.post(f"{service.url}/session", json=ADMIN, headers=headers) as response:
        assert response.status == 204
        assert "Secure" not in response.headers["Set-Cookie"]
    assert (await service.world.audit.newest(1))[0].address == "127.0.0.1"
