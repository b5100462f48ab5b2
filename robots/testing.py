"""A site for adapters: real clock, real devices, made-up credentials, and nothing that holds them back."""

from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from bmc.model.clock import Clock, SystemClock
from bmc.model.errors import InvalidRequest
from bmc.model.node import NodeDefinition
from bmc.model.power import PowerState
from bmc.ports import Backend, Configured, Site
from bmc.shared_devices import SharedDevices
from robots.hardware import driver

CREDENTIALS = {"lab": (b"admin", b"secret"), "wrong": (b"admin", b"guess"), "nobody": (b"nobody", b"secret")}


def credentials(name: str) -> tuple[bytes, bytes]:
    if name not in CREDENTIALS:
        raise InvalidRequest(f"credential {name!r} is not in the configuration file; there is lab")
    return CREDENTIALS[name]


class NothingHeld:
    """Safety of a site at which every motion is allowed. `power` is what is believed of other nodes."""

    def __init__(self) -> None:
        self.power: dict[str, PowerState] = {}

    def power_of(self, node: str) -> PowerState:
        return self.power.get(node, PowerState.UNKNOWN)

    def word_of(self, node: str) -> PowerState | None:
        return None

    def check(self) -> None:
        return

    def require_budgets(self, names: Iterable[str]) -> None:
        return

    stops = 0

    async def move(self, work: Coroutine[Any, Any, None], since: int) -> None:
        await work

    async def start_turn(self, names: Iterable[str]) -> None:
        return

    def budget_state(self, name: str) -> str:
        return "free"


class NobodyThere:
    """Assignments at a site without people."""

    async def ask(self, node: str, text: str, patience: float) -> None:
        raise AssertionError(f"nobody is there to {text}")


def make_site(directory: Path, clock: Clock | None = None, configured: Configured | None = None) -> Site:
    configured = configured or Configured(credentials)
    return Site(directory, clock or SystemClock(), configured, SharedDevices(), NothingHeld(), NobodyThere())


@asynccontextmanager
async def opened(options: Mapping[str, object], site: Site, name: str = "n1") -> AsyncIterator[Backend]:
    """The backend of a node of driver `hardware`, started; closed at the end."""
    definition = driver.complete(NodeDefinition(name, UUID(int=1), "hardware", options), site)
    backend = await driver.open(definition, site)
    try:
        await backend.lifecycle.start()
        yield backend
    finally:
        await backend.lifecycle.close()
