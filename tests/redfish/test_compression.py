"""Long answers are packed for who takes them, and say the same."""

import gzip
import json
from typing import Any

import pytest
from aiohttp import ClientSession, encode_basic_auth

from bmc.redfish import compression
from bmc.redfish.negotiation import takes_gzip
from tests.redfish.service import PASSWORDS, Service

SYSTEMS = "/redfish/v1/Systems"
ADMIN = {"Authorization": encode_basic_auth("admin", PASSWORDS["admin"])}


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        *(("gzip", True), ("gzip, deflate, br", True), ("GZIP;q=0.5", True), ("br, *", True), ("*;q=0.1", True)),
        *(("", False), ("identity", False), ("br", False), ("gzip;q=0", False), ("gzip;q=0, *", False)),
        *(("*;q=0", False), ("x-gzip", False), (",;q", False)),
    ],
)
def test_what_a_client_takes_is_what_it_says(header: str, takes: bool) -> None:
    assert takes_gzip(header) is takes


async def sent(service: Service, path: str, method: str = "GET", **headers: str) -> tuple[int, Any, bytes]:
    """The status, the headers and the bytes as they came."""
    async with (
        ClientSession(auto_decompress=False, skip_auto_headers=["Accept-Encoding"]) as client,
        client.request(method, service.url + path, headers=ADMIN | headers) as answer,
    ):
        return answer.status, answer.headers, await answer.read()


async def test_a_list_is_packed_for_who_takes_gzip_and_says_the_same(service: Service) -> None:
    for number in range(2, 12):
        await service.world.add(f"n{number}")
    _, plain, whole = await sent(service, f"{SYSTEMS}?$expand=.")
    _, packed, small = await sent(service, f"{SYSTEMS}?$expand=.", **{"Accept-Encoding": "br, gzip"})
    assert json.loads(gzip.decompress(small)) == json.loads(whole)
    assert ("Content-Encoding" in plain, packed["Content-Encoding"]) == (False, "gzip")
    assert plain["Vary"] == packed["Vary"] == "Accept-Encoding"
    assert packed["Content-Type"] == plain["Content-Type"]
    assert int(packed["Content-Length"]) == len(small) < len(whole) / 5
    _, head, nothing = await sent(service, f"{SYSTEMS}?$expand=.", "HEAD", **{"Accept-Encoding": "gzip"})
    assert (head["Content-Encoding"], nothing) == ("gzip", b"")


async def test_the_etag_holds_for_both_forms(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "LEAST", 100)
    _, plain, _ = await sent(service, f"{SYSTEMS}/n1")
    _, packed, _ = await sent(service, f"{SYSTEMS}/n1", **{"Accept-Encoding": "gzip"})
    assert packed["Content-Encoding"] == "gzip"
    assert packed["ETag"] == plain["ETag"]
    assert packed["ETag"].startswith("W/")
    for takes in ("gzip", "identity"):
        known = {"If-None-Match": packed["ETag"], "Accept-Encoding": takes}
        status, headers, body = await sent(service, f"{SYSTEMS}/n1", **known)
        assert (status, "Content-Encoding" in headers, body) == (304, False, b"")


async def test_what_is_short_or_tells_a_secret_or_streams_is_not_packed(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    takes = {"Accept-Encoding": "gzip"}
    _, short, _ = await sent(service, "/redfish/v1", **takes)
    assert "Content-Encoding" not in short
    monkeypatch.setattr(compression, "LEAST", 100)
    made = await service.call(
        "POST", "/redfish/v1/AccountService/Oem/Lightsout/Tokens", {"Name": "script"}, headers=takes
    )
    assert (made.status, "Content-Encoding" in made.headers) == (201, False)
    async with service.client.get(f"{service.url}/redfish/v1/EventService/SSE", headers=ADMIN | takes) as stream:
        assert (stream.status, "Content-Encoding" in stream.headers) == (200, False)
