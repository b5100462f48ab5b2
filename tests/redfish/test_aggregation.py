"""Many Systems at once: AggregationService, its groups, and the Task with a SubTask for each System."""

from typing import Any
from urllib.parse import quote

import pytest

from bmc.model.caller import Role
from bmc.model.power import PowerAction
from tests.redfish.service import Service
from tests.world import ADMIN, until

SERVICE = "/redfish/v1/AggregationService"
AGGREGATES = f"{SERVICE}/Aggregates"
RESET = f"{SERVICE}/Actions/AggregationService.Reset"


def elements(*names: str) -> dict[str, Any]:
    return {"Elements": [{"@odata.id": f"/redfish/v1/Systems/{name}"} for name in names]}


def uris(*names: str) -> dict[str, Any]:
    return {"TargetURIs": [f"/redfish/v1/Systems/{name}" for name in names]}


async def until_ended(service: Service, task: str) -> Any:
    await until(lambda: service.jobs.get(task.rpartition("/")[2]).state.ended)
    return await service.get(task)


async def test_a_reset_of_many_is_a_task_that_tells_of_each(service: Service) -> None:
    for name in ("n2", "n3"):
        await service.world.add(name)
    made = await service.call("POST", AGGREGATES, {"Name": "rack 7", **elements("n1", "n2", "n3", "n1")}, as_="olga")
    assert (made.status, made.body["Name"], made.body["ElementsCount"]) == (201, "rack 7", 3)
    aggregate = await service.get(made.headers["Location"])
    target = aggregate["Actions"]["#Aggregate.Reset"]["target"]
    body = {"ResetType": "On", "BatchSize": 2, "DelayBetweenBatchesInSeconds": 0}
    begun = await service.call("POST", target, body, as_="olga")
    assert (begun.status, begun.body["Name"]) == (202, "power of 3 nodes")
    task = await until_ended(service, begun.body["@odata.id"])
    assert (task["TaskState"], task["PercentComplete"]) == ("Completed", 100)
    assert (await service.call("GET", begun.headers["Location"])).status == 200
    nodes = await service.get(task["SubTasks"]["@odata.id"])
    states = [await service.get(member["@odata.id"]) for member in nodes["Members"]]
    assert [(state["Id"], state["TaskState"]) for state in states] == [(n, "Completed") for n in ("n1", "n2", "n3")]
    assert all(service.drivers.servers[name].applied == [PowerAction.ON] for name in ("n1", "n2", "n3"))


async def test_a_power_cycle_of_many_turns_on_those_that_are_off(service: Service) -> None:
    begun = await service.call("POST", RESET, {"ResetType": "PowerCycle", **uris("n1")})
    assert (await until_ended(service, begun.body["@odata.id"]))["TaskState"] == "Completed"
    assert service.drivers.servers["n1"].applied == [PowerAction.ON]


async def test_what_failed_is_told_in_its_sub_task(service: Service) -> None:
    body = {"ResetType": "ForceRestart", **uris("n1")}
    begun = await service.call("POST", RESET, body)
    task = await until_ended(service, begun.body["@odata.id"])
    assert (task["TaskState"], task["TaskStatus"]) == ("Exception", "Critical")
    sub = await service.get(f"{task['SubTasks']['@odata.id']}/n1")
    assert (sub["TaskState"], sub["TaskStatus"]) == ("Exception", "Critical")
    assert "off" in sub["Messages"][0]["Message"].lower()
    monitor = await service.call("GET", begun.headers["Location"])
    assert (monitor.status, monitor.ids) == (500, ["OperationFailed"])
    assert (await service.call("GET", f"{task['SubTasks']['@odata.id']}/n2")).status == 404


async def test_who_began_a_reset_finds_it_among_the_tasks_for_as_long_as_it_goes_on(service: Service) -> None:
    """As the page does after it was loaded anew: by $filter, with all that it shows of it."""
    await service.world.add("n2")
    body = {"ResetType": "On", "BatchSize": 1, "DelayBetweenBatchesInSeconds": 3600, **uris("n1", "n2")}
    begun = await service.call("POST", RESET, body, as_="olga")
    path = begun.body["@odata.id"]

    async def going_on(account: str) -> Any:
        wanted = f"SubTasks ne null and EndTime eq null and Oem/Lightsout/Account eq '{account}'"
        found = f"/redfish/v1/TaskService/Tasks?$expand=.&$filter={quote(wanted)}"
        return (await service.get(found, as_="olga"))["Members"]

    await until(lambda: service.drivers.servers["n1"].applied == [PowerAction.ON])
    assert await going_on("admin") == []
    (task,) = await going_on("olga")
    assert (task["@odata.id"], task["TaskState"]) == (path, "Running")
    assert task["Oem"]["Lightsout"]["Request"] == {"action": "On", "batch": 1, "delay": 3600}
    assert (await service.call("DELETE", path, as_="olga")).status in (202, 204)
    await until_ended(service, path)
    assert await going_on("olga") == []
    states = (await service.get(f"{path}/SubTasks?$expand=.", as_="olga"))["Members"]
    assert [state["TaskState"] for state in states] == ["Completed", "Cancelled"]


async def test_every_problem_of_a_reset_is_told(service: Service) -> None:
    body = {"ResetType": "Explode", "BatchSize": 0, "DelayBetweenBatchesInSeconds": -1, "Who": 1, "TargetURIs": []}
    answer = await service.call("POST", RESET, body)
    assert (answer.status, len(answer.ids)) == (400, 5)
    answer = await service.call("POST", RESET, {"ResetType": "On", **uris("n1", "n8", "n9")})
    assert (answer.status, answer.ids) == (400, ["ActionParameterValueNotInList"] * 2)
    assert service.drivers.servers["n1"].applied == []


async def test_elements_come_and_go(service: Service) -> None:
    await service.world.add("n2")
    path = (await service.call("POST", AGGREGATES, elements("n1"))).headers["Location"]
    assert (await service.call("POST", f"{path}/Actions/Aggregate.AddElements", elements("n2", "n1"))).status == 204
    assert (await service.get(path))["Elements"] == elements("n1", "n2")["Elements"]
    assert (await service.call("POST", f"{path}/Actions/Aggregate.RemoveElements", elements("n1"))).status == 204
    assert (await service.get(path))["Elements"] == elements("n2")["Elements"]
    wrong = await service.call("POST", f"{path}/Actions/Aggregate.AddElements", elements("n9"))
    assert (wrong.status, wrong.ids) == (400, ["ActionParameterValueNotInList"])
    await service.world.fleet.remove("n2", ADMIN)
    assert (await service.get(path))["ElementsCount"] == 0
    assert (await service.call("DELETE", path)).status == 204
    assert (await service.call("GET", path)).status == 404


async def test_an_aggregate_is_there_for_those_whose_scope_has_all_of_it(service: Service) -> None:
    await service.world.add("n2")
    mine = (await service.call("POST", AGGREGATES, elements("n1"), as_="tina")).headers["Location"]
    both = (await service.call("POST", AGGREGATES, elements("n1", "n2"))).headers["Location"]
    assert [member["@odata.id"] for member in (await service.get(AGGREGATES, as_="tina"))["Members"]] == [mine]
    reset = {"ResetType": "On"}
    assert (await service.call("POST", f"{both}/Actions/Aggregate.Reset", reset, as_="tina")).status == 404
    assert (await service.call("POST", RESET, reset | uris("n1", "n2"), as_="tina")).status == 400
    assert (await service.call("POST", AGGREGATES, elements("n2"), as_="tina")).status == 400
    begun = await service.call("POST", RESET, reset | uris("n1", "n2"))
    assert (await service.call("GET", begun.body["@odata.id"], as_="tina")).status == 404
    assert (await service.call("GET", begun.body["@odata.id"] + "/SubTasks/n1", as_="tina")).status == 404


@pytest.mark.parametrize("action", ["Aggregate.Reset", "Aggregate.AddElements", "Aggregate.RemoveElements"])
async def test_a_viewer_changes_nothing(service: Service, action: str) -> None:
    path = (await service.call("POST", AGGREGATES, elements("n1"))).headers["Location"]
    body = {"ResetType": "On"} if action == "Aggregate.Reset" else elements("n1")
    assert (await service.call("POST", f"{path}/Actions/{action}", body, as_="vera")).status == 403
    assert (await service.call("POST", RESET, {"ResetType": "On", **uris("n1")}, as_="vera")).status == 403
    assert (await service.call("POST", AGGREGATES, elements("n1"), as_="vera")).status == 403
    assert (await service.call("DELETE", path, as_="vera")).status == 403
    await service.accounts.change("vera", role=Role.OPERATOR)
    assert (await service.call("DELETE", path, as_="vera")).status == 204
