"""Query parameters: what a client asks for is what it gets, and what cannot be is said."""

from dataclasses import replace
from urllib.parse import quote

import pytest
from aiohttp import encode_basic_auth

from bmc.redfish import query
from bmc.redfish.filter import BadFilter, parse_filter
from tests.redfish.service import N1, Service
from tests.world import ADMIN, OPERATOR

SYSTEMS, ROLES = "/redfish/v1/Systems", "/redfish/v1/AccountService/Roles"
BODY = {
    "Id": "n1",
    "Count": 4,
    "On": True,
    "Status": {"Health": "OK"},
    "Note": None,
    "Created": "2026-11-27T05:00:00Z",
    "It": "it's",
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("Id eq 'n1'", True),
        ("Id ne 'n1'", False),
        ("'n1' eq Id", True),
        ("Status/Health eq 'OK'", True),
        ("Status/Nothing eq null", True),
        ("Note eq null and Id ne null", True),
        ("Count gt 3 and Count lt 4.5", True),
        ("Count ge 4 and Count le 4", True),
        ("Count eq '4'", False),
        ("On eq true", True),
        ("On gt false", False),
        ("On eq 1", False),
        ("not (On eq true)", False),
        ("not On eq false", True),
        ("Id eq 'x' or Id eq 'n1' and Count eq 4", True),
        ("(Id eq 'n1' or Id eq 'x') and Count eq 5", False),
        ("Created gt 2026-01-01T00:00:00Z", True),
        ("Created lt '2026-01-01'", False),
        ("It eq 'it''s'", True),
        ("contains(It,'T''')", True),
        ("not contains(Status/Health, 'nok') and Id eq 'n1'", True),
        ("contains(Count,'4') or contains(Nothing,'')", False),
    ],
)
def test_a_filter_holds_or_does_not(text: str, holds: bool) -> None:
    assert parse_filter(text)(BODY) is holds


@pytest.mark.parametrize(
    "text",
    [
        *("", "Id", "Id eq", "Id is 'n1'", "Id eq 'n1", "(Id eq 'n1'", "Id eq 'n1')", "Id eq ( 'n1'", "Id eq 'a' 'b'"),
        *("contains(Id)", "contains(Id,'n1'", "contains Id", "contains(Id,'a','b')", "Id, eq 'n1'"),
        *("%", "(" * 5000, "not " * 5000, "Id eq 'n1' and", "eq eq"),
    ],
)
def test_what_is_no_filter_is_told(text: str) -> None:
    with pytest.raises(BadFilter):
        parse_filter(text)


async def test_a_filter_comes_before_pages(service: Service) -> None:
    for name in ("n2", "n3", "n4"):
        await service.world.add(name)
    wanted = quote("not (Id eq 'n2')")
    page = await service.get(f"{SYSTEMS}?$filter={wanted}&$top=2")
    assert [member["@odata.id"][-2:] for member in page["Members"]] == ["n1", "n3"]
    assert page["Members@odata.count"] == 3
    rest = await service.get(page["Members@odata.nextLink"])
    assert [member["@odata.id"][-2:] for member in rest["Members"]] == ["n4"]
    assert "Members@odata.nextLink" not in rest
    refused = await service.call("GET", f"{N1}?$filter={wanted}")
    assert (refused.status, refused.ids) == (400, ["QueryNotSupportedOnResource"])
    wrong = await service.call("GET", f"{SYSTEMS}?$filter=Id%20like%20n")
    assert (wrong.status, wrong.ids) == (400, ["QueryParameterValueFormatError"])


async def test_a_log_that_pages_by_itself_is_filtered_as_a_whole(service: Service) -> None:
    for kind in ("On", "ForceOff", "On"):
        await service.call("POST", f"{N1}/Actions/ComputerSystem.Reset", {"ResetType": kind})
    wanted = quote("MessageId eq 'Lightsout.1.0.PowerChanged'")
    path = f"{N1}/LogServices/EventLog/Entries?$filter={wanted}"
    whole = await service.get(path)
    assert whole["Members@odata.count"] == len(whole["Members"]) > 1
    page = await service.get(f"{path}&$skip=1&$top=1")
    assert (page["Members"], page["Members@odata.count"]) == (whole["Members"][1:2], len(whole["Members"]))


async def test_the_audit_is_searched_to_its_beginning_and_paged(service: Service) -> None:
    """By text, who, what, which node, how it ended and when; also further back than one page reaches."""
    audit, olga, ours = service.world.audit, replace(OPERATOR, address="192.0.2.7"), "Oem/Lightsout"
    await audit.record(olga, "power", "n1", "Denied", {"action": "On"})
    for number in range(1_200):
        await audit.record(ADMIN, "boot-override", f"n{number % 3}", "done")
    log = "/redfish/v1/Managers/Lightsout/LogServices/Audit/Entries"
    denied = quote(f"{ours}/Outcome eq 'Denied'")
    (oldest,) = (await service.get(f"{log}?$filter={denied}"))["Members"]
    for wanted in (
        "contains(Message,'OLGA (operator) by web from 192.0.2.7')",
        f"{ours}/Account eq 'olga'",
        f"{ours}/Action eq 'power' and {ours}/Target eq 'n1'",
        "Severity ne 'OK'",
        f"Created le {oldest['Created']} and {ours}/Role eq 'Operator'",
        f"{ours}/Address eq '192.0.2.7' and not contains({ours}/Action,'boot')",
    ):
        assert (await service.get(f"{log}?$filter={quote(wanted)}"))["Members"] == [oldest], wanted
    of_n2 = quote(f"{ours}/Target eq 'n2'")
    page = await service.get(f"{log}?$filter={of_n2}&$top=150&$skip=100")
    assert (len(page["Members"]), page["Members@odata.count"]) == (150, 400)
    rest = await service.get(page["Members@odata.nextLink"])
    ids = [int(entry["Id"]) for entry in page["Members"] + rest["Members"]]
    assert ids == sorted(set(ids), reverse=True)
    assert len(ids) == 300


async def test_failed_sign_ins_are_a_kind_that_can_be_left_out(service: Service) -> None:
    stranger = {"Authorization": encode_basic_auth("eve", "x")}
    assert (await service.call("GET", N1, as_="", headers=stranger)).status == 401
    log = "/redfish/v1/Managers/Lightsout/LogServices/EventLog/Entries?$filter="
    failed = "Oem/Lightsout/Kind {} 'account.sign-in-failed'"
    (told,) = (await service.get(log + quote(failed.format("eq"))))["Members"]
    assert told["Message"] == "sign-in as 'eve' from 127.0.0.1 failed"
    others = (await service.get(log + quote(failed.format("ne"))))["Members"]
    assert others
    assert told["Id"] not in [each["Id"] for each in others]


async def test_levels_go_as_deep_as_they_say(service: Service) -> None:
    two = await service.get(f"{SYSTEMS}?$expand=.($levels=2)")
    assert two["Members"][0]["LogServices"]["Name"] == "Logs"
    assert set(two["Members"][0]["LogServices"]["Members"][0]) == {"@odata.id"}
    three = await service.get(f"{SYSTEMS}?$expand=.($levels=3)")
    assert three["Members"][0]["LogServices"]["Members"][0]["Id"] == "EventLog"
    links = await service.get(f"{N1}?$expand=~($levels=2)")
    assert links["Links"]["Chassis"][0]["Links"]["ManagedBy"][0]["Id"] == "n1"
    root = await service.get("/redfish/v1/", as_="")
    assert root["ProtocolFeaturesSupported"]["ExpandQuery"]["MaxLevels"] == query.MAX_LEVELS
    assert all(root["ProtocolFeaturesSupported"][f"{name}Query"] for name in ("Select", "Filter", "OnlyMember"))
    deepest = await service.call("GET", f"/redfish/v1?$expand=*($levels={query.MAX_LEVELS})")
    assert deepest.status == 200
    deeper = await service.call("GET", f"/redfish/v1?$expand=*($levels={query.MAX_LEVELS + 1})")
    assert (deeper.status, deeper.ids) == (400, ["QueryParameterOutOfRange"])


async def test_an_answer_that_would_hold_too_much_is_refused(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "MOST_EXPANDED", 3)
    answer = await service.call("GET", f"{N1}?$expand=*($levels=3)")
    assert (answer.status, answer.ids) == (507, ["InsufficientStorage"])


async def test_what_is_selected_comes_and_nothing_else(service: Service) -> None:
    body = await service.get(f"{N1}?$select=Name,Status/Health,Boot/BootSourceOverrideTarget")
    assert {name for name in body if not name.startswith("@odata")} == {"Name", "Status", "Boot"}
    assert set(body["Status"]) == {"Health"}
    assert set(body["Boot"]) == {"BootSourceOverrideTarget", "BootSourceOverrideTarget@Redfish.AllowableValues"}
    expanded = await service.get(f"{ROLES}?$expand=.&$select=Members/RoleId")
    roles = [member["RoleId"] for member in expanded["Members"]]
    assert sorted(roles) == ["Administrator", "Operator", "ReadOnly"]
    assert all("AssignedPrivileges" not in member and "@odata.etag" in member for member in expanded["Members"])
    assert expanded["Members@odata.count"] == 3


async def test_a_query_belongs_to_a_get(service: Service) -> None:
    answer = await service.call("PATCH", f"{N1}?$select=Name", {"AssetTag": "x"})
    assert (answer.status, answer.ids) == (400, ["QueryNotSupportedOnOperation"])
    both = await service.call("GET", f"{SYSTEMS}?only&$expand=.")
    assert (both.status, both.ids) == (400, ["QueryCombinationInvalid"])


async def test_what_anybody_may_read_shows_no_more_expanded_than_before(service: Service) -> None:
    path = "/redfish/v1/?$expand=*($levels=4)"
    plain = await service.get("/redfish/v1/", as_="")
    assert await service.get(path, as_="") == plain
    whole = await service.get(path)
    assert whole["AccountService"]["Roles"]["Members@odata.count"] == 3
    wrong = {"Authorization": encode_basic_auth("admin", "wrong")}
    assert (await service.call("GET", path, as_="", headers=wrong)).status == 401
    assert (await service.call("GET", "/redfish/v1/", as_="", headers=wrong)).status == 200
