"""How often something may be told: whoever makes it happen must not fill a store or a log."""


class Pace:
    """Lets a burst pass, and then one each `interval` seconds. `held` counts what was held back since."""

    def __init__(self, burst: int, interval: float) -> None:
        self.held = 0
        self._burst = burst
        self._interval = interval
        self._full_at = 0.0

    def passes(self, now: float) -> bool:
        due = max(now, self._full_at) + self._interval
        if due - now > self._burst * self._interval:
            self.held += 1
            return False
        self._full_at = due
        self.held = 0
        return True
