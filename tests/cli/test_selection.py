"""Which nodes a person means."""

import pytest

from bmc.cli.errors import CliError
from bmc.cli.selection import expand, fold, split


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("n1", ["n1"]),
        ("n[1-3,7]", ["n1", "n2", "n3", "n7"]),
        ("rack[08-11]", ["rack08", "rack09", "rack10", "rack11"]),
        ("r[1-2]n[3,4]b", ["r1n3b", "r1n4b", "r2n3b", "r2n4b"]),
        ("a, n[1,3], b", ["a", "n1", "n3", "b"]),
    ],
)
def test_ranges_stand_for_names(text: str, names: list[str]) -> None:
    assert [name for word in split(text) for name in expand(word)] == names


@pytest.mark.parametrize("text", ["", "n1,", "n[", "n[]", "n[a-b]", "n[3-1]", "n]1", "n[1-3", "n[0-99999999]", "n[-1]"])
def test_what_is_no_range_is_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(CliError, match=r"expected|no range|without"):
        [name for word in split(text) for name in expand(word)]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ("n1 n2 n3", "n[1-3]"),
        ("n1 n2", "n1, n2"),
        ("n9 n10 n11 a b2", "n[9-11], a, b2"),
        ("rack08 rack09 rack10 rack12", "rack[08-10], rack12"),
        ("n3 n2 n1", "n3, n2, n1"),
        ("n1 m2 n2", "n1, m2, n2"),
        ("2 3 4", "[2-4]"),
        ("n09 n10 n011", "n09, n10, n011"),
    ],
)
def test_many_names_are_told_as_ranges_that_mean_the_same(names: str, told: str) -> None:
    assert fold(names.split()) == told
    assert [name for word in split(told) for name in expand(word)] == names.split()
