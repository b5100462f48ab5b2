"""What one can do to the service itself: emergency stop, assignments, credentials, and plans of many nodes."""

import asyncio
import os
from uuid import uuid4

from pydantic import Field, JsonValue

from bmc.model.assignment import Answer, Assignment
from bmc.model.caller import Role
from bmc.model.errors import BmcError, InvalidOptions, NotFound, Refused
from bmc.model.node import NodeDefinition
from bmc.redfish import oem
from bmc.redfish.body import Body, Nothing, Tags
from bmc.redfish.csdl import Action
from bmc.redfish.manager_network import SERVICE_MANAGER
from bmc.redfish.router import Call, Reply, Route, require
from bmc.redfish.types import JsonObject, moment

ACTIONS = f"{SERVICE_MANAGER}/Actions/Oem"
STOP, RELEASE, ANSWER = "Lightsout.EmergencyStop", "Lightsout.ReleaseEmergencyStop", "Lightsout.AnswerAssignment"
PLAN_NODES = "Lightsout.PlanNodes"
RENEW_CERTIFICATE = "Lightsout.RenewCertificate"
SET_CREDENTIAL, DELETE_CREDENTIAL = "Lightsout.SetCredential", "Lightsout.DeleteCredential"


class StopBody(Body):
    """Without a reason it is pressed all the same."""

    reason: str = Field(default="no reason was given", min_length=1, max_length=500)


class AnswerBody(Body):
    id: str = Field(max_length=64)
    answer: Answer


class CredentialBody(Body):
    name: str = Field(max_length=64)
    user_name: str = Field(min_length=1, max_length=256)
    password: str = Field(min_length=1, max_length=1024)


class CredentialName(Body):
    name: str = Field(max_length=64)


class NodeBody(Body):
    name: str = Field(max_length=253)
    driver: str = Field(max_length=64)
    options: dict[str, JsonValue] = Field(default_factory=dict)
    tags: Tags = ()


class NodesBody(Body):
    nodes: tuple[NodeBody, ...] = Field(min_length=1, max_length=1000)


OEM_ACTIONS = (
    Action(STOP, StopBody, "Hold all hardware still, at once, until it is released."),
    Action(RELEASE, Nothing, "Let hardware move again."),
    Action(ANSWER, AnswerBody, "Say that what a person was asked to do at a server is done, or could not be."),
    Action(SET_CREDENTIAL, CredentialBody, "Keep what the service signs in with at machines, or replace it."),
    Action(DELETE_CREDENTIAL, CredentialName, "Forget what the service signs in with, where no server needs it."),
    Action(RENEW_CERTIFICATE, Nothing, "Serve HTTPS with a new self-signed certificate for the same names."),
    Action(PLAN_NODES, NodesBody, "Check what declares servers, and tell what it would do.", oem.NodePlans),
)
"""Each action of our own."""


def offered(call: Call) -> JsonObject:
    """What the caller may do; the emergency stop only where there is hardware that it could hold."""
    caller = call.caller
    operates = caller.role.rank >= Role.OPERATOR.rank
    actions: JsonObject = {}
    if operates:
        answers = {"Answer@Redfish.AllowableValues": [answer.value for answer in Answer]}
        actions[f"#{ANSWER}"] = {"target": f"{ACTIONS}/{ANSWER}", **answers}
    if operates and caller.scope.all_nodes and _has_hardware(call):
        actions[f"#{STOP}"] = {"target": f"{ACTIONS}/{STOP}"}
    if caller.role is Role.ADMINISTRATOR:
        actions[f"#{PLAN_NODES}"] = {"target": f"{ACTIONS}/{PLAN_NODES}"}
    if caller.governs:
        actions |= {
            f"#{name}": {"target": f"{ACTIONS}/{name}"} for name in (RELEASE, SET_CREDENTIAL, DELETE_CREDENTIAL)
        }
    certificate = call.house.certificate
    if caller.governs and certificate is not None and not certificate.fixed:
        actions[f"#{RENEW_CERTIFICATE}"] = {"target": f"{ACTIONS}/{RENEW_CERTIFICATE}"}
    return actions


def state(call: Call) -> oem.LightsoutManager:
    stopped = call.house.safety.stopped
    return oem.LightsoutManager(
        EmergencyStop=oem.EmergencyStop(
            Pressed=stopped is not None,
            Account=stopped.account if stopped else None,
            Reason=stopped.reason if stopped else None,
            Since=moment(stopped.at) if stopped else None,
        ),
        Assignments=[_assignment(each) for each in _seen(call)],
        Credentials=_credentials(call) if call.caller.governs else None,
        SSHHostKeyFingerprint=call.house.ssh.fingerprint if call.house.ssh else None,
        DiskSpace=_disk_space(call) if call.caller.governs else None,
    )


def _disk_space(call: Call) -> oem.DiskSpace:
    disk = os.statvfs(call.house.state)
    return oem.DiskSpace(TotalBytes=disk.f_blocks * disk.f_frsize, FreeBytes=disk.f_bavail * disk.f_frsize)


async def stop(call: Call) -> Reply:
    reason = call.body(StopBody, STOP).reason
    await require(call, Role.OPERATOR, "emergency-stop")
    await call.house.safety.stop(call.caller.account, reason)
    await call.house.audit.record(call.caller, "emergency-stop", "", "ok", {"reason": reason})
    return Reply(status=204)


async def release(call: Call) -> Reply:
    call.body(Nothing, RELEASE)
    await require(call, Role.ADMINISTRATOR, "release-emergency-stop")
    await call.house.safety.release(call.caller.account)
    await call.house.audit.record(call.caller, "release-emergency-stop", "", "ok")
    return Reply(status=204)


async def answer(call: Call) -> Reply:
    """One of a node beyond the caller's scope does not exist for it."""
    given = call.body(AnswerBody, ANSWER)
    found = next((each for each in _seen(call) if each.id == given.id), None)
    if found is None:
        raise NotFound(f"there is no open assignment {given.id}; it was answered, or its time is up")
    await require(call, Role.OPERATOR, "answer-assignment", found.node, call.house.fleet.tags(found.node))
    call.house.assignments.answer(found.id, given.answer, call.caller)
    details = {"assignment": found.text, "answer": given.answer.value}
    await call.house.audit.record(call.caller, "answer-assignment", found.node, "ok", details)
    return Reply(status=204)


async def set_credential(call: Call) -> Reply:
    wanted = call.body(CredentialBody, SET_CREDENTIAL)
    await require(call, Role.ADMINISTRATOR, "set-credential")
    await call.house.credentials.put(wanted.name, wanted.user_name, wanted.password)
    details = {"credential": wanted.name, "user": wanted.user_name}
    await call.house.audit.record(call.caller, "set-credential", "", "ok", details)
    return Reply(status=204)


async def delete_credential(call: Call) -> Reply:
    name = call.body(CredentialName, DELETE_CREDENTIAL).name
    await require(call, Role.ADMINISTRATOR, "delete-credential")
    credentials = call.house.credentials
    users = call.house.fleet.using_credential(name)
    if users and name not in credentials.fixed:
        raise Refused(f"credential {name!r} is named by {', '.join(users)}; change or remove them first")
    await credentials.delete(name)
    await call.house.audit.record(call.caller, "delete-credential", "", "ok", {"credential": name})
    return Reply(status=204)


async def plan_nodes(call: Call) -> Reply:
    plans = []
    for each in call.body(NodesBody, PLAN_NODES).nodes:
        plans.append(_node_plan(call, each))
        await asyncio.sleep(0)  # a thousand nodes keep nobody waiting
    return Reply({**oem.NodePlans(Nodes=plans)})


def _node_plan(call: Call, wanted: NodeBody) -> oem.NodePlan:
    definition = NodeDefinition(wanted.name, uuid4(), wanted.driver, dict(wanted.options), frozenset(wanted.tags))
    plan = oem.NodePlan(Name=wanted.name, Action="None", Changes=[], Problems=[])
    try:
        differences = call.house.fleet.differences(definition, call.caller)
    except InvalidOptions as error:
        return {**plan, "Problems": [error.words(problem) for problem in error.problems]}
    except BmcError as error:
        return {**plan, "Problems": [str(error)]}
    action = "Add" if differences is None else "Change" if differences else "None"
    return {**plan, "Action": action, "Changes": differences or []}


def _credentials(call: Call) -> list[oem.Credential]:
    """One that the store has too is shown as it is used: as the configuration file has it."""
    fixed = call.house.credentials.fixed
    users = {**call.house.credentials.users(), **fixed}
    return [
        oem.Credential(
            Name=name, UserName=user, Configured=name in fixed, UsedBy=call.house.fleet.using_credential(name)
        )
        for name, user in sorted(users.items())
    ]


def _has_hardware(call: Call) -> bool:
    return any(not node.snapshot.definition.is_virtual for node in call.house.fleet.visible(call.caller))


def _seen(call: Call) -> list[Assignment]:
    scope, tags = call.caller.scope, call.house.fleet.tags
    return [each for each in call.house.assignments.open() if scope.covers(each.node, tags(each.node))]


def _assignment(assignment: Assignment) -> oem.Assignment:
    return oem.Assignment(
        Id=assignment.id,
        Node=assignment.node,
        Text=assignment.text,
        Asked=moment(assignment.at),
        Deadline=moment(assignment.deadline),
    )


ROUTES = (
    Route("POST", f"{ACTIONS}/{STOP}", stop),
    Route("POST", f"{ACTIONS}/{RELEASE}", release),
    Route("POST", f"{ACTIONS}/{ANSWER}", answer),
    Route("POST", f"{ACTIONS}/{PLAN_NODES}", plan_nodes),
    Route("POST", f"{ACTIONS}/{SET_CREDENTIAL}", set_credential),
    Route("POST", f"{ACTIONS}/{DELETE_CREDENTIAL}", delete_credential),
)
