"""The frames of the system interface: what QEMU sends, and whatever else may come."""

from hypothesis import given
from hypothesis import strategies as st

from bmc.ipmi.wire.vm import LONGEST, Control, Decoder, HostControl, HostRequest, pack_control

DEVICE_ID = HostRequest(7, 6, 0, 0x01)


def test_a_request_and_its_answer():
    assert DEVICE_ID.pack().hex() == "071801e0a0"
    assert Decoder().feed(bytes.fromhex("071801e0a0")) == [DEVICE_ID]
    assert DEVICE_ID.answer(0xC1).hex() == "071c01c11ba0"


def test_what_ends_a_frame_is_escaped_inside_one():
    request = HostRequest(0xA0, 6, 0, 0xA1, b"\xaa\x01")
    assert request.pack().hex() == "aab018aab1aaba01fca0"
    assert Decoder().feed(request.pack()) == [request]


def test_qemu_says_what_it_is_and_is_told_to_look():
    assert Decoder().feed(bytes.fromhex("ff01a1083fa1")) == [HostControl(b"\xff\x01"), HostControl(b"\x08\x3f")]
    assert pack_control(Control.ATTENTION).hex() == "01a1"


@given(st.lists(st.binary(max_size=400), max_size=20))
def test_any_bytes_are_frames_or_dropped_and_nothing_grows(pieces):
    decoder = Decoder()
    for piece in pieces:
        decoder.feed(piece)
    assert len(decoder._body) <= LONGEST
    decoder.feed(b"\xa0")
    assert decoder.feed(DEVICE_ID.pack()) == [DEVICE_ID]


REQUESTS = st.builds(
    HostRequest,
    st.integers(0, 255),
    st.sampled_from(range(0, 64, 2)),
    st.integers(0, 3),
    st.integers(0, 255),
    st.binary(max_size=60),
)


@given(REQUESTS)
def test_every_request_comes_back_however_it_is_cut(request):
    decoder, wire = Decoder(), request.pack()
    found = [frame for index in range(len(wire)) for frame in decoder.feed(wire[index : index + 1])]
    assert found == [request]
