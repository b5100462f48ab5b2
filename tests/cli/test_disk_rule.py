"""--disk KEY=VALUE, once or more, says which disk is meant."""

import pytest

from bmc.cli.errors import CliError
from bmc.cli.nodes import DISK_RULES, disk_rule
from bmc.redfish.system_actions import DiskBody


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (None, None),
        (["serial=S=1"], {"Serial": "S=1"}),
        (["min_size=512", "rotational=false"], {"MinSizeBytes": 512, "Rotational": False}),
        (["bus=nvme", "pick=smallest"], {"Bus": "nvme", "Pick": "smallest"}),
        (["size=large"], {"SizeBytes": "large"}),
    ],
)
def test_the_words_make_the_body_of_the_action(words, rule):
    assert disk_rule(words) == ({"Disk": rule} if rule else {})


@pytest.mark.parametrize("word", ["vda", "colour=red", "=x"])
def test_a_word_that_says_nothing_is_refused_with_what_is_possible(word):
    with pytest.raises(CliError, match=r"expected KEY=VALUE with one of serial, name, "):
        disk_rule([word])


@pytest.mark.parametrize("word", ["rotational=yes", "rotational="])
def test_a_truth_is_true_or_false(word):
    with pytest.raises(CliError, match="rotational: expected true or false"):
        disk_rule([word])


def test_every_key_is_one_of_the_action():
    fields = {field.alias for field in DiskBody.model_fields.values()}
    assert fields == set(DISK_RULES.values())
