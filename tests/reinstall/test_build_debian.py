"""Which package sources Debian 12 is built from, and that it installs to all of its proofs."""

from pathlib import Path

import pytest

from bmc.reinstall.build_debian import debian_sources
from bmc.reinstall.build_tools import BuildFailed

DEB822 = """# Debian's own
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Enabled: no
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://other.example/node
Suites: nodistro
Components: main
"""
LINES = """# deb http://mirror.example/debian bookworm main
deb-src http://mirror.example/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm-security main contrib
deb http://mirror.example/debian trixie main
deb http://other.example/debian bookworm tools
"""


def apt(tmp_path: Path, **files: str) -> Path:
    (tmp_path / "sources.list.d").mkdir()
    for name, text in files.items():
        place = tmp_path if name == "sources" else tmp_path / "sources.list.d"
        (place / ("sources.list" if name == "sources" else name.replace("_", "."))).write_text(text)
    return tmp_path


def test_the_paragraphs_for_debian_12_are_taken(tmp_path: Path) -> None:
    [paragraph] = debian_sources(apt(tmp_path, debian_sources=DEB822))
    assert paragraph.splitlines()[0] == "Types: deb deb-src"
    assert "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg" in paragraph


def test_the_lines_for_debian_12_are_taken(tmp_path: Path) -> None:
    assert debian_sources(apt(tmp_path, sources=LINES)) == [
        "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm-security main contrib"
    ]


def test_lines_and_paragraphs_stand_beside_each_other(tmp_path: Path) -> None:
    assert len(debian_sources(apt(tmp_path, sources=LINES, debian_sources=DEB822))) == 2


def test_a_machine_without_such_sources_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match="no package sources of Debian 12"):
        debian_sources(apt(tmp_path, off_disabled=DEB822))
