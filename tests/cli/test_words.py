"""What a person types, and what `bmc` makes of it before it asks the service."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bmc.cli import app
from bmc.cli.errors import CliError
from bmc.cli.files import read
from bmc.cli.words import one_of
from bmc.model.boot import BootTarget
from bmc.model.caller import Role
from bmc.model.power import PowerAction


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("on", PowerAction.ON),
        ("FORCEOFF", PowerAction.FORCE_OFF),
        ("NMI", PowerAction.NMI),
        ("pxe", BootTarget.PXE),
        ("biossetup", BootTarget.BIOS_SETUP),
        ("none", BootTarget.NONE),
        ("operator", Role.OPERATOR),
        ("ReadOnly", Role.READ_ONLY),
    ],
)
def test_a_word_is_taken_in_any_case(typed: str, word: PowerAction | BootTarget | Role) -> None:
    assert one_of(type(word))(typed) is word


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["power", "n1", "explode"], "PushPowerButton"),
        (["boot", "n1", "floppy"], "BiosSetup"),
        (["node", "ipmi-user", "n1", "me", "--key-file", "/dev/null", "--role", "king"], "ReadOnly"),
    ],
)
def test_a_word_that_is_none_is_refused_with_the_whole_list(command: list[str], expected: str) -> None:
    refused = CliRunner().invoke(app, command, env={"COLUMNS": "200"})
    assert refused.exit_code == 2
    assert expected in refused.output


def test_the_help_lists_every_action_and_shows_the_table_that_a_file_needs() -> None:
    helped = CliRunner().invoke(app, ["power", "--help"], env={"COLUMNS": "200"}).output
    assert [action.value for action in PowerAction if action.value not in helped] == []
    assert "[[node]]" in CliRunner().invoke(app, ["node", "apply", "--help"], env={"COLUMNS": "200"}).output


def test_a_file_that_cannot_be_read_is_named_once(tmp_path: Path) -> None:
    with pytest.raises(CliError) as missing:
        read(tmp_path / "missing")
    assert str(missing.value) == f"{tmp_path / 'missing'}: No such file or directory"
    (tmp_path / "image").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(CliError, match="is no text"):
        read(tmp_path / "image")
