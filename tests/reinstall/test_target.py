"""Which disk is meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bmc.model.errors import InvalidRequest, Refused
from bmc.model.node import Disk
from bmc.reinstall.target import RULES, choose, parse, rule_problems, same_disk

SEEN = parse(
    "nvme0n1:1000:N0:nvme:0:eui.0001:Fast 1,sda:4000:H0:sata:1:naa.50000001:Old,sdb:4000:H1:sata:1:naa.50000002:Old,"
    "sdaa:2000:U0:usb:0::Stick,vda:100"
)


def test_the_ramdisks_list_is_read_with_what_it_can_tell():
    assert SEEN[0] == Disk("nvme0n1", 1000, "N0", "nvme", "Fast 1", "eui.0001", False)
    assert SEEN[1].rotational is True
    assert SEEN[4] == Disk("vda", 100)
    assert parse("") == ()


@pytest.mark.parametrize("text", ["nonsense", "vda", "vda:x", "vda:1:a:b:0:w:m:more", ":1", "vda:1:" + "s" * 129, ","])
def test_any_other_list_is_refused(text):
    with pytest.raises(InvalidRequest, match="is not name:bytes:serial"):
        parse(text)


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        ({"serial": "H1"}, "sdb"),
        ({"name": "sda"}, "sda"),
        ({"model": "Stick"}, "sdaa"),
        ({"wwn": "naa.50000002"}, "sdb"),
        ({"size": 2000}, "sdaa"),
        ({"bus": "nvme"}, "nvme0n1"),
        ({"rotational": False, "min_size": 1500}, "sdaa"),
        ({"rotational": True, "pick": "first"}, "sda"),
        ({"max_size": 1999, "min_size": 101}, "nvme0n1"),
        ({"pick": "smallest"}, "nvme0n1"),
        ({"pick": "first"}, "sda"),
        ({"bus": "sata", "pick": "first"}, "sda"),
        ({"max_size": 2000, "pick": "largest"}, "sdaa"),
    ],
)
def test_a_rule_means_one_disk(rule, name):
    assert rule_problems(rule) == []
    assert choose(SEEN, rule, 500).name == name


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (None, "the machine has 5 disks, so the target is not certain"),
        ({"rotational": True}, "2 disks have rotational true, so"),
        ({"pick": "largest"}, "2 disks are equally the largest, so"),
        (
            {"bus": "scsi"},
            "no disk has bus scsi; seen: nvme0n1 \\(1000 bytes, serial N0, nvme, not rotational, wwn eui.0001",
        ),
        ({"name": "vda"}, "the image needs 500 bytes, but the disk is smaller"),
        ({"max_size": 100, "pick": "smallest"}, "the image needs 500 bytes, but the disk is smaller"),
    ],
)
def test_what_is_not_certain_is_refused_with_what_was_seen(rule, words):
    with pytest.raises(Refused, match=words) as refused:
        choose(SEEN, rule, 500)
    assert all(disk.name in str(refused.value) for disk in SEEN)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({}, "expected an object"),
        ("vda", "expected an object"),
        ({"colour": "red"}, "disk.colour: unknown"),
        ({"serial": ""}, "disk.serial: expected a text"),
        ({"size": True}, "disk.size: expected a number"),
        ({"min_size": -1}, "disk.min_size: expected a number"),
        ({"rotational": 1}, "disk.rotational: expected true or false"),
        ({"bus": "ide"}, "disk.bus: expected one of virtio, scsi"),
        ({"pick": "best"}, "disk.pick: expected one of smallest, largest, first"),
    ],
)
def test_a_rule_that_means_nothing_is_told(rule, words):
    (problem,) = rule_problems(rule)
    assert words in problem


VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=10) | st.sampled_from(["nvme", "smallest", "N0"])


@given(st.dictionaries(st.sampled_from(RULES), VALUES, min_size=1, max_size=4))
def test_a_rule_without_problems_chooses_one_or_refuses(rule):
    if rule_problems(rule):
        return
    try:
        assert choose(SEEN, rule, 0) in SEEN
    except Refused:
        pass


@pytest.mark.parametrize(
    ("seen", "known", "index"),
    [
        (Disk("vda", 10, "A"), [Disk("disk0", 10, "A"), Disk("disk1", 10, "B")], 0),
        (Disk("vda", 10, "B"), [Disk("disk0", 10, "A"), Disk("disk1", 10, "B")], 1),
        (Disk("vda", 10, ""), [Disk("disk0", 10, "A"), Disk("disk1", 20, "B")], 0),
        (Disk("vda", 10, "A"), [Disk("disk0", 10, ""), Disk("disk1", 20, "")], 0),
        (Disk("vda", 10, "C"), [Disk("disk0", 10, "A"), Disk("disk1", 20, "B")], None),
        (Disk("vda", 10, ""), [Disk("disk0", 10, ""), Disk("disk1", 10, "")], None),
        (Disk("vda", 10, "A"), [Disk("disk0", 10, "A"), Disk("disk1", 10, "A")], None),
        (Disk("vda", 10, "A"), [], None),
    ],
)
def test_a_disk_is_known_again_by_its_serial_or_by_its_size_where_one_has_none(seen, known, index):
    assert same_disk(seen, known) == index
