"""Relays across the pins of a server: how long they are closed, and that they are always let go of."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from bmc.model.errors import InvalidRequest, OutcomeUnknown, Refused, Unreachable
from bmc.model.node import NodeDefinition
from bmc.model.power import PowerAction, PowerState
from bmc.ports import Backend
from robots.contract import BackendContract, OpenBackend
from robots.hardware import driver
from robots.testing import make_site, opened
from tests.robots.mqtt_lab import LED, LOAD, ROOT, Lab, open_lab, push, says
from tests.robots.plant import lasted
from tests.world import until

ON, OFF, UNKNOWN = PowerState.ON, PowerState.OFF, PowerState.UNKNOWN
BUTTONS: dict[str, dict[str, object]] = {
    "tasmota": {"kind": "tasmota", "device": "dev1", "reset_relay": 2},
    "shelly1": {"kind": "shelly1", "device": "dev1", "reset_relay": 1},
    "shelly2": {"kind": "shelly2", "device": "dev1", "reset_relay": 1},
    "plain": {
        "power_command": "lab/dev1/0/set",
        "power_state": "lab/dev1/0",
        "reset_command": "lab/dev1/1/set",
        "on": "close",
        "off": "open",
    },
}
ALL = pytest.mark.parametrize("lab", list(BUTTONS), indirect=True)
HELD = pytest.mark.parametrize("lab", ["shelly1", "plain"], indirect=True)

pytestmark = pytest.mark.skipif(shutil.which("mosquitto_pub") is None, reason="mosquitto is not installed")


@pytest.fixture(params=["tasmota"])
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lab]:
    with open_lab(tmp_path, request.param, "button") as lab:
        yield lab


def button(lab: Lab, **more: object) -> dict[str, object]:
    press = {"adapter": "mqtt-button", **lab.way, **BUTTONS[lab.kind], "short": "0.4s", "long": "3s", **more}
    return {"power": press, "sense": [LED, LOAD], "settle": "3s"}


@contextlib.asynccontextmanager
async def buttons_of(lab: Lab, **more: Any) -> AsyncIterator[Backend]:
    async with opened(button(lab, **more), make_site(lab.directory)) as backend:
        await says(backend.senses[0], OFF)
        yield backend


async def is_on(backend: Backend) -> None:
    """While the senses differ, nothing that toggles is moved."""
    for sense in backend.senses:
        await says(sense, ON)


def kept(lab: Lab) -> Path:
    return lab.directory / "n1" / "power" / "pressed.json"


@ALL
class TestContract(BackendContract):
    @pytest.fixture
    async def open_backend(self, lab: Lab) -> AsyncIterator[OpenBackend]:
        site, backends = make_site(lab.directory), list[Backend]()

        async def open_backend() -> Backend:
            definition = driver.complete(NodeDefinition("n1", UUID(int=1), "hardware", button(lab)), site)
            backend = await driver.open(definition, site)
            backends.append(backend)
            await backend.lifecycle.start()
            await says(backend.senses[0], OFF if not lab.server.moves() or not lab.server.moves()[-1][0] else ON)
            return backend

        yield open_backend
        for backend in backends:
            await backend.lifecycle.close()


@ALL
async def test_short_is_short_and_long_is_long_and_reset_is_another_button(lab: Lab):
    async with buttons_of(lab) as backend:
        await backend.switch.apply(PowerAction.ON)
        await is_on(backend)
        await backend.switch.apply(PowerAction.FORCE_RESTART)
        await until(lambda: len(lab.server.moves(1)) == 1)
        await backend.switch.apply(PowerAction.FORCE_OFF)
        await says(backend.senses[0], OFF)
        (short, long), (reset,) = lab.device.presses(0), lab.device.presses(1)
        assert lasted(short, 0.4, early=0.25)
        assert lasted(long, 3, early=0.3)
        assert lasted(reset, 0.4, early=0.25)
        assert not kept(lab).exists()


async def test_on_that_is_on_presses_nothing(lab: Lab):
    async with buttons_of(lab) as backend:
        await backend.switch.apply(PowerAction.ON)
        await is_on(backend)
        await backend.switch.apply(PowerAction.ON)
        assert len(lab.device.presses()) == 1


@ALL
async def test_a_press_that_is_stopped_is_let_go_of_at_once(lab: Lab):
    async with buttons_of(lab) as backend:
        await backend.switch.apply(PowerAction.ON)
        await is_on(backend)
        pressing = asyncio.ensure_future(backend.switch.apply(PowerAction.FORCE_OFF))
        await until(lambda: len(lab.device.moves()) == 3)
        await asyncio.sleep(0.3)
        pressing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pressing
        assert lab.device.presses()[1] < 2.5  # of 3 seconds
        assert not kept(lab).exists()


@ALL
async def test_a_lost_answer_is_never_a_second_press(lab: Lab):
    async with buttons_of(lab) as backend:
        lab.device.fault("mute-moves")
        with pytest.raises(OutcomeUnknown):
            await backend.switch.apply(PowerAction.ON)
        assert len([on for on, _ in lab.device.moves() if on]) == 1
        await until(lambda: len(lab.device.presses()) == 1)
        await is_on(backend)


@pytest.mark.parametrize("lab", ["tasmota", "shelly1", "shelly2"], indirect=True)
async def test_a_device_that_does_not_answer_is_told_nothing(lab: Lab):
    async with buttons_of(lab) as backend:
        lab.device.fault("deaf")
        with pytest.raises(Unreachable, match="does not answer"):
            await backend.switch.apply(PowerAction.ON)
        assert lab.device.heard("PulseTime") == lab.device.heard("Switch.Set") == lab.device.heard("relay") == []
        lab.device.fault("")
        await backend.switch.apply(PowerAction.ON)
        await is_on(backend)
        assert len(lab.device.presses()) == 1


@pytest.mark.parametrize("lab", ["tasmota", "shelly1", "shelly2"], indirect=True)
async def test_a_relay_that_is_closed_already_is_not_pressed(lab: Lab):
    async with buttons_of(lab) as backend:
        await backend.switch.apply(PowerAction.ON)
        await is_on(backend)
        topics = {
            "tasmota": [("cmnd/dev1/PulseTime1", "0"), ("cmnd/dev1/POWER1", "ON")],
            "shelly1": [("shellies/dev1/relay/0/command", "on")],
            "shelly2": [("dev1/rpc", '{"id":9,"src":"x","method":"Switch.Set","params":{"id":0,"on":true}}')],
        }
        for topic, payload in topics[lab.kind]:
            await asyncio.to_thread(push, lab, topic, payload)
        await until(lambda: len(lab.device.moves()) == 3)
        await asyncio.sleep(0.3)  # what it said before may still be on its way, and most devices number no answers
        with pytest.raises(Refused, match="is closed already"):
            await backend.switch.apply(PowerAction.PUSH_POWER_BUTTON)
        assert len(lab.device.moves()) == 3


async def test_a_stuck_relay_is_told(lab: Lab):
    async with buttons_of(lab) as backend:
        lab.device.fault("stuck")
        with pytest.raises(OutcomeUnknown, match="told to close and does not answer"):
            await backend.switch.apply(PowerAction.ON)
        assert (await backend.senses[0].read()).state is OFF


async def test_a_relay_that_sticks_closed_is_told_and_let_go_of_when_it_can_be(lab: Lab):
    async with buttons_of(lab) as backend:
        pressing = asyncio.ensure_future(backend.switch.apply(PowerAction.ON))
        await until(lambda: len(lab.device.moves()) == 1)
        lab.device.fault("stuck")
        with pytest.raises(OutcomeUnknown, match=r"the power button \(MQTT tasmota dev1\) may still be pressed"):
            await pressing
        assert "secret" not in kept(lab).read_text()
        with pytest.raises(Refused, match="may still be pressed"):
            await backend.switch.apply(PowerAction.PUSH_POWER_BUTTON)
        lab.device.fault("")
        await until(lambda: not kept(lab).exists())
        assert [on for on, _ in lab.device.moves()] == [True, False]


@HELD
async def test_a_broker_gone_in_mid_press_is_told_and_the_press_ended_when_it_is_back(lab: Lab):
    async with buttons_of(lab) as backend:
        pressing = asyncio.ensure_future(backend.switch.apply(PowerAction.PUSH_POWER_BUTTON))
        await until(lambda: len(lab.device.moves()) == 1)
        lab.broker.stop()
        with pytest.raises(OutcomeUnknown, match="may still be pressed"):
            await pressing
        assert kept(lab).exists()
        lab.broker.start()
        await until(lambda: not kept(lab).exists(), 25)
        assert [on for on, _ in lab.device.moves()] == [True, False]


@pytest.mark.parametrize("lab", ["tasmota", "shelly1"], indirect=True)
async def test_a_device_gone_in_mid_press_is_told_and_the_press_ended_when_it_is_back(lab: Lab):
    async with buttons_of(lab) as backend:
        pressing = asyncio.ensure_future(backend.switch.apply(PowerAction.PUSH_POWER_BUTTON))
        await until(lambda: len(lab.device.moves()) == 1)
        lab.device.stop()
        with pytest.raises(OutcomeUnknown, match=r"the power button \(MQTT .*\) may still be pressed; .* is offline"):
            await pressing
        assert kept(lab).exists()
        lab.device.start()
        await until(lambda: not kept(lab).exists())
        assert [on for on, _ in lab.device.moves()] == [True]


@pytest.mark.parametrize("lab", ["tasmota", "plain"], indirect=True)
async def test_what_was_pressed_is_let_go_of_there_though_the_node_has_another_device_by_the_next_start(lab: Lab):
    async with buttons_of(lab) as backend:
        pressing = asyncio.ensure_future(backend.switch.apply(PowerAction.ON))
        await until(lambda: len(lab.device.moves()) == 1)
        lab.device.fault("stuck")
        with pytest.raises(OutcomeUnknown, match="may still be pressed"):
            await pressing
    other = {"kind": "shelly1", "device": "another", "reset_relay": None}
    options = button(lab)
    options["power"] = {"adapter": "mqtt-button", **lab.way, **other}
    async with opened(options, make_site(lab.directory)) as backend:
        with pytest.raises(Refused, match=r"nothing was pressed: the power button .*(dev1|lab/dev1/0)"):
            await backend.switch.apply(PowerAction.PUSH_POWER_BUTTON)
        lab.device.fault("")
        await until(lambda: not kept(lab).exists())
        assert [on for on, _ in lab.device.moves()] == [True, False]


PRESS = """
import asyncio, json, sys
from pathlib import Path
from bmc.model.power import PowerAction
from robots.testing import make_site, opened
async def main():
    options = json.loads(sys.argv[1])
    async with opened(options, make_site(Path(sys.argv[2]))) as backend:
        for each in backend.senses:
            await each.read()
        await backend.switch.apply(PowerAction.PUSH_POWER_BUTTON)
asyncio.run(main())
"""


@ALL
async def test_a_button_does_not_stay_down_when_the_service_is_killed_in_mid_press(lab: Lab):
    options = button(lab, short="2s")
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PRESS, json.dumps(options), str(lab.directory), cwd=ROOT
    )
    await until(lambda: len(lab.device.moves()) == 1)
    os.kill(child.pid, signal.SIGKILL)
    await child.wait()
    await until(lambda: len(lab.device.presses()) == 1)
    assert lab.device.presses()[0] < 3  # some let go at once, the others after the 2 seconds
    assert kept(lab).exists()
    async with opened(options, make_site(lab.directory)):
        await until(lambda: not kept(lab).exists())
        assert len(lab.device.presses()) == 1


WRONG: list[tuple[dict[str, object], str]] = [
    ({"host": "b"}, r"options\.power\.power_command: expected the topic"),
    ({"host": "b", "kind": "tasmota"}, r"options\.power\.device: expected the name"),
    ({"host": "b", "power_command": "x", "long": "2s"}, r"options\.power\.long: Input should be greater"),
    ({"host": "b", "power_command": "x", "short": "5s"}, r"options\.power\.short: Input should be less"),
    ({"host": "b", "power_command": "x", "relay": 1}, r"options\.power\.relay: there is no such option"),
    ({"power_command": "x"}, r"options\.power\.host: Field required"),
    ({"host": "b", "power_command": "x", "credential": "none"}, r"credential 'none' is not in"),
]


@pytest.mark.parametrize(("options", "complaint"), WRONG)
def test_wrong_options_are_named_with_their_place(options: dict[str, object], complaint: str, tmp_path: Path):
    whole = {"power": {"adapter": "mqtt-button", **options}, "sense": ["mqtt:led"]}
    with pytest.raises(InvalidRequest, match=complaint):
        driver.complete(NodeDefinition("n1", UUID(int=1), "hardware", whole), make_site(tmp_path))
