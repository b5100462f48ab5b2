"""What is typed at a console, and what of it reaches the server."""

import pytest

from bmc.console.escapes import HELP, POWER_KEYS, Ask, Do, Escapes, Out, Shown, Wish, question
from bmc.model.power import PowerAction

E = b"\x05"


@pytest.mark.parametrize(
    ("typed", "out"),
    [
        (b"ls\r", [b"ls\r"]),
        (b"\x03\x1b[A\xff\x00", [b"\x03\x1b[A\xff\x00"]),
        (E + b"c.", [Wish.LEAVE]),
        (b"ls" + E + b"c.x", [b"ls", Wish.LEAVE, b"x"]),
        (E + b"c?" + E + b"cw" + E + b"cr", [Wish.HELP, Wish.WHO, Wish.REPLAY]),
        (E + b"cf" + E + b"cs", [Wish.TAKE, Wish.SPY]),
        (E + b"cl0", [Wish.BREAK]),
        (E + b"cl1", [Wish.NOTHING]),
        (E + b"cx", [Wish.NOTHING]),
        (E + b"x", [E + b"x"]),
        (E + E + b"x", [E + E + b"x"]),
        (E + E + b"c.", [E, Wish.LEAVE]),
        (E + b"c" + E + b"ls", [E + b"cls"]),
        (E + b"cpcy", [Wish.POWER, Ask(PowerAction.POWER_CYCLE), Do(PowerAction.POWER_CYCLE)]),
        (E + b"cpfY", [Wish.POWER, Ask(PowerAction.FORCE_OFF), Do(PowerAction.FORCE_OFF)]),
        (E + b"cpfn", [Wish.POWER, Ask(PowerAction.FORCE_OFF), Wish.NOTHING]),
        (E + b"cpf\r", [Wish.POWER, Ask(PowerAction.FORCE_OFF), Wish.NOTHING]),
        (E + b"cp\x1b", [Wish.POWER, Wish.NOTHING]),
        (E + b"cpf" + E + b"c.", [Wish.POWER, Ask(PowerAction.FORCE_OFF), Wish.NOTHING, b"c."]),
        (b"y", [b"y"]),
    ],
)
def test_what_follows_the_escape_is_ours_and_nothing_else(typed: bytes, out: list[Out]) -> None:
    assert list(Escapes().feed(typed)) == out
    escapes, joined = Escapes(), list[Out]()
    for byte in typed:  # as a person types: one key at a time
        for each in escapes.feed(bytes([byte])):
            if isinstance(each, bytes) and joined and isinstance(joined[-1], bytes):
                joined[-1] += each
            else:
                joined.append(each)
    assert joined == out


def test_a_control_e_is_held_until_the_next_key_tells_whose_it_is() -> None:
    escapes = Escapes()
    assert list(escapes.feed(E)) == []
    assert list(escapes.feed(b"\r")) == [E + b"\r"]


@pytest.mark.parametrize("key", POWER_KEYS)
def test_each_power_key_asks_by_the_nodes_name_and_is_in_the_help(key: str) -> None:
    action, words = POWER_KEYS[key]
    assert list(Escapes().feed(E + b"cp" + key.encode() + b"y")) == [Wish.POWER, Ask(action), Do(action)]
    assert question("n1", action) == f"n1: {words}? y does it, any other key does not"
    assert f"{key} {words}" in "\n".join(HELP)


def test_the_last_lines_are_those_that_were_shown_last() -> None:
    shown = Shown()
    for number in range(1000):
        shown.keep(f"line {number}\r\n".encode())
    lines = shown.last_lines().split(b"\r\n")
    assert (lines[0], lines[-2], lines[-1], len(lines)) == (b"line 980", b"line 999", b"", 21)
