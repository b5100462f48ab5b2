"""PEF as ipmitool and FreeIPMI configure it, and the traps that a listener on a real port gets."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from bmc.ipmi.server import IpmiServer
from bmc.ipmi.settings import DoorSettings
from bmc.model.clock import SystemClock
from bmc.model.commands import AddSelEntry, Power, Release, Reserve, TellPlatformEvent
from bmc.model.power import PowerAction, PowerState
from bmc.model.sel import SystemEvent
from tests.ipmi.conftest import Live, run
from tests.world import ADMIN, until


@dataclass
class Receiver(Live):
    """A node whose alerts may go to loopback, and who gets them there."""

    traps: socket.socket

    async def trap(self) -> bytes:
        loop = asyncio.get_running_loop()
        return await asyncio.wait_for(loop.sock_recv(self.traps, 2048), 5)

    async def raw(self, *words: str) -> str:
        code, text = await self.ipmitool("raw", *" ".join(words).split())
        assert code == 0, text
        return " ".join(text.split())


@pytest.fixture
async def pef(live: Live) -> AsyncIterator[Receiver]:
    await live.server.remove("n1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as traps:
        traps.setblocking(False)
        traps.bind(("127.0.0.1", 0))
        settings = DoorSettings(trap_port=traps.getsockname()[1], allowed=[ip_network("127.0.0.1/32")])
        async with IpmiServer(live.slots, live.world.store, SystemClock(), settings) as server:
            endpoint = await server.add(live.real)
            yield Receiver(
                server, live.node, live.slots, endpoint, live.key_file, live.real, live.machine, live.world, traps
            )


POLICY = "0x04 0x12 0x09 1 0x18 0x11 0"
CONTROL, ACTIONS = "0x04 0x12 0x01", "0x04 0x12 0x02"
TEMPERATURE = "0xff 0xff 0x01 0xff 0xff 0xff 0xff 0 0 0 0 0 0 0 0 0"
ANYTHING = "0xff 0xff 0xff 0xff 0xff 0xff 0xff 0 0 0 0 0 0 0 0 0"


async def alert_on(pef: Receiver, events: str, actions: str = "0x01", control: str = "0x01") -> None:
    """Filter 1 and policy 1 send what passes to destination 1."""
    await pef.ipmitool("lan", "alert", "set", "1", "1", "ipaddr", "127.0.0.1")
    await pef.raw(POLICY)
    await pef.raw(f"0x04 0x12 0x06 1 0x80 {actions} 1 0x10 {events}")
    await pef.raw(f"{ACTIONS} {actions}")
    await pef.raw(f"{CONTROL} {control}")


def variable(datagram: bytes) -> list[str]:
    """The 47 bytes that a trap's one variable holds."""
    return [f"{byte:02x}" for byte in datagram[-47:]]


def specific(datagram: bytes) -> int:
    found = re.search(rb"\x02\x01\x06\x02\x03(...)\x43", datagram, re.DOTALL)
    assert found
    return int.from_bytes(found[1], "big")


async def test_freeipmi_checks_out_commits_and_compares_pef(pef: Receiver, tmp_path: Path):
    file = tmp_path / "pef.conf"
    line = ("--category=pef", f"--filename={file}")
    assert await pef.freeipmi("ipmi-config", *line, "--checkout") == (0, "")
    text = file.read_text()
    assert "Unable" not in text
    assert (text.count("Section Event_Filter_"), text.count("Section Alert_Policy_")) == (16, 16)
    assert await pef.freeipmi("ipmi-config", *line, "--diff") == (0, "")
    text = re.sub(r"(Enable_PEF  .*)No", r"\1Yes", text)
    text = re.sub(r"(Enable_Alert_Action .*)No", r"\1Yes", text)
    text = re.sub(r"(Community_String  .*)public", r"\1secret", text)
    text = re.sub(r"(?s)(Section Lan_Alert_Destination_3.*?Alert_IP_Address +)0.0.0.0", r"\g<1>10.0.0.9", text)
    text = re.sub(r"(?s)(Section Event_Filter_16.*?Sensor_Type +)Reserved", r"\1Temperature", text)
    file.write_text(text)
    assert await pef.freeipmi("ipmi-config", *line, "--commit") == (0, "")
    assert await pef.freeipmi("ipmi-config", *line, "--diff") == (0, "")
    code, shown = await pef.ipmitool("lan", "print", "1")
    assert "SNMP Community String   : secret" in shown
    code, shown = await pef.ipmitool("lan", "alert", "print", "1", "3")
    assert "Alert IP Address        : 10.0.0.9" in shown
    code, shown = await pef.freeipmi("ipmi-pef-config", "--info")
    assert code == 0
    assert re.search(r"OEM action +: unsupported", shown)
    assert re.search(r"Number of Event Filters +: 16", shown)


async def test_ipmitool_shows_and_sets_what_alerts_need(pef: Receiver):
    for words in (("ipaddr", "127.0.0.1"), ("ack", "on"), ("retry", "2"), ("time", "1")):
        code, text = await pef.ipmitool("lan", "alert", "set", "1", "1", *words)
        assert code == 0, text
    code, text = await pef.ipmitool("lan", "alert", "print", "1", "1")
    told = dict(re.split(r" +: ", line, maxsplit=1) for line in text.splitlines() if " : " in line)
    assert (told["Alert IP Address"], told["Alert Acknowledge"]) == ("127.0.0.1", "Acknowledged")
    assert (told["Number of Retries"], told["Acknowledge Timeout"]) == ("2", "1")
    code, text = await pef.ipmitool("pef", "info")
    assert (code, text.count("Alert,Power-off,Reset,Power-cycle,Diagnostic-interrupt")) == (0, 1)
    await alert_on(pef, TEMPERATURE)
    code, text = await pef.ipmitool("pef", "policy", "list")
    assert text.splitlines()[0].split(" | ")[1:] == (
        ["1", "enabled", "Match-always", "1", "802.3 LAN", "PET", "public", "1", "2", "127.0.0.1", "00:00:00:00:00:00"]
    )
    code, text = await pef.ipmitool("pef", "filter", "list")
    assert text.splitlines()[0].endswith("enabled, configurable | Temperature | Any | Critical | OEM | Any | Alert | 1")


async def test_an_event_that_passes_is_a_trap_that_freeipmi_reads(pef: Receiver, tmp_path: Path):
    await alert_on(pef, TEMPERATURE, control="0x03")
    assert (await pef.ipmitool("event", "2"))[0] == 0  # a voltage
    assert (await pef.ipmitool("event", "1"))[0] == 0
    trap = await pef.trap()
    assert (trap[2:14].hex(), specific(trap)) == ("02010004067075626c6963a4", 0x010109)
    quiet = ("--quiet-cache", f"--sdr-cache-directory={tmp_path}", "--no-header-output")
    code, text = await pef.freeipmi("ipmi-pet", *quiet, "-vv", str(specific(trap)), *variable(trap))
    assert code == 0, text
    assert [part.strip() for part in text.split(" | ")][2:] == [
        "Sensor #48",
        "Temperature",
        str(pef.real.snapshot.definition.uuid),
        "Reserved",
        "0",
        "Critical condition",
        "Assertion Event",
        "Upper Critical - going high",
    ]
    await until(lambda: len(pef.real.snapshot.sel.entries) == 3)
    code, text = await pef.ipmitool("sel", "list", "last", "1")
    assert "System Event | PEF Action | Asserted" in text
    code, text = await pef.ipmitool("pef", "status")
    assert (code, text.count("PEF,PEF event messages | Alert")) == (0, 1)


async def test_a_node_in_maintenance_alerts_nobody_also_later(pef: Receiver):
    await alert_on(pef, TEMPERATURE, control="0x03")
    await pef.raw("0x04 0x11 0xfe")  # postponed, so that what came during maintenance is looked at after it
    await pef.real.do(Reserve("new fans"), ADMIN)
    await pef.real.do(TellPlatformEvent(SystemEvent(0x01, 1, 0x01, b"\x07")), ADMIN)
    await pef.real.do(AddSelEntry(0x02, SystemEvent(0x01, 2, 0x01, b"\x07").pack()), ADMIN)
    await pef.real.do(Release(), ADMIN)
    await pef.real.do(TellPlatformEvent(SystemEvent(0x01, 3, 0x01, b"\x09")), ADMIN)
    await until(lambda: len(pef.real.snapshot.sel.entries) == 3)
    await pef.raw("0x04 0x11 0")
    assert variable(await pef.trap())[28] == "03"
    await until(lambda: len(pef.real.snapshot.sel.entries) == 4)  # the one record of an alert
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(pef.trap(), 1.2)


async def test_an_alert_is_sent_again_until_it_is_acknowledged(pef: Receiver):
    await pef.ipmitool("lan", "alert", "set", "1", "1", "ack", "on")
    await pef.ipmitool("lan", "alert", "set", "1", "1", "retry", "7")
    await pef.ipmitool("lan", "alert", "set", "1", "1", "ipaddr", "127.0.0.1")
    assert await pef.raw("0x04 0x16 1 1 0") == ""
    assert await pef.raw("0x04 0x16 1 0x41 0") == "ff"
    refused = (await pef.ipmitool("raw", "0x04", "0x16", "1", "1", "0"))[1]
    assert "rsp=0x81" in refused
    first, again = await pef.trap(), await pef.trap()
    assert variable(first) == variable(again)
    where = f"{pef.endpoint.host}:{pef.port}"
    code, text = await run("ipmi-pet", "-h", where, "--pet-acknowledge", str(specific(first)), *variable(first))
    assert code == 0, text
    assert await pef.raw("0x04 0x16 1 0x41 0") == "01"
    assert await pef.raw("0x04 0x16 1 0x81 0") == "00"


async def test_an_immediate_alert_carries_the_event_it_is_given(pef: Receiver):
    await pef.ipmitool("lan", "alert", "set", "1", "1", "ipaddr", "127.0.0.1")
    await pef.raw("0x04 0x16 1 1 0 0x20 4 1 0x30 0x81 0x59 0x50 0x4b")
    trap = await pef.trap()
    assert specific(trap) == 0x010189
    assert variable(trap)[31:34] == ["59", "50", "4b"]
    for words, code in [("1 2 0", "0xc9"), ("1 1 0x81", "0xc9"), ("3 1 0", "0xcc"), ("1 1", "0xc7")]:
        assert f"rsp={code}" in (await pef.ipmitool("raw", "0x04", "0x16", *words.split()))[1], words


async def test_alerts_go_to_no_address_that_fetches_may_not(pef: Receiver):
    for address in ("127.0.0.2", "169.254.169.254", "224.0.0.1"):
        octets = address.split(".")
        words = ("raw", "0x0c", "0x01", "1", "19", "2", "0", "0", *octets, "0", "0", "0", "0", "0", "0")
        code, text = await pef.ipmitool(*words)
        assert code != 0
        assert "rsp=0xc9" in text
    code, text = await pef.ipmitool("lan", "alert", "print", "1", "2")
    assert "Alert IP Address        : 0.0.0.0" in text


async def test_an_address_that_is_allowed_no_more_is_sent_nothing(pef: Receiver):
    await pef.ipmitool("lan", "alert", "set", "1", "1", "ipaddr", "127.0.0.1")
    await pef.server.remove("n1")
    settings = DoorSettings(trap_port=pef.traps.getsockname()[1])
    async with IpmiServer(pef.slots, pef.world.store, SystemClock(), settings) as server:
        strict = replace(pef, server=server, endpoint=await server.add(pef.real))
        await strict.raw("0x04 0x16 1 1 0")
        assert await strict.raw("0x04 0x16 1 0x41 0") == "02"
    with pytest.raises(BlockingIOError):
        pef.traps.recv(1)
    await pef.server.add(pef.real)


async def test_the_first_of_several_power_actions_is_done_once(pef: Receiver):
    await pef.real.do(Power(PowerAction.ON), ADMIN)
    await until(lambda: len(pef.real.snapshot.sel.entries) == 1)
    await alert_on(pef, ANYTHING, actions="0x06")
    await pef.real.do(TellPlatformEvent(SystemEvent(0x01, 1, 0x01, b"\x09")), ADMIN)
    await until(lambda: pef.real.snapshot.power is PowerState.OFF)
    await until(lambda: len(pef.real.snapshot.sel.entries) == 3)
    await asyncio.sleep(1.2)  # a look at what the action itself has brought about
    assert pef.machine.applied == [PowerAction.ON, PowerAction.FORCE_OFF]


async def test_postponed_events_are_for_software_first(pef: Receiver):
    await alert_on(pef, ANYTHING)
    assert await pef.raw("0x04 0x11 0xfe") == "fe"
    for _ in range(2):
        await pef.real.do(TellPlatformEvent(SystemEvent(0x01, 1, 0x01, b"\x09")), ADMIN)
    await until(lambda: len(pef.real.snapshot.sel.entries) == 2)
    await pef.raw("0x04 0x14 0 1 0")
    assert await pef.raw("0x04 0x11 0xff") == "fe"
    assert await pef.raw("0x04 0x11 0") == "00"
    await pef.trap()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(pef.trap(), 1.2)
    assert (await pef.raw("0x04 0x15")).split()[4:] == ["02", "00", "01", "00", "02", "00"]


async def test_what_came_while_the_door_was_closed_is_looked_at_then(pef: Receiver):
    await alert_on(pef, TEMPERATURE)
    await pef.server.remove("n1")
    await pef.real.do(TellPlatformEvent(SystemEvent(0x01, 1, 0x01, b"\x09")), ADMIN)
    await until(lambda: len(pef.real.snapshot.sel.entries) == 1)
    await pef.server.add(pef.real)
    assert specific(await pef.trap()) == 0x010109


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("0x12 5 1", "0x82"),
        ("0x12 14 1", "0x80"),
        ("0x12 6 0 " + "0 " * 20, "0xc9"),
        ("0x12 6 17 " + "0 " * 20, "0xc9"),
        ("0x12 6 1 0x80 0x10 " + "0 " * 18, "0xc9"),
        ("0x12 9 1 0x18 0x21 0", "0xc9"),
        ("0x12 13 0 1 0x41", "0x82"),
        ("0x12 1", "0xc7"),
        ("0x13 14 0 0", "0x80"),
        ("0x13 6 17 0", "0xc9"),
        ("0x11", "0xc7"),
        ("0x17 0", "0xc7"),
    ],
)
async def test_what_makes_no_sense_is_refused(pef: Receiver, words: str, code: str):
    assert f"rsp={code}" in (await pef.ipmitool("raw", "0x04", *words.split()))[1]
