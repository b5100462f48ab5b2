"""Screen and serial line: QEMU's unix sockets as byte streams, and the log QEMU keeps of the serial line."""

import asyncio
import logging

from bmc.model.errors import WrongState
from bmc.socket_stream import SocketStream
from bmc.virtual_node.files import SERIAL_LOG, SERIAL_SOCKET, VNC_SOCKET, dial, keep_quota, read_tail
from bmc.virtual_node.guest import Guest

SERIAL_QUOTA = 4 * 1024 * 1024
QUOTA_INTERVAL = 1.0
ATTACH_PATIENCE = 0.5

log = logging.getLogger(__name__)


class VirtualScreen:
    """RFB, one connection a viewer."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest

    async def connect(self) -> SocketStream:
        if not self._guest.alive:
            raise WrongState(f"{self._guest.name} is off: it has no screen; power it on first")
        try:
            screen = await dial(self._guest.files.guest, VNC_SOCKET, self._guest.pid)
            return await SocketStream.over(screen)
        except OSError as error:
            raise WrongState(f"the screen of {self._guest.name} cannot be reached: {error.strerror}") from None


class VirtualSerial:
    def __init__(self, guest: Guest) -> None:
        self._guest = guest
        self._waiting = 0
        self._attached = asyncio.Event()
        self._log = asyncio.Lock()

    async def connect(self) -> SocketStream:
        self._waiting += 1
        try:
            stream = await self._dial()
        finally:
            self._waiting -= 1
        self._attached.set()
        return stream

    async def _dial(self) -> SocketStream:
        while True:
            await self._guest.up.wait()
            try:
                line = await dial(self._guest.files.guest, SERIAL_SOCKET, self._guest.pid)
                return await SocketStream.over(line)
            except (OSError, WrongState):
                await asyncio.sleep(0.01)

    async def attached(self) -> None:
        """If somebody waits for the line, let them have it before the guest's first byte."""
        if not self._waiting:
            return
        self._attached.clear()
        try:
            async with asyncio.timeout(ATTACH_PATIENCE):
                await self._attached.wait()
        except TimeoutError:
            pass

    async def send_break(self) -> None:
        if not self._guest.alive:
            raise WrongState(f"{self._guest.name} is off: nobody hears a break; power it on first")
        await self._guest.execute("chardev-send-break", id="serial0")

    async def history(self, limit: int) -> bytes:
        async with self._log:
            return await asyncio.to_thread(self._kept, limit)

    def _kept(self, limit: int) -> bytes:
        path = self._guest.files.guest / SERIAL_LOG
        newest = read_tail(path, limit)
        if len(newest) == limit:
            return newest
        return read_tail(path.with_name(path.name + ".1"), limit - len(newest)) + newest

    async def keep_quota(self) -> None:
        """Keep the log short, for ever: QEMU writes into it whether or not anybody reads."""
        path = self._guest.files.guest / SERIAL_LOG
        while True:
            try:
                if path.lstat().st_size > SERIAL_QUOTA:
                    async with self._log:
                        await asyncio.to_thread(keep_quota, path, SERIAL_QUOTA)
            except FileNotFoundError:
                pass
            except OSError as error:
                log.warning("%s: the serial log was cut: %s", self._guest.name, error)
            await asyncio.sleep(QUOTA_INTERVAL)
            await self._guest.up.wait()
