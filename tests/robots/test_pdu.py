"""Outlets of SNMP PDUs, against snmpsim; a second PDU in another process meters the same feed."""

import asyncio
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import robots.snmp
from bmc.model.errors import BmcError, InvalidRequest, OutcomeUnknown, Refused, Unreachable
from bmc.model.node import NodeDefinition
from bmc.model.power import PowerAction, PowerReading, PowerState
from bmc.ports import Backend
from robots.contract import BackendContract, OpenBackend
from robots.hardware import driver
from robots.pdu_models import MODELS
from robots.testing import opened
from tests.robots.pdu_lab import (
    COMMUNITY,
    METER,
    PDU,
    Lab,
    Open,
    Plant,
    Snmpd,
    Snmpsim,
    environment,
    lossy,
    node,
    open_node,
    outlet,
    pdu_site,
    plant,
    running_pdus,
)

__all__ = ["open_node", "plant"]

ON, OFF, UNKNOWN = PowerState.ON, PowerState.OFF, PowerState.UNKNOWN


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[Lab]:
    with running_pdus(tmp_path_factory.mktemp("pdus"), [PDU, METER]) as lab:
        yield lab


@pytest.fixture
def pdu(lab: Lab, plant: Plant) -> Snmpsim:
    return lab.pdus[0]


async def senses(backend: Backend) -> list[PowerReading]:
    return [await sense.read() for sense in backend.senses]


async def until(backend: Backend, state: PowerState) -> None:
    async with asyncio.timeout(30):
        while {reading.state for reading in await senses(backend)} != {state}:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


class TestContract(BackendContract):
    @pytest.fixture(params=["apc", *(pytest.param(each, marks=pytest.mark.slow) for each in ("raritan", "eaton"))])
    def open_backend(self, open_node: Open, pdu: Snmpsim, request: pytest.FixtureRequest) -> OpenBackend:
        options = node(pdu, model=request.param)
        senses = [f"pdu:{PDU}/1", f"pdu:{METER}/1:watts>30"]
        return lambda: open_node({**options, "sense": senses})


@pytest.mark.parametrize("model", MODELS)
async def test_each_order_reaches_the_outlet_and_its_state_is_read(model, open_node, pdu, plant):
    sense = [f"pdu:{PDU}/2", {"adapter": "pdu", "host": METER, "outlet": 1, "model": "apc", "watts": 30}]
    backend = await open_node({"power": outlet(pdu, model=model, outlet=2), "sense": sense})
    for action, told, state in ((PowerAction.ON, "on", ON), (PowerAction.FORCE_OFF, "off", OFF)):
        await backend.switch.apply(action)
        assert plant.orders().pop() == f"2 {told}"
        assert (await backend.senses[0].read()).state is state
    await backend.switch.apply(PowerAction.POWER_CYCLE)
    assert plant.orders() == ["2 on", "2 off", "2 reboot"]


async def test_an_outlet_is_also_a_supply(open_node, pdu, plant):
    backend = await open_node({**node(pdu, outlet=2), "supply": outlet(pdu), "escalate": ["outlet"], "settle": "1s"})
    await backend.switch.apply(PowerAction.ON)
    assert plant.orders() == ["1 on"]
    await backend.switch.apply(PowerAction.ON)
    assert plant.orders() == ["1 on", "2 on"]
    await backend.switch.apply(PowerAction.FORCE_OFF)
    assert plant.orders() == ["1 on", "2 on", "2 off", "1 off"]
    await until(backend, OFF)


async def test_a_meter_is_in_another_domain_than_the_outlets(open_node, pdu):
    backend = await open_node({**node(pdu), "sense": [f"pdu:{PDU}/1", f"pdu:{PDU}/1:watts>30"]})
    assert backend.senses[0].domain == backend.switch.domain == f"PDU {PDU}:{pdu.port}"
    assert backend.senses[1].domain == f"PDU {PDU}:{pdu.port} meter"


async def test_what_an_ordinary_snmp_client_sees_is_what_we_see(open_node, pdu, plant):
    backend = await open_node(node(pdu))
    await backend.switch.apply(PowerAction.ON)
    oid = MODELS["apc"].status.format(1)
    command = ["snmpget", "-v2c", "-c", COMMUNITY, "-Oqv", f"{PDU}:{pdu.port}", oid]
    said = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=True, env=environment())
    assert int(said.stdout) == 2


async def test_a_stuck_relay_is_never_believed(open_node, pdu, plant):
    plant.write("stuck")
    second = outlet(pdu, outlet=7)
    backend = await open_node({**node(pdu), "power": [outlet(pdu), second], "settle": "1s"})
    with pytest.raises(OutcomeUnknown, match=r"notWritable .*; tried before: power\[0\]: no effect within 1 s"):
        await backend.switch.apply(PowerAction.ON)
    assert plant.orders() == ["1 on"]
    assert [reading.state for reading in await senses(backend)] == [OFF]


async def test_a_stuck_relay_is_cycled_once(open_node, pdu, plant):
    plant.write("feed.1", "on")
    plant.write("stuck")
    backend = await open_node(node(pdu))
    await backend.switch.apply(PowerAction.POWER_CYCLE)
    await asyncio.sleep(1)
    assert plant.orders() == ["1 reboot"]
    await until(backend, ON)


async def test_a_cycle_whose_acknowledgement_is_lost_is_not_repeated(open_node, pdu, plant):
    plant.write("feed.1", "on")
    async with lossy((PDU, pdu.port)) as (relay, port):
        sense = [{"adapter": "pdu", "host": METER, "port": pdu.port, "outlet": 1, "watts": 30}]
        backend = await open_node({"power": outlet(pdu, port=port), "sense": sense})
        relay.deaf = True
        with pytest.raises(OutcomeUnknown, match="not acknowledged"):
            await backend.switch.apply(PowerAction.POWER_CYCLE)
        await asyncio.sleep(1)
        assert relay.writes == 1
    assert plant.orders() == ["1 reboot"]
    await until(backend, ON)


async def test_an_off_whose_acknowledgement_is_lost_is_repeated_and_then_looked_at(open_node, pdu, plant):
    plant.write("feed.1", "on")
    async with lossy((PDU, pdu.port)) as (relay, port):
        sense = [{"adapter": "pdu", "host": METER, "port": pdu.port, "outlet": 1, "watts": 30}]
        backend = await open_node({"power": outlet(pdu, port=port), "sense": sense})
        relay.deaf = True
        with pytest.raises(OutcomeUnknown, match="not acknowledged"):
            await backend.switch.apply(PowerAction.FORCE_OFF)
        await until(backend, OFF)
    assert plant.orders() == ["1 off", "1 off"]


async def test_a_slow_pdu_cycles_once(open_node, pdu, plant):
    plant.write("feed.1", "on")
    plant.write("slow", "1.6")
    backend = await open_node(node(pdu, timeout="0.5s"))
    with pytest.raises(OutcomeUnknown):
        await backend.switch.apply(PowerAction.POWER_CYCLE)
    await asyncio.sleep(2.5)
    assert plant.orders() == ["1 reboot"]
    await until(backend, ON)


async def test_a_slow_pdu_may_be_given_time(open_node, pdu, plant):
    plant.write("slow", "1.2")
    backend = await open_node(node(pdu, timeout="4s"))
    began = time.monotonic()
    await backend.switch.apply(PowerAction.ON)
    assert time.monotonic() - began > 1
    assert plant.orders() == ["1 on"]


async def test_a_pdu_that_is_gone_is_unknown_and_comes_back_by_itself(open_node, pdu, plant):
    options = {**node(pdu), "sense": [f"pdu:{METER}/1:watts>30", f"pdu:{PDU}/1"]}
    backend = await open_node(options)
    await backend.switch.apply(PowerAction.ON)
    pdu.stop()
    try:
        metered, told = await senses(backend)
        assert (metered.state, told.state) == (ON, UNKNOWN)
        assert told.reason == f"PDU {PDU}:{pdu.port} does not answer: No SNMP response received before timeout"
        with pytest.raises(Unreachable, match="does not answer"):
            await backend.switch.apply(PowerAction.FORCE_OFF)
    finally:
        pdu.start()
    await until(backend, ON)
    await backend.switch.apply(PowerAction.FORCE_OFF)
    await until(backend, OFF)
    assert plant.orders() == ["1 on", "1 off"]


NOTHING_DONE: list[tuple[dict[str, object], type[BmcError], str]] = [
    ({"credential": "wrong"}, Unreachable, "does not answer"),
    ({"outlet": 5}, Refused, r"has no number at 1\.3\.6\.1\.4\.1\.318\.1\.1\.26\.9\.2\.3\.1\.5\.5; is it of another"),
    (
        {"outlet": 6},
        Refused,
        r"has nothing to be written at 1\.3\.6\.1\.4\.1\.318\.1\.1\.26\.9\.2\.4\.1\.5\.6; may this",
    ),
    ({"outlet": 7}, Refused, "notWritable to the command; may this user write"),
    ({"host": "no-such-host.invalid"}, Unreachable, "PDU no-such-host.invalid"),
]


@pytest.mark.parametrize(("wrong", "error", "text"), NOTHING_DONE)
async def test_where_nothing_was_done_it_says_so(wrong, error, text, open_node, pdu, plant):
    backend = await open_node({**node(pdu), "power": outlet(pdu, **wrong), "sense": [sense_of(pdu)]})
    with pytest.raises(error, match=text) as raised:
        await backend.switch.apply(PowerAction.ON)
    assert plant.orders() == []
    assert not any(secret in str(raised.value) for secret in ("guess", COMMUNITY, "words"))


def sense_of(pdu: Snmpsim) -> dict[str, object]:
    given = {"host": METER, "port": pdu.port, "outlet": 1, "watts": 30, "credential": "lab", "version": "2c"}
    return {"adapter": "pdu", **given}


async def test_a_state_that_is_neither_on_nor_off_is_unknown_with_the_number(open_node, pdu):
    backend = await open_node({**node(pdu), "sense": [f"pdu:{PDU}/8", sense_of(pdu)]})
    reading = await backend.senses[0].read()
    assert (reading.state, reading.reason) == (
        UNKNOWN,
        f"PDU {PDU}:{pdu.port} says 5 of outlet 8, which is neither on nor off",
    )


VERSION_3 = {
    "version": "3",
    "credential": "v3",
    "auth": "sha256",
    "privacy": "aes",
    "privacy_credential": "v3-privacy",
}


@pytest.fixture
def snmpd(tmp_path: Path, plant: Plant) -> Iterator[Snmpd]:
    directory = tmp_path / "snmpd"
    directory.mkdir()
    snmpd = Snmpd(directory, plant)
    snmpd.start()
    yield snmpd
    snmpd.stop()


def version_3(snmpd: Snmpd, pdu: Snmpsim, **more: object) -> dict[str, object]:
    power = outlet(pdu, **{**VERSION_3, "port": snmpd.port, **more})
    return {"power": power, "sense": [f"pdu:{PDU}/1", sense_of(pdu)]}


async def test_version_3_is_spoken_encrypted_and_survives_a_restart_of_the_pdu(
    open_node, snmpd, pdu, plant, monkeypatch
):
    monkeypatch.setattr(robots.snmp, "KNOWN_FOR", 0.5)
    backend = await open_node(version_3(snmpd, pdu))
    await backend.switch.apply(PowerAction.ON)
    await until(backend, ON)
    for _ in range(2):
        snmpd.stop()
        assert (await backend.senses[0].read()).state is UNKNOWN
        snmpd.start()
        await until(backend, ON)
    await backend.switch.apply(PowerAction.FORCE_OFF)
    await until(backend, OFF)
    assert plant.orders() == ["1 on", "1 off"]


UNKNOWN_USERS: list[dict[str, object]] = [
    {"credential": "v3-wrong"},
    {"credential": "v3-nobody"},
    {"privacy_credential": "v3-wrong"},
    {"auth": "md5"},
    {"privacy": "none"},
    {"privacy": "des"},
]


@pytest.mark.parametrize("wrong", UNKNOWN_USERS)
async def test_a_user_whom_the_pdu_does_not_know_does_nothing(wrong, open_node, snmpd, pdu, plant):
    backend = await open_node(version_3(snmpd, pdu, **wrong))
    with pytest.raises((Unreachable, Refused)) as raised:
        await backend.switch.apply(PowerAction.ON)
    assert "words" not in str(raised.value)
    reading = await backend.senses[0].read()
    assert reading.state is UNKNOWN
    assert reading.reason
    assert plant.orders() == []


async def test_nodes_on_one_pdu_share_its_connection(open_node, pdu, plant, tmp_path):
    site = pdu_site(tmp_path)
    options = node(pdu)
    async with opened(options, site, "n1") as first:
        async with opened({**options, "power": outlet(pdu, outlet=2)}, site, "n2") as second:
            await asyncio.gather(first.switch.apply(PowerAction.ON), second.switch.apply(PowerAction.ON))
            assert len(site.devices._open) == 2
        await first.switch.apply(PowerAction.FORCE_OFF)
    assert site.devices._open == {}
    assert sorted(plant.orders()) == ["1 off", "1 on", "2 on"]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"power": {"adapter": "pdu", "host": "p1"}}, r"options\.power\.outlet: Field required"),
    ({"power": {"adapter": "pdu", "host": "p 1", "outlet": 1}}, r"options\.power\.host"),
    ({"power": {"adapter": "pdu", "host": "p1", "outlet": 0}}, r"options\.power\.outlet"),
    ({"power": {"adapter": "pdu", "host": "p1", "outlet": 1, "model": "acme"}}, r"options\.power\.model: .*'apc'"),
    ({"power": {"adapter": "pdu", "host": "p1", "outlet": 1, "timeout": "long"}}, r"options\.power\.timeout"),
    ({"power": {"adapter": "pdu", "host": "p1", "outlet": 1, "community": "x"}}, "community: there is no such option$"),
    (
        {"power": {"adapter": "pdu", "host": "p1", "outlet": 1, "version": "3"}},
        r"options\.power\.credential: expected a credential: SNMP version 3 knows users",
    ),
    ({"power": {"adapter": "pdu", "host": "p1", "outlet": 1, "credential": "x"}}, "credential 'x' is not in the conf"),
    ({"sense": ["pdu:p1"]}, r"options\.sense\[0\]: expected pdu:HOST/OUTLET or pdu:HOST/OUTLET:watts>NUMBER"),
    ({"sense": ["pdu:p1/3:amperes>1"]}, r"options\.sense\[0\]: expected pdu:HOST/OUTLET"),
    (
        {"sense": [{"adapter": "pdu", "host": "p1", "outlet": 3, "model": "apc-rpdu", "watts": 30}]},
        r"options\.sense\[0\]\.watts: apc-rpdu does not meter its outlets; expected a model out of apc, raritan, eaton",
    ),
]
GOOD = {
    "power": {"adapter": "pdu", "host": "p1", "outlet": 3, "credential": "lab"},
    "sense": ["pdu:p1/3:watts>30"],
}


@pytest.mark.parametrize(("wrong", "complaint"), WRONG)
def test_wrong_options_are_named(wrong, complaint, tmp_path):
    definition = NodeDefinition("n1", UUID(int=1), "hardware", {**GOOD, **wrong})
    with pytest.raises(InvalidRequest, match=complaint):
        driver.complete(definition, pdu_site(tmp_path))


MISPLACED: list[tuple[dict[str, Any], str]] = [
    ({"sense": ["pdu:p1/3"]}, r"options\.power: no sense outside of PDU p1 could tell that the node is off"),
    ({"power": {**GOOD["power"], "watts": 30}}, r"options\.power: pdu has no power switch"),  # type: ignore[dict-item]
    ({"boot": {**GOOD["power"]}}, r"options\.boot: pdu has no boot"),  # type: ignore[dict-item]
]


@pytest.mark.parametrize(("wrong", "complaint"), MISPLACED)
async def test_what_cannot_stand_in_its_place_is_named(wrong, complaint, open_node):
    with pytest.raises(InvalidRequest, match=complaint):
        await open_node({**GOOD, **wrong})
