"""The HTTP of DSP0266, on every route there is: methods, headers, ETags, media types."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bmc.redfish.certificates import CERTIFICATE
from bmc.redfish.errors import RedfishError
from bmc.redfish.manager_network import CERTIFICATES
from bmc.redfish.negotiation import JSON, check_accept
from bmc.redfish.router import Route, Router
from bmc.redfish.tree import all_routes
from tests.redfish.full import ROOT, links, open_full
from tests.redfish.service import N1, Answer, Service

ROUTES = all_routes()
CHANGED = [route for route in ROUTES if route.method == "PATCH" and route.takes == JSON]
STREAM = f"{ROOT}/EventService/SSE"
EXPORT = f"{N1}/LogServices/SEL/Oem/Lightsout/Export"
NO_RESOURCES = ("/redfish", f"{ROOT}/odata", f"{ROOT}/$metadata", f"{ROOT}/Schemas/", EXPORT)
"""Documents that are no resources (DSP0266 §6.3): they have no ETag."""
DRIFTS = {
    f"{ROOT}/Chassis/{{node}}/Sensors/{{sensor}}",
    f"{ROOT}/EventService/Subscriptions/{{subscription}}",
}
EXAMPLES = {
    "node": "n1",
    "entry": "?",
    "account": "vera",
    "key": "?",
    "sensor": "InletTemp",
    "slot": "?",
    "subscription": "?",
    "image": "web",
}
MEDIA = {"csv": "text/csv", "json": "application/json", "txt": "text/plain"}
NOT_THERE = {
    STREAM,
    f"{ROOT}/Systems/{{node}}/LogServices/SerialLog/Data",
    f"{ROOT}/Systems/{{node}}/Oem/Lightsout/Screenshot",
    f"{ROOT}/Chassis/{{node}}/Power",
    f"{ROOT}/TaskService/TaskMonitors/{{job}}",
    f"{ROOT}/Managers/{{node}}/EthernetInterfaces",
    f"{ROOT}/Managers/{{node}}/EthernetInterfaces/{{interface}}",
    f"{ROOT}/CertificateService",
    f"{ROOT}/CertificateService/CertificateLocations",
    CERTIFICATES,
    CERTIFICATE,
    f"{ROOT}/Oem/Lightsout/Uploads/{{job}}",
}
"""What these servers do not have (power sensors, a door on an Ethernet, HTTPS), what is gone once it was read, what has
a body only when it is sent, and what is a stream or a file.
"""
CHANGES: Mapping[str, object] = {
    f"{ROOT}/AccountService/Accounts/{{account}}": {"Enabled": True},
    f"{ROOT}/AccountService/Accounts/{{account}}/Keys/{{key}}": {"UserDescription": "laptop"},
    f"{ROOT}/Chassis/{{node}}": {"AssetTag": "rack 7"},
    f"{ROOT}/Chassis/{{node}}/Sensors/{{sensor}}": {"Thresholds": {"UpperCritical": {"Reading": 90}}},
    f"{ROOT}/EventService/Subscriptions/{{subscription}}": {"Context": "other"},
    f"{ROOT}/Managers/{{node}}/RemoteAccountService/Accounts/{{slot}}": {"Enabled": False},
    f"{ROOT}/Oem/Lightsout/Images/{{image}}": {"Name": "Web"},
    f"{ROOT}/Systems/{{node}}": {"LocationIndicatorActive": True},
    f"{ROOT}/Systems/{{node}}/Bios/Settings": {"Attributes": {"BootMode": "Bios"}},
    f"{ROOT}/Systems/{{node}}/LogServices/SEL/Entries/{{entry}}": {"Resolved": True},
}
"""Something that each resource lets a client change."""


@pytest.fixture
async def full(tmp_path: Path) -> AsyncIterator[Service]:
    async with open_full(tmp_path) as service:
        yield service


async def everything(service: Service) -> dict[str, Answer]:
    """Every resource that links lead to, and the documents beside them."""
    seen: dict[str, Answer] = {}
    known = {"/redfish", f"{ROOT}", f"{ROOT}/odata", f"{ROOT}/$metadata"}
    known |= {f"{ROOT}/Schemas/{name}" for name in ("LightsoutTask_v1.xml", "Lightsout.1.0.0.json")}
    known |= {f"{ROOT}/Schemas/LightsoutBios.v1_0_0.json", f"{N1}/ResetActionInfo"}
    known |= {f"{EXPORT}/sel.{kind}" for kind in MEDIA}
    while waiting := known - seen.keys():
        for path in waiting:
            seen[path] = await service.call("GET", path)
            assert seen[path].status == 200, (path, seen[path])
            known |= links(seen[path].body)
    return seen


async def test_every_route_that_can_be_read_answers_as_the_protocol_wants(full: Service) -> None:
    router, covered = Router(ROUTES), set[str]()
    await full.call("GET", f"{N1}/LogServices/SerialLog/Entries")  # the first time is in the audit and the timeline
    for path, answer in (await everything(full)).items():
        routes, _ = router.match(path)
        covered.add(routes["GET"].path)
        methods = ["GET", "HEAD", *sorted(routes.keys() - {"GET"})]
        head, options = await full.call("HEAD", path), await full.call("OPTIONS", path)
        for each in (answer, head, options):
            assert each.headers["OData-Version"] == "4.0", path
            assert each.headers["Cache-Control"] == "no-store", path
            assert each.headers["Allow"] == ", ".join(methods), path
        assert (head.status, head.body) == (200, ""), path
        assert (options.status, options.body) == (204, ""), path
        assert head.headers["Content-Type"] == answer.headers["Content-Type"], path
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - routes.keys():
            refused = await full.call(method, path, {})
            assert (refused.status, refused.ids) == (405, ["OperationNotAllowed"]), (method, path)
            assert refused.headers["Allow"] == ", ".join(methods), path
        await _check_media(full, path, answer)
        if not path.startswith(NO_RESOURCES[1:]) and path != NO_RESOURCES[0]:
            await _check_resource(full, path, answer, head)
    unseen = {route.path for route in ROUTES if route.method == "GET"} - covered
    assert unseen == NOT_THERE


async def _check_resource(service: Service, path: str, answer: Answer, head: Answer) -> None:
    assert answer.headers["Link"].endswith("; rel=describedby"), path
    assert head.headers["Link"] == answer.headers["Link"], path
    assert answer.headers["ETag"] == answer.body["@odata.etag"], path
    if (
        "/LogServices/Audit" in path
        or path.endswith("/Tasks/1")
        or "/SessionService/Sessions/" in path
        or "/EventService/Subscriptions/" in path
        or "ReadingTime" in answer.body
        or "IntervalSeconds" in answer.body
        or "DateTime" in answer.body
    ):
        return  # these change with each request, or with time
    assert head.headers["ETag"] == answer.headers["ETag"], path
    same = await service.call("GET", path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (same.status, same.body) == (304, ""), path
    assert same.headers["ETag"] == answer.headers["ETag"], path
    other = await service.call("GET", path, headers={"If-None-Match": 'W/"0"'})
    assert other.status == 200, path


async def _check_media(service: Service, path: str, answer: Answer) -> None:
    kind = answer.headers["Content-Type"].partition(";")[0]
    usual = "application/xml" if path.endswith((".xml", "$metadata")) else "application/json"
    assert kind == (MEDIA[path.rpartition(".")[2]] if path.startswith(EXPORT) else usual), path
    for taken in (kind, f"{kind};charset=utf-8", f"text/html, {kind};q=0.5", f"{kind.partition('/')[0]}/*", "*/*", ""):
        assert (await service.call("HEAD", path, headers={"Accept": taken})).status == 200, (path, taken)
    for refused in ("text/html", f"*/*, {kind};q=0" if "Schemas/" not in path else "image/*"):
        told = await service.call("GET", path, headers={"Accept": refused})
        assert (told.status, told.ids) == (406, ["HeaderInvalid"]), (path, refused)


@pytest.mark.parametrize("route", CHANGED, ids=lambda route: route.path)
async def test_a_change_of_what_was_not_seen_is_refused_and_one_of_what_was_is_made(
    full: Service, route: Route
) -> None:
    path = await _named(full, route.path.format_map(EXAMPLES))
    before = await full.call("GET", path)
    body = CHANGES[route.path]
    for tag in ('W/"0000000000000000.0000000000000000"', '"x"', "x", ""):
        refused = await full.call("PATCH", path, body, headers={"If-Match": tag})
        assert (refused.status, refused.ids) == (412, ["PreconditionFailed"]), tag
    assert _steady((await full.call("GET", path)).body) == _steady(before.body)
    made = await full.call("PATCH", path, body, headers={"If-Match": before.headers["ETag"]})
    assert made.status == 200, made
    assert (await full.call("PATCH", path, body, headers={"If-Match": "*"})).status == 200
    assert made.headers["ETag"] == made.body["@odata.etag"]
    stale = await full.call("PATCH", path, body, headers={"If-Match": before.headers["ETag"]})
    assert stale.status == (412 if _edit(before) != _edit(made) else 200)


async def _named(service: Service, path: str) -> str:
    """`?` stands for the one member of its collection."""
    holder, _, rest = path.partition("/?")
    return (await service.get(holder))["Members"][0]["@odata.id"] + rest if "?" in path else path


def _steady(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if not name.startswith(("@odata.etag", "Reading"))}


def _edit(answer: Answer) -> str:
    return answer.headers["ETag"].removeprefix('W/"').partition(".")[0]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/json;charset=utf-16"])
async def test_a_body_that_is_no_json_by_its_own_word_is_refused_before_it_is_read(full: Service, kind: str) -> None:
    body = {"LocationIndicatorActive": False}
    for method, path in (("PATCH", N1), ("POST", f"{N1}/Actions/ComputerSystem.Reset"), ("POST", f"{ROOT}/Systems")):
        answer = await full.call(method, path, body, headers={"Content-Type": kind})
        assert (answer.status, answer.ids) == (415, ["HeaderInvalid"])
    assert (await full.get(N1))["LocationIndicatorActive"] is True


@pytest.mark.parametrize("kind", ["application/json", 'Application/JSON; charset="UTF-8"', ""])
async def test_a_body_that_says_json_or_nothing_is_taken(full: Service, kind: str) -> None:
    answer = await full.call("PATCH", N1, {"AssetTag": "x"}, headers={"Content-Type": kind})
    assert answer.status == 200, answer


@pytest.mark.parametrize(
    "action",
    [
        f"{N1}/Bios/Actions/Bios.ResetBios",
        f"{N1}/LogServices/SEL/Actions/LogService.ClearLog",
        f"{N1}/VirtualMedia/cd0/Actions/VirtualMedia.EjectMedia",
        f"{ROOT}/Managers/n1/Actions/Manager.Reset",
        f"{ROOT}/EventService/Actions/EventService.SubmitTestEvent",
        f"{ROOT}/EventService/Subscriptions/?/Actions/EventDestination.SuspendSubscription",
        f"{ROOT}/EventService/Subscriptions/?/Actions/EventDestination.ResumeSubscription",
    ],
)
async def test_an_action_that_needs_no_parameters_needs_no_body(full: Service, action: str) -> None:
    for kind in ("application/json", "application/x-www-form-urlencoded"):
        answer = await full.call("POST", await _named(full, action), headers={"Content-Type": kind})
        assert answer.status == 204, answer


async def test_the_event_stream_is_for_those_who_take_one(full: Service) -> None:
    answer = await full.call("GET", STREAM, headers={"Accept": "application/json"})
    assert (answer.status, answer.ids) == (406, ["HeaderInvalid"])
    for taken in ("text/event-stream", "*/*"):
        headers = {"Accept": taken, "X-Auth-Token": (await full.token())[0]}
        async with full.client.get(full.url + STREAM, headers=headers) as response:
            assert (response.status, response.content_type) == (200, "text/event-stream")


@pytest.mark.parametrize(
    ("accept", "taken"),
    [
        ("", True),
        (" , ", True),
        ("*/*;q=0", False),
        ("application/json;q=0, */*", False),
        ("application/*;q=0, application/json", True),
        ("application/json;odata.metadata=minimal", True),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("application/json;q=high", True),
        ("application/json;q=nan", False),
        ("application/xml", False),
        (";;;,=,q=0", False),
    ],
)
def test_the_most_specific_range_of_accept_decides(accept: str, taken: bool) -> None:
    if taken:
        check_accept(accept, ("application/json",))
    else:
        with pytest.raises(RedfishError):
            check_accept(accept, ("application/json",))


async def test_what_can_be_changed_does_not_drift_and_an_edit_under_way_stays_possible(full: Service) -> None:
    """The node runs, prints, is measured and is looked at; others come and go. Only a Sensor's reading and what waits
    for a subscription change by themselves: an ETag taken before still permits the change.
    """
    paths = {route.path: await _named(full, route.path.format_map(EXAMPLES)) for route in CHANGED}
    before = {path: await full.call("GET", path) for path in paths.values()}
    server, line = full.drivers.servers["n1"], full.drivers.lines["n1"]
    server.figures = {"CPU Load": 77.0, "Memory": 700.0, "Disk Read": 5.0, "Inlet Temp": 31.5}
    line.stream.incoming.put_nowait(b"login: \r\n" * 1000)
    sensor = paths[f"{ROOT}/Chassis/{{node}}/Sensors/{{sensor}}"]
    await full.world.add("n2")
    await full.call("POST", f"{ROOT}/EventService/Actions/EventService.SubmitTestEvent")
    assert (await full.call("GET", N1, as_="olga")).status == 200
    async with asyncio.timeout(10):
        while (await full.get(sensor))["Reading"] != 31.5:  # noqa: ASYNC110 - a reading is no event
            await asyncio.sleep(0.02)
    for template, path in paths.items():
        now = await full.call("GET", path)
        if template not in DRIFTS:
            assert now.body == before[path].body
            assert now.headers["ETag"] == before[path].headers["ETag"]
        tag = {"If-Match": before[path].headers["ETag"]}
        assert (await full.call("PATCH", path, CHANGES[template], headers=tag)).status == 200, path
