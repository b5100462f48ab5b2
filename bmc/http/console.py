"""Console WebSockets: a node's screen (RFB), its serial line and the SSH server of its rescue, each frame as it comes.

Back-pressure is each viewer's own: we read from the node only what this viewer has taken.
"""

import asyncio
import json
import logging
from collections.abc import Coroutine, Mapping
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from bmc.accounts import NodeUsers
from bmc.console.escapes import who
from bmc.http.keys import HOUSE
from bmc.model.commands import Screen, SerialConsole
from bmc.model.errors import BmcError, Busy, Denied, NotFound, NotSupported, WrongState
from bmc.node import ConsoleStream
from bmc.ports import ByteStream
from bmc.redfish.authentication import Identity, Unauthenticated, authenticate, session_token
from bmc.redfish.closing import STOPPING
from bmc.redfish.house import House

SESSION_GONE, WRONG_STATE, FAILED = 4401, 4409, 4500
CLOSE_CODES: Mapping[type[BmcError], int] = {
    Denied: 4403,
    NotFound: 4404,
    WrongState: WRONG_STATE,
    NotSupported: WRONG_STATE,
    Busy: WSCloseCode.TRY_AGAIN_LATER,
}
READ = 256 * 1024
LONGEST_FRAME = 1024 * 1024
LONGEST_SCREEN_FRAME = 64 * 1024
"""A viewer's filter looks at each message in it; noVNC sends 10 KiB at most."""
HEARTBEAT = 30.0
REASON_BYTES = 120

# What ends a console: the close code, and the reason a person reads.
End = tuple[int, str]

log = logging.getLogger(__name__)


async def screen(request: web.Request) -> web.WebSocketResponse:
    """RFB bytes both ways; `?view=1` sees only."""
    view_only = request.query.get("view", "") not in ("", "0")
    return await _serve(request, Screen(view_only))


async def serial(request: web.Request) -> web.WebSocketResponse:
    """Bytes both ways; what was printed before comes first. `?view=1` reads only."""
    writable = request.query.get("view", "") in ("", "0")
    return await _serve(request, SerialConsole(writable=writable))


async def ssh(request: web.Request) -> web.WebSocketResponse:
    """Bytes both ways between an SSH client and the SSH server of a rescue, for the account that asked for it."""
    return await _serve(request, RescueShell())


class RescueShell:
    """What no node has by itself: it comes with a job."""


What = Screen | SerialConsole | RescueShell


async def _serve(request: web.Request, what: What) -> web.WebSocketResponse:
    house = request.app[HOUSE]
    protocols, longest = (("binary",), LONGEST_SCREEN_FRAME) if isinstance(what, Screen) else ((), LONGEST_FRAME)
    socket = web.WebSocketResponse(compress=False, protocols=protocols, max_msg_size=longest, heartbeat=HEARTBEAT)
    if not socket.can_prepare(request):
        raise web.HTTPUpgradeRequired(text="this is a WebSocket", headers={"Upgrade": "websocket"})
    await socket.prepare(request)
    code, reason = await _session(request, socket, house, what)
    if isinstance(what, SerialConsole):
        await _say(socket, {"type": "closed", "reason": reason})
    message = reason.encode()[:REASON_BYTES].decode(errors="ignore").encode()
    try:
        await socket.close(code=code, message=message)
    except ConnectionError:
        pass  # the viewer left first
    return socket


async def _session(request: web.Request, socket: web.WebSocketResponse, house: House, what: What) -> End:
    """From sign-in to the end. A browser sees no status of a refused handshake, so every refusal is a close code."""
    try:
        identity = await authenticate(request, house.sign_in, house.only)
        if not identity.session:
            return SESSION_GONE, "a console needs a session: the page's cookie or X-Auth-Token"
        with house.closing.watch(identity) as ended:
            stream = await _open(request, house, identity, what)
            try:
                return await _pump(request, socket, stream, ended)
            finally:
                await stream.close()
    except Unauthenticated as error:
        return SESSION_GONE, str(error)
    except BmcError as error:
        return _close_code(error), str(error)


async def _open(request: web.Request, house: House, identity: Identity, what: What) -> ConsoleStream:
    """:raise Denied: by role, or as IPMI's SOL is.

    :raise NotFound: also for a node beyond the caller's scope, which is not to be told from none.
    """
    name = request.match_info["node"]
    node = house.fleet.node(name)
    if not identity.caller.scope.covers(name, house.fleet.tags(name)):
        raise NotFound(f"there is no node {name!r}")
    if isinstance(what, RescueShell):
        return RescueStream(await house.jobs.connect("rescue", name, identity.caller))
    users, is_serial = house.sign_in, isinstance(what, SerialConsole)
    if is_serial and isinstance(users, NodeUsers) and not users.may_use_serial(session_token(request)):
        raise Denied("this user may not use the serial console: its SOL access is disabled")
    return await node.open(what, identity.caller)


class RescueStream:
    """A line into a rescue, as a console: what is sent once the guest has hung up is lost."""

    def __init__(self, line: ByteStream) -> None:
        self.read = line.read
        self.write = line.write
        self.close = line.close

    async def send_break(self) -> None:
        raise NotSupported("SSH carries no break of a serial line")


async def _pump(
    request: web.Request, socket: web.WebSocketResponse, stream: ConsoleStream, ended: "asyncio.Future[str]"
) -> End:
    """Whatever ends first ends all: the node's side, the viewer's, the session."""
    down = asyncio.ensure_future(_guard(_to_viewer(socket, stream)))
    up = asyncio.ensure_future(_guard(_to_node(request, socket, stream)))
    waiting: set[asyncio.Future[Any]] = {down, up, ended}
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            reason = ended.result()
            return (WSCloseCode.GOING_AWAY if reason == STOPPING else SESSION_GONE), reason
        return up.result() if up.done() else down.result()
    finally:
        down.cancel()
        up.cancel()
        await asyncio.gather(down, up, return_exceptions=True)


def _close_code(error: BmcError) -> int:
    return CLOSE_CODES.get(type(error), FAILED)


async def _guard(work: Coroutine[Any, Any, End]) -> End:
    """One console's trouble is its own."""
    try:
        return await work
    except BmcError as error:
        return _close_code(error), str(error)
    except ConnectionError:
        return WSCloseCode.GOING_AWAY, "the viewer left"
    except Exception:
        log.exception("a console failed")
        return WSCloseCode.INTERNAL_ERROR, "internal error"


async def _to_viewer(socket: web.WebSocketResponse, stream: ConsoleStream) -> End:
    while data := await stream.read(READ):
        await socket.send_bytes(data)
    return WRONG_STATE, "the console has ended: the node went off or was removed"


async def _to_node(request: web.Request, socket: web.WebSocketResponse, stream: ConsoleStream) -> End:
    sign_in, token = request.app[HOUSE].sign_in, session_token(request)
    async for message in socket:
        sign_in.session(token)  # typing is use: it keeps the session from idling out
        if message.type is WSMsgType.BINARY:
            await _type(socket, stream, message.data)
        elif message.type is WSMsgType.TEXT:
            await _control(request, socket, stream, message.data)
    return WSCloseCode.OK, "the viewer left"


async def _type(socket: web.WebSocketResponse, stream: ConsoleStream, data: bytes) -> None:
    """What is typed at a node that is off, or by one who only looks, is lost, and said so; the console stays open."""
    try:
        await stream.write(data)
    except (WrongState, NotSupported) as error:
        await _say(socket, {"type": "error", "reason": str(error)})


async def _control(request: web.Request, socket: web.WebSocketResponse, stream: ConsoleStream, text: str) -> None:
    """Text frames are requests: {"type": "break"}, {"type": "who"}. What cannot be done is told, and ends nothing."""
    try:
        kind = json.loads(text)["type"]
    except (ValueError, TypeError, KeyError, RecursionError):
        kind = None
    try:
        if kind == "break":
            await stream.send_break()
        elif kind == "who":
            node = request.app[HOUSE].fleet.node(request.match_info["node"])
            await _say(socket, {"type": "who", "lines": who(node.snapshot, node.at_serial)})
        else:
            await _say(socket, {"type": "error", "reason": 'expected {"type": "break"} or {"type": "who"}'})
    except BmcError as error:
        await _say(socket, {"type": "error", "reason": str(error)})


async def _say(socket: web.WebSocketResponse, message: dict[str, object]) -> None:
    """Best effort: a viewer that takes nothing must not hold up the end of its own console."""
    try:
        async with asyncio.timeout(1.0):
            await socket.send_str(json.dumps(message))
    except (TimeoutError, ConnectionError, RuntimeError):
        return


ROUTES = [
    web.get("/console/{node}/screen", screen),
    web.get("/console/{node}/serial", serial),
    web.get("/console/{node}/ssh", ssh),
]
