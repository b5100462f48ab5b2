"""The deploy listener: the deploy desk spoken over HTTP to the guest of one node.

The guest is a stranger: bodies and connections are bounded, and nothing it sends ends more than its own request.
"""

import asyncio
import base64
import logging
import socket
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl

from aiohttp import web

from bmc.http.line import UPGRADE, UpgradedLine
from bmc.http.server import Strangers, TurnedAway
from bmc.model.errors import BackendFailed, BmcError
from bmc.model.pace import Pace
from bmc.reinstall.desk import Desk, Reply, Turned
from bmc.reinstall.network_boot import FILES, SCRIPT

log = logging.getLogger(__name__)

BODY_MAX, FIELDS_MAX = 64 * 1024, 32
CHUNK = 256 * 1024
CONNECTIONS_MAX = 32
CLOSE_TIME = 2.0

TOLD_AT_ONCE, TELL_EVERY = 10, 60.0
"""So many lines about one guest, and then one each so many seconds."""

Answer = Callable[[str, web.Request], Awaitable[web.StreamResponse]]


class DeployServer:
    """Serves any number of nodes, each by a socket of its own, which tells whose guest is calling."""

    async def serve(
        self, node: str, listener: socket.socket, desk: Desk, admits: Callable[[str], bool]
    ) -> Callable[[], Awaitable[None]]:
        """Have `desk` answer what comes in by `listener` from addresses that it `admits`; returns what ends that and
        closes the socket.
        """
        app, told = web.Application(client_max_size=BODY_MAX), _Guest()
        answers = _Answers(node, desk)
        for method, path, answer in _routes(answers):
            app.router.add_route(method, f"/deploy/v1/{path}", partial(_answer, node, told, _token, answer))
        app.router.add_route("GET", SCRIPT, partial(_answer, node, told, _key, answers.boot_script))
        app.router.add_route("GET", f"{FILES}/{{name}}", partial(_answer, node, told, _key, answers.boot_file))
        runner = web.AppRunner(app, access_log=None, logger=told, shutdown_timeout=CLOSE_TIME)
        await runner.setup()
        handlers = runner.server
        if handlers is None:  # setup() makes it
            raise BackendFailed("the deploy listener was not set up")

        def connection() -> asyncio.Protocol:
            if len(handlers.connections) >= CONNECTIONS_MAX:
                return TurnedAway()
            return _Doorkeeper(handlers(), node, told, admits)

        # Not yet serving, this is never suspended, so that a cancelled caller leaves nothing half open.
        server = await asyncio.get_running_loop().create_server(connection, sock=listener, start_serving=False)

        async def close() -> None:
            server.close()
            await runner.cleanup()

        try:
            await server.start_serving()
        except BaseException:
            server.close()
            raise
        return close


class _Doorkeeper(asyncio.Protocol):
    """Lets whoever is admitted through to `inner`, before anything of it is read."""

    def __init__(self, inner: asyncio.Protocol, node: str, told: "_Guest", admits: Callable[[str], bool]) -> None:
        self._inner = inner
        self._node = node
        self._told = told
        self._admits = admits

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer = (transport.get_extra_info("peername") or ("",))[0]
        if self._admits(peer):
            cast("asyncio.Transport", transport).set_protocol(self._inner)
            self._inner.connection_made(transport)
        else:
            self._told.warning(
                "deploy %s: a connection from %s, which is another machine, was refused", self._node, peer
            )
            cast("asyncio.Transport", transport).abort()


class _Guest(Strangers):
    """What one guest may have written into our log."""

    def __init__(self) -> None:
        super().__init__(log)
        self._pace = Pace(TOLD_AT_ONCE, TELL_EVERY)

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        held = self._pace.held
        if self.isEnabledFor(level) and self._pace.passes(time.monotonic()):
            super().log(level, f"{msg} (and {held} more before)" if held else msg, *args, **kwargs)


class _Answers:
    """The desk of one node, request by request."""

    def __init__(self, node: str, desk: Desk) -> None:
        self._node = node
        self.desk = desk

    def form(self, report: Callable[[str, str, Mapping[str, str]], Reply]) -> Answer:
        async def answer(token: str, request: web.Request) -> web.StreamResponse:
            return await self._kept(report(self._node, token, await _read_form(request)))

        return answer

    async def done(self, token: str, request: web.Request) -> web.StreamResponse:
        return await self._kept(self.desk.done(self._node, token))

    async def seed(self, token: str, request: web.Request) -> web.StreamResponse:
        return _plain(self.desk.seed(self._node, token, request.match_info["name"]))

    async def image(self, token: str, request: web.Request) -> web.StreamResponse:
        path = self.desk.image(self._node, token)
        if not path.is_file():
            raise BackendFailed(f"the image file {path.name} is gone")
        return _file(path)

    async def boot_script(self, key: str, request: web.Request) -> web.StreamResponse:
        return await self._kept(self.desk.boot_script(self._node))

    async def boot_file(self, key: str, request: web.Request) -> web.StreamResponse:
        if not key:  # iPXE sends the password of a URL only once it is asked for one (RFC 7617 §2)
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="deploy"'})
        found = self.desk.boot_file(self._node, key, request.match_info["name"])
        await self.desk.keep(self._node)
        return _file(found) if isinstance(found, Path) else web.Response(body=found)

    async def line(self, token: str, request: web.Request) -> web.StreamResponse:
        """A connection that is no HTTP any more once somebody is led to it (RFC 9110 §7.8)."""
        lines = self.desk.lines(self._node, token)
        if request.headers.get("Upgrade", "").lower() != UPGRADE:
            raise Turned(426, f"expected Upgrade: {UPGRADE}")
        line = UpgradedLine(request)
        await lines.offer(line)
        return line.response

    async def _kept(self, reply: Reply) -> web.Response:
        if reply.keep:
            await self.desk.keep(self._node)
        return _plain(reply)


def _routes(answers: _Answers) -> Iterable[tuple[str, str, Answer]]:
    desk = answers.desk
    return (
        ("POST", "checkin", answers.form(desk.check_in)),
        ("GET", "image", answers.image),
        ("POST", "progress", answers.form(desk.progress)),
        ("POST", "verified", answers.form(desk.verified)),
        ("GET", r"seed/{name:[\s\S]+}", answers.seed),
        ("POST", "done", answers.done),
        ("POST", "failed", answers.form(desk.failed)),
        ("POST", "proof", answers.form(desk.proof)),
        ("POST", "report", answers.form(desk.inspected)),
        ("POST", "ready", answers.form(desk.ready)),
        ("GET", "line", answers.line),
    )


async def _answer(
    node: str, told: _Guest, secret: Callable[[web.Request], str], answer: Answer, request: web.Request
) -> web.StreamResponse:
    try:
        return await answer(secret(request), request)
    except Turned as turned:
        told.info("deploy %s: %s refused: %s", node, request.rel_url.raw_path, turned)
        return _plain(turned.reply)
    except BmcError as error:
        told.error("deploy %s: %s: %s", node, request.rel_url.raw_path, error)
        return _plain(Reply(503, f"{error}\n"))


def _token(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Turned(401, "expected Authorization: Bearer TOKEN")
    return token.strip()


def _key(request: web.Request) -> str:
    """The password that was given by Basic authentication, "" for none."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


async def _read_form(request: web.Request) -> Mapping[str, str]:
    body = await request.read()
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="replace",
            max_num_fields=FIELDS_MAX,
        )
    except ValueError as error:
        raise Turned(400, f"the body is no urlencoded form: {error}") from error
    return dict(pairs)


def _file(path: Path) -> web.FileResponse:
    # A content type of its own keeps aiohttp from declaring a .gz as Content-Encoding.
    return web.FileResponse(path, chunk_size=CHUNK, headers={"Content-Type": "application/octet-stream"})


def _plain(reply: Reply) -> web.Response:
    return web.Response(status=reply.status, text=reply.body)
