"""A server with two feeds on two PDUs, as one switch; a third PDU meters both."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import pytest

from bmc.model.errors import BackendFailed, InvalidRequest, OutcomeUnknown, Unreachable
from bmc.model.node import NodeDefinition
from bmc.model.power import PowerAction, PowerState
from bmc.ports import Backend
from bmc.power.belief import believe
from robots.contract import BackendContract, OpenBackend
from robots.hardware import driver
from tests.robots.pdu_lab import (
    SEVERAL,
    Lab,
    Open,
    Plant,
    Snmpsim,
    lossy,
    open_node,
    pdu_site,
    plant,
    running_pdus,
)

__all__ = ["open_node", "plant"]

PDUS, METER = ("127.0.0.1", "127.0.0.2"), "127.0.0.3"
ON, OFF = PowerState.ON, PowerState.OFF


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[Lab]:
    with running_pdus(tmp_path_factory.mktemp("pdus"), (*PDUS, METER)) as lab:
        yield lab


@pytest.fixture
def pdus(lab: Lab, plant: Plant) -> Sequence[Snmpsim]:
    return lab.pdus


def feeds(pdus: Sequence[Snmpsim], **second: object) -> dict[str, object]:
    both = [
        {"adapter": "pdu", "host": pdu.address, "port": pdu.port, "outlet": number, "credential": "lab", "timeout": 1.5}
        for number, pdu in enumerate(pdus[:2], 1)
    ]
    both[1].update(second)
    return {"together": both, "off_for": "0.3s"}


def node(pdus: Sequence[Snmpsim], **second: object) -> dict[str, object]:
    meter = {"adapter": "pdu", "host": METER, "port": pdus[0].port, "outlet": SEVERAL, "watts": 30}
    return {"power": feeds(pdus, **second), "sense": [meter]}


async def state(backend: Backend) -> PowerState:
    return (await backend.senses[-1].read()).state


class TestContract(BackendContract):
    @pytest.fixture
    def open_backend(self, open_node: Open, pdus: Sequence[Snmpsim]) -> OpenBackend:
        return lambda: open_node(node(pdus))


async def test_all_are_turned_on_and_off(open_node, pdus, plant):
    backend = await open_node(node(pdus))
    await backend.switch.apply(PowerAction.ON)
    assert (plant.feed(1), plant.feed(2)) == ("on", "on")
    await backend.switch.apply(PowerAction.FORCE_OFF)
    assert (plant.feed(1), plant.feed(2)) == ("off", "off")
    assert sorted(plant.orders()) == ["1 off", "1 on", "2 off", "2 on"]


async def test_a_cycle_takes_all_power_away_before_any_comes_back(open_node, pdus, plant):
    backend = await open_node(node(pdus))
    await backend.switch.apply(PowerAction.ON)
    await backend.switch.apply(PowerAction.POWER_CYCLE)
    orders = plant.orders()[2:]
    assert [set(orders[:2]), set(orders[2:])] == [{"1 off", "2 off"}, {"1 on", "2 on"}]


async def test_what_one_pdu_says_of_its_own_outlet_confirms_nothing(open_node, pdus):
    options = node(pdus)
    options["sense"] = [f"pdu:{PDUS[0]}/1", f"pdu:{PDUS[1]}/2"]
    with pytest.raises(InvalidRequest, match=r"no sense outside of PDU 127.0.0.1:\d+ and PDU 127.0.0.2:\d+ could tell"):
        await open_node(options)
    options["sense"] = [f"pdu:{PDUS[0]}/1", f"pdu:{METER}/{SEVERAL}:watts>30"]
    backend = await open_node(options)
    await backend.switch.apply(PowerAction.ON)
    own, meter = backend.senses
    readings = {sense.name: await sense.read() for sense in backend.senses}
    domains = {sense.name: sense.domain for sense in backend.senses}
    assert readings[own.name].state is ON
    assert believe(readings, 0.0, domains, backend.rules.moved).state is ON
    del readings[meter.name]
    assert believe(readings, 0.0, domains, backend.rules.moved).state is PowerState.UNKNOWN


async def test_who_could_not_be_turned_off_is_told_with_who_was(open_node, pdus, plant):
    backend = await open_node(node(pdus))
    await backend.switch.apply(PowerAction.ON)
    pdus[1].stop()
    try:
        told = (
            r"power\.together\[1\] \(PDU 127.0.0.2:\d+\): .* does not answer: .*; done by power\.together\[0\] \(PDU 12"
        )
        with pytest.raises(BackendFailed, match=told):
            await backend.switch.apply(PowerAction.FORCE_OFF)
        assert (plant.feed(1), plant.feed(2)) == ("off", "on")
        assert await state(backend) is ON
    finally:
        pdus[1].start()
    await backend.switch.apply(PowerAction.FORCE_OFF)
    assert await state(backend) is OFF


async def test_a_cycle_that_cannot_take_all_power_gives_the_other_feeds_back(open_node, pdus, plant):
    backend = await open_node(node(pdus))
    await backend.switch.apply(PowerAction.ON)
    pdus[1].stop()
    try:
        with pytest.raises(BackendFailed, match=r"not cycled: .*; and not all are on again: .*done by power"):
            await backend.switch.apply(PowerAction.POWER_CYCLE)
    finally:
        pdus[1].start()
    assert (plant.feed(1), plant.feed(2)) == ("on", "on")
    assert plant.orders()[2:] == ["1 off", "1 on"]


async def test_a_cycle_without_any_pdu_did_nothing(open_node, pdus, plant):
    backend = await open_node(node(pdus))
    for pdu in pdus[:2]:
        pdu.stop()
    try:
        with pytest.raises(Unreachable, match=r"power\.together\[0\].*power\.together\[1\]"):
            await backend.switch.apply(PowerAction.POWER_CYCLE)
    finally:
        for pdu in pdus[:2]:
            pdu.start()
    assert plant.orders() == []


async def test_an_acknowledgement_that_one_of_them_lost_leaves_the_outcome_unknown(open_node, pdus, plant):
    async with lossy((PDUS[1], pdus[1].port)) as (relay, port):
        relay.deaf = True
        backend = await open_node(node(pdus, host="127.0.0.1", port=port))
        with pytest.raises(OutcomeUnknown, match=r"together\[1\].*not acknowledged.*done by power\.together\[0\]"):
            await backend.switch.apply(PowerAction.ON)
    assert await state(backend) is ON


async def test_as_a_supply_it_was_off_only_if_all_feeds_were(open_node, pdus, plant):
    options = node(pdus)
    options = {"supply": options["power"], "escalate": ["outlet"], "sense": options["sense"], "boots_within": "2s"}
    backend = await open_node(
        {**options, "power": {"adapter": "pdu", "host": METER, "port": pdus[2].port, "outlet": 7}}
    )
    plant.write("feed.1", "on")
    await backend.switch.apply(PowerAction.FORCE_OFF)
    assert (plant.feed(1), plant.feed(2)) == ("off", "off")
    await backend.switch.apply(PowerAction.ON)
    assert (plant.feed(1), plant.feed(2)) == ("on", "on")


async def test_an_emergency_stop_in_the_middle_turns_nothing_on(open_node, pdus, plant):
    backend = await open_node({**node(pdus), "power": {**feeds(pdus), "off_for": "60s"}})
    await backend.switch.apply(PowerAction.ON)
    cycling = asyncio.ensure_future(backend.switch.apply(PowerAction.POWER_CYCLE))
    async with asyncio.timeout(10):
        while await state(backend) is not OFF:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    cycling.cancel()
    await asyncio.gather(cycling, return_exceptions=True)
    assert (plant.feed(1), plant.feed(2)) == ("off", "off")


OUTLET = {"adapter": "pdu", "host": "p1", "outlet": 3}
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"power": {"together": [OUTLET]}}, r"options\.power\.together: List should have at least 2 items"),
    ({"power": {"together": OUTLET}}, r"options\.power\.together: Input should be a valid list"),
    ({"power": {"together": [OUTLET, {**OUTLET, "outlet": 0}]}}, r"options\.power\.together\[1\]\.outlet"),
    ({"power": {"together": [OUTLET, {"host": "p2"}]}}, r"options\.power\.together\[1\]\.adapter: expected one of"),
    ({"power": [{"together": [OUTLET, OUTLET], "off": 3}]}, r"options\.power\.off: there is no such option"),
    ({"power": {"together": [OUTLET, OUTLET], "off_for": "1 day"}}, r"options\.power\.off_for: expected a duration"),
    ({"power": {"together": [OUTLET, {**OUTLET, "credential": "x"}]}}, "credential 'x' is not in the configuration"),
    ({"supply": {"together": [OUTLET, {**OUTLET, "model": 1}]}}, r"options\.supply\.together\[1\]\.model"),
]


@pytest.mark.parametrize(("wrong", "complaint"), WRONG)
def test_wrong_options_are_named(wrong, complaint, tmp_path):
    given = {"power": OUTLET, "sense": ["pdu:p1/3:watts>30"], **wrong}
    with pytest.raises(InvalidRequest, match=complaint):
        driver.complete(NodeDefinition("n1", UUID(int=1), "hardware", given), pdu_site(tmp_path))


async def test_only_outlets_can_be_switched_together(open_node):
    bmc = {"adapter": "pdu", "host": "p1", "outlet": 3, "watts": 30}
    with pytest.raises(InvalidRequest, match=r"options\.power: together has no power switch"):
        await open_node({"power": {"together": [OUTLET, bmc]}, "sense": ["pdu:p1/3:watts>30"]})
    with pytest.raises(InvalidRequest, match=r"options\.sense\[0\]: together has no power sense"):
        await open_node({"power": OUTLET, "sense": [{"together": [OUTLET, OUTLET]}, "pdu:p1/3:watts>30"]})


async def test_a_sense_takes_its_way_from_an_outlet_among_them(open_node, pdus):
    backend = await open_node({"power": feeds(pdus), "sense": [f"pdu:{METER}/{SEVERAL}:watts>30"]})
    assert backend.senses[0].domain == f"PDU {METER}:{pdus[0].port} meter"
    assert await state(backend) is OFF
