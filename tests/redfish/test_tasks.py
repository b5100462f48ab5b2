"""Reinstall as a Task, and the catalogue it chooses from."""

import asyncio
from pathlib import Path

from bmc.model.job import JobState
from tests.redfish.service import ASKED, N1, REINSTALL, Service
from tests.world import until


async def test_a_reinstall_is_a_task_from_start_to_end(service: Service) -> None:
    answer = await service.call("POST", REINSTALL, ASKED, as_="olga")
    assert answer.status == 202
    monitor, task = answer.headers["Location"], answer.body["@odata.id"]
    assert monitor.startswith("/redfish/v1/TaskService/TaskMonitors/")
    await until(lambda: service.jobs.get(answer.body["Id"]).percent == 50)
    running = await service.get(task)
    assert (running["TaskState"], running["PercentComplete"]) == ("Running", 50)
    oem = running["Oem"]["Lightsout"]
    assert (oem["Kind"], oem["Step"], oem["BytesDone"], oem["BytesTotal"]) == ("reinstall", "wait", 1, 2)
    held = (await service.get(N1))["Oem"]["Lightsout"]
    assert (held["Task"], held["AvailableResetTypes"]) == ({"@odata.id": task}, [])
    assert (await service.call("GET", monitor)).status == 202
    for system, found in ((N1, [{"@odata.id": task}]), ("/redfish/v1/Systems/n2", [])):
        which = f"?$filter=Oem/Lightsout/System/@odata.id%20eq%20'{system}'"
        assert (await service.get(f"/redfish/v1/TaskService/Tasks{which}"))["Members"] == found
    service.work.go.set()
    await until(lambda: service.jobs.get(answer.body["Id"]).state is JobState.COMPLETED)
    done = await service.call("GET", monitor)
    assert (done.status, done.body["TaskState"], done.body["PercentComplete"]) == (200, "Completed", 100)
    assert done.body["EndTime"]
    assert (await service.get(N1))["Oem"]["Lightsout"]["Task"] is None
    assert {"@odata.id": task} in (await service.get("/redfish/v1/TaskService/Tasks"))["Members"]


async def test_a_job_is_not_that_of_a_new_node_with_the_name_of_the_old(service: Service) -> None:
    """It stays in the list of all jobs, and is none of those of the new node."""
    service.work.go.set()
    for job in ("1", "2"):
        answer = await service.call("POST", REINSTALL, ASKED)
        assert answer.body["Id"] == job
        await until(lambda job=job: service.jobs.get(job).state is JobState.COMPLETED)
        if job == "1":
            assert (await service.get("/redfish/v1/Oem/Lightsout/Images/tiny"))["WrittenTo"] == ["n1"]
            assert (await service.call("DELETE", N1)).status == 204
            assert (await service.get("/redfish/v1/Oem/Lightsout/Images/tiny"))["WrittenTo"] == []
            await service.world.add("n1")
    old, new = [await service.get(f"/redfish/v1/TaskService/Tasks/{job}") for job in ("1", "2")]
    assert (old["Oem"]["Lightsout"].get("System"), old["Oem"]["Lightsout"]["FormerSystem"]) == (None, "n1")
    assert (new["Oem"]["Lightsout"]["System"], new["Oem"]["Lightsout"]["FormerSystem"]) == ({"@odata.id": N1}, None)
    tasks = (await service.get("/redfish/v1/TaskService/Tasks"))["Members"]
    assert [task["@odata.id"][-2:] for task in tasks] == ["/1", "/2"]


async def test_what_the_console_showed_last_is_for_those_who_may_read_its_log(service: Service) -> None:
    service.work.details["console_tail"] = "password: secret"
    answer = await service.call("POST", REINSTALL, ASKED)
    await until(lambda: service.jobs.get(answer.body["Id"]).percent == 50)
    for as_, tail in (("olga", "password: secret"), ("vera", None)):
        for path in (answer.body["@odata.id"], answer.headers["Location"]):
            told = (await service.call("GET", path, as_=as_)).body
            assert told["Oem"]["Lightsout"]["ConsoleTail"] == tail


async def test_the_root_password_is_a_secret_of_the_job(service: Service) -> None:
    answer = await service.call("POST", REINSTALL, ASKED)
    request, secrets = service.work.asked[0]
    assert "root secret" not in str(request)
    assert "root secret" in str(secrets)
    assert "root secret" not in str(answer.body)
    assert request == {"image": "tiny", "hostname": "web1", "ssh_keys": ["ssh-ed25519 AAAA me"]}


async def test_a_task_is_cancelled_by_deleting_it_or_its_monitor(service: Service) -> None:
    for family in ("Tasks", "TaskMonitors"):
        answer = await service.call("POST", REINSTALL, ASKED)
        job = answer.body["Id"]
        path = f"/redfish/v1/TaskService/{family}/{job}"
        assert (await service.call("DELETE", path, as_="vera")).status == 403
        assert (await service.call("DELETE", path)).status == 202
        again = await service.call("DELETE", path)
        for _ in range(200):
            if again.status == 409:
                break
            await asyncio.sleep(0.02)
            again = await service.call("DELETE", path)
        assert "ended already" in again.told
        failed = await service.call("GET", f"/redfish/v1/TaskService/TaskMonitors/{job}")
        assert (failed.status, failed.ids) == (500, ["OperationFailed"])
        assert "cancelled" in failed.told


async def test_a_reinstall_that_cannot_be_is_refused_before_anything_happens(service: Service) -> None:
    unknown = await service.call("POST", REINSTALL, ASKED | {"Image": "beos"})
    assert (unknown.status, unknown.ids) == (400, ["ActionParameterValueNotInList"])
    assert "there are tiny" in unknown.told
    missing = await service.call("POST", REINSTALL, {"Hostname": "web1"})
    assert (missing.status, missing.ids) == (400, ["ActionParameterMissing"])
    viewer = await service.call("POST", REINSTALL, ASKED, as_="vera")
    assert viewer.status == 403
    await service.call("POST", REINSTALL, ASKED)
    twice = await service.call("POST", REINSTALL, ASKED)
    assert twice.status == 503
    assert "reinstall" in twice.told


async def test_the_tasks_of_other_tenants_do_not_exist(service: Service) -> None:
    await service.world.add("n2")
    answer = await service.call("POST", "/redfish/v1/Systems/n2/Actions/Oem/Lightsout.Reinstall", ASKED)
    assert (await service.call("GET", answer.body["@odata.id"], as_="tina")).status == 404
    assert (await service.get("/redfish/v1/TaskService/Tasks", as_="tina"))["Members"] == []


async def test_the_catalogue_is_listed(service: Service) -> None:
    images = await service.get("/redfish/v1/Oem/Lightsout/Images?$expand=.")
    (tiny,) = images["Members"]
    assert (tiny["Id"], tiny["Name"], tiny["SizeBytes"]) == ("tiny", "Tiny", 512)
    assert (tiny["Firmware"], tiny["Proofs"]) == (["UEFI"], ["serial-nonce"])
    missing = await service.call("GET", "/redfish/v1/Oem/Lightsout/Images/beos")
    assert missing.status == 404
    assert "tiny" in missing.told


async def test_a_broken_catalogue_does_not_take_the_systems_with_it(service: Service, tmp_path: Path) -> None:
    (tmp_path / "images" / "bad.json").write_text("{")
    assert (await service.call("GET", "/redfish/v1/Oem/Lightsout/Images")).status == 502
    assert (await service.get(N1))["Id"] == "n1"
