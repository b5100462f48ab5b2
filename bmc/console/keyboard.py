"""What a viewer at a terminal is told of a console: whose the keyboard is, and who is here."""

from collections.abc import Sequence
from datetime import UTC, datetime

from bmc.model.console import Viewer


class Keyboard:
    """`only_looks`: this viewer has chosen not to type, and is not told how to."""

    def __init__(self, only_looks: bool = False) -> None:
        self._only_looks = only_looks
        self._viewers: Sequence[Viewer] = ()
        self._you = 0
        self._typing = 0

    def told(self, viewers: Sequence[Viewer], you: int) -> str:
        """Whose the keyboard is now, if that is news; "" when it is ours from the beginning, or as before."""
        before, first = self._typing, not self._viewers
        self._viewers, self._you = viewers, you
        typing = next((each for each in viewers if each.types), None)
        self._typing = typing.id if typing else 0
        if self._typing == before:
            return ""
        takes = any(each.id == you and each.may_type for each in viewers) and not self._only_looks
        if typing is None:
            return "nobody has the keyboard" + ("; ^Ecf takes it" if takes else "")
        if typing.id == you:
            return "" if first else "the keyboard is yours"
        return f"{typing} has the keyboard: you only watch" + ("; ^Ecf takes it over" if takes else "")

    @property
    def lines(self) -> list[str]:
        """A line for each who is here."""
        return [self._line(each) for each in self._viewers]

    def _line(self, viewer: Viewer) -> str:
        since = datetime.fromtimestamp(viewer.since, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        marks = [word for word, so in (("types", viewer.types), ("you", viewer.id == self._you)) if so]
        return f"{viewer} since {since}" + (f": {', '.join(marks)}" if marks else "")
