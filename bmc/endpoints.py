"""Where nodes have their endpoints: a port each, or an address each, given out once and kept."""

from contextlib import suppress
from typing import Protocol

from bmc.config import NodeDoorSettings
from bmc.model.errors import BackendFailed, BmcError, Busy, InvalidRequest
from bmc.model.node import Endpoint
from bmc.node import Node


class Door(Protocol):
    """Listens for nodes, each at an endpoint of its own."""

    async def add(self, node: Node, where: Endpoint) -> Endpoint:
        """:raise BmcError: the address cannot be had."""

    async def remove(self, name: str) -> None: ...


class Endpoints:
    """Gives each node its endpoint at one door.

    A node without an endpoint gets the next free one; so does one whose port another program has taken meanwhile. An
    address is the node's for good: where the node cannot listen at its own, its door is closed.
    """

    def __init__(self, title: str, protocol: str, settings: NodeDoorSettings) -> None:
        self._title = title
        self._protocol = protocol
        self._settings = settings
        self.given: dict[str, Endpoint] = {}
        """By node, whether its door is open or not."""
        self.open: dict[str, Endpoint] = {}

    async def add(self, door: Door, node: Node) -> str:
        """Open the node's door. Returns what is to be told of it, "" if it is as it was to be."""
        name, told = node.snapshot.name, ""
        wanted = self.given.get(name)
        endpoint = None
        try:
            endpoint = await door.add(node, wanted) if wanted else await self._next_free(door, node)
        except BmcError as error:
            if name not in self.given or not self._settings.keeps(self.given[name]):
                with suppress(BackendFailed):
                    endpoint = await self._next_free(door, node)
            where = f"{endpoint.host} {self._protocol} port {endpoint.port}" if endpoint else ""
            told = f"the {self._title} door of {name} is {f'on {where} now' if where else 'closed'}: {error}"
        if endpoint is not None:
            self.open[name] = endpoint
        return told

    async def add_at(self, door: Door, node: Node, endpoint: Endpoint) -> None:
        """Open a new node's door at the endpoint that was asked for, and nowhere else.

        :raise InvalidRequest: nodes have none there. :raise Busy: another node has it.
        :raise BmcError: it cannot be had.
        """
        name, where = node.snapshot.name, f"{self._title} endpoint {endpoint.host} port {endpoint.port}"
        if not self._settings.has(endpoint):
            raise InvalidRequest(f"{where} is none that nodes have; see {self._title.lower()} in the configuration")
        other = next((each for each, given in self.given.items() if given == endpoint and each != name), None)
        if other is not None:
            raise Busy(f"{where} is that of {other}")
        self.open[name] = await door.add(node, endpoint)
        self.given[name] = endpoint

    async def remove(self, door: Door, name: str) -> None:
        if self.open.pop(name, None) is not None:
            await door.remove(name)

    async def _next_free(self, door: Door, node: Node) -> Endpoint:
        """Give the node the next endpoint that is no other's. A port that another program has is passed over.

        :raise BackendFailed: there is none left, or the address given, which stays the node's, cannot be had.
        """
        name, taken = node.snapshot.name, set(self.given.values())
        for endpoint in self._settings.endpoints():
            if endpoint in taken:
                continue
            self.given[name] = endpoint
            try:
                return await door.add(node, endpoint)
            except BmcError as error:
                if self._settings.keeps(endpoint):
                    raise BackendFailed(str(error)) from error
        self.given.pop(name, None)
        if self._settings.addresses is not None:
            every = f"every address of {self._title.lower()}.addresses ({self._settings.addresses})"
            raise BackendFailed(f"{every} is given to a node")
        first = self._settings.first_port
        raise BackendFailed(f"no {self._protocol} port from {first} on is free on {self._settings.host}")
