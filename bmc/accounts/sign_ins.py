"""Log-ins of a node's own users at one of its doors: locks after wrong keys, and what is told of them."""

from collections.abc import Callable

from bmc.accounts.lockout import Lockout
from bmc.model.caller import Door
from bmc.model.clock import Clock
from bmc.model.events import Event, EventKind, Severity
from bmc.model.pace import Pace

_BURST = 10
_INTERVAL = 60.0
"""Of either event so many at once, and then one each so many seconds: whoever sends packets must not fill the store."""

_WORDS = {Door.IPMI: ("IPMI", "a wrong key, or no answer to ours"), Door.REDFISH: ("Redfish", "a wrong key")}


class SignIns:
    """`lockout` counts for all nodes and their doors: users apart for each node, addresses together.

    An address is one that has seen an answer of ours: none can be blamed by forgery.
    """

    def __init__(
        self, node: str, lockout: Lockout, clock: Clock, tell: Callable[[Event], None], door: Door = Door.IPMI
    ) -> None:
        self._node = node
        self._door = door
        self._called, self._reason = _WORDS[door]
        self._lockout = lockout
        self._clock = clock
        self._tell = tell
        self._failures = Pace(_BURST, _INTERVAL)
        self._locks = Pace(_BURST, _INTERVAL)

    def locked(self, name: bytes, address: str) -> bool:
        return self.remaining(name, address) > 0

    def remaining(self, name: bytes, address: str) -> float:
        """Seconds that the lock lasts; 0: it is not locked."""
        return self._lockout.remaining(self._key(name), address)

    def failed(self, name: bytes, account: str, address: str) -> None:
        """One who did not know the key of the user `name`, whose slot `account` has, if any."""
        lock = self._lockout.failed(self._key(name), address)
        user = name.decode(errors="replace")
        held = self._failures.held
        if self._failures.passes(self._clock.monotonic()):
            more = f", and {held} more before" if held else ""
            text = f"{self._called} log-in as {user!r} from {address} failed: {self._reason}{more}"
            self._publish(EventKind.SIGN_IN_FAILED, text, account or f"ipmi:{user}", address=address)
        if lock and self._locks.passes(self._clock.monotonic()):
            text = f"{self._called} log-ins as {user!r} from {address} are locked for {lock:.0f} seconds"
            self._publish(EventKind.ACCOUNT_LOCKED, text, account or f"ipmi:{user}", address=address, seconds=lock)

    def succeeded(self, name: bytes, address: str) -> None:
        self._lockout.succeeded(self._key(name), address)

    def forget(self, name: bytes) -> None:
        """The user was changed by somebody who may, or is gone."""
        self._lockout.forget(self._key(name))

    def _key(self, name: bytes) -> str:
        return f"{self._node}/{name.decode(errors='replace')}"

    def _publish(self, kind: EventKind, text: str, account: str, **details: object) -> None:
        now, details = self._clock.now(), details | {"door": self._door.value}
        self._tell(Event(kind, text, now, self._node, Severity.WARNING, account, details))
