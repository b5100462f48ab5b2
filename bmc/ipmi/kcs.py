"""The in-band side of one node's door: what the guest's own software asks over its system interface.

Requests come one at a time, as the interface has it. Knows no backend: the stream is the node's.
"""

import logging
from collections.abc import Callable, Coroutine
from typing import Any

from bmc.ipmi.commands.call import Context, host_caller
from bmc.ipmi.host import HostState
from bmc.ipmi.patience import done_after
from bmc.ipmi.wire.message import Message
from bmc.ipmi.wire.numbers import Code
from bmc.ipmi.wire.vm import Control, Decoder, HostControl, HostRequest, pack_control
from bmc.model.commands import NoteOsSeen, SystemInterface
from bmc.model.errors import BmcError
from bmc.ports import ByteStream

log = logging.getLogger(__name__)

AGAIN = 1.0
"""Seconds until the interface is tried again."""
LONGEST = 3.0
"""Seconds that a request may take: after four QEMU answers for us."""
PACE, BURST = 0.01, 512
"""Seconds a frame takes in the long run, and how many may come at once: the service is all nodes'."""

Answer = Callable[[Message], Coroutine[Any, Any, tuple[int, bytes]]]


class HostSide:
    """`answer` carries out one request and never raises."""

    def __init__(self, context: Context, answer: Answer) -> None:
        self._context = context
        self._answer = answer
        self._name = context.node.snapshot.name
        self._caller = host_caller(self._name)
        self._stream: ByteStream | None = None
        self._attention = False
        self._interrupts = False
        self._due = 0.0

    @property
    def open(self) -> bool:
        """The node is on, and so there is a guest that may listen."""
        return self._stream is not None

    async def run(self) -> None:
        """Serve the guest, without end: across its boots, and those of the service."""
        context = self._context
        while True:
            try:
                await self._serve(await context.node.open(SystemInterface(), self._caller))
            except BmcError as error:
                log.debug("%s: system interface: %s", self._name, error)
            except Exception:
                log.exception("%s: system interface", self._name)
            await context.clock.sleep(AGAIN)

    async def attend(self) -> None:
        """Tell the guest's machine whether it is to be interrupted at all, and whether something waits for it."""
        host, stream = self._context.host, self._stream
        host.look(self._context.node.snapshot)
        if stream is None:
            return
        told = b""
        if host.interrupts is not self._interrupts:
            self._interrupts = host.interrupts
            told += pack_control(Control.ENABLE_INTERRUPT if host.interrupts else Control.DISABLE_INTERRUPT)
        if bool(host.flags) is not self._attention:
            self._attention = bool(host.flags)
            loud = Control.ATTENTION_INTERRUPT if host.interrupts else Control.ATTENTION
            told += pack_control(loud if self._attention else Control.NO_ATTENTION)
        if not told:
            return  # a QEMU that does not read must not keep one of us each second
        try:
            await stream.write(told)
        except BmcError as error:
            log.debug("%s: system interface: %s", self._name, error)

    async def _serve(self, stream: ByteStream) -> None:
        self._begin()
        self._stream, self._attention, self._interrupts = stream, False, False
        decoder = Decoder()
        try:
            while data := await stream.read():
                for found in decoder.feed(data):
                    await self._pace()
                    if isinstance(found, HostRequest):
                        await self._carry_out(stream, found)
                    elif found == HostControl(bytes((Control.RESET,))):
                        self._begin()
        finally:
            self._stream = None
            self._begin()
            await stream.close()

    async def _pace(self) -> None:
        clock = self._context.clock
        now = clock.monotonic()
        self._due = max(self._due, now - BURST * PACE) + PACE
        if self._due > now:
            await clock.sleep(self._due - now)

    def _begin(self) -> None:
        """Whoever set something in there, or was about to, runs no more, or is asked to look again."""
        self._context.host.ended = True
        self._context.host = HostState()

    async def _carry_out(self, stream: ByteStream, request: HostRequest) -> None:
        if not self._context.node.snapshot.os_seen:
            await self._note_os()
        message = Message(request.netfn, request.command, request.data, lun=request.lun)
        work = self._context.tasks.start(self._answer(message))
        done = await done_after(self._context.clock, LONGEST, work)
        await stream.write(request.answer(*work.result() if done else (Code.TIMEOUT, b"")))
        await self.attend()

    async def _note_os(self) -> None:
        try:
            await self._context.node.do(NoteOsSeen(), self._caller)
        except BmcError as error:
            log.debug("%s: %s", self._name, error)
