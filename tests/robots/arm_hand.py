"""The switch of an arm before the cell of `ros_arm`, as the driver opens it: here, and in a service that is killed."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import pytest

from bmc.model.errors import InvalidOptions
from bmc.model.node import NodeDefinition
from bmc.ports import Backend, PowerSwitch, Site
from robots.adapter import Parts, Place
from robots.contract import BackendContract, OpenBackend
from robots.hardware import Adapters, driver
from robots.testing import opened
from tests.robots.plant import ROOT
from tests.robots.ros_arm import Cell, until
from tests.robots.witness import witnessed


class ArmContract(BackendContract):
    """`power`: the options beside its url."""

    power: ClassVar[Mapping[str, object]]

    @pytest.fixture
    async def open_backend(self, cell: Cell, site: Site, tmp_path: Path) -> AsyncIterator[OpenBackend]:
        with witnessed(cell.plant, tmp_path / "bmc") as sense:
            power = {"url": cell.url, "long": "1.2s", **self.power}
            async with AsyncExitStack() as stack:

                async def open_backend() -> Backend:
                    return await stack.enter_async_context(opened({"power": power, "sense": [sense]}, site))

                yield open_backend


def parts_of(adapter: str, site: Site, node: str, options: Mapping[str, object]) -> Parts:
    found = Adapters().find(adapter)
    assert found is not None
    place = Place(node, adapter, site.directory / node / "power", site)
    return found.open(found.options.model_validate(options), place)


@asynccontextmanager
async def hand(adapter: str, site: Site, node: str, **options: Any) -> AsyncIterator[PowerSwitch]:
    """Its switch."""
    parts = parts_of(adapter, site, node, options)
    assert parts.switch is not None
    assert parts.running is not None
    await parts.running.start()
    try:
        yield parts.switch
    finally:
        await parts.running.close()


async def becomes(what: Callable[[], bool], words: str) -> None:
    await asyncio.to_thread(until, what, words)


def pressed(site: Site) -> bool:
    """Whether it stands on disk that a button may still be pressed."""
    return any(site.directory.rglob("pressed.json"))


DYING = """
import asyncio, json, sys
from pathlib import Path
from bmc.model.power import PowerAction
from robots.testing import make_site
from tests.robots.arm_hand import parts_of

async def main():
    parts = parts_of(sys.argv[1], make_site(Path(sys.argv[2])), "n1", json.loads(sys.argv[3]))
    await parts.switch.apply(PowerAction.PUSH_POWER_BUTTON)

asyncio.run(main())
"""


async def die_in_mid_press(adapter: str, cell: Cell, site: Site, **options: Any) -> None:
    arguments = [adapter, str(site.directory), json.dumps({"url": cell.url, **options})]
    dying = await asyncio.create_subprocess_exec(sys.executable, "-c", DYING, *arguments, cwd=ROOT)
    await becomes(lambda: cell.presses == 1, "the button to be pressed")
    dying.kill()
    await dying.wait()


def complaint(site: Site, power: Mapping[str, object]) -> str:
    """What is told of these options."""
    definition = NodeDefinition("n1", UUID(int=1), "hardware", {"power": dict(power), "sense": ["ipmi:10.0.0.1"]})
    with pytest.raises(InvalidOptions) as raised:
        driver.complete(definition, site)
    return str(raised.value)
