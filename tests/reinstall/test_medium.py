"""The deploy medium holds the job's configuration, and nobody else may read it."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bmc.model.errors import InvalidRequest
from bmc.reinstall.build import Artefacts
from bmc.reinstall.build_tools import run
from bmc.reinstall.medium import build_medium, shell_lines

LIBRARY = Path(__file__).parents[2] / "bmc/reinstall/ramdisk/lightsout.sh"
CONF = {"api": "http://10.0.2.2", "token": 'it\'s "secret"'}


def read(medium: Path, name: str, out: Path) -> bytes:
    run("xorriso", "-osirrox", "on", "-indev", medium, "-extract", name, out)
    return out.read_bytes()


def test_the_medium_holds_the_configuration_and_is_private(artefacts: Artefacts, tmp_path: Path) -> None:
    medium = tmp_path / "job.iso"
    build_medium(artefacts, CONF, medium)
    assert read(medium, "/lightsout/job.conf", tmp_path / "job.conf").decode() == shell_lines(CONF)
    assert read(medium, "/boot/initrd", tmp_path / "initrd") == artefacts.initrd.read_bytes()
    assert medium.stat().st_mode & 0o777 == 0o600
    assert sorted(file.name for file in tmp_path.iterdir()) == ["initrd", "job.conf", "job.iso"]


def test_the_medium_boots_from_cd_and_stick_by_bios_and_uefi(artefacts: Artefacts, tmp_path: Path) -> None:
    build_medium(artefacts, CONF, tmp_path / "job.iso")
    report = run(
        "xorriso", "-indev", tmp_path / "job.iso", "-report_el_torito", "plain", "-report_system_area", "plain"
    )
    assert re.search(rb"El Torito boot img : +1 +BIOS", report)
    assert re.search(rb"El Torito boot img : +2 +UEFI", report)
    assert b"isohybrid" in report


def test_no_secret_is_in_a_command_line(artefacts: Artefacts, tmp_path: Path) -> None:
    build_medium(artefacts, CONF, tmp_path / "job.iso")
    for name in ("/isolinux/isolinux.cfg", "/lightsout/deploy.cfg"):
        assert b"secret" not in read(tmp_path / "job.iso", name, tmp_path / "config")


def test_a_medium_takes_less_than_a_second_of_a_processor(artefacts: Artefacts, tmp_path: Path) -> None:
    before = sum(os.times()[:4])
    build_medium(artefacts, CONF, tmp_path / "job.iso")
    assert sum(os.times()[:4]) - before < 1


@pytest.mark.parametrize(("key", "value"), [("Token", "x"), ("a b", "x"), ("x';reboot;'", "x"), ("token", "a\0b")])
def test_what_is_no_shell_line_is_refused(key: str, value: str) -> None:
    with pytest.raises(InvalidRequest, match="expected a lower-case name"):
        shell_lines({key: value})


def value(key: str, file: Path) -> str:
    """As the ramdisk and the systems read it: by BusyBox."""
    script = '. "$1"; value "$2" "$3"'
    done = subprocess.run(["busybox", "sh", "-c", script, "sh", LIBRARY, key, file], capture_output=True, check=True)
    return done.stdout.decode().removesuffix("\n")


# What awk and the command substitution of a shell cannot carry: other white space than blanks and lines at the end.
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0\1\r"), max_size=40)


@settings(max_examples=60)
@given(first=TEXT, second=TEXT)
def test_a_value_is_read_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, first: str, second: str) -> None:
    file = tmp_path_factory.mktemp("conf") / "job.conf"
    file.write_text(shell_lines({"api": first, "token": second}), newline="")
    assert value("token", file) == second
    assert value("api", file) == first


def test_a_value_never_stands_for_another_key(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text(shell_lines({"sshkeys": "a\nproof_token='forged'\n", "proof_token": "true"}))
    assert value("proof_token", file) == "true"
    file.write_text(shell_lines({"sshkeys": "a\nproof_token='forged'\n"}))
    assert value("proof_token", file) == ""


def test_values_quoted_by_others_are_read_too(tmp_path: Path) -> None:
    file = tmp_path / "env"
    text = "# a comment\n\nplain=word\nquoted=" + shlex.quote("it's $HOME `reboot`") + '\ndouble="a b"\n'
    file.write_text(text)
    assert [value(key, file) for key in ("plain", "quoted", "double", "absent")] == [
        "word", "it's $HOME `reboot`", "a b", "",
    ]  # fmt: skip
