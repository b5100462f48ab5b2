"""The driver of virtual nodes, as a fleet of the tests takes it."""

from pathlib import Path

from bmc.model.node import NodeDefinition
from bmc.node.power import Patience
from bmc.ports import Backend, Configured
from bmc.virtual_node.driver import driver
from robots.testing import make_site
from tests.world import MemoryDrivers

PATIENT = Patience(off_time=0.1)


def no_credentials(name: str) -> tuple[bytes, bytes]:
    raise AssertionError(f"a virtual node asked for the credential {name}")


class RealDrivers(MemoryDrivers):
    """The driver of virtual nodes."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._site = make_site(directory, configured=Configured(no_credentials))

    def complete(self, definition: NodeDefinition) -> NodeDefinition:
        return driver.complete(definition, self._site)

    async def open(self, definition: NodeDefinition) -> Backend:
        return await driver.open(definition, self._site)
