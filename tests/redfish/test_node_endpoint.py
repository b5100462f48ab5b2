"""A node's own Redfish endpoint: it shows that node alone to the node's own users."""

import asyncio
import socket
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiohttp import encode_basic_auth
from yarl import URL

from bmc.accounts.lockout import Lockout
from bmc.http.server import CannotListen
from bmc.model.caller import Role, Scope
from bmc.model.clock import SystemClock
from bmc.model.events import EventKind
from bmc.model.node import Endpoint
from tests.clocks import StillClock
from tests.redfish.estate import ACCOUNTS, KEYS, LOCALHOST, OTHERS_KEY, SESSIONS, STREAM, Estate, ended
from tests.redfish.service import PASSWORDS, open_service
from tests.world import ADMIN, until

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


async def test_what_was_done_to_a_former_node_of_the_same_name_is_not_there(estate: Estate) -> None:
    service, tasks = estate.service, "/redfish/v1/TaskService/Tasks"
    service.work.go.set()
    began = await service.call("POST", "/redfish/v1/Systems/n1/Actions/Oem/Lightsout.Reinstall", {"Image": "tiny"})
    task = f"{tasks}/{began.body['Id']}"
    await until(lambda: service.jobs.get(began.body["Id"]).state.ended)
    assert (await estate.get(tasks))["Members"] == [{"@odata.id": task}]
    await service.jobs.put_away("n1")
    assert (await estate.get(tasks))["Members"] == []
    assert (await estate.call("GET", task)).status == 404
    assert (await service.get(tasks))["Members"] == [{"@odata.id": task}]


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
        assert answer.status == (403 if path.endswith("/SerialLog") else 200), (path, answer)
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
    assert estate.service.accounts.sessions_everywhere().total() == 3
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
    theirs = (await estate.get(f"{SESSIONS}", as_="nora"))["Members"]
    assert len(theirs) == 2
    for each in theirs:
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
    await estate.nodes.add(estate.service.world.fleet.node("n1"), LOCALHOST)
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
        assert (await estate.call("PATCH", f"{ACCOUNTS}/{slot}", {"Password": "x"}, as_=name)).status == 403
        assert (await estate.call("DELETE", f"{ACCOUNTS}/{slot}", as_=name)).status == 403


async def test_nobody_becomes_a_fleet_account_by_setting_its_slots_key(estate: Estate) -> None:
    for change in ({"Password": "mine"}, {"UserName": "me"}, {"Enabled": True}, {"RoleId": "Administrator"}):
        refused = await estate.call("PATCH", f"{ACCOUNTS}/2", change)
        assert refused.status == 403, refused
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
    node, _ = await estate.service.world.add("n1")
    await estate.nodes.add(node, LOCALHOST)
    assert await estate.status(token) == 401
    assert await sign_in(estate, "nora", KEYS["nora"]) == 401


async def test_beyond_loopback_there_is_https_only(estate: Estate) -> None:
    node, _ = await estate.service.world.add("n3")
    with pytest.raises(CannotListen, match="only HTTPS"):
        await estate.nodes.add(node, Endpoint("0.0.0.0", 0))
    assert estate.nodes.url("n3") == ""


async def test_behind_a_trusted_proxy_room_at_a_nodes_endpoint_is_made_by_who_has_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bmc.http.nodes.MOST_OF_ONE", 3)
    async with open_service(tmp_path, proxies=[ip_network("127.0.0.1")]) as service:
        node, _ = await service.world.add("n1")
        where = await service.nodes.add(node, LOCALHOST)

        async def ask(stream: tuple[asyncio.StreamReader, asyncio.StreamWriter], address: str) -> bytes:
            stream[1].write(f"HEAD /redfish HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {address}\r\n\r\n".encode())
            async with asyncio.timeout(10):
                return await stream[0].readuntil(b"\r\n\r\n")

        person = await asyncio.open_connection(where.host, where.port)
        await ask(person, "192.0.2.1")
        crowd = []
        for _ in range(5):
            crowd.append(await asyncio.open_connection(where.host, where.port))
            await ask(crowd[-1], "192.0.2.66")
        assert b" 200 " in await ask(person, "192.0.2.1")
        for _, writer in (person, *crowd):
            writer.close()


async def test_a_flood_over_the_other_nodes_endpoints_keeps_nobody_out_of_one(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest goes, wherever it is."""
    monkeypatch.setattr(estate.nodes, "_most", 4)
    where = URL(estate.nodes.url("n1"))
    flood = [await asyncio.open_connection(where.host, where.port) for _ in range(4)]
    crowded, other = (estate.nodes._opened[name] for name in ("n1", "n2"))
    await until(lambda: len(crowded.connections) == 4)
    assert (await estate.call("GET", "/redfish/v1/Systems", node="n2", key=OTHERS_KEY)).status == 200
    await until(lambda: len(crowded.connections) == 3)
    async with asyncio.timeout(5):
        assert await flood[0][0].read() == b""
    assert len(crowded._connections._silent) == 3
    for server, there in ((other, (2, 2)), (other, (1, 3)), (other, (0, 4)), (crowded, (1, 3)), (crowded, (2, 2))):
        flood.append(await asyncio.open_connection(where.host, server.port))
        await until(lambda: (len(crowded.connections), len(other.connections)) == there)  # noqa: B023 - called at once
    for _, writer in flood:
        writer.close()


async def test_a_flood_of_connections_at_one_node_keeps_nobody_out_elsewhere(estate: Estate) -> None:
    where = URL(estate.nodes.url("n1"))
    flood = []
    try:
        for _ in range(100):
            flood.append(await asyncio.open_connection(where.host, where.port))
        await until(lambda: len(estate.nodes._opened["n1"].connections) == 64)
        assert (await estate.call("GET", "/redfish/v1/Systems", node="n2", key=OTHERS_KEY)).status == 200
        assert (await estate.service.call("GET", "/redfish/v1/Systems")).status == 200
    finally:
        for _, writer in flood:
            writer.close()
