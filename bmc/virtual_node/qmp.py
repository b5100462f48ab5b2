"""One connection to QEMU's monitor: commands with deadlines, events as they come, one way to be disconnected."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from qemu.qmp import (
    ExecInterruptedError,
    ExecuteError,
    Message,
    QMPClient,
    QMPError,
    Runstate,
    StateError,
)

from bmc.model.errors import BackendFailed, OutcomeUnknown, Unreachable
from bmc.virtual_node.files import dial

DEADLINE = 5.0

log = logging.getLogger(__name__)


class Monitor:
    """`on_event` is called for each event, `on_lost` once, when the connection is gone and we did not close it."""

    def __init__(self, client: QMPClient, on_event: Callable[[], None], on_lost: Callable[[], None]) -> None:
        self._client = client
        self._on_event = on_event
        self._on_lost = on_lost
        self._handing_over = asyncio.Lock()
        self._closing = asyncio.Event()
        client.events.event_filter = self._ring
        self._watcher = asyncio.create_task(self._watch(), name="qmp watcher")

    @classmethod
    async def connect(
        cls, directory: Path, socket_name: str, pid: int, on_event: Callable[[], None], on_lost: Callable[[], None]
    ) -> "Monitor":
        """:raise Unreachable: nobody listens, or QEMU does not greet: it hangs, or another client holds the monitor."""
        client = QMPClient(directory.parent.name)
        try:
            async with asyncio.timeout(DEADLINE):
                connection = await dial(directory, socket_name, pid)
                await client.connect(connection)
        except TimeoutError:
            raise Unreachable(
                "QEMU's monitor does not answer: QEMU hangs, or another client holds the monitor; close that client"
            ) from None
        except (OSError, QMPError) as error:
            raise Unreachable(f"QEMU's monitor cannot be reached: {error}") from None
        return cls(client, on_event, on_lost)

    async def execute(
        self, command: str, arguments: Mapping[str, object] | None = None, deadline: float = DEADLINE
    ) -> object:
        """Run one command.

        :raise BackendFailed: QEMU refused it. :raise Unreachable: it was not sent.
        :raise OutcomeUnknown: it was sent and no answer came.
        """
        try:
            async with asyncio.timeout(deadline):
                return await self._client.execute(command, arguments)
        except ExecuteError as error:
            raise BackendFailed(f"QEMU refused {command}: {error.error.error.desc}") from None
        except ExecInterruptedError:
            raise OutcomeUnknown(f"QEMU went away during {command}") from None
        except TimeoutError:
            raise OutcomeUnknown(f"QEMU did not answer {command} within {deadline:.0f} s") from None
        except (StateError, QMPError, OSError) as error:
            raise Unreachable(f"QEMU's monitor is not connected: {error}") from None

    async def status(self) -> str:
        """QEMU's run state: running, prelaunch, shutdown, paused, io-error, guest-panicked, internal-error, …"""
        reply = await self.execute("query-status")
        return str(reply["status"]) if isinstance(reply, dict) else ""

    async def hand_over(self, descriptor: int, label: str) -> str:
        """Give QEMU an open file; the name under which it can be opened there. `label` can be read back."""
        async with self._handing_over:
            try:
                self._client.send_fd_scm(descriptor)
            except (StateError, QMPError, OSError) as error:
                raise Unreachable(f"QEMU's monitor is not connected: {error}") from None
            reply = await self.execute("add-fd", {"opaque": label})
        if not isinstance(reply, dict):
            raise BackendFailed("QEMU did not take an open file")
        return f"/dev/fdset/{reply['fdset-id']}"

    async def close(self) -> None:
        """Let go without touching the guest."""
        self._on_lost = _nothing
        self._closing.set()
        await asyncio.wait([self._watcher])

    def _ring(self, event: Message) -> bool:
        """Keep no event: what they say is read from QEMU's own log."""
        self._on_event()
        return False

    async def _watch(self) -> None:
        """The one way to be disconnected, whoever begins."""
        down = asyncio.create_task(self._until_down())
        closing = asyncio.create_task(self._closing.wait())
        await asyncio.wait([down, closing], return_when=asyncio.FIRST_COMPLETED)
        down.cancel()
        closing.cancel()
        try:
            await self._client.disconnect()
        except (QMPError, OSError, EOFError) as error:
            log.debug("monitor: %s", error)
        self._on_lost()

    async def _until_down(self) -> None:
        while self._client.runstate is Runstate.RUNNING:
            await self._client.runstate_changed()


def _nothing() -> None: ...
