"""`bmc job …`: what long work is under way, and how it ends. All through Redfish's TaskService."""

import sys
import time
from collections.abc import Callable, Iterator
from typing import Annotated
from urllib.parse import quote

import typer

from bmc.cli.client import Client, Resource
from bmc.cli.errors import CliError
from bmc.cli.output import CUT_OFF, Json, document, printable, table
from bmc.cli.patience import PAUSE, patiently

TASKS = "/redfish/v1/TaskService/Tasks"
ENDED = frozenset({"Completed", "Exception", "Cancelled"})
PROOFS = {
    "phone-home": "the new system reported to the service with this job's token",
    "ssh-login": "the service has logged in to the new system by SSH",
    "serial-nonce": "the new system printed this job's nonce on its serial console",
}

Id = Annotated[str, typer.Argument(metavar="ID", help="its number in `bmc job list`")]

app = typer.Typer(no_args_is_help=True, help="List, follow and cancel jobs, as reinstalls.")


@app.command("list")
def list_jobs(as_json: Json = False) -> None:
    """The jobs that run, and the last ones that ended."""
    tasks = Client().members(TASKS)
    if as_json:
        document(tasks)
        return
    rows = []
    for task in tasks:
        ours = task["Oem"]["Lightsout"]
        step = "" if task["TaskState"] == "Completed" else ours["Step"]
        says = (_given(task) or ours["StepMessage"] or "") if task["TaskState"] in ENDED else ""
        what = task["Name"] + (" (removed since)" if ours["FormerSystem"] else "")
        rows.append((task["Id"], what, task["TaskState"], step, f"{task['PercentComplete']} %", says))
    table(("job", "what", "state", "step", "done", "says"), rows)


@app.command("follow")
def follow_job(job: Id) -> None:
    """Show a job's progress until it ends. Ctrl-C only ends the showing."""
    client = Client()
    follow(client, client.get(_path(job)))


@app.command()
def cancel(job: Id) -> None:
    """Stop a job; it cleans up, and leaves the node off and free."""
    Client().delete(_path(job))
    print(f"job {job} is being cancelled; `bmc job list` shows how it ends")


def follow(client: Client, task: Resource) -> None:
    """Show a job's progress to its end. :raise CliError: it ended otherwise than well."""
    task = show_until(client, task, lambda task: task["TaskState"] in ENDED)
    for line in report(task):
        print(printable(line))
    if task["TaskState"] != "Completed":
        raise CliError(f"job {task['Id']}, {task['Name']}, ended as {task['TaskState']}")


def report(task: Resource) -> list[str]:
    """What a person wants to know of a job that has ended; that a step began says nothing any more."""
    ours = task["Oem"]["Lightsout"]
    told = [message["Message"] for message in task["Messages"]]
    if task["TaskState"] != "Completed":
        tail = (ours["ConsoleTail"] or "").strip().splitlines()[-20:]
        return [*told, *(["the end of the serial console:", *tail] if tail else [])]
    lines = [line for line in told[:-1] if line not in ours["Steps"]]
    if former := ours["FormerSystem"]:
        return [*lines, f"{former} has been removed since"]
    if "System" not in ours:  # of many, or of none
        if medium := ours["Request"].get("medium"):
            return [f"medium {medium} can be inserted now"]
        image = ours["Request"].get("image")
        return [f"image {image} can be put on nodes now"] if image else lines
    node = ours["System"]["@odata.id"].rpartition("/")[2]
    if erased := ours.get("Erased"):
        which = f"{erased['Name']} of {node}, {erased['SizeBytes']} bytes, serial {erased['SerialNumber'] or 'none'}"
        return [*lines, f"erased by {erased['Method']}: {which}"]
    if "image" not in ours["Request"]:
        return [*lines, f"{node} is off"]
    lines.append(f"{node} runs {ours['Request']['image']}")
    given = [f"proof {proof}: {PROOFS.get(proof, 'given')}" for proof in ours["Proofs"]]
    installed = ours.get("Installed") or {}
    key = [f"its SSH host key: {installed['HostKey']}"] if installed.get("HostKey") else []
    return [*lines, *(given or ["no proof: the image can give none"]), *key]


def now(client: Client, system: Resource) -> str:
    """The job or the reservation of a node, in a few words; "" when it has neither."""
    ours = system["Oem"]["Lightsout"]
    held, task = ours.get("Reservation"), ours.get("Task")
    if task:
        job = client.get(task["@odata.id"])
        step = f", {job['Oem']['Lightsout']['Step'] or ''}, {job['PercentComplete']} %"
        return f"job {job['Id']}: {job['Oem']['Lightsout']['Kind']}{'' if job['TaskState'] in ENDED else step}"
    if not held:
        return ""
    return f"reserved by {held['Holder']}: {held['Reason']}" + (f", until {held['Until']}" if held["Until"] else "")


def _path(job: str) -> str:
    return f"{TASKS}/{quote(job, safe='')}"


def _given(task: Resource) -> str:
    proofs = task["Oem"]["Lightsout"]["Proofs"]
    return f"proof: {', '.join(proofs)}" if proofs else ""


def show_until(client: Client, task: Resource, enough: Callable[[Resource], bool]) -> Resource:
    """Show a job's progress until the task is `enough`, which the end of it must be; through a restart of the service,
    which takes it up again. Ctrl-C ends the showing.
    """
    states = _states(client, task["@odata.id"], enough)
    try:
        return _by_bar(states, task["Id"]) if sys.stdout.isatty() else _by_line(states)
    except KeyboardInterrupt:
        job = task["Id"]
        print(f"job {job} goes on. `bmc job list` shows it, `bmc job cancel {job}` ends it.")
        raise typer.Exit(CUT_OFF) from None


def _by_bar(states: Iterator[Resource], job: str) -> Resource:
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
    )
    with Progress(*columns) as progress:
        bar = progress.add_task(f"job {job}", total=100)
        for task in states:
            progress.update(bar, completed=task["PercentComplete"], description=f"job {job}: {_step(task)}")
    return task


def _by_line(states: Iterator[Resource]) -> Resource:
    """For logs: a line for each step."""
    step = ""
    for task in states:
        if _step(task) != step:
            step = _step(task)
            print(printable(f"job {task['Id']}: {step}, {task['PercentComplete']} %"), flush=True)
    return task


def _states(client: Client, path: str, enough: Callable[[Resource], bool]) -> Iterator[Resource]:
    while True:
        task = patiently(client, lambda: client.get(path))
        yield task
        if enough(task):
            return
        time.sleep(PAUSE)


def _step(task: Resource) -> str:
    return str(task["Oem"]["Lightsout"]["Step"] or task["TaskState"])
