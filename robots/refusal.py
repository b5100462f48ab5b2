"""What a BMC refused is not tried again at once: BMCs lock accounts out."""

from bmc.model.clock import Clock
from bmc.model.errors import BackendFailed

REFUSED_FOR = 60.0
"""Seconds in which a refused login is not tried again."""

Login = tuple[bytes, bytes]


class Refusals:
    """Of one BMC: the last login that it refused, and its words."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._login: Login | None = None
        self._until = 0.0
        self._words = ""

    def add(self, login: Login, words: str) -> BackendFailed:
        """The error to raise, now and as often as `login` is used too soon."""
        self._login, self._words = login, words
        self._until = self._clock.monotonic() + REFUSED_FOR
        return BackendFailed(words)

    def check(self, login: Login) -> None:
        """:raise BackendFailed: it was refused a moment ago."""
        if login == self._login and self._clock.monotonic() < self._until:
            raise BackendFailed(self._words)
