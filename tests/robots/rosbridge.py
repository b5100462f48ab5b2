"""A rosbridge v2 server in a process of its own, written from the protocol's text and from what rosbridge_suite does.

It knows no ROS: topics, services and actions are those that its clients advertise. What clients send is logged.
"""

import argparse
import asyncio
import json
import ssl
import sys
import threading
from base64 import b64decode
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

Message = dict[str, Any]
ABORTED = 6


class Server:
    """`directory` holds `log`, a line for each message of a client, and the faults: files named for them."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._ids = count(1)
        self._subscribers: dict[str, dict[tuple[ServerConnection, str], None]] = {}
        self._services: dict[str, ServerConnection] = {}
        self._actions: dict[str, ServerConnection] = {}
        self._calls: dict[str, tuple[ServerConnection, Message]] = {}
        self._goals: dict[str, tuple[ServerConnection, Message]] = {}
        self._later: set[asyncio.Task[None]] = set()

    async def serve(self, socket: ServerConnection) -> None:
        try:
            async for raw in socket:
                message = json.loads(raw)
                with (self._directory / "log").open("a") as log:
                    log.write(json.dumps(message) + "\n")
                if (do := getattr(self, f"do_{message['op']}", None)) is not None:
                    await do(socket, message)
        except ConnectionClosed:
            pass
        finally:
            await self._left(socket)

    async def do_subscribe(self, socket: ServerConnection, message: Message) -> None:
        self._subscribers.setdefault(message["topic"], {})[socket, message.get("id", "")] = None

    async def do_unsubscribe(self, socket: ServerConnection, message: Message) -> None:
        self._subscribers.get(message["topic"], {}).pop((socket, message.get("id", "")), None)

    async def do_publish(self, socket: ServerConnection, message: Message) -> None:
        for each in {subscriber for subscriber, _ in self._subscribers.get(message["topic"], {})}:
            await tell(each, op="publish", topic=message["topic"], msg=message["msg"])

    async def do_advertise_service(self, socket: ServerConnection, message: Message) -> None:
        self._services[message["service"]] = socket

    async def do_call_service(self, socket: ServerConnection, message: Message) -> None:
        name, id = message["service"], f"service_request:{message['service']}:{next(self._ids)}"
        if name not in self._services:
            await answer_call(socket, message, f"Service {name} does not exist", False)
            return
        self._calls[id] = socket, message
        self._soon(self._call_expires(id, message.get("timeout", 5.0)))
        await tell(self._services[name], op="call_service", id=id, service=name, args=message.get("args", {}))

    async def do_service_response(self, socket: ServerConnection, message: Message) -> None:
        if message["id"] in self._calls and not self._broken("lose-result"):
            caller, call = self._calls.pop(message["id"])
            await answer_call(caller, call, message.get("values", {}), message["result"])

    async def do_advertise_action(self, socket: ServerConnection, message: Message) -> None:
        self._actions[message["action"]] = socket

    async def do_send_action_goal(self, socket: ServerConnection, message: Message) -> None:
        action, id = message["action"], f"action_goal:{message['action']}:{next(self._ids)}"
        if action not in self._actions:
            self._soon(answer_goal(socket, message, "No action server available", 0, False))
        elif self._broken("reject"):
            await answer_goal(socket, message, "Action goal was rejected", 0, False)
        else:
            self._goals[id] = socket, message
            goal = {"action": action, "action_type": message["action_type"], "args": message.get("args", {})}
            await tell(self._actions[action], op="send_action_goal", id=id, feedback=True, **goal)

    async def do_cancel_action_goal(self, socket: ServerConnection, message: Message) -> None:
        """From any connection: the bridge knows goals by the ids that clients gave them."""
        for id, (_, goal) in self._goals.items():
            if goal["id"] == message["id"]:
                await tell(self._actions[goal["action"]], op="cancel_action_goal", id=id, action=goal["action"])

    async def do_action_feedback(self, socket: ServerConnection, message: Message) -> None:
        if message["id"] in self._goals:
            client, goal = self._goals[message["id"]]
            if goal.get("feedback", False):
                await tell(client, op="action_feedback", id=goal["id"], action=goal["action"], values=message["values"])

    async def do_action_result(self, socket: ServerConnection, message: Message) -> None:
        if message["id"] in self._goals and not self._broken("lose-result"):
            client, goal = self._goals.pop(message["id"])
            await answer_goal(client, goal, message["values"], message["status"], True)

    async def _call_expires(self, id: str, after: float) -> None:
        await asyncio.sleep(after)
        if id in self._calls:
            caller, call = self._calls.pop(id)
            await answer_call(caller, call, "Timeout exceeded while waiting for service response", False)

    async def _left(self, socket: ServerConnection) -> None:
        """A client that is gone: what it provided is no more, what it had asked for goes on."""
        gone = {name for name, provider in self._actions.items() if provider is socket}
        self._services = {name: each for name, each in self._services.items() if each is not socket}
        self._actions = {name: each for name, each in self._actions.items() if each is not socket}
        for each in self._subscribers.values():
            for key in [key for key in each if key[0] is socket]:
                del each[key]
        for id in [id for id, (_, goal) in self._goals.items() if goal["action"] in gone]:
            client, goal = self._goals.pop(id)
            await answer_goal(client, goal, {}, ABORTED, True)

    def _broken(self, fault: str) -> bool:
        return (self._directory / fault).exists()

    def _soon(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)


async def tell(socket: ServerConnection, **message: Any) -> None:
    try:
        await socket.send(json.dumps(message))
    except ConnectionClosed:
        pass


async def answer_call(caller: ServerConnection, call: Message, values: Any, result: bool) -> None:
    await tell(caller, op="service_response", id=call.get("id"), service=call["service"], values=values, result=result)


async def answer_goal(client: ServerConnection, goal: Message, values: Any, status: int, result: bool) -> None:
    known: Mapping[str, Any] = {"id": goal.get("id"), "action": goal["action"]}
    await tell(client, op="action_result", **known, values=values, status=status, result=result)


def doorkeeper(login: str) -> Any:
    """What stands before a bridge that wants a login: rosbridge itself has none."""

    def check(socket: ServerConnection, request: Request) -> Response | None:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic" and b64decode(given).decode() == login:
            return None
        return Response(401, "Unauthorized", Headers(), b"")

    return check if login else None


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--login", default="", help="USER:PASSWORD that clients must give")
    parser.add_argument("--certificate", default="", help="a PEM file with key and certificate; then it is wss")
    given = parser.parse_args()
    context = None
    if given.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(given.certificate)
    server = Server(given.directory)
    ended, loop = asyncio.Event(), asyncio.get_running_loop()

    def until_the_end_of_input() -> None:
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=until_the_end_of_input, daemon=True).start()
    check = doorkeeper(given.login)
    async with serve(server.serve, "127.0.0.1", given.port, ssl=context, process_request=check) as listening:
        print(next(iter(listening.sockets)).getsockname()[1], flush=True)
        await ended.wait()


if __name__ == "__main__":
    asyncio.run(main())
