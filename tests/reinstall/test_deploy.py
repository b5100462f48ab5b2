"""The deploy listener over real HTTP: bounds, clear answers, and nothing but its own node."""

import asyncio
import base64
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import ClientError, ClientSession

from bmc.http.deploy import BODY_MAX, CONNECTIONS_MAX, TOLD_AT_ONCE, DeployServer
from bmc.reinstall.desk import Desk
from bmc.reinstall.network_boot import BootFiles
from bmc.reinstall.ticket import Ticket, hidden
from bmc.store import StoreFailed
from tests.reinstall.conftest import install_ticket
from tests.reinstall.samples import CHECK_IN, GOOD, IMAGE

TOKEN = {"Authorization": "Bearer token"}


class Client:
    def __init__(self, session: ClientSession, port: int) -> None:
        self.session = session
        self.port = port
        self.url = f"http://127.0.0.1:{port}/deploy/v1/"

    async def post(self, name: str, body: object = "", headers: Mapping[str, str] = TOKEN) -> tuple[int, str]:
        async with self.session.post(self.url + name, data=body, headers=headers) as reply:
            return reply.status, await reply.text()


@pytest.fixture
def content(tmp_path: Path) -> bytes:
    data = bytes(range(256)) * 8192
    (tmp_path / "mini.raw.gz").write_bytes(data)
    return data


@pytest.fixture
def ticket(tmp_path: Path) -> Ticket:
    image = replace(IMAGE, path=tmp_path / "mini.raw.gz", encoding="gzip")
    return install_ticket(image)


@pytest.fixture
async def client(ticket) -> AsyncIterator[Client]:
    desk = Desk()
    desk.arm(ticket)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    port = listener.getsockname()[1]
    close = await DeployServer().serve("n1", listener, desk, lambda peer: True)
    async with ClientSession() as session:
        yield Client(session, port)
    await close()
    with socket.socket() as late:
        assert late.connect_ex(("127.0.0.1", port)) != 0


async def test_the_image_comes_as_it_is_with_its_length(client, content):
    await client.post("checkin", CHECK_IN)
    async with client.session.get(client.url + "image", headers=TOKEN) as reply:
        assert reply.status == 200
        assert reply.headers["Content-Length"] == str(len(content))
        assert "Content-Encoding" not in reply.headers
        assert await reply.read() == content


async def test_an_image_that_is_gone_is_a_clear_error(client):
    await client.post("checkin", CHECK_IN)
    async with client.session.get(client.url + "image", headers=TOKEN) as reply:
        assert (reply.status, await reply.text()) == (503, "the image file mini.raw.gz is gone\n")


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic dG9rZW4="}, {"Authorization": "Bearer "}])
async def test_without_a_bearer_token_nothing_is_answered(client, headers):
    assert (await client.post("checkin", CHECK_IN, headers))[0] == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"\xff\xfe", 400),
        (b"&&&", 400),
        (b"a=1&" * 40, 400),
        (b"x" * (BODY_MAX + 1), 413),
        (b"", 422),
    ],
)
async def test_nonsense_is_refused_and_the_next_request_works(client, body, status):
    assert (await client.post("checkin", body))[0] == status
    assert (await client.post("checkin", CHECK_IN))[0] == 200


async def test_whom_the_link_does_not_admit_is_not_answered(ticket, caplog):
    desk, asked = Desk(), list[str]()
    desk.arm(ticket)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    port = listener.getsockname()[1]

    def admits(peer: str) -> bool:
        asked.append(peer)
        return len(asked) > 1

    close = await DeployServer().serve("n1", listener, desk, admits)
    async with ClientSession() as session:
        client = Client(session, port)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /deploy/v1/checkin HTTP/1.1\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()
        assert (await client.post("checkin", CHECK_IN))[0] == 200
    await close()
    assert asked == ["127.0.0.1"] * 2
    assert "a connection from 127.0.0.1, which is another machine, was refused" in caplog.text


async def test_other_paths_do_not_exist(client):
    for path, status in (("", 404), ("../../redfish/v1", 404), ("seed/", 404), ("seed/..%2f..%2fetc%2fpasswd", 409)):
        async with client.session.get(client.url + path, headers=TOKEN) as reply:
            assert reply.status == status


async def test_a_guest_writes_no_lines_of_its_own_into_the_log(client, caplog):
    caplog.set_level(logging.INFO)
    path = "/deploy/v1/seed/%0a2026-11-27%20ERROR%20forged%1b%5b2J"
    for line in (f"GET {path} HTTP/1.1".encode(), b"GET /" + b"\x1b" * 9000 + b" HTTP/1.1"):
        reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
        writer.write(line + b"\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await reader.readline()).split()[1] in (b"401", b"400")
        writer.close()
    assert len(caplog.records) == 2
    for record in caplog.records:
        assert record.exc_info is None
        assert record.getMessage().isprintable()


async def test_a_guest_does_not_fill_the_log(client, caplog):
    caplog.set_level(logging.INFO)
    for _ in range(3 * TOLD_AT_ONCE):
        async with client.session.get(client.url + "image") as reply:
            assert reply.status == 401
    assert len(caplog.records) == TOLD_AT_ONCE


@pytest.fixture
def bootable(ticket, tmp_path: Path) -> Path:
    """Its kernel; the key is "key"."""
    kernel = tmp_path / "vmlinuz"
    kernel.write_bytes(bytes(range(256)) * 64)
    ticket.boot = BootFiles(hidden("key"), "#!ipxe\n", {"kernel": kernel, "configuration": b"conf"})
    return kernel


def basic(credentials: bytes) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(credentials).decode()}"}


async def test_a_kernel_comes_to_who_has_the_key_when_asked_for_it(client, bootable):
    async with client.session.get(client.url + "boot/kernel") as reply:
        assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, 'Basic realm="deploy"')
    async with client.session.get(client.url + "boot/kernel", headers=basic(b"job:key")) as reply:
        assert (reply.status, reply.headers["Content-Type"]) == (200, "application/octet-stream")
        assert await reply.read() == bootable.read_bytes()


async def test_a_head_request_does_not_use_up_the_boot_script(client, bootable):
    url = f"http://127.0.0.1:{client.port}/boot.ipxe"
    async with client.session.head(url) as reply:
        assert reply.status == 405
    for status in (200, 404):
        async with client.session.get(url) as reply:
            assert reply.status == status


@pytest.mark.parametrize("header", ["", "Basic", "Basic !", "Basic /w==", "Bearer key", "Basic a2V5", "Digest key"])
async def test_what_is_no_key_opens_nothing_and_is_not_logged(client, bootable, header, caplog):
    caplog.set_level(logging.DEBUG)
    async with client.session.get(client.url + "boot/configuration", headers={"Authorization": header}) as reply:
        assert reply.status == 401
    async with client.session.get(client.url + "boot/configuration", headers=basic(b"job:another")) as reply:
        assert reply.status == 403
    assert "another" not in caplog.text


async def test_what_cannot_be_stored_is_not_confirmed(client, ticket):
    async def full() -> None:
        raise StoreFailed("the disk is full")

    await client.post("checkin", CHECK_IN)
    ticket.keep = full
    assert await client.post("verified", {"sha256": GOOD}) == (503, "the disk is full\n")


async def test_what_is_confirmed_is_stored_before(client, ticket):
    stored = []

    async def keep() -> None:
        stored.append(ticket.facts)

    ticket.keep = keep
    assert (await client.post("checkin", CHECK_IN))[0] == 200
    assert [facts.disk for facts in stored] == ["vda"]


async def test_a_guest_that_opens_connections_for_ever_is_cut_off(client):
    idle = []
    for _ in range(CONNECTIONS_MAX):
        idle.append(await asyncio.open_connection("127.0.0.1", client.port))
    await asyncio.sleep(0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    async with asyncio.timeout(30):
        assert await reader.read() == b""
    for _, each in [*idle, (reader, writer)]:
        each.close()
        await each.wait_closed()
    status = 0
    async with asyncio.timeout(30):
        while status != 200:
            with contextlib.suppress(ClientError):  # it is not known yet that the others have gone
                status, _ = await client.post("checkin", CHECK_IN)
