"""A finger that follows a topic: our client, a rosbridge of its own, a robot by roslibpy, and the plant it presses."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar

import pytest

import robots.held
import robots.rosbridge
from bmc.model.errors import OutcomeUnknown, Refused, Unreachable
from bmc.model.power import PowerAction
from bmc.ports import PowerSwitch, Site
from bmc.power.safety import Safety
from tests.robots.arm_hand import ArmContract, becomes, complaint, die_in_mid_press, hand, pressed
from tests.robots.plant import lasted
from tests.robots.ros_arm import HOMED, Cell

POWER, RESET = "/arm/power_finger", "/arm/reset_finger"


def finger(cell: Cell, site: Site, **options: Any) -> AbstractAsyncContextManager[PowerSwitch]:
    return hand("arm-topic", site, "n1", **{"url": cell.url, "power_topic": POWER, **options})


async def is_in(cell: Cell) -> None:
    await becomes(lambda: cell.plant.look().closed == ["a"], "the finger to be in")


class TestContract(ArmContract):
    power: ClassVar = {"adapter": "arm-topic", "power_topic": POWER, "reset_topic": RESET}


async def test_the_finger_is_out_for_as_long_as_the_press(cell: Cell, site: Site):
    async with finger(cell, site, short="300ms") as switch:
        await switch.apply(PowerAction.ON)
        await is_in(cell)
    assert cell.presses == 1
    assert lasted(cell.plant.look().held["power"], 0.3, early=0.15)
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


async def test_an_emergency_stop_takes_the_finger_off(cell: Cell, site: Site, safety: Safety):
    async with finger(cell, site, short="3s") as switch:
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
    monkeypatch.setattr(robots.held, "LET_GO_WITHIN", 0.5)
    monkeypatch.setattr(robots.rosbridge, "ANSWERS_WITHIN", 0.5)
    async with finger(cell, site, short="3s") as switch:
        press = asyncio.create_task(switch.apply(PowerAction.PUSH_POWER_BUTTON))
        await becomes(lambda: cell.presses == 1, "the finger to press")
        cell.stop_bridge()
        with pytest.raises(OutcomeUnknown, match=r"the finger was out; the power button .* may still be pressed"):
            await press
        assert "power" in cell.plant.look().closed
        await asyncio.to_thread(cell.start_bridge)
        await becomes(lambda: bool(cell.sent("publish", topic=POWER)), "the release")
        assert {each["msg"]["data"] for each in cell.sent("publish", topic=POWER)} == {False}
    assert cell.presses == 1


async def test_a_finger_that_was_out_when_we_died_is_taken_in_at_the_next_start(cell: Cell, site: Site):
    await die_in_mid_press("arm-topic", cell, site, power_topic=POWER, short="3s")
    assert "power" in cell.plant.look().closed
    async with finger(cell, site):
        await is_in(cell)
    assert cell.presses == 1


async def test_a_finger_is_taken_in_where_it_was_out_also_when_the_node_has_another_one_by_then(cell: Cell, site: Site):
    await die_in_mid_press("arm-topic", cell, site, power_topic=POWER, short="3s")
    async with finger(cell, site, url="ws://127.0.0.1:9", power_topic="/another/finger"):
        await is_in(cell)
        await becomes(lambda: not pressed(site), "that to be known")
    assert cell.sent("advertise", topic="/another/finger") == []


BASE = {"adapter": "arm-topic", "url": "ws://arm.lab:9090", "power_topic": POWER}
WRONG = [
    ({**BASE, "power_topic": "a finger"}, "options.power.power_topic"),
    ({**BASE, "field": ""}, "options.power.field"),
    ({**BASE, "url": "arm.lab"}, "options.power.url"),
    ({**BASE, "action": "/arm/press"}, "options.power.action: there is no such option"),
]


@pytest.mark.parametrize(("power", "told"), WRONG)
def test_what_is_wrong_with_an_option_is_told_with_its_place(site: Site, power: dict, told: str):
    assert told in complaint(site, power)
