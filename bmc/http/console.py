"""Console WebSockets: a node's screen (RFB), its serial line and the SSH server of its rescue, each frame as it comes.

Back-pressure is each viewer's own: we read from the node only what this viewer has taken.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from bmc.console.audience import Seat
from bmc.http.keys import HOUSE
from bmc.model.commands import Screen, SerialConsole
from bmc.model.console import Viewer
from bmc.model.errors import BmcError, Busy, Denied, NotFound, NotSupported, WrongState
from bmc.node import ConsoleStream
from bmc.ports import ByteStream
from bmc.redfish.authentication import Identity, Unauthenticated, authenticate, is_signed_in, require_serial
from bmc.redfish.closing import GONE, STOPPING
from bmc.redfish.house import House
from bmc.redfish.types import JsonObject, moment

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
CLOSING, STRANGERS_CLOSING = 10.0, 1.0
"""Seconds that the other end has for its part of the close; who has not signed in holds a place no longer."""
REASON_BYTES = 120

# What ends a console: the close code, and the reason a person reads.
End = tuple[int, str]

log = logging.getLogger(__name__)


def _wants_news(request: web.Request) -> bool:
    """`?viewers=1`: tell who watches and who types. Without it a client gets nothing but the console's bytes."""
    return request.query.get("viewers", "") not in ("", "0")


async def screen(request: web.Request) -> web.WebSocketResponse:
    """RFB bytes both ways; `?view=1` only watches."""
    view_only = request.query.get("view", "") not in ("", "0")
    return await _serve(request, Screen(view_only))


async def serial(request: web.Request) -> web.WebSocketResponse:
    """Bytes both ways; what was printed before comes first. `?view=1` only watches."""
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
    if not web.WebSocketResponse().can_prepare(request):
        raise web.HTTPUpgradeRequired(text="this is a WebSocket", headers={"Upgrade": "websocket"})
    who = await _identify(request, house)
    protocols, longest = (("binary",), LONGEST_SCREEN_FRAME) if isinstance(what, Screen) else ((), LONGEST_FRAME)
    socket = web.WebSocketResponse(
        compress=False,
        protocols=protocols,
        max_msg_size=longest,
        heartbeat=HEARTBEAT,
        timeout=CLOSING if isinstance(who, Identity) else STRANGERS_CLOSING,
    )
    await socket.prepare(request)
    code, reason = await _session(request, socket, house, what, who) if isinstance(who, Identity) else who
    if isinstance(what, SerialConsole):
        await _say(socket, {"type": "closed", "reason": reason})
    message = reason.encode()[:REASON_BYTES].decode(errors="ignore").encode()
    try:
        await socket.close(code=code, message=message)
    except ConnectionError:
        pass  # the viewer left first
    return socket


async def _identify(request: web.Request, house: House) -> Identity | End:
    """A browser sees no status of a refused handshake, so every refusal is a close code."""
    try:
        identity = await authenticate(request, house.sign_in, house.only)
    except Unauthenticated as error:
        return SESSION_GONE, str(error)
    except BmcError as error:
        return _close_code(error), str(error)
    if not identity.session:
        return SESSION_GONE, "a console needs a session: the page's cookie or X-Auth-Token"
    return identity


async def _session(
    request: web.Request, socket: web.WebSocketResponse, house: House, what: What, identity: Identity
) -> End:
    """From sign-in to the end."""
    try:
        with house.closing.watch(identity) as ended:
            stream, seat = await _open(request, house, identity, what)
            try:
                return await _pump(request, socket, stream, seat, ended)
            finally:
                await stream.close()
    except BmcError as error:
        return _close_code(error), str(error)


async def _open(
    request: web.Request, house: House, identity: Identity, what: What
) -> "tuple[ConsoleStream | RescueStream, Seat | None]":
    """:raise Denied: by role, or as IPMI's SOL is.

    :raise NotFound: also for a node beyond the caller's scope, which is not to be told from none.
    """
    name = request.match_info["node"]
    node = house.fleet.node(name)
    if not identity.caller.scope.covers(name, house.fleet.tags(name)):
        raise NotFound(f"there is no node {name!r}")
    if isinstance(what, RescueShell):
        return RescueStream(await house.jobs.connect("rescue", name, identity.caller)), None
    if isinstance(what, SerialConsole):
        require_serial(request, house.sign_in)
    console = await node.open(what, identity.caller)
    return console, console.seat


class RescueStream:
    """A line into a rescue, as a console: what is sent once the guest has hung up is lost."""

    def __init__(self, line: ByteStream) -> None:
        self.read = line.read
        self.write = line.write
        self.close = line.close

    def had_input(self) -> bool:
        return True  # it is enciphered: nobody can tell

    async def send_break(self) -> None:
        raise NotSupported("SSH carries no break of a serial line")


Stream = ConsoleStream | RescueStream


async def _pump(
    request: web.Request,
    socket: web.WebSocketResponse,
    stream: Stream,
    seat: Seat | None,
    ended: "asyncio.Future[str]",
) -> End:
    """Whatever ends first ends all: the node's side, the viewer's, the session."""
    down = asyncio.ensure_future(_guard(_to_viewer(socket, stream)))
    up = asyncio.ensure_future(_guard(_to_node(request, socket, stream, seat)))
    works: list[asyncio.Future[Any]] = [down, up]
    if seat is not None and _wants_news(request):
        works.append(asyncio.ensure_future(_tell(socket, seat)))
    waiting: set[asyncio.Future[Any]] = {down, up, ended}
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            reason = ended.result()
            return (WSCloseCode.GOING_AWAY if reason == STOPPING else SESSION_GONE), reason
        return up.result() if up.done() else down.result()
    finally:
        for each in works:
            each.cancel()
        await asyncio.gather(*works, return_exceptions=True)


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


async def _to_viewer(socket: web.WebSocketResponse, stream: Stream) -> End:
    while data := await stream.read(READ):
        await socket.send_bytes(data)
    return WRONG_STATE, "the console has ended: the node went off or was removed"


async def _tell(socket: web.WebSocketResponse, seat: Seat) -> None:
    """Who watches and who types, at first and whenever it changes; and who took the keyboard from this viewer."""
    while True:
        taken_by = await seat.changed()
        await _say(socket, {"type": "viewers", "you": seat.viewer.id, "viewers": [_shown(v) for v in seat.viewers]})
        if taken_by is not None:
            await _say(socket, {"type": "taken", "by": _shown(taken_by)})


def _shown(viewer: Viewer) -> JsonObject:
    return {
        "id": viewer.id,
        "account": viewer.account,
        "door": viewer.door.value,
        "address": viewer.address,
        "since": moment(viewer.since),
        "may_type": viewer.may_type,
        "types": viewer.types,
    }


async def _to_node(request: web.Request, socket: web.WebSocketResponse, stream: Stream, seat: Seat | None) -> End:
    sign_in = request.app[HOUSE].sign_in
    async for message in socket:
        if not is_signed_in(request, sign_in):
            return SESSION_GONE, GONE
        if message.type is WSMsgType.BINARY:
            await _type(socket, stream, message.data)
        elif message.type is WSMsgType.TEXT:
            await _control(socket, stream, seat, message.data)
        if message.type is WSMsgType.TEXT or stream.had_input():
            is_signed_in(request, sign_in, used=True)  # the rest is what a viewer's program says by itself
    return WSCloseCode.OK, "the viewer left"


async def _type(socket: web.WebSocketResponse, stream: Stream, data: bytes) -> None:
    """What is typed at a node that is off, or by one who only looks, is lost, and said so; the console stays open."""
    try:
        await stream.write(data)
    except (WrongState, NotSupported) as error:
        await _say(socket, {"type": "error", "reason": str(error)})


async def _control(socket: web.WebSocketResponse, stream: Stream, seat: Seat | None, text: str) -> None:
    """Text frames are requests. What cannot be done is told, and ends nothing."""
    work: dict[str, Callable[[], Awaitable[None]]] = {"break": stream.send_break}
    if seat is not None:
        work |= {"take": seat.take, "release": seat.release}
    try:
        do = work[json.loads(text)["type"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        expected = " or ".join(json.dumps({"type": kind}) for kind in work)
        await _say(socket, {"type": "error", "reason": f"expected {expected}"})
        return
    try:
        await do()
    except BmcError as error:
        await _say(socket, {"type": "error", "reason": str(error)})


async def _say(socket: web.WebSocketResponse, message: JsonObject) -> None:
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
