"""A network is checked by its key paths, and said in both of cloud-init's ways."""

import pytest

from bmc.reinstall.seed_network import mac_of, network_config, network_data, network_problems

MAC = "52:54:00:12:34:56"
STATIC = {
    "addresses": ["192.0.2.10/24", "2001:db8::10/64"],
    "gateways": ["192.0.2.1", "fe80::1"],
    "dns": ["192.0.2.53", "2001:db8::53"],
    "search": ["example.org"],
}


@pytest.mark.parametrize(
    "network",
    [
        STATIC,
        {"vlan": 4094},
        {"mac": MAC.upper()},
        {"addresses": ["192.0.2.0/31", "10.0.0.1/32"]},
        {"dns": ["192.0.2.53"]},
    ],
)
def test_sound_networks_are_taken(network):
    assert network_problems(network, [MAC]) == []


@pytest.mark.parametrize(
    ("network", "path", "words"),
    [
        ({}, "network", "expected an object"),
        (["192.0.2.10/24"], "network", "expected an object"),
        ({"colour": "red"}, "network.colour", "unknown"),
        ({"vlan": 0}, "network.vlan", "from 1 to 4094"),
        ({"vlan": 4095}, "network.vlan", "from 1 to 4094"),
        ({"vlan": True}, "network.vlan", "from 1 to 4094"),
        ({"mac": "52:54:00"}, "network.mac", "expected a MAC address such as"),
        ({"mac": "52:54:00:00:00:00"}, "network.mac", f"no such network card; it has: {MAC}"),
        ({"addresses": "192.0.2.10/24"}, "network.addresses", "expected a list"),
        ({"addresses": [f"10.0.0.{n}/24" for n in range(1, 18)]}, "network.addresses", "at most 16"),
        ({"addresses": ["192.0.2.10"]}, "network.addresses[0]", "with its prefix length"),
        ({"addresses": ["192.0.2.10/33"]}, "network.addresses[0]", "with its prefix length"),
        ({"addresses": [3221225994]}, "network.addresses[0]", "with its prefix length"),
        ({"addresses": ["fe80::1%eth0/64"]}, "network.addresses[0]", "with its prefix length"),
        ({"addresses": ["192.0.2.10/24", "192.0.2.0/24"]}, "network.addresses[1]", "stands for the whole network"),
        ({"addresses": ["192.0.2.255/24"]}, "network.addresses[0]", "stands for the whole network"),
        ({"addresses": ["224.0.0.1/24"]}, "network.addresses[0]", "cannot be the address"),
        ({"addresses": ["127.0.0.1/8"]}, "network.addresses[0]", "cannot be the address"),
        ({"addresses": ["::/64"]}, "network.addresses[0]", "cannot be the address"),
        ({"addresses": ["10.0.0.1/24", "10.0.0.1/16"]}, "network.addresses[1]", "twice"),
        ({**STATIC, "gateways": ["198.51.100.1"]}, "network.gateways[0]", "in the network of none"),
        ({**STATIC, "gateways": ["192.0.2.10"]}, "network.gateways[0]", "own address"),
        ({**STATIC, "gateways": ["192.0.2.1", "192.0.2.2"]}, "network.gateways[1]", "a second one for IPv4"),
        ({"gateways": ["192.0.2.1"]}, "network.gateways[0]", "in the network of none"),
        ({"gateways": ["router"]}, "network.gateways[0]", "expected an IPv4 or IPv6 address"),
        ({"dns": ["ns.example.org"]}, "network.dns[0]", "name server"),
        ({"search": ["Example org"]}, "network.search[0]", "domain name"),
    ],
)
def test_whatever_is_wrong_is_told_by_its_key_path(network, path, words):
    [problem] = network_problems(network, [MAC])
    assert problem.startswith(f"{path}: ")
    assert words in problem


@pytest.mark.parametrize("macs", [[], [MAC, "52:54:00:12:34:57"]])
def test_the_network_card_is_named_where_it_is_not_certain(macs):
    [problem] = network_problems({"vlan": 7}, macs)
    assert problem.startswith("network.mac: expected one")
    assert network_problems({"vlan": 7, "mac": MAC}, macs) == []


def test_the_only_network_card_need_not_be_named():
    assert mac_of({"vlan": 7}, [MAC]) == MAC


def test_the_network_as_cloud_init_says_it():
    assert network_config({"mac": MAC, **STATIC}) == {
        "version": 1,
        "config": [
            {
                "type": "physical",
                "name": "net0",
                "mac_address": MAC,
                "subnets": [
                    {
                        "type": "static",
                        "address": "192.0.2.10/24",
                        "gateway": "192.0.2.1",
                        "dns_nameservers": STATIC["dns"],
                        "dns_search": STATIC["search"],
                    },
                    {"type": "static6", "address": "2001:db8::10/64", "gateway": "fe80::1"},
                ],
            }
        ],
    }


def test_a_vlan_by_dhcp_as_cloud_init_says_it():
    card, vlan = network_config({"mac": MAC, "vlan": 7})["config"]
    assert card["subnets"] == [{"type": "manual"}]
    assert vlan == {
        "type": "vlan",
        "name": "net0.7",
        "vlan_link": "net0",
        "vlan_id": 7,
        "subnets": [{"type": "dhcp4"}],
    }


def test_the_network_as_openstack_says_it():
    data = network_data({"mac": MAC, "vlan": 7, **STATIC})
    assert data["links"] == [
        {"id": "net0", "type": "phy", "ethernet_mac_address": MAC},
        {"id": "net0.7", "type": "vlan", "vlan_id": 7, "vlan_link": "net0", "vlan_mac_address": MAC},
    ]
    assert [(each["type"], each["link"], each["ip_address"], each["netmask"]) for each in data["networks"]] == [
        ("ipv4", "net0.7", "192.0.2.10", "255.255.255.0"),
        ("ipv6", "net0.7", "2001:db8::10", "ffff:ffff:ffff:ffff::"),
    ]
    assert [each["routes"][0]["gateway"] for each in data["networks"]] == ["192.0.2.1", "fe80::1"]
    assert data["services"][0] == {"type": "dns", "address": "192.0.2.53"}
    assert network_data({"mac": MAC, "dns": ["192.0.2.53"]})["networks"][0]["type"] == "ipv4_dhcp"
