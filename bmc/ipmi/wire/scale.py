"""The scale of a sensor's raw readings, IPMI v2.0 §36.3, and its form in records, §43.1."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from bmc.ipmi.wire.errors import expect_length


class Linearization(IntEnum):
    """Table 43-1, byte 24."""

    LINEAR = 0x00
    LN = 0x01
    LOG10 = 0x02
    LOG2 = 0x03
    EXP = 0x04
    EXP10 = 0x05
    EXP2 = 0x06
    INVERSE = 0x07
    SQUARE = 0x08
    CUBE = 0x09
    SQUARE_ROOT = 0x0A
    CUBE_ROOT = 0x0B


_CURVES: dict[Linearization, tuple[Callable[[float], float], Callable[[float], float]]] = {
    Linearization.LINEAR: (float, float),
    Linearization.LN: (math.log, math.exp),
    Linearization.LOG10: (math.log10, lambda value: 10.0**value),
    Linearization.LOG2: (math.log2, lambda value: 2.0**value),
    Linearization.EXP: (math.exp, math.log),
    Linearization.EXP10: (lambda linear: 10.0**linear, math.log10),
    Linearization.EXP2: (lambda linear: 2.0**linear, math.log2),
    Linearization.INVERSE: (lambda linear: 1 / linear, lambda value: 1 / value),
    Linearization.SQUARE: (lambda linear: linear**2, math.sqrt),
    Linearization.CUBE: (lambda linear: linear**3, math.cbrt),
    Linearization.SQUARE_ROOT: (math.sqrt, lambda value: value**2),
    Linearization.CUBE_ROOT: (math.cbrt, lambda value: value**3),
}
"""L, and the way back."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A reading is L((m·raw + b·10^b_exp)·10^r_exp), §36.3; raw is 0 to 255, unless a record says that it is signed."""

    m: int
    b: int = 0
    b_exp: int = 0
    r_exp: int = 0
    linearization: Linearization = Linearization.LINEAR

    @classmethod
    def spanning(cls, minimum: float, maximum: float, wide: bool = False) -> "Scale":
        """The scale whose raw values 0 to 255 reach from `minimum` to `maximum`, in steps of two digits at most.

        A `wide` one goes by the cube, so that 0 is exactly 0 and what is small is told finely; it begins at 0.

        :raise ValueError: no such span.
        """
        if not minimum < maximum or (wide and minimum != 0):
            raise ValueError(f"no scale from {minimum:g} to {maximum:g}")
        low, high = (0.0, math.cbrt(maximum)) if wide else (minimum, maximum)
        b, b_at = _floor(round(low, 10))  # no finer than `_curve`
        step, r_exp = _ceil((high - b * 10.0**b_at) / 255)
        # b·10^(b_exp + r_exp) is b·10^b_at: what b_exp cannot say of that, b does not need to.
        b_exp = b_at - r_exp
        if (b and not -8 <= b_exp <= 7) or not -8 <= r_exp <= 7:
            raise ValueError(f"no scale from {minimum:g} to {maximum:g}")
        return cls(step, b, b_exp if b else 0, r_exp, Linearization.CUBE if wide else Linearization.LINEAR)

    def value(self, raw: int) -> float:
        """:raise ValueError: `raw` stands for no figure, as zero does where L is a logarithm."""
        return self._curve((self.m * raw + self.b * 10.0**self.b_exp) * 10.0**self.r_exp)

    def raw(self, value: float) -> int:
        """The nearest; 0 or 255 for what lies beyond the ends."""
        linear = _CURVES[self.linearization][1](value)
        return _byte((linear / 10.0**self.r_exp - self.b * 10.0**self.b_exp) / self.m)

    def distance(self, raw: int) -> float:
        """What `raw` means as a hysteresis: as clients read it, without the offset."""
        return self._curve(self.m * raw * 10.0**self.r_exp)

    def raw_distance(self, value: float) -> int:
        linear = _CURVES[self.linearization][1](value)
        return _byte(linear / 10.0**self.r_exp / self.m)

    def _curve(self, linear: float) -> float:
        # Without the dust of binary fractions: 0.4·3 is 1.2.
        rounded = round(linear, 10)
        try:
            return _CURVES[self.linearization][0](rounded)
        except ArithmeticError as error:
            raise ValueError(f"{self.linearization.name} of {rounded:g} is no figure") from error

    def pack(self) -> bytes:
        """Bytes 25 to 30 of a full record, and the factors of §35.5: tolerance and accuracy are not specified."""
        m, b = self.m & 0x3FF, self.b & 0x3FF
        exponents = (self.r_exp & 0x0F) << 4 | self.b_exp & 0x0F
        return bytes((m & 0xFF, m >> 8 << 6, b & 0xFF, b >> 8 << 6, 0, exponents))

    @classmethod
    def unpack(cls, data: bytes, linearization: Linearization = Linearization.LINEAR) -> "Scale":
        expect_length(data, 6)
        m, b = data[0] | data[1] >> 6 << 8, data[2] | data[3] >> 6 << 8
        return cls(_signed(m, 10), _signed(b, 10), _signed(data[5] & 0x0F, 4), _signed(data[5] >> 4, 4), linearization)


def _ceil(value: float) -> tuple[int, int]:
    """At least `value`, as two digits and an exponent of ten, or one where that is as exact."""
    exponent = math.floor(math.log10(value)) - 1
    digits = math.ceil(round(value / 10.0**exponent, 6))
    while digits % 10 == 0:
        digits, exponent = digits // 10, exponent + 1
    return digits, exponent


def _floor(value: float) -> tuple[int, int]:
    """At most `value`, as two digits and an exponent of ten, or one where that is as exact."""
    if not value:
        return 0, 0
    exponent = math.floor(math.log10(abs(value))) - 1
    digits = math.floor(round(value / 10.0**exponent, 6))
    while digits % 10 == 0:
        digits, exponent = digits // 10, exponent + 1
    return digits, exponent


def _byte(value: float) -> int:
    return max(0, min(255, round(value)))


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value
