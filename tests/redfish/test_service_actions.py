"""What one can do to the service itself: the emergency stop, and what people are asked to do at servers."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from bmc.model.errors import BackendFailed, Refused
from bmc.model.events import EventKind
from bmc.model.node import NodeDefinition
from bmc.power.safety import Safety
from tests.redfish.service import Service
from tests.world import ADMIN, until

MANAGER = "/redfish/v1/Managers/Lightsout"
STOP = f"{MANAGER}/Actions/Oem/Lightsout.EmergencyStop"
RELEASE = f"{MANAGER}/Actions/Oem/Lightsout.ReleaseEmergencyStop"
ANSWER = f"{MANAGER}/Actions/Oem/Lightsout.AnswerAssignment"
AUDIT = f"{MANAGER}/LogServices/Audit/Entries"


async def ours(service: Service, as_: str = "admin") -> Any:
    return (await service.get(MANAGER, as_=as_))["Oem"]["Lightsout"]


async def audited(service: Service, action: str) -> list[tuple[str, str, str | None]]:
    entries = (await service.get(AUDIT))["Members"]
    records = [entry["Oem"]["Lightsout"] for entry in entries]
    return [(each["Account"], each["Outcome"], each["Target"]) for each in records if each["Action"] == action]


async def test_an_operator_of_the_fleet_presses_the_emergency_stop_and_everybody_sees_it(service: Service) -> None:
    assert (await ours(service))["EmergencyStop"] == {"Pressed": False, "Account": None, "Reason": None, "Since": None}
    assert (await service.call("POST", STOP, {"Reason": "smoke in rack 7"}, as_="olga")).status == 204
    with pytest.raises(Refused, match=r"olga pressed the emergency stop.*smoke in rack 7"):
        service.safety.check()
    for account in ("vera", "tina", "admin"):
        shown = (await ours(service, account))["EmergencyStop"]
        assert shown.pop("Since").endswith("Z")
        assert shown == {"Pressed": True, "Account": "olga", "Reason": "smoke in rack 7"}
    assert await audited(service, "emergency-stop") == [("olga", "ok", None)]
    assert len(await service.world.told(EventKind.EMERGENCY_STOP)) == 1


async def test_the_stop_needs_no_reason_and_pressing_it_again_changes_nothing(service: Service) -> None:
    assert (await service.call("POST", STOP, as_="olga")).status == 204
    assert (await service.call("POST", STOP, {"Reason": "me too"})).status == 204
    shown = (await ours(service))["EmergencyStop"]
    assert (shown["Account"], shown["Reason"]) == ("olga", "no reason was given")


@pytest.mark.parametrize("account", ["vera", "tina"])
async def test_who_may_not_operate_the_whole_fleet_cannot_stop_it(service: Service, account: str) -> None:
    assert (await service.call("POST", STOP, {"Reason": "fun"}, as_=account)).status == 403
    service.safety.check()
    assert await audited(service, "emergency-stop") == [(account, "Denied", None)]


async def test_only_an_administrator_of_the_whole_fleet_releases_what_was_pressed(service: Service) -> None:
    none = await service.call("POST", RELEASE)
    assert (none.status, none.told) == (409, "the emergency stop is not pressed")
    await service.call("POST", STOP, {"Reason": "smoke"})
    assert (await service.call("POST", RELEASE, as_="olga")).status == 403
    assert service.safety.stopped is not None
    assert (await service.call("POST", RELEASE)).status == 204
    service.safety.check()
    assert (await ours(service))["EmergencyStop"]["Pressed"] is False
    assert sorted(await audited(service, "release-emergency-stop")) == [("admin", "ok", None), ("olga", "Denied", None)]


async def test_each_account_is_offered_what_it_may_do_and_the_stop_only_where_there_is_hardware(
    service: Service,
) -> None:
    async def offered(account: str) -> set[str]:
        found = (await service.get(MANAGER, as_=account))["Actions"]["Oem"]
        return {name.removeprefix("#Lightsout.") for name in found}

    whole = {"EmergencyStop", "ReleaseEmergencyStop", "AnswerAssignment"}
    assert await offered("admin") == whole | {"SetCredential", "DeleteCredential", "PlanNodes"}
    assert await offered("olga") == {"EmergencyStop", "AnswerAssignment"}
    assert await offered("tina") == {"AnswerAssignment"}
    assert await offered("vera") == set()
    await service.world.fleet.remove("n1", ADMIN)
    assert await offered("olga") == {"AnswerAssignment"}


async def test_an_emergency_stop_outlives_the_service(service: Service) -> None:
    await service.call("POST", STOP, {"Reason": "smoke"})
    again = await Safety.open(service.world.store, service.world.events, service.world.fleet._clock, {})
    assert again.stopped == service.safety.stopped


async def test_the_emergency_stop_is_on_the_event_stream_of_everybody(service: Service) -> None:
    token = (await service.token("tina"))[0]
    headers = {"X-Auth-Token": token, "Accept": "text/event-stream"}
    async with service.client.get(f"{service.url}/redfish/v1/EventService/SSE", headers=headers) as stream:
        await service.call("POST", STOP, {"Reason": "smoke"})
        async with asyncio.timeout(5):
            while b"SafetyEmergencyStop" not in await stream.content.readline():
                pass


async def ask(service: Service, node: str) -> tuple["asyncio.Task[None]", str]:
    before = len(service.assignments.open())
    waiting = asyncio.create_task(service.assignments.ask(node, f"press the button of {node}", 60))
    await until(lambda: len(service.assignments.open()) > before)
    return waiting, service.assignments.open()[-1].id


async def test_people_see_and_answer_what_is_asked_of_nodes_in_their_scope(service: Service) -> None:
    await service.world.add("n2")
    first, mine = await ask(service, "n1")
    second, others = await ask(service, "n2")
    assert [each["Node"] for each in (await ours(service))["Assignments"]] == ["n1", "n2"]
    (seen,) = (await ours(service, "tina"))["Assignments"]
    assert seen.pop("Asked") < seen.pop("Deadline")
    assert seen == {"Id": mine, "Node": "n1", "Text": "press the button of n1"}
    assert (await service.call("POST", ANSWER, {"Id": others, "Answer": "Done"}, as_="tina")).status == 404
    assert (await service.call("POST", ANSWER, {"Id": mine, "Answer": "Done"}, as_="vera")).status == 403
    assert (await service.call("POST", ANSWER, {"Id": mine, "Answer": "Done"}, as_="tina")).status == 204
    await asyncio.wait_for(first, 5)
    assert (await service.call("POST", ANSWER, {"Id": others, "Answer": "CouldNot"}, as_="olga")).status == 204
    with pytest.raises(BackendFailed, match="olga says that it could not be done"):
        await asyncio.wait_for(second, 5)
    assert (await ours(service))["Assignments"] == []
    assert await audited(service, "answer-assignment") == [
        ("olga", "ok", "n2"),
        ("tina", "ok", "n1"),
        ("vera", "Denied", "n1"),
    ]
    late = await service.call("POST", ANSWER, {"Id": mine, "Answer": "Done"})
    assert (late.status, "it was answered" in late.told) == (404, True)


async def test_an_answer_is_one_of_two(service: Service) -> None:
    waiting, id = await ask(service, "n1")
    wrong = await service.call("POST", ANSWER, {"Id": id, "Answer": "Maybe"})
    assert (wrong.status, wrong.ids) == (400, ["ActionParameterValueNotInList"])
    assert (await service.call("POST", ANSWER, {"Id": id, "Answer": "Done"})).status == 204
    await asyncio.wait_for(waiting, 5)


SET = f"{MANAGER}/Actions/Oem/Lightsout.SetCredential"
DELETE = f"{MANAGER}/Actions/Oem/Lightsout.DeleteCredential"
RACK1 = {"Name": "rack1", "UserName": "ADMIN", "Password": "hunter2-hunter2"}


async def test_credentials_are_set_listed_without_their_secrets_and_deleted(service: Service) -> None:
    assert (await service.call("POST", SET, RACK1)).status == 204
    assert (await ours(service))["Credentials"] == [
        {"Name": "rack0", "UserName": "ADMIN", "Configured": True, "UsedBy": []},
        {"Name": "rack1", "UserName": "ADMIN", "Configured": False, "UsedBy": []},
    ]
    assert service.credentials.find("rack1") == (b"ADMIN", b"hunter2-hunter2")
    assert (await service.call("POST", SET, {**RACK1, "Password": "rotated"})).status == 204
    assert service.credentials.find("rack1") == (b"ADMIN", b"rotated")
    assert (await service.call("POST", DELETE, {"Name": "rack1"})).status == 204
    assert service.credentials.find("rack1") is None
    assert (await service.call("POST", DELETE, {"Name": "rack1"})).status == 404
    assert await audited(service, "set-credential") == [("admin", "ok", None)] * 2
    assert await audited(service, "delete-credential") == [("admin", "ok", None)]
    shown = str(await service.get(f"{MANAGER}?$expand=*($levels=4)")) + str(await service.get(AUDIT))
    assert "hunter2" not in shown
    assert "rotated" not in shown


async def test_only_an_administrator_of_the_whole_fleet_deals_with_credentials(service: Service) -> None:
    for account in ("olga", "tina", "vera"):
        assert (await ours(service, account))["Credentials"] is None
        assert (await service.call("POST", SET, RACK1, as_=account)).status == 403
        assert (await service.call("POST", DELETE, {"Name": "rack0"}, as_=account)).status == 403
    assert service.credentials.find("rack1") is None


async def test_a_refusal_does_not_say_the_password(service: Service) -> None:
    for wrong in ({**RACK1, "Password": ["hunter2-hunter2"]}, {**RACK1, "Password": "hunter2" * 200}):
        answer = await service.call("POST", SET, wrong)
        assert answer.status == 400
        assert "hunter2" not in str(answer.body)
    fixed = await service.call("POST", SET, {**RACK1, "Name": "rack0"})
    assert (fixed.status, "configuration file" in fixed.told) == (409, True)


async def test_a_credential_that_a_table_of_a_node_names_is_kept(service: Service) -> None:
    await service.call("POST", SET, RACK1)
    options = {"power": [{"adapter": "pdu", "credential": "rack1"}]}
    await service.world.fleet.create(NodeDefinition("n9", uuid4(), "memory", options), ADMIN)
    assert (await ours(service))["Credentials"][1]["UsedBy"] == ["n9"]
    refused = await service.call("POST", DELETE, {"Name": "rack1"})
    assert (refused.status, "named by n9" in refused.told) == (409, True)
    assert (await service.call("DELETE", "/redfish/v1/Systems/n9")).status == 204
    assert (await service.call("POST", DELETE, {"Name": "rack1"})).status == 204
