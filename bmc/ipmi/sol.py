"""Serial over LAN, IPMI v2.0 §15: one console at a time, with acknowledgements, retries and break.

`SolLink` is the protocol without I/O; `SolPort` ties it to a serial stream and a session.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from bmc.console.audience import Seat
from bmc.ipmi.config import ConfigKeeper, DoorConfig
from bmc.ipmi.patience import done_after
from bmc.ipmi.session import Session
from bmc.ipmi.wire.errors import WireError
from bmc.ipmi.wire.sol import HEADER, MAX_CHARACTERS, MAX_PAYLOAD, BmcPacket, ConsolePacket
from bmc.model.clock import Clock
from bmc.model.errors import BmcError

log = logging.getLogger(__name__)

CHARACTERS = MAX_PAYLOAD - HEADER
_TYPED_LIMIT = 4096
_PRINTED_LIMIT = 4096
_SLOW_RETRY = 1.0
_INTERVAL_UNIT = 0.005
_RETRY_UNIT = 0.01


class SerialStream(Protocol):
    """An open serial console of a node."""

    seat: Seat

    async def read(self, limit: int = 262144) -> bytes:
        """b"" at its end."""

    async def write(self, data: bytes) -> None: ...

    async def send_break(self) -> None: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Heard:
    """What a packet from the console comes to: a packet to send back, what was typed, and what became of ours.

    `left` is None while ours is not acknowledged, else the characters that the console did not take.
    """

    reply: bytes | None = None
    typed: bytes = b""
    generate_break: bool = False
    left: bytes | None = None


class SolLink:
    """Sequence numbers and acknowledgements of both directions. One packet of ours is under way at a time."""

    def __init__(self) -> None:
        self.paused = False
        self._sent = 0
        self._under_way: bytes | None = None
        self._received = 0
        self._accepted = 0

    def send(self, data: bytes, last: bool = False) -> bytes:
        """The next packet; to be sent again until `receive` says that it was acknowledged."""
        self._sent = self._sent % 15 + 1
        self._under_way = data
        return BmcPacket(self._sent, data=data, deactivated=last).pack()

    def repeats(self, packet: ConsolePacket) -> bool:
        """Whether it came before: our answer to it was lost."""
        return packet.sequence != 0 and packet.sequence == self._received

    def receive(self, packet: ConsolePacket, room: int) -> Heard:
        """`room` is how many characters can be taken; with none the packet stays unanswered and comes again."""
        self.paused = packet.pause
        left = self._acknowledged(packet)
        if left is None and self._under_way is not None and packet.flush_outbound and not self.repeats(packet):
            self._under_way, left = None, b""
        if packet.sequence == 0:
            return Heard(generate_break=packet.generate_break, left=left)
        repeated = self.repeats(packet)
        known = min(self._accepted, len(packet.data)) if repeated else 0
        typed = packet.data[known : min(MAX_CHARACTERS, known + room)]
        if packet.data[known:] and not typed:
            return Heard(left=left) if not repeated else Heard(self._acknowledge(packet), left=left)
        self._received = packet.sequence
        self._accepted = known + len(typed)
        return Heard(self._acknowledge(packet), typed, packet.generate_break and not repeated, left)

    def _acknowledge(self, packet: ConsolePacket) -> bytes:
        nack = self._accepted < len(packet.data)
        return BmcPacket(0, packet.sequence, self._accepted, nack=nack).pack()

    def _acknowledged(self, packet: ConsolePacket) -> bytes | None:
        if self._under_way is None or packet.ack != self._sent:
            return None
        if packet.accepted == 0:
            return None
        left = self._under_way[packet.accepted :]
        self._under_way = None
        return left


class _Console:
    """One activation: moves characters between the link and the stream until either ends."""

    def __init__(self, stream: SerialStream, send: Callable[[bytes], None], clock: Clock, keeper: ConfigKeeper) -> None:
        self._stream = stream
        self._send = send
        self._clock = clock
        self._keeper = keeper
        self._link = SolLink()
        self._left: asyncio.Future[bytes] | None = None
        self._printed = bytearray()
        self._sending = 0
        self._arrived = asyncio.Event()
        self._taken = asyncio.Event()
        self._enough: asyncio.Future[None] | None = None
        self._typed: deque[bytes | None] = deque()
        self._typed_size = 0
        self._work = asyncio.Event()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._over: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def receive(self, payload: bytes) -> None:
        """:raise WireError: no SOL packet."""
        packet = ConsolePacket.unpack(payload)
        if not self._link.repeats(packet):
            self._flush(packet)
        heard = self._link.receive(packet, _TYPED_LIMIT - self._typed_size)
        if self._link.paused:
            self._flowing.clear()
        else:
            self._flowing.set()
        if heard.left is not None and self._left is not None and not self._left.done():
            self._left.set_result(heard.left)
        if heard.generate_break:
            self._type(None)
        if heard.typed:
            self._type(heard.typed)
        if heard.reply is not None:
            self._send(heard.reply)

    def _flush(self, packet: ConsolePacket) -> None:
        """§15.9: what waits is dropped; what the packet itself carries is not."""
        if packet.flush_inbound:
            self._typed_size -= sum(map(_size, self._typed))
            self._typed.clear()
        if packet.flush_outbound:
            del self._printed[self._sending :]

    def _type(self, typed: bytes | None) -> None:
        """Characters, or None for a break, which takes the room of one."""
        if self._typed_size < _TYPED_LIMIT:
            self._typed.append(typed)
            self._typed_size += _size(typed)
            self._work.set()

    def farewell(self, text: str) -> bytes:
        """The last packet. As ipmitool does not look at the status, what happened is also printed."""
        return self._link.send(f"\r\n[SOL ended: {text}]\r\n".encode(), last=True)

    def end(self, farewell: str) -> None:
        """Its user will read the `farewell`. The first word counts: ipmitool deactivates and closes in one breath."""
        if not self._over.done():
            self._over.set_result(farewell)

    async def run(self) -> str:
        """Until the stream ends or `end` is called, and then closes the stream; returns the farewell."""
        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(work) for work in (self._collect(), self._output(), self._input(), self._watch())]
        ends: list[asyncio.Future[Any]] = [*tasks, self._over]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        self.end("the serial line was closed")
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                log.warning("serial console ended: %s", outcome, exc_info=outcome)
        await self._stream.close()
        return self._over.result()

    async def _collect(self) -> None:
        """Gathers what is printed while a packet is under way, so that the next one is a full one."""
        while data := await self._stream.read(_PRINTED_LIMIT):
            self._printed += data
            self._arrived.set()
            if self._enough is not None and self._suffices() and not self._enough.done():
                self._enough.set_result(None)
            await self._drained_below(_PRINTED_LIMIT)
        await self._drained_below(1)

    async def _watch(self) -> None:
        """SOL has no message for it, so it is printed."""
        while True:
            if by := await self._stream.seat.changed():
                again = "activate SOL again to take it back"
                self._printed += f"\r\n[{by} has the keyboard now; this console only watches: {again}]\r\n".encode()
                self._arrived.set()

    async def _drained_below(self, size: int) -> None:
        while len(self._printed) >= size:
            self._taken.clear()
            await self._taken.wait()

    async def _output(self) -> None:
        while True:
            await self._arrived.wait()
            await self._accumulated()
            await self._flowing.wait()
            if data := bytes(self._printed[:CHARACTERS]):
                self._sending = len(data)
                left = await self._deliver(data)
                self._sending = 0
                del self._printed[: len(data) - len(left)]
            self._taken.set()
            if not self._printed:
                self._arrived.clear()

    @property
    def _config(self) -> DoorConfig:
        return self._keeper.config

    def _suffices(self) -> bool:
        return len(self._printed) >= min(self._config.sol_threshold, CHARACTERS)

    async def _accumulated(self) -> None:
        """§26.3 parameter 3: a packet is sent once it is as long as the threshold says, or the interval is over."""
        if not self._suffices():
            self._enough = asyncio.get_running_loop().create_future()
            await done_after(self._clock, self._config.sol_interval * _INTERVAL_UNIT, self._enough)

    def _patience(self, tries: int) -> float:
        """§26.3 parameter 4. When those retries are over the packet goes on to be sent, but seldom."""
        interval = max(1, self._config.sol_retry_interval) * _RETRY_UNIT
        return interval if tries < self._config.sol_retries else max(interval, _SLOW_RETRY)

    async def _deliver(self, data: bytes) -> bytes:
        """Sends until it is acknowledged; returns what the console did not take.

        Nothing printed is lost to a bad network: the end comes with that of the session.
        """
        packet = self._link.send(data)
        left: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._left = left
        tries = 0
        while not left.done():
            self._send(packet)
            await done_after(self._clock, self._patience(tries), left)
            tries += 1
        return left.result()

    async def _input(self) -> None:
        while True:
            await self._work.wait()
            while self._typed:
                typed = self._typed.popleft()
                try:
                    if typed is None:
                        await self._stream.send_break()
                    else:
                        await self._stream.write(typed)
                except BmcError as error:
                    # As on a real line: what is typed to a machine that is off is lost, the line stays.
                    log.info("serial input lost: %s", error)
                self._typed_size -= _size(typed)
            self._work.clear()


def _size(typed: bytes | None) -> int:
    return 1 if typed is None else len(typed)


class SolPort:
    """The one SOL instance of an endpoint. `send` takes a session and a SOL payload for its console."""

    def __init__(self, send: Callable[[Session, bytes], None], clock: Clock, config: ConfigKeeper) -> None:
        self.owner: Session | None = None
        self._send = send
        self._clock = clock
        self._config = config
        self._console: _Console | None = None
        self._task: asyncio.Task[None] | None = None

    def reserve(self, session: Session) -> bool:
        """Whether the port was free; it is the session's now."""
        if self.owner is not None:
            return False
        self.owner = session
        return True

    def release(self, session: Session) -> None:
        """A reservation comes to nothing."""
        if self.owner is session and self._task is None:
            self.owner = None

    async def activate(self, session: Session, stream: SerialStream) -> bool:
        """Starts to move characters, from the next turn of the loop on, so that the reply goes first.

        False when the session ended, or another one deactivated SOL, while the stream was opened.
        """
        if session.ended or self.owner is not session:
            self.release(session)
            await stream.close()
            return False
        self._console = _Console(stream, lambda payload: self._send(session, payload), self._clock, self._config)
        self._task = asyncio.get_running_loop().create_task(self._run(session, self._console))
        return True

    def receive(self, session: Session, payload: bytes) -> None:
        """From silence ipmitool learns that its SOL is over. :raise WireError: no SOL packet, or no SOL."""
        if self._console is None or self.owner is not session:
            raise WireError("a SOL packet from a session that has no SOL")
        self._console.receive(payload)

    async def deactivate(self, farewell: str = "") -> None:
        """Ends the console if there is one; its user reads the `farewell`."""
        if self._console is None or self._task is None:
            self.owner = None
            return
        self._console.end(farewell)
        await asyncio.wait({self._task})

    async def _run(self, session: Session, console: _Console) -> None:
        try:
            farewell = await console.run()
        finally:
            self._console = self._task = self.owner = None
        if farewell and not session.ended:
            self._send(session, console.farewell(farewell))
