"""Each node's own Redfish endpoint: a listener a node, which shows that node alone."""

import asyncio
import ssl
from types import TracebackType

from aiohttp import web

from bmc.http.app import make_node_app
from bmc.http.keys import HOUSE
from bmc.http.server import Connection, HttpServer, most_connections
from bmc.model.errors import NotFound
from bmc.model.node import Endpoint
from bmc.node import Node
from bmc.redfish.router import Router
from bmc.redfish.tree import node_routes

MOST_OF_ONE = 64
"""Connections to one node's endpoint."""
SHUTDOWN_SECONDS = 0.5
"""Who changes or removes a node waits no longer for requests that are under way at its endpoint."""


class NodeServers:
    """Enter it, then add nodes; they come and go while it runs. `fleet` is the application of the fleet's root."""

    def __init__(self, fleet: web.Application, context: ssl.SSLContext | None = None) -> None:
        self._fleet = fleet
        self._context = context
        self._router = Router(node_routes())
        self._opened: dict[str, HttpServer] = {}
        self._most = most_connections()

    async def __aenter__(self) -> "NodeServers":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*map(self.remove, list(self._opened)))

    async def add(self, node: Node, where: Endpoint) -> Endpoint:
        """Listen for it (port 0: any free one). Returns where that is. :raise CannotListen:"""
        name = node.snapshot.name
        app = make_node_app(self._fleet, self._router, name)
        server = HttpServer(app, where.host, where.port, self._context, self._full, SHUTDOWN_SECONDS)
        self._opened[name] = await server.__aenter__()
        self._fleet[HOUSE].endpoints[name] = server.url
        return Endpoint(where.host, server.port)

    async def remove(self, name: str) -> None:
        """:raise NotFound: no such endpoint."""
        server = self._opened.pop(name, None)
        if server is None:
            raise NotFound(f"node {name} has no Redfish endpoint")
        del self._fleet[HOUSE].endpoints[name]
        await server.__aexit__(None, None, None)

    def serve_with(self, context: ssl.SSLContext) -> None:
        """As HttpServer, all endpoints."""
        self._context = context
        for server in self._opened.values():
            server.serve_with(context)

    def url(self, name: str) -> str:
        """ "" where there is none."""
        return self._fleet[HOUSE].endpoints.get(name, "")

    def _full(self, there: list[Connection]) -> list[Connection] | None:
        """Whoever floods one node's endpoint must not keep others out, and whoever floods many neither."""
        if len(there) >= MOST_OF_ONE:
            return there
        everywhere = [each for server in self._opened.values() for each in server.connections]
        return everywhere if len(everywhere) >= self._most else None
