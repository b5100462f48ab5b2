"""Name → driver, from the entry-point group `bmc.robots`, where our own backends are registered too."""

from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from bmc.model.checks import Check
from bmc.model.clock import Clock
from bmc.model.errors import InvalidRequest
from bmc.model.node import NodeDefinition
from bmc.model.software import Software
from bmc.ports import Backend, Driver, Site, no_connections

GROUP = "bmc.robots"


class Drivers:
    """Every driver that is installed, each with a directory of its own below `directory`."""

    def __init__(
        self,
        directory: Path,
        clock: Clock,
        credentials: Callable[[str], tuple[bytes, bytes]],
        interfaces: frozenset[str] = frozenset(),
        connections: Callable[[str], str] = no_connections,
    ) -> None:
        self._directory = directory
        self._clock = clock
        self._credentials = credentials
        self._interfaces = interfaces
        self._connections = connections
        self._entries = {entry.name: entry for entry in entry_points(group=GROUP)}

    def complete(self, definition: NodeDefinition) -> NodeDefinition:
        """:raise InvalidRequest: no such driver, or with every option that is wrong."""
        return self._driver(definition.driver).complete(definition, self._site(definition.driver))

    async def open(self, definition: NodeDefinition) -> Backend:
        """:raise InvalidRequest: no such driver. :raise BackendFailed: it cannot work here; with the remedy."""
        return await self._driver(definition.driver).open(definition, self._site(definition.driver))

    def schemas(self) -> list[Mapping[str, Any]]:
        """The JSON schema of each driver's options."""
        return [self._driver(name).schema() for name in sorted(self._entries)]

    def checks(self) -> Iterable[Check]:
        """What every driver has to tell about this machine; may take seconds."""
        for name in sorted(self._entries):
            yield from self._driver(name).checks(self._site(name))

    def software(self) -> Iterable[Software]:
        """What the nodes of every driver run on, in the versions installed now; may take a second."""
        for name in sorted(self._entries):
            yield from self._driver(name).software()

    def _driver(self, name: str) -> Driver:
        entry = self._entries.get(name)
        if entry is None:
            raise InvalidRequest(f"Driver {name!r} is not installed; there are {', '.join(sorted(self._entries))}")
        driver: Driver = entry.load()
        return driver

    def _site(self, name: str) -> Site:
        return Site(self._directory / name, self._clock, self._credentials, self._interfaces, self._connections)
