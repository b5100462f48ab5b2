"""What an administrator of n1 who means harm gets through n1's endpoint: n1, and nothing else."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from aiohttp import encode_basic_auth
from yarl import URL

from bmc.model.events import EventKind
from bmc.redfish.tree import all_routes, node_routes
from tests.redfish.estate import KEYS, OTHERS_KEY, SESSIONS, STREAM, Estate, ended
from tests.world import ADMIN


@dataclass
class Loot:
    """What is there to be learned beyond n1, and the paths that lead to it at the fleet's root."""

    words: set[str]
    ids: dict[str, str]


@asynccontextmanager
async def treasure(estate: Estate) -> AsyncIterator[Loot]:
    """Tasks, subscriptions, sessions, aggregates, events, audit and settings of others."""
    service = estate.service
    await service.world.fleet.change("n2", {"secret": "option-of-n2"}, ADMIN, frozenset({"tag-of-n2"}))
    await service.world.fleet.change("n1", {"secret": "option-of-n1"}, ADMIN, frozenset({"tag-of-n1"}))
    _, session = await service.token("tina")
    subscription = await service.call(
        "POST",
        "/redfish/v1/EventService/Subscriptions",
        {"Destination": "http://192.0.2.77/hook-of-olga", "Protocol": "Redfish"},
        as_="olga",
    )
    assert subscription.status == 201, subscription
    aggregates = []
    for elements in (["n2"], ["n1", "n2"], ["n1"]):
        body = {
            "Name": "group-of-olga",
            "Elements": [{"@odata.id": f"/redfish/v1/Systems/{name}"} for name in elements],
        }
        made = await service.call("POST", "/redfish/v1/AggregationService/Aggregates", body, as_="olga")
        assert made.status == 201, made
        aggregates.append(made.body["Id"])
    reinstall = "/redfish/v1/Systems/n2/Actions/Oem/Lightsout.Reinstall"
    job = await service.call("POST", reinstall, {"Image": "tiny", "Hostname": "host-of-n2"}, as_="olga")
    assert job.status == 202, job
    await service.call("PATCH", "/redfish/v1/Systems/n2", {"AssetTag": "asset-of-n2"}, as_="olga")
    uuid = str(service.world.fleet.node("n2").snapshot.definition.uuid)
    words = {"n2", uuid, '"tina"', "hook-of-olga", "192.0.2.77", "group-of-olga", "olga", "host-of-n2"}
    words |= {"asset-of-n2", "option-of", "tag-of", estate.nodes.url("n2"), service.url, OTHERS_KEY, *KEYS.values()}
    ids = {
        "account": "tina",
        "aggregate": aggregates[1],
        "job": job.body["Id"],
        "session": session.rpartition("/")[2],
        "subscription": subscription.body["Id"],
        "image": "tiny",
        "role": "Administrator",
        "interface": "ipmi",
    }
    yield Loot(words, ids)
    service.work.go.set()


def fill(path: str, node: str, ids: dict[str, str]) -> str:
    segments = [segment.strip("{}") if segment.startswith("{") else "" for segment in path.split("/")]
    filled = [
        (node if name == "node" else ids.get(name, "1")) if name else literal
        for name, literal in zip(segments, path.split("/"), strict=True)
    ]
    return "/".join(filled)


def held(text: str, words: set[str], asked: str) -> set[str]:
    """The words that stand in an answer, but for those that the asker has said himself."""
    text = text.replace(asked, "")
    return {word for word in words if word in text and word not in asked}


async def test_nothing_of_others_is_read_at_any_path_with_any_query(estate: Estate) -> None:
    paths = sorted({route.path for route in all_routes()})
    queries = ["", "?$expand=*($levels=4)", "?$filter=Id eq 'n2'", "?$select=Members", "?only", "?$top=9&$skip=0"]
    token = await estate.token()
    async with treasure(estate) as loot:
        asked = 0
        for path in paths:
            if path == STREAM:
                continue
            for node in ("n1", "n2"):
                for query in queries if "{" not in path or node == "n1" else queries[:2]:
                    target = fill(path, node, loot.ids) + query.replace(" ", "%20")
                    answer = await estate.call("GET", target, as_="", headers={"X-Auth-Token": token})
                    said = json.dumps(answer.body) + str(answer.headers)
                    found = held(said, loot.words, fill(path, node, loot.ids))
                    assert not found, (target, [said[max(0, said.find(w) - 300) : said.find(w) + 100] for w in found])
                    if "{node}" in path and node == "n2":
                        assert answer.status in (404, 405), target
                    asked += 1
        assert asked > 700


async def test_a_stranger_reads_the_roots_links_and_nothing_else(estate: Estate) -> None:
    plain = await estate.get("/redfish/v1/", as_="")
    assert await estate.get("/redfish/v1/?$expand=*($levels=4)", as_="") == plain
    assert "n1" not in json.dumps(plain)
    public = {route.path for route in node_routes() if route.role is None}
    for path in sorted({route.path for route in node_routes()} - public):
        for node in ("n1", "n9"):
            assert (await estate.call("GET", fill(path, node, {}), as_="")).status == 401, path


async def test_what_is_not_his_answers_as_what_does_not_exist(estate: Estate) -> None:
    token = await estate.token()
    async with treasure(estate) as loot:
        nothing = dict.fromkeys(loot.ids, "999")
        for route in node_routes():
            if route.method != "GET" or "{" not in route.path or route.path in (STREAM,):
                continue
            if "{node}" in route.path:
                pairs = [(fill(route.path, "n2", loot.ids), fill(route.path, "n9", loot.ids))]
            elif any(f"{{{name}}}" in route.path for name in ("job", "session", "subscription", "aggregate")):
                pairs = [(fill(route.path, "n2", loot.ids), fill(route.path, "n2", nothing))]
            else:
                continue
            for there, gone in pairs:
                answers = []
                for path in (there, gone):
                    answer = await estate.call("GET", path, as_="", headers={"X-Auth-Token": token})
                    text = json.dumps(answer.body).replace(path, "")
                    answers.append((answer.status, text.replace("n2", "").replace("n9", "")))
                assert answers[0] == answers[1], (there, gone)


async def test_nothing_of_others_is_changed_by_any_method_at_any_path(estate: Estate) -> None:
    bodies: list[dict[str, object]] = [
        {},
        {"ResetType": "On"},
        {"ResetType": "On", "TargetURIs": ["/redfish/v1/Systems/n2"]},
        {"Name": "n3", "Elements": [{"@odata.id": "/redfish/v1/Systems/n2"}]},
        {"UserName": "mine", "Password": "correct horse", "RoleId": "Administrator"},
        {"AssetTag": "mine", "Oem": {"Lightsout": {"Tags": ["mine"], "Options": {"mine": 1}}}},
        {"Destination": "http://192.0.2.1/", "Protocol": "Redfish"},
        {"Message": "mine", "OriginOfCondition": "/redfish/v1/Systems/n2"},
    ]
    token = await estate.token()
    world = estate.service.world
    async with treasure(estate) as loot:
        paths = {fill(route.path, "n2", loot.ids) for route in all_routes() if route.path != f"{SESSIONS}/Members"}
        own = {"/redfish/v1/Systems/n1", "/redfish/v1/Systems/n1/", "/redfish/v1/Systems"}
        before = await picture(estate)
        for path in sorted(paths | own):
            if path == SESSIONS or path.startswith("/redfish/v1/AccountService"):
                continue  # the node's own
            for method in ("POST", "PATCH", "PUT", "DELETE"):
                for body in bodies if method in ("POST", "PATCH") else bodies[:1]:
                    answer = await estate.call(method, path, body, as_="", headers={"X-Auth-Token": token})
                    if path.rstrip("/") == "/redfish/v1/Systems/n1" and "Oem" not in body and method == "PATCH":
                        continue  # his own asset tag
                    assert 400 <= answer.status < 500 or answer.status == 501, (method, path, body, answer)
        assert await picture(estate) == before
        assert world.fleet.node("n1").snapshot.definition.tags == {"tag-of-n1"}


async def picture(estate: Estate) -> object:
    """All that is another's and can be changed."""
    service = estate.service
    n2 = service.world.fleet.node("n2").snapshot
    return (
        [node.snapshot.definition for node in service.world.fleet.visible(ADMIN)],
        (n2.power, n2.boot, n2.identify, n2.reservation, n2.media, n2.fru, n2.sel, n2.restore_policy),
        service.accounts.slots("n2"),
        service.accounts.list(),
        service.accounts.sessions(),
        service.hooks.subscriptions(),
        await service.get("/redfish/v1/AggregationService/Aggregates?$expand=."),
        [(job.id, job.state) for job in service.jobs.list(ADMIN)],
        [event.message for event in await service.world.events.history("n2", limit=1000)],
    )


async def test_the_event_stream_has_nothing_of_others_from_the_first_event_on(estate: Estate) -> None:
    service = estate.service
    async with treasure(estate) as loot:
        headers = {"X-Auth-Token": await estate.token(), "Last-Event-ID": "0"}
        async with service.client.get(estate.nodes.url("n1") + STREAM, headers=headers) as stream:
            await service.call("POST", "/redfish/v1/Systems/n2/Actions/ComputerSystem.Reset", {"ResetType": "On"})
            await service.call("PATCH", "/redfish/v1/Systems/n2", {"LocationIndicatorActive": True})
            await service.call("PATCH", "/redfish/v1/Systems/n1", {"LocationIndicatorActive": True})
            told = b""
            async with asyncio.timeout(5):
                while b"identify.changed" not in told:
                    told += await stream.content.readline()
        events = [json.loads(line[6:]) for line in told.splitlines() if line.startswith(b"data: ")]
        assert {event["Events"][0]["Oem"]["Lightsout"]["Node"] for event in events} == {"n1"}
        assert not held(told.decode(), loot.words, "")


async def test_the_consoles_of_other_nodes_are_not_there(estate: Estate) -> None:
    token = await estate.token()
    mine = await estate.console("/console/n1/screen", token, protocols=["binary"])
    assert not mine.closed
    await mine.close()
    for path in ("/console/n2/screen", "/console/n2/serial", "/console/n9/serial", "/console/../console/n2/serial"):
        assert await ended(await estate.console(path, token)) == 4404, path
    fleets, _ = await estate.service.token("admin")
    assert await ended(await estate.console("/console/n1/serial", fleets)) == 4401
    url = estate.service.url
    headers = {"X-Auth-Token": token, "Origin": url}
    refused = await estate.service.client.ws_connect(f"{url}/console/n1/serial", headers=headers)
    assert await ended(refused) == 4401


async def test_a_viewer_of_the_node_cannot_type(estate: Estate) -> None:
    socket = await estate.console("/console/n1/serial?view=1", await estate.token("vera"))
    assert await socket.receive_bytes(timeout=5)
    await socket.close()
    assert await ended(await estate.console("/console/n1/serial", await estate.token("vera"))) == 4403


async def test_who_may_not_use_sol_gets_no_serial_console_but_the_screen(estate: Estate) -> None:
    definition = estate.service.world.fleet.node("n1").snapshot.definition
    await estate.service.accounts.change_slot(definition, 4, ADMIN, sol=False)
    token = await estate.token("oleg")
    assert await ended(await estate.console("/console/n1/serial", token)) == 4403
    log = "/redfish/v1/Systems/n1/LogServices/SerialLog"
    assert (await estate.call("GET", log)).status == 200
    for path in (log, f"{log}/Entries", f"{log}/Data"):
        assert (await estate.call("GET", path, as_="oleg")).status == 403
        assert await estate.status(token, path) == 403
    screen = await estate.console("/console/n1/screen", token)
    assert not screen.closed
    await screen.close()


async def test_another_pages_origin_opens_no_console(estate: Estate) -> None:
    headers = {"X-Auth-Token": await estate.token(), "Origin": estate.service.url}
    with pytest.raises(Exception, match="403"):
        await estate.service.client.ws_connect(estate.nodes.url("n1") + "/console/n1/serial", headers=headers)


@pytest.mark.parametrize(
    "line",
    [
        "GET http://{other}/redfish/v1/Systems HTTP/1.1\r\nHost: {other}",
        "GET http://{root}/redfish/v1/Systems HTTP/1.1\r\nHost: {root}",
        "GET /redfish/v1/Systems HTTP/1.1\r\nHost: {other}",
        "GET /redfish/v1/Systems HTTP/1.1\r\nHost: {root}",
        "GET /redfish/v1/Systems HTTP/1.1\r\nHost: n2\r\nX-Forwarded-Host: {other}\r\nForwarded: host={root}",
    ],
)
async def test_the_connection_alone_says_which_node_it_is(estate: Estate, line: str) -> None:
    where = URL(estate.nodes.url("n1"))
    places = {"other": URL(estate.nodes.url("n2")).authority, "root": URL(estate.service.url).authority}
    reader, writer = await asyncio.open_connection(where.host, where.port)
    credentials = encode_basic_auth("nora", KEYS["nora"])
    writer.write(f"{line.format(**places)}\r\nAuthorization: {credentials}\r\nConnection: close\r\n\r\n".encode())
    async with asyncio.timeout(5):
        answer = (await reader.read()).decode()
    writer.close()
    assert '"Members":[{"@odata.id":"/redfish/v1/Systems/n1"}]' in answer
    assert "n2" not in answer


@pytest.mark.parametrize(
    "path",
    [
        "/redfish/v1/Systems/n1/../n2",
        "/redfish/v1/Systems/n1%2f..%2fn2",
        "/redfish/v1/Systems/%6e2",
        "/redfish/v1/Systems//n2",
        "//redfish/v1/Systems/n2",
        "/redfish/v1/Systems('n2')",
        "/redfish/v1/Systems/n2/",
        "/redfish/v1/Systems/n1;/n2",
        "/redfish/v1/Managers/n2/RemoteAccountService/Accounts",
        "/redfish/v1/Managers/n1/RemoteAccountService/Accounts",
        "/redfish/v1/CertificateService",
        "/redfish/v1/CertificateService/CertificateLocations",
        "/redfish/v1/Managers/Lightsout",
        "/redfish/v1/Managers/Lightsout/LogServices/Audit/Entries",
        "/redfish/v1/Managers/Lightsout/NetworkProtocol/HTTPS/Certificates/1",
        "/redfish/v1/AggregationService/Aggregates",
        "/redfish/v1/EventService/Subscriptions",
        "/metrics",
        "/session",
        "/healthz",
        "/",
        "/index.html",
        "/assets/",
    ],
)
async def test_other_paths_lead_nowhere(estate: Estate, path: str) -> None:
    assert (await estate.call("GET", path)).status in (400, 404), path


async def test_what_the_fleet_set_up_is_neither_shown_nor_changed(estate: Estate) -> None:
    await estate.service.world.fleet.change("n1", {"secret": "of the fleet"}, ADMIN, frozenset({"lab"}))
    ours = (await estate.get("/redfish/v1/Systems/n1"))["Oem"]["Lightsout"]
    assert (ours["Options"], ours["Tags"]) == ({}, [])
    for change in ({"Tags": ["mine"]}, {"Options": {"cpus": 99}}):
        refused = await estate.call("PATCH", "/redfish/v1/Systems/n1", {"Oem": {"Lightsout": change}})
        assert refused.status == 403
    assert estate.service.world.fleet.node("n1").snapshot.definition.tags == {"lab"}
    whole = (await estate.service.get("/redfish/v1/Systems/n1"))["Oem"]["Lightsout"]
    assert whole["Tags"] == ["lab"]


async def test_the_audit_of_the_node_names_its_users_apart_from_the_fleets(estate: Estate) -> None:
    await estate.token("vera")
    entries = (await estate.get("/redfish/v1/Managers/n1/LogServices/Audit/Entries"))["Members"]
    (signed_in,) = [each for each in entries if "sign-in" in each["Message"]]
    assert signed_in["Username"] == "ipmi:vera"
    assert [e.account for e in await estate.service.world.told(EventKind.SIGNED_IN) if e.node] == ["ipmi:vera"]
