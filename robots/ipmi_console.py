"""The serial console of a vendor BMC's server: Serial over LAN, held by a worker of its own."""

import asyncio
import contextlib
import logging

from bmc.model.clock import Clock
from bmc.model.errors import BackendFailed, WrongState
from robots.ipmi_link import Link
from robots.ipmi_nursery import Hand

log = logging.getLogger(__name__)

OPEN_WITHIN = 20.0
AGAIN_AFTER = 30.0
"""Seconds to the next try: the BMC may be away, the console somebody else's, or that of a service before this one."""
CLOSE_WITHIN = 3.0


class SolStream:
    """ByteStream of one activated console."""

    def __init__(self, hand: Hand, where: str) -> None:
        self._hand = hand
        self._where = where
        self._rest = b""
        self.closed = False

    async def read(self, limit: int = 262144) -> bytes:
        while not self._rest:
            try:
                said = await self._hand.hear()
            except ConnectionError:
                return b""
            if "error" in said:
                log.info("the serial console of %s ended: %s", self._where, said["error"])
                return b""
            self._rest = bytes.fromhex(said.get("data", ""))
        data, self._rest = self._rest[:limit], self._rest[limit:]
        return data

    async def write(self, data: bytes) -> None:
        await self._tell({"type": data.hex()})

    async def send_break(self) -> None:
        await self._tell({"break": True})

    async def close(self) -> None:
        if not self.closed:
            self.closed = True
            await self._hand.end(CLOSE_WITHIN)

    async def _tell(self, message: dict[str, object]) -> None:
        try:
            await self._hand.tell(message)
        except ConnectionError as error:
            raise BackendFailed(f"the serial console of {self._where} is gone") from error


class IpmiConsole:
    """SerialSource. It takes the console from nobody: whoever has it keeps it, and we wait."""

    def __init__(self, link: Link, clock: Clock) -> None:
        self._link = link
        self._clock = clock
        self._stream: SolStream | None = None
        self._why = ""

    async def connect(self) -> SolStream:
        await self.close()
        while True:
            hand, why = await self._open()
            if hand is not None:
                self._why = ""
                self._stream = SolStream(hand, self._link.where)
                return self._stream
            if why != self._why:
                self._why = why
                log.info("%s gives no serial console: %s", self._link.where, why)
            await self._clock.sleep(AGAIN_AFTER)

    async def send_break(self) -> None:
        if self._stream is None or self._stream.closed:
            raise WrongState(f"the serial console of {self._link.where} is not open")
        await self._stream.send_break()

    async def history(self, limit: int) -> bytes:
        return b""

    async def close(self) -> None:
        if self._stream is not None:
            await self._stream.close()

    async def _open(self) -> tuple[Hand | None, str]:
        hand: Hand | None = None
        try:
            async with asyncio.timeout(OPEN_WITHIN):
                hand = await self._link.console()
                said = await hand.hear()
        except (TimeoutError, ConnectionError) as error:
            said = {"error": str(error) or "no answer"}
        except BaseException:
            if hand is not None:
                await hand.end(CLOSE_WITHIN)  # it may just have been given the console
            raise
        if "open" in said:
            return hand, ""
        if hand is not None:
            with contextlib.suppress(ConnectionError):
                await hand.kill()
        return None, str(said["error"])
