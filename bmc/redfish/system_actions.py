"""What one can do to a System beside changing it: reset, reinstall, rescue, erase, resume, confirm, reserve."""

import asyncio
import logging
from collections.abc import Mapping
from enum import Enum

from pydantic import Field

from bmc.model.commands import ConfirmPower, PlanPower, Power, Release, Reserve, Resume
from bmc.model.errors import BmcError, InvalidRequest, NotSupported
from bmc.model.job import Job
from bmc.model.power import PowerAction, PowerState
from bmc.power.table import reset_type
from bmc.redfish import oem
from bmc.redfish.body import Body, Nothing
from bmc.redfish.csdl import Action
from bmc.redfish.errors import fail, named
from bmc.redfish.images import PARAMETERS
from bmc.redfish.router import Call, Reply, Route
from bmc.redfish.system_body import SYSTEMS, reset_types
from bmc.redfish.tasks import monitor_path, task_body
from bmc.reinstall.cloud_init import USER_DATA_BYTES_MAX
from bmc.reinstall.erase import EraseMethod
from bmc.reinstall.rescue import MINUTES, MINUTES_MAX
from bmc.reinstall.target import DiskBus, Pick
from bmc.reinstall.ways import WayIn, ways_in

ACTIONS = f"{SYSTEMS}/{{node}}/Actions"
RESET, REINSTALL, CONFIRM = "ComputerSystem.Reset", "Lightsout.Reinstall", "Lightsout.ConfirmPower"
RESCUE, END_RESCUE, ERASE = "Lightsout.Rescue", "Lightsout.EndRescue", "Lightsout.Erase"
INSPECT, PLAN = "Lightsout.Inspect", "Lightsout.PlanPower"
RESUME, RESERVE, RELEASE = "Lightsout.Resume", "Lightsout.Reserve", "Lightsout.Release"
RESET_SECONDS = 15.0
MINUTES_RESERVED_MAX = 366 * 24 * 60

NAMES = PARAMETERS | {
    "image": "Image", "disk": "Disk", "method": "Method", "minutes": "TimeoutMinutes", "way": "Way"
}  # fmt: skip
"""What a job calls it, as its action does."""

log = logging.getLogger(__name__)


class ResetBody(Body):
    reset_type: PowerAction


class KnownPower(Enum):
    ON = "On"
    OFF = "Off"


class ConfirmBody(Body):
    power_state: KnownPower


class ReserveBody(Body):
    """Without a time-out it lasts until it is released."""

    reason: str = Field(min_length=1, max_length=500)
    timeout_minutes: int | None = Field(default=None, ge=1, le=MINUTES_RESERVED_MAX)


class ReleaseBody(Body):
    """To end another person's reservation takes a note."""

    note: str = Field(default="", max_length=500)


class DiskBody(Body):
    """Which disk: it must be the only one that has all of these; Pick chooses among several."""

    serial: str | None = Field(default=None, min_length=1, max_length=128)
    name: str | None = Field(default=None, min_length=1, max_length=128)
    model: str | None = Field(default=None, min_length=1, max_length=128)
    wwn: str | None = Field(default=None, alias="WWN", min_length=1, max_length=128)
    size_bytes: int | None = Field(default=None, ge=1)
    min_size_bytes: int | None = Field(default=None, ge=1)
    max_size_bytes: int | None = Field(default=None, ge=1)
    rotational: bool | None = None
    bus: DiskBus | None = None
    pick: Pick | None = None

    def rule(self) -> dict[str, object]:
        given = {name.removesuffix("_bytes"): value for name, value in self if value is not None}
        return {name: value.value if isinstance(value, Enum) else value for name, value in given.items()}


class RamdiskBody(Body):
    """How the server gets to the ramdisk; VirtualMedia if it is left out."""

    way: WayIn | None = None

    def chosen(self) -> dict[str, object]:
        return {"way": self.way.value} if self.way else {}


class NetworkBody(Body):
    """One network card; what is left out comes by DHCP."""

    mac_address: str | None = Field(default=None, alias="MACAddress", max_length=17)
    vlan_id: int | None = Field(default=None, alias="VLANId", ge=1, le=4094)
    addresses: tuple[str, ...] = Field(default=(), max_length=16)
    gateways: tuple[str, ...] = Field(default=(), max_length=2)
    name_servers: tuple[str, ...] = Field(default=(), max_length=16)
    search_domains: tuple[str, ...] = Field(default=(), max_length=16)

    def request(self) -> dict[str, object]:
        lists = {
            "addresses": self.addresses,
            "gateways": self.gateways,
            "dns": self.name_servers,
            "search": self.search_domains,
        }
        given = {"mac": self.mac_address, "vlan": self.vlan_id} | {name: list(value) for name, value in lists.items()}
        return {name: value for name, value in given.items() if value}


class ReinstallBody(RamdiskBody):
    """What is left out is not set; whether the image can do with that is for the job to say."""

    image: str
    hostname: str | None = Field(default=None, max_length=63)
    disk: DiskBody | None = None
    ssh_keys: tuple[str, ...] = Field(default=(), alias="SSHKeys", max_length=32)
    password: str | None = Field(default=None, max_length=256)
    user: str | None = Field(default=None, max_length=32)
    network: NetworkBody | None = None
    user_data: str | None = Field(default=None, max_length=USER_DATA_BYTES_MAX)


class RescueBody(RamdiskBody):
    ssh_keys: tuple[str, ...] = Field(alias="SSHKeys", min_length=1, max_length=32)
    timeout_minutes: int = Field(default=MINUTES, ge=1, le=MINUTES_MAX)


class EraseBody(RamdiskBody):
    """Without a disk the server must have only one."""

    method: EraseMethod
    disk: DiskBody | None = None


OEM_ACTIONS = (
    Action(REINSTALL, ReinstallBody, "Write an image to a disk of the server; answers with a task."),
    Action(RESCUE, RescueBody, "Boot a system to work in, by SSH and on the consoles; answers with a task."),
    Action(END_RESCUE, Nothing, "End the rescue of the server."),
    Action(ERASE, EraseBody, "Erase a disk of the server and read back from it; answers with a task."),
    Action(INSPECT, RamdiskBody, "Have the server tell what it consists of; answers with a task."),
    Action(RESUME, Nothing, "Let a server run on that stands still."),
    Action(CONFIRM, ConfirmBody, "Say what a person has seen of a server whose power state is unknown."),
    Action(PLAN, ResetBody, "Tell what a reset would do now, without doing it.", oem.PowerPlan),
    Action(RESERVE, ReserveBody, "Keep others from changing the server until it is released."),
    Action(RELEASE, ReleaseBody, "End the reservation of the server."),
)
"""Each action of our own."""


async def reset(call: Call) -> Reply:
    """204 when it is done or, if that takes longer than a client waits, when it is under way."""
    node = call.node()
    action = _reset_type(call, RESET)
    doing = asyncio.ensure_future(node.do(Power(reset_type(action, node.snapshot.power)), call.caller))
    done, _ = await asyncio.wait({doing}, timeout=RESET_SECONDS)
    if done:
        doing.result()
    else:
        call.house.late.add(doing)
        doing.add_done_callback(call.house.late.discard)
        doing.add_done_callback(_log_late)
    return Reply(status=204)


async def plan_power(call: Call) -> Reply:
    action = reset_type(_reset_type(call, PLAN), call.node().snapshot.power)
    plan = await call.node().do(PlanPower(action), call.caller)
    told = oem.PowerPlan(ResetType=plan.action.value, Steps=list(plan.steps), Hindrances=list(plan.hindrances))
    return Reply({**told})


def _reset_type(call: Call, name: str) -> PowerAction:
    """Of the body of the action `name`. :raise RedfishError: the node has no such reset."""
    snapshot, action = call.node().snapshot, call.body(ResetBody, name).reset_type
    if snapshot.actions and action not in snapshot.actions:  # where it can do nothing, Node says why
        can = ", ".join(reset_types(snapshot.actions))
        text = f"{snapshot.name} cannot do {action.value}; it can do {can}."
        raise fail(400, "ActionParameterValueNotInList", action.value, "ResetType", name, text=text)
    return action


async def reinstall(call: Call) -> Reply:
    _bootable(call)
    wanted = call.body(ReinstallBody, REINSTALL)
    names = [image.name for image in call.house.catalogue.list()]
    if wanted.image not in names:
        text = f"There is no image {wanted.image[:80]!r}; there are {', '.join(names) or 'none'}."
        raise fail(400, "ActionParameterValueNotInList", wanted.image, "Image", REINSTALL, text=text, related="#/Image")
    asked: dict[str, object] = {
        "image": wanted.image,
        "hostname": wanted.hostname,
        "ssh_keys": list(wanted.ssh_keys) or None,
        "disk": wanted.disk.rule() if wanted.disk else None,
        "user": wanted.user,
        "network": wanted.network.request() if wanted.network else None,
    }
    request = {name: value for name, value in asked.items() if value is not None} | wanted.chosen()
    kept = {"password": wanted.password, "user_data": wanted.user_data}
    secrets = {name: value for name, value in kept.items() if value}
    return await _start(call, "reinstall", request, secrets)


async def rescue(call: Call) -> Reply:
    _bootable(call)
    wanted = call.body(RescueBody, RESCUE)
    request = {"ssh_keys": list(wanted.ssh_keys), "minutes": wanted.timeout_minutes, **wanted.chosen()}
    return await _start(call, "rescue", request, {})


async def end_rescue(call: Call) -> Reply:
    call.body(Nothing, END_RESCUE)
    job = await call.house.jobs.finish("rescue", call.node().snapshot.name, call.caller)
    return _accepted(call, job)


async def erase(call: Call) -> Reply:
    _bootable(call)
    wanted = call.body(EraseBody, ERASE)
    disk = {"disk": wanted.disk.rule()} if wanted.disk else {}
    return await _start(call, "erase", {"method": wanted.method.value, **disk, **wanted.chosen()}, {})


async def inspect(call: Call) -> Reply:
    _bootable(call)
    return await _start(call, "inspect", call.body(RamdiskBody, INSPECT).chosen(), {})


def _bootable(call: Call) -> None:
    snapshot = call.node().snapshot
    if not ways_in(snapshot):
        raise NotSupported(
            f"{snapshot.name} has no way for the deploy ramdisk: that takes a virtual drive or a network to boot from, "
            "and a network card that leads to the deploy listener (of a virtual node, on a user or a private network)"
        )


async def _start(call: Call, kind: str, request: Mapping[str, object], secrets: Mapping[str, object]) -> Reply:
    try:
        job = await call.house.jobs.start(kind, call.node().snapshot.name, request, call.caller, secrets)
    except InvalidRequest as error:
        raise named(error, NAMES) from None
    return _accepted(call, job)


def _accepted(call: Call, job: Job) -> Reply:
    return Reply(task_body(job, call.caller), 202, {"Location": monitor_path(job.id), "Retry-After": "2"})


async def resume(call: Call) -> Reply:
    call.body(Nothing, RESUME)
    await call.node().do(Resume(), call.caller)
    return Reply(status=204)


async def confirm_power(call: Call) -> Reply:
    state = call.body(ConfirmBody, CONFIRM).power_state
    await call.node().do(ConfirmPower(PowerState(state.value)), call.caller)
    return Reply(status=204)


async def reserve(call: Call) -> Reply:
    given = call.body(ReserveBody, RESERVE)
    until = call.house.clock.now() + 60 * given.timeout_minutes if given.timeout_minutes else None
    await call.node().do(Reserve(given.reason, until), call.caller)
    return Reply(status=204)


async def release(call: Call) -> Reply:
    await call.node().do(Release(call.body(ReleaseBody, RELEASE).note), call.caller)
    return Reply(status=204)


def _log_late(doing: "asyncio.Future[PowerState]") -> None:
    """The asker was told that it is under way; what became of it is in the event log."""
    if not doing.cancelled() and (error := doing.exception()) is not None:
        level = logging.WARNING if isinstance(error, BmcError) else logging.ERROR
        log.log(level, "a reset that took long has failed: %s", error)


ROUTES = (
    Route("POST", f"{ACTIONS}/{RESET}", reset),
    Route("POST", f"{ACTIONS}/Oem/{REINSTALL}", reinstall),
    Route("POST", f"{ACTIONS}/Oem/{RESCUE}", rescue),
    Route("POST", f"{ACTIONS}/Oem/{END_RESCUE}", end_rescue),
    Route("POST", f"{ACTIONS}/Oem/{ERASE}", erase),
    Route("POST", f"{ACTIONS}/Oem/{INSPECT}", inspect),
    Route("POST", f"{ACTIONS}/Oem/{RESUME}", resume),
    Route("POST", f"{ACTIONS}/Oem/{CONFIRM}", confirm_power),
    Route("POST", f"{ACTIONS}/Oem/{PLAN}", plan_power),
    Route("POST", f"{ACTIONS}/Oem/{RESERVE}", reserve),
    Route("POST", f"{ACTIONS}/Oem/{RELEASE}", release),
)
