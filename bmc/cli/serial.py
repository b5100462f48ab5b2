"""The serial console's WebSocket, between a terminal and the service (docs/web.md)."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from urllib.parse import quote

import aiohttp

from bmc.cli.client import Client, system_path
from bmc.cli.errors import CliError
from bmc.console.escapes import HELP, NOTHING, Ask, Do, Escapes, Shown, Wish, note, power_menu, question
from bmc.console.keyboard import Keyboard
from bmc.console.serial import without_queries
from bmc.model.caller import Door
from bmc.model.console import ConsoleKind, Viewer
from bmc.model.power import PowerAction

CTRL_C = b"\x03"
REQUESTS = {Wish.BREAK: "break", Wish.TAKE: "take", Wish.SPY: "release"}
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
    async with connected(client, name, _place(view) + "&viewers=1") as socket:
        loop.add_reader(sys.stdin.fileno(), read)
        person = _Person(client, name, view, socket)
        down = asyncio.create_task(person.show())
        up = asyncio.create_task(person.type(typed))
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


class _Person:
    """Who sits at the terminal."""

    def __init__(self, client: Client, name: str, view: bool, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._client = client
        self._name = name
        self._view = view
        self._socket = socket
        self._shown = Shown()
        self._keyboard = Keyboard(only_looks=view)

    async def show(self) -> str:
        """Until the service ends it; returns why."""
        reason = ""
        async for message in self._socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                _print(message.data)
                self._shown.keep(message.data)
                reason = ""
            elif message.type is aiohttp.WSMsgType.TEXT:
                told = json.loads(message.data)
                if told["type"] == "closed":
                    return str(told["reason"])
                if told["type"] == "viewers":
                    if news := self._keyboard.told([_viewer(each) for each in told["viewers"]], told["you"]):
                        _print(note(news))
                elif told["type"] == "error" and told["reason"] != reason:  # it says so for each key that is typed
                    reason = told["reason"]
                    _print(note(reason))
        return "the connection broke"

    async def type(self, typed: asyncio.Queue[bytes]) -> str:
        """Until the person leaves."""
        escapes = Escapes()
        while True:
            for each in escapes.feed(await typed.get()):
                if each is Wish.LEAVE or (self._view and isinstance(each, bytes) and CTRL_C in each):
                    return ""
                await self._heed(each)

    async def _heed(self, each: bytes | Wish | Ask | Do) -> None:
        if isinstance(each, bytes):
            if not self._view:
                await self._socket.send_bytes(each)
        elif request := REQUESTS.get(each) if isinstance(each, Wish) else None:
            if not self._view:
                await self._socket.send_json({"type": request})
        elif isinstance(each, Ask):
            _print(note(question(self._name, each.action)))
        elif isinstance(each, Do):
            _print(note(await asyncio.to_thread(self._reset, each.action)))
        elif each is Wish.WHO:
            _print(note(*self._keyboard.lines))
        elif each is Wish.REPLAY:
            _print(without_queries(self._shown.last_lines()))
        elif each is Wish.POWER:
            _print(note(power_menu(self._name, await asyncio.to_thread(self._power))))
        else:
            _print(note(*HELP) if each is Wish.HELP else note(NOTHING))

    def _power(self) -> str:
        try:
            return self._client.get(system_path(self._name))["PowerState"] or "Unknown"
        except CliError as error:
            return f"Unknown ({error})"

    def _reset(self, action: PowerAction) -> str:
        try:
            path = f"{system_path(self._name)}/Actions/ComputerSystem.Reset"
            self._client.post(path, {"ResetType": action.value})
        except CliError as error:
            return f"{self._name}: {error}"
        return f"{self._name}: {action.value} accepted"


def _viewer(told: dict[str, Any]) -> Viewer:
    since = datetime.fromisoformat(told["since"]).timestamp()
    of = told["account"], Door(told["door"]), told["address"]
    return Viewer(told["id"], ConsoleKind.SERIAL, *of, since, told["may_type"], told["types"])


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
