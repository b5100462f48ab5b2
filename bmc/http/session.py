"""The page's sign-in: an HttpOnly cookie, since WebSocket and EventSource in a browser can carry nothing else."""

import asyncio

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from bmc.events import Target
from bmc.http.keys import HOUSE
from bmc.model.caller import Door
from bmc.model.errors import Denied, NotFound
from bmc.redfish.authentication import Unauthenticated, authenticate, cookie_name, cookie_token

BODY_SECONDS = 30


class SignIn(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    user: str
    password: str


async def sign_in(request: web.Request) -> web.Response:
    """204 and the cookie; 401 with the reason."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            wanted = SignIn.model_validate_json(await request.read())
    except ValidationError:
        return _error(400, 'expected {"user": "…", "password": "…"}')
    except TimeoutError:
        return _error(408, "the request did not arrive in time")
    house, address = request.app[HOUSE], request.remote or ""
    try:
        session = await house.accounts.open_session(wanted.user, wanted.password, address, Door.WEB)
    except Denied as error:
        return _error(401, str(error))
    caller = house.accounts.caller(session.token, address)
    if caller is not None:
        details = {"session": session.id}
        await house.audit.record(caller, "sign-in", session.account, "ok", details, Target.ACCOUNT)
    response = web.Response(status=204, headers={"Cache-Control": "no-store"})
    name = cookie_name(request)
    response.set_cookie(name, session.token, httponly=True, samesite="Strict", path="/", secure=request.secure)
    return response


async def who(request: web.Request) -> web.Response:
    """Who is signed in."""
    try:
        identity = await authenticate(request, request.app[HOUSE].accounts)
    except Unauthenticated as error:
        return _error(401, str(error))
    caller = identity.caller
    body = {"account": caller.account, "role": caller.role.value, "session": identity.session}
    return web.json_response(body, headers={"Cache-Control": "no-store"})


async def sign_out(request: web.Request) -> web.Response:
    """204 whether or not the session still existed: the one who asks is signed out now."""
    house, token = request.app[HOUSE], cookie_token(request)
    session, caller = house.accounts.session(token), house.accounts.caller(token, request.remote or "")
    if session is not None and caller is not None:
        try:
            await house.accounts.close_session(session.id)
        except NotFound:
            pass  # it ended meanwhile
        details = {"session": session.id}
        await house.audit.record(caller, "sign-out", session.account, "ok", details, Target.ACCOUNT)
    response = web.Response(status=204, headers={"Cache-Control": "no-store"})
    response.del_cookie(cookie_name(request), path="/", secure=request.secure, httponly=True, samesite="Strict")
    return response


def _error(status: int, text: str) -> web.Response:
    return web.json_response({"error": text}, status=status, headers={"Cache-Control": "no-store"})


ROUTES = [
    web.post("/session", sign_in),
    web.get("/session", who),
    web.delete("/session", sign_out),
]
