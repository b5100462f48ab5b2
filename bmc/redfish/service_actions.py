"""What one can do to the service itself: press and release the emergency stop, answer what people are asked to do."""

from pydantic import Field

from bmc.model.assignment import Answer, Assignment
from bmc.model.caller import Role
from bmc.model.errors import NotFound
from bmc.redfish import oem
from bmc.redfish.body import Body, Nothing
from bmc.redfish.csdl import Action
from bmc.redfish.manager_network import SERVICE_MANAGER
from bmc.redfish.router import Call, Reply, Route, governs, require
from bmc.redfish.types import JsonObject, moment

ACTIONS = f"{SERVICE_MANAGER}/Actions/Oem"
STOP, RELEASE, ANSWER = "Lightsout.EmergencyStop", "Lightsout.ReleaseEmergencyStop", "Lightsout.AnswerAssignment"


class StopBody(Body):
    """Without a reason it is pressed all the same."""

    reason: str = Field(default="no reason was given", min_length=1, max_length=500)


class AnswerBody(Body):
    id: str = Field(max_length=64)
    answer: Answer


OEM_ACTIONS = (
    Action(STOP, StopBody, "Hold all hardware still, at once, until it is released."),
    Action(RELEASE, Nothing, "Let hardware move again."),
    Action(ANSWER, AnswerBody, "Say that what a person was asked to do at a server is done, or could not be."),
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
    if governs(caller):
        actions[f"#{RELEASE}"] = {"target": f"{ACTIONS}/{RELEASE}"}
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
    )


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
)
