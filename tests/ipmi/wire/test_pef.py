"""Filters, policies, destinations and traps, both ways and held against bytes written out by hand."""

from ipaddress import IPv4Address

import pytest

from bmc.ipmi.wire.errors import WireError, WrongLength
from bmc.ipmi.wire.pef import (
    AlertImmediate,
    AlertOperation,
    AlertPolicy,
    Comparison,
    Destination,
    EventFilter,
    GetPefParameter,
    PefAction,
    PolicyRule,
    SetPefParameter,
)
from bmc.ipmi.wire.pet import Acknowledge, Trap

HOT = EventFilter(
    True, 0, PefAction.ALERT | PefAction.POWER_OFF, 1, 0x10, (0x20, 0xFF), 0x01, 0x30, 0x01, 0x0A00, (Comparison(),) * 3
)
TRAP = Trap(bytes(range(16)), 1, 0x365E14EC, 0x10, 0x01, 0x30, 0x81, b"\x59\x50\x4b", utc_offset=-60)
MESSAGES = [
    (GetPefParameter(6, 1), "060100"),
    (GetPefParameter(1, revision_only=True), "810000"),
    (SetPefParameter(1, b"\x03"), "0103"),
    (HOT, "8003011020ff013001000a" + "00" * 9),
    (AlertPolicy(1, True, PolicyRule.SKIP, 1, 2), "191200"),
    (AlertImmediate(1, 2), "010200"),
    (AlertImmediate(1, 0, AlertOperation.STATUS), "014000"),
    (AlertImmediate(1, 1, event=bytes(8)), "010100" + "00" * 8),
    (Acknowledge(1, 0x365E14EC, 0x20, 0x20, 0x30, b"\x59\x50\x4b"), "0100ec145e3620203059504b"),
]


@pytest.mark.parametrize(("message", "wire"), MESSAGES)
def test_both_ways(message, wire):
    assert message.pack().hex() == wire
    assert type(message).unpack(bytes.fromhex(wire)) == message


@pytest.mark.parametrize(
    ("unpack", "wire", "error"),
    [
        (EventFilter.unpack, "00" * 19, WrongLength),
        (AlertPolicy.unpack, "0f1200", WireError),
        (AlertImmediate.unpack, "01c000", WireError),
        (AlertImmediate.unpack, "0100", WrongLength),
        (Destination.unpack_type, "060000", WireError),
        (Destination.unpack_address, "10" + "00" * 11, WireError),
        (Acknowledge.unpack, "00", WrongLength),
    ],
)
def test_what_is_no_message_is_refused(unpack, wire, error):
    with pytest.raises(error):
        unpack(bytes.fromhex(wire))


def test_a_destination_is_two_parameters():
    destination = Destination(b"\x0a\x00\x00\x01", True, 5, 3, bytes(range(6)))
    assert destination.pack_type().hex() == "800403"
    assert destination.pack_address().hex() == "00000a000001000102030405"
    assert Destination.unpack_type(destination.pack_type()) == (True, 5, 3)
    assert Destination.unpack_address(destination.pack_address()) == (b"\x0a\x00\x00\x01", bytes(range(6)), False)


@pytest.mark.parametrize(
    ("told", "passes"),
    [
        ((0x0020, 0x01, 0x30, 0x01, b"\x59\xff\xff"), True),
        ((0x0320, 0x01, 0x30, 0x01, b"\x5b\xff\xff"), True),
        ((0x0020, 0x01, 0x30, 0x81, b"\x59\xff\xff"), False),
        ((0x0041, 0x01, 0x30, 0x01, b"\x59\xff\xff"), False),
        ((0x0020, 0x02, 0x30, 0x01, b"\x59\xff\xff"), False),
        ((0x0020, 0x01, 0x31, 0x01, b"\x59\xff\xff"), False),
        ((0x0020, 0x01, 0x30, 0x01, b"\x57\xff\xff"), False),
    ],
)
def test_a_filter_passes_what_it_describes(told, passes):
    assert HOT.fits(*told) is passes


@pytest.mark.parametrize(
    ("mask", "exact", "value", "byte", "fits"),
    [
        (0x00, 0x00, 0x00, 0xA5, True),
        (0xFF, 0xFF, 0xA5, 0xA5, True),
        (0xFF, 0xFF, 0xA5, 0xA4, False),
        (0x0F, 0x0F, 0x05, 0xA5, True),
        (0xFF, 0x00, 0x03, 0xA2, True),
        (0xFF, 0x00, 0x03, 0xA4, False),
        (0xFF, 0xF0, 0xA3, 0xA1, True),
        (0xFF, 0xF0, 0xA3, 0xB1, False),
    ],
)
def test_event_data_is_compared_exactly_or_by_any_bit(mask, exact, value, byte, fits):
    assert Comparison(mask, exact, value).fits(byte) is fits


def test_a_trap_is_the_snmp_message_that_the_format_describes():
    variable = (
        "0f0e0d0c0b0a09080706050403020100"  # GUID
        "0001" + "365e14ec" + "ffc4"  # sequence, time, UTC offset
        "2020" + "10" + "2030" + "0000"  # sources, severity, device and sensor, entity
        "59504b0000000000" + "ff" + "00000000" + "0000" + "c1"
    )
    assert TRAP.pack().hex() == variable
    assert (
        TRAP.datagram("public", IPv4Address("10.0.0.7"), 1.5).hex()
        == (
            "306b" + "020100" + "04067075626c6963" + "a45e"
            "06092b06010401986f0101" + "40040a000007" + "020106" + "0203010189" + "43020096"
            "303e" + "303c" + "060a2b06010401986f010101" + "042f" + variable
        )
        or len(variable) == 94
    )


def test_a_long_message_has_a_length_of_its_own():
    assert TRAP.datagram("x" * 18, IPv4Address("10.0.0.7"), 0).startswith(b"\x30\x76")
    assert TRAP.datagram("x" * 100, IPv4Address("10.0.0.7"), 0).startswith(b"\x30\x81\xc8")


def test_only_the_answer_to_a_trap_is_its_answer():
    answer = Acknowledge(1, 0x365E14EC, 0x20, 0x20, 0x30, b"\x59\x50\x4b")
    assert answer.answers(TRAP)
    assert not Acknowledge(2, 0x365E14EC, 0x20, 0x20, 0x30, b"\x59\x50\x4b").answers(TRAP)
    assert not Acknowledge(1, 0x365E14EC, 0x20, 0x20, 0x30, b"\x59\x50\x4c").answers(TRAP)
