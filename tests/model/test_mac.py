"""One way to read a MAC address, for whoever is given one."""

import pytest

from bmc.model.mac import mac_bytes, parse_card_mac, parse_mac

MAC = "52:54:00:ab:cd:ef"


@pytest.mark.parametrize("written", [MAC, MAC.upper(), "52-54-00-AB-CD-EF", "525400abcdef", f" {MAC}\n"])
def test_however_it_is_written_it_is_kept_in_one_way(written):
    assert parse_mac(written) == parse_card_mac(written) == MAC
    assert mac_bytes(parse_mac(written)) == bytes.fromhex("525400abcdef")


@pytest.mark.parametrize(
    "written", ["", "52:54:00", f"{MAC}:01", "52:54-00:ab-cd:ef", "5254:00ab:cdef", "52:54:00:ab:cd:eg"]
)
def test_anything_else_is_refused_with_what_was_expected(written):
    with pytest.raises(ValueError, match="expected a MAC address such as 52:54:00:12:34:56"):
        parse_mac(written)


def test_no_network_card_has_the_address_of_a_group():
    assert parse_mac("01:00:5e:00:00:01") == "01:00:5e:00:00:01"
    with pytest.raises(ValueError, match="01:00:5e:00:00:01 is that of a group"):
        parse_card_mac("01:00:5e:00:00:01")
