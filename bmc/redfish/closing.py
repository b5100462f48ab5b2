"""What must end early: streams whose session was closed or lost its role, and all of them when the service stops."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from bmc.accounts import Accounts

GONE, STOPPING = "the session has ended or lost its rights", "the service is stopping"


class Closing:
    """Long-lived streams register here with the id of their session and are told why to end."""

    def __init__(self, accounts: Accounts) -> None:
        self._streams: dict[asyncio.Future[str], str] = {}
        self._stopping = False
        accounts.on_closed(self._session_closed)

    @contextmanager
    def watch(self, session: str) -> Iterator["asyncio.Future[str]"]:
        """A future that gets the reason when the stream of this session must end; `session` is "" without one."""
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._streams[future] = session
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

    def __len__(self) -> int:
        return len(self._streams)

    def _session_closed(self, session: str) -> None:
        self._end(GONE, {future for future, holder in self._streams.items() if holder == session})

    def _end(self, reason: str, futures: set["asyncio.Future[str]"]) -> None:
        for future in futures:
            if not future.done():
                future.set_result(reason)
