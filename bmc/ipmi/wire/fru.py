"""FRU inventory areas: Platform Management FRU Information Storage Definition v1.0. Bytes only; knows no node."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

from bmc.ipmi.wire.errors import WireError, expect_at_least
from bmc.ipmi.wire.message import checksum
from bmc.ipmi.wire.packed_text import bcd_plus, six_bit

FORMAT = 0x01
ENGLISH = 0x19
MOST = 63
"""Bytes of one field, §13: what its type/length byte can count."""

_UNIT = 8
HEADER = 8
_END = 0xC1
_PRODUCT_OFFSET = 4
_ASSET_TAG = 5
_NO_DATE = 0
_UNICODE_EXCEPT = (0x00, ENGLISH)


class ChassisType(IntEnum):
    """SMBIOS chassis types (DSP0134, table 17) that a node without a chassis of its own can have."""

    OTHER = 0x01
    UNKNOWN = 0x02


class Encoding(IntEnum):
    """Type code of a type/length byte, §13. TEXT is 8-bit ASCII and Latin 1, or Unicode where the area's language is
    not English.
    """

    BINARY = 0
    BCD_PLUS = 1
    SIX_BIT = 2
    TEXT = 3


@dataclass(frozen=True, slots=True)
class ChassisArea:
    """§10."""

    type: int = ChassisType.UNKNOWN
    part_number: str = ""
    serial: str = ""
    custom: tuple[str, ...] = ()

    def pack(self) -> bytes:
        """:raise WireError: a field that is no Latin 1, or too long."""
        return _area(bytes((self.type,)), (self.part_number, self.serial, *self.custom))

    @classmethod
    def unpack(cls, area: bytes) -> "ChassisArea":
        """:raise WireError: not such an area."""
        part_number, serial, *custom = _texts(_fields(area, 1, 2), ENGLISH)
        return cls(area[2], part_number, serial, tuple(custom))


@dataclass(frozen=True, slots=True)
class BoardArea:
    """§11. `made` is the manufacturing date in minutes since 1996 began, 0 when unspecified."""

    manufacturer: str = ""
    product: str = ""
    serial: str = ""
    part_number: str = ""
    file_id: str = ""
    custom: tuple[str, ...] = ()
    made: int = _NO_DATE

    def pack(self) -> bytes:
        """:raise WireError: a field that is no Latin 1, or too long."""
        texts = (self.manufacturer, self.product, self.serial, self.part_number, self.file_id, *self.custom)
        return _area(bytes((ENGLISH,)) + self.made.to_bytes(3, "little"), texts)

    @classmethod
    def unpack(cls, area: bytes) -> "BoardArea":
        """:raise WireError: not such an area."""
        manufacturer, product, serial, part_number, file_id, *custom = _texts(_fields(area, 4, 5), area[2])
        made = int.from_bytes(area[3:6], "little")
        return cls(manufacturer, product, serial, part_number, file_id, tuple(custom), made)


@dataclass(frozen=True, slots=True)
class ProductArea:
    """§12."""

    manufacturer: str = ""
    name: str = ""
    part_number: str = ""
    version: str = ""
    serial: str = ""
    asset_tag: str = ""
    file_id: str = ""
    custom: tuple[str, ...] = ()

    def pack(self) -> bytes:
        """:raise WireError: a field that is no Latin 1, or too long."""
        texts = (self.manufacturer, self.name, self.part_number, self.version, self.serial, self.asset_tag)
        return _area(bytes((ENGLISH,)), (*texts, self.file_id, *self.custom))

    @classmethod
    def unpack(cls, area: bytes) -> "ProductArea":
        """:raise WireError: not such an area."""
        texts = _texts(_fields(area, 1, 7), area[2])
        manufacturer, name, part_number, version, serial, asset_tag, file_id, *custom = texts
        return cls(manufacturer, name, part_number, version, serial, asset_tag, file_id, tuple(custom))


@dataclass(frozen=True, slots=True)
class Fru:
    """The areas that say what a unit is; of the internal use area and the multi-records nothing is read."""

    chassis: ChassisArea | None = None
    board: BoardArea | None = None
    product: ProductArea | None = None

    def pack(self, size: int) -> bytes:
        """A whole inventory of `size` bytes, the product area last, so that it has room to grow.

        :raise WireError: it does not fit, or a field does not.
        """
        offsets, body = [], b""
        for part in (self.chassis, self.board, self.product):
            offsets.append((HEADER + len(body)) // _UNIT if part is not None else 0)
            body += part.pack() if part is not None else b""
        if HEADER + len(body) > size:
            raise WireError(f"{HEADER + len(body)} bytes of inventory where there is room for {size}")
        header = bytes((FORMAT, 0, *offsets, 0, 0))
        return (header + bytes((checksum(header),)) + body).ljust(size, b"\0")

    @classmethod
    def unpack(cls, data: bytes) -> "Fru":
        """:raise WireError: a wrong checksum, or not this format."""
        _check_header(data)
        chassis, board, product = (_cut(data, offset) for offset in data[2:5])
        return cls(
            ChassisArea.unpack(chassis) if chassis else None,
            BoardArea.unpack(board) if board else None,
            ProductArea.unpack(product) if product else None,
        )


def areas(header: bytes) -> list[int]:
    """Where the chassis, board and product areas that an inventory has begin, by its first 8 bytes.

    :raise WireError: that is no header.
    """
    _check_header(header)
    return [offset * _UNIT for offset in header[2:5] if offset]


def area_length(start: bytes) -> int:
    """Of an area, by its first two bytes. :raise WireError: too few."""
    expect_at_least(start, 2)
    return start[1] * _UNIT


@dataclass(frozen=True, slots=True)
class TypedField:
    """One field as it is stored, §13."""

    encoding: Encoding
    data: bytes = field(repr=False)

    def text(self, language: int) -> str:
        """What it says; binary data in hexadecimal digits. Padding at the end is left out.

        :raise WireError: bytes that are no text in `language`.
        """
        return _DECODERS[self.encoding](self.data, language).rstrip(" \0")

    def pack(self) -> bytes:
        return bytes((self.encoding << 6 | len(self.data),)) + self.data


def asset_tag_of(data: bytes) -> tuple[TypedField, int] | None:
    """The asset tag of an inventory's product area as it is stored, and that area's language; None without the area.

    :raise WireError: the inventory or the area cannot be read.
    """
    _check_header(data)
    area = _cut(data, data[_PRODUCT_OFFSET])
    return (_fields(area, 1, 7)[_ASSET_TAG], area[2]) if area else None


def with_asset_tag(data: bytes, tag: str) -> bytes:
    """The same inventory with another asset tag; nothing but the product area changes.

    :raise WireError: no product area that can be read, no Latin 1, too long, or no room in front of the next area.
    """
    _check_header(data)
    start = data[_PRODUCT_OFFSET] * _UNIT
    area = _cut(data, data[_PRODUCT_OFFSET])
    if not area:
        raise WireError("the FRU inventory has no product area for an asset tag")
    if area[2] not in _UNICODE_EXCEPT:
        raise WireError(f"the product area is in language {area[2]}, which is not English")
    fields = _fields(area, 1, 7)
    fields[_ASSET_TAG] = _encode(tag)
    changed = _frame(area[2:3], fields, len(area))
    room = min((offset * _UNIT for offset in data[1:6] if offset * _UNIT > start), default=len(data)) - start
    if len(changed) > room:
        raise WireError(f"the product area would need {len(changed)} bytes and has {room}")
    return data[:start] + changed + data[start + len(changed) :]


def readable(text: str) -> str:
    """`text` as a field can hold it: in Latin 1, with what it lacks replaced, and cut."""
    return text.encode("latin-1", "replace")[:MOST].decode("latin-1").rstrip(" \0")


def _check_header(data: bytes) -> None:
    if len(data) < HEADER:
        raise WireError(f"{len(data)} bytes where a FRU common header has {HEADER}")
    if data[0] & 0x0F != FORMAT:
        raise WireError(f"FRU format version {data[0] & 0x0F}, expected {FORMAT}")
    if sum(data[:HEADER]) & 0xFF:
        raise WireError("wrong checksum of the FRU common header")


def _cut(data: bytes, offset: int) -> bytes:
    """The area at `offset` units, b"" when there is none."""
    if not offset:
        return b""
    start = offset * _UNIT
    if start + 2 > len(data):
        raise WireError(f"a FRU area at {start}, beyond the end")
    length = data[start + 1] * _UNIT
    area = data[start : start + length]
    if not length or len(area) < length:
        raise WireError(f"a FRU area of {length} bytes at {start}, beyond the end or empty")
    if area[0] & 0x0F != FORMAT:
        raise WireError(f"FRU area format version {area[0] & 0x0F}, expected {FORMAT}")
    if sum(area) & 0xFF:
        raise WireError(f"wrong checksum of the FRU area at {start}")
    return area


def _fields(area: bytes, fixed: int, least: int) -> list[TypedField]:
    """The fields after the `fixed` bytes that follow version and length; `least` are predefined and must be there."""
    fields, at, end = [], 2 + fixed, len(area) - 1
    while at < end and area[at] != _END:
        kind, length = Encoding(area[at] >> 6), area[at] & MOST
        if at + 1 + length > end:
            raise WireError("a FRU field beyond the end of its area")
        fields.append(TypedField(kind, area[at + 1 : at + 1 + length]))
        at += 1 + length
    if at >= end:
        raise WireError("a FRU area without an end of its fields")
    if len(fields) < least:
        raise WireError(f"{len(fields)} fields in a FRU area, expected at least {least}")
    return fields


def _texts(fields: list[TypedField], language: int) -> list[str]:
    return [item.text(language) for item in fields]


def _area(fixed: bytes, texts: tuple[str, ...]) -> bytes:
    return _frame(fixed, [_encode(text) for text in texts])


def _frame(fixed: bytes, fields: list[TypedField], at_least: int = 0) -> bytes:
    content = fixed + b"".join(item.pack() for item in fields) + bytes((_END,))
    units = max(-(-(2 + len(content) + 1) // _UNIT), at_least // _UNIT)
    if units > 0xFF:
        raise WireError("the fields do not fit into one FRU area")
    body = (bytes((FORMAT, units)) + content).ljust(units * _UNIT - 1, b"\0")
    return body + bytes((checksum(body),))


def _encode(text: str) -> TypedField:
    """One character alone would read as the end of the fields, so that a space follows it."""
    try:
        data = text.rstrip(" \0").encode("latin-1")
    except UnicodeEncodeError as error:
        raise WireError(f"{text!r} has characters that are no Latin 1") from error
    if len(data) > MOST:
        raise WireError(f"{len(data)} bytes of text where a FRU field has room for {MOST}")
    return TypedField(Encoding.TEXT, data.ljust(2) if data else b"")


def _text(data: bytes, language: int) -> str:
    if language in _UNICODE_EXCEPT:
        return data.decode("latin-1")
    try:
        return data.decode("utf-16-le")
    except UnicodeDecodeError as error:
        raise WireError(f"{data.hex()} is no Unicode text") from error


_DECODERS: dict[Encoding, Callable[[bytes, int], str]] = {
    Encoding.BINARY: lambda data, language: data.hex(),
    Encoding.BCD_PLUS: lambda data, language: bcd_plus(data),
    Encoding.SIX_BIT: lambda data, language: six_bit(data),
    Encoding.TEXT: _text,
}
