"""Text in less than a byte a character, as fields of a FRU inventory and names of sensors (§43.15) have it."""

_BCD_PLUS = "0123456789 -.:,_"


def bcd_plus(data: bytes) -> str:
    return "".join(_BCD_PLUS[byte >> 4] + _BCD_PLUS[byte & 0x0F] for byte in data)


def six_bit(data: bytes) -> str:
    """Four characters in three bytes, the first in the lowest bits."""
    bits = int.from_bytes(data, "little")
    return "".join(chr(0x20 + (bits >> at & 0x3F)) for at in range(0, len(data) * 8 - 5, 6))
