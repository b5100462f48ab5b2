"""What must end early: streams whose session was closed or lost its role, and all of them when the service stops."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from bmc.accounts import Accounts
from bmc.model.errors import Busy
from bmc.redfish.authentication import Identity

GONE, STOPPING = "the session has ended or lost its rights", "the service is stopping"
MOST, MOST_OF_ONE = 1000, 250
"""At the fleet's root, and at the endpoints of all nodes together; and of one account at one of them."""


class Closing:
    """Event streams and consoles register here with who opened them, and are told why to end."""

    def __init__(self, accounts: Accounts) -> None:
        self._streams: dict[asyncio.Future[str], Identity] = {}
        self._stopping = False
        accounts.on_closed(self._session_closed)
        accounts.on_slot_changed(self._slot_changed)

    @contextmanager
    def watch(self, identity: Identity) -> Iterator["asyncio.Future[str]"]:
        """A future that gets the reason when this stream must end. :raise Busy: too many are open."""
        account, node = identity.caller.account, identity.node
        mine = sum((other.caller.account, other.node) == (account, node) for other in self._streams.values())
        there = sum(bool(other.node) == bool(node) for other in self._streams.values())
        if mine >= MOST_OF_ONE or there >= MOST:
            raise Busy(f"too many event streams and consoles are open ({mine} by {account}); close some")
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._streams[future] = identity
        if self._stopping:
            future.set_result(STOPPING)
        try:
            yield future
        finally:
            del self._streams[future]
            future.cancel()

    def stop(self) -> None:
        """The service stops: every stream ends, and a new one at once."""
        self._stopping = True
        self._end(STOPPING, set(self._streams))

    def stop_node(self, node: str) -> None:
        """The node's own endpoint closes."""
        self._end(STOPPING, {future for future, identity in self._streams.items() if identity.node == node})

    def __len__(self) -> int:
        return len(self._streams)

    def _session_closed(self, session: str) -> None:
        self._end(GONE, {future for future, identity in self._streams.items() if identity.session == session})

    def _slot_changed(self, node: str, slot: int) -> None:
        """Basic authentication has no session to be closed; such streams of the node's users all end."""
        streams = self._streams.items()
        self._end(GONE, {future for future, identity in streams if identity.node == node and not identity.session})

    def _end(self, reason: str, futures: set["asyncio.Future[str]"]) -> None:
        for future in futures:
            if not future.done():
                future.set_result(reason)
