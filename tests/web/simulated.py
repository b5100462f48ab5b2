"""The page on a service whose servers are memory: doors, store and events are the real ones, and power is free."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from playwright.async_api import Browser

from bmc.accounts import Limits
from bmc.model.node import NodeDefinition
from tests.e2e.service import LiveService
from tests.redfish.service import PASSWORDS, PATIENT, Service, open_service
from tests.web.many import name_of, tags_of
from tests.web.visitor import Visitor, visit
from tests.world import ADMIN, MemoryServer

BUILT = Path(__file__).parents[2] / "web" / "dist"
AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Simulation:
    service: Service
    where: LiveService
    """Its address, for a visitor; nothing was started there."""

    async def visit(self, browser: Browser, path: str = "/") -> Visitor:
        """The administrator at a browser of their own."""
        visitor = await visit(browser, self.where)
        await visitor.sign_in(path, "admin", PASSWORDS["admin"])
        return visitor

    async def add(self, number: int) -> None:
        """A node with the name and the tags of its number: off, with power alone, nothing of which is measured."""
        name = name_of(number)
        server = self.service.drivers.servers[name] = MemoryServer()
        server.metered = False
        self.service.drivers.headless.add(name)
        definition = NodeDefinition(name, uuid4(), "memory", tags=frozenset(tags_of(number)))
        await self.service.world.fleet.create(definition, ADMIN)


@asynccontextmanager
async def simulation(path: Path, count: int, limits: Limits = PATIENT) -> AsyncIterator[Simulation]:
    """With so many nodes."""
    async with open_service(path, limits=limits) as service:
        shutil.copytree(BUILT, path / "page", dirs_exist_ok=True)
        simulated = Simulation(service, LiveService(path / "nowhere", url=service.url))
        for first in range(0, count, AT_ONCE):
            await asyncio.gather(*(simulated.add(number) for number in range(first, min(first + AT_ONCE, count))))
        yield simulated
