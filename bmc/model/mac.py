"""MAC addresses: written by people in several ways, kept in one: lower case, with colons."""

import re

_WRITTEN = re.compile(r"[0-9a-f]{2}([:-]?)[0-9a-f]{2}(\1[0-9a-f]{2}){4}", re.IGNORECASE | re.ASCII)


def parse_mac(text: str) -> str:
    """Colons, dashes or nothing may be between the pairs. :raise ValueError: it is none."""
    text = text.strip()
    if _WRITTEN.fullmatch(text) is None:
        raise ValueError("expected a MAC address such as 52:54:00:12:34:56")
    return bytes.fromhex(re.sub("[:-]", "", text)).hex(":")


def parse_card_mac(text: str) -> str:
    """:raise ValueError: it is none, or no network card can have it."""
    mac = parse_mac(text)
    if mac_bytes(mac)[0] & 0x01:
        raise ValueError(f"expected the MAC address of a network card; {mac} is that of a group")
    return mac


def mac_bytes(mac: str) -> bytes:
    """The six bytes of one that is kept."""
    return bytes.fromhex(mac.replace(":", ""))
