"""One request from its first header to its reply: authenticate, authorise, check, call the handler, translate."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace

from aiohttp import web

from bmc.events import Target
from bmc.model.caller import Caller, Door, Role, Scope
from bmc.model.errors import BmcError, InvalidOptions
from bmc.redfish import query as queries
from bmc.redfish.authentication import Identity, Unauthenticated, authenticate, cookie_token, session_token
from bmc.redfish.body import wrong_options
from bmc.redfish.compression import pack
from bmc.redfish.errors import RedfishError, fail, not_found, translate
from bmc.redfish.etag import permits, unchanged
from bmc.redfish.house import House
from bmc.redfish.negotiation import JSON, check_accept, check_content_type
from bmc.redfish.router import Call, Reply, Route, Router, require, written
from bmc.redfish.types import JsonObject, schema

BODY_LIMIT = 256 * 1024
BODY_SECONDS = 30
NOBODY = Identity(Caller("", Role.READ_ONLY, Scope(all_nodes=False), Door.REDFISH))

log = logging.getLogger(__name__)


class RedfishDoor:
    """The aiohttp handler of everything under /redfish."""

    def __init__(self, house: House, router: Router) -> None:
        self._house = house
        self._router = router

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = "/" + request.rel_url.raw_path.strip("/")
        routes, params = self._router.match(path)
        try:
            response = await self._answer(request, path, routes, params)
        except RedfishError as error:
            response = _error_response(request, error)
        except InvalidOptions as error:
            response = _error_response(request, wrong_options(error))
        except BmcError as error:
            response = _error_response(request, translate(error, path))
        except web.HTTPRequestEntityTooLarge:
            response = _error_response(request, fail(413, "PayloadTooLarge"))
        except Exception:
            log.exception("%s %s failed", request.method, path)
            response = _error_response(request, fail(500, "InternalError"))
        if routes and not response.prepared:
            response.headers["Allow"] = _allowed(routes)
        return response

    async def _answer(
        self, request: web.Request, path: str, routes: Mapping[str, Route], params: dict[str, str]
    ) -> web.StreamResponse:
        route = routes.get("GET" if request.method == "HEAD" else request.method)
        identity = await self._identify(request, route or routes.get("GET"))
        if not routes:
            raise not_found(path)
        if request.headers.get("OData-Version", "4.0") != "4.0":
            raise fail(412, "HeaderInvalid", "OData-Version", text="This service speaks OData-Version 4.0 only.")
        if request.method == "OPTIONS":
            return _respond(request, 204, {})
        if route is None:
            raise fail(405, "OperationNotAllowed")
        check_accept(",".join(request.headers.getall("Accept", ())), route.media)
        if request.body_exists:
            check_content_type(request.headers.get("Content-Type", ""), route.takes)
        raw = await _read(request) if route.takes == JSON else b""
        call = Call(self._house, identity, path, params, request, raw)
        await self._authorise(call, route)
        if route.method == "GET":
            queries.check(request.query)
            reply = await route.handler(call)
        else:
            queries.refuse(request.query)
            reply = await self._change(call, route, routes)
        if isinstance(reply, web.StreamResponse):
            return reply
        response = await self._finish(call, reply, route)
        if route.method == "GET":
            await pack(request, response)
        return response

    async def _identify(self, request: web.Request, route: Route | None) -> Identity:
        if route is not None and route.role is None and not _shows_more(request):
            return NOBODY
        try:
            return await authenticate(request, self._house.sign_in, self._house.only)
        except Unauthenticated as error:
            # A browser would show a dialogue of its own for a challenge to a script's request.
            script = request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate"
            challenge = {} if script or cookie_token(request) else {"WWW-Authenticate": 'Basic realm="Lightsout"'}
            refusal = fail(401, "NoValidSession", text=str(error))
            refusal.headers.update(challenge)
            raise refusal from None

    async def _authorise(self, call: Call, route: Route) -> None:
        """Commands to nodes are decided by Node; this is for all else, by the role the row says."""
        if route.role is None:
            return
        if call.identity is NOBODY:
            raise fail(401, "NoValidSession")
        if route.role is Role.READ_ONLY:
            return
        await require(call, route.role, f"{route.method} {call.path}", target=call.path, kind=Target.PATH)

    async def _change(self, call: Call, route: Route, routes: Mapping[str, Route]) -> Reply | web.StreamResponse:
        """Changes of one resource come one after the other, so that its If-Match holds until the change is made. What
        is no JSON may take long, and sees to that itself.
        """
        if route.method == "POST" or route.takes != JSON:
            return await route.handler(call)
        async with call.house.changing.setdefault(call.path, asyncio.Lock()):
            if "If-Match" in call.request.headers:
                await self._check_match(call, routes)
            return await route.handler(call)

    async def _check_match(self, call: Call, routes: Mapping[str, Route]) -> None:
        current = await self._get(call, routes.get("GET"))
        if current is None or not permits(call.request.headers["If-Match"], str(current.get("@odata.etag", ""))):
            raise fail(412, "PreconditionFailed")

    async def _finish(self, call: Call, reply: Reply, route: Route) -> web.Response:
        """Its ETag, and what the query asks for."""
        if reply.body is None:
            return _respond(call.request, reply.status, reply.headers)
        body, query = reply.tagged, call.request.query
        headers = {"Link": f"<{schema(body)}>; rel=describedby", **reply.headers}
        if route.method == "GET" and query:
            # What is sent is no longer what the ETag is of: a 304 for it would hide a change of a member.
            body = await queries.apply(body, call.path, query, lambda path: self._fetch(call, path), reply.paged)
            return _respond(call.request, reply.status, headers, written(body))
        if "@odata.etag" in body:
            headers["ETag"] = str(body["@odata.etag"])
        return _respond(call.request, reply.status, headers, reply.text)

    async def _fetch(self, call: Call, path: str) -> JsonObject | None:
        """Another resource, as this caller sees it; None if it may not, or if it is gone meanwhile."""
        routes, params = self._router.match(path)
        try:
            return await self._get(replace(call, path=path.rstrip("/"), params=params), routes.get("GET"))
        except (BmcError, RedfishError):
            return None

    async def _get(self, call: Call, route: Route | None) -> JsonObject | None:
        if route is None:
            return None
        await self._authorise(call, route)
        reply = await route.handler(call)
        if not isinstance(reply, Reply) or reply.body is None:
            return None
        return reply.tagged


def _shows_more(request: web.Request) -> bool:
    """What anybody may read leads, with $expand, to what only those who have signed in may; others get the links."""
    credentials = "Authorization" in request.headers or session_token(request)
    return request.method in ("GET", "HEAD") and "$expand" in request.query and bool(credentials)


async def _read(request: web.Request) -> bytes:
    """:raise HTTPRequestEntityTooLarge: over the application's limit. :raise RedfishError: too slow."""
    if not request.body_exists:
        return b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError:
        raise fail(408, "GeneralError", text=f"The request body did not arrive within {BODY_SECONDS} s.") from None


def _allowed(routes: Mapping[str, Route]) -> str:
    return ", ".join(["GET", "HEAD", *sorted(routes.keys() - {"GET"})] if "GET" in routes else sorted(routes))


def _error_response(request: web.Request, error: RedfishError) -> web.Response:
    return _respond(request, error.status, error.headers, written(error.body))


def _respond(request: web.Request, status: int, more: Mapping[str, str], text: str = "") -> web.Response:
    headers = {"OData-Version": "4.0", "Cache-Control": "no-store", **more}
    known = request.headers.get("If-None-Match")
    if known and "ETag" in headers and request.method in ("GET", "HEAD") and unchanged(known, headers["ETag"]):
        return web.Response(status=304, headers=headers)
    if not text:
        return web.Response(status=status, headers=headers)
    return web.Response(text=text, status=status, headers=headers, content_type="application/json")
