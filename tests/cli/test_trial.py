"""`bmc robot test` on a server that two Modbus boards are wired to, through the real loop."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import pytest

from bmc.cli.errors import CliError
from bmc.cli.trial import _agree, _look
from bmc.model.errors import OutcomeUnknown
from bmc.model.node import NodeDefinition
from bmc.model.power import PowerAction, PowerState
from bmc.ports import Backend
from robots.hardware import driver
from robots.testing import make_site
from tests.cli.conftest import Shell
from tests.redfish.service import Service
from tests.robots.modbus_rack import Rack, racked
from tests.robots.plant import Rules
from tests.world import ADMIN, until


@pytest.fixture(scope="module")
def modbus() -> Iterator[Rack]:
    with racked(Rules(hold=1.8)) as rack:
        yield rack


@pytest.fixture
async def rack(modbus: Rack, service: Service, tmp_path: Path) -> Rack:
    """Wired to the node `a2`, which is off."""
    modbus.renew()
    site, plain = make_site(tmp_path / "site"), service.drivers.open

    async def open_real(definition: NodeDefinition) -> Backend:
        if definition.driver == "hardware":
            return await driver.open(definition, site)
        return await plain(definition)

    service.drivers.open = open_real  # type: ignore[method-assign]
    definition = NodeDefinition("a2", uuid4(), "hardware", {**modbus.node(), "settle": "5s"})
    node = await service.world.fleet.create(definition, ADMIN)
    await until(lambda: node.snapshot.power is PowerState.OFF)
    return modbus


@pytest.mark.usefixtures("rack")
async def test_dry_it_shows_the_senses_and_the_plans_and_moves_nothing(rack: Rack, bmc: Shell) -> None:
    told = await bmc.ok("robot", "test", "a2")
    first, head, sense, *plan = told.splitlines()
    assert first == "a2 is Off"
    assert head.split() == ["sense", "fails", "with", "says", "looked", "counts", "why"]
    assert "Off" in sense
    assert "s ago" in sense
    assert plan[0] == "On:"
    assert any("On by power" in line for line in plan)
    assert sum(rack.plant.look().moves.values()) == 0


async def test_for_real_it_is_turned_on_and_off_again_and_the_times_are_told(rack: Rack, bmc: Shell) -> None:
    done = await bmc("robot", "test", "a2", "--for-real", "--yes", "--json")
    assert (done.code, done.err) == (0, "")
    on, off = done.json["moves"]
    assert (on["action"], on["outcome"], off["action"], off["outcome"]) == ("On", "done", "ForceOff", "done")
    for move in (on, off):
        (seen,) = move["senses"].values()
        assert 0 < move["handed_over"] <= move["done"]
        assert 0 < seen <= move["done"]
    assert off["handed_over"] >= 1.8
    assert rack.plant.look().moves["power"] == 2
    shown = await bmc.ok("robot", "test", "a2", "--for-real", "--yes")
    assert "handed over" in shown
    assert "seen by " in shown
    assert rack.plant.look().moves["power"] == 4


async def test_without_its_name_typed_nothing_is_moved(rack: Rack, bmc: Shell) -> None:
    done = await bmc("robot", "test", "a2", "--for-real")
    assert done.code == 1
    assert "use --yes" in done.err
    assert sum(rack.plant.look().moves.values()) == 0


@pytest.mark.usefixtures("rack")
async def test_what_hinders_it_is_told_and_keeps_it_from_being_moved(rack: Rack, service: Service, bmc: Shell) -> None:
    await service.call("POST", "/redfish/v1/Systems/a2/Actions/Oem/Lightsout.Reserve", {"Reason": "new fans"})
    done = await bmc("robot", "test", "a2", "--for-real", "--yes")
    assert done.code == 1
    assert "hindered: " in done.out
    assert "new fans" in done.out
    assert "has to be mended first" in done.err
    assert sum(rack.plant.look().moves.values()) == 0


async def test_one_that_is_on_is_turned_off_first_and_left_on(service: Service, bmc: Shell) -> None:
    server = service.drivers.servers["n1"]
    await bmc.ok("power", "n1", "on", "--wait")
    await bmc.ok("robot", "test", "n1", "--for-real", "--yes", "--graceful")
    assert server.applied == [PowerAction.ON, PowerAction.GRACEFUL_SHUTDOWN, PowerAction.ON]
    assert server.state is PowerState.ON


async def test_after_a_failure_nothing_more_is_moved(service: Service, bmc: Shell) -> None:
    server = service.drivers.servers["n1"]
    server.failure = OutcomeUnknown("the acknowledgement was lost")
    done = await bmc("robot", "test", "n1", "--for-real", "--yes", "--json")
    assert done.code == 1
    (move,) = done.json["moves"]
    assert (move["action"], move["outcome"], move["handed_over"]) == ("On", "unknown", None)
    assert "the acknowledgement was lost" in move["problem"]
    assert "it is left as it is" in done.err
    assert server.asked == [PowerAction.ON]


async def test_an_unknown_power_state_is_no_start(service: Service, bmc: Shell) -> None:
    server = service.drivers.servers["n1"]
    server.blind = True
    server.become(PowerState.UNKNOWN, server.last.cause, reason="the cable is out")
    await until(lambda: service.world.fleet.node("n1").snapshot.power is PowerState.UNKNOWN)
    done = await bmc("robot", "test", "n1", "--for-real", "--yes")
    assert done.code == 1
    assert "the cable is out" in done.out
    assert server.asked == []


@pytest.mark.parametrize(("typed", "goes_on"), [("n1", True), ("n2", False), ("y", False), ("", False)])
def test_at_a_terminal_only_the_very_name_goes_on(monkeypatch: pytest.MonkeyPatch, typed: str, goes_on: bool) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return typed

    monkeypatch.setattr("builtins.input", answer)
    if goes_on:
        _agree("n1", "On", yes=False)
    else:
        with pytest.raises(CliError, match="nothing was moved"):
            _agree("n1", "On", yes=False)
    assert "what runs on it ends" in asked[0]


def test_a_sense_that_said_so_before_has_seen_nothing() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    says = [
        {"Name": name, "PowerState": "On", "LookedAt": "2026-01-01T00:00:01.000Z"} for name in ("stuck", "led", "watts")
    ]
    saw: dict[str, datetime] = {}
    deceived = {"stuck", "watts"}
    _look([{**says[2], "PowerState": None}], "On", start, saw, deceived)
    _look(says, "On", start, saw, deceived)
    assert saw.keys() == {"led", "watts"}
