"""Which nodes are meant: `n1`, `n[1-3,7]`, `rack[01-12]b`, `tag:lab`, `all`, and any of them with commas between."""

import re
from collections.abc import Iterator, Sequence

from bmc.cli.client import SYSTEMS, Client
from bmc.cli.errors import CliError

MOST = 10_000
"""How many names one range may stand for."""

_RANGE = re.compile(r"(\d+)(?:-(\d+))?")
_NUMBERED = re.compile(r"(.*?)(\d{1,9})")


def select(client: Client, text: str) -> list[str]:
    """Names of nodes that are there, each once, in the order given.

    :raise CliError: it cannot be read, means no node, or names some that are not there, all of whom are told.
    """
    words = split(text)
    names = [name for word in words if not _asks(word) for name in expand(word)]
    if len(words) == 1 and names == words:
        return names  # one name: the service says itself if there is no such node
    tags = any(word.startswith("tag:") for word in words)
    fleet = {
        member["@odata.id"].rpartition("/")[2]: member["Oem"]["Lightsout"]["Tags"] if tags else []
        for member in (client.members(SYSTEMS) if tags else client.get(SYSTEMS)["Members"])
    }
    if missing := [name for name in dict.fromkeys(names) if name not in fleet]:
        raise CliError(f"there is no node {fold(missing)}; nothing was done")
    found: dict[str, None] = {}
    for word in words:
        if word == "all":
            those = list(fleet)
        elif word.startswith("tag:"):
            those = [name for name, of in fleet.items() if word[4:] in of]
        else:
            those = list(expand(word))
        if not those:
            raise CliError(f"{word}: there is no such node; nothing was done")
        found |= dict.fromkeys(those)
    return list(found)


def split(text: str) -> list[str]:
    """At the commas that are not in brackets. :raise CliError: there is nothing between two of them."""
    words = [word.strip() for word in re.split(r",(?![^\[]*\])", text)]
    if not all(words):
        raise CliError(f"{text!r}: expected a node, a range as n[1-3,7], tag:NAME or all")
    return words


def expand(word: str) -> Iterator[str]:
    """The names that a word with ranges stands for. :raise CliError: a range cannot be read, or is too long."""
    before, bracket, rest = word.partition("[")
    if not bracket:
        if "]" in word:
            raise CliError(f"{word!r}: there is a ] without a [")
        yield word
        return
    ranges, closed, after = rest.partition("]")
    tails = list(expand(after)) if closed else []
    for number in _numbers(word, ranges if closed else ""):
        for tail in tails:
            yield before + number + tail


def _numbers(word: str, ranges: str) -> Iterator[str]:
    """A first number with leading zeros gives all of its range as many digits."""
    for part in ranges.split(","):
        found = _RANGE.fullmatch(part.strip())
        if not found or len(found[1]) > 9 or len(found[2] or "") > 9:
            raise CliError(f"{word!r}: expected numbers and ranges in brackets, as n[1-3,7]")
        first, last = int(found[1]), int(found[2] or found[1])
        if last < first or last - first >= MOST:
            raise CliError(f"{word!r}: {part} is no range of 1 to {MOST} nodes")
        for number in range(first, last + 1):
            yield str(number).zfill(len(found[1]))


def _asks(word: str) -> bool:
    """Whether the service has to say who is meant."""
    return word == "all" or word.startswith("tag:")


def fold(names: Sequence[str]) -> str:
    """For people: as `expand` reads it, names that count on in one range."""
    told: list[tuple[str, list[str]]] = []
    for name in names:
        found = _NUMBERED.fullmatch(name)
        before, number = (found[1], found[2]) if found else (name, "")
        last = told[-1] if told else ("", [])
        if number and last[1] and last[0] == before and _follows(last[1][-1], number):
            last[1].append(number)
        else:
            told.append((before, [number]))
    return ", ".join(
        f"{before}[{numbers[0]}-{numbers[-1]}]" if len(numbers) > 2 else ", ".join(before + each for each in numbers)
        for before, numbers in told
    )


def _follows(first: str, second: str) -> bool:
    """As a range counts: with as many digits, where the first begins with a 0."""
    return second == str(int(first) + 1).zfill(len(first))
