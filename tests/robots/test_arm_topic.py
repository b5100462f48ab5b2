"""A finger that follows a topic: our client, a rosbridge of its own, a robot by roslibpy, and the plant it presses."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import robots.arm_switch
import robots.rosbridge
from bmc.events import Events
from bmc.model.errors import InvalidOptions, OutcomeUnknown, Refused, Unreachable
from bmc.model.node import NodeDefinition
from bmc.model.power import PowerAction
from bmc.ports import Backend, PowerSwitch, Site
from bmc.power.safety import Safety
from bmc.store import Store
from robots.adapter import Place
from robots.contract import BackendContract, OpenBackend
from robots.hardware import Adapters, driver
from robots.testing import make_site, opened
from tests.robots.plant import ROOT, Rules
from tests.robots.ros_arm import HOMED, Cell, running_cell, until
from tests.robots.witness import witnessed

POWER, RESET = "/arm/power_finger", "/arm/reset_finger"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cell]:
    with running_cell(tmp_path_factory.mktemp("finger") / "cell", Rules(hold=0.8)) as cell:
        yield cell


@pytest.fixture
def cell(running: Cell) -> Cell:
    running.reset()
    return running


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path / "site")


@asynccontextmanager
async def finger(cell: Cell, site: Site, **options: Any) -> AsyncIterator[PowerSwitch]:
    adapter = Adapters().find("arm-topic")
    assert adapter is not None
    checked = adapter.options.model_validate({"url": cell.url, "power_topic": POWER, **options})
    parts = adapter.open(checked, Place("n1", "arm-topic", site.directory / "n1" / "power", site))
    assert parts.switch is not None
    assert parts.running is not None
    await parts.running.start()
    try:
        yield parts.switch
    finally:
        await parts.running.close()


async def becomes(what: Callable[[], bool], words: str) -> None:
    await asyncio.to_thread(until, what, words)


async def is_in(cell: Cell) -> None:
    await becomes(lambda: cell.plant.look().closed == ["a"], "the finger to be in")


class TestContract(BackendContract):
    @pytest.fixture
    async def open_backend(self, cell: Cell, site: Site, tmp_path: Path) -> AsyncIterator[OpenBackend]:
        with witnessed(cell.plant, tmp_path / "bmc") as sense:
            topics = {"power_topic": POWER, "reset_topic": RESET}
            power = {"adapter": "arm-topic", "url": cell.url, "long": "1.2s", **topics}
            async with AsyncExitStack() as stack:

                async def open_backend() -> Backend:
                    return await stack.enter_async_context(opened({"power": power, "sense": [sense]}, site))

                yield open_backend


async def test_the_finger_is_out_for_as_long_as_the_press(cell: Cell, site: Site):
    async with finger(cell, site, short="300ms") as switch:
        await switch.apply(PowerAction.ON)
        await is_in(cell)
    assert cell.presses == 1
    assert cell.plant.look().held["power"] == pytest.approx(0.3, abs=0.15)
    said = [each["msg"]["data"] for each in cell.sent("publish", topic=POWER)]
    assert said == [True] * (len(said) - 1) + [False]
    assert 2 <= len(said) <= 5


async def test_what_pressed_and_released_are_is_for_the_options_to_say(cell: Cell, site: Site):
    float_topic = {"power_topic": "/arm/servo", "type": "std_msgs/msg/Float64", "pressed": 0.8, "released": 0.1}
    async with finger(cell, site, **float_topic, field="angle", short="150ms") as switch:
        await switch.apply(PowerAction.ON)
    assert {each["msg"]["angle"] for each in cell.sent("publish", topic="/arm/servo")} == {0.8, 0.1}
    assert cell.sent("advertise", topic="/arm/servo")[0]["type"] == "std_msgs/msg/Float64"


async def test_an_arm_that_is_not_homed_does_not_move(cell: Cell, site: Site):
    cell.fault("unhomed")
    async with finger(cell, site, homed={"topic": HOMED}) as switch:
        with pytest.raises(Refused, match="is not homed"):
            await switch.apply(PowerAction.ON)
    assert cell.presses == 0


async def test_without_a_bridge_nothing_was_sent(cell: Cell, site: Site):
    cell.stop_bridge()
    async with finger(cell, site) as switch:
        with pytest.raises(Unreachable, match="nothing was done"):
            await switch.apply(PowerAction.ON)


async def test_an_emergency_stop_takes_the_finger_off(cell: Cell, site: Site, tmp_path: Path):
    async with Store.open(tmp_path / "store" / "lightsout.db") as store, finger(cell, site, short="3s") as switch:
        safety = await Safety.open(store, Events(store, site.clock), site.clock, {})
        press = asyncio.create_task(safety.move(switch.apply(PowerAction.PUSH_POWER_BUTTON), safety.stops))
        await becomes(lambda: cell.presses == 1, "the finger to press")
        await safety.stop("olga", "smoke")
        with pytest.raises(OutcomeUnknown):
            await press
        await is_in(cell)
    assert cell.plant.look().held["power"] < 2


async def test_a_bridge_gone_while_the_finger_is_out_is_told_and_the_finger_let_go_of_when_it_is_back(
    cell: Cell, site: Site, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(robots.arm_switch, "TRY_AGAIN", 0.1)
    monkeypatch.setattr(robots.rosbridge, "ANSWERS_WITHIN", 0.5)
    async with finger(cell, site, short="3s") as switch:
        press = asyncio.create_task(switch.apply(PowerAction.PUSH_POWER_BUTTON))
        await becomes(lambda: cell.presses == 1, "the finger to press")
        cell.stop_bridge()
        with pytest.raises(OutcomeUnknown, match="was out, and may still be out"):
            await press
        assert "power" in cell.plant.look().closed
        await asyncio.to_thread(cell.start_bridge)
        await becomes(lambda: bool(cell.sent("publish", topic=POWER)), "the release")
        assert {each["msg"]["data"] for each in cell.sent("publish", topic=POWER)} == {False}
    assert cell.presses == 1


DYING = """
import asyncio, sys
from pathlib import Path
from bmc.model.power import PowerAction
from robots.adapter import Place
from robots.hardware import Adapters
from robots.testing import make_site

async def main():
    adapter, site = Adapters().find("arm-topic"), make_site(Path(sys.argv[1]))
    options = adapter.options.model_validate({"url": sys.argv[2], "power_topic": sys.argv[3], "short": "3s"})
    parts = adapter.open(options, Place("n1", "arm-topic", site.directory / "n1" / "power", site))
    await parts.switch.apply(PowerAction.PUSH_POWER_BUTTON)

asyncio.run(main())
"""


async def test_a_finger_that_was_out_when_we_died_is_taken_in_at_the_next_start(cell: Cell, site: Site):
    arguments = [str(site.directory), cell.url, POWER]
    dying = await asyncio.create_subprocess_exec(sys.executable, "-c", DYING, *arguments, cwd=ROOT)
    await becomes(lambda: cell.presses == 1, "the finger to press")
    dying.kill()
    await dying.wait()
    assert "power" in cell.plant.look().closed
    async with finger(cell, site):
        await is_in(cell)
    assert cell.presses == 1


BASE = {"adapter": "arm-topic", "url": "ws://arm.lab:9090", "power_topic": POWER}
WRONG = [
    ({**BASE, "power_topic": "a finger"}, "options.power.power_topic"),
    ({**BASE, "field": ""}, "options.power.field"),
    ({**BASE, "url": "arm.lab"}, "options.power.url"),
    ({**BASE, "action": "/arm/press"}, "options.power.action: there is no such option"),
]


@pytest.mark.parametrize(("power", "told"), WRONG)
def test_what_is_wrong_with_an_option_is_told_with_its_place(site: Site, power: dict, told: str):
    definition = NodeDefinition("n1", UUID(int=1), "hardware", {"power": power, "sense": ["ipmi:10.0.0.1"]})
    with pytest.raises(InvalidOptions) as raised:
        driver.complete(definition, site)
    assert told in str(raised.value)
