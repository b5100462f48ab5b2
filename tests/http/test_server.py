"""Listening, TLS, health and metrics."""

import asyncio
import json
import re
import socket
import ssl
import stat
from collections.abc import Awaitable, Callable
from contextlib import suppress
from ipaddress import ip_network
from pathlib import Path

import pytest
from aiohttp import ClientSession, ClientSSLError, web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bmc.http import server
from bmc.http.keys import PROXIES
from bmc.http.server import CannotListen, HttpServer, is_loopback
from bmc.http.tls import BadCertificate, self_signed, server_context
from bmc.model.events import Event, EventKind
from bmc.redfish.authentication import SIGNED_IN
from bmc.store import StoreFailed
from tests.redfish.service import Service, open_service
from tests.world import until

ROOT = Path(__file__).parents[2]


def waits(signed_in: bool = False) -> tuple[web.Application, list[int], asyncio.Event]:
    """An application that answers once the event is set; and what has been asked."""
    asked: list[int] = []
    done = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        if signed_in:
            request[SIGNED_IN]()
        asked.append(1)
        await done.wait()
        return web.Response()

    app = web.Application()
    app.router.add_get("/", answer)
    return app, asked, done


async def test_a_port_in_use_is_named_with_the_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=f"127.0.0.1 port {port} is in use already"):
            async with HttpServer(web.Application(), "127.0.0.1", port):
                pass


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1"])
async def test_beyond_loopback_there_is_no_plain_http(host: str) -> None:
    with pytest.raises(CannotListen, match="only HTTPS"):
        async with HttpServer(web.Application(), host, 0):
            pass


async def test_who_does_not_begin_tls_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else strangers keep files and memory of the process."""
    monkeypatch.setattr(server, "HANDSHAKE_SECONDS", 0.2)
    context = server_context(*self_signed(tmp_path, ["127.0.0.1"]))
    async with HttpServer(web.Application(), "127.0.0.1", 0, context) as listening:
        reader, writer = await asyncio.open_connection("127.0.0.1", listening.port)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()


async def test_a_flood_that_does_not_begin_tls_takes_little_and_keeps_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MOST_HANDSHAKES", 4)
    certificate, key = self_signed(tmp_path, ["127.0.0.1"])
    trust = ssl.create_default_context(cafile=certificate)
    async with HttpServer(web.Application(), "127.0.0.1", 0, server_context(certificate, key)) as serving:
        flood = [await asyncio.open_connection("127.0.0.1", serving.port) for _ in range(12)]
        async with asyncio.timeout(5):
            assert [await reader.read() for reader, _ in flood[:8]] == [b""] * 8
        for _ in range(6):
            reader, writer = await asyncio.open_connection("127.0.0.1", serving.port, ssl=trust)
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert b"404" in await reader.readline()
            writer.close()
        assert len(serving._connections._greeting) <= 4
    async with asyncio.timeout(5):
        assert [await reader.read() for reader, _ in flood[8:]] == [b""] * 4
    await until(lambda: not serving._connections._silent)
    for _, writer in flood:
        writer.close()


async def test_one_connection_too_many_is_turned_away_before_tls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 1)
    certificate, key = self_signed(tmp_path, ["127.0.0.1"])
    trust = ssl.create_default_context(cafile=certificate)
    app, asked, done = waits(signed_in=True)
    async with HttpServer(app, "127.0.0.1", 0, server_context(certificate, key)) as serving:
        _, first = await asyncio.open_connection("127.0.0.1", serving.port, ssl=trust)
        first.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await until(lambda: len(asked) == 1)
        reader, silent = await asyncio.open_connection("127.0.0.1", serving.port)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        done.set()
        for each in (first, silent):
            each.close()


async def test_a_connection_that_asks_nothing_is_closed_and_one_that_asked_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "FIRST_REQUEST_SECONDS", 0.2)
    async with HttpServer(web.Application(), "127.0.0.1", 0) as serving:
        silent, saying_nothing = await asyncio.open_connection("127.0.0.1", serving.port)
        slow, writer = await asyncio.open_connection("127.0.0.1", serving.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n")
        asking, asker = await asyncio.open_connection("127.0.0.1", serving.port)
        asker.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"404" in await asking.readline()
        async with asyncio.timeout(5):
            assert await silent.read() == b""
            assert await slow.read() == b""
        await asking.readuntil(b"\r\n\r\n")
        await asking.readexactly(len("404: Not Found"))
        asker.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"404" in await asking.readline()
        for each in (saying_nothing, writer, asker):
            each.close()


async def test_one_connection_too_many_is_turned_away_while_all_are_busy_for_who_signed_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 3)
    app, asked, done = waits(signed_in=True)
    async with HttpServer(app, "127.0.0.1", 0) as serving:
        open_ones = [await asyncio.open_connection("127.0.0.1", serving.port) for _ in range(3)]
        for _, writer in open_ones:
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await until(lambda: len(asked) == 3)
        reader, one_more = await asyncio.open_connection("127.0.0.1", serving.port)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
            done.set()
            assert b"200" in await open_ones[0][0].readline()
        for writer in (one_more, *(each[1] for each in open_ones)):
            writer.close()


@pytest.mark.parametrize("proxied", [False, True])
async def test_of_strangers_who_keep_it_busy_those_of_the_address_that_has_most_make_room(
    monkeypatch: pytest.MonkeyPatch, proxied: bool
) -> None:
    """Behind a trusted proxy too, where the address is that of who asks the proxy; a network of IPv6 is one."""
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 4)
    app, asked, done = waits()
    app[PROXIES] = [ip_network("127.0.0.9")]
    async with HttpServer(app, "127.0.0.1", 0) as serving:

        async def ask(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            before = len(asked)
            by = "127.0.0.9" if proxied else address
            reader, writer = await asyncio.open_connection("127.0.0.1", serving.port, local_addr=(by, 0))
            writer.write(f"GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 10.0.0.1, {address}\r\n\r\n".encode())
            await until(lambda: len(asked) == before + 1)
            return reader, writer

        person = await ask("127.0.0.2")
        crowd = [await ask(f"2001:db8::{host}" if proxied else "127.0.0.3") for host in range(6)]
        late = await ask("127.0.0.4")
        done.set()
        async with asyncio.timeout(10):
            for reader, _ in (person, late, *crowd[4:]):
                assert b"200" in await reader.readline()
            for reader, _ in crowd[:4]:
                with suppress(ConnectionResetError):
                    assert await reader.read() == b""
        for _, writer in (person, late, *crowd):
            writer.close()


Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def large_answers(tmp_path: Path, secure: bool) -> tuple[HttpServer, Callable[..., Awaitable[Stream]]]:
    """Serves /file and /body, both large; and what asks for one of them and reads nothing."""
    large = tmp_path / "large"
    large.write_bytes(bytes(32 << 20))

    async def answer(request: web.Request) -> web.StreamResponse:
        if "Authorization" in request.headers:
            request[SIGNED_IN]()
        return web.FileResponse(large) if request.path == "/file" else web.Response(body=large.read_bytes())

    app = web.Application()
    app.router.add_routes([web.get("/file", answer), web.get("/body", answer)])
    certificate, key = self_signed(tmp_path, ["127.0.0.1"])
    trust = ssl.create_default_context(cafile=certificate) if secure else None
    serving = HttpServer(app, "127.0.0.1", 0, server_context(certificate, key) if secure else None)

    async def ask(path: str, header: str = "X: y") -> Stream:
        connected = socket.socket()
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connected.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connected, ("127.0.0.1", serving.port))
        name = "127.0.0.1" if secure else None
        reader, writer = await asyncio.open_connection(sock=connected, ssl=trust, server_hostname=name, limit=1024)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n".encode())
        return reader, writer

    return serving, ask


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("path", ["/file", "/body"])
async def test_who_does_not_read_the_answer_is_let_go_unless_signed_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, secure: bool, path: str
) -> None:
    monkeypatch.setattr(server, "UNREAD_SECONDS", 1.5)
    serving, ask = await large_answers(tmp_path, secure)
    async with serving:
        known = await ask(path, "Authorization: any")
        assert b"200" in await known[0].readline()
        stranger = await ask(path)
        assert b"200" in await stranger[0].readline()
        await until(lambda: len(serving.connections) == 1, 60)
        await asyncio.sleep(1)
        assert len(serving.connections) == 1
        for _, writer in (known, stranger):
            writer.transport.abort()
        await until(lambda: len(serving.connections) == 0)
    assert caplog.records == []


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("path", ["/file", "/body"])
async def test_whoever_reads_nothing_makes_room_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, secure: bool, path: str
) -> None:
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 3)
    serving, ask = await large_answers(tmp_path, secure)
    async with serving:
        flood = []
        for _ in range(8):
            flood.append(await ask(path))
            async with asyncio.timeout(10):
                assert b"200" in await flood[-1][0].readline()
        await until(lambda: len(serving.connections) == 3)
        for _, writer in flood:
            writer.transport.abort()
        await until(lambda: len(serving.connections) == 0)
        reader, writer = await ask("/nothing")
        assert b"404" in await reader.readline()
        writer.close()
    assert caplog.records == []


@pytest.mark.parametrize("asks", [True, False], ids=["after a request", "before any"])
async def test_whoever_holds_most_idle_connections_makes_room_and_nobody_else(
    monkeypatch: pytest.MonkeyPatch, asks: bool
) -> None:
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 4)
    app, _, done = waits()
    done.set()
    async with HttpServer(app, "127.0.0.1", 0) as serving:

        async def connect(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            there = len(serving.connections)
            reader, writer = await asyncio.open_connection("127.0.0.1", serving.port, local_addr=(address, 0))
            if asks:
                writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                await reader.readuntil(b"\r\n\r\n")
            await until(lambda: len(serving.connections) == min(there + 1, 4))
            return reader, writer

        person = await connect("127.0.0.2")
        crowd = [await connect("127.0.0.3") for _ in range(9)]
        late = await connect("127.0.0.4")
        async with asyncio.timeout(10):
            for reader, _ in crowd[:7]:
                with suppress(ConnectionResetError):
                    assert await reader.read() == b""
            for reader, writer in (person, late, *crowd[7:]):
                writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                assert b"200" in await reader.readline()
        for _, writer in (person, late, *crowd):
            writer.close()


@pytest.mark.parametrize("how", ["asked nothing", "asked to be closed", "asked nothing more"])
async def test_whoever_was_let_go_and_does_not_end_tls_makes_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 2)
    monkeypatch.setattr(server, "GOODBYE_SECONDS", 60)
    app, _, done = waits(signed_in=True)
    done.set()
    certificate, key = self_signed(tmp_path, ["127.0.0.1"])
    trust = ssl.create_default_context(cafile=certificate)
    async with HttpServer(app, "127.0.0.1", 0, server_context(certificate, key)) as serving:

        def connect() -> ssl.SSLSocket:
            """Nobody reads it, so nobody answers the end of TLS."""
            connected = socket.create_connection(("127.0.0.1", serving.port), 10)
            secured = trust.wrap_socket(connected, server_hostname="127.0.0.1")
            if how != "asked nothing":
                ending = "Connection: close\r\n" if how == "asked to be closed" else ""
                secured.sendall(f"GET / HTTP/1.1\r\nHost: x\r\n{ending}\r\n".encode())
                assert b"200" in secured.recv(100)
            return secured

        with monkeypatch.context() as hasty:
            hasty.setattr(server, "FIRST_REQUEST_SECONDS", 2 if how == "asked nothing" else 30)
            hasty.setattr(server, "IDLE_SECONDS", 0.2)
            crowd = [await asyncio.to_thread(connect) for _ in range(2)]
        transports = [each.transport for each in serving.connections]
        await until(lambda: all(each is None or each.is_closing() for each in transports))
        assert len(serving.connections) == 2
        for _ in range(3):
            reader, writer = await asyncio.open_connection("127.0.0.1", serving.port, ssl=trust)
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            async with asyncio.timeout(10):
                assert b"200" in await reader.readline()
            assert len(serving.connections) <= 2
            writer.close()
        for each in crowd:
            each.close()
    assert caplog.records == []


async def test_who_does_not_end_tls_is_not_waited_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "GOODBYE_SECONDS", 0.2)
    app, _, _ = waits()
    certificate, key = self_signed(tmp_path, ["127.0.0.1"])
    trust = ssl.create_default_context(cafile=certificate)

    def connect(port: int) -> ssl.SSLSocket:
        connected = socket.create_connection(("127.0.0.1", port), 10)
        secured = trust.wrap_socket(connected, server_hostname="127.0.0.1")
        secured.sendall(b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b"404" in secured.recv(100)
        return secured

    async with HttpServer(app, "127.0.0.1", 0, server_context(certificate, key)) as serving:
        silent = await asyncio.to_thread(connect, serving.port)
        await until(lambda: not serving.connections)
        silent.close()


async def test_a_connection_that_asks_nothing_more_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "IDLE_SECONDS", 0.2)
    async with HttpServer(web.Application(), "127.0.0.1", 0) as serving:
        reader, writer = await asyncio.open_connection("127.0.0.1", serving.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(10):
            assert (await reader.read()).startswith(b"HTTP/1.1 404")
        writer.close()


def test_what_is_loopback() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.8.8.8", "::1", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "", "example.org", "10.0.0.1")))


async def test_a_self_made_certificate_is_kept_private_and_works(tmp_path: Path) -> None:
    async with open_service(tmp_path, secure=True) as service:
        assert service.url.startswith("https://")
        assert (await service.get("/redfish/v1/", as_=""))["Id"] == "RootService"
        async with ClientSession() as stranger:
            with pytest.raises(ClientSSLError):
                await stranger.get(service.url)


def test_a_certificate_is_made_once_and_its_key_is_ours_alone(tmp_path: Path) -> None:
    directory = tmp_path / "tls"
    certificate, key = self_signed(directory, ["127.0.0.1", "host.example"])
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = certificate.read_bytes()
    assert self_signed(directory, ["other"]) == (certificate, key)
    assert certificate.read_bytes() == before
    assert server_context(certificate, key).minimum_version >= ssl.TLSVersion.TLSv1_2


def test_a_certificate_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text("nothing")
    with pytest.raises(BadCertificate, match=r"bad\.pem"):
        server_context(bad, bad)
    with pytest.raises(BadCertificate, match=r"missing\.pem"):
        server_context(tmp_path / "missing.pem", bad)


async def test_health_is_the_stores_and_is_asked_at_most_once_a_second(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = []

    async def check() -> None:
        checks.append(1)
        raise StoreFailed("the disk is full")

    monkeypatch.setattr(service.world.store, "check", check)
    for _ in range(5):
        async with service.client.get(f"{service.url}/healthz") as response:
            assert (response.status, await response.text()) == (503, "the disk is full\n")
    assert len(checks) == 1


async def test_a_healthy_service_says_ok(service: Service) -> None:
    async with service.client.get(f"{service.url}/healthz") as response:
        assert (response.status, await response.text()) == (200, "ok\n")


async def test_metrics_tell_what_was_asked_and_what_there_is_to_those_who_sign_in(service: Service) -> None:
    await service.get("/redfish/v1/Systems")
    assert (await service.call("GET", "/metrics", as_="")).status == 401
    text = (await service.call("GET", "/metrics", as_="vera")).body
    assert 'lightsout_http_requests_total{area="redfish",method="GET",status="200"} 1.0' in text
    assert 'lightsout_nodes{state="Off"} 1.0' in text
    assert 'lightsout_node_power{node="n1",state="Off"} 1.0' in text
    assert 'lightsout_sessions{door="web"} 0.0' in text


async def test_metrics_name_no_node_out_of_scope(service: Service) -> None:
    await service.world.add("secret")
    assert 'node="secret"' in (await service.call("GET", "/metrics", as_="vera")).body
    mine = (await service.call("GET", "/metrics", as_="tina")).body
    assert 'node="n1"' in mine
    assert "secret" not in mine


async def test_metrics_tell_of_hooks_to_those_who_see_them(service: Service) -> None:
    receiver = "http://127.0.0.2:1/"
    own = await service.hooks.subscribe("tina", receiver)
    await service.hooks.suspend(own.id, "admin")
    for _ in range(3):
        await service.world.events.publish(Event(EventKind.NODE_CHANGED, "x", 0, "n1"))
    for as_ in ("admin", "tina"):
        text = (await service.call("GET", "/metrics", as_=as_)).body
        found = re.search(rf'^lightsout_hook_waiting{{hook="{own.id}"}} (.*)$', text, re.M)
        assert found is not None
        assert float(found[1]) >= 3, "the sign-ins wait beside"
        assert f'lightsout_hook_results_total{{hook="{own.id}",result="delivered"}} 0.0' in text
    assert own.id not in (await service.call("GET", "/metrics", as_="olga")).body


async def test_the_dashboard_and_the_page_on_operating_know_every_metric(service: Service) -> None:
    text = (await service.call("GET", "/metrics", as_="vera")).body
    families = {name for name in re.findall(r"^# TYPE (lightsout_\w+) ", text, re.M) if not name.endswith("_created")}
    documented = (ROOT / "docs" / "operating.md").read_text()
    assert set(re.findall(r"^\| `(lightsout_\w+)`", documented, re.M)) == families
    asked = re.findall(r"lightsout_\w+", (ROOT / "docs" / "grafana.json").read_text())
    assert {name.removesuffix("_bucket") for name in asked} == families


async def test_no_bytes_break_the_listener(tmp_path: Path) -> None:
    async with open_service(tmp_path) as service:
        loop = asyncio.get_running_loop()

        async def throw(data: bytes) -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", service.server.port)
            writer.write(data)
            writer.write_eof()
            async with asyncio.timeout(10):
                await reader.read()
            writer.close()

        starts = st.sampled_from(
            [b"", b"GET /", b"POST /session HTTP/1.1\r\n", b"GET /redfish HTTP/1.1\r\nHost: x\r\n"]
        )
        lines = st.sampled_from(
            [b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Upgrade: websocket\r\n"]
        )

        @settings(max_examples=100, suppress_health_check=list(HealthCheck))
        @given(starts, st.lists(lines, max_size=3), st.binary(max_size=100))
        def attack(start: bytes, headers: list[bytes], rest: bytes) -> None:
            data = start + b"".join(headers) + rest
            asyncio.run_coroutine_threadsafe(throw(data), loop).result(30)

        await asyncio.to_thread(attack)
        assert (await service.call("GET", "/redfish", as_="")).status == 200


@pytest.mark.parametrize("method", [b"FAKEMETHODFORTEST", b"BREW", b"get"])
async def test_a_method_that_no_parser_knows_is_refused_as_redfish_does(service: Service, method: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", service.server.port)
    writer.write(method + b" /redfish/v1/ HTTP/1.1\r\nHost: x\r\n\r\n")
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    assert b" 501 Not Implemented" in head
    assert b"OData-Version: 4.0" in head
    assert json.loads(body)["error"]["@Message.ExtendedInfo"][0]["MessageId"].endswith(".OperationNotAllowed")
    writer.close()


async def test_what_is_no_http_leaves_one_line_in_the_log(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", service.server.port)
    writer.write(b"GET /%20%d HTTP/1.1\r\nno %s header at all\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.0 400")
    writer.close()
    assert len(caplog.records) == 1
    assert "\n" not in caplog.records[0].getMessage()
    assert caplog.records[0].exc_info is None


@pytest.mark.parametrize("path", ["/redfish/v1/Systems", "/session", "/healthz", "/", "/console/n1/screen"])
@pytest.mark.parametrize("host", ["a:99999999", "127.0.0.1:80:80", "a:port", "[::1]:x"])
async def test_a_host_that_cannot_be_is_told_and_leaves_no_traceback(
    service: Service, caplog: pytest.LogCaptureFixture, host: str, path: str
) -> None:
    async with service.client.get(service.url + path, headers={"Host": host}) as response:
        assert (response.status, response.content_type) == (400, "application/json")
        assert host in (await response.json())["error"]["message"]
    assert caplog.records == []


async def test_a_body_that_never_comes_is_given_up(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bmc.redfish.door.BODY_SECONDS", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", service.server.port)
    path = "/redfish/v1/SessionService/Sessions"
    writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{{".encode())
    async with asyncio.timeout(10):
        assert b" 408 " in await reader.readline()
    writer.close()
