"""Options as people write them, and files that declare nodes."""

from pathlib import Path
from typing import Any

import pytest

from bmc.cli.declarations import declared
from bmc.cli.errors import CliError
from bmc.cli.node_options import nested, pairs_of, value_of

WORDS: list[tuple[list[str], dict[str, Any]]] = [
    (["cpus=2", "host=192.0.2.7", "on=true", "name=a b"], {"cpus": 2, "host": "192.0.2.7", "on": True, "name": "a b"}),
    (["power.adapter=modbus", "power.host=g1", "power.coil=3"], {
        "power": {"adapter": "modbus", "host": "g1", "coil": 3},
    }),
    (['sense=["modbus:di0", {adapter="ping"}]'], {"sense": ["modbus:di0", {"adapter": "ping"}]}),
    (["short=0.4s", "when=2026-01-31", "at=07:30:00", "text=x=y"], {
        "short": "0.4s", "when": "2026-01-31", "at": "07:30:00", "text": "x=y",
    }),
    (["a.b.c=1", "a.b.d=2", "a.e=3"], {"a": {"b": {"c": 1, "d": 2}, "e": 3}}),
    (['host="192"', "mac=00:11:22:33:44:55"], {"host": "192", "mac": "00:11:22:33:44:55"}),
]  # fmt: skip


@pytest.mark.parametrize(("words", "options"), WORDS)
def test_a_dotted_key_reaches_into_a_table_and_a_value_is_one_of_toml(words: list[str], options: object) -> None:
    assert nested(pairs_of(words)) == options


def test_a_change_of_a_part_of_a_table_leaves_the_rest_and_what_was_there_as_it_is() -> None:
    there = {"power": {"host": "g1", "coil": 3, "deep": {"a": 1}}, "sense": ["x"]}
    changed = nested([("power.host", "g2"), ("power.deep.b", 2)], there)
    assert changed == {"power": {"host": "g2", "coil": 3, "deep": {"a": 1, "b": 2}}}
    assert there["power"] == {"host": "g1", "coil": 3, "deep": {"a": 1}}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["cpus"], "expected KEY=VALUE"),
        (["a..b=1"], "keys with dots between"),
        (["=1"], "keys with dots between"),
        (["cpus=1", "cpus=2"], "said twice"),
        (["power=modbus", "power.host=g1"], "power.host: power is no table"),
        (["a.b=1", "a.b.c=1"], "a.b.c: a.b is no table"),
        (["sense.0=x"], "sense is no table"),
    ],
)
def test_a_word_that_makes_no_sense_is_told(words: list[str], told: str) -> None:
    with pytest.raises(CliError, match=told):
        nested(pairs_of(words), {"sense": ["x"]})


def test_a_bare_word_is_a_string() -> None:
    assert [value_of(text) for text in ("rack1", "1.5", "[1", "false", "'x'")] == ["rack1", 1.5, "[1", False, "x"]


def test_a_csv_file_is_read_row_by_row_with_its_lines(tmp_path: Path) -> None:
    file = tmp_path / "nodes.CSV"
    file.write_text(
        "\ufeffname,driver,tags,bmc.adapter,bmc.host,sense,settle\r\n"
        "a1,,rack7 lab,ipmi,192.0.2.1,,20\r\n"
        "\r\n"
        '12,qemu,"[""x y""]",,,"[""ping:192.0.2.2""]",\r\n'
    )
    first, second = declared(file)
    assert first.body() == {
        "Name": "a1",
        "Driver": "hardware",
        "Tags": ["rack7", "lab"],
        "Options": {"bmc": {"adapter": "ipmi", "host": "192.0.2.1"}, "settle": 20},
    }
    assert second.body() == {
        "Name": "12",
        "Driver": "qemu",
        "Tags": ["x y"],
        "Options": {"sense": ["ping:192.0.2.2"]},
    }
    assert [each.where for each in (first, second)] == [f"{file}:2", f"{file}:4"]
    assert first.problems + second.problems == []


def test_every_problem_of_a_file_has_its_line(tmp_path: Path) -> None:
    file = tmp_path / "nodes.csv"
    file.write_text("name,power,power.host\na1,modbus,g1\n,x,\na1,,,more\n")
    assert [(each.where.rpartition(":")[2], each.problems) for each in declared(file)] == [
        ("2", ["power.host: power is no table"]),
        ("3", ["name: expected a name"]),
        ("4", ["it has 4 cells; the first line has 3 keys", f"a1 is declared already at {file}:2"]),
    ]
    toml = tmp_path / "nodes.toml"
    toml.write_text('[[node]]\nname = "a1"\nwhen = 2026-01-31\n\n # [[node]]\n[[ node ]]\nname = 7\ntags = "lab"\n')
    assert [(each.where.rpartition(":")[2], each.problems) for each in declared(toml)] == [
        ("1", ["when: a date is no option; put it in quotes"]),
        ("6", ["name: expected a name", "tags: expected a list of words"]),
    ]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("n.toml", "", "expected [[node]] tables"),
        ("n.toml", "node = 3", "expected [[node]] tables"),
        ("n.toml", "[[nodes]]\nname = 'a'", "nodes: expected only"),
        ("n.toml", "[[node]\n", "nodes"),
        ("n.csv", "", ":1: expected a line of different keys"),
        ("n.csv", "driver,host\nqemu,x\n", "`name` among them"),
        ("n.csv", "name,name\na,b\n", "different keys"),
        ("n.csv", "name\n", "declares no node"),
    ],
)
def test_a_file_that_declares_nothing_is_refused(tmp_path: Path, name: str, text: str, told: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(CliError) as refused:
        declared(tmp_path / name)
    if told != "nodes":
        assert told in str(refused.value)
