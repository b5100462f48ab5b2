"""Locks after failed sign-ins: a clock and counters, no I/O."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from bmc.accounts.values import Limits
from bmc.model.clock import Clock
from bmc.model.place import place_of

REMEMBERED = 10_000
"""Counters kept at most, and accounts whose places are known; the one unused longest is forgotten first."""
PLACES = 32
"""How many of the places that an account has signed in from are known."""

Key: TypeAlias = tuple[str, str, str]


@dataclass(slots=True)
class _Counter:
    failures: int = 0
    locks: int = 0
    touched: float = 0.0
    until: float = 0.0


class Lockout:
    """Counts failures by account and by address, also for accounts that do not exist.

    Strangers who fail on purpose lock an account for strangers only: for an address that it has signed in from, and
    for the machine's own, failures are counted apart. So nobody can keep the last administrator out.
    """

    def __init__(self, clock: Clock, limits: Limits) -> None:
        self._clock = clock
        self._limits = limits
        self._counters: OrderedDict[Key, _Counter] = OrderedDict()
        self._known: OrderedDict[str, OrderedDict[str, None]] = OrderedDict()
        self.changed = False
        """Whether other places are known than when this was set to False."""

    def remaining(self, name: str, address: str) -> float:
        """Seconds until `name` may be tried again from `address`; 0 when not locked."""
        now = self._clock.monotonic()
        untils = [self._counters[key].until for key, _ in self._keys(name, address) if key in self._counters]
        return max(0.0, max(untils, default=0.0) - now)

    def failed(self, name: str, address: str) -> float:
        """Count a failure; the seconds of the lock that it led to, 0 if none.

        What was begun before a lock and fails during it is no new guess, or a few log-ins at once would earn the
        longest lock.
        """
        if self.remaining(name, address):
            return 0.0
        return max(self._count(key, allowed) for key, allowed in self._keys(name, address))

    def succeeded(self, name: str, address: str) -> None:
        """Forget the failures of this account from here, and know the address from now on."""
        for key, _ in self._keys(name, address):
            self._counters.pop(key, None)
        known = self._known.setdefault(name, OrderedDict())
        place, _ = place_of(address)
        self.changed = self.changed or place not in known
        known[place] = None
        known.move_to_end(place)
        if len(known) > PLACES:
            known.popitem(last=False)
        self._known.move_to_end(name)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def locked(self, name: str) -> bool:
        """Whether the account itself is, for strangers or from some place that it has signed in from."""
        now = self._clock.monotonic()
        return any(counter.until > now for (_, locked, _), counter in self._counters.items() if locked == name)

    def unlock(self, name: str) -> None:
        """Forget the failures of this account; the locks of addresses stay."""
        for key in [key for key in self._counters if key[1] == name]:
            del self._counters[key]

    def forget(self, name: str) -> None:
        """The account is gone, or an administrator has given it a new password."""
        self.changed = self._known.pop(name, None) is not None or self.changed
        self.unlock(name)

    @property
    def places(self) -> dict[str, list[str]]:
        """Where each account has signed in from, the last last."""
        return {name: list(known) for name, known in self._known.items()}

    def know(self, places: Mapping[str, Iterable[str]]) -> None:
        """What `places` said before a restart."""
        for name, known in places.items():
            self._known[name] = OrderedDict.fromkeys(known)

    def _keys(self, name: str, address: str) -> tuple[tuple[Key, int], ...]:
        place, ours = place_of(address)
        familiar = ours or place in self._known.get(name, ())
        return (
            (("account", name, place if familiar else ""), self._limits.account_failures),
            (("address", "", place), self._limits.address_failures),
        )

    def _count(self, key: Key, allowed: int) -> float:
        now = self._clock.monotonic()
        counter = self._counters.setdefault(key, _Counter(touched=now))
        self._counters.move_to_end(key)
        if now - counter.touched > self._limits.lock_forget:
            counter.failures = counter.locks = 0
        counter.touched = now
        counter.failures += 1
        if len(self._counters) > REMEMBERED:
            self._counters.popitem(last=False)
        if counter.failures < allowed:
            return 0.0
        duration = min(self._limits.lock_first * 2.0 ** min(counter.locks, 20), self._limits.lock_longest)
        counter.failures = 0
        counter.locks += 1
        counter.until = now + duration
        return duration
