"""Options of nodes as people write them: KEY=VALUE, dotted keys for tables, and values as in TOML."""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from bmc.cli.errors import CliError


def value_of(text: str) -> Any:
    """A TOML value; a bare word is a string, and so is a date, which no option is."""
    import tomllib

    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
    return text if isinstance(value, datetime.date | datetime.time) else value


def pairs_of(words: Iterable[str]) -> list[tuple[str, Any]]:
    """:raise CliError: a word that is no KEY=VALUE."""
    pairs = []
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise CliError(f"--set {word!r}: expected KEY=VALUE")
        pairs.append((key.strip(), value_of(value.strip())))
    return pairs


def nested(pairs: Iterable[tuple[str, Any]], there: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Options of keys such as `power.host`, which reach into the tables that are `there`.

    :raise CliError: a key reaches into what is no table, or is said twice.
    """
    options: dict[str, Any] = {}
    said: set[str] = set()
    for key, value in pairs:
        first, *rest = parts = key.split(".")
        if not all(parts):
            raise CliError(f"{key}: expected a key, or keys with dots between")
        if key in said:
            raise CliError(f"{key} is said twice")
        said.add(key)
        if not rest:
            options[first] = value
            continue
        table = options.setdefault(first, _copy((there or {}).get(first)))
        for place, part in enumerate(rest, 1):
            if not isinstance(table, dict):
                raise CliError(f"{key}: {'.'.join(parts[:place])} is no table")
            if place == len(rest):
                table[part] = value
            else:
                table = table.setdefault(part, {})
    return options


def _copy(value: Any) -> Any:
    """Of tables, as deep as they go."""
    if value is None:
        return {}
    return {key: _copy(each) for key, each in value.items()} if isinstance(value, Mapping) else value
