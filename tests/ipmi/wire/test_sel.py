"""SEL messages both ways."""

import pytest

from bmc.ipmi.wire.errors import WireError
from bmc.ipmi.wire.sel import (
    Allocation,
    Clearing,
    ClearRequest,
    DeleteRecord,
    GetRecord,
    Record,
    SelInfo,
    pack_time,
    pack_utc_offset,
    unpack_time,
    unpack_utc_offset,
)

MESSAGES = [
    (SelInfo(5, 16304, 0x6A167D0D), "510500b03f0d7d166affffffff0b"),
    (SelInfo(1024, 0, 1, 2, 0x8B), "51000400000100000002000000 8b"),
    (Allocation(1024, 16, 1019), "00041000fb03fb0301"),
    (GetRecord(0, 0), "0000000000ff"),
    (GetRecord(0x1234, 0xFFFF, 3, 5), "3412ffff0305"),
    (Record(1, 0x02, 0x6A167D0D, bytes.fromhex("20000409016f00ffff")), "0100020d7d166a20000409016f00ffff"),
    (Record(2, 0xC0, 1, bytes(9)), "0200c001000000000000000000000000"),
    (Record(3, 0xE0, None, bytes(range(13))), "0300e0000102030405060708090a0b0c"),
    (DeleteRecord(1, 0xFFFF), "0100ffff"),
    (ClearRequest(1), "0100434c52aa"),
    (ClearRequest(1, Clearing.GET_STATUS), "0100434c5200"),
]


@pytest.mark.parametrize(("message", "wire"), MESSAGES)
def test_both_ways(message, wire):
    wire = wire.replace(" ", "")
    assert message.pack().hex() == wire
    assert type(message).unpack(bytes.fromhex(wire)) == message


@pytest.mark.parametrize("wire", ["0100434c53aa", "0100434c5201", "0100434c52"])
def test_only_clr_clears(wire):
    with pytest.raises(WireError):
        ClearRequest.unpack(bytes.fromhex(wire))


def test_times_and_offsets():
    assert unpack_time(pack_time(0x6A167D0D)) == 0x6A167D0D
    assert unpack_utc_offset(pack_utc_offset(-1440)) == -1440
    with pytest.raises(WireError):
        unpack_time(b"\x00")
