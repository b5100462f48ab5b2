"""TaskService: jobs as Tasks, and their monitors (DSP0266 §12.2)."""

from collections.abc import Mapping
from typing import Any

from bmc.model.job import Job, JobState
from bmc.redfish import oem
from bmc.redfish.errors import RETRY_AFTER, RedfishError, not_found
from bmc.redfish.messages import message
from bmc.redfish.router import Call, Reply, Route
from bmc.redfish.system_body import system_path
from bmc.redfish.types import JsonObject, collection, link, links, moment, resource

SERVICE = "/redfish/v1/TaskService"
TASKS, MONITORS = f"{SERVICE}/Tasks", f"{SERVICE}/TaskMonitors"
POLL_AFTER = "2"
JOB_MESSAGE = "Lightsout.1.0.JobMessage"


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
    paths = [task_path(job.id) for job in call.house.jobs.list(call.caller)]
    return Reply(collection(TASKS, "TaskCollection", "Tasks", links(paths)))


async def get_task(call: Call) -> Reply:
    return Reply(task_body(_find(call)))


async def get_monitor(call: Call) -> Reply:
    """202 while it runs; then what the request would have got, had it been answered at once."""
    job = _find(call)
    if not job.state.ended:
        return Reply(task_body(job), 202, {"Location": monitor_path(job.id), "Retry-After": POLL_AFTER})
    if job.state is JobState.COMPLETED:
        return Reply(task_body(job))
    raise RedfishError(500, [message("OperationFailed", text=job.message or f"The job was {job.state.value}.")])


async def cancel(call: Call) -> Reply:
    job = await call.house.jobs.cancel(_find(call).id, call.caller)
    if job.state.ended:
        return Reply(status=204)
    return Reply(task_body(job), 202, {"Location": monitor_path(job.id), "Retry-After": str(RETRY_AFTER)})


def _find(call: Call) -> Job:
    """A job in the caller's scope; others do not exist for it."""
    job = call.house.jobs.get(call.params["job"])
    if call.caller.scope.all_nodes or job.id in {mine.id for mine in call.house.jobs.list(call.caller)}:
        return job
    raise not_found(call.path)


def task_body(job: Job) -> JsonObject:
    status = {JobState.EXCEPTION: "Critical", JobState.CANCELLED: "Warning"}.get(job.state, "OK")
    details: Mapping[str, Any] = job.details
    body = resource(
        task_path(job.id),
        "Task",
        Id=job.id,
        Name=f"{job.kind} of {job.node}",
        TaskState=job.state.value,
        TaskStatus=status,
        PercentComplete=job.percent,
        StartTime=moment(job.started),
        Messages=[{"MessageId": JOB_MESSAGE, "Message": line.text, "MessageArgs": []} for line in job.messages],
        Oem=oem.extension(
            "LightsoutTask",
            oem.LightsoutTask(
                Kind=job.kind,
                System=link(system_path(job.node)),
                Account=job.account,
                Request=dict(job.request),
                Step=job.step or None,
                Steps=list(job.steps),
                StepMessage=job.message or None,
                BytesDone=details.get("bytes_done"),
                BytesTotal=details.get("bytes_total"),
                Proofs=details.get("proofs", []),
                Disk=details.get("disk"),
                ConsoleTail=details.get("console_tail") or None,
                RamdiskLog=details.get("ramdisk_log") or None,
            ),
        ),
    )
    if job.ended is not None:
        body["EndTime"] = moment(job.ended)
    else:
        body["TaskMonitor"] = monitor_path(job.id)
    return body


ROUTES = (
    Route("GET", SERVICE, service),
    Route("GET", TASKS, list_tasks),
    Route("GET", f"{TASKS}/{{job}}", get_task),
    Route("DELETE", f"{TASKS}/{{job}}", cancel),
    Route("GET", f"{MONITORS}/{{job}}", get_monitor),
    Route("DELETE", f"{MONITORS}/{{job}}", cancel),
)
