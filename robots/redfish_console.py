"""The serial console that a BMC offers as a WebSocket: SerialConsole of ComputerSystem 1.26."""

import aiohttp

from bmc.model.clock import Clock
from bmc.model.errors import BackendFailed, BmcError, NotSupported
from bmc.ports import ByteStream
from robots.redfish_model import Model

AGAIN_AFTER = 5.0


class RedfishSerial:
    """SerialSource."""

    def __init__(self, model: Model, clock: Clock) -> None:
        self._model = model
        self._clock = clock

    async def connect(self) -> ByteStream:
        while True:
            known = self._model.learned
            if known is not None and known.console:
                try:
                    return WebSocketStream(await self._model.link.websocket(known.console), self._model.link.where)
                except BmcError:
                    pass  # a console that is not there now is waited for
            await self._clock.sleep(AGAIN_AFTER)

    async def send_break(self) -> None:
        raise NotSupported(f"the serial console of {self._model.link.where} carries no break")

    async def history(self, limit: int) -> bytes:
        return b""


class WebSocketStream:
    """ByteStream of the messages of a WebSocket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, where: str) -> None:
        self._socket = socket
        self._where = where
        self._left = b""

    async def read(self, limit: int = 262144) -> bytes:
        while not self._left:
            message = await self._socket.receive()
            if message.type is aiohttp.WSMsgType.BINARY:
                self._left = message.data
            elif message.type is aiohttp.WSMsgType.TEXT:
                self._left = message.data.encode()
            else:
                return b""
        data, self._left = self._left[:limit], self._left[limit:]
        return data

    async def write(self, data: bytes) -> None:
        try:
            await self._socket.send_bytes(data)
        except (aiohttp.ClientError, ConnectionError) as error:
            raise BackendFailed(f"the serial console of {self._where} is gone: {error}") from error

    async def close(self) -> None:
        await self._socket.close()
