"""What was printed, as lines that a person reads and searches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bmc.console.lines import LONGEST, Chunk, lines, overlap, shown, unseen

SHOWN = [
    (b"plain", "plain"),
    (b"ends with a return\r", "ends with a return"),
    (b"\x1b[1;31mError\x1b[0m: no \x1b[4mdisk\x1b[m", "Error: no disk"),
    (b"\x1b]0;root@n1: ~\x07root@n1:~# ls", "root@n1:~# ls"),
    (b"\x1b(B\x1b[?2004h$ \x1b=echo", "$ echo"),
    (b" 10%\r 55%\r100%", "100%"),
    (b"fetching 10%\rdone\x1b[K", "done"),
    (b"fetching 10%\rdone", "donehing 10%"),
    (b"fetching 10%\r\x1b[Kdone", "done"),
    (b"|\b/\b-\bok", "ok"),
    (b"lss\b \b -l", "ls -l"),
    (b"caf\xc3\xa9 \xff\x00\x07", "caf\u00e9 \ufffd"),
    (b"  OK  ] Started \xe2\x80\xa6", "  OK  ] Started \u2026"),
    (b"cut off \x1b[31", "cut off"),
]


@pytest.mark.parametrize(("printed", "text"), SHOWN, ids=[text for _, text in SHOWN])
def test_a_line_is_what_a_terminal_shows_in_the_end(printed: bytes, text: str):
    assert shown(printed) == text


def test_lines_have_the_time_and_place_of_their_first_byte():
    chunks = [Chunk(1.0, 100, b"one\r\ntw"), Chunk(2.0, 107, b"o\n\n"), Chunk(3.0, 110, b"login: ")]
    assert [(line.at, line.position, line.text) for line in lines(chunks)] == [
        (1.0, 100, "one"),
        (1.0, 105, "two"),
        (3.0, 110, "login:"),
    ]


def test_firmware_that_moves_the_cursor_instead_of_ending_lines_has_lines_too():
    menu = b"\x1b[2J\x1b[01;01HBoot Manager\x1b[05;03HUEFI QEMU DVD-ROM\x1b[06;03HEFI Internal Shell"
    assert [line.text for line in lines([Chunk(0.0, 0, menu)])] == [
        "Boot Manager",
        "UEFI QEMU DVD-ROM",
        "EFI Internal Shell",
    ]


def test_what_never_ends_is_cut():
    assert [len(line.text) for line in lines([Chunk(0.0, 0, b"x" * (2 * LONGEST + 1))])] == [LONGEST, LONGEST, 1]


@given(st.binary(max_size=300))
def test_whatever_is_printed_has_lines(data: bytes):
    for line in lines([Chunk(0.0, 0, data)]):
        assert line.text
        assert line.text.isprintable() or "\t" in line.text or not line.text.isascii()


@pytest.mark.parametrize(
    ("known", "kept", "new"),
    [
        (b"", b"all", b"all"),
        (b"one two", b"one two three", b" three"),
        (b"one two", b"one two", b""),
        (b"zero one two", b"one two three", b" three"),
        (b"one two", b"three four", b"three four"),
        (b"one two", b"", b""),
        (b"boot\nboot\n", b"boot\nboot\nboot\n", b"boot\n"),
        (b"later than what was kept", b"later than", b""),
    ],
)
def test_what_came_after_what_is_known(known: bytes, kept: bytes, new: bytes):
    assert unseen(known, kept) == new


@given(st.text("ab", max_size=40), st.text("ab", max_size=40))
def test_the_overlap_is_the_longest(before: str, after: str):
    longest = max(n for n in range(min(len(before), len(after)) + 1) if before.endswith(after[:n]))
    assert overlap(before.encode(), after.encode()) == longest
