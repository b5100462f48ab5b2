"""Plugs that fence agents switch: fence_apc_snmp on a simulated AP79xx; another PDU meters the same feed."""

import asyncio
import os
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

import pytest

from bmc.model.errors import BackendFailed, InvalidRequest, OutcomeUnknown, Unreachable
from bmc.model.node import NodeDefinition
from bmc.model.power import PowerAction, PowerState
from robots.contract import BackendContract, OpenBackend
from robots.fence import TAKEN
from robots.hardware import driver
from tests.ports import free_port
from tests.robots.pdu_lab import (
    COMMUNITY,
    METER,
    PDU,
    Lab,
    Open,
    Plant,
    Snmpsim,
    open_node,
    pdu_site,
    plant,
    running_pdus,
)

__all__ = ["open_node", "plant"]

ON, OFF, UNKNOWN = PowerState.ON, PowerState.OFF, PowerState.UNKNOWN
AGENTS = Path("/usr/sbin")

pytestmark = pytest.mark.skipif(
    not (AGENTS / "fence_apc_snmp").exists(), reason="Debian package fence-agents is not installed"
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[Lab]:
    with running_pdus(tmp_path_factory.mktemp("pdus"), [PDU, METER]) as lab:
        yield lab


@pytest.fixture
def pdu(lab: Lab, plant: Plant) -> Snmpsim:
    return lab.pdus[0]


def plug(pdu: Snmpsim, own: Mapping[str, object] | None = None, **more: object) -> dict[str, object]:
    options = {"ipport": pdu.port, "snmp_version": "2c", **(own or {})}
    given = {"agent": "fence_apc_snmp", "host": PDU, "plug": "1", "community_credential": "lab", "options": options}
    return {"adapter": "fence", **given, **more}


def meter(pdu: Snmpsim) -> dict[str, object]:
    return {
        "adapter": "pdu",
        "host": METER,
        "port": pdu.port,
        "outlet": 1,
        "credential": "lab",
        "model": "apc",
        "watts": 30,
    }


def agents() -> dict[int, bytes]:
    """Those that this process runs now, with their command lines."""
    return {pid: line for pid, line, parent, _ in processes() if parent == os.getpid() and b"/fence_" in line}


def processes() -> Iterator[tuple[int, bytes, int, int]]:
    """Number, command line, parent and session of each that runs."""
    for each in Path("/proc").glob("[0-9]*"):
        try:
            line, stat = (each / "cmdline").read_bytes(), (each / "stat").read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        if stat[0] != "Z":
            yield int(each.name), line, int(stat[1]), int(stat[3])


async def watched(moving: asyncio.Future[None]) -> dict[int, bytes]:
    """The agents that ran until it was done."""
    seen: dict[int, bytes] = {}
    while not moving.done():
        seen |= agents()
        await asyncio.sleep(0.02)
    return seen


async def none_runs(of: Iterable[int]) -> None:
    """Neither the agent nor what it has started; what was killed takes a moment to be gone."""
    async with asyncio.timeout(30):
        while any(session in of for *_, session in processes()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def forget_what_waits(pdu: Snmpsim) -> None:
    """snmpset repeats what is not acknowledged, so a slow PDU has more to do than it was told."""
    pdu.stop()
    pdu.start()


class TestContract(BackendContract):
    @pytest.fixture
    def open_backend(self, open_node: Open, pdu: Snmpsim) -> OpenBackend:
        return lambda: open_node({"power": plug(pdu, poll=1), "sense": ["fence:1", meter(pdu)]})


async def test_each_order_reaches_the_plug(open_node, pdu, plant):
    backend = await open_node({"power": plug(pdu), "sense": ["fence:1", meter(pdu)]})
    assert backend.senses[0].domain == backend.switch.domain == f"PDU {PDU}"
    await backend.switch.apply(PowerAction.ON)
    assert (await backend.senses[0].read()).state is ON
    await backend.switch.apply(PowerAction.POWER_CYCLE)
    await backend.switch.apply(PowerAction.FORCE_OFF)
    assert (await backend.senses[0].read()).state is OFF
    assert plant.orders() == ["1 on", "1 off", "1 on", "1 off"]


async def test_it_sees_what_our_own_client_of_an_ap79xx_sees(open_node, pdu, plant):
    ours = {"adapter": "pdu", "host": PDU, "port": pdu.port, "outlet": 1, "model": "apc-rpdu", "credential": "lab"}
    backend = await open_node({"power": ours, "sense": [{**plug(pdu)}, meter(pdu)]})
    for action, state in ((PowerAction.ON, ON), (PowerAction.FORCE_OFF, OFF)):
        await backend.switch.apply(action)
        assert (await backend.senses[0].read()).state is state


async def test_no_secret_stands_in_the_command_line_of_the_agent(open_node, pdu, plant):
    plant.write("slow", "1")
    backend = await open_node({"power": plug(pdu), "sense": [meter(pdu)]})
    moving = asyncio.ensure_future(backend.switch.apply(PowerAction.ON))
    seen = await watched(moving)
    await moving
    assert seen
    assert not any(COMMUNITY.encode() in line for line in seen.values())


async def test_an_agent_that_is_too_slow_is_ended_with_all_that_it_started(open_node, pdu, plant):
    plant.write("slow", "8")
    plant.write("feed.1", "on")
    backend = await open_node({"power": plug(pdu, timeout="5s"), "sense": [meter(pdu)]})
    moving = asyncio.ensure_future(backend.switch.apply(PowerAction.POWER_CYCLE))
    seen = await watched(moving)
    with pytest.raises(OutcomeUnknown, match=r"fence_apc_snmp did not reboot PDU 127\.0\.0\.1 within 5 s"):
        await moving
    assert seen
    await none_runs(seen)
    async with asyncio.timeout(30):
        while not plant.orders():  # noqa: ASYNC110 - what it had sent before its end
            await asyncio.sleep(0.1)
    assert plant.orders() == ["1 off"]
    forget_what_waits(pdu)


async def test_an_emergency_stop_ends_the_agent(open_node, pdu, plant):
    plant.write("slow", "3")
    backend = await open_node({"power": plug(pdu), "sense": [meter(pdu)]})
    moving = asyncio.ensure_future(backend.switch.apply(PowerAction.ON))
    while not (running := agents()):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    moving.cancel()
    began = time.monotonic()
    await asyncio.gather(moving, return_exceptions=True)
    assert time.monotonic() - began < 2
    await none_runs(running)
    forget_what_waits(pdu)


async def test_a_stuck_relay_is_never_believed(open_node, pdu, plant):
    plant.write("stuck")
    own = {"power_timeout": 1}
    backend = await open_node({"power": plug(pdu, own), "sense": ["fence:1", meter(pdu)]})
    with pytest.raises(BackendFailed, match=r"PDU 127\.0\.0\.1: Failed: Timed out waiting to power ON"):
        await backend.switch.apply(PowerAction.ON)
    assert [(await sense.read()).state for sense in backend.senses] == [OFF, OFF]
    assert set(plant.orders()) == {"1 on"}


async def test_a_pdu_that_is_gone_is_unknown_and_comes_back_by_itself(open_node, pdu, plant):
    backend = await open_node({"power": plug(pdu, timeout="3s"), "sense": ["fence:1", meter(pdu)]})
    pdu.stop()
    try:
        reading = await backend.senses[0].read()
        assert reading.state is UNKNOWN
        assert reading.reason == f"fence_apc_snmp did not status PDU {PDU} within 3 s"
    finally:
        pdu.start()
    assert (await backend.senses[0].read()).state is OFF


async def test_a_community_that_the_pdu_does_not_know_is_unknown(open_node, pdu, plant):
    backend = await open_node({"power": plug(pdu, community_credential="wrong"), "sense": ["fence:1", meter(pdu)]})
    reading = await backend.senses[0].read()
    assert reading.state is UNKNOWN
    assert "guess" not in reading.reason
    assert "Timeout: No Response" in reading.reason


async def test_an_interpreter_that_cannot_run_the_agent_is_not_off(open_node, pdu, tmp_path, monkeypatch):
    (tmp_path / "fence_gone").write_text("#!/usr/bin/python3 /no/such/program\n")
    (tmp_path / "fence_gone").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert (await asyncio.to_thread(subprocess.run, ["fence_gone"], check=False, capture_output=True)).returncode == 2
    backend = await open_node({"power": plug(pdu, agent="fence_gone"), "sense": ["fence:1", meter(pdu)]})
    reading = await backend.senses[0].read()
    assert reading.state is UNKNOWN
    assert "No such file or directory" in reading.reason


async def test_an_agent_that_fails_is_quoted(open_node, pdu):
    dummy = {"adapter": "fence", "agent": "fence_dummy", "options": {"type": "fail", "power_timeout": 1}}
    backend = await open_node({"power": dummy, "sense": [meter(pdu)]})
    with pytest.raises(BackendFailed, match="fence_dummy: Failed: Timed out waiting to power OFF"):
        await backend.switch.apply(PowerAction.FORCE_OFF)


async def test_an_agent_that_is_not_there_is_told_with_the_remedy(open_node, pdu):
    with pytest.raises(BackendFailed, match="there is no fence_nobody on this machine; install the package fence-agen"):
        await open_node({"power": plug(pdu, agent="fence_nobody"), "sense": [meter(pdu)]})


@pytest.mark.slow
def test_no_option_of_an_installed_agent_that_a_node_may_set_names_a_program_or_a_file():
    names = set()
    for agent in sorted(AGENTS.glob("fence_*")):
        told = subprocess.run([agent], input=b"action=metadata\n", capture_output=True, timeout=60, check=False).stdout
        try:
            names |= {str(each.get("name")) for each in ElementTree.fromstring(told).iter("parameter")}
        except ElementTree.ParseError:
            continue
    harmful = ("path", "script", "file", "options", "cert", "key", "passw", "debug", "log", "exec", "token", "sudo")
    assert {"ssh_options", "ssh_path", "password_script", "debug_file", "identity_file"} <= names - TAKEN
    assert [name for name in TAKEN if any(part in name for part in harmful) and not name.startswith("login")] == []
    assert [name for name in TAKEN - names if name not in ("power_wait",)] == []


PLUG = {"adapter": "fence", "agent": "fence_apc_snmp", "host": "p1", "plug": "3"}
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"power": {"adapter": "fence", "plug": "1"}}, r"options\.power\.agent: Field required"),
    ({"power": {**PLUG, "agent": "/bin/sh"}}, r"options\.power\.agent"),
    ({"power": {**PLUG, "agent": "fence_../sh"}}, r"options\.power\.agent"),
    ({"power": {**PLUG, "plug": "1\naction=metadata"}}, r"options\.power\.plug"),
    ({"power": {**PLUG, "host": "p1\nplug=2"}}, r"options\.power\.host"),
    ({"power": {**PLUG, "password": "x"}}, r"options\.power\.password: there is no such option$"),
    (
        {"power": {**PLUG, "options": {"ssh_options": "-o ProxyCommand=x"}}},
        r"options\.power\.options: ssh_options is no",
    ),
    ({"power": {**PLUG, "options": {"snmpget_path": "/bin/x"}}}, r"options\.power\.options: snmpget_path is no option"),
    ({"power": {**PLUG, "options": {"password": "x"}}}, r"options\.power\.options: password is no option"),
    ({"power": {**PLUG, "options": {"action": "off"}}}, r"options\.power\.options: action is no option"),
    ({"power": {**PLUG, "options": {"switch": "1\nplug=2"}}}, r"options\.power\.options: switch: expected printable"),
    ({"power": {**PLUG, "credential": "x"}}, "credential 'x' is not in the configuration file"),
    ({"sense": ["fence:"]}, r"options\.sense\[0\]: expected fence:PLUG"),
]


@pytest.mark.parametrize(("wrong", "complaint"), WRONG)
def test_wrong_options_are_named(wrong, complaint, tmp_path):
    given = {"power": PLUG, "sense": ["pdu:p2/3:watts>30"], **wrong}
    with pytest.raises(InvalidRequest, match=complaint):
        driver.complete(NodeDefinition("n1", UUID(int=1), "hardware", given), pdu_site(tmp_path))


async def test_plugs_of_one_device_are_asked_one_after_the_other(open_node, pdu, plant):
    plant.write("slow", "0.5")
    first = await open_node({"power": plug(pdu), "sense": [meter(pdu)]})
    second = await open_node({"power": plug(pdu, plug="2"), "sense": [meter(pdu)]})
    moving = asyncio.gather(first.switch.apply(PowerAction.ON), second.switch.apply(PowerAction.ON))
    most = 0
    while not moving.done():
        most = max(most, len(agents()))
        await asyncio.sleep(0.02)
    await moving
    assert most == 1
    assert set(plant.orders()) == {"1 on", "2 on"}  # snmpset repeats what is not acknowledged soon


async def test_a_login_that_fails_did_nothing(open_node, pdu):
    ssh = plug(pdu, agent="fence_apc", community_credential=None, credential="lab")
    ssh["options"] = {"ssh": True, "login_timeout": 1, "ipport": free_port(PDU)}
    backend = await open_node({"power": ssh, "sense": [meter(pdu)]})
    with pytest.raises(Unreachable, match=r"PDU 127\.0\.0\.1: Unable to connect/login to fencing device"):
        await backend.switch.apply(PowerAction.ON)
