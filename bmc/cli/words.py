"""Words of Redfish on the command line: any case is taken for the one that Redfish has."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Annotated, TypeVar

import typer

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_AGO = re.compile(r"(\d{1,5})([smhd])")

Word = TypeVar("Word", bound=Enum)


def all_of(words: type[Enum]) -> str:
    """The whole list, for the help."""
    return ", ".join(word.value for word in words)


def one_of(words: type[Word]) -> Callable[[str | Word], Word]:
    """What turns one of them, in any case, into itself."""

    def parse(given: str | Word) -> Word:
        """:raise BadParameter: it is none of them."""
        if isinstance(given, words):  # a default
            return given
        for word in words:
            if word.value.casefold() == str(given).casefold():
                return word
        raise typer.BadParameter(f"{given!r} is not one of {all_of(words)}")

    return parse


def duration(given: str | timedelta) -> timedelta:
    """:raise BadParameter: it is none."""
    if isinstance(given, timedelta):
        return given
    if found := _AGO.fullmatch(given.strip()):
        return timedelta(**{UNITS[found[2]]: int(found[1])})
    raise typer.BadParameter(f"{given!r}: expected 90s, 30m, 2h or 3d")


def moment(given: str | datetime) -> datetime:
    """`2h` ago, or a moment as events have it; one without a zone is UTC, as they are.

    :raise BadParameter: it is neither.
    """
    if isinstance(given, datetime):
        return given
    if _AGO.fullmatch(given.strip()):
        return datetime.now(UTC) - duration(given)
    try:
        read = datetime.fromisoformat(given.strip())
    except ValueError:
        raise typer.BadParameter(f"{given!r}: expected 90s, 30m, 2h, 3d, or a moment as 2026-01-31T02:30:00Z") from None
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)


Since = Annotated[
    datetime | None,
    typer.Option(parser=moment, metavar="WHEN", help="since then: 90s, 30m, 2h, 3d ago, or a moment in RFC 3339"),
]
