"""The BMC's end of a guest's system interface: QEMU's `ipmi-bmc-extern`, which waits for us on a unix socket."""

import asyncio

from bmc.model.errors import WrongState
from bmc.socket_stream import SocketStream
from bmc.virtual_node.files import BMC_SOCKET, dial
from bmc.virtual_node.guest import Guest

AGAIN = 0.2


class VirtualHostInterface:
    def __init__(self, guest: Guest) -> None:
        self._guest = guest

    async def connect(self) -> SocketStream:
        """A QEMU that was started before there was such an interface never has one: that waits for the next."""
        while True:
            await self._guest.up.wait()
            try:
                line = await dial(self._guest.files.guest, BMC_SOCKET, self._guest.pid)
                return await SocketStream.over(line)
            except FileNotFoundError:
                await asyncio.sleep(10 * AGAIN)
            except (OSError, WrongState):
                await asyncio.sleep(AGAIN)
