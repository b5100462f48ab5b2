"""Reinstalls at a live service: begun, watched and looked at afterwards."""

import asyncio
import time
from typing import Any

from tests.e2e.service import LiveService

PASSWORD = "a-new-root-password"
TASKS = "/redfish/v1/TaskService/Tasks"
ENDED = ("Completed", "Exception", "Cancelled")


def start(service: LiveService, node: str, image: str, **more: str) -> str:
    """The path of its Task."""
    body = {"Image": image, "Hostname": f"new-{node}", "Password": PASSWORD, **more}
    answer = service.do("POST", f"/redfish/v1/Systems/{node}/Actions/Oem/Lightsout.Reinstall", body)
    assert answer.status == 202
    assert service.call("GET", answer.headers["Location"]).status == 202
    return str(answer.body["@odata.id"])


async def until_step(service: LiveService, task: str, *steps: str, timeout: float = 300) -> dict[str, Any]:
    """Wait until the job is in one of `steps`, or has ended."""
    end = time.monotonic() + timeout
    while True:
        found = service.get(task)
        if found["Oem"]["Lightsout"]["Step"] in steps or found["TaskState"] in ENDED:
            return found
        assert time.monotonic() < end, found
        await asyncio.sleep(0.1)


async def until_end(service: LiveService, task: str, timeout: float = 400) -> dict[str, Any]:
    return await until_step(service, task, timeout=timeout)


def words(task: dict[str, Any]) -> str:
    return "\n".join(message["Message"] for message in task["Messages"])


def assert_released(service: LiveService, node: str) -> None:
    """Nobody has reserved it, nothing of the job is left in it, and it obeys."""
    system = service.system(node)
    ours = system["Oem"]["Lightsout"]
    assert (ours["Reservation"], ours["Task"]) == (None, None)
    assert system["Boot"]["BootSourceOverrideEnabled"] == "Disabled"
    drives = service.get(system["VirtualMedia"]["@odata.id"])["Members"] if "VirtualMedia" in system else []
    assert [drive for drive in drives if service.get(drive["@odata.id"])["Inserted"]] == []
    assert list((service.state / "deploy").glob("*.iso")) == []
