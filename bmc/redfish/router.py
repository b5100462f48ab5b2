"""Routes as data: a method, a path, a handler, and the least role that may call it."""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import unquote

from aiohttp import web

from bmc.accounts import decide
from bmc.events import REFUSED, Target
from bmc.model.caller import Caller, Role
from bmc.model.errors import Denied, NotFound
from bmc.node import Node
from bmc.redfish.authentication import Identity
from bmc.redfish.body import M, parse
from bmc.redfish.etag import make_etag
from bmc.redfish.house import House
from bmc.redfish.negotiation import JSON
from bmc.redfish.types import JsonObject


@dataclass(frozen=True)
class Reply:
    """`editable` is the part of the body that a client may change, when it is not all of it: If-Match compares that.
    `paged`: its members are those that $filter, $skip and $top ask for.

    What is made of the body is made once, as a handler may give the same reply again.
    """

    body: JsonObject | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    editable: object = None
    paged: bool = False

    @cached_property
    def tagged(self) -> JsonObject:
        """The body with its ETag; documents that are no resources (DSP0266 §6.3) carry none."""
        body = self.body or {}
        if "@odata.id" not in body:
            return body
        # What is told of the request stands in this one answer alone: the ETag is that of the resource as it is read.
        resource = {name: value for name, value in body.items() if name != "@Message.ExtendedInfo"}
        return body | {"@odata.etag": make_etag(resource, self.editable)}

    @cached_property
    def text(self) -> str:
        """What goes over the wire."""
        return written(self.tagged)


def written(body: JsonObject) -> str:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Call:
    """One request, authenticated. `path` has no trailing slash; `params` are the path's variable parts."""

    house: House
    identity: Identity
    path: str
    params: Mapping[str, str]
    request: web.Request
    raw: bytes = b""

    @property
    def caller(self) -> Caller:
        return self.identity.caller

    def body(self, model: type[M], action: str = "", readable: Mapping[str, object] | None = None) -> M:
        """:raise RedfishError: 400, with every problem in it."""
        return parse(model, self.raw, action, readable)

    def node(self) -> Node:
        """The node of this path or endpoint. One beyond the caller's scope does not exist for it. :raise NotFound:"""
        name = self.params.get("node", self.house.only)
        node = self.house.fleet.node(name)
        if not self.caller.scope.covers(name, node.snapshot.definition.tags):
            raise NotFound(f"there is no node {name!r}")
        return node


async def require(
    call: Call,
    role: Role,
    action: str,
    node: str = "",
    tags: frozenset[str] = frozenset(),
    target: str = "",
    kind: Target = Target.NODE,
) -> None:
    """The one decision, for what is no command to a node; a refusal is audited, as Node audits its own.

    `target` and its `kind` are what the audit names, if it is not the node. :raise Denied:
    """
    try:
        decide(call.caller, role, node, tags, action)
    except Denied:
        await call.house.audit.record(call.caller, action, target or node, REFUSED, kind=kind)
        raise


def narrowed(caller: Caller, house: House) -> bool:
    """Whether an API token was shown that may less than its account: it learns and changes nothing that is the
    account's own.
    """
    account = house.accounts.find(caller.account)
    whole = account is not None and (account.role, account.scope) == (caller.role, caller.scope)
    return bool(caller.token) and not whole


Handler = Callable[[Call], Awaitable[Reply | web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Route:
    """`role` None: no authentication (DSP0266 §13.3.5). `media` is what the handler may answer with. What it `takes`,
    if no JSON, it reads itself.
    """

    method: str
    path: str
    handler: Handler
    role: Role | None = Role.READ_ONLY
    media: tuple[str, ...] = (JSON,)
    takes: str = JSON


@dataclass(slots=True)
class _Branch:
    children: dict[str, "_Branch"] = field(default_factory=dict)
    variable: "_Branch | None" = None
    name: str = ""
    routes: dict[str, Route] = field(default_factory=dict)


class Router:
    """Finds the routes of a path: a tree of its segments, `{name}` standing for any one."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Branch()
        for route in routes:
            branch = self._root
            for segment in _segments(route.path):
                branch = _grow(branch, segment)
            if route.method in branch.routes:
                raise ValueError(f"two routes for {route.method} {route.path}")
            branch.routes[route.method] = route

    def match(self, path: str) -> tuple[Mapping[str, Route], dict[str, str]]:
        """The path's routes by method, none if there is no such path; and its variable parts."""
        branch, params = self._root, {}
        for segment in _segments(path):
            if segment in branch.children:
                branch = branch.children[segment]
            elif branch.variable is not None:
                params[branch.name] = unquote(segment)
                branch = branch.variable
            else:
                return {}, {}
        return branch.routes, params


def _segments(path: str) -> list[str]:
    """A trailing slash means nothing (DSP0266 §6.6)."""
    return path.strip("/").split("/")


def _grow(branch: _Branch, segment: str) -> _Branch:
    if not segment.startswith("{"):
        return branch.children.setdefault(segment, _Branch())
    if branch.variable is None:
        branch.variable, branch.name = _Branch(), segment.strip("{}")
    if branch.name != segment.strip("{}"):
        raise ValueError(f"{segment} is called {branch.name} in another route")
    return branch.variable
