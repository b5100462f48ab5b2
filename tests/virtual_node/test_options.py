"""Options: what is filled in, and that every mistake names its place."""

from uuid import UUID

import pytest

from bmc.model.errors import InvalidRequest
from bmc.virtual_node.options import GIB, complete_options, parse_options

NODE = UUID("3b9f2e0c-52c3-4e3b-9d0a-8a8f5f0f4a11")

MISTAKES = [
    ({"cpus": 0}, "options.cpus: "),
    ({"memory_mib": "much"}, "options.memory_mib: "),
    ({"firmware": "coreboot"}, "options.firmware: "),
    ({"accelerator": "xen"}, "options.accelerator: "),
    ({"disks": [{"size_gib": 1}, {"size_gib": 0}]}, "options.disks[1].size_gib: "),
    ({"disks": [{}]}, "options.disks[0]: needs exactly one of size_gib and size_mib"),
    ({"disks": [{"size_gib": 1, "size_mib": 1}]}, "options.disks[0]: needs exactly one"),
    ({"disks": [{"size_gib": 1, "bus": "floppy"}]}, "options.disks[0].bus: "),
    ({"disks": [{"size_gib": 1, "serial": "a,b"}]}, "options.disks[0].serial: "),
    ({"disks": [{"size_gib": 1, "serial": "x"}] * 2}, "disks: two have the same serial"),
    ({"disks": [{"size_gib": 1, "bus": "sata"}] * 6}, "disks: at most 5 may have bus sata"),
    ({"nics": [{"mac": "01:00:5e:00:00:01"}]}, "options.nics[0].mac: "),
    ({"nics": [{"model": "ne2000"}]}, "options.nics[0].model: "),
    ({"nics": [{"mac": "52:54:00:00:00:01"}] * 2}, "nics: two have the same mac"),
    ({"nics": [{"network": "bridge"}]}, 'options.nics[0].network: expected "user", or exactly one of bridge'),
    ({"nics": [{"network": {}}]}, 'options.nics[0].network: expected "user", or exactly one of bridge'),
    ({"colour": "red"}, "options.colour: there is no such option"),
]


@pytest.mark.parametrize(("options", "complaint"), MISTAKES)
def test_a_mistake_names_its_place(options, complaint):
    with pytest.raises(InvalidRequest) as error:
        parse_options(options, NODE)
    assert complaint in str(error.value)


def test_every_mistake_is_named_at_once():
    with pytest.raises(InvalidRequest) as error:
        parse_options({"cpus": 0, "disks": [{"size_gib": 0}]}, NODE)
    assert "options.cpus" in str(error.value)
    assert "options.disks[0].size_gib" in str(error.value)


def test_macs_and_serials_come_from_the_uuid_and_stay():
    options = {
        "nics": [{}, {"mac": "52:54:00:AA:BB:CC"}],
        "disks": [{"size_gib": 1}, {"size_mib": 5, "serial": "mine"}],
    }
    completed = complete_options(options, NODE)
    assert completed == complete_options(options, NODE)
    assert complete_options(completed, UUID(int=1)) == completed, "once stored they no longer depend on anything"
    parsed = parse_options(completed, NODE)
    assert [nic.mac for nic in parsed.nics][1] == "52:54:00:aa:bb:cc"
    assert str(parsed.nics[0].mac).startswith("52:54:00:")
    assert parsed.disks[0].serial == "LO3B9F2E0C52C3-0"
    assert [disk.size for disk in parsed.disks] == [GIB, 5 << 20]
    other = parse_options(options, UUID(int=1))
    assert other.nics[0].mac != parsed.nics[0].mac


def test_the_defaults_are_a_whole_machine():
    parsed = parse_options({}, NODE)
    assert (len(parsed.disks), len(parsed.nics), parsed.firmware) == (1, 1, "bios")
