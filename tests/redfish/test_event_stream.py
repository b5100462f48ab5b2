"""The stream of server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientResponse, encode_basic_auth

from bmc.http.keys import HOUSE
from bmc.model.events import Event, EventKind
from bmc.redfish import event_service
from tests.redfish.service import PASSWORDS, Service
from tests.world import until

SSE = "/redfish/v1/EventService/SSE"


@asynccontextmanager
async def following(
    service: Service, as_: str = "admin", after: int | None = None, token: str = ""
) -> AsyncIterator[ClientResponse]:
    headers = {"X-Auth-Token": token} if token else {"Authorization": encode_basic_auth(as_, PASSWORDS[as_])}
    if after is not None:
        headers["Last-Event-ID"] = str(after)
    async with service.client.get(service.url + SSE, headers=headers) as response:
        assert (response.status, response.content_type) == (200, "text/event-stream")
        assert await response.content.readuntil(b"\n\n") == b": connected\n\n"
        yield response


async def next_event(response: ClientResponse) -> tuple[int, dict[str, Any]]:
    """(id, event record), comments skipped."""
    async with asyncio.timeout(5):
        while (message := await response.content.readuntil(b"\n\n")).startswith(b":"):
            continue
    first, second = message.decode().strip().split("\n")
    body = json.loads(second.removeprefix("data: "))
    assert body["Id"] == first.removeprefix("id: ")
    return int(body["Id"]), body["Events"][0]


async def tell(
    service: Service, node: str = "n1", text: str = "x", kind: EventKind = EventKind.NODE_CHANGED, **more: Any
) -> Event:
    return await service.world.events.publish(Event(kind, text, 0, node, **more))


async def test_an_event_arrives_as_the_standard_says(service: Service) -> None:
    async with following(service) as response:
        told = await tell(service, text="a\nb", details={"a": 1})
        number, record = await next_event(response)
        assert number == told.sequence
        assert record["MessageId"] == "Lightsout.1.0.NodeChanged"
        assert (record["Message"], record["MessageSeverity"]) == ("a\nb", "OK")
        assert record["OriginOfCondition"] == {"@odata.id": "/redfish/v1/Systems/n1"}
        oem = record["Oem"]["Lightsout"]
        assert (oem["Kind"], oem["Node"], oem["Details"]) == ("node.changed", "n1", {"a": 1})


async def test_last_event_id_catches_up_with_nothing_lost_or_twice(service: Service) -> None:
    first = await tell(service)
    later = [(await tell(service, text=str(number))).sequence for number in range(400)]
    async with following(service, "olga", after=first.sequence) as response:
        assert [(await next_event(response))[0] for _ in later] == later
        new = await tell(service)
        assert (await next_event(response))[0] == new.sequence


async def test_everybody_hears_of_their_own_nodes_only(service: Service) -> None:
    await service.world.add("n2")
    async with following(service, "tina") as response:
        await tell(service, "n2")
        await tell(service, "")
        mine = await tell(service, "n1")
        assert (await next_event(response))[0] == mine.sequence


async def test_a_quiet_stream_is_kept_alive(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_service, "KEEP_ALIVE_SECONDS", 0.05)
    async with following(service) as response:
        assert await response.content.readuntil(b"\n\n") == b": keep-alive\n\n"
        assert await response.content.readuntil(b"\n\n") == b": keep-alive\n\n"


async def test_the_stream_ends_with_its_session(service: Service) -> None:
    token, session = await service.token("olga")
    async with following(service, token=token) as response:
        assert (await service.call("DELETE", session)).status == 204
        async with asyncio.timeout(5):
            assert await response.content.read() == b""


async def test_a_stream_by_password_ends_when_its_account_changes(service: Service) -> None:
    async with following(service, "olga") as response:
        await service.call("PATCH", "/redfish/v1/AccountService/Accounts/olga", {"Enabled": False})
        async with asyncio.timeout(5):
            assert await response.content.read() == b""


async def test_a_stream_by_password_catches_up_past_an_earlier_change_of_its_account(service: Service) -> None:
    first = await tell(service)
    await service.call("PATCH", "/redfish/v1/AccountService/Accounts/olga", {"RoleId": "ReadOnly"})
    later = await tell(service)
    async with following(service, "olga", after=first.sequence) as response:
        assert (await next_event(response))[0] == later.sequence


async def test_a_client_that_reads_nothing_holds_up_nobody_and_is_let_go(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_service, "SLOWEST_SECONDS", 1.0)
    reader, writer = await asyncio.open_connection("127.0.0.1", service.server.port, limit=1024)
    credentials = encode_basic_auth("admin", PASSWORDS["admin"])
    writer.write(f"GET {SSE} HTTP/1.1\r\nHost: x\r\nAuthorization: {credentials}\r\n\r\n".encode())
    await reader.readuntil(b"connected")
    closing = service.app[HOUSE].closing
    assert len(closing) == 1
    async with following(service) as response:
        for _ in range(400):
            await tell(service, text="x" * 40_000)
            await next_event(response)
        await until(lambda: len(closing) == 1, 10)
    writer.close()


async def test_the_streams_end_at_once_when_the_service_stops(service: Service) -> None:
    async with following(service) as response:
        before = asyncio.get_running_loop().time()
        await service.server.__aexit__(None, None, None)
        assert asyncio.get_running_loop().time() - before < 2
        assert await response.content.read() == b""


async def test_head_of_the_stream_is_answered_at_once(service: Service) -> None:
    async with asyncio.timeout(5):
        assert (await service.call("HEAD", SSE)).status == 200
