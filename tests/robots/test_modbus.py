"""The adapter `modbus`, against pymodbus' server in processes of its own: outlets, inputs and registers."""

import re
import tomllib
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bmc.model.errors import BackendFailed, InvalidOptions, OutcomeUnknown, Refused, Unreachable
from bmc.model.power import PowerAction, PowerState
from bmc.ports import Backend
from robots.contract import BackendContract, OpenBackend
from robots.modbus import Look, ModbusOptions
from robots.modbus_button import ModbusButtonOptions
from robots.testing import make_site, opened
from tests.ports import free_port
from tests.robots.modbus_device import running_board
from tests.robots.modbus_rack import BOOTS, WIRES, Rack, racked, shows
from tests.robots.plant import ROOT, Rules
from tests.robots.wire import wired


def turns_on(request: bytes) -> bool:
    return request[7:].startswith(b"\x05\x00\x02\xff")


@pytest.fixture(scope="module")
def lasting_rack() -> Iterator[Rack]:
    with racked(BOOTS) as rack:
        yield rack


@pytest.fixture
def rack(lasting_rack: Rack) -> Rack:
    lasting_rack.renew()
    return lasting_rack


class TestContract(BackendContract):
    @pytest.fixture
    async def open_backend(self, rack: Rack, tmp_path: Path) -> AsyncIterator[OpenBackend]:
        site = make_site(tmp_path)
        options = {"power": rack.outlet(), "sense": [rack.sense(), rack.sense("ir0 > 30", poll="0.1s")]}
        async with AsyncExitStack() as stack:

            async def open_backend() -> Backend:
                return await stack.enter_async_context(opened(options, site))

            yield open_backend


@pytest.mark.parametrize(
    ("text", "look"),
    [
        ("di0", Look("di", 0)),
        ("!di12", Look("di", 12, inverted=True)),
        ("co3", Look("co", 3)),
        ("hr10>5", Look("hr", 10, limit=5)),
        ("ir2 < 0.5", Look("ir", 2, above=False, limit=0.5)),
        ("!hr65535>-1", Look("hr", 65535, inverted=True, limit=-1)),
    ],
)
def test_what_can_be_looked_at(text, look):
    assert Look.parse(text) == look


@pytest.mark.parametrize("text", ["", "0", "di", "di0>5", "hr3", "hr3=5", "xx1", "di65536", "hr3>", "hr3>5W", "di-1"])
def test_what_cannot_be_looked_at(text):
    with pytest.raises(ValueError, match="expected an input such as di0"):
        Look.parse(text)


@pytest.mark.parametrize(
    ("text", "value", "on"),
    [
        ("di0", 1, True),
        ("di0", 0, False),
        ("!di0", 1, False),
        ("hr0>5", 5, False),
        ("hr0>5", 5.1, True),
        ("hr0<5", 5, False),
        ("hr0<5", 4, True),
        ("!hr0>5", 4, True),
    ],
)
def test_what_means_on(text, value, on):
    assert Look.parse(text).says_on(value) is on


POWER = {"adapter": "modbus", "host": "gw", "coil": 0}
INPUT = {"adapter": "modbus", "host": "gw", "look": "di0"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"power": {"adapter": "modbus", "host": "gw"}}, "options.power: expected coil, which is switched, or look"),
        ({"power": {"adapter": "modbus", "coil": 0}}, "options.power.host: Field required"),
        ({"power": POWER | {"coil": -1}}, "options.power.coil: Input should be greater than or equal to 0"),
        ({"power": POWER | {"port": 0}}, "options.power.port: Input should be greater"),
        ({"power": POWER | {"unit": 256}}, "options.power.unit: Input should be less"),
        ({"power": POWER | {"answers_within": "3s"}}, "options.power.answers_within: Input should be less"),
        ({"power": POWER | {"scale": 2}}, "options.power: scale belongs to a look at a register"),
        ({"power": POWER | {"relay": 2}}, "options.power.relay: there is no such option"),
        ({"power": INPUT | {"active_low": True}}, "options.power: active_low belongs to a coil"),
        ({"power": POWER, "sense": [INPUT | {"look": "di"}]}, r"options.sense\[0\].look: expected an input such as"),
        ({"power": POWER, "sense": ["modbus:x0"]}, r"options.sense\[0\]: expected an input such as di0"),
        ({"power": INPUT}, "options.power: modbus has no power switch"),
        ({"power": POWER, "supply": INPUT}, "options.supply: modbus has no supply"),
        ({"power": POWER, "sense": ["modbus:co0"]}, "options.power: no sense outside of modbus gw:502 unit 1, outputs"),
    ],
)
async def test_a_wrong_option_is_told_with_its_key_path(options, message, tmp_path: Path):
    with pytest.raises(InvalidOptions, match=message):
        async with opened(options, make_site(tmp_path)):
            pass


async def test_a_sense_line_takes_over_the_gateway_of_the_outlet(rack: Rack, tmp_path: Path):
    options = {"power": rack.outlet(), "sense": ["modbus:di2", "modbus:!di1", "modbus:ir0<3", "modbus:co2"]}
    async with opened(options, make_site(tmp_path)) as backend:
        readings = [(sense.name, (await sense.read()).state) for sense in backend.senses]
        assert readings == [
            ("modbus:di2", PowerState.ON),
            ("modbus:!di1", PowerState.ON),
            ("modbus:ir0<3", PowerState.ON),
            ("modbus:co2", PowerState.OFF),
        ]
        where = f"modbus 127.0.0.1:{rack.hand} unit 1"
        assert [sense.domain for sense in backend.senses] == [f"{where}, inputs"] * 3 + [f"{where}, outputs"]
        assert backend.switch.domain == f"{where}, outputs"


async def test_the_limit_is_in_units_of_the_scale(rack: Rack, tmp_path: Path):
    low, high = rack.sense("ir0>11.9", scale=0.1), rack.sense("ir0>12.1", scale=0.1)
    async with opened({"power": rack.outlet(), "sense": [low]}, make_site(tmp_path)) as backend:
        await backend.switch.apply(PowerAction.ON)
        await shows(backend, PowerState.ON)
    async with opened({"power": rack.outlet(), "sense": [high]}, make_site(tmp_path)) as backend:
        await shows(backend, PowerState.OFF)


async def test_an_outlet_may_be_on_while_its_coil_is_off(tmp_path: Path):
    with racked(BOOTS, {2: "!a"}) as rack:
        options = {"power": rack.outlet(active_low=True), "sense": [rack.sense(), rack.outlet(active_low=True)]}
        async with opened(options, make_site(tmp_path)) as backend:
            await backend.switch.apply(PowerAction.FORCE_OFF)
            await shows(backend, PowerState.OFF)
            await backend.switch.apply(PowerAction.ON)
            await shows(backend, PowerState.ON)
            assert rack.plant.look().closed == ["a"]


async def test_a_supply_is_turned_on_first_and_only_if_it_is_off(tmp_path: Path):
    with racked(Rules(hold=1.8, fed=False)) as rack:
        options = rack.node() | {"supply": rack.outlet(), "escalate": ["outlet"], "boots_within": "0.2s"}
        async with opened(options, make_site(tmp_path)) as backend:
            await backend.switch.apply(PowerAction.ON)
            await shows(backend, PowerState.ON)
            assert rack.plant.look().events == ["fed", "on"]
            await backend.switch.apply(PowerAction.ON)
            assert rack.plant.look().moves == {"power": 1, "reset": 0, "a": 1}
            rack.plant.fault("power", "stuck")
            await backend.switch.apply(PowerAction.FORCE_OFF)
            await shows(backend, PowerState.OFF)
            assert rack.plant.look().events == ["fed", "on", "unfed"]


async def test_a_lost_answer_is_asked_for_again_since_on_twice_is_on(rack: Rack, tmp_path: Path):
    async with wired(rack.hand) as wire:
        lost = iter([True, False])
        wire.loses = lambda request: turns_on(request) and next(lost)
        options = {"power": rack.outlet(port=wire.port), "sense": [rack.sense()]}
        async with opened(options, make_site(tmp_path)) as backend:
            await backend.switch.apply(PowerAction.ON)
            await shows(backend, PowerState.ON)
            assert rack.plant.look().moves["a"] == 1


async def test_answers_that_stay_lost_leave_it_open_what_was_done(rack: Rack, tmp_path: Path):
    async with wired(rack.hand) as wire:
        wire.loses = turns_on
        options = {"power": rack.outlet(port=wire.port), "sense": [rack.sense()]}
        async with opened(options, make_site(tmp_path)) as backend:
            with pytest.raises(OutcomeUnknown, match=r"may have done it: no answer within 0.5 seconds"):
                await backend.switch.apply(PowerAction.ON)
            assert len([each for each in wire.requests if turns_on(each)]) == 2
            assert backend.switch.domain


async def test_a_gateway_that_is_gone_in_between_leaves_it_open_what_was_done(rack: Rack, tmp_path: Path):
    async with wired(rack.hand) as wire:
        options = {"power": rack.outlet(port=wire.port), "sense": [rack.sense()]}

        def goes(request: bytes) -> bool:
            if turns_on(request):
                wire.cut()
            return False

        wire.stops = goes
        async with opened(options, make_site(tmp_path)) as backend:
            with pytest.raises(OutcomeUnknown, match="may have done it: it closed the connection"):
                await backend.switch.apply(PowerAction.ON)


async def test_a_gateway_that_does_not_answer_is_unknown_and_never_off(rack: Rack, tmp_path: Path):
    port = free_port()
    options = {"power": rack.outlet(port=port), "sense": [rack.sense("di2", port=port), rack.sense()]}
    async with opened(options, make_site(tmp_path)) as backend:
        reading = await backend.senses[0].read()
        assert reading.state is PowerState.UNKNOWN
        assert reading.reason == f"modbus 127.0.0.1:{port} is unreachable: it takes no connection"
        with pytest.raises(Unreachable):
            await backend.switch.apply(PowerAction.ON)
        with running_board(rack.plant, WIRES, port):
            while (await backend.senses[0].read()).state is not PowerState.ON:
                pass
            await backend.switch.apply(PowerAction.ON)
            await shows(backend, PowerState.ON)
        assert (await backend.senses[0].read()).state is PowerState.UNKNOWN
        with running_board(rack.plant, WIRES, port):
            await shows(backend, PowerState.ON)


@pytest.mark.parametrize(
    ("look", "unit", "why"),
    [("di99", 1, "exception 02h (illegal address)"), ("di0", 7, "exception 04h (device failure)")],
)
async def test_an_input_that_is_not_there_is_unknown_with_the_reason(rack: Rack, tmp_path: Path, look, unit, why):
    options = {"power": rack.outlet(), "sense": [rack.sense(look, unit=unit)]}
    async with opened(options, make_site(tmp_path)) as backend:
        reading = await backend.senses[0].read()
        assert reading.state is PowerState.UNKNOWN
        assert reading.reason == f"modbus 127.0.0.1:{rack.eye} answered with {why}"


@pytest.mark.parametrize(
    ("code", "error"),
    [(2, BackendFailed), (4, OutcomeUnknown), (6, Refused), (10, Unreachable), (11, OutcomeUnknown)],
)
async def test_a_device_that_refuses_says_whether_something_was_done(rack: Rack, tmp_path: Path, code, error):
    with running_board(rack.plant, WIRES, refuses=code) as port:
        options = {"power": rack.outlet(port=port), "sense": [rack.sense()]}
        async with opened(options, make_site(tmp_path)) as backend:
            with pytest.raises(error, match=rf"answered with exception {code:02X}h"):
                await backend.switch.apply(PowerAction.ON)
    assert rack.plant.look().moves["a"] == 0


async def test_a_stuck_relay_is_never_taken_for_on(rack: Rack, tmp_path: Path):
    rack.plant.fault("a", "stuck")
    options = {"power": rack.outlet(), "sense": [rack.sense(), rack.outlet()]}
    async with opened(options, make_site(tmp_path)) as backend:
        await backend.switch.apply(PowerAction.ON)
        eye, told = [(await sense.read()).state for sense in backend.senses]
        assert (eye, told) == (PowerState.OFF, PowerState.ON)
        assert backend.senses[1].domain == backend.switch.domain


@pytest.mark.parametrize(("page", "options"), [("modbus.md", ModbusOptions), ("modbus-button.md", ModbusButtonOptions)])
async def test_its_page_tells_of_every_option_and_its_examples_are_valid(page, options, tmp_path: Path):
    text = (ROOT / "docs" / "robots" / page).read_text()
    assert [name for name in options.model_fields if f"| `{name}` |" not in text] == []
    blocks = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert blocks
    for node in [node for block in blocks for node in tomllib.loads(block)["node"]]:
        async with opened({key: node[key] for key in node if key != "name"}, make_site(tmp_path)):
            pass
