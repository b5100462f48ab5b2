"""The adapter `modbus-button`, against pymodbus' server: never two presses, never without end."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bmc.model.clock import SystemClock
from bmc.model.errors import BackendFailed, InvalidOptions, OutcomeUnknown, Refused, Unreachable, WrongState
from bmc.model.power import PowerAction, PowerState
from bmc.ports import Backend
from robots.contract import BackendContract, OpenBackend
from robots.modbus_gateway import Gateway
from robots.testing import make_site, opened
from tests.robots.modbus_device import running_board
from tests.robots.modbus_rack import HOLD, WIRES, Rack, closed, racked, shows
from tests.robots.plant import ROOT, Rules, lasted
from tests.robots.wire import wired
from tests.world import until

RULES = Rules(hold=HOLD)


def presses(request: bytes) -> bool:
    return request[7:].startswith(b"\x05\x00\x00\xff")


def lets_go(request: bytes) -> bool:
    return request[7:].startswith(b"\x05\x00\x00\x00")


@pytest.fixture(scope="module")
def lasting_rack() -> Iterator[Rack]:
    with racked(RULES) as rack:
        yield rack


@pytest.fixture
def rack(lasting_rack: Rack) -> Rack:
    lasting_rack.renew()
    return lasting_rack


class TestContract(BackendContract):
    @pytest.fixture
    async def open_backend(self, rack: Rack, tmp_path: Path) -> AsyncIterator[OpenBackend]:
        site = make_site(tmp_path)
        async with AsyncExitStack() as stack:

            async def open_backend() -> Backend:
                return await stack.enter_async_context(opened(rack.node(), site))

            yield open_backend


class TestContractOfPulses(BackendContract):
    @pytest.fixture
    async def open_backend(self, rack: Rack, tmp_path: Path) -> AsyncIterator[OpenBackend]:
        site, options = make_site(tmp_path), pulses(rack)
        async with AsyncExitStack() as stack:

            async def open_backend() -> Backend:
                return await stack.enter_async_context(opened(options, site))

            yield open_backend


def pulses(rack: Rack, **options: object) -> dict[str, object]:
    button = {**rack.button(power_pulse=100, reset_pulse=101, **options)}
    del button["power_coil"], button["reset_coil"]
    return {"power": button, "sense": [rack.sense()], "settle": "2s"}


BUTTON = {"adapter": "modbus-button", "host": "gw", "power_coil": 0}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"power_coil": None}, "options.power: expected one of power_coil and power_pulse"),
        ({"power_pulse": 1}, "options.power: expected one of power_coil and power_pulse"),
        ({"reset_coil": 0}, "options.power: expected another coil for reset_coil"),
        ({"reset_coil": 1, "reset_pulse": 1}, "options.power: expected one of reset_coil and reset_pulse"),
        ({"power_coil": None, "power_pulse": 1, "reset_pulse": 1}, "options.power: expected another register"),
        ({"power_coil": None, "power_pulse": 1, "watchdog": "2s"}, "options.power: watchdog belongs to coils"),
        ({"short": "2s", "long": "1s"}, "options.power: expected long to be longer than short"),
        ({"short": "3s", "answers_within": "1s"}, "options.power: expected short and answers_within to be less"),
        ({"short": "0.05s", "pulse_unit": "0.2s"}, "options.power: expected short to be at least one pulse_unit"),
        ({"short": "soon"}, "options.power.short: expected a duration such as 0.4s"),
        ({"host": ""}, "options.power.host: "),
        ({"coil": 1}, "options.power.coil: there is no such option"),
    ],
)
async def test_a_wrong_option_is_told_with_its_key_path(options, message, tmp_path: Path):
    with pytest.raises(InvalidOptions, match=message):
        async with opened({"power": BUTTON | options, "sense": ["modbus:di0"]}, make_site(tmp_path)):
            pass


async def test_short_and_long_presses_do_what_they_do_on_a_front_panel(rack: Rack, tmp_path: Path):
    async with opened(rack.node(), make_site(tmp_path)) as backend:
        await backend.switch.apply(PowerAction.ON)
        await shows(backend, PowerState.ON)
        await backend.switch.apply(PowerAction.FORCE_RESTART)
        await backend.switch.apply(PowerAction.GRACEFUL_SHUTDOWN)
        await shows(backend, PowerState.OFF)
        await backend.switch.apply(PowerAction.ON)
        await shows(backend, PowerState.ON)
        await backend.switch.apply(PowerAction.FORCE_OFF)
        await shows(backend, PowerState.OFF)
    look = rack.plant.look()
    assert look.events == ["on", "reset", "asked", "off", "on", "cut"]
    assert look.moves == {"power": 4, "reset": 1, "a": 0}
    assert lasted(look.held["reset"], 0.1)
    assert lasted(look.held["power"], 2.0)
    assert look.closed == ["a"]


async def test_without_a_reset_coil_there_is_no_reset(rack: Rack, tmp_path: Path):
    async with opened(rack.node(reset_coil=None), make_site(tmp_path)) as backend:
        assert PowerAction.FORCE_RESTART not in backend.switch.actions


async def test_a_press_whose_answer_was_lost_is_let_go_of_and_never_made_again(rack: Rack, tmp_path: Path):
    async with wired(rack.hand) as wire:
        wire.loses = presses
        async with opened(rack.node(port=wire.port), make_site(tmp_path)) as backend:
            with pytest.raises(OutcomeUnknown, match=r"the power button .* was let go of: .*no answer within 0.5 sec"):
                await backend.switch.apply(PowerAction.ON)
        assert len([each for each in wire.requests if presses(each)]) == 1
    look = rack.plant.look()
    assert (look.moves["power"], look.closed, look.events) == (1, ["a"], ["on"])


async def test_a_press_that_never_reached_the_device_is_not_made_again(rack: Rack, tmp_path: Path):
    async with wired(rack.hand) as wire:
        wire.stops = presses
        async with opened(rack.node(port=wire.port), make_site(tmp_path)) as backend:
            with pytest.raises(OutcomeUnknown):
                await backend.switch.apply(PowerAction.ON)
    assert rack.plant.look().moves["power"] == 0


async def test_a_lost_answer_to_letting_go_is_asked_for_again(rack: Rack, tmp_path: Path):
    async with wired(rack.hand) as wire:
        lost = iter([True, False])
        wire.loses = lambda request: lets_go(request) and next(lost)
        async with opened(rack.node(port=wire.port), make_site(tmp_path)) as backend:
            await backend.switch.apply(PowerAction.ON)
            await shows(backend, PowerState.ON)
        assert len([each for each in wire.requests if lets_go(each)]) == 2
    assert (rack.plant.look().moves["power"], rack.plant.look().events) == (1, ["on"])


async def test_a_slow_device_is_not_pressed(rack: Rack, tmp_path: Path):
    async with wired(rack.hand) as wire:
        wire.slow = 1
        async with opened(rack.node(port=wire.port), make_site(tmp_path)) as backend:
            with pytest.raises(Unreachable, match=r"no answer within 0.5 seconds"):
                await backend.switch.apply(PowerAction.ON)
    assert rack.plant.look().moves["power"] == 0


async def test_a_gateway_gone_in_mid_press_is_told_and_let_go_of_once_it_is_back(rack: Rack, tmp_path: Path):
    site = make_site(tmp_path)
    async with wired(rack.hand) as wire:
        async with opened(rack.node(port=wire.port), site) as backend:
            pressing = asyncio.ensure_future(backend.switch.apply(PowerAction.ON))
            await closed(rack.plant, "power")
            wire.cut()
            with pytest.raises(OutcomeUnknown, match="may still be pressed; trying on to let go of it"):
                await pressing
            assert "power" in rack.plant.look().closed
            await shows(backend, PowerState.OFF)  # it was held long enough to be cut
            with pytest.raises(Refused, match=r"nothing was pressed: the power button .* may still be pressed"):
                await backend.switch.apply(PowerAction.ON)
            await wire.mend()
            await closed(rack.plant, "power", False)
            await until(lambda: not list(tmp_path.rglob("pressed.json")))
            await backend.switch.apply(PowerAction.ON)
            await shows(backend, PowerState.ON)
    assert rack.plant.look().events == ["on", "cut", "on"]
    assert not list(tmp_path.rglob("pressed.json"))


async def test_what_could_not_be_let_go_of_is_by_the_next_start(rack: Rack, tmp_path: Path):
    site = make_site(tmp_path)
    async with wired(rack.hand) as wire:
        async with opened(rack.node(port=wire.port), site) as backend:
            pressing = asyncio.ensure_future(backend.switch.apply(PowerAction.ON))
            await closed(rack.plant, "power")
            wire.cut()
            pressing.cancel()
            await asyncio.gather(pressing, return_exceptions=True)
        assert "power" in rack.plant.look().closed
        await wire.mend()
        async with opened(rack.node(port=wire.port), site):
            await closed(rack.plant, "power", False)
    assert rack.plant.look().moves["power"] == 1


DIES = """
import asyncio, json, sys
from pathlib import Path
from bmc.model.power import PowerAction
from robots.testing import make_site, opened

async def main():
    async with opened(json.loads(sys.argv[1]), make_site(Path(sys.argv[2]))) as backend:
        await backend.switch.apply(PowerAction.PUSH_POWER_BUTTON)

asyncio.run(main())
"""


async def die_in_mid_press(rack: Rack, options: dict[str, object], directory: Path) -> None:
    given = (json.dumps(options), str(directory))
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", DIES, *given, cwd=ROOT)
    await closed(rack.plant, "power")
    process.send_signal(signal.SIGKILL)
    await process.wait()


async def test_after_our_death_in_mid_press_the_next_start_lets_go(rack: Rack, tmp_path: Path):
    options = rack.node(short="3s", long="5s")
    await die_in_mid_press(rack, options, tmp_path)
    assert "power" in rack.plant.look().closed
    async with opened(options, make_site(tmp_path)):
        await closed(rack.plant, "power", False)
    assert rack.plant.look().moves["power"] == 1
    assert not list(tmp_path.rglob("pressed.json"))


async def test_what_was_pressed_before_our_death_is_let_go_of_there_though_the_node_has_another_device_now(
    rack: Rack, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    async with wired(rack.hand) as wire:
        await die_in_mid_press(rack, rack.node(port=wire.port, short="3s", long="5s"), tmp_path)
        wire.cut()
        with running_board(rack.plant, {}) as other:
            async with opened(rack.node(port=other, power_coil=5), make_site(tmp_path)) as backend:
                with pytest.raises(Refused, match=f"the power button .*:{wire.port} unit 1, outputs.*"):
                    await backend.switch.apply(PowerAction.PUSH_POWER_BUTTON)
                assert "power" in rack.plant.look().closed
                await wire.mend()
                await closed(rack.plant, "power", False)
                await until(lambda: not list(tmp_path.rglob("pressed.json")))
                await backend.switch.apply(PowerAction.PUSH_POWER_BUTTON)
    assert f":{wire.port} unit 1, outputs) was left pressed; letting go of it" in caplog.text


async def test_what_was_pressed_before_our_death_by_what_is_no_part_of_the_node_any_more_is_told(
    rack: Rack, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    await die_in_mid_press(rack, rack.node(short="3s", long="5s"), tmp_path)
    moved = rack.node() | {"power": [rack.button(), rack.outlet()]}
    async with opened(moved, make_site(tmp_path)) as backend:
        assert "/n1/power/pressed.json says that a button may still be pressed, and none stands" in caplog.text
    with pytest.raises(WrongState, match="power of n1 may still be pressed"):
        await backend.lifecycle.erase()


async def test_a_watchdog_lets_go_after_our_death(tmp_path: Path):
    with racked(RULES, watchdog=0.6) as rack:
        await die_in_mid_press(rack, rack.node(short="3s", long="5s", watchdog="0.6s"), tmp_path)
        await closed(rack.plant, "power", False)


async def test_a_watchdog_is_fed_for_as_long_as_the_button_is_held(tmp_path: Path):
    with racked(RULES, watchdog=0.6) as rack:
        async with opened(rack.node(long="1.5s", watchdog="0.6s"), make_site(tmp_path)) as backend:
            await backend.switch.apply(PowerAction.ON)
            await shows(backend, PowerState.ON)
            await backend.switch.apply(PowerAction.FORCE_OFF)
            await shows(backend, PowerState.OFF)
        assert lasted(rack.plant.look().held["power"], 1.5)


async def test_a_device_that_lets_go_too_early_is_told(tmp_path: Path):
    with racked(RULES, watchdog=0.4) as rack:
        async with opened(rack.node(long="3s", watchdog="2.4s"), make_site(tmp_path)) as backend:
            await backend.switch.apply(PowerAction.ON)
            await shows(backend, PowerState.ON)
            with pytest.raises(OutcomeUnknown, match="turned coil 0 off before the press was over"):
                await backend.switch.apply(PowerAction.FORCE_OFF)


async def test_whoever_is_cancelled_in_mid_press_lets_go_at_once(rack: Rack, tmp_path: Path):
    async with opened(rack.node(short="3s", long="5s"), make_site(tmp_path)) as backend:
        pressing = asyncio.ensure_future(backend.switch.apply(PowerAction.PUSH_POWER_BUTTON))
        await closed(rack.plant, "power")
        pressing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pressing
        look = rack.plant.look()
        assert look.closed == ["a"]
        assert look.held["power"] < 2


async def test_whoever_is_cancelled_before_the_answer_came_lets_go_too(rack: Rack, tmp_path: Path):
    async with wired(rack.hand) as wire:
        wire.loses = presses
        async with opened(rack.node(port=wire.port), make_site(tmp_path)) as backend:
            pressing = asyncio.ensure_future(backend.switch.apply(PowerAction.ON))
            await closed(rack.plant, "power")
            pressing.cancel()
            with pytest.raises(asyncio.CancelledError):
                await pressing
            assert rack.plant.look().closed == ["a"]


async def test_a_button_that_is_pressed_already_is_left_alone(rack: Rack, tmp_path: Path):
    gateway = Gateway("127.0.0.1", rack.hand, SystemClock())
    await gateway.act(lambda client: client.write_coil(0, True), 1)
    await gateway.close()
    async with opened(rack.node(), make_site(tmp_path)) as backend:
        with pytest.raises(Refused, match=r"coil 0 of .* is on already; turn it off, if nobody else is pressing"):
            await backend.switch.apply(PowerAction.PUSH_POWER_BUTTON)
    assert "power" in rack.plant.look().closed


@pytest.mark.parametrize(("code", "error"), [(2, BackendFailed), (6, Refused), (4, OutcomeUnknown)])
async def test_a_device_that_refuses_was_not_pressed(rack: Rack, tmp_path: Path, code, error):
    with running_board(rack.plant, WIRES, refuses=code) as port:
        async with opened(rack.node(port=port), make_site(tmp_path)) as backend:
            with pytest.raises(error):
                await backend.switch.apply(PowerAction.ON)
    assert rack.plant.look().moves["power"] == 0


async def test_without_a_place_to_write_it_down_nothing_is_pressed(rack: Rack, tmp_path: Path):
    (tmp_path / "n1").write_text("")
    async with opened(rack.node(), make_site(tmp_path)) as backend:
        with pytest.raises(Refused, match="nothing was pressed, since"):
            await backend.switch.apply(PowerAction.ON)
    assert rack.plant.look().moves["power"] == 0


async def test_a_stuck_relay_is_never_taken_for_on(rack: Rack, tmp_path: Path):
    rack.plant.fault("power", "stuck")
    async with opened(rack.node(), make_site(tmp_path)) as backend:
        await backend.switch.apply(PowerAction.ON)
        await asyncio.sleep(0.3)
        assert (await backend.senses[0].read()).state is PowerState.OFF


async def test_a_welded_relay_is_never_taken_for_on(rack: Rack, tmp_path: Path):
    rack.plant.fault("power", "welded")
    async with opened(rack.node(), make_site(tmp_path)) as backend:
        await backend.switch.apply(PowerAction.ON)
        await asyncio.sleep(HOLD)
        await shows(backend, PowerState.OFF)
        await backend.switch.apply(PowerAction.ON)
        await shows(backend, PowerState.OFF)
    assert rack.plant.look().events == ["on", "cut"]


async def test_with_a_dead_led_and_a_meter_that_differs_nothing_is_pressed(rack: Rack, tmp_path: Path):
    options = rack.node() | {"sense": [rack.sense(), rack.sense("ir0>30", port=rack.hand)]}
    async with opened(options, make_site(tmp_path)) as backend:
        await backend.switch.apply(PowerAction.ON)
        await shows(backend, PowerState.ON)
        rack.plant.fault("led", "dead")
        with pytest.raises(Refused, match=r"power state is unknown .*the senses differ"):
            await backend.switch.apply(PowerAction.FORCE_OFF)
    assert rack.plant.look().moves["power"] == 1


async def test_all_nodes_on_a_gateway_share_one_connection(rack: Rack, tmp_path: Path):
    async with wired(rack.hand) as wire, AsyncExitStack() as stack:
        site = make_site(tmp_path)
        first = rack.node(port=wire.port, reset_coil=None) | {"sense": ["modbus:di0", "modbus:ir0>30"]}
        second = rack.node(port=wire.port, power_coil=1, reset_coil=None) | {"sense": ["modbus:di2"]}
        nodes = [
            await stack.enter_async_context(opened(options, site, name))
            for name, options in (("n1", first), ("n2", second))
        ]
        push = PowerAction.PUSH_POWER_BUTTON
        looks = [sense.read() for node in nodes for sense in node.senses for _ in range(3)]
        await asyncio.gather(*(node.switch.apply(push) for node in nodes), *looks)
        assert wire.most == 1
        await stack.aclose()
        await until(lambda: wire.connections == 0)
    assert rack.plant.look().moves == {"power": 1, "reset": 1, "a": 0}


async def test_who_lets_go_goes_before_those_who_look(rack: Rack):
    gateway = Gateway("127.0.0.1", rack.hand, SystemClock())
    await gateway.act(lambda client: client.write_coil(0, True), 1)
    looks = [asyncio.ensure_future(gateway.ask(lambda client: client.read_coils(0), 1)) for _ in range(20)]
    await asyncio.sleep(0)
    await gateway.act(lambda client: client.write_coil(0, False), 1, first=True)
    assert sum(look.done() for look in looks) <= 1
    await asyncio.gather(*looks)
    await gateway.close()


async def test_a_pulse_is_one_request_and_the_device_lets_go(rack: Rack, tmp_path: Path):
    async with wired(rack.hand) as wire:
        async with opened(pulses(rack, port=wire.port), make_site(tmp_path)) as backend:
            await backend.switch.apply(PowerAction.ON)
            await shows(backend, PowerState.ON)
            await backend.switch.apply(PowerAction.FORCE_OFF)
            await shows(backend, PowerState.OFF)
        assert len(wire.requests) == 2
    look = await closed(rack.plant, "power", False)
    assert lasted(look.held["power"], 2.0)


async def test_a_pulse_whose_answer_was_lost_ends_by_itself_and_is_not_sent_again(rack: Rack, tmp_path: Path):
    async with wired(rack.hand) as wire:
        wire.loses = lambda _: True
        async with opened(pulses(rack, port=wire.port), make_site(tmp_path)) as backend:
            with pytest.raises(OutcomeUnknown, match="a press may have been begun, which ends by itself"):
                await backend.switch.apply(PowerAction.ON)
        assert len(wire.requests) == 1
    assert (rack.plant.look().moves["power"], rack.plant.look().closed) == (1, ["a"])


async def test_a_pulse_is_cut_short_when_cancelled(rack: Rack, tmp_path: Path):
    async with opened(pulses(rack, short="3s", long="5s"), make_site(tmp_path)) as backend:
        pressing = asyncio.ensure_future(backend.switch.apply(PowerAction.PUSH_POWER_BUTTON))
        await closed(rack.plant, "power")
        pressing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await pressing
        assert rack.plant.look().closed == ["a"]


async def test_a_pulse_is_not_cut_short_by_our_death_and_ends_all_the_same(rack: Rack, tmp_path: Path):
    await die_in_mid_press(rack, pulses(rack, short="1.5s", long="5s"), tmp_path)
    await closed(rack.plant, "power", False)
    assert lasted(rack.plant.look().held["power"], 1.5)
