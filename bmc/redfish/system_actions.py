"""What one can do to a System beside changing it: reset, reinstall, resume, confirm, reserve."""

import asyncio
import logging
from enum import Enum

from pydantic import Field

from bmc.model.commands import ConfirmPower, Power, Release, Reserve, Resume
from bmc.model.errors import BmcError, NotSupported
from bmc.model.power import PowerAction, PowerState
from bmc.power.table import reset_type
from bmc.redfish.body import Body, Nothing
from bmc.redfish.errors import fail
from bmc.redfish.router import Call, Reply, Route
from bmc.redfish.system_body import SYSTEMS, can_reinstall, reset_types
from bmc.redfish.tasks import monitor_path, task_body

ACTIONS = f"{SYSTEMS}/{{node}}/Actions"
RESET, REINSTALL, CONFIRM = "ComputerSystem.Reset", "Lightsout.Reinstall", "Lightsout.ConfirmPower"
RESUME, RESERVE, RELEASE = "Lightsout.Resume", "Lightsout.Reserve", "Lightsout.Release"
RESET_SECONDS = 15.0

log = logging.getLogger(__name__)


class ResetBody(Body):
    reset_type: PowerAction


class KnownPower(Enum):
    ON = "On"
    OFF = "Off"


class ConfirmBody(Body):
    power_state: KnownPower


class ReserveBody(Body):
    reason: str = Field(min_length=1, max_length=500)


class ReinstallBody(Body):
    """What is left out is not set; whether the image can do with that is for the job to say."""

    image: str
    hostname: str | None = Field(default=None, max_length=63)
    disk: str | None = Field(default=None, max_length=200)
    ssh_keys: tuple[str, ...] = Field(default=(), alias="SSHKeys", max_length=32)
    password: str | None = Field(default=None, max_length=256)


OEM_ACTIONS: tuple[tuple[str, type[Body], str], ...] = (
    (REINSTALL, ReinstallBody, "Write an image to a disk of the server; answers with a task."),
    (RESUME, Nothing, "Let a server run on that stands still."),
    (CONFIRM, ConfirmBody, "Say what a person has seen of a server whose power state is unknown."),
    (RESERVE, ReserveBody, "Keep others from changing the server until it is released."),
    (RELEASE, Nothing, "End the reservation of the server."),
)
"""Name, body and purpose of each action of our own."""


async def reset(call: Call) -> Reply:
    """204 when it is done or, if that takes longer than a client waits, when it is under way."""
    node = call.node()
    action = call.body(ResetBody, RESET).reset_type
    if node.snapshot.actions and action not in node.snapshot.actions:  # where it can do nothing, Node says why
        can = ", ".join(reset_types(node.snapshot.actions))
        text = f"{node.snapshot.name} cannot do {action.value}; it can do {can}."
        raise fail(400, "ActionParameterValueNotInList", action.value, "ResetType", RESET, text=text)
    doing = asyncio.ensure_future(node.do(Power(reset_type(action, node.snapshot.power)), call.caller))
    done, _ = await asyncio.wait({doing}, timeout=RESET_SECONDS)
    if done:
        doing.result()
    else:
        call.house.late.add(doing)
        doing.add_done_callback(call.house.late.discard)
        doing.add_done_callback(_log_late)
    return Reply(status=204)


async def reinstall(call: Call) -> Reply:
    snapshot = call.node().snapshot
    if not can_reinstall(snapshot):
        raise NotSupported(f"{snapshot.name} has no virtual drive to boot the deploy medium from")
    wanted = call.body(ReinstallBody, REINSTALL)
    names = [image.name for image in call.house.catalogue.list()]
    if wanted.image not in names:
        text = f"There is no image {wanted.image[:80]!r}; there are {', '.join(names) or 'none'}."
        raise fail(400, "ActionParameterValueNotInList", wanted.image, "Image", REINSTALL, text=text, related="#/Image")
    asked: dict[str, object] = {
        "image": wanted.image,
        "hostname": wanted.hostname,
        "ssh_keys": list(wanted.ssh_keys) or None,
        "disk": wanted.disk,
    }
    request = {name: value for name, value in asked.items() if value is not None}
    secrets = {"password": wanted.password} if wanted.password else {}
    job = await call.house.jobs.start("reinstall", snapshot.name, request, call.caller, secrets)
    return Reply(task_body(job), 202, {"Location": monitor_path(job.id), "Retry-After": "2"})


async def resume(call: Call) -> Reply:
    call.body(Nothing, RESUME)
    await call.node().do(Resume(), call.caller)
    return Reply(status=204)


async def confirm_power(call: Call) -> Reply:
    state = call.body(ConfirmBody, CONFIRM).power_state
    await call.node().do(ConfirmPower(PowerState(state.value)), call.caller)
    return Reply(status=204)


async def reserve(call: Call) -> Reply:
    reason = call.body(ReserveBody, RESERVE).reason
    await call.node().do(Reserve(reason), call.caller)
    return Reply(status=204)


async def release(call: Call) -> Reply:
    call.body(Nothing, RELEASE)
    await call.node().do(Release(), call.caller)
    return Reply(status=204)


def _log_late(doing: "asyncio.Future[PowerState]") -> None:
    """The asker was told that it is under way; what became of it is in the event log."""
    if not doing.cancelled() and (error := doing.exception()) is not None:
        level = logging.WARNING if isinstance(error, BmcError) else logging.ERROR
        log.log(level, "a reset that took long has failed: %s", error)


ROUTES = (
    Route("POST", f"{ACTIONS}/{RESET}", reset),
    Route("POST", f"{ACTIONS}/Oem/{REINSTALL}", reinstall),
    Route("POST", f"{ACTIONS}/Oem/{RESUME}", resume),
    Route("POST", f"{ACTIONS}/Oem/{CONFIRM}", confirm_power),
    Route("POST", f"{ACTIONS}/Oem/{RESERVE}", reserve),
    Route("POST", f"{ACTIONS}/Oem/{RELEASE}", release),
)
