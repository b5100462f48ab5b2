"""The HTTP server: binds, serves, and ends cleanly."""

import asyncio
import errno
import logging
import resource
import socket
import ssl
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import suppress
from functools import partial
from ipaddress import ip_address
from types import TracebackType
from typing import Any, TypeAlias, cast

from aiohttp import web
from aiohttp.http import HttpProcessingError
from aiohttp.http_exceptions import BadHttpMethod
from aiohttp.typedefs import Handler, Middleware

from bmc.http.keys import PROXIES
from bmc.http.proxies import origin_of
from bmc.model.crowd import who_makes_room
from bmc.model.errors import BmcError
from bmc.redfish.authentication import SIGNED_IN
from bmc.redfish.errors import fail

SHUTDOWN_SECONDS = 5.0
MOST_CONNECTIONS = 2000
BACKLOG = 128
FIRST_REQUEST_SECONDS = 30.0
IDLE_SECONDS = 75.0
"""That a connection may ask nothing between two requests."""
HANDSHAKE_SECONDS, GOODBYE_SECONDS = 10, 10
"""That the other end may take to begin TLS; and, once we have ended it, to read what is left and to end it, too."""
UNREAD_SECONDS, SIGNED_IN_UNREAD_SECONDS = 30.0, 600.0
"""That the other end may take nothing of what is sent to it."""
MOST_HANDSHAKES = 256
"""Of TLS, under way at once at one listener: each takes a quarter of a MiB. A connection counts only after it."""


class CannotListen(BmcError):
    """The address cannot be served; the text says which, why and what to do."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`; "" and wildcards are everybody's."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Strangers(logging.LoggerAdapter[logging.Logger]):
    """What is no HTTP is the other end's fault: a line in the log, not a traceback for each."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        error = kwargs.get("exc_info")
        if isinstance(error, HttpProcessingError):
            told = error.message.splitlines()[0] if error.message else str(error.code)
            return f"{msg}: {told.replace('%', '%%')}", {}
        return msg, kwargs


class Connection(web.RequestHandler):
    """One connection. A method that aiohttp's parser does not know never becomes a request; that it is not there is
    still to be said as Redfish says it.
    """

    __slots__ = ("_silent", "address", "beneath", "dropped", "signed_in", "since")

    def __init__(
        self, server: web.Server, silent: "dict[asyncio.Protocol, asyncio.TimerHandle]", **options: Any
    ) -> None:
        super().__init__(server, **options)
        self._silent = silent
        self.beneath: asyncio.Transport | None = None
        self.dropped = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.beneath = self.beneath or cast("asyncio.Transport", transport)
        self.address = str((transport.get_extra_info("peername") or ("",))[0])
        self.signed_in = False
        self.since = asyncio.get_running_loop().time()
        super().connection_made(transport)

    @property
    def idle(self) -> bool:
        """Whether nothing is under way; an answer is until it has been sent."""
        return not self._request_in_progress

    def hear(self, address: str) -> None:
        """A request came from `address`, which may be behind a proxy; nobody has signed in for it yet."""
        self.stop_waiting()
        self.address, self.signed_in = address, False
        self._limit_unread(UNREAD_SECONDS)

    def let_in(self) -> None:
        """Who asks has signed in."""
        self.signed_in = True
        self._limit_unread(SIGNED_IN_UNREAD_SECONDS)

    def _limit_unread(self, seconds: float) -> None:
        """The kernel alone sees what of an answer was taken: what lies in its buffers counts as sent here."""
        if self.transport is not None:
            connected = self.transport.get_extra_info("socket")
            with suppress(OSError):  # it has ended meanwhile
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        try:
            return await super().finish_response(request, resp, start_time)
        except Exception as error:
            if self.transport is not None and not isinstance(error, TimeoutError):
                raise
            # Who leaves while asyncio sends a file is several errors; aiohttp takes them for faults of ours.
            raise ConnectionResetError("the other end is gone, or reads nothing") from error

    @property
    def may_go(self) -> bool:
        """Whether it may be dropped for another; once it was, it is not asked to go again. One that was closed holds
        its place until the other end has closed too.
        """
        return not self.dropped and (self.idle or not self.signed_in)

    def stop_waiting(self) -> None:
        """It has asked something, or never will."""
        if timer := self._silent.pop(self, None):
            timer.cancel()

    def drop(self) -> None:
        """End at once, whether or not the other end reads, and whatever is under way."""
        self.dropped = True
        self.stop_waiting()
        if self._task_handler is not None:
            self._task_handler.cancel()  # first: asyncio forgets who sends a file on a socket that is closed
        if self.beneath is not None:
            self.beneath.abort()  # a transport of TLS that was closed twice does nothing, or raises
        self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if not isinstance(exc, BadHttpMethod):
            return super().handle_error(request, status, exc, message)
        response = web.json_response(fail(501, "OperationNotAllowed").body, status=501)
        response.headers["OData-Version"] = "4.0"
        response.force_close()
        return response


Full: TypeAlias = Callable[[list[Connection]], list[Connection] | None]
"""Told those of a listener, says of whom one has to make room for one more; None where there is room."""


class TurnedAway(asyncio.Protocol):
    """One connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


class _Secured(SSLProtocol):
    """TLS around a handler's connection, as create_server makes it; but that tells nobody of a connection before its
    handshake is over. `waiter` is done when it has ended, well or not.
    """

    def __init__(self, handler: Connection, context: ssl.SSLContext) -> None:
        loop = asyncio.get_running_loop()
        self.waiter: asyncio.Future[None] = loop.create_future()
        self._connection = handler
        super().__init__(
            *(loop, handler, context, self.waiter),
            server_side=True,
            ssl_handshake_timeout=HANDSHAKE_SECONDS,
            ssl_shutdown_timeout=GOODBYE_SECONDS,
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._connection.beneath = cast("asyncio.Transport", transport)
        super().connection_made(transport)

    def eof_received(self) -> bool | None:  # type: ignore[override]  # it is None in the stubs only
        """Who leaves while a file is sent has left: asyncio would read the rest of it to nobody, and log each piece."""
        stays = cast("bool | None", super().eof_received())
        if stays and self._app_protocol is not self._connection:
            self.end()
        return stays

    def end(self) -> None:
        if self._connection.beneath is not None:
            self._connection.beneath.abort()


class _Connections:
    """Makes the protocol of each connection. Whoever opens many, or one and asks nothing, must not take all the files
    that this process may open, nor its memory: they are needed for nodes too.

    Of those that have not begun TLS, the one that has waited longest makes room: whoever means it is done sooner. When
    the listener is full, one of those does that are idle or of nobody who has signed in: of the place that has most
    of these the oldest, an idle one first. If there is none, the new one is turned away.
    """

    def __init__(self, context: ssl.SSLContext | None, logs: Mapping[str, Any], full: Full) -> None:
        self.server: web.Server | None = None
        self.context = context
        self._logs = logs
        self._full = full
        self._silent: dict[asyncio.Protocol, asyncio.TimerHandle] = {}
        self._greeting: dict[asyncio.Future[None], _Secured] = {}

    def __call__(self) -> asyncio.BaseProtocol:
        if self.server is None or not self._make_room():
            return TurnedAway()
        loop = asyncio.get_running_loop()
        handler = Connection(self.server, self._silent, loop=loop, keepalive_timeout=IDLE_SECONDS, **self._logs)
        self._silent[handler] = loop.call_later(FIRST_REQUEST_SECONDS, self._end_silent, handler)
        if self.context is None:
            return handler
        if len(self._greeting) >= MOST_HANDSHAKES:
            self._greeting.pop(next(iter(self._greeting))).end()
        secured = _Secured(handler, self.context)
        self._greeting[secured.waiter] = secured
        secured.waiter.add_done_callback(partial(self._greeted, handler))
        return secured

    @property
    def there(self) -> list[Connection]:
        return cast("list[Connection]", self.server.connections) if self.server else []

    def close(self) -> None:
        for secured in self._greeting.values():
            secured.end()

    def _make_room(self) -> bool:
        """Whether there is room now."""
        crowd = self._full(self.there)
        if crowd is None:
            return True
        may_go = sorted((each for each in crowd if each.may_go), key=lambda each: (not each.idle, each.since))
        oldest = who_makes_room(may_go, lambda each: each.address)
        if oldest is None:
            return False
        oldest.drop()
        return True

    def _greeted(self, handler: Connection, waiter: asyncio.Future[None]) -> None:
        self._greeting.pop(waiter, None)
        waiter.exception()  # is nobody's trouble here
        if handler.transport is None:
            handler.stop_waiting()

    def middleware(self) -> Middleware:
        @web.middleware
        async def heard(request: web.Request, handler: Handler) -> web.StreamResponse:
            connection = cast(Connection, request.protocol)
            forwarded = request.headers.getall("X-Forwarded-For", [])
            connection.hear(origin_of(request.remote or "", forwarded, request.app.get(PROXIES, ())))
            request[SIGNED_IN] = connection.let_in
            return await handler(request)

        return heard

    def _end_silent(self, handler: web.RequestHandler) -> None:
        del self._silent[handler]
        if handler.transport is not None:
            handler.transport.close()


def most_connections() -> int:
    """As many as leave half of the files that this process may open to others."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(MOST_CONNECTIONS, files // 2)


class HttpServer:
    """Serves `app` on (host, port) from `async with` to its end. Port 0 takes a free one; `port` tells which.

    `full` says when there are enough connections. What is under way at the end has `shutdown` seconds. `claimed`
    listens there already.
    """

    def __init__(
        self,
        app: web.Application,
        host: str,
        port: int,
        context: ssl.SSLContext | None = None,
        full: Full | None = None,
        shutdown: float = SHUTDOWN_SECONDS,
        claimed: socket.socket | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._claimed = claimed
        logs: dict[str, Any] = {"access_log": None, "logger": Strangers(logging.getLogger(__name__))}
        most = most_connections()
        self._connections = _Connections(context, logs, full or (lambda there: there if len(there) >= most else None))
        app.middlewares.insert(0, self._connections.middleware())
        self._listening: asyncio.Server | None = None
        self._runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=shutdown, **logs)
        self.port = 0

    @property
    def connections(self) -> list[Connection]:
        """Open now."""
        return self._connections.there

    @property
    def url(self) -> str:
        scheme = "https" if self._connections.context else "http"
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{scheme}://{host}:{self.port}"

    async def __aenter__(self) -> "HttpServer":
        """:raise CannotListen:"""
        if self._connections.context is None and not is_loopback(self._host):
            raise CannotListen(
                f"beyond loopback only HTTPS is served, and {self._host or 'every address'} is beyond it"
            )
        await self._runner.setup()
        self._connections.server = self._runner.server
        try:
            where: dict[str, Any] = {"host": self._host, "port": self._port}
            if self._claimed is not None:
                where = {"sock": self._claimed}
            loop = asyncio.get_running_loop()
            self._listening = await loop.create_server(self._connections, backlog=BACKLOG, **where)
        except OSError as error:
            await self._runner.cleanup()
            raise self._cannot(error) from error
        self.port = self._listening.sockets[0].getsockname()[1]
        return self

    def serve_with(self, context: ssl.SSLContext) -> None:
        """New connections are served with `context`; those that are open go on, and none is refused meanwhile."""
        self._connections.context = context

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._listening is not None:
            self._listening.close()
        self._connections.close()
        await self._runner.cleanup()

    def _cannot(self, error: OSError) -> CannotListen:
        where = f"{self._host} port {self._port}"
        if error.errno == errno.EADDRINUSE:
            return CannotListen(f"{where} is in use already; stop what listens there, or configure another port")
        if error.errno == errno.EACCES:
            return CannotListen(f"{where} needs root; configure a port above 1023")
        return CannotListen(f"cannot listen on {where}: {error.strerror or error}")
