"""The in-band side of one node's door: what the guest's own software asks over its system interface.

Requests come one at a time, as the interface has it. Knows no backend: the stream is the node's.
"""

import logging
from collections.abc import Awaitable, Callable

from bmc.ipmi.commands.call import ManagedNode, host_caller
from bmc.ipmi.wire.message import Message
from bmc.ipmi.wire.vm import Decoder, HostRequest
from bmc.model.caller import Caller
from bmc.model.clock import Clock
from bmc.model.commands import NoteOsSeen, SystemInterface
from bmc.model.errors import BmcError

log = logging.getLogger(__name__)

AGAIN = 1.0
"""Seconds until the interface is tried again."""

Answer = Callable[[Message], Awaitable[tuple[int, bytes]]]


class HostSide:
    """`answer` carries out one request and never raises."""

    def __init__(self, node: ManagedNode, answer: Answer, clock: Clock) -> None:
        self._node = node
        self._answer = answer
        self._clock = clock

    async def run(self) -> None:
        """Serve the guest, without end: across its boots, and those of the service."""
        caller = host_caller(self._node.snapshot.name)
        while True:
            try:
                await self._serve(caller)
            except BmcError as error:
                log.debug("%s: system interface: %s", self._node.snapshot.name, error)
            await self._clock.sleep(AGAIN)

    async def _serve(self, caller: Caller) -> None:
        stream = await self._node.open(SystemInterface(), caller)
        decoder = Decoder()
        try:
            while data := await stream.read():
                for found in decoder.feed(data):
                    if isinstance(found, HostRequest):
                        if not self._node.snapshot.os_seen:
                            await self._node.do(NoteOsSeen(), caller)
                        message = Message(found.netfn, found.command, found.data, lun=found.lun)
                        code, answer = await self._answer(message)
                        await stream.write(found.answer(code, answer))
        finally:
            await stream.close()
