"""Rescue and Erase as actions and Tasks, and which disk Reinstall and Erase mean."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import to_json

from bmc.model.job import JobState
from bmc.redfish.body import Body, parse
from bmc.redfish.errors import RedfishError
from bmc.redfish.system_actions import EraseBody, RescueBody
from bmc.reinstall.target import rule_problems
from bmc.store import Json
from tests.redfish.service import ASKED, N1, REINSTALL, Service
from tests.world import until

RESCUE, END, ERASE, INSPECT = (
    f"{N1}/Actions/Oem/Lightsout.{name}" for name in ("Rescue", "EndRescue", "Erase", "Inspect")
)
KEYS = {"SSHKeys": ["ssh-ed25519 AAAA me"]}


async def test_a_rescue_tells_the_way_in_while_it_lasts(service: Service) -> None:
    access: Json = {"host_key": "ssh-ed25519 AAAA", "fingerprint": "SHA256:x", "until": 1700000000.0}
    service.work.details = {"rescue": access}
    answer = await service.call("POST", RESCUE, KEYS, as_="olga")
    assert answer.status == 202
    assert service.work.asked[0][0] == {"ssh_keys": KEYS["SSHKeys"], "minutes": 60}
    await until(lambda: service.jobs.get(answer.body["Id"]).percent == 50)
    task = answer.body["@odata.id"]
    assert (await service.get(task))["Oem"]["Lightsout"]["Rescue"] == {
        "SSHURI": "/console/n1/ssh",
        "HostKey": "ssh-ed25519 AAAA",
        "HostKeyFingerprint": "SHA256:x",
        "Until": "2023-11-14T22:13:20.000Z",
    }
    assert (await service.call("POST", END, {}, as_="vera")).status == 403
    ended = await service.call("POST", END, {}, as_="olga")
    assert (ended.status, ended.body["@odata.id"]) == (202, task)
    await until(lambda: service.jobs.get(answer.body["Id"]).state is JobState.COMPLETED)
    assert (await service.get(task))["Oem"]["Lightsout"]["Rescue"] is None
    late = await service.call("POST", END, {})
    assert (late.status, "no rescue of n1 under way" in late.told) == (409, True)


async def test_an_erase_shows_its_record(service: Service) -> None:
    record: Json = {
        "disk": "vda",
        "serial": "",
        "size": 512,
        "method": "Full",
        "account": "olga",
        "started": 1700000000.0,
    }
    service.work.details = {"erased": record}
    answer = await service.call("POST", ERASE, {"Method": "Full"}, as_="olga")
    assert answer.status == 202
    assert service.work.asked[0][0] == {"method": "Full"}
    await until(lambda: service.jobs.get(answer.body["Id"]).percent == 50)
    shown = (await service.get(answer.body["@odata.id"]))["Oem"]["Lightsout"]["Erased"]
    assert shown == {
        "Name": "vda",
        "SerialNumber": None,
        "SizeBytes": 512,
        "Method": "Full",
        "Started": "2023-11-14T22:13:20.000Z",
        "Ended": None,
        "PlacesVerified": 0,
        "BytesVerified": 0,
        "Account": "olga",
    }
    system = await service.get(N1)
    assert system["Actions"]["Oem"]["#Lightsout.Erase"]["Method@Redfish.AllowableValues"] == [
        "Metadata", "Full", "Discard",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body"), [(RESCUE, KEYS), (ERASE, {"Method": "Full"}), (INSPECT, {}), (REINSTALL, ASKED)]
)
async def test_the_way_in_is_named_and_told(service: Service, path: str, body: dict[str, Any]) -> None:
    actions = (await service.get(N1))["Actions"]["Oem"]
    assert actions["#" + path.rpartition("/")[2]]["Way@Redfish.AllowableValues"] == ["VirtualMedia", "Network"]
    answer = await service.call("POST", path, {**body, "Way": "Network"})
    assert (answer.status, service.work.asked[0][0]["way"]) == (202, "Network")
    assert (await service.get(answer.body["@odata.id"]))["Oem"]["Lightsout"]["Request"]["way"] == "Network"


@pytest.mark.parametrize(("path", "body"), [(ERASE, {"Method": "Metadata"}), (REINSTALL, ASKED)])
async def test_the_disk_is_named_by_what_it_is(service: Service, path: str, body: dict[str, Any]) -> None:
    answer = await service.call("POST", path, {**body, "Disk": {"Serial": "S1", "SizeBytes": 512}})
    assert answer.status == 202
    assert service.work.asked[0][0]["disk"] == {"serial": "S1", "size": 512}


async def test_a_disk_is_meant_by_a_rule(service: Service) -> None:
    rule = {"MinSizeBytes": 1, "MaxSizeBytes": 2, "Rotational": False, "Bus": "nvme", "WWN": "eui.1", "Model": "M"}
    answer = await service.call("POST", ERASE, {"Method": "Full", "Disk": {**rule, "Pick": "smallest"}})
    assert answer.status == 202
    asked = {"min_size": 1, "max_size": 2, "rotational": False, "bus": "nvme", "wwn": "eui.1", "model": "M"}
    assert service.work.asked[0][0]["disk"] == {**asked, "pick": "smallest"}
    assert rule_problems(service.work.asked[0][0]["disk"]) == []


@pytest.mark.parametrize(
    ("path", "body", "id"),
    [
        (RESCUE, {}, "ActionParameterMissing"),
        (RESCUE, {"SSHKeys": []}, "ArraySizeTooShort"),
        (RESCUE, {"SSHKeys": "ssh-ed25519 AAAA"}, "ActionParameterValueTypeError"),
        (RESCUE, {**KEYS, "TimeoutMinutes": 0}, "ActionParameterValueOutOfRange"),
        (RESCUE, {**KEYS, "TimeoutMinutes": 1441}, "ActionParameterValueOutOfRange"),
        (RESCUE, {**KEYS, "TimeoutMinutes": "5"}, "ActionParameterValueTypeError"),
        (RESCUE, {**KEYS, "Disk": {}}, "ActionParameterUnknown"),
        (ERASE, {}, "ActionParameterMissing"),
        (ERASE, {"Method": "Fire"}, "ActionParameterValueNotInList"),
        (ERASE, {"Method": "Full", "Disk": "vda"}, "ActionParameterValueTypeError"),
        (ERASE, {"Method": "Full", "Disk": {"Colour": "red"}}, "ActionParameterUnknown"),
        (ERASE, {"Method": "Full", "Disk": {"Pick": "best"}}, "ActionParameterValueNotInList"),
        (ERASE, {"Method": "Full", "Disk": {"Rotational": 1}}, "ActionParameterValueTypeError"),
        (INSPECT, {"Way": "Smoke"}, "ActionParameterValueNotInList"),
        (END, {"Why": 1}, "ActionParameterUnknown"),
    ],
)
async def test_what_is_wrong_is_told_before_anything_happens(
    service: Service, path: str, body: dict[str, Any], id: str
) -> None:
    answer = await service.call("POST", path, body)
    assert (answer.status, answer.ids) == (400, [id]), answer.body
    assert service.work.asked == []


@pytest.mark.parametrize(("path", "body"), [(RESCUE, KEYS), (ERASE, {"Method": "Full"})])
async def test_a_viewer_may_neither_rescue_nor_erase(service: Service, path: str, body: dict[str, Any]) -> None:
    assert (await service.call("POST", path, body, as_="vera")).status == 403
    assert service.work.asked == []


SOMETHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)
NAMES = st.sampled_from(["SSHKeys", "TimeoutMinutes", "Method", "Disk", "Serial", "Name", "SizeBytes"])
DISK = st.dictionaries(NAMES, SOMETHING, max_size=4)


@pytest.mark.parametrize("model", [RescueBody, EraseBody])
@given(
    st.dictionaries(
        NAMES | st.text(max_size=12),
        SOMETHING | DISK | st.sampled_from(["Full", "Metadata", 60, ["k"], {"Serial": "S"}]),
        max_size=5,
    )
)
@settings(max_examples=300)
def test_any_body_is_taken_within_its_bounds_or_refused_with_every_problem(
    model: type[Body], given: dict[str, Any]
) -> None:
    body = None
    with suppress(RedfishError):
        body = parse(model, to_json(given), "Lightsout.Action")
    if isinstance(body, RescueBody):
        assert 1 <= len(body.ssh_keys) <= 32
        assert 1 <= body.timeout_minutes <= 1440
    if isinstance(body, EraseBody) and body.disk:
        rule = body.disk.rule()
        assert set(rule) <= {"serial", "name", "size"}
        assert all(rule.values())
