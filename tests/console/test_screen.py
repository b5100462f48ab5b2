"""The input of who only watches never reaches the node, whatever is sent and however it is cut."""

import struct
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bmc.console.screen import InputFilter
from bmc.model.errors import InvalidRequest

HANDSHAKE = b"RFB 003.008\n" + b"\x01" + b"\x01"
PASSED = [
    b"\x00" + bytes(19),
    b"\x02\x00" + struct.pack(">H", 2) + bytes(8),
    b"\x03" + bytes(9),
    b"\x96" + bytes(9),
    b"\xf8" + bytes(7) + b"\x02" + b"ab",
    b"\xff\x01" + struct.pack(">H", 0),
    b"\xff\x01" + struct.pack(">H", 2) + bytes(6),
]
INPUT = [
    b"\x04\x01\x00\x00" + struct.pack(">I", 0x61),
    b"\x05\x01" + struct.pack(">HH", 10, 10),
    b"\x06\x00\x00\x00" + struct.pack(">I", 5) + b"paste",
    b"\x06\x00\x00\x00" + struct.pack(">i", -4) + b"\x00\x00\x00\x01",
    b"\xff\x00\x00\x01" + struct.pack(">II", 0x61, 30),
    b"\xfa\x00\x01\x02",
    b"\xfb\x00" + bytes(4) + b"\x01\x00" + bytes(16),
]


@pytest.mark.parametrize("message", PASSED, ids=lambda m: m[:2].hex())
def test_what_only_asks_for_pictures_passes(message):
    assert InputFilter().feed(HANDSHAKE + message, types=False) == HANDSHAKE + message


@pytest.mark.parametrize("message", INPUT, ids=lambda m: m[:2].hex())
def test_what_acts_on_the_node_is_dropped(message):
    request = PASSED[2]
    assert InputFilter().feed(HANDSHAKE + message + request, types=False) == HANDSHAKE + request


@pytest.mark.parametrize("message", PASSED + INPUT, ids=lambda m: m[:2].hex())
def test_who_types_is_heard(message):
    assert InputFilter().feed(HANDSHAKE + message, types=True) == HANDSHAKE + message


def test_a_keyboard_may_be_had_between_two_messages_and_lost_again():
    sieve, (key, *_) = InputFilter(), INPUT
    assert sieve.feed(HANDSHAKE + key + key[:3], types=False) == HANDSHAKE
    assert sieve.feed(key[3:], types=True) == key
    assert sieve.feed(key, types=False) == b""


def test_what_was_held_down_is_let_go_of_once():
    sieve = InputFilter()
    shift, shift_up = b"\x04\x01\0\0\0\0\xff\xe1", b"\x04\0\0\0\0\0\xff\xe1"
    tap = b"\x04\x01\0\0\0\0\0\x61" + b"\x04\0\0\0\0\0\0\x61"
    extended = b"\xff\0\0\x01" + struct.pack(">II", 0xFFE3, 29)
    drag = b"\x05\x01\0\x0a\0\x14"
    sieve.feed(HANDSHAKE + shift + tap + extended + drag, types=True)
    assert sieve.lift() == shift_up + b"\xff\0\0\0" + extended[4:] + b"\x05\0\0\x0a\0\x14"
    assert sieve.lift() == b""


def test_a_viewer_of_the_oldest_rfb_chooses_no_security_type():
    old = b"RFB 003.003\n" + b"\x01"
    assert InputFilter().feed(old + INPUT[0] + PASSED[2], types=False) == old + PASSED[2]


@pytest.mark.parametrize("version", [b"003.003", b"003.007", b"003.008"])
def test_the_versions_of_the_standard_are_known(version):
    shaken = b"RFB " + version + b"\n" + (b"" if version == b"003.003" else b"\x01") + b"\x01"
    assert InputFilter().feed(shaken + INPUT[0], types=False) == shaken


@pytest.mark.parametrize(
    "version", [b"003.004\n", b"003.005\n", b"003.03\nX", b"003.3\nXX", b"003.889\n", b"  3.  3\n", b"003.003 "]
)
def test_a_version_that_servers_read_in_their_own_ways_is_refused(version):
    """Some take it for 3.3, which has no security step: a key event would look like one, and pass."""
    with pytest.raises(InvalidRequest, match="version"):
        InputFilter().feed(b"RFB " + version + b"\x01" + INPUT[0], types=False)


@pytest.mark.parametrize("kind", [0, 2, 16, 19])
def test_a_security_type_whose_talk_the_filter_does_not_know_is_refused(kind):
    with pytest.raises(InvalidRequest, match="security type"):
        InputFilter().feed(b"RFB 003.008\n" + bytes([kind]), types=False)


@pytest.mark.parametrize("start", [b"RFB 003.003\n", b"RFB 003.008\n\x01"])
def test_nobody_can_ask_that_all_others_be_disconnected(start):
    assert InputFilter().feed(start + b"\0", types=True) == start + b"\x01"


@pytest.mark.parametrize(
    "message", [b"\x01" + bytes(9), b"\x07" + bytes(9), b"\xff\x02" + bytes(9), b"\xff\x01\x01\x02"]
)
def test_a_message_whose_length_is_not_known_is_refused(message):
    with pytest.raises(InvalidRequest, match="not known"):
        InputFilter().feed(HANDSHAKE + message, types=True)


@given(messages=st.lists(st.sampled_from(PASSED + INPUT), max_size=8), cut=st.integers(1, 7))
def test_however_the_bytes_are_cut_the_same_passes(messages, cut):
    stream = HANDSHAKE + b"".join(messages)
    sieve = InputFilter()
    passed = b"".join(sieve.feed(stream[i : i + cut], types=False) for i in range(0, len(stream), cut))
    assert passed == HANDSHAKE + b"".join(message for message in messages if message in PASSED)


@given(messages=st.lists(st.sampled_from(PASSED + INPUT), max_size=8), cuts=st.lists(st.integers(0, 200)))
def test_one_large_frame_is_the_same_as_many_uneven_ones(messages, cuts):
    stream = HANDSHAKE + b"".join(messages)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    sieve = InputFilter()
    passed = b"".join(sieve.feed(stream[start:end], types=False) for start, end in pairwise(edges))
    assert passed == InputFilter().feed(stream, types=False)


@given(st.binary(max_size=300))
def test_garbage_is_refused_in_its_own_words_or_held_back(data):
    with suppress(InvalidRequest):
        InputFilter().feed(HANDSHAKE + data, types=False)


def test_a_message_that_never_ends_is_refused():
    sieve = InputFilter()
    head = b"\x06\x00\x00\x00" + struct.pack(">I", 1 << 30)
    with pytest.raises(InvalidRequest, match="1 MiB"):
        sieve.feed(HANDSHAKE + head + bytes(1 << 20), types=True)
