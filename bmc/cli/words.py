"""Words of Redfish on the command line: any case is taken for the one that Redfish has."""

from collections.abc import Callable
from enum import Enum
from typing import TypeVar

import typer

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
