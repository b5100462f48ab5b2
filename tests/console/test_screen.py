"""A view-only viewer's input never reaches the node, whatever it sends and however it cuts it."""

import struct
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bmc.console.screen import ViewOnlyFilter
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
    assert ViewOnlyFilter().feed(HANDSHAKE + message) == HANDSHAKE + message


@pytest.mark.parametrize("message", INPUT, ids=lambda m: m[:2].hex())
def test_what_acts_on_the_node_is_dropped(message):
    request = PASSED[2]
    assert ViewOnlyFilter().feed(HANDSHAKE + message + request) == HANDSHAKE + request


@given(messages=st.lists(st.sampled_from(PASSED + INPUT), max_size=8), cut=st.integers(1, 7))
def test_however_the_bytes_are_cut_the_same_passes(messages, cut):
    stream = HANDSHAKE + b"".join(messages)
    sieve = ViewOnlyFilter()
    passed = b"".join(sieve.feed(stream[i : i + cut]) for i in range(0, len(stream), cut))
    assert passed == HANDSHAKE + b"".join(message for message in messages if message in PASSED)


@given(messages=st.lists(st.sampled_from(PASSED + INPUT), max_size=8), cuts=st.lists(st.integers(0, 200)))
def test_one_large_frame_is_the_same_as_many_uneven_ones(messages, cuts):
    stream = HANDSHAKE + b"".join(messages)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    sieve = ViewOnlyFilter()
    passed = b"".join(sieve.feed(stream[start:end]) for start, end in pairwise(edges))
    assert passed == ViewOnlyFilter().feed(stream)


@given(st.binary(max_size=300))
def test_garbage_is_refused_in_its_own_words_or_held_back(data):
    with suppress(InvalidRequest):
        ViewOnlyFilter().feed(HANDSHAKE + data)


def test_a_message_that_never_ends_is_refused():
    sieve = ViewOnlyFilter()
    head = b"\x06\x00\x00\x00" + struct.pack(">I", 1 << 30)
    with pytest.raises(InvalidRequest, match="1 MiB"):
        sieve.feed(HANDSHAKE + head + bytes(1 << 20))
