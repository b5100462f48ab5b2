"""Whether another DHCP server is on a network is seen by asking, against real ones."""

import asyncio
import socket
import struct
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bmc.model.errors import BackendFailed
from robots import dhcp_look
from robots.dhcp_look import other_server, parse_offer
from tests.robots.lan import BRIDGE, MAC, OTHER, SERVICE, make_lan
from tests.virtual_node.own_network import ip

OWN = IPv4Address(SERVICE)
FLOOD = """import socket
opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    opened.sendto(bytes(600), ("192.0.2.1", 9))
"""


async def test_a_server_that_offers_an_address_is_found(tmp_path: Path):
    with make_lan(tmp_path) as lan:
        log = lan.other_dhcp()
        assert await other_server(BRIDGE, [MAC], OWN) == IPv4Address(OTHER)
        assert "DHCPREQUEST" not in log.read_text()  # nothing was taken


async def test_a_server_of_our_own_is_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(dhcp_look, "PATIENCE", 4.0)
    with make_lan(tmp_path) as lan:
        lan.other_dhcp()
        assert await other_server(BRIDGE, [MAC], IPv4Address(OTHER)) is None


async def test_where_nobody_answers_that_is_known_after_its_patience(tmp_path: Path):
    with make_lan(tmp_path):
        begun = asyncio.get_running_loop().time()
        assert await other_server(BRIDGE, [MAC], OWN) is None
        assert dhcp_look.PATIENCE <= asyncio.get_running_loop().time() - begun < dhcp_look.PATIENCE + 5


async def test_other_traffic_neither_hides_an_offer_nor_is_taken_for_one(tmp_path: Path):
    with make_lan(tmp_path) as lan:
        box = lan.box("52:54:00:00:00:55", "192.0.2.55")
        command = box.words("timeout", "20", "python3", "-c", FLOOD)
        flooding = await asyncio.create_subprocess_exec(*command)
        try:
            lan.other_dhcp()
            assert await other_server(BRIDGE, [MAC], OWN) == IPv4Address(OTHER)
        finally:
            flooding.terminate()
            await flooding.wait()


async def test_an_interface_that_is_not_there_is_named(tmp_path: Path):
    with make_lan(tmp_path):
        with pytest.raises(BackendFailed, match="the interface eth9 cannot be listened to: No such device"):
            await other_server("eth9", [MAC], OWN)


async def test_an_interface_that_is_down_is_named(tmp_path: Path):
    with make_lan(tmp_path):
        ip(f"link set {BRIDGE} down")
        with pytest.raises(BackendFailed, match=f"the interface {BRIDGE} cannot be"):
            await other_server(BRIDGE, [MAC], OWN)


@given(st.binary(max_size=400))
def test_no_packet_breaks_the_look(packet: bytes):
    parse_offer(packet)


@given(st.binary(max_size=120))
def test_no_options_break_the_look(options: bytes):
    head = struct.pack("!B27x", 0x45) + struct.pack("!BBBBI228x", 2, 1, 6, 0, 7) + dhcp_look.MAGIC
    parse_offer(head + options)


def test_an_offer_tells_its_server_and_our_question():
    options = bytes([0, 53, 1, 2, 54, 4]) + socket.inet_aton(OTHER) + b"\xff"
    head = struct.pack("!B27x", 0x45) + struct.pack("!BBBBI228x", 2, 1, 6, 0, 7) + dhcp_look.MAGIC
    assert parse_offer(head + options) == dhcp_look.Offer(IPv4Address(OTHER), 7)
