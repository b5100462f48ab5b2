"""The arguments of a press, as data: a template in the node's options, and what is put into it."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, JsonValue

from robots.button import Button

PLACEHOLDERS = ("node", "button", "target", "seconds", "sec", "nanosec")
_PLACEHOLDER = re.compile(r"\{(\w*)\}")

Words = Mapping[str, str | int | float]


def words(node: str, button: Button, target: str, seconds: float) -> Words:
    """`sec` and `nanosec` are the two fields of `builtin_interfaces/msg/Duration`."""
    named = {"node": node, "button": button.value}
    whole, rest = divmod(round(seconds * 1e9), 10**9)
    return {**named, "target": str(fill(target, named)), "seconds": seconds, "sec": whole, "nanosec": rest}


def fill(template: JsonValue, given: Words) -> JsonValue:
    """A text that is one placeholder and nothing else becomes the value itself, so that a number stays a number."""
    if isinstance(template, dict):
        return {key: fill(value, given) for key, value in template.items()}
    if isinstance(template, list):
        return [fill(value, given) for value in template]
    if not isinstance(template, str):
        return template
    if (alone := _PLACEHOLDER.fullmatch(template)) is not None:
        return given[alone[1]]
    return _PLACEHOLDER.sub(lambda found: str(given[found[1]]), template)


def _known(allowed: tuple[str, ...], template: JsonValue) -> JsonValue:
    given: Words = dict.fromkeys(allowed, "")
    try:
        fill(template, given)
    except KeyError as error:
        there = ", ".join(f"{{{name}}}" for name in allowed)
        raise ValueError(f"there is no {{{error.args[0]}}}; expected one of {there}") from None
    return template


Arguments = Annotated[dict[str, JsonValue], AfterValidator(lambda given: _known(PLACEHOLDERS, given))]
Target = Annotated[str, AfterValidator(lambda given: _known(("node", "button"), given))]
