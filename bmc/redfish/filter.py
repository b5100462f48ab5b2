"""$filter: a condition on the members of a collection (DSP0266 §7.3.4), or on events (§13.5).

or-expression  = and-expression *( "or" and-expression )
and-expression = term *( "and" term )
term           = "not" term / "(" or-expression ")" / comparison / "contains" "(" operand "," operand ")"
comparison     = operand ( "eq" / "ne" / "gt" / "ge" / "lt" / "le" ) operand
operand        = path / 'text' / number / true / false / null / date and time

`contains` is OData's, and beyond DSP0266; here small letters and capitals are the same to it.
"""

import operator
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

Condition = Callable[[Mapping[str, Any]], bool]
Operand = Callable[[Mapping[str, Any]], Any]

DEEPEST = 32
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<moment>\d{4}-\d\d-\d\dT[0-9:.+Z-]+)|(?P<number>[+-]?\d+(?:\.\d+)?)"
    r"|(?P<bracket>[(),])|(?P<word>[A-Za-z_@#][\w@.#/-]*))"
)
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_CONSTANTS = {"true": True, "false": False, "null": None}


class BadFilter(ValueError):
    """It is no such expression; the text says where, what stands there, and what was expected."""


def parse_filter(text: str, names: Collection[str] | None = None) -> Condition:
    """:raise BadFilter: also of a property that is not among `names`."""
    return _Parser(text, names).whole()


class _Parser:
    def __init__(self, text: str, names: Collection[str] | None) -> None:
        self._names = names
        self._tokens: list[tuple[str, str]] = []
        self._places: list[int] = []
        self._next = 0
        self._depth = 0
        at, end = 0, len(text.rstrip())
        while at < end:
            found = _TOKEN.match(text, at)
            if found is None:
                there = text[at:].lstrip()
                where = len(text) - len(there) + 1
                raise BadFilter(f"at character {where}, {there[:20]!r} is no property, 'text', number or time")
            self._tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            self._places.append(found.start(str(found.lastgroup)) + 1)
            at = found.end()

    def whole(self) -> Condition:
        condition = self._or()
        if self._next < len(self._tokens):
            self._next += 1
            raise self._wrong("and, or, or the end")
        return condition

    def _wrong(self, expected: str) -> BadFilter:
        """What was taken last is something else."""
        place, (_, token) = self._places[self._next - 1], self._tokens[self._next - 1]
        return BadFilter(f"at character {place} stands {token[:64]!r}; expected {expected}")

    def _take(self) -> tuple[str, str]:
        if self._next == len(self._tokens):
            raise BadFilter("it ends too early")
        self._next += 1
        return self._tokens[self._next - 1]

    def _is(self, *token: str) -> bool:
        """Whether this comes next; it is taken then."""
        here = self._next < len(self._tokens) and self._tokens[self._next] == token
        self._next += here
        return here

    def _or(self) -> Condition:
        parts = [self._and()]
        while self._is("word", "or"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else lambda body: any(part(body) for part in parts)

    def _and(self) -> Condition:
        parts = [self._term()]
        while self._is("word", "and"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else lambda body: all(part(body) for part in parts)

    def _term(self) -> Condition:
        self._depth += 1
        if self._depth > DEEPEST:
            raise BadFilter(f"it is nested more than {DEEPEST} deep")
        if self._is("word", "not"):
            inner = self._term()
            condition: Condition = lambda body: not inner(body)  # noqa: E731
        elif self._is("bracket", "("):
            condition = self._or()
            if not self._is("bracket", ")"):
                raise BadFilter("a bracket is not closed")
        elif self._is("word", "contains"):
            condition = self._contains()
        else:
            condition = self._comparison()
        self._depth -= 1
        return condition

    def _contains(self) -> Condition:
        if not self._is("bracket", "("):
            raise BadFilter("contains takes (property,'text')")
        where = self._operand()
        if not self._is("bracket", ","):
            raise BadFilter("contains takes (property,'text')")
        what = self._operand()
        if not self._is("bracket", ")"):
            raise BadFilter("a bracket is not closed")
        return lambda body: _holds(where(body), what(body))

    def _comparison(self) -> Condition:
        left = self._operand()
        kind, name = self._take()
        if kind != "word" or name not in {"eq", "ne", *_ORDERS}:
            raise self._wrong("eq, ne, gt, ge, lt or le")
        right = self._operand()
        if name in _ORDERS:
            order = _ORDERS[name]
            return lambda body: _ordered(order, left(body), right(body))
        return lambda body: _same(left(body), right(body)) is (name == "eq")

    def _operand(self) -> Operand:
        kind, token = self._take()
        if kind == "word" and token not in _CONSTANTS:
            if self._names is not None and token not in self._names:
                raise self._wrong(f"one of {', '.join(self._names)}")
            path = token.split("/")
            return lambda body: _find(body, path)
        if kind == "bracket":
            raise self._wrong("a property or a value")
        value: Any = token
        if kind == "text":
            value = token[1:-1].replace("''", "'")
        elif kind == "number":
            value = float(token)
        elif kind == "word":
            value = _CONSTANTS[token]
        return lambda _: value


def _find(body: Any, path: list[str]) -> Any:
    """What is not there is null."""
    for name in path:
        body = body.get(name) if isinstance(body, Mapping) else None
    return body


def _kind(value: Any) -> type:
    return float if isinstance(value, int) and not isinstance(value, bool) else type(value)


def _same(left: Any, right: Any) -> bool:
    return _kind(left) is _kind(right) and bool(left == right)


def _holds(whole: Any, part: Any) -> bool:
    return isinstance(whole, str) and isinstance(part, str) and part.casefold() in whole.casefold()


def _ordered(order: Callable[[Any, Any], bool], left: Any, right: Any) -> bool:
    """Numbers by number, texts by text (times are written so that this is their order); else there is no order."""
    return _kind(left) is _kind(right) and _kind(left) in (float, str) and order(left, right)
