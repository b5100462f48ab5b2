"""Two sessions of ipmitool 1.8.19, captured: its codes and ciphertexts must come out of our keys."""

import pytest

from bmc.ipmi.wire.crypto import SUITE_3, SUITE_17, SessionKeys
from bmc.ipmi.wire.errors import WireError
from bmc.ipmi.wire.message import Message
from bmc.ipmi.wire.packet import PlusPacket, pack_signed, split_trailer
from bmc.ipmi.wire.rakp import KeyExchange, OpenSessionRequest, Rakp1, Rakp2, Rakp3, Rakp4

KEY = b"correct horse 20 byt"

WITH_SUITE_17 = (
    SUITE_17,
    "0600ff0706100000000000000000200000000000a4a3a2a0000000080300000001000008040000000200000801000000",
    "0600ff0706120000000000000000210000000000c8696ab20a782dd63354c491df9cca8b759808381400000561646d696e",
    "0600ff0706130000000000000000480000000000a4a3a2a0f0a9e772355a71ab0fc92e69fbf5a12e201f9e3c5b0d778a5e4c1d9b402a1c6f"
    "0c3aaf1efd1698f160f3d9a98acbc92ce7b81d4e25cb8eb9af998e918306a2a1",
    "0600ff0706140000000000000000280000000000c8696ab20b0bf4a629afdfc69d8d4e1e4963bfe84b0075bb6973e7fae96c1054a9947474",
    "0600ff0706150000000000000000180000000000a4a3a2a06bd52ec42263afb02aafb56662c45a91",
    "0600ff0706c0c8696ab2030000002000d6b5db653f0374a7f309df911b407a7b8661b0521992cf0ff1c1bc4fc4beaaefffff0207"
    "21f3f7ddda22da069820841adb7ac140",
)
WITH_SUITE_3 = (
    SUITE_3,
    "0600ff0706100000000000000000200000000000a4a3a2a0000000080100000001000008010000000200000801000000",
    "0600ff0706120000000000000000210000000000f1113ebeac045fbbf077302cb22d0ac8b838c5201400000561646d696e",
    "0600ff07061300000000000000003c0000000000a4a3a2a0390e477e0492204571e340df2bb630bc201f9e3c5b0d778a5e4c1d9b402a1c6f"
    "2d2df2b64806673498c786a868e898afb00eaee0",
    "0600ff07061400000000000000001c0000000000f1113ebe80124db79f5abd0d92bfdd94d7f0b82128cae26a",
    "0600ff0706150000000000000000140000000000a4a3a2a0ac5a3e22a22e661f546c0eac",
    "0600ff0706c0f1113ebe03000000200030c72aa48251f96565d70762d239860fae2544e7e82e40f4981b05de5a3751f3ffff0207"
    "e5ef0535fc7db96d895eca1c",
)
SET_PRIVILEGE = Message(0x06, 0x3B, b"\x04", sequence=1)


def payload(wire: str) -> bytes:
    return PlusPacket.unpack(bytes.fromhex(wire)).payload


@pytest.mark.parametrize("capture", [WITH_SUITE_3, WITH_SUITE_17])
def test_a_captured_session_is_understood(capture):
    suite, opening, first, second, third, fourth, request = capture
    asked, rakp1, rakp2 = (
        OpenSessionRequest.unpack(payload(opening)),
        Rakp1.unpack(payload(first)),
        Rakp2.unpack(payload(second)),
    )
    assert (asked.authentication, asked.integrity, asked.confidentiality) == (
        suite.authentication,
        suite.integrity,
        suite.confidentiality,
    )
    exchange = KeyExchange(
        suite,
        asked.console_id,
        rakp1.session_id,
        rakp1.random,
        rakp2.random,
        rakp2.guid,
        rakp1.role,
        rakp1.name,
        KEY,
    )
    assert exchange.rakp2_code() == rakp2.code
    assert exchange.rakp3_code() == Rakp3.unpack(payload(third)).code
    assert exchange.rakp4_code() == Rakp4.unpack(payload(fourth)).code

    keys = suite.session_keys(exchange.session_key())
    datagram = bytes.fromhex(request)
    packet = PlusPacket.unpack(datagram)
    assert (packet.encrypted, packet.authenticated, packet.sequence) == (True, True, 3)
    covered, code = split_trailer(datagram, len(packet.payload), suite.code_length)
    assert keys.signed(covered, code)
    assert Message.unpack(keys.decrypt(packet.payload)) == SET_PRIVILEGE


@pytest.mark.parametrize("suite", [SUITE_3, SUITE_17])
@pytest.mark.parametrize("length", range(40))
def test_what_one_side_seals_the_other_opens(suite, length):
    ours, theirs = (SessionKeys(suite, b"k" * 20, b"a" * 16) for _ in range(2))
    for _ in range(3):  # the contexts chain on: later packets must not depend on earlier ones arriving
        ours.encrypt(b"lost on the way")
        plain = bytes(range(length))
        datagram = pack_signed(0, 1, 1, ours.encrypt(plain))
        datagram += ours.sign(datagram[4:])
        packet = PlusPacket.unpack(datagram)
        covered, code = split_trailer(datagram, len(packet.payload), suite.code_length)
        assert len(covered) % 4 == 0
        assert theirs.signed(covered, code)
        assert theirs.decrypt(packet.payload) == plain


def test_initialisation_vectors_do_not_repeat():
    keys = SessionKeys(SUITE_17, b"k" * 20, b"a" * 16)
    assert len({keys.encrypt(b"the same")[:16] for _ in range(100)}) == 100


@pytest.mark.parametrize("data", [b"", bytes(16), bytes(33)])
def test_what_is_no_ciphertext_is_a_wire_error(data):
    with pytest.raises(WireError):
        SessionKeys(SUITE_3, b"k" * 20, b"a" * 16).decrypt(data)


@pytest.mark.parametrize("trailer", ["", "07", "0307", "ffffffff0407", "ff0007"])
def test_a_trailer_that_does_not_fit_is_a_wire_error(trailer):
    datagram = bytes(16) + bytes.fromhex(trailer) + bytes(12)
    with pytest.raises(WireError):
        split_trailer(datagram, 0, 12)
