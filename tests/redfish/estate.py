"""Two nodes, each with its own Redfish endpoint, and the users of the first."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import ClientWebSocketResponse, encode_basic_auth
from yarl import URL

from bmc.http.nodes import NodeServers
from bmc.model.caller import Role
from bmc.model.node import Endpoint
from bmc.redfish.negotiation import JSON
from tests.redfish.service import Answer, Service, open_service

SESSIONS = "/redfish/v1/SessionService/Sessions"
ACCOUNTS = "/redfish/v1/AccountService/Accounts"
STREAM = "/redfish/v1/EventService/SSE"
KEYS = {"admin": "key of the fleet", "nora": "key of nora", "oleg": "key of oleg", "vera": "key of vera"}
"""IPMI users of n1: a fleet account's, and an Administrator, an Operator and a User of the node's own."""
OTHERS_KEY = "key of n2's nora"
LOCALHOST = Endpoint("127.0.0.1", 0)


@dataclass
class Estate:
    """n1 and n2, each with its endpoint."""

    service: Service
    nodes: NodeServers

    async def call(
        self, method: str, path: str, body: object = None, as_: str = "nora", node: str = "n1", **more: Any
    ) -> Answer:
        headers = dict(more.pop("headers", {}))
        if as_:
            headers = {"Authorization": encode_basic_auth(as_, more.pop("key", KEYS[as_])), **headers}
        data = json.dumps(body).encode() if body is not None else None
        headers.setdefault("Content-Type", JSON)
        url = URL(self.nodes.url(node) + path, encoded=True)
        async with self.service.client.request(method, url, data=data, headers=headers, **more) as response:
            return await Answer.of(response)

    async def get(self, path: str, **more: Any) -> Any:
        answer = await self.call("GET", path, **more)
        assert answer.status == 200, answer
        return answer.body

    async def token(self, name: str = "nora", key: str = "", node: str = "n1") -> str:
        body = {"UserName": name, "Password": key or KEYS[name]}
        answer = await self.call("POST", SESSIONS, body, as_="", node=node)
        assert answer.status == 201, answer
        return answer.headers["X-Auth-Token"]

    async def status(self, token: str, path: str = "/redfish/v1/Systems", url: str = "") -> int:
        headers = {"X-Auth-Token": token}
        async with self.service.client.get((url or self.nodes.url("n1")) + path, headers=headers) as response:
            return response.status

    async def console(self, path: str, token: str, **more: Any) -> ClientWebSocketResponse:
        url = self.nodes.url("n1")
        headers = {"X-Auth-Token": token, "Origin": url}
        console: ClientWebSocketResponse = await self.service.client.ws_connect(url + path, headers=headers, **more)
        return console


@asynccontextmanager
async def open_estate(path: Path) -> AsyncIterator[Estate]:
    async with open_service(path) as service:
        nodes = service.nodes
        roles = {"admin": Role.ADMINISTRATOR, "nora": Role.ADMINISTRATOR, "oleg": Role.OPERATOR, "vera": Role.READ_ONLY}
        for name in ("n1", "n2"):
            node, _ = await service.world.add(name)
            await nodes.add(node, LOCALHOST)
        for slot, (name, role) in enumerate(roles.items(), 2):
            account = name if name == "admin" else ""
            await service.accounts.set_slot("n1", slot, name, KEYS[name].encode(), role, account=account)
        await service.accounts.set_slot("n2", 3, "nora", OTHERS_KEY.encode(), Role.ADMINISTRATOR)
        yield Estate(service, nodes)


async def ended(socket: ClientWebSocketResponse) -> int | None:
    """The close code, once it has come."""
    async with asyncio.timeout(5):
        while not socket.closed:
            await socket.receive()
    return socket.close_code
