"""The adapter `serial`: the console of a server behind a terminal server, by RFC 2217 or as a bare TCP stream."""

import asyncio
import logging
import socket
from typing import Literal

from pydantic import Field

from bmc.model.errors import BackendFailed, NotSupported, WrongState
from bmc.ports import ByteStream
from bmc.socket_stream import SocketStream
from robots.adapter import Adapter, Host, LettingGo, Options, Parts, Place, Seconds
from robots.rfc2217 import BREAK_OFF, BREAK_ON, HARDWARE_FLOW, NO_FLOW, SOFTWARE_FLOW, Line, Telnet

CONNECT_WITHIN, SETTLED_WITHIN = 5.0, 5.0
FIRST_RETRY, LONGEST_RETRY = 0.5, 10.0
LASTED = 10.0
"""Seconds after which a connection has been a good one, and is made anew at once when it ends."""
KEEPALIVE = {
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE): 1,
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE): 20,
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL): 10,
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT): 3,
}
"""A terminal server that vanished is noticed though nobody types."""
PARITIES = {"none": 1, "odd": 2, "even": 3}
FLOWS = {"none": NO_FLOW, "hardware": HARDWARE_FLOW, "software": SOFTWARE_FLOW}

log = logging.getLogger(__name__)


class SerialOptions(Options):
    """A terminal server's port. In mode `raw` the line is set at the terminal server, and carries no break."""

    host: Host
    port: int = Field(ge=1, le=65535)
    mode: Literal["rfc2217", "raw"] = "rfc2217"
    baud: int = Field(default=115200, ge=50, le=4_000_000)
    data_bits: Literal[5, 6, 7, 8] = 8
    parity: Literal["none", "odd", "even"] = "none"
    stop_bits: Literal[1, 2] = 1
    flow: Literal["none", "hardware", "software"] = "none"
    break_for: Seconds = Field(default=0.4, ge=0.1, le=3)

    @property
    def line(self) -> Line:
        return Line(self.baud, self.data_bits, PARITIES[self.parity], self.stop_bits, FLOWS[self.flow])


class Rfc2217Stream:
    """ByteStream of the serial line inside of a Telnet connection. Whoever owns it always reads."""

    def __init__(self, stream: SocketStream, telnet: Telnet, break_for: float) -> None:
        self._stream, self._telnet, self._break_for = stream, telnet, break_for
        self._early = b""
        self._free = asyncio.Event()
        self._free.set()

    async def settle(self) -> None:
        """Set the line as it is wanted. :raise BackendFailed: the other side does not."""
        await self._stream.write(self._telnet.greeting())
        while not self._telnet.settled:
            if not (data := await self._stream.read()):
                raise BackendFailed("it closed the connection, as one does that somebody else uses")
            self._early += await self._received(data)
            if self._telnet.refused:
                raise BackendFailed(self._telnet.refused)

    async def read(self, limit: int = 262144) -> bytes:
        early, self._early = self._early[:limit], self._early[limit:]
        if early:
            return early
        while data := await self._stream.read(limit):
            if line := await self._received(data):
                return line
        self._free.set()
        return b""

    async def write(self, data: bytes) -> None:
        await self._free.wait()
        await self._stream.write(self._telnet.sending(data))

    async def send_break(self) -> None:
        await self._stream.write(self._telnet.control(BREAK_ON))
        try:
            await asyncio.sleep(self._break_for)
        finally:
            await self._stream.write(self._telnet.control(BREAK_OFF))

    async def close(self) -> None:
        self._free.set()
        await self._stream.close()

    async def _received(self, data: bytes) -> bytes:
        line, answers = self._telnet.received(data)
        if self._telnet.suspended:
            self._free.clear()
        else:
            self._free.set()
        if answers:
            await self._stream.write(answers)
        return line


class TcpSerial:
    """SerialSource. Whoever connects waits for as long as there is nobody at the other end."""

    def __init__(self, options: SerialOptions) -> None:
        self._options = options
        self._where = f"serial line {options.host}:{options.port}"
        self._stream: SocketStream | Rfc2217Stream | None = None
        self._retry, self._since = 0.0, float("-inf")
        self._trouble = ""

    async def connect(self) -> ByteStream:
        await self.close()
        if asyncio.get_running_loop().time() > self._since + LASTED:
            self._retry = 0.0
        while True:
            await asyncio.sleep(self._retry)
            self._retry = min(max(2 * self._retry, FIRST_RETRY), LONGEST_RETRY)
            try:
                self._stream = await self._dial()
            except (OSError, BackendFailed) as error:  # TimeoutError is an OSError
                reason = str(error) or "it does not answer"
                if reason != self._trouble:
                    log.warning("%s: %s", self._where, reason)
                self._trouble = reason
                continue
            self._trouble, self._since = "", asyncio.get_running_loop().time()
            return self._stream

    async def send_break(self) -> None:
        if self._options.mode == "raw":
            raise NotSupported('this serial line cannot carry a break: its mode is "raw", which has none')
        if not isinstance(self._stream, Rfc2217Stream):
            raise WrongState(f"{self._where} is down: {self._trouble or 'nobody has connected to it yet'}")
        await self._stream.send_break()

    async def history(self, limit: int) -> bytes:
        return b""

    async def close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.close()

    async def _dial(self) -> SocketStream | Rfc2217Stream:
        options = self._options
        async with asyncio.timeout(CONNECT_WITHIN):
            transport, stream = await asyncio.get_running_loop().create_connection(
                SocketStream, options.host, options.port
            )
        line: socket.socket = transport.get_extra_info("socket")
        for option, value in KEEPALIVE.items():
            line.setsockopt(*option, value)
        if options.mode == "raw":
            return stream
        telnet = Rfc2217Stream(stream, Telnet(options.line), options.break_for)
        try:
            async with asyncio.timeout(SETTLED_WITHIN):
                await telnet.settle()
        except TimeoutError:
            await stream.close()
            raise BackendFailed('it does not answer as RFC 2217 wants it; expected mode = "raw"?') from None
        except BaseException:
            await stream.close()
            raise
        return telnet


class SerialAdapter(Adapter[SerialOptions]):
    """A console only."""

    name = family = "serial"
    options = SerialOptions

    def open(self, options: SerialOptions, place: Place) -> Parts:
        source = TcpSerial(options)
        return Parts(running=LettingGo(source.close), serial=source)


adapter = SerialAdapter()
