"""What a serial line has printed, cut into lines as a person reads them. Bytes only."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LONGEST = 4096
"""Bytes of a line; what is longer is cut."""

_ENDS = re.compile(rb"\n|(?=\x1b\[[0-9;]*[Hfd])|(?=\x1bc)")
"""A line feed; or a move of the cursor to some place, as firmware menus do instead."""
_ANSI = re.compile(
    r"\x1b(?:"
    r"\[[0-?]*[ -/]*(?:[@-~]|$)"  # colours, cursor, modes
    r"|\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # titles
    r"|[PX^_][^\x1b]*(?:\x1b\\)?"  # strings for the terminal
    r"|[ -/]*[0-~]"  # character sets, keypad
    r")"
)
_ERASE = re.compile(r"\x1b\[0?K")
_ERASED = "\ufdd0"
"""A noncharacter of Unicode in the place of "erase to the end of the line"."""
_UNSEEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Printed at `at`, seconds since the epoch; `position` counts the bytes before it since the log began."""

    at: float
    position: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Line:
    """`at` and `position` are those of its first byte."""

    at: float
    position: int
    text: str


def lines(chunks: Sequence[Chunk]) -> Iterator[Line]:
    """Of chunks that follow each other, oldest first. Lines that show nothing are left out."""
    if not chunks:
        return
    data, base = b"".join(chunk.data for chunk in chunks), chunks[0].position
    starts = [chunk.position - base for chunk in chunks]
    for start, end in _pieces(data):
        if text := shown(data[start:end]):
            yield Line(chunks[bisect_right(starts, start) - 1].at, base + start, text)


def _pieces(data: bytes) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _ENDS.finditer(data):
        yield from _cut(start, match.start())
        start = match.end()
    yield from _cut(start, len(data))


def _cut(start: int, end: int) -> Iterator[tuple[int, int]]:
    for begin in range(start, end, LONGEST):
        yield begin, min(begin + LONGEST, end)


def shown(line: bytes) -> str:
    """What a terminal would show of it in the end: no colours, and of what was overwritten the last alone."""
    text = line.decode("utf-8", "replace").rstrip("\r")
    if "\x1b" in text:
        text = _ANSI.sub("", _ERASE.sub(_ERASED, text))
    if "\r" in text or "\b" in text:
        text = _overwritten(text)
    text = text.replace(_ERASED, "")
    return _UNSEEN.sub("", text).rstrip()


def _overwritten(text: str) -> str:
    cells: list[str] = []
    column = 0
    for character in text:
        if character == "\r":
            column = 0
        elif character == "\b":
            column = max(0, column - 1)
        elif character == _ERASED:
            del cells[column:]
        else:
            cells[column : column + 1] = character
            column += 1
    return "".join(cells)


def unseen(known: bytes, kept: bytes) -> bytes:
    """What in `kept` comes after `known`: the end of what was printed up to some moment, and that of what was until a
    later one.
    """
    if kept in known:
        return b""
    if (found := kept.find(known)) >= 0:
        return kept[found + len(known) :]
    return kept[overlap(known, kept) :]


def overlap(before: bytes, after: bytes) -> int:
    """The length of the longest end of `before` with which `after` begins."""
    head = after[:16]
    start = max(0, len(before) - len(after))
    while (start := _next(before, head, start)) < len(before):
        if after.startswith(before[start:]):
            return len(before) - start
        start += 1
    return 0


def _next(text: bytes, head: bytes, start: int) -> int:
    """Where `head`, or at the very end its beginning, is next in `text`."""
    if (found := text.find(head, start)) >= 0:
        return found
    for rest in range(max(start, len(text) - len(head) + 1), len(text)):
        if head.startswith(text[rest:]):
            return rest
    return len(text)
