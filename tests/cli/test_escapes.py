"""What is typed at a console, and what of it reaches the server."""

import pytest

from bmc.cli.escapes import Escapes, Wish


@pytest.mark.parametrize(
    ("typed", "out"),
    [
        (b"~.", [Wish.LEAVE]),
        (b"ls\r~.", [b"ls\r", Wish.LEAVE]),
        (b"a~.", [b"a~."]),
        (b"~~", [b"~"]),
        (b"~~.", [b"~."]),
        (b"~~~.", [b"~~."]),
        (b"\r~x~.", [b"\r~x~."]),
        (b"~\r~.", [b"~\r", Wish.LEAVE]),
        (b"~B~?~.", [Wish.BREAK, Wish.HELP, Wish.LEAVE]),
        (b"\x03\x1b[A", [b"\x03\x1b[A"]),
    ],
)
def test_a_tilde_at_the_beginning_of_a_line_is_ours_and_nothing_else(typed: bytes, out: list[bytes | Wish]) -> None:
    assert list(Escapes().feed(typed)) == out
    escapes, joined = Escapes(), list[bytes | Wish]()
    for byte in typed:  # as a person types: one key at a time
        for each in escapes.feed(bytes([byte])):
            if isinstance(each, bytes) and joined and isinstance(joined[-1], bytes):
                joined[-1] += each
            else:
                joined.append(each)
    assert joined == out
