"""What holds for every resource: who may ask, what is said when it goes wrong, and that nothing breaks the door."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import encode_basic_auth
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bmc.model.errors import BmcError
from bmc.redfish.errors import TRANSLATION, translate
from bmc.redfish.etag import make_etag, permits, unchanged
from bmc.redfish.messages import TEMPLATES, message
from bmc.redfish.router import Route
from bmc.redfish.tree import all_routes
from bmc.redfish.types import COLLECTIONS, VERSIONS
from tests.dmtf import dmtf
from tests.redfish.service import N1, Service, open_service

ROOT = "/redfish/v1"
OPEN = {"/redfish", ROOT, f"{ROOT}/odata", f"{ROOT}/$metadata"}


async def test_the_documents_of_the_root_need_no_sign_in(service: Service) -> None:
    assert (await service.get("/redfish", as_="")) == {"v1": "/redfish/v1/"}
    assert (await service.get("/redfish/v1", as_="")) == (await service.get("/redfish/v1/", as_=""))
    document = await service.get("/redfish/v1/odata", as_="")
    assert {entry["name"] for entry in document["value"]} >= {"Service", "Systems", "Sessions"}
    metadata = await service.call("GET", "/redfish/v1/$metadata", as_="")
    assert metadata.headers["Content-Type"].startswith("application/xml")
    assert "ComputerSystem.v1_27_0" in metadata.body


def _example(route: Route, **names: str) -> str:
    known = {"node": "n1", "account": "admin", "role": "Operator", "slot": "cd0", "image": "tiny", "subscription": "1"}
    files = {"registry": "Lightsout.1.0", "schema": "Task.v1_7_4", "file": "LightsoutTask_v1.xml"}
    known |= {"processor": "CPU0", "memory": "Memory0", "storage": "sata", "drive": "disk0", "interface": "ipmi"}
    known |= {"session": "1", "job": "1", "entry": "1", "sensor": "CPULoad", "option": "disk0", "aggregate": "a"}
    known |= {
        "software": "qemu",
        "controller": "sata",
        "medium": "tools.iso",
        "window": "Hour",
        "key": "1",
        "token": "1",
    }
    return route.path.format_map({**known, **files, **names})


async def _walk(service: Service, path: str, seen: dict[str, Any]) -> None:
    if path in seen or path.endswith("/SSE"):
        return
    seen[path] = await service.get(path)
    for link in _links(seen[path]):
        await _walk(service, link.rstrip("/"), seen)


def _links(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [str(value["@odata.id"])] if "#" not in str(value.get("@odata.id", "#")) else []
        return own + [link for item in value.values() for link in _links(item)]
    return [link for item in value for link in _links(item)] if isinstance(value, list) else []


async def test_every_link_leads_somewhere_and_every_resource_says_where_it_is(service: Service) -> None:
    await service.token()
    seen: dict[str, Any] = {}
    await _walk(service, ROOT, seen)
    assert len(seen) > 25
    for path, body in seen.items():
        assert body["@odata.id"].rstrip("/") == path
        assert body["@odata.etag"]
        name = body["@odata.type"].lstrip("#").split(".")
        assert name[0] in COLLECTIONS or name[1] == VERSIONS[name[0]]


@pytest.mark.parametrize("route", all_routes(), ids=lambda route: f"{route.method} {route.path}")
async def test_nothing_else_is_answered_without_credentials(service: Service, route: Route) -> None:
    answer = await service.call(route.method, _example(route), b"", as_="")
    if route.role is None:
        assert answer.status == (200 if route.method == "GET" else 400)
    else:
        assert (answer.status, answer.ids) == (401, ["NoValidSession"])


async def test_all_three_kinds_of_credentials_work_at_once(service: Service) -> None:
    token, session = await service.token()
    assert (await service.call("GET", N1, as_="", headers={"X-Auth-Token": token})).status == 200
    assert (await service.call("GET", N1)).status == 200
    browser = await service.sign_in()
    async with browser, browser.get(service.url + N1) as response:
        assert response.status == 200
    assert (await service.call("DELETE", session)).status == 204
    assert (await service.call("GET", N1, as_="", headers={"X-Auth-Token": token})).status == 401


@pytest.mark.parametrize(
    "header",
    ["Basic", "Basic !!!", "Basic YWRtaW4=", "Bearer x", encode_basic_auth("admin", "wrong"), "Basic //8="],
)
async def test_wrong_credentials_are_refused_with_a_challenge(service: Service, header: str) -> None:
    answer = await service.call("GET", N1, as_="", headers={"Authorization": header})
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    script = {"Authorization": header, "Sec-Fetch-Mode": "cors"}
    answer = await service.call("GET", N1, as_="", headers=script)
    assert "WWW-Authenticate" not in answer.headers


async def test_a_wrong_token_is_not_made_up_for_by_a_right_password(service: Service) -> None:
    assert (await service.call("GET", N1, headers={"X-Auth-Token": "wrong"})).status == 401


async def test_the_protocols_headers_are_there(service: Service) -> None:
    answer = await service.call("GET", N1)
    assert answer.headers["OData-Version"] == "4.0"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Allow"] == "GET, HEAD, DELETE, PATCH"
    assert answer.headers["Link"].endswith("/ComputerSystem.v1_27_0.json>; rel=describedby")
    assert answer.headers["ETag"] == answer.body["@odata.etag"]
    head = await service.call("HEAD", N1)
    assert (head.status, head.body) == (200, "")
    assert head.headers["ETag"] == answer.headers["ETag"]
    options = await service.call("OPTIONS", N1)
    assert (options.status, options.headers["Allow"]) == (204, answer.headers["Allow"])
    old = await service.call("GET", N1, headers={"OData-Version": "3.0"})
    assert (old.status, old.ids) == (412, ["HeaderInvalid"])


@pytest.mark.parametrize(
    ("method", "path"), [("POST", N1), ("PUT", N1), ("DELETE", f"{ROOT}/Systems"), ("PATCH", ROOT)]
)
async def test_a_method_that_is_not_there_is_refused_with_those_that_are(
    service: Service, method: str, path: str
) -> None:
    answer = await service.call(method, path)
    assert (answer.status, answer.ids) == (405, ["OperationNotAllowed"])
    assert "GET" in answer.headers["Allow"]


async def test_a_request_id_comes_into_the_audit(service: Service) -> None:
    reset = f"{N1}/Actions/ComputerSystem.Reset"
    await service.call("POST", reset, {"ResetType": "On"}, headers={"X-Request-Id": "req-7"})
    record = (await service.world.audit.newest(1))[0]
    assert (record.account, record.door.value, record.request_id) == ("admin", "redfish", "req-7")
    assert record.address == "127.0.0.1"


async def test_a_body_too_large_is_refused(service: Service) -> None:
    answer = await service.call("PATCH", N1, b'{"a": "' + b"x" * 300_000 + b'"}')
    assert (answer.status, answer.ids) == (413, ["PayloadTooLarge"])


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("$orderby=x", 501),
        ("$filter=x", 400),
        ("$select=", 400),
        ("$expand=*($levels=9)", 400),
        ("only&$top=1", 400),
        ("$top=-1", 400),
        ("$top=x", 400),
        ("$skip=99999999999999999", 400),
        ("$expand=everything", 400),
        ("only=foo", 400),
        ("anything=goes", 200),
        ("$expand=.($levels=1)", 200),
    ],
)
async def test_a_query_is_understood_or_refused(service: Service, query: str, status: int) -> None:
    assert (await service.call("GET", f"{ROOT}/Systems?{query}")).status == status


async def test_paging_a_single_resource_is_refused_and_only_unwraps_one_member(service: Service) -> None:
    answer = await service.call("GET", f"{N1}?$top=1")
    assert (answer.status, answer.ids) == (400, ["QueryNotSupportedOnResource"])
    assert (await service.get(f"{ROOT}/Systems?only"))["Id"] == "n1"


async def test_expand_reaches_what_is_linked_one_level_deep(service: Service) -> None:
    inside = await service.get(f"{N1}?$expand=~")
    assert inside["Links"]["Chassis"][0]["Id"] == "n1"
    assert set(inside["VirtualMedia"]) == {"@odata.id"}
    outside = await service.get(f"{N1}?$expand=.")
    assert outside["VirtualMedia"]["Members@odata.count"] == 1
    assert set(outside["Links"]["Chassis"][0]) == {"@odata.id"}


async def test_a_change_of_nothing_is_told_apart_from_a_change(service: Service) -> None:
    answer = await service.call("PATCH", N1, {"@odata.id": N1, "@odata.etag": "x"})
    assert (answer.status, answer.ids) == (400, ["NoOperation"])
    body = {"@odata.id": N1, "LocationIndicatorActive": True}
    assert (await service.call("PATCH", N1, body)).status == 200


async def test_of_two_who_change_the_same_version_one_is_told_to_look_again(service: Service) -> None:
    etag = (await service.call("GET", N1)).headers["ETag"]
    bodies = [{"Boot": {"BootSourceOverrideTarget": target}} for target in ("Pxe", "Cd", "Hdd")]
    changes = [service.call("PATCH", N1, body, headers={"If-Match": etag}) for body in bodies]
    assert sorted(answer.status for answer in await asyncio.gather(*changes)) == [200, 412, 412]


def test_if_match_takes_what_clients_make_of_an_etag_and_nothing_else() -> None:
    etag = make_etag({"a": 1, "power": "On"}, [1])
    later = make_etag({"a": 1, "power": "Off"}, [1])
    other = make_etag({"a": 2, "power": "On"}, [2])
    for given_tag in (etag, etag.removeprefix("W/"), etag.removeprefix("W/").strip('"'), "*", f'"x", {etag}'):
        assert permits(given_tag, later)
        assert not permits(given_tag, other) or given_tag == "*"
    assert not permits(etag[:-1] + '0"', etag)
    assert not permits("", etag)
    assert unchanged(etag, etag)
    assert not unchanged(etag, later)


def test_every_error_of_the_house_has_a_translation_that_keeps_its_words() -> None:
    for kind in TRANSLATION:
        error = translate(kind("why it failed"), "/redfish/v1/x")
        assert error.status >= 400
        assert error.body["error"]["message"] == "why it failed"  # type: ignore[index]

    class New(BmcError):
        pass

    assert translate(New("x"), "/").status == 500


def test_our_messages_are_those_of_the_registry() -> None:
    registry = json.loads(dmtf("registries/Base.1.22.1.json").read_text())["Messages"]
    for name, template in TEMPLATES.items():
        assert template.text == registry[name]["Message"]
        assert template.severity == registry[name]["MessageSeverity"]
        assert template.resolution == registry[name]["Resolution"]
        count = registry[name]["NumberOfArgs"]
        assert "%" not in str(message(name, *["x"] * count)["Message"])


NAMES = st.sampled_from(
    ["Name", "Boot", "Oem", "Lightsout", "ResetType", "UserName", "Password", "Image", "@odata.id", "Options", ""]
) | st.text(max_size=10)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
TARGETS = sorted(
    {(route.method, _example(route, account="vera")) for route in all_routes() if not route.path.endswith("/SSE")}
)
HEADER = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=40)


async def test_no_body_no_header_and_no_path_breaks_the_door(tmp_path: Path) -> None:
    async with open_service(tmp_path) as service:
        await service.world.add("n1")
        loop = asyncio.get_running_loop()

        async def ask(target: tuple[str, str], tail: str, body: bytes, headers: dict[str, str]) -> int:
            answer = await service.call(target[0], target[1] + tail, body, headers=headers)
            if answer.status >= 400:
                assert answer.body["error"]["@Message.ExtendedInfo"]
            return answer.status

        @settings(max_examples=150, suppress_health_check=list(HealthCheck))
        @given(
            st.sampled_from(TARGETS),
            st.sampled_from(["", "", "", "/", "/%2e%2e", "/%00", "?$expand=*", "?$top=%FF", "?$select=%00,,"]),
            st.binary(max_size=60) | st.dictionaries(NAMES, VALUES, max_size=5).map(lambda v: json.dumps(v).encode()),
            st.dictionaries(
                st.sampled_from(["If-Match", "If-None-Match", "OData-Version", "X-Request-Id", "Accept", "Cookie"]),
                HEADER,
                max_size=3,
            ),
        )
        def attack(target: tuple[str, str], tail: str, body: bytes, headers: dict[str, str]) -> None:
            status = asyncio.run_coroutine_threadsafe(ask(target, tail, body, headers), loop).result(30)
            assert status != 500

        await asyncio.to_thread(attack)
        assert (await service.call("GET", N1)).status in (200, 404)
