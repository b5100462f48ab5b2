"""What is refused is told with what was wrong and what was expected, by the names that the client used."""

from dataclasses import replace
from urllib.parse import quote

import pytest

from bmc.model.boot import BootTarget
from bmc.model.errors import InvalidRequest
from bmc.redfish.errors import RedfishError, named
from bmc.redfish.filter import BadFilter, parse_filter
from bmc.redfish.system_actions import NAMES
from bmc.redfish.systems import BootChange, _override
from tests.redfish.service import Service

ROOT = "/redfish/v1"
N1, HOOKS = f"{ROOT}/Systems/n1", f"{ROOT}/EventService/Subscriptions"
SERIAL = f"{N1}/LogServices/SerialLog"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Id like 'n'", "at character 4 stands 'like'; expected eq, ne, gt, ge, lt or le"),
        ("Id eq 'n' Name", "at character 11 stands 'Name'; expected and, or, or the end"),
        ("Id eq  'n", "at character 8, \"'n\" is no property, 'text', number or time"),
        ("Id eq )", "at character 7 stands ')'; expected a property or a value"),
        ("Id eq", "it ends too early"),
        ("Size eq 1", "at character 1 stands 'Size'; expected one of Id, Name"),
        ("contains Id", "contains takes (property,'text')"),
    ],
)
def test_a_wrong_filter_is_told_with_its_place(text: str, words: str) -> None:
    with pytest.raises(BadFilter) as caught:
        parse_filter(text, ["Id", "Name"])
    assert str(caught.value) == words


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (f"{ROOT}/Systems?$filter={quote('Id like n')}", "$filter is wrong: at character 4 stands 'like'"),
        (f"{SERIAL}/Entries?since=yesterday", "since is 'yesterday'; expected a time as 2026-01-31T12:00:00Z"),
        (f"{SERIAL}/Entries?until=1", "until is '1'; expected a time"),
        (f"{SERIAL}/Entries?around=here", "around is 'here'; expected the Id of an entry, a number"),
        (f"{SERIAL}/Entries?search={'x' * 2000}", "search has 2000 characters; expected at most"),
    ],
)
async def test_a_wrong_query_is_told(service: Service, path: str, words: str) -> None:
    answer = await service.call("GET", path)
    assert (answer.status, answer.ids) == (400, ["QueryParameterValueFormatError"])
    assert words in answer.told


HOOK = {"Destination": "http://192.0.2.7/", "Protocol": "Redfish"}


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("PATCH", N1, b'{"AssetTag": \n "x",}', "The request body is no JSON: "),
        ("PATCH", N1, b'{"AssetTag": \n "x",}', "at line 2 column 6"),
        ("POST", HOOKS, HOOK | {"RegistryPrefixes": ["Foo"]}, "there is no 'Foo'; there is Lightsout"),
        ("POST", HOOKS, HOOK | {"MessageIds": ["Lightsout.Foo"]}, "Lightsout.PowerChanged"),
        ("POST", HOOKS, HOOK | {"ResourceTypes": ["Foo"]}, "there is no 'Foo'; there is ComputerSystem"),
        ("POST", HOOKS, HOOK | {"Destination": "ftp://h/"}, "begins with 'ftp'; expected http:// or https://"),
        ("POST", HOOKS, HOOK | {"Destination": "http:///x"}, "names no host; expected http://HOST/"),
        ("POST", HOOKS, HOOK | {"Destination": "http://h/ä"}, "holds 'ä'; expected a URL in ASCII"),
        ("POST", HOOKS, HOOK | {"Destination": "http://h/a b"}, "holds ' '; expected a URL in ASCII"),
        (
            "POST",
            f"{ROOT}/EventService/Actions/EventService.SubmitTestEvent",
            {"OriginOfCondition": f"{ROOT}/Systems/n9"},
            "is no server that there is; expected /redfish/v1/Systems/NAME",
        ),
    ],
)
async def test_a_wrong_body_is_told(service: Service, method: str, path: str, body: object, words: str) -> None:
    answer = await service.call(method, path, body)
    assert answer.status == 400
    assert words in answer.told


def test_the_problems_of_a_job_are_told_by_the_names_of_its_action() -> None:
    told = "ssh_keys, key 2: no key; user_data: no YAML: x; network.mac: there is none; node n1 cannot; hostname: long"
    assert str(named(InvalidRequest(told), NAMES)) == (
        "SSHKeys, key 2: no key; UserData: no YAML: x; Network.mac: there is none; node n1 cannot; Hostname: long"
    )


async def test_a_boot_device_that_the_server_lacks_is_told_with_those_it_has(service: Service) -> None:
    node = service.world.fleet.node("n1")
    few = replace(node.snapshot, boot_targets=frozenset({BootTarget.HDD}))
    with pytest.raises(RedfishError) as caught:
        _override(few, BootChange(BootSourceOverrideTarget=BootTarget.PXE))
    assert caught.value.messages[0]["Message"] == "n1 cannot boot from Pxe; it can from None, Hdd."
