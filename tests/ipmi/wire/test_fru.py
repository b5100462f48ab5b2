"""FRU inventories both ways, and whatever the bytes are."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bmc.ipmi.wire.errors import WireError
from bmc.ipmi.wire.fru import (
    MOST,
    BoardArea,
    ChassisArea,
    Encoding,
    Fru,
    ProductArea,
    TypedField,
    asset_tag_of,
    readable,
    with_asset_tag,
)

AREAS = [
    (ChassisArea(0x17, "CH-1", "S1"), "010217 c443482d31 c25331 c1 000000 32"),
    (ChassisArea(), "010102 c0 c0 c1 00 bb"),
    (
        BoardArea("Acme", "Board", "B1", made=0x010203),
        "010319 030201 c441636d65 c5426f617264 c24231 c0 c0 c1 80",
    ),
    (
        ProductArea("Acme", "Box", "P", "2", "S9", "A", custom=("extra",)),
        "010519 c441636d65 c3426f78 c25020 c23220 c25339 c24120 c0 c56578747261 c1 00000000000000 9a",
    ),
]


@pytest.mark.parametrize(("area", "wire"), AREAS, ids=lambda value: type(value).__name__)
def test_an_area_both_ways(area, wire):
    assert area.pack().hex() == bytes.fromhex(wire).hex()
    assert type(area).unpack(bytes.fromhex(wire)) == area


def test_a_whole_inventory_both_ways():
    fru = Fru(ChassisArea(), None, ProductArea("Acme", "Box", serial="S9"))
    data = fru.pack(128)
    assert (data[:8].hex(), len(data)) == ("01000100020000fc", 128)
    assert Fru.unpack(data) == fru


FIELDS = [
    (Encoding.TEXT, "c4d6dc", 0x19, "ÄÖÜ"),
    (Encoding.TEXT, "4100", 0x05, "A"),
    (Encoding.SIX_BIT, "29dca6", 0x19, "IPMI"),
    (Encoding.SIX_BIT, "21", 0x19, "A"),
    (Encoding.BCD_PLUS, "19b2", 0x19, "19-2"),
    (Encoding.BINARY, "00ff", 0x19, "00ff"),
]


@pytest.mark.parametrize(("encoding", "wire", "language", "text"), FIELDS)
def test_every_encoding_is_read(encoding, wire, language, text):
    assert TypedField(encoding, bytes.fromhex(wire)).text(language) == text


def test_an_asset_tag_changes_nothing_but_its_area():
    fru = Fru(ChassisArea(), BoardArea("Acme"), ProductArea("Acme", "Box", custom=("mine",)))
    data = fru.pack(512)
    for tag in ("rack 7", "", "x", "y" * MOST, "ä"):
        changed = with_asset_tag(data, tag)
        read = Fru.unpack(changed)
        assert (read.chassis, read.board) == (fru.chassis, fru.board)
        assert read.product is not None
        assert (read.product.asset_tag, read.product.custom, len(changed)) == (tag, ("mine",), 512)
        found = asset_tag_of(changed)
        assert found is not None
        assert (found[0].encoding, found[0].text(found[1])) == (Encoding.TEXT, tag)


def test_a_later_area_keeps_its_place_and_the_tag_that_would_reach_it_is_refused():
    data = bytearray(Fru(product=ProductArea("Acme")).pack(128))
    data[5] = 8  # multi-records at 64
    data[7] = -sum(data[:7]) & 0xFF
    data[64:] = bytes(range(64))
    assert with_asset_tag(bytes(data), "fits")[64:] == bytes(range(64))
    with pytest.raises(WireError, match="would need"):
        with_asset_tag(bytes(data), "y" * MOST)


@pytest.mark.parametrize("tag", ["z" * 64, "日本"])
def test_a_tag_that_no_field_holds_is_refused(tag):
    with pytest.raises(WireError):
        with_asset_tag(Fru(product=ProductArea()).pack(128), tag)


def test_without_a_product_area_there_is_no_asset_tag():
    data = Fru(ChassisArea()).pack(64)
    assert asset_tag_of(data) is None
    with pytest.raises(WireError, match="no product area"):
        with_asset_tag(data, "x")


def test_what_does_not_fit_is_refused():
    with pytest.raises(WireError, match="room for 16"):
        Fru(product=ProductArea("a name that is longer than that")).pack(16)
    with pytest.raises(WireError, match="one FRU area"):
        ProductArea(custom=("x" * MOST,) * 40).pack()


REFUSED = ["", "02000100020000fb", "01000100020000fd", "01000100000000fe", "01000100000000fe0200", "0100ff0000000000"]


@pytest.mark.parametrize("wire", REFUSED)
def test_what_is_no_inventory_is_a_wire_error(wire):
    with pytest.raises(WireError):
        Fru.unpack(bytes.fromhex(wire))


@pytest.mark.parametrize("decode", [Fru.unpack, asset_tag_of, lambda data: with_asset_tag(data, "x")])
@given(data=st.binary(max_size=120), header=st.lists(st.integers(0, 16), min_size=5, max_size=5))
def test_whatever_follows_a_good_header_is_read_or_refused(decode, data, header):
    head = bytes((1, *header, 0))
    with contextlib.suppress(WireError):
        decode(head + bytes((-sum(head) & 0xFF,)) + data)
    with contextlib.suppress(WireError):
        decode(data)


@given(content=st.binary(max_size=60), decode=st.sampled_from([ChassisArea, BoardArea, ProductArea]))
def test_whatever_fields_an_area_has_they_are_read_or_refused(content, decode):
    body = (b"\x01\x08" + content).ljust(63, b"\0")
    with contextlib.suppress(WireError):
        decode.unpack(body + bytes((-sum(body) & 0xFF,)))


TEXT = st.text(st.characters(max_codepoint=0xFF), max_size=MOST).map(lambda text: text.rstrip(" \0"))
CUSTOM = st.lists(TEXT, max_size=3).map(tuple)


@given(
    chassis=st.none() | st.builds(ChassisArea, st.integers(0, 255), TEXT, TEXT, CUSTOM),
    board=st.none() | st.builds(BoardArea, TEXT, TEXT, TEXT, TEXT, TEXT, CUSTOM, st.integers(0, 0xFFFFFF)),
    product=st.none() | st.builds(ProductArea, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, CUSTOM),
)
def test_any_inventory_goes_both_ways(chassis, board, product):
    fru = Fru(chassis, board, product)
    assert Fru.unpack(fru.pack(2048)) == fru


@given(st.text(max_size=100))
def test_any_text_can_be_made_one_that_a_field_holds(text):
    assert len(readable(text)) <= MOST
    ProductArea(readable(text)).pack()
