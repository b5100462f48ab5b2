"""The application factory: everything wired by arguments, nothing global."""

import logging
import time
from pathlib import Path
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import CONTENT_TYPE_LATEST

from bmc.accounts import Accounts, Credentials
from bmc.aggregates import Aggregates
from bmc.assignments import Assignments
from bmc.events import Audit, Events
from bmc.fleet import Fleet
from bmc.hooks import Hooks
from bmc.http import console, session, static
from bmc.http.health import HEALTH, Health, health
from bmc.http.keys import HOUSE, METRICS, PROXIES
from bmc.http.metrics import IpmiFigures, Metrics
from bmc.http.proxies import Networks, proxy_middleware
from bmc.http.security import OriginCheck, add_headers, host_middleware, origin_middleware
from bmc.images.library import Library
from bmc.jobs import Jobs
from bmc.model.clock import Clock
from bmc.model.errors import BmcError
from bmc.model.software import Software
from bmc.power.safety import Safety
from bmc.redfish.authentication import Unauthenticated, authenticate
from bmc.redfish.closing import Closing
from bmc.redfish.door import BODY_LIMIT, RedfishDoor
from bmc.redfish.house import House, IpmiDoors, SshConsoles, WebCertificate
from bmc.redfish.image_list import ImageList
from bmc.redfish.router import Router
from bmc.redfish.tree import all_routes
from bmc.store import Store

log = logging.getLogger(__name__)


class Ipmi(IpmiDoors, IpmiFigures, Protocol):
    """What is used of the IPMI door."""


def make_app(
    *,
    accounts: Accounts,
    credentials: Credentials,
    fleet: Fleet,
    events: Events,
    audit: Audit,
    jobs: Jobs,
    hooks: Hooks,
    aggregates: Aggregates,
    library: Library,
    ipmi: Ipmi,
    ssh: SshConsoles | None,
    safety: Safety,
    assignments: Assignments,
    store: Store,
    clock: Clock,
    software: tuple[Software, ...],
    certificate: WebCertificate | None,
    page: Path,
    origins: frozenset[str] = frozenset(),
    proxies: Networks = (),
) -> web.Application:
    """`page` is the directory of the built page; `origins` are those of reverse proxies that show us; `proxies` are
    the addresses of those that are believed who asks them.
    """
    house = House(
        accounts=accounts,
        credentials=credentials,
        fleet=fleet,
        events=events,
        audit=audit,
        jobs=jobs,
        hooks=hooks,
        aggregates=aggregates,
        catalogue=library.images.catalogue,
        library=library,
        image_list=ImageList(library.images.catalogue, clock),
        ipmi=ipmi,
        ssh=ssh,
        safety=safety,
        assignments=assignments,
        clock=clock,
        software=software,
        certificate=certificate,
        closing=Closing(accounts),
        sign_in=accounts,
        state=store.path.parent,
        started=clock.now(),
    )
    metrics = Metrics(house, ipmi)
    app = web.Application(
        client_max_size=BODY_LIMIT,
        middlewares=_middlewares(metrics, origins, proxies),
    )
    app[PROXIES] = proxies
    app[HOUSE], app[METRICS], app[HEALTH], app[static.PAGE] = house, metrics, Health(store, clock), page.resolve()
    app.on_response_prepare.append(add_headers)
    app.on_shutdown.append(_end_streams)
    app.router.add_route("*", "/redfish{path:.*}", RedfishDoor(house, Router(all_routes())).handle)
    app.router.add_get("/metrics", _metrics)
    app.router.add_get("/healthz", health)
    app.router.add_routes([*session.ROUTES, *console.ROUTES, *static.ROUTES])
    return app


def make_node_app(fleet: web.Application, router: Router, node: str) -> web.Application:
    """What `fleet`, made by `make_app`, shows at the node's own endpoint: Redfish and the node's consoles.

    `router`, of `node_routes()`, is shared by all nodes.
    """
    house = fleet[HOUSE].of(node)
    middlewares = _middlewares(fleet[METRICS], frozenset(), fleet[PROXIES])
    app = web.Application(client_max_size=BODY_LIMIT, middlewares=middlewares)
    app[HOUSE], app[PROXIES] = house, fleet[PROXIES]
    app.on_response_prepare.append(add_headers)
    app.on_shutdown.append(_end_node_streams)
    app.router.add_route("*", "/redfish{path:.*}", RedfishDoor(house, router).handle)
    app.router.add_routes(console.ROUTES)
    return app


def _middlewares(metrics: Metrics, origins: frozenset[str], proxies: Networks) -> list[Middleware]:
    told = [proxy_middleware(proxies), _counting(metrics), _translating]
    return [*told, host_middleware, origin_middleware(OriginCheck(origins))]


async def _end_node_streams(app: web.Application) -> None:
    app[HOUSE].closing.stop_node(app[HOUSE].only)


async def _end_streams(app: web.Application) -> None:
    """Open WebSockets and event streams would hold up the end of the service."""
    app[HOUSE].closing.stop()


async def _metrics(request: web.Request) -> web.Response:
    """Any account may read them; nodes are those in its scope."""
    try:
        identity = await authenticate(request, request.app[HOUSE].accounts)
    except Unauthenticated as error:
        raise web.HTTPUnauthorized(text=str(error), headers={"WWW-Authenticate": 'Basic realm="Lightsout"'}) from None
    return web.Response(
        body=await request.app[METRICS].text(identity.caller), headers={"Content-Type": CONTENT_TYPE_LATEST}
    )


def _counting(metrics: Metrics) -> Middleware:
    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        since = time.perf_counter()
        try:
            response = await handler(request)
        except web.HTTPException as refusal:
            metrics.count(request, refusal, since)
            raise
        metrics.count(request, response, since)
        return response

    return middleware


@web.middleware
async def _translating(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Outside of Redfish an error of the house is a short text."""
    try:
        return await handler(request)
    except BmcError as error:
        log.warning("%s %s: %s", request.method, request.path, error)
        return web.json_response({"error": str(error)}, status=500)
