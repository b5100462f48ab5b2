"""The page's sign-in, and what keeps other people's pages away from it."""

from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar

from tests.redfish.service import PASSWORDS, Service, open_service

N1 = "/redfish/v1/Systems/n1"
RESET = f"{N1}/Actions/ComputerSystem.Reset"


async def test_a_cookie_signs_in_and_out(service: Service) -> None:
    async with await service.sign_in("olga") as browser:
        async with browser.get(f"{service.url}/session") as response:
            session = service.accounts.sessions()[-1].id
            assert await response.json() == {"account": "olga", "role": "Operator", "session": session}
        async with browser.delete(f"{service.url}/session") as response:
            assert response.status == 204
        async with browser.get(f"{service.url}/session") as response:
            assert response.status == 401
    assert service.accounts.sessions() == ()


async def test_what_a_page_asks_by_itself_does_not_keep_the_session_of_who_has_left(service: Service) -> None:
    async with await service.sign_in("olga") as browser:

        def used() -> float:
            return service.accounts.sessions()[-1].used

        async def ask(path: str, **headers: str) -> None:
            async with browser.get(service.url + path, headers=headers) as response:
                assert response.status == 200

        before = used()
        await ask(N1, **{"Lightsout-Unattended": "1"})
        await ask("/session", **{"Lightsout-Unattended": "1"})
        await ask("/redfish/v1/EventService/SSE", Accept="text/event-stream")
        async with browser.ws_connect(f"{service.url}/console/n1/serial") as socket:
            await socket.receive_bytes()
        assert used() == before
        await ask(N1)
        assert used() > before


async def test_a_stolen_old_cookie_is_worth_nothing_after_signing_out(service: Service) -> None:
    async with await service.sign_in() as browser:
        cookies = {cookie.key: cookie.value for cookie in browser.cookie_jar}
        await browser.delete(f"{service.url}/session")
    async with ClientSession(cookies=cookies) as thief, thief.get(service.url + N1) as response:
        assert response.status == 401


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(service: Service) -> None:
    body = {"user": "admin", "password": PASSWORDS["admin"]}
    async with service.client.post(f"{service.url}/session", json=body) as response:
        cookie = response.headers["Set-Cookie"]
    assert cookie.startswith(f"lightsout-{service.server.port}=")
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", "Path=/"))
    assert "Secure" not in cookie


async def test_over_https_the_cookie_is_bound_to_this_very_host(tmp_path: Path) -> None:
    async with open_service(tmp_path, secure=True) as service:
        body = {"user": "admin", "password": PASSWORDS["admin"]}
        async with service.client.post(f"{service.url}/session", json=body) as response:
            cookie = response.headers["Set-Cookie"]
        assert cookie.startswith(f"__Host-lightsout-{service.server.port}=")
        assert "Secure" in cookie
        assert "Domain" not in cookie


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"user": "admin"}', b'{"user": 1, "password": "x"}', b"\xff"])
async def test_a_malformed_sign_in_is_told_what_was_expected(service: Service, body: bytes) -> None:
    async with service.client.post(f"{service.url}/session", data=body) as response:
        assert response.status == 400
        assert "expected" in (await response.json())["error"]


async def test_a_wrong_password_is_told_in_words(service: Service) -> None:
    async with service.client.post(f"{service.url}/session", json={"user": "admin", "password": "x"}) as response:
        assert response.status == 401
        assert "wrong" in (await response.json())["error"]
        assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", "http://127.0.0.1:1", "http://[bad"])
async def test_a_page_of_somebody_else_changes_nothing_with_our_cookie(service: Service, origin: str | None) -> None:
    async with await service.sign_in() as browser:
        del browser.headers["Origin"]
        headers = {} if origin is None else {"Origin": origin}
        for method, path in (("POST", RESET), ("PATCH", N1), ("DELETE", N1), ("DELETE", "/session")):
            async with browser.request(method, service.url + path, json={}, headers=headers) as response:
                assert response.status == 403
        async with browser.get(service.url + N1, headers=headers) as response:
            assert response.status == 200
    assert service.drivers.servers["n1"].applied == []


async def test_our_page_changes_things_with_its_cookie(service: Service) -> None:
    async with await service.sign_in() as browser:
        async with browser.post(service.url + RESET, json={"ResetType": "On"}) as response:
            assert response.status == 204
    record = (await service.world.audit.newest(1))[0]
    assert (record.account, record.door.value) == ("admin", "web")


async def test_somebody_elses_page_does_not_sign_us_in_or_use_kept_basic_credentials(service: Service) -> None:
    evil = {"Origin": "https://evil.example"}
    body = {"user": "admin", "password": PASSWORDS["admin"]}
    async with service.client.post(f"{service.url}/session", json=body, headers=evil) as response:
        assert response.status == 403
    assert (await service.call("POST", RESET, {"ResetType": "On"}, headers=evil)).status == 403


async def test_two_installations_on_one_host_keep_each_others_sign_in(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    async with open_service(tmp_path / "a") as one, open_service(tmp_path / "b") as two:
        async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as browser:
            for service in (one, two):
                body = {"user": "admin", "password": PASSWORDS["admin"]}
                async with browser.post(f"{service.url}/session", json=body) as response:
                    assert response.status == 204
            for service in (one, two):
                async with browser.get(f"{service.url}/session") as response:
                    assert response.status == 200
