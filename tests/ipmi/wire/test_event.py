"""Platform events both ways."""

import pytest

from bmc.ipmi.wire.errors import WrongLength
from bmc.ipmi.wire.event import PlatformEvent

FROM_LAN = PlatformEvent(0x04, 0x01, 0x30, 0x01, bytes.fromhex("59ffff"))
FROM_GUEST = PlatformEvent(0x04, 0x01, 0x30, 0x01, bytes.fromhex("59ffff"), generator=0x41)


def test_both_ways():
    assert FROM_LAN.pack().hex() == "0401300159ffff"
    assert PlatformEvent.unpack(FROM_LAN.pack()) == FROM_LAN
    assert FROM_GUEST.pack().hex() == "410401300159ffff"
    assert PlatformEvent.unpack(FROM_GUEST.pack(), with_generator=True) == FROM_GUEST


def test_data_may_be_cut_off():
    assert PlatformEvent.unpack(bytes.fromhex("0401300159")) == FROM_LAN
    with pytest.raises(WrongLength):
        PlatformEvent.unpack(bytes(4))
    with pytest.raises(WrongLength):
        PlatformEvent.unpack(bytes(9), with_generator=True)
