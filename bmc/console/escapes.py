"""What a person at a serial console types to us and not to the server: conserver's keys, and those of power.

A table and no I/O: bytes typed in, bytes for the server and wishes out. Every door that shows a console has this one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from bmc.model.power import PowerAction

CONTROL_E = 0x05
ESCAPE = b"\x05c"
LAST_LINES = 20
_KEPT = 8192


class Wish(Enum):
    """`TAKE` the keyboard; `SPY`: let go of it. `NOTHING`: what was typed means nothing, or was not confirmed."""

    LEAVE = auto()
    BREAK = auto()
    HELP = auto()
    WHO = auto()
    TAKE = auto()
    SPY = auto()
    REPLAY = auto()
    POWER = auto()
    NOTHING = auto()


@dataclass(frozen=True, slots=True)
class Ask:
    """The person has chosen this, and is to be asked whether they mean it."""

    action: PowerAction


@dataclass(frozen=True, slots=True)
class Do:
    """They mean it."""

    action: PowerAction


class _State(Enum):
    TYPING = auto()
    HELD = auto()
    ESCAPED = auto()
    BREAK = auto()
    POWER = auto()
    ASKED = auto()


Out = bytes | Wish | Ask | Do

POWER_KEYS = {
    "o": (PowerAction.ON, "power on"),
    "f": (PowerAction.FORCE_OFF, "power off at once"),
    "s": (PowerAction.GRACEFUL_SHUTDOWN, "ask the system to shut down"),
    "c": (PowerAction.POWER_CYCLE, "power off and on"),
    "r": (PowerAction.FORCE_RESTART, "reset"),
}
_WORDS = dict(POWER_KEYS.values())

# What a byte does in a state, where it does not do what _OTHERWISE says: the next state, and what comes out.
_TABLE: dict[tuple[_State, int], tuple[_State, Out | None]] = {
    (_State.TYPING, CONTROL_E): (_State.HELD, None),
    (_State.HELD, ord("c")): (_State.ESCAPED, None),
    (_State.HELD, CONTROL_E): (_State.HELD, bytes([CONTROL_E])),
    (_State.ESCAPED, ord(".")): (_State.TYPING, Wish.LEAVE),
    (_State.ESCAPED, ord("?")): (_State.TYPING, Wish.HELP),
    (_State.ESCAPED, ord("w")): (_State.TYPING, Wish.WHO),
    (_State.ESCAPED, ord("f")): (_State.TYPING, Wish.TAKE),
    (_State.ESCAPED, ord("s")): (_State.TYPING, Wish.SPY),
    (_State.ESCAPED, ord("r")): (_State.TYPING, Wish.REPLAY),
    (_State.ESCAPED, ord("l")): (_State.BREAK, None),
    (_State.ESCAPED, ord("p")): (_State.POWER, Wish.POWER),
    (_State.ESCAPED, CONTROL_E): (_State.TYPING, ESCAPE),
    (_State.BREAK, ord("0")): (_State.TYPING, Wish.BREAK),
    **{(_State.POWER, ord(key)): (_State.ASKED, Ask(action)) for key, (action, _) in POWER_KEYS.items()},
}
_OTHERWISE: dict[_State, tuple[_State, Out | None]] = {
    _State.ESCAPED: (_State.TYPING, Wish.NOTHING),
    _State.BREAK: (_State.TYPING, Wish.NOTHING),
    _State.POWER: (_State.TYPING, Wish.NOTHING),
    _State.ASKED: (_State.TYPING, Wish.NOTHING),
}


class Escapes:
    """One person's keyboard. ^E is held until the next key says whether it was ours."""

    def __init__(self) -> None:
        self._state = _State.TYPING
        self._asked: PowerAction | None = None

    def feed(self, typed: bytes) -> Iterator[Out]:
        passed = bytearray()
        for byte in typed:
            out = self._next(byte)
            if isinstance(out, bytes):
                passed += out
            elif out is not None:
                if passed:
                    yield bytes(passed)
                    passed.clear()
                yield out
        if passed:
            yield bytes(passed)

    def _next(self, byte: int) -> Out | None:
        before = self._state
        if before is _State.ASKED and self._asked is not None and byte in b"yY":
            self._state = _State.TYPING
            return Do(self._asked)
        found = _TABLE.get((before, byte)) or _OTHERWISE.get(before)
        if found is None:
            self._state = _State.TYPING
            return bytes([byte] if before is _State.TYPING else [CONTROL_E, byte])
        self._state, out = found
        if isinstance(out, Ask):
            self._asked = out.action
        return out


HELP = (
    "^Ec.   leave the console",
    "^Ec?   this help",
    "^Ecw   who is here, and who types",
    "^Ecf   take the keyboard from whoever has it",
    "^Ecs   let go of the keyboard, and only watch",
    f"^Ecr   the last {LAST_LINES} lines again",
    "^Ecl0  send a break",
    "^Ecp   power: " + ", ".join(f"{key} {words}" for key, (_, words) in POWER_KEYS.items()) + "; each asks first",
    "^Ec^E  send ^Ec to the server",
)
NOTHING = "nothing was done"


def power_menu(name: str, power: str) -> str:
    keys = ", ".join(f"{key} {words}" for key, (_, words) in POWER_KEYS.items())
    return f"{name} is {power}; {keys}; any other key: nothing"


def question(name: str, action: PowerAction) -> str:
    return f"{name}: {_WORDS[action]}? y does it, any other key does not"


def note(*lines: str) -> bytes:
    """What we say between what the server prints."""
    return "".join(f"\r\n[bmc: {line}]" for line in lines).encode(errors="replace") + b"\r\n"


class Shown:
    """What a viewer has seen last."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def keep(self, data: bytes) -> None:
        self._kept += data
        del self._kept[:-_KEPT]

    def last_lines(self) -> bytes:
        return b"\n".join(bytes(self._kept).split(b"\n")[-LAST_LINES - 1 :])
