"""TaskService: jobs as Tasks, and their monitors (DSP0266 §12.2)."""

from collections.abc import Mapping
from typing import Any, cast

from bmc.images.library import KIND, RECEIVE
from bmc.jobs.sweep import Outcome, results
from bmc.model.caller import Caller
from bmc.model.commands import SerialHistory
from bmc.model.job import Job, JobState
from bmc.redfish import oem
from bmc.redfish.errors import RETRY_AFTER, RedfishError, not_found
from bmc.redfish.messages import message
from bmc.redfish.router import Call, Reply, Route
from bmc.redfish.service_root import ROOT
from bmc.redfish.system_body import system_path
from bmc.redfish.types import JsonObject, collection, link, links, moment, resource

SERVICE = "/redfish/v1/TaskService"
UPLOADS = f"{ROOT}/Oem/Lightsout/Uploads"
TASKS, MONITORS = f"{SERVICE}/Tasks", f"{SERVICE}/TaskMonitors"
POLL_AFTER = "2"
JOB_MESSAGE = "Lightsout.1.0.JobMessage"
OUTCOME_UNKNOWN = "Lightsout.1.0.OutcomeUnknown"
_SUB_STATES = {
    Outcome.WAITING: ("Pending", "OK"),
    Outcome.STARTED: ("Running", "OK"),
    Outcome.DONE: ("Completed", "OK"),
    Outcome.FAILED: ("Exception", "Critical"),
    Outcome.UNKNOWN: ("Exception", "Critical"),
    Outcome.CANCELLED: ("Cancelled", "Warning"),
}


def task_path(job: str) -> str:
    return f"{TASKS}/{job}"


def monitor_path(job: str) -> str:
    return f"{MONITORS}/{job}"


async def service(call: Call) -> Reply:
    body = resource(SERVICE, "TaskService", Id="TaskService", Name="Tasks", ServiceEnabled=True, Tasks=link(TASKS))
    body |= {
        "CompletedTaskOverWritePolicy": "Oldest",
        "LifeCycleEventOnTaskStateChange": True,
        "DateTime": moment(int(call.house.clock.now())),
        "Status": {"State": "Enabled", "Health": "OK"},
    }
    return Reply(body)


async def list_tasks(call: Call) -> Reply:
    paths = [task_path(job.id) for job in call.house.jobs.list(call.caller) if not _of_a_namesake(job, call)]
    return Reply(collection(TASKS, "TaskCollection", "Tasks", links(paths)))


async def get_task(call: Call) -> Reply:
    return Reply(task_body(_find(call), call.caller))


async def list_sub_tasks(call: Call) -> Reply:
    """What a job does to each of its nodes."""
    found = results(_find(call))
    if not found:
        raise not_found(call.path)
    paths = [f"{call.path}/{node}" for node in found]
    return Reply(collection(call.path, "TaskCollection", "Nodes", links(paths)))


async def get_sub_task(call: Call) -> Reply:
    job = _find(call)
    outcome, why = results(job).get(call.params["node"], (None, ""))
    if outcome is None:
        raise not_found(call.path)
    state, status = _SUB_STATES[outcome]
    node = call.params["node"]
    body = resource(call.path, "Task", Id=node, Name=f"{job.kind} of {node}", TaskState=state, TaskStatus=status)
    kind = OUTCOME_UNKNOWN if outcome is Outcome.UNKNOWN else JOB_MESSAGE
    said = [{"MessageId": kind, "Message": why, "MessageArgs": []}] if why else []
    return Reply(body | {"PercentComplete": 100 if outcome is Outcome.DONE else 0, "Messages": said})


async def get_monitor(call: Call) -> Reply:
    """202 while it runs; then what the request would have got, had it been answered at once."""
    job = _find(call)
    if not job.state.ended:
        return Reply(task_body(job, call.caller), 202, {"Location": monitor_path(job.id), "Retry-After": POLL_AFTER})
    if job.state is JobState.COMPLETED:
        return Reply(task_body(job, call.caller))
    raise RedfishError(500, [message("OperationFailed", text=job.message or f"The job was {job.state.value}.")])


async def cancel(call: Call) -> Reply:
    job = await call.house.jobs.cancel(_find(call).id, call.caller)
    if job.state.ended:
        return Reply(status=204)
    return Reply(task_body(job, call.caller), 202, {"Location": monitor_path(job.id), "Retry-After": str(RETRY_AFTER)})


def _find(call: Call) -> Job:
    job = call.house.jobs.get(call.params["job"], call.caller)
    if _of_a_namesake(job, call):
        raise not_found(call.path)
    return job


def _of_a_namesake(job: Job, call: Call) -> bool:
    """Whether this is a node's own endpoint, and the job was done to another that had its name before."""
    return job.former and bool(call.house.only)


def task_body(job: Job, caller: Caller) -> JsonObject:
    status = {JobState.EXCEPTION: "Critical", JobState.CANCELLED: "Warning"}.get(job.state, "OK")
    body = resource(
        task_path(job.id),
        "Task",
        Id=job.id,
        Name=job.title,
        TaskState=job.state.value,
        TaskStatus=status,
        PercentComplete=job.percent,
        StartTime=moment(job.started),
        Messages=[{"MessageId": JOB_MESSAGE, "Message": line.text, "MessageArgs": []} for line in job.messages],
        Oem=oem.extension("LightsoutTask", _ours(job, caller)),
    )
    if job.nodes:
        body["SubTasks"] = link(f"{task_path(job.id)}/SubTasks")
    if job.ended is not None:
        body["EndTime"] = moment(job.ended)
    else:
        body["TaskMonitor"] = monitor_path(job.id)
    return body


def _ours(job: Job, caller: Caller) -> oem.LightsoutTask:
    details: Mapping[str, Any] = job.details
    ours = oem.LightsoutTask(
        Kind=job.kind,
        FormerSystem=(job.node or None) if job.former else None,
        Account=job.account,
        Request=cast("oem.JobRequest", dict(job.request)),
        Step=job.step or None,
        Steps=list(job.steps),
        StepMessage=job.message or None,
        BytesDone=details.get("bytes_done"),
        BytesTotal=details.get("bytes_total"),
        Proofs=details.get("proofs", []),
        Disk=details.get("disk"),
        Installed=_installed(details.get("system")),
        Rescue=_rescue(job),
        Erased=_erased(details.get("erased")),
        UploadURI=_upload(job),
        ConsoleTail=(SerialHistory.open_to(caller) and details.get("console_tail")) or None,
        RamdiskLog=details.get("ramdisk_log") or None,
    )
    if job.node and not job.former:
        ours["System"] = link(system_path(job.node))
    return ours


def _rescue(job: Job) -> oem.RescueAccess | None:
    """None once it has ended: it leads nowhere any more."""
    told = cast("Mapping[str, Any] | None", job.details.get("rescue"))
    if told is None or job.state.ended:
        return None
    return oem.RescueAccess(
        SSHURI=f"/console/{job.node}/ssh",
        HostKey=told["host_key"],
        HostKeyFingerprint=told["fingerprint"],
        Until=moment(told["until"]),
    )


def _upload(job: Job) -> str | None:
    uploaded = job.kind == KIND and "file_size" in job.request
    waits = uploaded and not job.state.ended and job.step in ("", RECEIVE)
    return f"{UPLOADS}/{job.id}" if waits else None


def _installed(told: Mapping[str, str] | None) -> oem.InstalledSystem | None:
    if not told:
        return None
    return oem.InstalledSystem(
        HostName=told.get("hostname") or None,
        MachineId=told.get("machine_id") or None,
        BootId=told.get("boot_id") or None,
        HostKey=told.get("hostkey") or None,
    )


def _erased(record: Mapping[str, Any] | None) -> oem.ErasedDisk | None:
    if record is None:
        return None
    return oem.ErasedDisk(
        Name=record["disk"],
        SerialNumber=record["serial"] or None,
        SizeBytes=record["size"],
        Method=record["method"],
        Started=moment(record["started"]),
        Ended=moment(record["ended"]) if "ended" in record else None,
        PlacesVerified=record.get("places", 0),
        BytesVerified=record.get("places_bytes", 0),
        Account=record["account"],
    )


ROUTES = (
    Route("GET", SERVICE, service),
    Route("GET", TASKS, list_tasks),
    Route("GET", f"{TASKS}/{{job}}", get_task),
    Route("DELETE", f"{TASKS}/{{job}}", cancel),
    Route("GET", f"{TASKS}/{{job}}/SubTasks", list_sub_tasks),
    Route("GET", f"{TASKS}/{{job}}/SubTasks/{{node}}", get_sub_task),
    Route("GET", f"{MONITORS}/{{job}}", get_monitor),
    Route("DELETE", f"{MONITORS}/{{job}}", cancel),
)
