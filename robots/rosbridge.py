"""A connection to ROS 2 through rosbridge (protocol v2: JSON over a WebSocket), shared by all who use that bridge."""

import asyncio
import json
import logging
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.protocol import State

from bmc.model.errors import Unreachable

ANSWERS_WITHIN = 5.0
"""Seconds in which a bridge that is there answers; also how far apart an idle connection is tried."""

Message = dict[str, Any]
Login = Callable[[], tuple[bytes, bytes]]
Heard = asyncio.Queue[Message | None]

log = logging.getLogger(__name__)


class Lost(Exception):
    """The connection ended after something was sent over it."""


class _Connect(connect):
    """A bridge that moved is told, not followed: the credential is for this one."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class Link:
    """One connection, from its opening to its end."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._hearers: dict[str, Heard] = {}
        self._advertised: set[str] = set()
        self._reader = asyncio.create_task(self._read(), name="rosbridge")

    @property
    def open(self) -> bool:
        return self._socket.state is State.OPEN and not self._reader.done()

    @contextmanager
    def hear(self, key: str) -> Iterator[Heard]:
        """What the bridge sends under the id `key`, or on the topic `key`; None is the end of the connection."""
        heard = self._hearers[key] = Heard()
        try:
            yield heard
        finally:
            del self._hearers[key]

    async def send(self, message: Mapping[str, object]) -> None:
        """:raise Lost: it may have arrived, or not."""
        try:
            await self._socket.send(json.dumps(message))
        except ConnectionClosed as error:
            raise Lost(str(error)) from None

    async def next(self, heard: Heard) -> Message:
        """:raise Lost: the connection is gone."""
        if self._reader.done() and heard.empty():
            raise Lost("the connection is closed")
        if (message := await heard.get()) is None:
            raise Lost("the connection was closed")
        return message

    async def arrived(self) -> None:
        """Wait until the bridge has received all that was sent. :raise Lost: it may not have."""
        try:
            async with asyncio.timeout(ANSWERS_WITHIN):
                await (await self._socket.ping())
        except (ConnectionClosed, TimeoutError) as error:
            raise Lost(str(error) or f"no answer within {ANSWERS_WITHIN:.0f} s") from None

    async def advertise(self, topic: str, type: str) -> bool:
        """Whether it was not advertised before on this connection. :raise Lost:"""
        if topic in self._advertised:
            return False
        await self.send({"op": "advertise", "topic": topic, "type": type})
        self._advertised.add(topic)
        return True

    async def close(self) -> None:
        await self._socket.close()
        await self._reader

    async def _read(self) -> None:
        try:
            async for raw in self._socket:
                self._take(raw)
        except ConnectionClosed as error:
            log.info("rosbridge: %s", error)
        finally:
            for heard in self._hearers.values():
                heard.put_nowait(None)

    def _take(self, raw: str | bytes) -> None:
        try:
            message = json.loads(raw)
            key = message["topic"] if message["op"] == "publish" else message["id"]
        except (ValueError, KeyError, TypeError):
            return
        if (heard := self._hearers.get(key)) is not None:
            heard.put_nowait(message)


class Bridge:
    """The bridge at one address; connects when it is needed, and again when that connection has ended.

    Whoever moves what is behind it holds `motion`: one motion at a time. `moving` tells the others whose it is.
    """

    def __init__(self, url: str, login: Login | None) -> None:
        self.where = f"rosbridge at {urlsplit(url).netloc}"
        self.motion = asyncio.Lock()
        self.moving = ""
        self._url = url
        self._login = login
        self._link: Link | None = None
        self._opening = asyncio.Lock()

    async def open(self) -> Link:
        """A connection whose other end has just answered. :raise Unreachable: there is none; nothing was sent."""
        async with self._opening:
            if self._link is not None and self._link.open:
                try:
                    await self._link.arrived()
                    return self._link
                except Lost:
                    pass
            if self._link is not None:
                await self._link.close()
            self._link = Link(await self._connect())
            return self._link

    async def close(self) -> None:
        if self._link is not None:
            await self._link.close()

    async def _connect(self) -> ClientConnection:
        headers = {}
        if self._login is not None:
            headers["Authorization"] = f"Basic {b64encode(b':'.join(self._login())).decode()}"
        try:
            return await _Connect(
                self._url,
                additional_headers=headers,
                open_timeout=ANSWERS_WITHIN,
                ping_interval=ANSWERS_WITHIN,
                ping_timeout=ANSWERS_WITHIN,
                close_timeout=1,
                compression=None,
                proxy=None,
            )
        except (OSError, TimeoutError, WebSocketException) as error:
            raise Unreachable(
                f"{self.where} cannot be reached ({str(error) or 'no answer'}); nothing was done"
            ) from None
