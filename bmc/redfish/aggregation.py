"""AggregationService: a power action on many Systems, batch after batch, as one Task; and named groups of Systems.

An aggregate is there for callers in whose scope all of its Systems are.
"""

from collections.abc import Awaitable, Callable

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_pascal

from bmc.aggregates import Aggregate
from bmc.events import Target
from bmc.model.caller import Role
from bmc.model.errors import NotFound
from bmc.model.power import PowerAction
from bmc.redfish.body import Body, Reference
from bmc.redfish.errors import RedfishError, not_found
from bmc.redfish.messages import message
from bmc.redfish.router import Call, Reply, Route, require
from bmc.redfish.system_body import SYSTEMS, system_path
from bmc.redfish.tasks import POLL_AFTER, monitor_path, task_body
from bmc.redfish.types import JsonObject, collection, link, links, resource

SERVICE = "/redfish/v1/AggregationService"
AGGREGATES = f"{SERVICE}/Aggregates"
AGGREGATE = f"{AGGREGATES}/{{aggregate}}"
RESET_ALL, RESET = "AggregationService.Reset", "Aggregate.Reset"
ADD, REMOVE = "Aggregate.AddElements", "Aggregate.RemoveElements"
BATCH = 10
"""How many at once where nobody says."""
MOST = 10_000


class NewAggregate(Body):
    name: str = Field(default="Aggregate", min_length=1, max_length=200)
    elements: tuple[Reference, ...] = Field(min_length=1, max_length=MOST)


class ElementsBody(Body):
    elements: tuple[Reference, ...] = Field(min_length=1, max_length=MOST)


class ResetBody(Body):
    reset_type: PowerAction
    batch_size: int = Field(default=BATCH, ge=1, le=MOST)
    delay_between_batches_in_seconds: int = Field(default=0, ge=0, le=24 * 3600)


class ResetAllBody(ResetBody):
    model_config = ConfigDict(alias_generator=lambda name: to_pascal(name).replace("Uris", "URIs"))
    target_uris: tuple[str, ...] = Field(min_length=1, max_length=MOST)


async def service(call: Call) -> Reply:
    body = resource(SERVICE, "AggregationService", Id="AggregationService", Name="Aggregation", ServiceEnabled=True)
    body |= {
        "Status": {"State": "Enabled", "Health": "OK"},
        "Aggregates": link(AGGREGATES),
        "Actions": {f"#{RESET_ALL}": _action(SERVICE, RESET_ALL)},
    }
    return Reply(body)


async def list_aggregates(call: Call) -> Reply:
    found = [aggregate for aggregate in await call.house.aggregates.list() if _sees(call, aggregate)]
    return Reply(collection(AGGREGATES, "AggregateCollection", "Aggregates", links([_path(each) for each in found])))


async def get_aggregate(call: Call) -> Reply:
    return Reply(_body(await _find(call)))


async def create_aggregate(call: Call) -> Reply:
    wanted = call.body(NewAggregate)
    nodes = _nodes(call, [element.id for element in wanted.elements], "Elements")
    await _require(call, nodes, "create-aggregate")
    aggregate = await call.house.aggregates.create(wanted.name, nodes)
    await _audit(call, "create-aggregate", aggregate)
    return Reply(_body(aggregate), 201, {"Location": _path(aggregate)})


async def delete_aggregate(call: Call) -> Reply:
    aggregate = await _find(call)
    await _require(call, aggregate.nodes, "delete-aggregate")
    await call.house.aggregates.delete(aggregate.id)
    await _audit(call, "delete-aggregate", aggregate)
    return Reply(status=204)


async def add_elements(call: Call) -> Reply:
    return await _change(call, ADD, call.house.aggregates.add)


async def remove_elements(call: Call) -> Reply:
    return await _change(call, REMOVE, call.house.aggregates.remove)


async def _change(call: Call, action: str, change: Callable[[str, list[str]], Awaitable[Aggregate]]) -> Reply:
    aggregate = await _find(call)
    nodes = _nodes(call, [element.id for element in call.body(ElementsBody, action).elements], "Elements", action)
    await _require(call, [*aggregate.nodes, *nodes], "change-aggregate")
    await _audit(call, "change-aggregate", await change(aggregate.id, nodes))
    return Reply(status=204)


async def reset_aggregate(call: Call) -> Reply:
    aggregate = await _find(call)
    return await _reset(call, call.body(ResetBody, RESET), aggregate.nodes)


async def reset_all(call: Call) -> Reply:
    wanted = call.body(ResetAllBody, RESET_ALL)
    return await _reset(call, wanted, _nodes(call, wanted.target_uris, "TargetURIs", RESET_ALL))


async def _reset(call: Call, wanted: ResetBody, nodes: list[str] | tuple[str, ...]) -> Reply:
    delay = wanted.delay_between_batches_in_seconds
    job = await call.house.jobs.sweep(wanted.reset_type, nodes, wanted.batch_size, delay, call.caller)
    return Reply(task_body(job, call.caller), 202, {"Location": monitor_path(job.id), "Retry-After": POLL_AFTER})


def _nodes(call: Call, paths: list[str] | tuple[str, ...], name: str, action: str = "") -> list[str]:
    """The nodes behind these paths of Systems, each once. :raise RedfishError: 400, with every one that is none."""
    there = {system_path(node.snapshot.name): node.snapshot.name for node in call.house.fleet.visible(call.caller)}
    problems = []
    for index, path in enumerate(paths):
        if path.rstrip("/") not in there:
            related = f"#/{name}/{index}" + ("/@odata.id" if name == "Elements" else "")
            text = f"{name}: {path[:200]!r} is no System; expected a path as {SYSTEMS}/NAME."
            arguments = (path[:200], name, action) if action else (path[:200], name)
            kind = "ActionParameterValueNotInList" if action else "PropertyValueNotInList"
            problems.append(message(kind, *arguments, text=text, related=related))
    if problems:
        raise RedfishError(400, problems[:50])
    return list(dict.fromkeys(there[path.rstrip("/")] for path in paths))


def _sees(call: Call, aggregate: Aggregate) -> bool:
    """One without a System is there for those who see the whole fleet."""
    if not aggregate.nodes:
        return call.caller.scope.all_nodes
    return {node.snapshot.name for node in call.house.fleet.visible(call.caller)}.issuperset(aggregate.nodes)


async def _find(call: Call) -> Aggregate:
    try:
        aggregate = await call.house.aggregates.get(call.params["aggregate"])
    except NotFound:
        raise not_found(call.path) from None
    if not _sees(call, aggregate):
        raise not_found(call.path)
    return aggregate


async def _require(call: Call, nodes: list[str] | tuple[str, ...], action: str) -> None:
    """An operator of all of them. :raise Denied:"""
    for name in nodes:
        tags = call.house.fleet.node(name).snapshot.definition.tags
        await require(call, Role.OPERATOR, action, name, tags)
    if not nodes:
        await require(call, Role.OPERATOR, action)


async def _audit(call: Call, action: str, aggregate: Aggregate) -> None:
    details = {"name": aggregate.name, "nodes": list(aggregate.nodes)}
    await call.house.audit.record(call.caller, action, aggregate.id, "ok", details, Target.AGGREGATE)


def _path(aggregate: Aggregate) -> str:
    return f"{AGGREGATES}/{aggregate.id}"


def _action(path: str, name: str) -> JsonObject:
    return {
        "target": f"{path}/Actions/{name}",
        "ResetType@Redfish.AllowableValues": [action.value for action in PowerAction],
    }


def _body(aggregate: Aggregate) -> JsonObject:
    path = _path(aggregate)
    body = resource(
        path,
        "Aggregate",
        Id=aggregate.id,
        Name=aggregate.name,
        Elements=links([system_path(node) for node in aggregate.nodes]),
        ElementsCount=len(aggregate.nodes),
        Actions={
            f"#{RESET}": _action(path, RESET),
            f"#{ADD}": {"target": f"{path}/Actions/{ADD}"},
            f"#{REMOVE}": {"target": f"{path}/Actions/{REMOVE}"},
        },
    )
    return body | {"Elements@odata.count": len(aggregate.nodes)}


ROUTES = (
    Route("GET", SERVICE, service),
    Route("POST", f"{SERVICE}/Actions/{RESET_ALL}", reset_all),
    Route("GET", AGGREGATES, list_aggregates),
    Route("POST", AGGREGATES, create_aggregate),
    Route("GET", AGGREGATE, get_aggregate),
    Route("DELETE", AGGREGATE, delete_aggregate),
    Route("POST", f"{AGGREGATE}/Actions/{RESET}", reset_aggregate),
    Route("POST", f"{AGGREGATE}/Actions/{ADD}", add_elements),
    Route("POST", f"{AGGREGATE}/Actions/{REMOVE}", remove_elements),
)
