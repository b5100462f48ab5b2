"""Which disk is meant."""

import pytest

from bmc.model.node import Disk
from bmc.reinstall.target import same_disk


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
