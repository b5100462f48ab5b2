"""A node's own Redfish endpoint: it shows that node alone to the node's own users; and what an attacker gets there."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiohttp import ClientWebSocketResponse, encode_basic_auth
from yarl import URL

from bmc.accounts.lockout import Lockout
from bmc.http.nodes import NodeServers
from bmc.http.server import CannotListen
from bmc.model.caller import Role, Scope
from bmc.model.clock import SystemClock
from bmc.model.events import EventKind
from bmc.model.node import Endpoint
from bmc.redfish.negotiation import JSON
from bmc.redfish.tree import all_routes, node_routes
from tests.accounts.conftest import StillClock
from tests.redfish.service import PASSWORDS, Answer, Service, open_service
from tests.world import ADMIN, until

SESSIONS = "/redfish/v1/SessionService/Sessions"
ACCOUNTS = "/redfish/v1/AccountService/Accounts"
STREAM = "/redfish/v1/EventService/SSE"
KEYS = {"admin": "key of the fleet", "nora": "key of nora", "oleg": "key of oleg", "vera": "key of vera"}
"""IPMI users of n1: a fleet account's, and an Administrator, an Operator and a User of the node's own."""
OTHERS_KEY = "key of n2's nora"
LOCALHOST = Endpoint("127.0.0.1", 0)


@dataclass
class Estate:
    """n1 and n2, each with its endpoint."""

    service: Service
    nodes: NodeServers

    async def call(
        self, method: str, path: str, body: object = None, as_: str = "nora", node: str = "n1", **more: Any
    ) -> Answer:
        headers = dict(more.pop("headers", {}))
        if as_:
            headers = {"Authorization": encode_basic_auth(as_, more.pop("key", KEYS[as_])), **headers}
        data = json.dumps(body).encode() if body is not None else None
        headers.setdefault("Content-Type", JSON)
        url = URL(self.nodes.url(node) + path, encoded=True)
        async with self.service.client.request(method, url, data=data, headers=headers, **more) as response:
            return await Answer.of(response)

    async def get(self, path: str, **more: Any) -> Any:
        answer = await self.call("GET", path, **more)
        assert answer.status == 200, answer
        return answer.body

    async def token(self, name: str = "nora", key: str = "", node: str = "n1") -> str:
        body = {"UserName": name, "Password": key or KEYS[name]}
        answer = await self.call("POST", SESSIONS, body, as_="", node=node)
        assert answer.status == 201, answer
        return answer.headers["X-Auth-Token"]

    async def status(self, token: str, path: str = "/redfish/v1/Systems", url: str = "") -> int:
        headers = {"X-Auth-Token": token}
        async with self.service.client.get((url or self.nodes.url("n1")) + path, headers=headers) as response:
            return response.status

    async def console(self, path: str, token: str, **more: Any) -> ClientWebSocketResponse:
        url = self.nodes.url("n1")
        headers = {"X-Auth-Token": token, "Origin": url}
        console: ClientWebSocketResponse = await self.service.client.ws_connect(url + path, headers=headers, **more)
        return console


@pytest.fixture
async def estate(tmp_path: Path) -> AsyncIterator[Estate]:
    async with open_service(tmp_path) as service:
        nodes = service.nodes
        roles = {"admin": Role.ADMINISTRATOR, "nora": Role.ADMINISTRATOR, "oleg": Role.OPERATOR, "vera": Role.READ_ONLY}
        for name in ("n1", "n2"):
            await service.world.add(name)
            await nodes.add(name, LOCALHOST)
        for slot, (name, role) in enumerate(roles.items(), 2):
            account = name if name == "admin" else ""
            await service.accounts.set_slot("n1", slot, name, KEYS[name].encode(), role, account=account)
        await service.accounts.set_slot("n2", 3, "nora", OTHERS_KEY.encode(), Role.ADMINISTRATOR)
        yield Estate(service, nodes)


async def ended(socket: ClientWebSocketResponse) -> int | None:
    """The close code, once it has come."""
    async with asyncio.timeout(5):
        while not socket.closed:
            await socket.receive()
    return socket.close_code


# What is there


async def test_one_system_chassis_and_manager_are_there_and_members_0_is_the_node(estate: Estate) -> None:
    for family in ("Systems", "Chassis", "Managers"):
        found = await estate.get(f"/redfish/v1/{family}")
        assert (found["Members@odata.count"], found["Members"]) == (1, [{"@odata.id": f"/redfish/v1/{family}/n1"}])
    first = (await estate.get("/redfish/v1/Systems"))["Members"][0]["@odata.id"]
    assert (await estate.call("POST", f"{first}/Actions/ComputerSystem.Reset", {"ResetType": "On"})).status == 204
    assert (await estate.get(first))["PowerState"] == "On"


async def test_the_service_root_has_the_nodes_uuid_and_leads_to_what_is_there(estate: Estate) -> None:
    root = await estate.get("/redfish/v1/", as_="")
    uuid = estate.service.world.fleet.node("n1").snapshot.definition.uuid
    assert UUID(root["UUID"]) == uuid
    assert "AggregationService" not in root
    links = [value["@odata.id"] for value in root.values() if isinstance(value, dict) and "@odata.id" in value]
    odata = await estate.get("/redfish/v1/odata", as_="")
    for path in {*links, *(entry["url"] for entry in odata["value"])}:
        assert (await estate.call("GET", path)).status == 200, path
    assert (await estate.get("/redfish/v1/Managers/n1"))["ServiceEntryPointUUID"] == root["UUID"]


async def test_the_fleets_root_tells_where_the_endpoint_is(estate: Estate) -> None:
    manager = await estate.service.get("/redfish/v1/Managers/n1")
    assert manager["RemoteRedfishServiceUri"] == f"{estate.nodes.url('n1')}/redfish/v1/"
    assert manager["ServiceEntryPointUUID"] == (await estate.get("/redfish/v1/", as_=""))["UUID"]
    await estate.nodes.remove("n1")
    manager = await estate.service.get("/redfish/v1/Managers/n1")
    assert manager.keys().isdisjoint({"RemoteRedfishServiceUri", "ServiceEntryPointUUID"})


async def test_every_link_that_a_user_of_the_node_sees_can_be_followed(estate: Estate) -> None:
    seen, todo = set(), ["/redfish/v1/"]
    while todo:
        path = todo.pop()
        answer = await estate.call("GET", path, as_="vera")
        assert answer.status == 200 or "LogServices" in path, (path, answer)
        for found in references(answer.body):
            if found not in seen and found.startswith("/redfish/v1/") and "#" not in found and found != STREAM:
                seen.add(found)
                todo.append(found)
    assert len(seen) > 100


def references(value: object) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(references, value))
    if not isinstance(value, dict):
        return set()
    own = {value["@odata.id"]} if isinstance(value.get("@odata.id"), str) else set()
    return own.union(*map(references, value.values()))


# Who signs in


@pytest.mark.parametrize(("name", "role"), [("nora", "Administrator"), ("oleg", "Operator"), ("vera", "ReadOnly")])
async def test_a_slots_privilege_is_the_role_at_the_nodes_endpoint(estate: Estate, name: str, role: str) -> None:
    reset = await estate.call(
        "POST", "/redfish/v1/Systems/n1/Actions/ComputerSystem.Reset", {"ResetType": "On"}, as_=name
    )
    assert reset.status == (403 if role == "ReadOnly" else 204)
    assert (await estate.call("GET", "/redfish/v1/Managers/n1/LogServices", as_=name)).status == (
        200 if role == "Administrator" else 403
    )
    (mine,) = [
        each for each in (await estate.get(f"{ACCOUNTS}?$expand=.", as_=name))["Members"] if each["UserName"] == name
    ]
    assert (mine["RoleId"], mine["AccountTypes"]) == (role, ["IPMI", "Redfish"])


async def test_a_fleet_account_signs_in_only_where_it_has_a_slot_and_with_the_key(estate: Estate) -> None:
    assert (await estate.call("GET", "/redfish/v1/Systems", as_="admin")).status == 200
    for name, password in PASSWORDS.items():
        assert (
            (await estate.call("GET", "/redfish/v1/Systems", as_=name, key=password)).status == 401
            if (name in KEYS)
            else (await sign_in(estate, name, password)) == 401
        )


async def sign_in(estate: Estate, name: str, password: str, node: str = "n1") -> int:
    return (await estate.call("POST", SESSIONS, {"UserName": name, "Password": password}, as_="", node=node)).status


@pytest.mark.parametrize("fields", [{"enabled": False}, {"messaging": False}, {"callback": True}, {"privilege": None}])
async def test_a_slot_that_does_not_work_over_ipmi_does_not_work_here(estate: Estate, fields: Any) -> None:
    definition = estate.service.world.fleet.node("n1").snapshot.definition
    await estate.service.accounts.change_slot(definition, 4, ADMIN, **fields)
    assert (await estate.call("GET", "/redfish/v1/Systems", as_="oleg")).status == 401
    assert await sign_in(estate, "oleg", KEYS["oleg"]) == 401


@pytest.mark.parametrize("name", ["", "nobody", "\ud800", "n" * 5000, "nora\0", "ipmi:nora", "n1/nora"])
async def test_no_other_name_signs_in(estate: Estate, name: str) -> None:
    assert await sign_in(estate, name[:256], KEYS["nora"]) in (400, 401)


async def test_an_empty_slot_has_no_empty_key(estate: Estate) -> None:
    await estate.service.accounts.change_slot(
        estate.service.world.fleet.node("n1").snapshot.definition, 9, ADMIN, name=b"empty", enabled=True
    )
    assert await sign_in(estate, "empty", "") == 401
    assert await sign_in(estate, "", "") == 401


async def test_a_session_is_worthless_at_another_node_and_at_the_fleets_root_and_the_reverse(estate: Estate) -> None:
    mine, others = await estate.token(), await estate.token("nora", OTHERS_KEY, "n2")
    fleets, _ = await estate.service.token("admin")
    urls = {mine: estate.nodes.url("n1"), others: estate.nodes.url("n2"), fleets: estate.service.url}
    for token, own in urls.items():
        for url in urls.values():
            assert await estate.status(token, url=url) == (200 if url == own else 401)
            cookies = {f"lightsout-{URL(url).port}": token}
            async with estate.service.client.get(f"{url}/redfish/v1/Systems", cookies=cookies) as response:
                assert response.status == (200 if url == own else 401)
    for path in ("/session", "/metrics"):
        assert await estate.status(mine, path, estate.service.url) == 401


async def test_a_session_outlives_a_restart_and_stays_the_nodes(estate: Estate, tmp_path: Path) -> None:
    token = await estate.token()
    again = await estate.service.accounts.open(
        estate.service.world.store, estate.service.world.events, SystemClock(), tmp_path / "store" / "key"
    )
    assert again.session(token) is None
    assert again.users("n2", frozenset).session(token) is None
    caller = again.users("n1", frozenset).caller(token, "")
    assert caller is not None
    assert (caller.account, caller.role, caller.scope) == ("ipmi:nora", Role.ADMINISTRATOR, Scope.only("n1"))


async def test_sessions_of_the_node_are_listed_for_its_administrator_and_ones_own_for_others(estate: Estate) -> None:
    await estate.service.token("admin")
    await estate.token("nora", OTHERS_KEY, "n2")
    await estate.token("nora"), await estate.token("oleg")
    for name, expected in (("nora", ["nora", "oleg"]), ("oleg", ["oleg"]), ("vera", [])):
        found = await estate.get(f"{SESSIONS}?$expand=.", as_=name)
        assert sorted(each["UserName"] for each in found["Members"]) == expected
    others = (await estate.get(f"{SESSIONS}", as_="nora"))["Members"]
    for each in others:
        assert (await estate.service.call("DELETE", each["@odata.id"])).status == 404
        assert (await estate.call("DELETE", each["@odata.id"])).status == 204


@pytest.mark.parametrize(
    "change", [{"Password": "another key"}, {"RoleId": "ReadOnly"}, {"Enabled": False}, {"UserName": "olaf"}]
)
async def test_a_change_of_the_slot_ends_its_sessions_streams_and_consoles(
    estate: Estate, change: dict[str, object]
) -> None:
    token, bystander = await estate.token("oleg"), await estate.token("nora")
    console = await estate.console("/console/n1/serial", token)
    assert (await estate.call("PATCH", f"{ACCOUNTS}/4", change)).status == 200
    assert await estate.status(token) == 401
    assert await ended(console) == 4401
    assert await estate.status(bystander) == 200


async def test_a_change_of_the_slot_ends_a_stream_that_basic_authentication_opened(estate: Estate) -> None:
    headers = {"Authorization": encode_basic_auth("oleg", KEYS["oleg"])}
    async with estate.service.client.get(estate.nodes.url("n1") + STREAM, headers=headers) as stream:
        assert stream.status == 200
        assert (await stream.content.readline()).startswith(b":")
        assert (await estate.call("PATCH", f"{ACCOUNTS}/4", {"Password": "another key"})).status == 200
        async with asyncio.timeout(5):
            await stream.content.read()


async def test_what_ends_an_accounts_right_ends_it_here(estate: Estate) -> None:
    accounts = estate.service.accounts
    await accounts.create("zoe", "a long password", Role.ADMINISTRATOR)
    await accounts.set_slot("n1", 7, "zoe", b"key of zoe", Role.ADMINISTRATOR, account="zoe")
    token = await estate.token("zoe", "key of zoe")
    await accounts.change("zoe", role=Role.READ_ONLY)
    assert await estate.status(token) == 401
    token = await estate.token("zoe", "key of zoe")
    reset = "/redfish/v1/Systems/n1/Actions/ComputerSystem.Reset"
    assert (
        await estate.call("POST", reset, {"ResetType": "On"}, as_="", headers={"X-Auth-Token": token})
    ).status == 403
    await accounts.delete("zoe")
    assert await estate.status(token) == 401


async def test_a_tag_that_is_gone_ends_the_sessions_of_who_came_by_it(estate: Estate) -> None:
    fleet, accounts = estate.service.world.fleet, estate.service.accounts
    await fleet.change("n1", {}, ADMIN, frozenset({"lab"}))
    await accounts.create("lara", "a long password", Role.OPERATOR, Scope(all_nodes=False, tags=frozenset({"lab"})))
    await accounts.set_slot("n1", 7, "lara", b"key of lara", Role.OPERATOR, account="lara")
    await fleet.change("n2", {}, ADMIN, frozenset({"lab"}))
    token = await estate.token("lara", "key of lara")
    systems = await estate.get("/redfish/v1/Systems", as_="", headers={"X-Auth-Token": token})
    assert systems["Members@odata.count"] == 1, "though n2 has the tag too"
    console = await estate.console("/console/n1/serial", token)
    await fleet.change("n1", {}, ADMIN, frozenset())
    assert await ended(console) == 4401
    assert await estate.status(token) == 401
    assert await sign_in(estate, "lara", "key of lara") == 401


async def test_wrong_keys_lock_the_user_at_both_doors_of_the_node_but_not_at_the_others(estate: Estate) -> None:
    accounts, clock = estate.service.accounts, StillClock()
    accounts.slot_lockout = Lockout(clock, accounts.slot_lockout._limits.__class__())  # the fixture's never locks
    await estate.nodes.remove("n1")
    await estate.nodes.add("n1", LOCALHOST)
    answers = await asyncio.gather(*(sign_in(estate, "nora", "wrong") for _ in range(5)))
    assert answers == [401] * 5
    assert await sign_in(estate, "nora", KEYS["nora"]) == 401
    assert accounts.slot_lockout.remaining("n1/nora", "127.0.0.1") > 0, "which the IPMI door asks too"
    assert await sign_in(estate, "nora", OTHERS_KEY, "n2") == 201
    (locked,) = await estate.service.world.told(EventKind.ACCOUNT_LOCKED)
    assert (locked.node, locked.account) == ("n1", "ipmi:nora")
    clock.time += 31
    assert await sign_in(estate, "nora", KEYS["nora"]) == 201


# The node's users are its accounts


async def test_the_account_service_shows_and_changes_the_nodes_slots_and_no_fleet_account(estate: Estate) -> None:
    found = await estate.get(f"{ACCOUNTS}?$expand=.")
    assert [each["UserName"] for each in found["Members"]] == ["admin", "nora", "oleg", "vera"]
    made = await estate.call("POST", ACCOUNTS, {"UserName": "new", "Password": "key of new", "RoleId": "Operator"})
    assert (made.status, made.headers["Location"]) == (201, f"{ACCOUNTS}/6")
    assert made.body["@odata.id"] == f"{ACCOUNTS}/6"
    token = await estate.token("new", "key of new")
    assert await estate.status(token) == 200
    slot = estate.service.accounts.ipmi_slot("n1", b"new")
    assert slot is not None
    assert slot.key == b"key of new"
    assert (await estate.service.get("/redfish/v1/Managers/n1/RemoteAccountService/Accounts/6"))["UserName"] == "new"
    assert (await estate.call("DELETE", f"{ACCOUNTS}/6")).status == 204
    assert await estate.status(token) == 401
    for name in PASSWORDS:
        assert (await estate.call("GET", f"{ACCOUNTS}/{name}")).status == 404


@pytest.mark.parametrize("name", ["oleg", "vera"])
async def test_who_is_no_administrator_changes_no_user(estate: Estate, name: str) -> None:
    new = {"UserName": "mine", "Password": "my key", "RoleId": "Administrator"}
    assert (await estate.call("POST", ACCOUNTS, new, as_=name)).status == 403
    for slot in range(2, 16):
        assert (await estate.call("PATCH", f"{ACCOUNTS}/{slot}", {"Password": "x"}, as_=name)).status in (403, 404)
        assert (await estate.call("DELETE", f"{ACCOUNTS}/{slot}", as_=name)).status in (403, 404)


async def test_nobody_becomes_a_fleet_account_by_setting_its_slots_key(estate: Estate) -> None:
    for change in ({"Password": "mine"}, {"UserName": "me"}, {"Enabled": True}, {"RoleId": "Administrator"}):
        refused = await estate.call("PATCH", f"{ACCOUNTS}/2", change)
        assert refused.status in (200, 403), refused
        slot = estate.service.accounts.ipmi_slot("n1", b"admin")
        assert slot is not None
        assert slot.key == KEYS["admin"].encode()
    assert await sign_in(estate, "admin", "mine") == 401


# Coming and going


async def test_an_endpoint_goes_with_its_node_and_takes_its_streams_along(estate: Estate) -> None:
    token = await estate.token()
    console = await estate.console("/console/n1/serial", token)
    where = URL(estate.nodes.url("n1"))
    await estate.nodes.remove("n1")
    assert await ended(console) == 1001
    with pytest.raises(OSError, match="refused"), socket.create_connection((str(where.host), where.port or 0)):
        pass
    assert (await estate.call("GET", "/redfish/v1/Systems", node="n2", key=OTHERS_KEY)).status == 200


async def test_a_namesake_of_a_removed_node_has_none_of_its_sessions(estate: Estate) -> None:
    token = await estate.token()
    await estate.nodes.remove("n1")
    await estate.service.world.fleet.remove("n1", ADMIN)
    await estate.service.world.add("n1")
    await estate.nodes.add("n1", LOCALHOST)
    assert await estate.status(token) == 401
    assert await sign_in(estate, "nora", KEYS["nora"]) == 401


async def test_beyond_loopback_there_is_https_only(estate: Estate) -> None:
    with pytest.raises(CannotListen, match="only HTTPS"):
        await estate.nodes.add("n3", Endpoint("0.0.0.0", 0))
    assert estate.nodes.url("n3") == ""


async def test_a_flood_of_connections_at_one_node_keeps_nobody_out_elsewhere(estate: Estate) -> None:
    where = URL(estate.nodes.url("n1"))
    flood = []
    try:
        for _ in range(100):
            flood.append(await asyncio.open_connection(where.host, where.port))
        await until(lambda: estate.nodes._opened["n1"].connections == 64)
        assert (await estate.call("GET", "/redfish/v1/Systems", node="n2", key=OTHERS_KEY)).status == 200
        assert (await estate.service.call("GET", "/redfish/v1/Systems")).status == 200
    finally:
        for _, writer in flood:
            writer.close()


# The attacker: an administrator of n1, through n1's endpoint


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
                    assert not found, (target, answer)
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
