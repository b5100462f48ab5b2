"""An arm that presses buttons: our client, a rosbridge of its own, a robot by roslibpy, and the plant it presses."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from websockets.sync.client import connect

import robots.arm_switch
import robots.rosbridge
from bmc.model.errors import BackendFailed, BmcError, OutcomeUnknown, Refused, Unreachable
from bmc.model.power import PowerAction
from bmc.ports import PowerSwitch, Site
from bmc.power.safety import Safety
from robots.front_panel import PressedSwitch
from robots.testing import opened
from tests.robots.arm_hand import ArmContract, becomes, complaint, die_in_mid_press, hand, parts_of, pressed
from tests.robots.plant import lasted, port_of, program
from tests.robots.ros_arm import ACTION, ACTION_TYPE, HOMED, IS_HOMED, SERVICE, STOP, Cell

HOLD = {"target": "{target}", "hold": {"sec": "{sec}", "nanosec": "{nanosec}"}}
BY_ACTION: dict[str, Any] = {"action": ACTION, "type": ACTION_TYPE, "arguments": HOLD, "homed": {"topic": HOMED}}
BY_SERVICE: dict[str, Any] = {"service": SERVICE, "arguments": HOLD}


def arm(cell: Cell, site: Site, node: str = "n1", **options: Any) -> AbstractAsyncContextManager[PowerSwitch]:
    return hand("arm", site, node, **{"url": cell.url, **options})


class TestContract(ArmContract):
    power: ClassVar = {"adapter": "arm", "reset_target": "{node}/reset", **BY_ACTION}


@pytest.mark.parametrize("way", [BY_ACTION, BY_SERVICE])
async def test_a_press_is_one_request_with_the_arguments_of_the_options(cell: Cell, site: Site, way: dict):
    async with arm(cell, site, "a2", **way, short="250ms") as switch:
        await switch.apply(PowerAction.ON)
    assert cell.plant.look().running
    assert lasted(cell.plant.look().held["power"], 0.25, early=0.15)
    requests = cell.sent("send_action_goal") + cell.sent("call_service")
    assert [each["args"] for each in requests] == [
        {"target": "a2/power", "hold": {"sec": 0, "nanosec": 250_000_000}},
    ]


@pytest.mark.parametrize("way", [BY_ACTION, BY_SERVICE])
async def test_what_the_robot_says_went_wrong_is_told(cell: Cell, site: Site, way: dict):
    cell.fault("fail")
    async with arm(cell, site, **way) as switch:
        with pytest.raises(BackendFailed, match="servo 3 is too hot"):
            await switch.apply(PowerAction.ON)
    assert cell.presses == 0


async def test_a_failure_is_told_with_the_phase_that_was_reached(cell: Cell, site: Site):
    cell.fault("fail")
    async with arm(cell, site, **BY_ACTION) as switch:
        with pytest.raises(BackendFailed, match="last seen: approaching"):
            await switch.apply(PowerAction.ON)


async def test_a_goal_that_the_robot_rejects_was_not_done(cell: Cell, site: Site):
    cell.fault("reject")
    async with arm(cell, site, **BY_ACTION) as switch:
        with pytest.raises(Refused, match="rejected"):
            await switch.apply(PowerAction.ON)
    assert len(cell.sent("send_action_goal")) == 1


@pytest.mark.parametrize("way", [{**BY_ACTION, "action": "/arm/wave"}, {"service": "/arm/wave"}])
async def test_an_arm_that_is_not_there_is_unreachable(cell: Cell, site: Site, way: dict):
    async with arm(cell, site, **way) as switch:
        with pytest.raises(Unreachable, match="nothing was done"):
            await switch.apply(PowerAction.ON)


async def test_without_a_bridge_nothing_was_sent(cell: Cell, site: Site):
    cell.stop_bridge()
    async with arm(cell, site, **BY_ACTION) as switch:
        with pytest.raises(Unreachable, match="nothing was done"):
            await switch.apply(PowerAction.ON)


async def test_a_bridge_that_hangs_before_a_press_is_noticed_before_anything_is_sent(
    cell: Cell, site: Site, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(robots.rosbridge, "ANSWERS_WITHIN", 0.5)
    async with arm(cell, site, **{**BY_ACTION, "homed": None}) as switch:
        await switch.apply(PowerAction.ON)
        cell.hang_bridge()
        with pytest.raises(Unreachable):
            await switch.apply(PowerAction.ON)
    assert cell.presses == 1


async def test_a_slow_arm_is_waited_for_and_told_once(cell: Cell, site: Site):
    cell.fault("wait-approaching")
    async with arm(cell, site, **BY_ACTION) as switch:
        press = asyncio.create_task(switch.apply(PowerAction.ON))
        await asyncio.sleep(1.5)
        assert not press.done()
        cell.mend("wait-approaching")
        await press
    assert (cell.presses, len(cell.sent("send_action_goal"))) == (1, 1)


@pytest.mark.parametrize("end", ["stop_bridge", "hang_bridge"])
async def test_a_bridge_gone_in_mid_motion_leaves_the_outcome_unknown_and_nothing_is_sent_again(
    cell: Cell, site: Site, end: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(robots.rosbridge, "ANSWERS_WITHIN", 0.5)
    cell.fault("wait-pressing")
    async with arm(cell, site, **BY_ACTION) as switch:
        press = asyncio.create_task(switch.apply(PowerAction.ON))
        await becomes(lambda: cell.presses == 1, "the arm to press")
        getattr(cell, end)()
        with pytest.raises(OutcomeUnknown, match="last seen: pressing"):
            await press
        cell.mend("wait-pressing")
        await becomes(lambda: not cell.moving, "the arm to be back")
        cell.stop_bridge()
        cell.start_bridge()
        await becomes(lambda: bool(cell.sent("advertise")), "the robot to come back")
        await becomes(lambda: not pressed(site), "the arm to be told to give up")
        assert len(cell.sent("cancel_action_goal")) == 1
        assert cell.sent("send_action_goal") == []
        await switch.apply(PowerAction.PUSH_POWER_BUTTON)
    assert (cell.presses, len(cell.sent("send_action_goal"))) == (2, 1)


@pytest.mark.parametrize("way", [BY_ACTION, BY_SERVICE])
async def test_a_lost_result_is_not_taken_for_any_outcome(cell: Cell, site: Site, way: dict):
    cell.fault("lose-result")
    async with arm(cell, site, **way, within="1s", back="1s", short="100ms") as switch:
        with pytest.raises(OutcomeUnknown):
            await switch.apply(PowerAction.ON)
    assert cell.presses == 1


async def test_a_result_that_does_not_come_ends_the_motion(cell: Cell, site: Site):
    cell.fault("wait-pressing")
    async with arm(cell, site, **BY_ACTION, within="1s") as switch:
        with pytest.raises(OutcomeUnknown, match="last seen: retreating; it gave up and is back"):
            await switch.apply(PowerAction.ON)
    assert not cell.moving
    assert cell.plant.look().closed == ["a"]


async def test_what_somebody_else_stops_is_unknown(cell: Cell, site: Site):
    cell.fault("wait-pressing")
    async with arm(cell, site, **BY_ACTION) as switch:
        press = asyncio.create_task(switch.apply(PowerAction.ON))
        await becomes(lambda: cell.presses == 1, "the arm to press")
        await asyncio.to_thread(call, cell, STOP)
        with pytest.raises(OutcomeUnknown, match="somebody else stopped it"):
            await press


def call(cell: Cell, service: str) -> None:
    with connect(cell.url, proxy=None) as socket:
        socket.send(json.dumps({"op": "call_service", "id": "1", "service": service}))
        socket.recv()


WAYS_TO_BE_HOMED = [
    {"topic": HOMED},
    {"topic": HOMED, "type": "std_msgs/msg/Bool", "field": "data"},
    {"service": IS_HOMED},
]


@pytest.mark.parametrize("homed", WAYS_TO_BE_HOMED)
async def test_an_arm_that_is_not_homed_does_not_move(cell: Cell, site: Site, homed: dict):
    async with arm(cell, site, **{**BY_ACTION, "homed": homed}) as switch:
        cell.fault("unhomed")
        await asyncio.sleep(1)  # it is told of on a topic, now and then
        with pytest.raises(Refused, match="is not homed"):
            await switch.apply(PowerAction.ON)
        assert cell.sent("send_action_goal") == []
        cell.mend("unhomed")
        await asyncio.sleep(1)  # it is told of on a topic, now and then
        await switch.apply(PowerAction.ON)
    assert cell.presses == 1


async def test_what_homed_looks_like_is_for_the_options_to_say(cell: Cell, site: Site):
    homed = {"service": IS_HOMED, "field": "state.label", "equals": "parked"}
    async with arm(cell, site, **{**BY_ACTION, "homed": homed}) as switch:
        with pytest.raises(Refused, match='says "idle", expected "parked"'):
            await switch.apply(PowerAction.ON)
    async with arm(cell, site, **{**BY_ACTION, "homed": {**homed, "equals": "idle"}}) as switch:
        await switch.apply(PowerAction.ON)


async def test_an_arm_that_does_not_say_whether_it_is_homed_does_not_move(
    cell: Cell, site: Site, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(robots.arm_switch, "ANSWERS_WITHIN", 0.3)
    async with arm(cell, site, **{**BY_ACTION, "homed": {"topic": "/arm/silent"}}) as switch:
        with pytest.raises(Refused, match="does not say whether it is homed"):
            await switch.apply(PowerAction.ON)
    assert cell.sent("send_action_goal") == []


NOBODY_LOOKS = {"adapter": "modbus", "host": "127.0.0.1", "port": 1, "look": "di0"}


async def test_a_plan_tells_that_the_arm_is_not_homed_and_moves_nothing(cell: Cell, site: Site):
    power = {"adapter": "arm", "url": cell.url, **BY_ACTION}
    async with opened({"power": power, "sense": [NOBODY_LOOKS]}, site) as backend:
        assert backend.planner is not None
        cell.fault("unhomed")
        await asyncio.sleep(1)  # it is told of on a topic, now and then
        plan = await backend.planner.plan(PowerAction.ON)
        assert [each for each in plan.hindrances if each.startswith("power: ")] == [
            f"power: the arm behind rosbridge at {urlsplit(cell.url).netloc} is not homed ({HOMED} says false, "
            "expected true); home it, then try again"
        ]
        cell.mend("unhomed")
        await asyncio.sleep(1)  # it is told of on a topic, now and then
        plan = await backend.planner.plan(PowerAction.ON)
        assert [each for each in plan.hindrances if each.startswith("power: ")] == []
    assert cell.sent("send_action_goal") == []


async def test_a_plan_tells_that_the_arm_cannot_be_asked(cell: Cell, site: Site):
    power = {"adapter": "arm", "url": "ws://127.0.0.1:1", **BY_ACTION}
    async with opened({"power": power, "sense": [NOBODY_LOOKS]}, site) as backend:
        assert backend.planner is not None
        plan = await backend.planner.plan(PowerAction.ON)
        assert any(each.startswith("power: rosbridge at 127.0.0.1:1 ") for each in plan.hindrances)


STOPPABLE = [BY_ACTION, {**BY_SERVICE, "stop": STOP}]


@pytest.mark.parametrize("way", STOPPABLE)
async def test_an_emergency_stop_takes_the_finger_off_and_waits_for_the_arm(
    cell: Cell, site: Site, safety: Safety, way: dict
):
    cell.fault("wait-pressing")
    async with arm(cell, site, **way) as switch:
        press = asyncio.create_task(safety.move(switch.apply(PowerAction.ON), safety.stops))
        await becomes(lambda: cell.presses == 1, "the arm to press")
        await safety.stop("olga", "smoke")
        with pytest.raises(OutcomeUnknown, match="emergency stop of olga"):
            await press
        assert not cell.moving
        assert cell.plant.look().closed == ["a"]


async def test_a_service_without_a_stop_is_waited_for(cell: Cell, site: Site, safety: Safety):
    async with arm(cell, site, **BY_SERVICE, short="500ms") as switch:
        press = asyncio.create_task(safety.move(switch.apply(PowerAction.ON), safety.stops))
        await becomes(lambda: cell.presses == 1, "the arm to press")
        await safety.stop("olga", "smoke")
        with pytest.raises(OutcomeUnknown):
            await press
        assert not cell.moving


async def test_an_emergency_stop_while_the_bridge_is_gone_is_passed_on_when_it_is_back(
    cell: Cell, site: Site, safety: Safety, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(robots.rosbridge, "ANSWERS_WITHIN", 0.5)
    cell.fault("wait-pressing")
    async with arm(cell, site, **BY_ACTION) as switch:
        press = asyncio.create_task(safety.move(switch.apply(PowerAction.ON), safety.stops))
        await becomes(lambda: cell.presses == 1, "the arm to press")
        goal = cell.sent("send_action_goal")[0]["id"]
        cell.hang_bridge()
        await safety.stop("olga", "smoke")
        with pytest.raises(OutcomeUnknown):
            await press
        cell.stop_bridge()
        cell.start_bridge()
        await becomes(lambda: bool(cell.sent("cancel_action_goal", id=goal)), "the cancel")
    assert cell.sent("send_action_goal") == []


async def in_turn(switch: PowerSwitch, action: PowerAction) -> None:
    """As the closed loop does."""
    assert isinstance(switch, PressedSwitch)
    async with switch.in_turn():
        await switch.apply(action)


async def test_two_nodes_on_one_arm_take_turns(cell: Cell, site: Site):
    way = {**BY_ACTION, "homed": None}
    async with arm(cell, site, "a1", **way) as one, arm(cell, site, "a2", **way) as other:
        await asyncio.gather(*(in_turn(switch, PowerAction.PUSH_POWER_BUTTON) for switch in (one, other, one)))
    assert [each["args"]["target"] for each in cell.sent("send_action_goal")] == ["a1/power", "a2/power", "a1/power"]
    assert cell.presses == 3


async def test_who_would_wait_too_long_for_the_arm_is_told_whom_it_moves_for(cell: Cell, site: Site):
    cell.fault("wait-approaching")
    async with arm(cell, site, "a1", **BY_ACTION) as one, arm(cell, site, "a2", **BY_ACTION, wait="0.2s") as other:
        press = asyncio.create_task(in_turn(one, PowerAction.ON))
        await becomes(lambda: cell.moving, "the arm to move")
        with pytest.raises(Refused, match="still moves for a1 after 0 s"):
            await in_turn(other, PowerAction.ON)
        cell.mend("wait-approaching")
        await press
    assert len(cell.sent("send_action_goal")) == 1


@pytest.mark.parametrize("way", STOPPABLE)
async def test_what_was_pressed_when_we_died_is_let_go_of_at_the_next_start(cell: Cell, site: Site, way: dict):
    cell.fault("wait-pressing")
    await die_in_mid_press("arm", cell, site, **way)
    assert cell.moving
    async with arm(cell, site, **way) as switch:
        await becomes(lambda: not cell.moving and not pressed(site), "the arm to be back")
        assert cell.plant.look().closed == ["a"]
        cell.mend("wait-pressing")
        await switch.apply(PowerAction.PUSH_POWER_BUTTON)
    async with arm(cell, site, **way):
        await asyncio.sleep(0.2)
    assert cell.presses == 2
    assert len(cell.sent("cancel_action_goal")) + len(cell.sent("call_service", service=STOP)) == 1


@contextmanager
def guarded_bridge(directory: Path) -> Iterator[str]:
    """A bridge behind TLS that wants a login; its certificate lies in `directory`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bridge")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(hours=1), now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (directory / "bridge.pem").write_bytes(private + certificate.public_bytes(pem))
    (directory / "ca.pem").write_bytes(certificate.public_bytes(pem))
    given = ["--certificate", str(directory / "bridge.pem"), "--login", "admin:secret"]
    with program("tests.robots.rosbridge", str(directory), *given) as process:
        yield f"wss://127.0.0.1:{port_of(process)}"


@pytest.mark.parametrize(
    ("credential", "trusted", "told"),
    [("lab", True, "No action server"), ("wrong", True, "401"), ("lab", False, "CERTIFICATE_VERIFY_FAILED")],
)
async def test_the_credential_goes_to_the_bridge_that_is_trusted(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, credential: str, trusted: bool, told: str
):
    with guarded_bridge(tmp_path) as url:
        if trusted:
            monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        options = {"url": url, "credential": credential, "action": ACTION, "type": ACTION_TYPE}
        async with hand("arm", site, "n1", **options) as switch:
            with pytest.raises(BmcError, match=told) as raised:
                await switch.apply(PowerAction.ON)
        assert isinstance(raised.value, Unreachable)
        assert not any(word in str(raised.value) for word in ("secret", "guess", "Basic"))


BASE = {"adapter": "arm", "url": "ws://arm.lab:9090", "action": ACTION, "type": ACTION_TYPE}
WRONG = [
    ({**BASE, "url": "http://arm.lab"}, "options.power.url"),
    ({**BASE, "url": "ws://admin:secret@arm.lab"}, "options.power.url"),
    ({**BASE, "type": None}, "options.power: expected either action with its type, or service"),
    ({**BASE, "service": SERVICE}, "options.power: expected either action with its type, or service"),
    ({**BASE, "stop": STOP}, "options.power: expected no stop beside action"),
    ({**BASE, "credential": "lab"}, "options.power: expected a url with wss"),
    ({**BASE, "homed": {}}, "options.power.homed: expected either topic or service"),
    ({**BASE, "homed": {"topic": HOMED, "service": IS_HOMED}}, "options.power.homed: expected either"),
    ({**BASE, "arguments": {"t": ["{target}", "{finger}"]}}, "options.power.arguments: there is no {finger}"),
    ({**BASE, "power_target": "{rack}/power"}, "options.power.power_target: there is no {rack}"),
    ({**BASE, "short": "5s"}, "options.power.short"),
    ({**BASE, "within": "soon"}, "options.power.within: expected a duration"),
    ({**BASE, "speed": 1}, "options.power.speed: there is no such option"),
]


@pytest.mark.parametrize(("power", "told"), WRONG)
def test_what_is_wrong_with_an_option_is_told_with_its_place(site: Site, power: dict, told: str):
    assert told in complaint(site, {key: value for key, value in power.items() if value is not None})


def test_nobody_waits_less_than_an_arm_may_take(site: Site):
    switch = parts_of("arm", site, "n1", {key: value for key, value in BASE.items() if key != "adapter"}).switch
    assert switch is not None
    assert switch.patience >= 120 + 5.5 + 60 + 30
