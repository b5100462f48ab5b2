"""What the host tells of a door's address."""

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from bmc.network import Network, find_network

ROUTES = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0102000A\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0002000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth1\t0000A8C0\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
"""
ARP = """IP address       HW type     Flags       HW address            Mask     Device
10.0.2.1         0x1         0x2         52:54:00:12:35:02     *        eth0
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in (
        ("proc/net/route", ROUTES),
        ("proc/net/arp", ARP),
        ("sys/class/net/eth0/address", "02:00:00:aa:bb:cc\n"),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_an_address_of_the_hosts_own_network(root: Path) -> None:
    assert find_network("10.0.2.15", root) == Network(
        IPv4Address("10.0.2.15"),
        IPv4Address("255.255.255.0"),
        IPv4Address("10.0.2.1"),
        bytes.fromhex("020000aabbcc"),
        bytes.fromhex("525400123502"),
    )


def test_a_network_without_a_way_out(root: Path) -> None:
    found = find_network("192.168.7.1", root)
    assert found == Network(IPv4Address("192.168.7.1"), IPv4Address("255.255.0.0"))


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1"])
def test_elsewhere_there_is_nothing_to_tell(root: Path, host: str) -> None:
    found = find_network(host, root)
    assert (found.mask, found.gateway, found.mac) == (IPv4Address(0), IPv4Address(0), bytes(6))


def test_a_host_that_tells_nothing(tmp_path: Path) -> None:
    assert find_network("10.0.2.15", tmp_path) == Network(IPv4Address("10.0.2.15"))
