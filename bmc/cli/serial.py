"""The serial console's WebSocket, between a terminal and the service (docs/web.md)."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import aiohttp

from bmc.cli.client import Client
from bmc.cli.errors import CliError
from bmc.cli.escapes import HELP, Escapes, Wish

CTRL_C = b"\x03"
HEARTBEAT = 30.0
FIRST = 2.0
"""Seconds that the service may take to send what was printed before; it sends nothing where nothing was."""


async def talk(client: Client, name: str, view: bool) -> str:
    """Why it ended; "" when the person left. SIGTERM and SIGHUP end it too, so that the terminal is put right."""
    loop = asyncio.get_running_loop()
    left: asyncio.Future[str] = loop.create_future()
    typed: asyncio.Queue[bytes] = asyncio.Queue()

    def leave(why: str) -> None:
        if not left.done():
            left.set_result(why)

    def read() -> None:
        try:
            data = os.read(sys.stdin.fileno(), 65536)
        except OSError:
            data = b""
        if data:
            typed.put_nowait(data)
        else:
            loop.remove_reader(sys.stdin.fileno())
            leave("the terminal is gone")

    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, leave, f"ended by {number.name}")
    crowd = Crowd()
    async with connected(client, name, _place(view) + "&viewers=1") as socket:
        loop.add_reader(sys.stdin.fileno(), read)
        down = asyncio.create_task(_show(socket, crowd))
        up = asyncio.create_task(_type(socket, typed, view, crowd))
        await asyncio.wait({down, up, left}, return_when=asyncio.FIRST_COMPLETED)
        loop.remove_reader(sys.stdin.fileno())
        for task in (down, up):
            task.cancel()
        results = await asyncio.gather(down, up, return_exceptions=True)
        if left.done():
            return left.result()
        return next((each for each in results if isinstance(each, str)), "the connection broke")


@asynccontextmanager
async def connected(client: Client, name: str, place: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A node's WebSocket, as serial or ssh. :raise CliError: the service does not answer."""
    url = f"{client.url}/console/{quote(name, safe='')}/{place}"
    tls = client.transport.tls or True
    async with aiohttp.ClientSession(headers={"X-Auth-Token": client.token}) as session:
        try:
            socket = await session.ws_connect(url, origin=client.url, ssl=tls, heartbeat=HEARTBEAT, max_msg_size=0)
        except (aiohttp.ClientError, OSError) as error:
            raise CliError(f"{client.url} does not answer: {error}") from None
        async with socket:
            yield socket


def _place(view: bool) -> str:
    return f"serial?view={int(view)}"


class Crowd:
    """Who watches and who types, as the service told it last."""

    def __init__(self) -> None:
        self._viewers: list[dict[str, Any]] = []
        self._you = 0
        self._typing = 0

    def told(self, message: dict[str, Any]) -> str:
        """Whose the keyboard is now, if that is news; "" when it is ours from the beginning, or as before."""
        before, first = self._typing, not self._viewers
        self._viewers, self._you = message["viewers"], message["you"]
        typing = next((each for each in self._viewers if each["types"]), None)
        self._typing = typing["id"] if typing else 0
        if self._typing == before:
            return ""
        if typing is None:
            return "nobody has the keyboard; Enter ~t takes it"
        if typing["id"] == self._you:
            return "" if first else "the keyboard is yours"
        return f"{_named(typing)} has the keyboard: you only watch; Enter ~t takes it over"

    @property
    def lines(self) -> list[str]:
        return [self._line(each) for each in self._viewers]

    def _line(self, viewer: dict[str, Any]) -> str:
        marks = [word for word, so in (("types", viewer["types"]), ("you", viewer["id"] == self._you)) if so]
        return f"{_named(viewer)} since {viewer['since']}" + (f": {', '.join(marks)}" if marks else "")


def _named(viewer: dict[str, Any]) -> str:
    origin = f" from {viewer['address']}" if viewer["address"] else ""
    return f"{viewer['account']} ({viewer['door']}{origin})"


async def _show(socket: aiohttp.ClientWebSocketResponse, crowd: Crowd) -> str:
    """Until the service ends it; returns why."""
    reason = ""
    async for message in socket:
        if message.type is aiohttp.WSMsgType.BINARY:
            _print(message.data)
            reason = ""
        elif message.type is aiohttp.WSMsgType.TEXT:
            told = json.loads(message.data)
            if told["type"] == "closed":
                return str(told["reason"])
            if told["type"] == "viewers":
                if news := crowd.told(told):
                    _note(news)
            elif told["type"] == "error" and told["reason"] != reason:  # it says so for each key that is typed
                reason = told["reason"]
                _note(reason)
    return "the connection broke"


async def _type(socket: aiohttp.ClientWebSocketResponse, typed: asyncio.Queue[bytes], view: bool, crowd: Crowd) -> str:
    """Until the person leaves."""
    escapes = Escapes()
    while True:
        for each in escapes.feed(await typed.get()):
            if each is Wish.LEAVE or (view and isinstance(each, bytes) and CTRL_C in each):
                return ""
            if each is Wish.HELP:
                _note(*HELP)
            elif each is Wish.WHO:
                _note(*crowd.lines)
            elif view:
                continue
            elif each is Wish.BREAK:
                await socket.send_json({"type": "break"})
            elif each is Wish.TAKE:
                await socket.send_json({"type": "take"})
            else:
                await socket.send_bytes(each)


async def tail(client: Client, name: str) -> bytes:
    """What was printed last, at most 64 KiB; b"" when nothing was. :raise CliError: refused."""
    async with connected(client, name, _place(view=True)) as socket:
        try:
            async with asyncio.timeout(FIRST):
                message = await socket.receive()
        except TimeoutError:
            return b""
    if message.type is aiohttp.WSMsgType.TEXT:
        raise CliError(f"{name}: {json.loads(message.data)['reason']}")
    return message.data if message.type is aiohttp.WSMsgType.BINARY else b""


def _print(data: bytes) -> None:
    """All of it: a terminal that takes only a part is waited for."""
    while data:
        data = data[os.write(sys.stdout.fileno(), data) :]


def _note(*lines: str) -> None:
    _print("".join(f"\r\n[bmc: {line}]" for line in lines).encode() + b"\r\n")
