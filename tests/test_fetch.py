"""Whatever the service fetches passes the one fetcher, and the fetcher passes nothing it must not."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bmc.fetch import Fetcher, check_address
from bmc.media import MediaLibrary
from bmc.model.errors import BackendFailed, InvalidRequest, NotFound, Unreachable
from tests.world import until

LOOPBACK = [ip_network("127.0.0.1/32")]
CONTENT = bytes(range(256)) * 4096


class Slowly:
    """How `/slow.iso` goes: how often it was asked for, and whether it is answered."""

    def __init__(self) -> None:
        self.asked = 0
        self.goes_on = asyncio.Event()


@pytest.fixture
def slowly() -> Slowly:
    return Slowly()


@pytest.fixture
async def server(slowly: Slowly) -> AsyncIterator[str]:
    async def broken(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"short")
        assert request.transport is not None
        request.transport.abort()
        return response

    async def leave(request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound("http://127.0.0.2:1/secret")

    async def again(request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(request.rel_url)

    async def inside(request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound("http://10.1.2.3:1/secret")

    async def elsewhere(request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound("ftp://user:SECRET@127.0.0.1/x?SECRET")

    async def garbage(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.write(b"garbage\r\n\r\n")
        request.transport.close()
        return web.Response()

    async def whole(request: web.Request) -> web.Response:
        return web.Response(body=CONTENT)

    async def slow(request: web.Request) -> web.Response:
        slowly.asked += 1
        await slowly.goes_on.wait()
        return web.Response(body=CONTENT)

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with suppress(ConnectionError):
            while True:
                await response.write(b".")
                await asyncio.sleep(0.05)
        return response

    app = web.Application()
    app.router.add_get("/drip.iso", drip)
    for number in range(3):
        app.router.add_get(f"/whole{number}.iso", whole)
    app.router.add_get("/whole.iso", whole)
    app.router.add_get("/slow.iso", slow)
    app.router.add_get("/broken.iso", broken)
    app.router.add_get("/leave.iso", leave)
    app.router.add_get("/inside.iso", inside)
    app.router.add_get("/again.iso", again)
    app.router.add_get("/elsewhere.iso", elsewhere)
    app.router.add_get("/garbage.iso", garbage)
    async with TestServer(app, host="127.0.0.1") as running:
        yield f"http://127.0.0.1:{running.port}"


async def test_a_file_is_saved_whole(server: str, tmp_path: Path) -> None:
    size = await Fetcher(LOOPBACK).save(f"{server}/whole.iso", tmp_path / "a", lambda _: 1 << 30)
    assert (size, (tmp_path / "a").read_bytes()) == (len(CONTENT), CONTENT)


@pytest.mark.parametrize(
    ("path", "limit", "error", "words"),
    [
        ("/absent.iso", 1 << 30, NotFound, "answered 404"),
        ("/broken.iso", 1 << 30, Unreachable, "broke off"),
        ("/whole.iso", 1000, InvalidRequest, "more than the 1000 bytes"),
        ("/leave.iso", 1 << 30, InvalidRequest, "127.0.0.2 is this machine's own"),
    ],
)
async def test_what_cannot_be_had_is_said_and_nothing_is_left(
    server: str, tmp_path: Path, path: str, limit: int, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        await Fetcher(LOOPBACK).save(server + path, tmp_path / "a", lambda _: limit)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["/again.iso", "/elsewhere.iso", "/garbage.iso", "/broken.iso", "/leave.iso", ":1/x"])
async def test_no_failure_tells_the_secrets_of_the_url(server: str, tmp_path: Path, path: str) -> None:
    for scheme in ("http", "ftp"):
        url = f"{server}{path}?signature=SECRET".replace("http://", f"{scheme}://user:SECRET@")
        with pytest.raises((InvalidRequest, Unreachable)) as caught:
            await Fetcher(LOOPBACK).save(url, tmp_path / "a", lambda _: 1 << 30)
        assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "169.254.169.254", "[::ffff:127.0.0.1]", "[fe80::1]"]
)
async def test_the_machines_own_addresses_are_refused(tmp_path: Path, host: str) -> None:
    with pytest.raises(InvalidRequest, match="refused"):
        await Fetcher().save(f"http://{host}:9/x", tmp_path / "a", lambda _: 1)


NETWORKS = [
    *("10.1.2.3/32", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fd00::/8", "fec0::/10"),
    *("::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48"),
]
PRIVATE = [
    *("10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd00::1", "fec0::1"),
    *("::ffff:10.1.2.3", "::10.1.2.3", "::ffff:0:10.1.2.3", "64:ff9b::a01:203", "64:ff9b:1::a01:203"),
]


@pytest.mark.parametrize("address", PRIVATE)
async def test_a_private_network_is_for_who_governs_the_fleet_or_what_is_allowed(tmp_path: Path, address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(InvalidRequest, match=r"private network.*fetch\.allow in the configuration"):
        await MediaLibrary(tmp_path, Fetcher(), 1 << 30).path(f"http://{host}:9/x.iso")
    check_address(ip_address(address), [])
    check_address(ip_address(address), [ip_network(net) for net in NETWORKS], private=False)


async def test_a_redirect_into_a_private_network_is_refused(server: str, tmp_path: Path) -> None:
    library = MediaLibrary(tmp_path, Fetcher(LOOPBACK), 1 << 30)
    with pytest.raises(InvalidRequest, match=r"inside\.iso is refused: 10\.1\.2\.3 is of a private network"):
        await library.path(f"{server}/inside.iso")


async def test_an_address_of_everybodys_network_is_open_to_all() -> None:
    for address in ("93.184.216.34", "2606:2800:220:1::1"):
        check_address(ip_address(address), [], private=False)


async def test_who_may_fetch_less_is_not_given_what_another_is_fetching(
    server: str, slowly: Slowly, tmp_path: Path
) -> None:
    library = MediaLibrary(tmp_path, Fetcher(LOOPBACK), 1 << 30)
    url = f"{server}/slow.iso"
    asking = [asyncio.create_task(library.path(url, private)) for private in (True, False)]
    await until(lambda: slowly.asked == 2)
    slowly.goes_on.set()
    assert [Path(path).read_bytes() for path in await asyncio.gather(*asking)] == [CONTENT, CONTENT]


async def test_an_address_of_a_network_card_of_this_machine_is_its_own(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("this machine has no address but loopback")
        own = probe.getsockname()[0]
    for host in (own, f"[::ffff:{own}]"):
        with pytest.raises(InvalidRequest, match=f"{own} is this machine's own"):
            await Fetcher().save(f"http://{host}:9/x", tmp_path / "a", lambda _: 1)
    check_address(ip_address(own), [ip_network(own)])
    check_address(ip_address("192.0.2.1"), [])
    check_address(ip_address("2001:db8::1"), [])


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/x", "x", "http://[", "http://"])
async def test_only_http_urls_are_fetched(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidRequest):
        await Fetcher().save(url, tmp_path / "a", lambda _: 1)


async def test_an_endpoint_that_is_closed_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="cannot be reached"):
        await Fetcher(LOOPBACK).save("http://127.0.0.1:1/x", tmp_path / "a", lambda _: 1)


async def test_media_are_named_by_file_or_url(server: str, tmp_path: Path) -> None:
    (tmp_path / "debian.iso").write_bytes(b"iso")
    library = MediaLibrary(tmp_path, Fetcher(LOOPBACK), 1 << 30)
    assert await library.path("debian.iso") == str(tmp_path / "debian.iso")
    assert library.names() == ["debian.iso"]
    assert Path(await library.path(f"{server}/whole.iso")).read_bytes() == CONTENT


@pytest.mark.parametrize("name", ["../store/lightsout.db", "/etc/passwd", ".hidden", "fetched/x.iso"])
async def test_a_medium_is_never_a_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidRequest, match="must be a file name"):
        await MediaLibrary(tmp_path, Fetcher(), 1 << 30).path(name)


async def test_an_unknown_medium_is_named_with_those_there_are(tmp_path: Path) -> None:
    (tmp_path / "a.iso").touch()
    with pytest.raises(NotFound, match=r"there are: a\.iso"):
        await MediaLibrary(tmp_path, Fetcher(), 1 << 30).path("b.iso")


async def test_two_who_want_the_same_url_both_get_it_whole(server: str, tmp_path: Path) -> None:
    library = MediaLibrary(tmp_path, Fetcher(LOOPBACK), 1 << 30)
    paths = await asyncio.gather(*(library.path(f"{server}/whole.iso") for _ in range(4)))
    assert {Path(path).read_bytes() for path in paths} == {CONTENT}


async def test_who_asks_for_what_is_being_fetched_waits_for_that(server: str, slowly: Slowly, tmp_path: Path) -> None:
    library = MediaLibrary(tmp_path, Fetcher(LOOPBACK), 1 << 30)
    asking = [asyncio.create_task(library.path(f"{server}/slow.iso")) for _ in range(3)]
    await until(lambda: slowly.asked == 1)
    asking.pop(0).cancel()
    slowly.goes_on.set()
    assert {Path(path).read_bytes() for path in await asyncio.gather(*asking)} == {CONTENT}
    assert slowly.asked == 1


async def test_a_fetch_ends_with_the_last_who_waits_for_it(server: str, slowly: Slowly, tmp_path: Path) -> None:
    library = MediaLibrary(tmp_path, Fetcher(LOOPBACK), 1 << 30)
    asking = asyncio.create_task(library.path(f"{server}/slow.iso"))
    await until(lambda: slowly.asked == 1)
    asking.cancel()
    await asyncio.wait({asking})
    slowly.goes_on.set()
    assert Path(await library.path(f"{server}/slow.iso")).read_bytes() == CONTENT
    assert slowly.asked == 2


async def test_a_server_that_drips_is_given_up(server: str, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="less than 16 KiB a second"):
        await Fetcher(LOOPBACK, patience=0.5).save(f"{server}/drip.iso", tmp_path / "a", lambda _: 1 << 30)
    assert list(tmp_path.iterdir()) == []


async def test_a_slow_fetch_holds_up_no_other(server: str, slowly: Slowly, tmp_path: Path) -> None:
    library = MediaLibrary(tmp_path, Fetcher(LOOPBACK), 1 << 30)
    slow, drip = (asyncio.create_task(library.path(f"{server}/{name}.iso")) for name in ("slow", "drip"))
    await until(lambda: slowly.asked == 1 and any(tmp_path.glob("fetched/*.part")))
    async with asyncio.timeout(30):
        assert Path(await library.path(f"{server}/whole.iso")).read_bytes() == CONTENT
    drip.cancel()
    slowly.goes_on.set()
    assert Path(await slow).read_bytes() == CONTENT


async def test_fetches_that_go_on_together_keep_to_the_quota(server: str, tmp_path: Path) -> None:
    library = MediaLibrary(tmp_path, Fetcher(LOOPBACK), int(len(CONTENT) * 1.5))
    urls = (f"{server}/whole.iso?{number}" for number in range(2))
    done = await asyncio.gather(*map(library.path, urls), return_exceptions=True)
    (failed,) = [each for each in done if isinstance(each, BaseException)]
    assert isinstance(failed, BackendFailed)
    assert "no room" in str(failed)


async def test_what_is_in_a_drive_makes_no_room(server: str, tmp_path: Path) -> None:
    library = MediaLibrary(tmp_path, Fetcher(LOOPBACK), int(len(CONTENT) * 2.9))
    inserted = Path(await library.path(f"{server}/whole.iso?signature=a"))
    library.ask(lambda: [f"{server}/whole.iso"])
    first = Path(await library.path(f"{server}/whole1.iso"))
    assert inserted.exists()
    await library.path(f"{server}/whole2.iso")
    assert inserted.exists()
    assert not first.exists()


async def test_what_was_fetched_long_ago_makes_room(server: str, tmp_path: Path) -> None:
    library = MediaLibrary(tmp_path, Fetcher(LOOPBACK), int(len(CONTENT) * 1.9))
    first = Path(await library.path(f"{server}/whole.iso"))
    await library.path(f"{server}/whole.iso?again")
    assert not first.exists()
