"""FRU device, DCMI, ACPI and system info messages, both ways."""

import pytest

from bmc.ipmi.wire import app, dcmi
from bmc.ipmi.wire.app import DevicePower, Fault, SetAcpiState, SystemPower
from bmc.ipmi.wire.dcmi import PowerReading, ReadString, SensorEntity, SensorInfo, SensorInfoRequest, WriteString
from bmc.ipmi.wire.errors import WireError
from bmc.ipmi.wire.fru_device import AreaInfo, ReadData, WriteData
from bmc.ipmi.wire.system_info import Block, GetSystemInfo, SetSystemInfo, cut_block, pack_string

MESSAGES = [
    (AreaInfo(1024), "000400"),
    (ReadData(0x0123, 16), "00230110"),
    (WriteData(0x0123, b"\x01\x02", device=7), "0723010102"),
    (SetAcpiState(SystemPower.S3, DevicePower.D2), "8382"),
    (SetAcpiState(device=DevicePower.UNKNOWN), "7faa"),
    (PowerReading(120, 100, 140, 118, 0x01020304, 1000, True), "78006400 8c007600 04030201 e8030000 40"),
    (SensorInfoRequest(SensorEntity.CPU, 0, 1), "01410001"),
    (SensorInfo(3, (1, 0x0203)), "030201000302"),
    (ReadString(16, 16), "1010"),
    (WriteString(0, b"tag"), "0003746167"),
    (GetSystemInfo(2, 1), "00020100"),
    (GetSystemInfo(0, revision_only=True), "80000000"),
    (SetSystemInfo(2, b"\x00\x01\x02n1"), "020001026e31"),
    (Block(1, b"longer"), "016c6f6e676572"),
]


@pytest.mark.parametrize(("message", "wire"), MESSAGES)
def test_both_ways(message, wire):
    assert message.pack() == bytes.fromhex(wire)
    assert type(message).unpack(bytes.fromhex(wire)) == message


REFUSED = [
    (ReadData, "00000000"),
    (WriteData, "000000"),
    (SetAcpiState, "8b80"),
    (SensorInfoRequest, "02410001"),
    (SensorInfoRequest, "01430001"),
    (ReadString, "0011"),
    (WriteString, "000374616700"),
    (WriteString, "0011" + "00" * 17),
    (Block, "01" + "00" * 17),
    (Block, "1100"),
    (Block, "01"),
]


@pytest.mark.parametrize(("kind", "wire"), REFUSED)
def test_what_breaks_the_format_is_a_wire_error(kind, wire):
    with pytest.raises(WireError):
        kind.unpack(bytes.fromhex(wire))


def test_entities_of_ipmi_are_those_of_dcmi():
    assert SensorInfoRequest.unpack(bytes.fromhex("01370001")).entity is SensorEntity.INLET


def test_the_parameters_of_dcmi():
    assert dcmi.pack_capability(dcmi.pack_supported(power=True, in_band=True)).hex() == "010502000101"
    assert dcmi.pack_mandatory_attributes(1024).hex() == "0004050000"
    with pytest.raises(WireError, match="there are 1 to 5"):
        dcmi.unpack_capability(b"\x06")
    dcmi.check_power_request(b"\x01\x00\x00")
    with pytest.raises(WireError, match="mode 2"):
        dcmi.check_power_request(b"\x02\x05\x00")


def test_a_string_in_chunks_ends_with_its_last_one_or_with_a_zero():
    assert WriteString(0, b"new").onto(b"an old one") == b"new"
    assert WriteString(3, b"er").onto(b"newest") == b"newer"
    assert WriteString(4, b"x\0\0").onto(b"ab") == b"ab  x"
    assert dcmi.pack_chunk(b"hello", ReadString(3, 16)) == b"\x05lo"


def test_the_self_test_says_what_is_broken():
    assert app.pack_self_test(Fault(0)).hex() == "5500"
    assert app.pack_self_test(Fault.SEL | Fault.FRU).hex() == "57a0"


def test_a_long_string_in_blocks():
    text = "a string that is longer than sixteen bytes"
    blocks = pack_string(text)
    again = b""
    for number in range(3):
        again = Block.unpack(cut_block(blocks, number)).onto(again)
    assert again[: len(blocks)] == blocks
    assert cut_block(blocks, 9) == b"\x09" + bytes(16)
    assert Block(0, b"\x00\x01x").onto(again).rstrip(b"\0") == b"\x00\x01x"
