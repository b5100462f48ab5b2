"""Outlets and meters of Network UPS Tools, against upsd and its own drivers."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from bmc.model.errors import BmcError, InvalidRequest, OutcomeUnknown, Refused, Unreachable
from bmc.model.node import NodeDefinition
from bmc.model.power import PowerAction, PowerState
from bmc.ports import Backend, Configured
from robots.contract import BackendContract, OpenBackend
from robots.hardware import driver
from robots.testing import make_site
from tests.robots.nut_lab import DRIVERS, Nut, deaf_upsd
from tests.robots.pdu_lab import (
    Lab,
    Open,
    Plant,
    credentials,
    opener,
    plant,
    running_pdus,
)
from tests.world import until

__all__ = ["plant"]

ON, OFF, UNKNOWN = PowerState.ON, PowerState.OFF, PowerState.UNKNOWN
LOGINS = {"nut": (b"admin", b'a "secret" word'), "guest": (b"guest", b"guest"), "bad": (b"admin", b"wrong-word")}

pytestmark = pytest.mark.skipif(not (DRIVERS / "snmp-ups").exists(), reason="Debian package nut-snmp is not installed")


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[Lab]:
    with running_pdus(tmp_path_factory.mktemp("pdus"), ["127.0.0.1"]) as lab:
        yield lab


@pytest.fixture(scope="module")
def running(lab: Lab, tmp_path_factory) -> Iterator[Nut]:
    nut = Nut(tmp_path_factory.mktemp("nut"), lab.pdus[0])
    try:
        nut.start()
        nut.wait()
        yield nut
    finally:
        nut.stop()


@pytest.fixture
def nut(running: Nut, plant: Plant) -> Nut:
    return running


@pytest.fixture
def meter(lab: Lab) -> dict[str, object]:
    """Of the same feed, by another program and protocol than NUT's."""
    (pdu,) = lab.pdus
    return {"adapter": "pdu", "host": "127.0.0.1", "port": pdu.port, "outlet": 1, "credential": "lab", "watts": 30}


@pytest.fixture
async def open_node(tmp_path: Path) -> AsyncIterator[Open]:
    configured = Configured(lambda name: LOGINS.get(name) or credentials(name))
    async with opener(replace(make_site(tmp_path), configured=configured)) as open_node:
        yield open_node


def outlet(nut: Nut, **more: object) -> dict[str, object]:
    return {"adapter": "nut", "port": nut.port, "ups": "pdu1", "outlet": 1, "credential": "nut", **more}


async def shows(backend: Backend, index: int, state: PowerState) -> None:
    async with asyncio.timeout(30):
        while (await backend.senses[index].read()).state is not state:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


class TestContract(BackendContract):
    @pytest.fixture
    def open_backend(self, open_node: Open, nut: Nut, meter: dict[str, object]) -> OpenBackend:
        return lambda: open_node({"power": outlet(nut, cycle=True), "sense": ["nut:pdu1@127.0.0.1/1", meter]})


async def test_each_command_reaches_the_outlet_once(open_node, nut, meter, plant):
    backend = await open_node({"power": outlet(nut, cycle=True), "sense": [meter]})
    for action in (PowerAction.ON, PowerAction.FORCE_OFF, PowerAction.POWER_CYCLE):
        await backend.switch.apply(action)
        await asyncio.sleep(1.5)
    assert plant.orders() == ["1 on", "1 off", "1 reboot"]


async def test_a_cycle_is_offered_only_where_the_device_has_one(open_node, nut, meter):
    backend = await open_node({"power": outlet(nut), "sense": [meter]})
    assert backend.switch.actions == {PowerAction.ON, PowerAction.FORCE_OFF}


async def test_a_variable_above_a_number_is_on(open_node, nut, meter):
    backend = await open_node({"power": outlet(nut), "sense": ["nut:meter:ups.realpower>30", meter]})
    assert backend.senses[0].domain == f"UPS meter@127.0.0.1:{nut.port} meter"
    await shows(backend, 0, OFF)
    nut.draw("45.5")
    await shows(backend, 0, ON)
    nut.draw("much")
    await shows(backend, 0, UNKNOWN)
    assert "says 'much' of ups.realpower; expected a number" in (await backend.senses[0].read()).reason
    nut.draw("5")
    await shows(backend, 0, OFF)


async def test_an_outlet_that_is_metered_is_in_a_domain_of_its_own(open_node, nut, meter, plant):
    backend = await open_node({"power": outlet(nut), "sense": ["nut:pdu1/1:power>30"]})
    assert backend.switch.domain == f"UPS pdu1@127.0.0.1:{nut.port}"
    await backend.switch.apply(PowerAction.ON)
    await shows(backend, 0, ON)


async def test_a_stuck_relay_is_never_believed(open_node, nut, meter, plant):
    plant.write("stuck")
    backend = await open_node({"power": outlet(nut), "sense": ["nut:pdu1/1", meter]})
    await backend.switch.apply(PowerAction.ON)
    await asyncio.sleep(3)
    assert [(await sense.read()).state for sense in backend.senses] == [OFF, OFF]
    assert plant.orders() == ["1 on"]


async def test_a_lost_acknowledgement_is_told_and_never_repeated(open_node, nut, meter, plant):
    async with deaf_upsd(nut.port) as (commands, port):
        backend = await open_node({"power": outlet(nut, port=port, cycle=True), "sense": [meter]})
        for order, action in (("1 on", PowerAction.ON), ("1 reboot", PowerAction.POWER_CYCLE)):
            with pytest.raises(OutcomeUnknown, match=r"has not acknowledged pdu1 outlet\.1\.load"):
                await backend.switch.apply(action)
            await until(lambda order=order: order in plant.orders())
            await asyncio.sleep(1.5)
        assert commands == ["INSTCMD pdu1 outlet.1.load.on", "INSTCMD pdu1 outlet.1.load.cycle"]
    assert plant.orders() == ["1 on", "1 reboot"]


async def test_a_driver_that_is_gone_is_unknown_and_comes_back_by_itself(open_node, nut, meter, plant):
    plant.write("feed.1", "on")
    backend = await open_node({"power": outlet(nut), "sense": ["nut:pdu1/1", meter]})
    await shows(backend, 0, ON)
    nut.stop_one("snmp-ups")
    try:
        await shows(backend, 0, UNKNOWN)
        assert (await backend.senses[0].read()).reason.startswith("upsd at 127.0.0.1 says ")
        with pytest.raises(Refused, match=r"upsd at 127\.0\.0\.1 says .* to pdu1 outlet\.1\.load"):
            await backend.switch.apply(PowerAction.FORCE_OFF)
    finally:
        nut.start_one("snmp-ups", "-a", "pdu1", "-i", "1")
    await shows(backend, 0, ON)
    assert plant.orders() == []


async def test_an_upsd_that_is_gone_is_unknown_and_comes_back_by_itself(open_node, nut, meter, plant):
    backend = await open_node({"power": outlet(nut), "sense": ["nut:pdu1/1", meter]})
    nut.stop_one("upsd")
    try:
        assert (await backend.senses[0].read()).state is UNKNOWN
        with pytest.raises(Unreachable, match=r"upsd at 127\.0\.0\.1: "):
            await backend.switch.apply(PowerAction.ON)
    finally:
        nut.start_one("upsd")
        await asyncio.to_thread(nut.wait)
    await shows(backend, 0, OFF)
    await backend.switch.apply(PowerAction.ON)
    await shows(backend, 0, ON)
    assert plant.orders() == ["1 on"]


NOTHING_DONE: list[tuple[dict[str, object], type[BmcError], str]] = [
    ({"credential": "bad"}, Refused, "says ACCESS-DENIED to pdu1 outlet.1.load.on"),
    ({"credential": "guest"}, Refused, "says ACCESS-DENIED to pdu1 outlet.1.load.on"),
    ({"credential": None}, Refused, "says USERNAME-REQUIRED to pdu1 outlet.1.load.on"),
    ({"ups": "nobody"}, Refused, "says UNKNOWN-UPS to nobody outlet.1.load.on"),
    ({"outlet": 7}, Refused, "says CMD-NOT-SUPPORTED to pdu1 outlet.7.load.on"),
]


@pytest.mark.parametrize(("wrong", "error", "text"), NOTHING_DONE)
async def test_where_nothing_was_done_it_says_so(wrong, error, text, open_node, nut, meter, plant):
    backend = await open_node({"power": outlet(nut, **wrong), "sense": [meter]})
    with pytest.raises(error, match=text) as raised:
        await backend.switch.apply(PowerAction.ON)
    assert "word" not in str(raised.value)
    assert plant.orders() == []


OUTLET = {"adapter": "nut", "ups": "pdu1", "outlet": 3}
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"power": {"adapter": "nut", "outlet": 3}}, r"options\.power\.ups: Field required"),
    ({"power": {"adapter": "nut", "ups": "pdu1"}}, r"options\.power\.meter: expected an outlet, or a meter"),
    ({"power": {**OUTLET, "ups": "a b"}}, r"options\.power\.ups"),
    ({"power": {**OUTLET, "outlet": -1}}, r"options\.power\.outlet"),
    ({"power": {**OUTLET, "above": 3}}, r"options\.power\.meter: expected meter and above together"),
    ({"power": {**OUTLET, "password": "x"}}, r"options\.power\.password: there is no such option$"),
    ({"power": {**OUTLET, "credential": "x"}}, "credential 'x' is not in the configuration file"),
    ({"sense": ["nut:pdu1"]}, r"options\.sense\[0\]\.meter: expected an outlet, or a meter of the whole device"),
    (
        {"sense": ["nut:"]},
        r"options\.sense\[0\]: expected nut:UPS@HOST/OUTLET, nut:UPS@HOST/OUTLET:realpower>NUMBER or",
    ),
    ({"sense": ["nut:ups 1@host/3"]}, r"options\.sense\[0\]: expected nut:UPS@HOST/OUTLET"),
]


@pytest.mark.parametrize(("wrong", "complaint"), WRONG)
def test_wrong_options_are_named(wrong, complaint, tmp_path):
    site = replace(make_site(tmp_path), configured=Configured(credentials))
    given = {"power": OUTLET, "sense": ["nut:pdu1@host/3:realpower>30"], **wrong}
    with pytest.raises(InvalidRequest, match=complaint):
        driver.complete(NodeDefinition("n1", UUID(int=1), "hardware", given), site)
