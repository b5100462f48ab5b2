"""FRU, DCMI and global commands, as every client that has a word for them says them: line by line, what it prints."""

from dataclasses import replace
from pathlib import Path

import pytest

from bmc.ipmi.wire.fru import BoardArea, ChassisArea, Fru, ProductArea
from bmc.ipmi.wire.numbers import NetFn
from bmc.model.commands import Power, WriteFru
from bmc.model.power import PowerAction, PowerState
from bmc.records.fru import SIZE, inventory
from tests.ipmi.conftest import Live, Rack
from tests.ipmi.terminal import terminal
from tests.world import ADMIN, until

FRU = Fru(
    ChassisArea(0x17, "CH-1", "C1"),
    BoardArea("Acme", "Board", "B1", "P-7", made=14_000_000),
    ProductArea("Acme", "Box", "P-9", "2", "S9", "rack 7"),
)
LONG = "a-name-that-is-longer-than-two-blocks-of-16"


@pytest.fixture
async def owned(live: Live) -> Live:
    """A node that is on, and whose FRU has every field."""
    await live.real.do(WriteFru(0, FRU.pack(SIZE)), ADMIN)
    await live.real.do(Power(PowerAction.ON), ADMIN)
    await until(lambda: live.real.snapshot.power is PowerState.ON)
    return live


async def said(live: Rack, line: str) -> tuple[int, str]:
    """`program words…` against the live node."""
    program, *words = line.split()
    if program == "ipmitool":
        return await live.ipmitool(*words)
    return await live.freeipmi(program, *words)


# Each row: the lines said, and what the last one prints, exactly, or in part where it is one of several lines.
MATRIX = [
    (("ipmitool mc info",), ("FRU Inventory Device", "SEL Device", "Chassis Device", "Firmware Revision", "yes")),
    (("ipmitool mc selftest",), ("Selftest: passed",)),
    (("ipmitool mc guid",), ("System GUID   : {uuid}",)),
    (("ipmitool mc reset cold",), ("Sent cold reset command to MC",)),
    (("ipmitool mc reset warm",), ("Sent warm reset command to MC",)),
    (("ipmitool mc getsysinfo system_name",), ("n1",)),
    ((f"ipmitool mc setsysinfo system_name {LONG}", "ipmitool mc getsysinfo system_name"), (LONG,)),
    (("ipmitool mc setsysinfo os_name Debian", "ipmitool mc getsysinfo os_name"), ("Debian",)),
    (
        ("ipmitool fru print 0",),
        (
            "Chassis Type          : Rack Mount Chassis",
            "Chassis Part Number   : CH-1",
            "Chassis Serial        : C1",
            "Board Mfg             : Acme",
            "Board Serial          : B1",
            "Board Part Number     : P-7",
            "Product Name          : Box",
            "Product Part Number   : P-9",
            "Product Version       : 2",
            "Product Serial        : S9",
            "Product Asset Tag     : rack 7",
        ),
    ),
    (("ipmitool fru edit 0 field p 0 Emca", "ipmitool fru print 0"), ("Product Manufacturer  : Emca",)),
    (("ipmitool fru print",), ("FRU Device Description : Builtin FRU Device (ID 0)", "Product Serial        : S9")),
    (("ipmitool session info all",), ("active sessions               : 1", "user id                       : 2")),
    (("ipmitool lan print",), ("IP Address              : 127.0.0.1", "RMCP+ Cipher Suites     : 3,17")),
    (("bmc-device --get-sdr-repository-time",), ("SDR Repository Time : ",)),
    (("bmc-info --get-channel-info",), ("Channel Number       : 1\nMedium Type          : 802.3 LAN",)),
    (("ipmi-chassis --get-chassis-status",), ("System Power                        : on",)),
    (("ipmi-fru --ignore-sdr-cache",), ("FRU Product Serial Number: S9", "FRU Product Asset Tag: rack 7", "CH-1")),
    (("ipmitool dcmi discover",), ("1024 SEL entries", "GUID", "Asset tag", "Primary LAN channel number: 1")),
    (("ipmitool dcmi asset_tag",), ("Asset tag: rack 7",)),
    ((f"ipmitool dcmi set_asset_tag {LONG}", "ipmitool dcmi asset_tag"), (f"Asset tag: {LONG}",)),
    (("ipmitool dcmi get_mc_id_string",), ("Identifier String: DCMI{tail}",)),
    ((f"ipmitool dcmi set_mc_id_string {LONG}", "ipmitool dcmi get_mc_id_string"), (f"Identifier String: {LONG}",)),
    (("ipmitool dcmi sensors",), ("Inlet: 0 temperature", "CPU: 0 temperature", "Baseboard: 0 temperature")),
    (("ipmi-dcmi --get-dcmi-capability-info",), ("Conformance                     : 1.5", "Asset Tag  ", "1024")),
    (("ipmi-dcmi --get-asset-tag",), ("rack 7",)),
    ((f"ipmi-dcmi --set-asset-tag={LONG}", "ipmi-dcmi --get-asset-tag"), (LONG,)),
    ((f"ipmi-dcmi --set-asset-tag={LONG}", "ipmi-dcmi --set-asset-tag=x", "ipmi-dcmi --get-asset-tag"), ("x\n",)),
    (("ipmi-dcmi --get-management-controller-identifier-string",), ("DCMI{tail}",)),
    (
        (
            f"ipmi-dcmi --set-management-controller-identifier-string={LONG}",
            "ipmi-dcmi --get-management-controller-identifier-string",
        ),
        (LONG,),
    ),
    (("ipmi-dcmi --get-dcmi-sensor-info",), ("Inlet Temperature SDR Record IDs\n\nCPU",)),
    (
        ("bmc-info",),
        ("Device GUID : {uuid}", "System Name                   : n1", "FRU Inventory Device  : supported"),
    ),
    (("bmc-info --get-device-guid",), ("{uuid}",)),
    (("bmc-device --get-self-test-results",), ("Self Test Result : No Error",)),
    (("bmc-device --get-acpi-power-state",), ("System Power State : S0/G0", "Device Power State : D0")),
    (
        (
            "bmc-device --set-acpi-power-state --set-acpi-system-power-state=S1 --set-acpi-device-power-state=D1",
            "bmc-device --get-acpi-power-state",
        ),
        ("System Power State : S1", "Device Power State : D1"),
    ),
    (
        (
            "bmc-device --set-system-firmware-version=1.2",
            "bmc-device --set-primary-operating-system-name=Linux",
            "bmc-device --set-operating-system-name=Debian",
            "bmc-device --set-present-os-version-number=12.9",
            f"bmc-device --set-bmc-url=https://{LONG}/",
            "bmc-device --set-base-os-hypervisor-url=https://h/",
            "bmc-info --get-system-info",
        ),
        (
            "Firmware Version       : 1.2",
            "Primary Operating System Name : Linux",
            "Operating System Name         : Debian",
            "Present OS Version Number     : 12.9",
            f"BMC URL                       : https://{LONG}/",
            "Hypervisor URL        : https://h/",
        ),
    ),
    (("bmc-device --cold-reset",), ("",)),
    (("bmc-device --warm-reset",), ("",)),
]


@pytest.mark.parametrize(("lines", "printed"), MATRIX, ids=lambda value: value[-1] if value else "")
async def test_a_client_is_understood(owned: Live, lines: tuple[str, ...], printed: tuple[str, ...]):
    uuid = owned.real.snapshot.definition.uuid
    text = ""
    for line in lines:
        code, text = await said(owned, line)
        assert code == 0, text
    for part in printed:
        assert part.format(uuid=uuid, tail=f"{uuid.node:012X}") in text


REFUSED = [
    ("ipmitool dcmi power reading", "Invalid command (c1)"),
    ("ipmitool dcmi thermalpolicy get 1 1", "Invalid command (c1)"),
    ("ipmitool dcmi get_conf_param", "Invalid command (c1)"),
    ("ipmi-dcmi --get-system-power-statistics", "command invalid or unsupported"),
    ("ipmi-dcmi --get-power-limit", "command invalid or unsupported"),
    ("ipmitool raw 6 5", "rsp=0xc1"),
    ("ipmitool raw 6 0x52 1 0xa0 1 0", "rsp=0xc1"),
    ("ipmitool channel info 2", "Invalid data field in request"),
    ("ipmitool raw 6 0x42 13", "rsp=0xcc"),
    ("ipmitool raw 0x2c 1 0xdd 1", "rsp=0xc1"),
    ("ipmitool raw 0x0a 0x10 1", "rsp=0xcb"),
    ("ipmitool raw 0x0a 0x11 0 0 4 1", "rsp=0xc9"),
    ("ipmitool raw 0x0a 0x12 0 0xff 3 1 2", "rsp=0xc9"),
    ("ipmitool raw 6 0x59 0 8 0 0", "rsp=0x80"),
    ("ipmitool raw 6 0x59 0 2 17 0", "rsp=0xc9"),
    ("ipmitool raw 0x2c 6 0xdc 7 1", "rsp=0xc9"),
    ("ipmitool raw 0x2c 8 0xdc 62 3 65 65 65", "rsp=0xc9"),
]


@pytest.mark.parametrize(("line", "printed"), REFUSED, ids=lambda value: value)
async def test_what_there_is_not_is_refused_in_a_way_that_clients_understand(owned: Live, line: str, printed: str):
    code, text = await said(owned, line)
    assert code == 1
    assert printed in text


async def test_a_power_meter_is_read(rack: Rack):
    code, text = await rack.ipmitool("dcmi", "power", "reading")
    assert (code, "Instantaneous power reading:                   120 Watts" in text) == (0, True), text
    code, text = await rack.freeipmi("ipmi-dcmi", "--get-system-power-statistics")
    assert (code, "Current Power                        : 120 Watts" in text) == (0, True), text
    assert "Power Measurement                    : Active" in text
    text = (await rack.freeipmi("ipmi-dcmi", "--get-dcmi-capability-info"))[1]
    assert "Power Management / Monitoring Support              : Available" in text


async def test_a_fru_is_read_and_written_as_a_file(owned: Live, tmp_path: Path):
    for read, write in (
        ("ipmitool fru read 0 {}", "ipmitool fru write 0 {}"),
        ("bmc-device --read-fru={} --device-id=0", "bmc-device --write-fru={} --device-id=0"),
    ):
        await owned.real.do(WriteFru(0, FRU.pack(SIZE)), ADMIN)
        path = tmp_path / "fru"
        path.unlink(missing_ok=True)
        assert (await said(owned, read.format(path)))[0] == 0
        assert inventory(path.read_bytes()) == FRU
        changed = replace(FRU, chassis=ChassisArea(0x17, "CH-2", "C2"))
        path.write_bytes(changed.pack(SIZE))
        code, text = await said(owned, write.format(path))
        assert (code, inventory(owned.real.snapshot.fru)) == (0, changed), text


async def test_ipmitool_may_move_the_areas_of_a_fru_to_make_room(owned: Live):
    """It ends with 1 after "Done", and sets an offset of multi-records where there are none: the FRU is right still."""
    assert "Done." in (await owned.ipmitool("fru", "edit", "0", "field", "c", "0", "a-much-longer-part-number"))[1]
    assert "Done." in (await owned.ipmitool("fru", "edit", "0", "field", "p", "5", "row 12, rack 7"))[1]
    text = (await owned.ipmitool("fru", "print", "0"))[1]
    assert "Chassis Part Number   : a-much-longer-part-number" in text
    assert "Product Asset Tag     : row 12, rack 7" in text
    assert (await owned.ipmitool("dcmi", "set_asset_tag", LONG))[0] == 0
    found = inventory(owned.real.snapshot.fru)
    assert found.board == FRU.board
    assert found.product == replace(FRU.product or ProductArea(), asset_tag=LONG)


async def test_a_damaged_fru_is_told_by_the_self_test(owned: Live):
    await owned.real.do(WriteFru(8, b"\xff"), ADMIN)
    code, text = await owned.ipmitool("mc", "selftest")
    assert (code, text) == (1, "Selftest: device corrupted\nFRU device not accessible\n")


async def test_a_node_that_is_off_is_in_s5_and_what_the_guest_said_is_over(owned: Live):
    await said(owned, "bmc-device --set-acpi-power-state --set-acpi-system-power-state=S1")
    await owned.real.do(Power(PowerAction.FORCE_OFF), ADMIN)
    assert "S5/G2" in (await said(owned, "bmc-device --get-acpi-power-state"))[1]
    await owned.real.do(Power(PowerAction.ON), ADMIN)
    await until(lambda: owned.real.snapshot.power is PowerState.ON)
    assert "S0/G0" in (await said(owned, "bmc-device --get-acpi-power-state"))[1]


async def test_a_reset_of_the_bmc_ends_sessions_and_leaves_the_node_as_it_is(owned: Live):
    await said(owned, "bmc-device --set-acpi-power-state --set-acpi-system-power-state=S1")
    since = owned.real.snapshot.power_since
    async with terminal(*owned.ipmitool_line("shell")) as shell:
        shell.type(b"chassis power status\n")
        await shell.expect(b"Chassis Power is on")
        door = owned.server._opened["n1"].door
        assert door is not None
        assert len(door._sessions.active) == 1
        assert (await said(owned, "ipmitool mc reset cold"))[0] == 0
        await until(lambda: door.idle)
    assert (owned.real.snapshot.power, owned.real.snapshot.power_since) == (PowerState.ON, since)
    assert "S0/G0" in (await said(owned, "bmc-device --get-acpi-power-state"))[1]
    assert owned.machine.applied == [PowerAction.ON]


PYGHMI = """
import sys
from pyghmi.ipmi import command
port, key = int(sys.argv[1]), sys.argv[2]
bmc = command.Command("127.0.0.1", b"admin", key.encode(), port=port)
system = bmc.get_inventory_of_component("System")
print(system["Serial Number"], system["Product name"], system["Board serial number"], system["Chassis serial number"])
print(list(bmc.get_firmware()))
print(repr(bmc.get_asset_tag()), repr(bmc.get_mci()))
bmc.set_asset_tag(b"another rack, further down the row")
bmc.set_mci("controller-of-n1-in-the-other-rack")
print(repr(bmc.get_asset_tag()), repr(bmc.get_mci()))
print(bmc.reset_bmc())
bmc.ipmi_session.logout()
"""


async def test_pyghmi_takes_inventory(owned: Live):
    code, text = await owned.python(PYGHMI)
    assert code == 0, text
    tail = f"{owned.real.snapshot.definition.uuid.node:012X}"
    lines = text.splitlines()
    assert lines[0] == "S9 Box B1 C1"
    assert "'BMC Version'" in lines[1]
    assert lines[2] == f"'rack 7' 'DCMI{tail}'"
    assert lines[3] == "'another rack, further down the row' 'controller-of-n1-in-the-other-rack'"
    assert lines[4] == "None"


async def masks(rack: Rack, channel: str) -> dict[int, set[int]]:
    """The commands there are, by network function, as Get NetFn Support and Get Command Support tell."""
    netfns = int.from_bytes(bytes.fromhex((await rack.ipmitool("raw", "6", "9", channel))[1])[1:5], "little")
    found = {}
    for netfn in (2 * pair for pair in range(32) if netfns >> pair & 1):
        body = ("0xdc",) if netfn == NetFn.GROUP else ()
        absent = 0
        for half in (0, 1):
            asked = (channel, str(half << 6 | netfn), "0", *body)
            code, text = await rack.ipmitool("raw", "6", "0x0a", *asked)
            assert code == 0, text
            absent |= int.from_bytes(bytes.fromhex(text), "little") << 128 * half
            enabled = int.from_bytes(bytes.fromhex((await rack.ipmitool("raw", "6", "0x61", *asked))[1]), "little")
            assert enabled == ~(absent >> 128 * half) & (1 << 128) - 1
            assert set(bytes.fromhex((await rack.ipmitool("raw", "6", "0x0c", *asked))[1])) == {0}
        found[netfn] = {command for command in range(256) if not absent >> command & 1}
    return found


async def test_what_commands_there_are_is_told_of_each_channel(rack: Rack):
    lan, inside = await masks(rack, "0x0e"), await masks(rack, "0x0f")
    assert lan == await masks(rack, "1")
    assert {netfn: len(commands) for netfn, commands in lan.items()}[NetFn.CHASSIS] == 12
    assert {0x38, 0x48, 0x61} <= lan[NetFn.APP]
    assert lan[NetFn.APP].isdisjoint({0x05, 0x33, 0x52, 0x60})
    assert {0x33, 0x35} <= inside[NetFn.APP]
    assert inside[NetFn.APP].isdisjoint({0x02, 0x45, 0x47, 0x48})
    assert lan[NetFn.GROUP] == {1, 2, 6, 7, 8, 9, 0x0A}
    for refused in ("6 9 2", "6 0x0a 2 6 0", "6 0x0a 0x0e 0x86 0"):
        assert "rsp=0xcc" in (await rack.ipmitool("raw", *refused.split()))[1]
    assert bytes.fromhex((await rack.ipmitool("raw", "6", "0x0a", "14", "6", "1"))[1]) == b"\xff" * 16


async def test_ipmitool_prints_the_commands_there_are(rack: Rack):
    code, text = await rack.ipmitool("firewall", "info", "lun", "0", "netfn", "6")
    assert code == 0, text
    told = dict(line.split(":") for line in text.splitlines() if ":" in line)
    assert told["support"] == told["enabled"]
    assert told["support"].startswith("      de170000 34808039")
    assert set(told["configurable"]) == {"0", " "}
