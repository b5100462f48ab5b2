"""The stream of server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientResponse, encode_basic_auth

from bmc.events import EVENTS
from bmc.http.keys import HOUSE
from bmc.model.commands import Release, Reserve
from bmc.model.events import Event, EventKind
from bmc.redfish import event_service
from tests.redfish.service import N1, PASSWORDS, Service, tell
from tests.world import ADMIN, until

SSE = "/redfish/v1/EventService/SSE"


@asynccontextmanager
async def following(
    service: Service, as_: str = "admin", after: int | None = None, token: str = "", where: str = ""
) -> AsyncIterator[ClientResponse]:
    headers = {"X-Auth-Token": token} if token else {"Authorization": encode_basic_auth(as_, PASSWORDS[as_])}
    if after is not None:
        headers["Last-Event-ID"] = str(after)
    query = {"$filter": where} if where else {}
    async with service.client.get(service.url + SSE, headers=headers, params=query) as response:
        assert (response.status, response.content_type) == (200, "text/event-stream")
        place = await service.world.events.last() if after is None else min(after, await service.world.events.last())
        assert await response.content.readuntil(b"\n\n") == f": connected\nid: {place}\n\n".encode()
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


async def test_who_missed_what_is_no_longer_kept_is_told_so_once(service: Service) -> None:
    first = (await tell(service)).sequence
    for _ in range(20):
        await tell(service)
    await service.world.store.trim(EVENTS, 5)
    async with following(service, after=first) as response:
        new = await tell(service)
        got = [await next_event(response)]
        while got[-1][0] < new.sequence:
            got.append(await next_event(response))
    (lost, record), *kept = got
    assert (record["MessageId"], record["MessageSeverity"]) == ("Base.1.22.EventBufferExceeded", "Warning")
    assert [number for number, _ in kept] == list(range(lost + 1, new.sequence + 1))
    assert first < lost < new.sequence - 1
    for complete in (lost, 0):  # 0 asks for what there is
        async with following(service, after=complete) as response:
            assert (await next_event(response))[1]["MessageId"].startswith("Lightsout.")


@pytest.mark.parametrize(("more", "at"), [({"details": {"message_id": "X.1.0.Y"}}, 0.0), ({}, 1e13)])
async def test_an_event_that_cannot_be_put_into_words_hides_no_other(
    service: Service, more: dict[str, Any], at: float
) -> None:
    bad = await service.world.events.publish(Event(EventKind.TEST, "x", at, "n1", **more))
    good = await tell(service)
    async with following(service, after=bad.sequence - 1) as response:
        told = [await next_event(response) for _ in range(2)]
    entries = await service.get("/redfish/v1/Systems/n1/LogServices/EventLog/Entries")
    assert [number for number, _ in told] == [bad.sequence, good.sequence]
    assert [entry["Id"] for entry in entries["Members"][:2]] == [str(good.sequence), str(bad.sequence)]
    assert "cannot be put into words" in told[0][1]["Message"]


async def test_a_client_that_knows_of_more_than_there_is_hears_what_is_new(service: Service) -> None:
    """As after the restoring of a backup."""
    first = await tell(service)
    async with following(service, after=first.sequence + 1000) as response:
        new = await tell(service)
        assert (await next_event(response))[0] == new.sequence


async def test_everybody_hears_of_their_own_nodes_only(service: Service) -> None:
    await service.world.add("n2")
    async with following(service, "tina") as response:
        await tell(service, "n2")
        await tell(service, "")
        mine = await tell(service, "n1")
        assert (await next_event(response))[0] == mine.sequence


FILTERS = [
    ("EventFormatType eq 'Event'", ["changed", "reset", "other", "fleet"]),
    ("EventFormatType eq 'MetricReport'", []),
    ("MessageId eq 'Lightsout.1.0.NodeReset'", ["reset"]),
    ("(MessageId eq 'Lightsout.1.0.NodeReset') or (MessageId eq 'Lightsout.1.0.AccountChanged')", ["reset", "fleet"]),
    ("RegistryPrefix eq 'Lightsout'", ["changed", "reset", "other", "fleet"]),
    ("RegistryPrefix eq 'ResourceEvent'", []),
    ("ResourceType eq 'ComputerSystem'", ["changed", "reset", "other"]),
    (f"OriginResource eq '{N1}'", ["changed", "reset"]),
    (f"not (OriginResource eq '{N1}') and OriginResource ne null", ["other"]),
]


@pytest.mark.parametrize(("where", "texts"), FILTERS)
async def test_a_filter_lets_through_what_it_fits_and_every_test(
    service: Service, where: str, texts: list[str]
) -> None:
    start = await tell(service)
    await tell(service, text="changed")
    await tell(service, text="reset", kind=EventKind.NODE_RESET)
    await tell(service, "n2", "other")
    await tell(service, "", "fleet", EventKind.ACCOUNT_CHANGED)
    await tell(service, "", "the end", EventKind.TEST, details={"message_id": "x", "message_args": []})
    got: list[str] = []
    async with following(service, after=start.sequence, where=where) as response:
        while not got or got[-1] != "the end":
            got.append((await next_event(response))[1]["Message"])
    assert got == [*texts, "the end"]


@pytest.mark.parametrize(
    ("query", "id"),
    [
        ("$filter=Severity%20eq%20'OK'", "QueryParameterValueFormatError"),
        ("$filter=EventType%20eq%20'Alert'", "QueryParameterValueFormatError"),
        ("$filter=SubordinateResources%20eq%20true", "QueryParameterValueFormatError"),
        ("$filter=MessageId/x%20eq%20'a'", "QueryParameterValueFormatError"),
        ("$filter=MessageId", "QueryParameterValueFormatError"),
        ("$filter=MessageId%20contains%20'a'", "QueryParameterValueFormatError"),
        ("$filter=" + "(" * 500, "QueryParameterValueFormatError"),
        ("$filter=", "QueryParameterValueFormatError"),
        ("$top=1", "QueryNotSupportedOnResource"),
    ],
)
async def test_a_filter_that_is_not_understood_is_refused(service: Service, query: str, id: str) -> None:
    answer = await service.call("GET", f"{SSE}?{query}")
    assert (answer.status, answer.ids) == (400, [id])


async def test_the_stream_advertises_what_its_filter_knows(service: Service) -> None:
    told = (await service.get("/redfish/v1/EventService"))["SSEFilterPropertiesSupported"]
    for name, known in told.items():
        answer = await service.call("HEAD", f"{SSE}?$filter={name}%20eq%20'x'")
        assert answer.status == (200 if known else 400), name


async def test_a_node_in_maintenance_is_shown_and_marked(service: Service) -> None:
    """The stream is a view, not an alert: it hides nothing."""
    async with following(service) as response:
        await service.world.fleet.node("n1").do(Reserve("new fans"), ADMIN)
        await tell(service, text="meanwhile")
        await service.world.fleet.node("n1").do(Release(), ADMIN)
        marks = {}
        while "n1 released" not in marks:
            record = (await next_event(response))[1]
            marks[record["Message"]] = record["Oem"]["Lightsout"]["Maintenance"]
        assert marks == {"n1 reserved by admin: new fans": False, "meanwhile": True, "n1 released": False}


async def test_a_sweep_is_heard_of_by_those_whose_scope_has_all_its_nodes(service: Service) -> None:
    await service.world.add("n2")
    start = await tell(service)
    reset = "/redfish/v1/AggregationService/Actions/AggregationService.Reset"
    for as_, names in (("olga", ["n1", "n2"]), ("tina", ["n1"])):
        body = {"ResetType": "On", "TargetURIs": [f"/redfish/v1/Systems/{name}" for name in names]}
        assert (await service.call("POST", reset, body, as_=as_)).status == 202
        await until(lambda: all(job.state.ended for job in service.jobs.list(ADMIN)))
    end = await tell(service)
    for as_, heard in (("admin", {"1", "2"}), ("olga", {"1", "2"}), ("vera", {"1", "2"}), ("tina", {"2"})):
        ended = set()
        async with following(service, as_, after=start.sequence) as response:
            while True:
                number, record = await next_event(response)
                if number == end.sequence:
                    break
                if record["Oem"]["Lightsout"]["Kind"] == "job.ended":
                    ended.add(record["Oem"]["Lightsout"]["Details"]["job"])
        assert ended == heard, as_


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


@pytest.mark.parametrize("change", [{"RoleId": "ReadOnly"}, {"Oem": {"Lightsout": {"Scope": {"Nodes": ["n9"]}}}}])
async def test_the_stream_of_a_session_ends_with_what_its_account_might(
    service: Service, change: dict[str, Any]
) -> None:
    token, _ = await service.token("tina")
    async with following(service, token=token) as response:
        changed = await service.call("PATCH", "/redfish/v1/AccountService/Accounts/tina", change)
        assert changed.status == 200, changed
        await tell(service, text="not hers any more")
        async with asyncio.timeout(5):
            assert b"not hers any more" not in await response.content.read()


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


async def test_what_was_told_of_a_former_node_is_not_read_by_users_of_its_namesake(service: Service) -> None:
    former = await tell(service, text="of the former tenant")
    await service.world.audit.record(ADMIN, "former-deed", "n1", "ok")
    (deed,) = [each for each in await service.world.audit.read(limit=1000) if each.action == "former-deed"]
    log, audit = "/redfish/v1/Systems/n1/LogServices/EventLog", "/redfish/v1/Managers/n1/LogServices/Audit"
    paths = f"{log}/Entries/{former.sequence}", f"{audit}/Entries/{deed.sequence}"
    assert [(await service.call("GET", path)).status for path in paths] == [200, 200]
    await service.world.fleet.remove("n1", ADMIN)
    await service.world.add("n1")
    assert [(await service.call("GET", path)).status for path in paths] == [404, 404]
    own = await tell(service, text="of the new tenant")
    async with following(service, "tina", after=0) as response:
        texts: list[str] = []
        number = 0
        while "of the new tenant" not in texts:
            number, record = await next_event(response)
            texts.append(record["Message"])
    assert number == own.sequence
    assert "of the former tenant" not in texts
    async with following(service, "admin", after=former.sequence - 1) as response:
        assert (await next_event(response))[1]["Message"] == "of the former tenant"
