"""Relays and meters at a real broker; the server is looked at through another device than the one that moves it."""

import asyncio
import contextlib
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from bmc.model.errors import BackendFailed, InvalidRequest, OutcomeUnknown, Unreachable
from bmc.model.node import NodeDefinition
from bmc.model.power import PowerAction, PowerState
from bmc.ports import Backend
from robots.adapter import Place
from robots.contract import BackendContract, OpenBackend
from robots.hardware import driver
from robots.mqtt import adapter
from robots.mqtt_dialects import TASMOTA, What, pulse_time
from robots.testing import make_site, opened
from tests.robots.mqtt_lab import LED, RELAYS, Lab, Mosquitto, open_lab, outlet, push, says
from tests.world import until

ON, OFF, UNKNOWN = PowerState.ON, PowerState.OFF, PowerState.UNKNOWN

pytestmark = pytest.mark.skipif(shutil.which("mosquitto_pub") is None, reason="mosquitto is not installed")


@pytest.fixture(params=["tasmota"])
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lab]:
    with open_lab(tmp_path, request.param, "outlet") as lab:
        yield lab


@contextlib.asynccontextmanager
async def outlet_of(lab: Lab, kind: str = "tasmota", **more: Any) -> AsyncIterator[Backend]:
    async with opened(outlet(lab, kind, **more), make_site(lab.directory)) as backend:
        yield backend


def run(*command: str) -> bytes:
    return subprocess.run(command, check=False, capture_output=True, timeout=10).stdout


@pytest.mark.parametrize("lab", ["tasmota", "shelly1", "shelly2", "plain"], indirect=True)
class TestContract(BackendContract):
    @pytest.fixture
    async def open_backend(self, lab: Lab) -> AsyncIterator[OpenBackend]:
        site, backends = make_site(lab.directory), list[Backend]()

        async def open_backend() -> Backend:
            options = outlet(lab, lab.kind)
            definition = driver.complete(NodeDefinition("n1", UUID(int=1), "hardware", options), site)
            backend = await driver.open(definition, site)
            backends.append(backend)
            await backend.lifecycle.start()
            return backend

        yield open_backend
        for backend in backends:
            await backend.lifecycle.close()


async def test_on_that_is_on_moves_no_relay(lab: Lab):
    async with outlet_of(lab) as backend:
        await backend.switch.apply(PowerAction.ON)
        await backend.switch.apply(PowerAction.ON)
        await says(backend.senses[0], ON)
        assert [on for on, _ in lab.device.moves()] == [True]


@pytest.mark.parametrize("lab", ["shelly2"], indirect=True)
async def test_a_cycle_is_sent_once_and_ended_by_the_device(lab: Lab):
    async with outlet_of(lab, "shelly2") as backend:
        assert PowerAction.POWER_CYCLE in backend.switch.actions
        await backend.switch.apply(PowerAction.ON)
        await says(backend.senses[0], ON)
        await backend.switch.apply(PowerAction.POWER_CYCLE)
        assert [on for on, _ in lab.device.moves()] == [True, False, True]
        assert lab.device.moves()[2][1] - lab.device.moves()[1][1] == pytest.approx(1, abs=0.3)


@pytest.mark.parametrize("lab", ["shelly2"], indirect=True)
async def test_a_cycle_whose_answer_is_lost_is_not_sent_again(lab: Lab):
    async with outlet_of(lab, "shelly2") as backend:
        await backend.switch.apply(PowerAction.ON)
        await says(backend.senses[0], ON)
        lab.device.fault("forgets")
        cycling = asyncio.ensure_future(backend.switch.apply(PowerAction.POWER_CYCLE))
        await until(lambda: bool(lab.device.heard("toggle_after")))
        with pytest.raises(OutcomeUnknown, match="told to open and does not answer"):
            await cycling
        assert len(lab.device.heard("toggle_after")) == 1


async def test_a_stuck_relay_is_told_and_not_believed(lab: Lab):
    lab.device.fault("stuck")
    async with outlet_of(lab) as backend:
        await says(backend.senses[0], OFF)
        with pytest.raises(BackendFailed, match="MQTT tasmota dev1 was told to close and says 'OFF'"):
            await backend.switch.apply(PowerAction.ON)
        assert (await backend.senses[0].read()).state is OFF


async def test_a_lost_answer_is_an_unknown_outcome_which_the_other_eye_resolves(lab: Lab):
    lab.device.fault("mute")
    async with outlet_of(lab) as backend:
        with pytest.raises(OutcomeUnknown, match="does not answer"):
            await backend.switch.apply(PowerAction.ON)
        await says(backend.senses[0], ON)
        assert [on for on, _ in lab.device.moves()] == [True]


async def test_a_slow_device_is_waited_for(lab: Lab):
    lab.device.fault("slow")
    async with outlet_of(lab) as backend:
        await backend.switch.apply(PowerAction.ON)
        await says(backend.senses[0], ON)


async def test_a_device_that_is_gone_is_unreachable_and_one_that_is_back_is_found(lab: Lab):
    async with outlet_of(lab, sense=[LED, "mqtt:tasmota:dev1:watts>30"]) as backend:
        await backend.switch.apply(PowerAction.ON)
        await says(backend.senses[1], ON)
        lab.device.stop()
        reading = await says(backend.senses[1], UNKNOWN)
        assert "MQTT tasmota dev1 is offline, says broker 127.0.0.1" in reading.reason
        with pytest.raises(Unreachable, match="is offline"):
            await backend.switch.apply(PowerAction.FORCE_OFF)
        lab.device.start()
        await says(backend.senses[1], OFF)
        await backend.switch.apply(PowerAction.ON)


async def test_a_device_that_hangs_makes_its_sense_unknown_by_itself(lab: Lab):
    async with outlet_of(lab, sense=[LED, "mqtt:tasmota:dev1:watts>30"]) as backend:
        changes = backend.senses[1].changes()
        assert (await asyncio.wait_for(anext(changes), 10)).state is OFF
        lab.device.halt()
        reading = await asyncio.wait_for(anext(changes), 15)
        assert (reading.state, reading.reason.partition(",")[0]) in [
            (UNKNOWN, "MQTT tasmota dev1 does not answer"),
            (UNKNOWN, "MQTT tasmota dev1 is offline"),
        ]
        lab.device.go_on()
        assert (await asyncio.wait_for(anext(changes), 15)).state is OFF


async def test_a_broker_that_is_gone_is_unknown_and_one_that_is_back_is_found(lab: Lab):
    async with outlet_of(lab) as backend:
        changes = backend.senses[0].changes()
        assert (await asyncio.wait_for(anext(changes), 10)).state is OFF
        lab.broker.stop()
        reading = await asyncio.wait_for(anext(changes), 10)
        assert reading.state is UNKNOWN
        assert reading.reason.startswith(f"broker 127.0.0.1:{lab.broker.port} is unreachable: ")
        with pytest.raises(Unreachable):
            await backend.switch.apply(PowerAction.ON)
        lab.broker.start()
        async with asyncio.timeout(20):
            while (await anext(changes)).state is not OFF:
                pass
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(Unreachable):
                    await backend.switch.apply(PowerAction.ON)
                    break
                await asyncio.sleep(0.1)
        assert [on for on, _ in lab.device.moves()] == [True]


async def test_a_broker_that_hangs_is_unreachable_or_leaves_the_outcome_unknown(lab: Lab):
    async with outlet_of(lab) as backend:
        await says(backend.senses[0], OFF)
        lab.broker.halt()
        with pytest.raises((OutcomeUnknown, Unreachable)):
            await backend.switch.apply(PowerAction.ON)
        lab.broker.go_on()


async def test_a_server_that_says_nothing_any_more_is_unknown_and_is_told_without_asking(lab: Lab):
    sense = {"adapter": "mqtt", "state": "lab/srv/led", "quiet": "1s"}
    async with outlet_of(lab, sense=[sense]) as backend:
        changes = backend.senses[0].changes()
        assert (await asyncio.wait_for(anext(changes), 10)).state is OFF
        lab.server.halt()
        begun = time.monotonic()
        reading = await asyncio.wait_for(anext(changes), 10)
        assert (reading.state, reading.reason) == (UNKNOWN, "nothing was heard of MQTT lab/srv/led for 1 s")
        assert time.monotonic() - begun < 3
        lab.server.go_on()
        assert (await asyncio.wait_for(anext(changes), 10)).state is OFF


async def test_what_the_broker_kept_is_no_evidence_until_it_is_said_anew(lab: Lab):
    push(lab, "rack/led", "ON", retain=True)
    async with outlet_of(lab, sense=[LED, "mqtt:rack/led"]) as backend:
        reading = await backend.senses[1].read()
        assert reading.state is UNKNOWN
        assert "kept 'ON' of MQTT rack/led, from nobody knows when" in reading.reason
        push(lab, "rack/led", "ON", retain=True)
        reading = await says(backend.senses[1], ON)
        assert time.time() - 5 < reading.at <= time.time()
        push(lab, "rack/led", "perhaps")
        assert "says 'perhaps', which is no power state" in (await says(backend.senses[1], UNKNOWN)).reason


async def test_a_reading_is_as_old_as_what_was_heard(lab: Lab):
    async with outlet_of(lab, sense=[LED, "mqtt:rack/led"]) as backend:
        await backend.senses[1].read()
        push(lab, "rack/led", "OFF")
        first = await says(backend.senses[1], OFF)
        await asyncio.sleep(0.5)
        assert (await backend.senses[1].read()).at == first.at


async def test_a_quiet_device_counts_while_the_broker_knows_it_is_there(lab: Lab):
    push(lab, "esp/state", "ON", retain=True)
    push(lab, "esp/status", "online", retain=True)
    sense = {"adapter": "mqtt", "state": "esp/state", "alive": "esp/status", "quiet": "1s"}
    async with outlet_of(lab, sense=[LED, sense]) as backend:
        await says(backend.senses[1], ON)
        await asyncio.sleep(1.5)
        assert (await backend.senses[1].read()).state is ON
        push(lab, "esp/status", "offline", retain=True)
        assert "is offline" in (await says(backend.senses[1], UNKNOWN)).reason


async def test_a_wrong_password_is_told_and_is_never_off(lab: Lab):
    async with outlet_of(lab, credential="wrong", sense=[{"adapter": "mqtt", "state": "x"}]) as backend:
        reading = await backend.senses[0].read()
        assert reading.state is UNKNOWN
        assert "Not authorized" in reading.reason
        assert "guess" not in reading.reason
        with pytest.raises(Unreachable, match="Not authorized"):
            await backend.switch.apply(PowerAction.ON)
        assert lab.device.heard() == []


@pytest.mark.parametrize("lab", ["shelly2"], indirect=True)
async def test_what_a_device_refuses_is_told_in_its_words(lab: Lab):
    async with outlet_of(lab, "shelly2", relay=7) as backend:
        with pytest.raises(BackendFailed, match=r"refused: Argument 'id', value 7 not found!"):
            await backend.switch.apply(PowerAction.ON)


async def test_one_connection_serves_all_nodes_and_the_broker_tells_when_we_are_gone(lab: Lab):
    site = make_site(lab.directory)
    async with opened(outlet(lab), site, "n1") as one, opened(outlet(lab), site, "n2") as two:
        await says(one.senses[0], OFF)
        await says(two.senses[1], OFF)
        connected = [line for line in lab.broker.log.read_text().splitlines() if "as lightsout-" in line]
        assert len(connected) == 1
        name = connected[0].split(" as ")[1].split()[0]
    login = ["-h", "127.0.0.1", "-p", str(lab.broker.port), "-u", "admin", "-P", "secret"]
    kept = await asyncio.to_thread(run, "mosquitto_sub", *login, "-t", f"lightsout/{name}/state", "-C", "1", "-W", "5")
    assert kept == b"offline\n"


async def test_the_load_is_a_sensor(lab: Lab):
    options = outlet(lab) | {"sensors": {"adapter": "mqtt", **lab.way, **RELAYS["tasmota"]}}
    async with opened(options, make_site(lab.directory)) as backend:
        assert backend.sensors is not None
        assert [sensor.name for sensor in backend.sensors.sensors()] == ["Input Power"]
        await backend.switch.apply(PowerAction.ON)
        assert await backend.sensors.read() == {"Input Power": 120.0}
        lab.device.stop()
        assert await backend.sensors.read() == {}


async def test_a_supply_tells_whether_it_was_off(lab: Lab):
    site = make_site(lab.directory)
    parts = adapter.open(adapter.options(**lab.way, **RELAYS["tasmota"]), Place("n1", "supply", lab.directory, site))
    assert parts.supply is not None
    assert parts.running is not None
    try:
        assert await parts.supply.feed()
        assert not await parts.supply.feed()
        await parts.supply.cut()
        assert [on for on, _ in lab.device.moves()] == [True, False]
    finally:
        await parts.running.close()


async def test_the_relays_word_about_itself_confirms_nothing(lab: Lab):
    with pytest.raises(InvalidRequest, match="no sense outside of MQTT tasmota dev1"):
        async with outlet_of(lab, sense=["mqtt:tasmota:dev1"]):
            pass


async def test_over_tls_with_a_certificate_of_ones_own(tmp_path: Path):
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
    subject = ["-subj", "/CN=broker", "-addext", "subjectAltName=IP:127.0.0.1"]
    make += f"-keyout {tmp_path}/key.pem -out {tmp_path}/cert.pem"
    await asyncio.to_thread(run, *make.split(), *subject)
    broker = Mosquitto(tmp_path / "broker", f"certfile {tmp_path}/cert.pem\nkeyfile {tmp_path}/key.pem\n")
    way = {"host": "127.0.0.1", "port": broker.port, "credential": "lab", "tls": True}
    power = {"adapter": "mqtt", **way, "command": "x/set", "ca": (tmp_path / "cert.pem").read_text()}
    stranger = {"adapter": "mqtt", **way, "state": "y", "ca": ""}
    broker.start()
    try:
        async with opened({"power": power, "sense": ["mqtt:x", stranger]}, make_site(tmp_path)) as backend:
            await backend.switch.apply(PowerAction.ON)
            assert "CERTIFICATE_VERIFY_FAILED" in (await backend.senses[1].read()).reason
    finally:
        broker.stop()


async def test_a_device_that_tells_no_state_is_told_through_a_broker_that_has_it(tmp_path: Path):
    with open_lab(tmp_path, "plain", "outlet") as lab:
        power = {"adapter": "mqtt", **lab.way, "command": "lab/dev1/0/set", "on": "close", "off": "open"}
        async with opened({"power": power, "sense": [LED]}, make_site(tmp_path)) as backend:
            await backend.switch.apply(PowerAction.ON)
            await says(backend.senses[0], ON)


WRONG: list[tuple[dict[str, object], str]] = [
    ({"power": {"adapter": "mqtt"}}, r"options\.power\.host: Field required"),
    ({"power": {"adapter": "mqtt", "host": "b"}}, r"options\.power\.state: expected a topic here, or in command"),
    ({"power": {"adapter": "mqtt", "host": "b", "kind": "tasmota"}}, r"options\.power\.device: expected the name"),
    ({"power": {"adapter": "mqtt", "host": "b", "device": "x"}}, r"options\.power\.device: expected kind = tasmota"),
    ({"power": {"adapter": "mqtt", "host": "b", "kind": "zwave"}}, r"options\.power\.kind: Input should be 'tasmota'"),
    ({"power": {"adapter": "mqtt", "host": "b", "command": "a/#"}}, r"options\.power\.command: String should match"),
    (
        {"power": {"adapter": "mqtt", "host": "b", "kind": "tasmota", "device": "x", "relay": 0}},
        r"options\.power\.relay: expected 1 or more",
    ),
    (
        {"power": {"adapter": "mqtt", "host": "b", "kind": "tasmota", "device": "x", "command": "y"}},
        r"options\.power\.command: expected kind = plain",
    ),
    ({"power": {"adapter": "mqtt", "host": "b", "command": "x", "ca": "/etc/ca"}}, r"options\.power\.ca: expected tls"),
    (
        {"power": {"adapter": "mqtt", "host": "b", "command": "x", "tls": True, "ca": "/etc/ca"}},
        r"options\.power\.ca: expected a certificate in PEM",
    ),
    (
        {"power": {"adapter": "mqtt", "host": "b", "command": "x", "quiet": "soon"}},
        r"options\.power\.quiet: expected a dur",
    ),
    (
        {"power": {"adapter": "mqtt", "host": "b", "command": "x", "password": "p"}},
        r"options\.power\.password: there is",
    ),
    (
        {"power": {"adapter": "mqtt", "host": "b", "command": "x"}, "sense": ["mqtt:"]},
        r"options\.sense\[0\]: expected mqtt:",
    ),
    (
        {"power": {"adapter": "wol", "mac": "52:54:00:00:00:01"}, "sense": ["mqtt:a"]},
        r"options\.sense\[0\]\.host: Field",
    ),
    (
        {"power": {"adapter": "mqtt", "host": "b", "command": "x", "credential": "none"}},
        r"credential 'none' is not in the configuration file",
    ),
]


@pytest.mark.parametrize(("options", "complaint"), WRONG)
def test_wrong_options_are_named_with_their_place(options: dict[str, object], complaint: str, tmp_path: Path):
    with pytest.raises(InvalidRequest, match=complaint):
        driver.complete(NodeDefinition("n1", UUID(int=1), "hardware", options), make_site(tmp_path))


LINES: list[tuple[str, dict[str, object]]] = [
    ("rack/led", {"state": "rack/led", "path": ""}),
    ("shelly/status/switch:0#output", {"state": "shelly/status/switch:0", "path": "output"}),
    ("zigbee2mqtt/plug#power:watts>30", {"state": "zigbee2mqtt/plug", "path": "power", "watts": 30.0}),
    ("tasmota:plug1", {"kind": "tasmota", "device": "plug1"}),
    ("tasmota:plug1/2:watts>7.5", {"kind": "tasmota", "device": "plug1", "relay": 2, "watts": 7.5}),
    ("shelly2:rack/pm:watts > 30", {"kind": "shelly2", "device": "rack/pm", "watts": 30.0}),
]


@pytest.mark.parametrize(("line", "options"), LINES)
def test_a_sense_may_be_a_line(line: str, options: dict[str, object]):
    assert adapter.line(line) == options
    adapter.options.model_validate({"host": "b", **options})


@pytest.mark.parametrize(
    ("seconds", "value"), [(0.1, 1), (0.4, 4), (5.5, 55), (11.1, 111), (11.2, 112), (12, 112), (30, 130)]
)
def test_tasmotas_pulse_time_counts_tenths_and_then_seconds(seconds: float, value: int):
    assert pulse_time(seconds) == value


@pytest.mark.parametrize(
    ("topic", "payload", "what", "value"),
    [
        ("stat/p/RESULT", b'{"POWER2":"ON"}', What.STATE, "ON"),
        ("tele/p/SENSOR", b'{"ENERGY":{"Power":[1,250]}}', What.WATTS, "250"),
        ("tele/p/SENSOR", b'{"ENERGY":{"Power":[1]}}', What.WATTS, None),
        ("tele/p/SENSOR", b'{"ENERGY":7}', What.WATTS, None),
        ("tele/p/SENSOR", b"\xff\x00{", What.WATTS, None),
        ("stat/p/RESULT", b"[1]", What.STATE, None),
    ],
)
def test_whatever_a_device_says_is_understood_or_left(topic: str, payload: bytes, what: What, value: str | None):
    dialect = TASMOTA.of("p", 2, "us")
    heard = [each.value(payload, dialect.index) for each in dialect.says if (each.topic, each.what) == (topic, what)]
    assert [each for each in heard if each is not None] == ([value] if value is not None else [])
