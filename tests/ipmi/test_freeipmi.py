"""FreeIPMI's programs and pyghmi's client."""

import random

import pytest

from bmc.ipmi.server import IpmiServer
from bmc.model.clock import SystemClock
from bmc.model.errors import BackendFailed
from bmc.model.node import Endpoint
from bmc.model.power import PowerAction
from tests.ipmi.conftest import Rack, run
from tests.ipmi.fakes import NODE_ID, FakeNode, FakeSlots, MemoryBuckets


@pytest.mark.parametrize("suite", ["3", "17"])
async def test_bmc_info(rack: Rack, suite: str) -> None:
    code, printed = await rack.freeipmi("bmc-info", "-I", suite)
    assert code == 0
    assert "IPMI Version          : 2.0" in printed
    assert f"System GUID : {NODE_ID}" in printed
    # Debian's bmc-info prints memory that it never filled in after the channels there are, whatever the BMC says.
    assert "Channel Number       : 1\nMedium Type          : 802.3 LAN\n" in printed


async def test_ipmipower_does_each_verb(rack: Rack) -> None:
    for verbs, shown in (
        (("--stat",), "off"),
        (("--on", "--wait-until-on"), "ok"),
        (("--cycle",), "ok"),
        (("--reset",), "ok"),
        (("--pulse",), "ok"),
        (("--off", "--wait-until-off"), "ok"),
        (("--on",), "ok"),
        (("--soft",), "ok"),
    ):
        code, printed = await rack.freeipmi("ipmipower", *verbs)
        assert (code, printed) == (0, f"127.0.0.1: {shown}\n"), verbs
    assert set(rack.node.actions) == {
        PowerAction.ON,
        PowerAction.POWER_CYCLE,
        PowerAction.FORCE_RESTART,
        PowerAction.NMI,
        PowerAction.FORCE_OFF,
        PowerAction.GRACEFUL_SHUTDOWN,
    }


async def test_ipmipower_tells_why_it_may_not_come_in(rack: Rack) -> None:
    assert "password invalid" in (await rack.freeipmi("ipmipower", "--stat", key="wrong"))[1]
    assert "username invalid" in (await rack.freeipmi("ipmipower", "--stat", user="nobody"))[1]
    assert (
        "privilege level cannot be obtained"
        in (await rack.freeipmi("ipmipower", "--stat", "-l", "ADMIN", user="guest"))[1]
    )
    assert "cipher suite" in (await rack.freeipmi("ipmipower", "--stat", "-I", "0"))[1]


async def test_ipmipower_of_ipmi_1_5_is_told_that_it_cannot_log_in(rack: Rack) -> None:
    where = f"{rack.endpoint.host}:{rack.port}"
    _, printed = await run("ipmipower", "-h", where, "-u", "admin", "-p", "short", "-D", "LAN", "--stat", timeout=5)
    assert "authentication type unavailable" in printed


async def test_ipmi_chassis(rack: Rack) -> None:
    code, printed = await rack.freeipmi("ipmi-chassis", "--get-chassis-status")
    assert code == 0
    assert "System Power                        : off" in printed


async def test_rmcpping_and_ipmi_ping_are_answered() -> None:
    """Both know port 623 only."""
    host = f"127.{random.randrange(1, 255)}.{random.randrange(255)}.{random.randrange(1, 255)}"
    async with IpmiServer(FakeSlots(), MemoryBuckets(), SystemClock()) as server:
        try:
            await server.add(FakeNode(endpoint=Endpoint(host, 623)))
        except BackendFailed as error:
            pytest.skip(str(error))
        for program in ("rmcpping", "ipmi-ping"):
            code, printed = await run(program, "-c", "2", "-i", "1", host)
            assert code == 0, printed
            assert "0.0% packet loss" in printed, printed


PYGHMI = """
import sys
from pyghmi.ipmi import command
port, key = int(sys.argv[1]), sys.argv[2]
bmc = command.Command("127.0.0.1", b"admin", key.encode(), port=port)
print(bmc.get_power())
print(bmc.set_power("on", wait=5))
print(bmc.set_bootdev("network", persist=True, uefiboot=True))
print(bmc.get_bootdev())
print(bmc.raw_command(netfn=6, command=1)["code"])
bmc.ipmi_session.logout()
"""


async def test_pyghmi_powers_and_boots(rack: Rack) -> None:
    code, printed = await rack.python(PYGHMI)
    assert code == 0, printed
    lines = printed.splitlines()
    assert lines[0] == "{'powerstate': 'off'}"
    assert "'powerstate': 'on'" in lines[1]
    assert "'bootdev': 'network'" in lines[3]
    assert "'persistent': True" in lines[3]
    assert "'uefimode': True" in lines[3]
    assert lines[4] == "0"
