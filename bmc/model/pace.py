"""How often something may be told: whoever makes it happen must not fill a store or a log."""


class Pace:
    """Lets a burst pass, and then one each `interval` seconds. `held` counts what was held back since."""

    def __init__(self, burst: int, interval: float) -> None:
        self.held = 0
        self._burst = burst
        self._interval = interval
        self._full_at = 0.0

    def open(self, now: float) -> bool:
        """Whether one would pass."""
        return max(now, self._full_at) + self._interval - now <= self._burst * self._interval

    def passes(self, now: float) -> bool:
        if not self.open(now):
            self.held += 1
            return False
        self._full_at = max(now, self._full_at) + self._interval
        self.held = 0
        return True
