"""A bad network: a UDP proxy that loses and repeats datagrams."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

Address = tuple[str, int]


class _Side(asyncio.DatagramProtocol):
    def __init__(self, proxy: "LossyNetwork", to_door: bool) -> None:
        self._proxy = proxy
        self._to_door = to_door

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._proxy.carry(data, addr, self._to_door)


class LossyNetwork:
    """One client at a time. `loss` and `repeats` are parts of all datagrams, both ways.

    At another address, but on the door's own port: consoles want SOL to be on the port that they dialled.
    """

    host = "127.0.0.77"

    def __init__(self, door: Address, seed: int) -> None:
        self.loss = 0.0
        self.repeats = 0.0
        self.lost = 0
        self._door = door
        self._client: Address | None = None
        self._chance = random.Random(seed)
        self._transports: list[asyncio.DatagramTransport] = []

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        near, _ = await loop.create_datagram_endpoint(lambda: _Side(self, True), local_addr=(self.host, self._door[1]))
        far, _ = await loop.create_datagram_endpoint(lambda: _Side(self, False), remote_addr=self._door)
        self._transports = [near, far]

    def close(self) -> None:
        for transport in self._transports:
            transport.close()

    def carry(self, data: bytes, sender: Address, to_door: bool) -> None:
        if to_door:
            self._client = sender
        if self._chance.random() < self.loss:
            self.lost += 1
            return
        near, far = self._transports
        for _ in range(1 + (self._chance.random() < self.repeats)):
            if to_door:
                far.sendto(data)
            elif self._client is not None:
                near.sendto(data, self._client)


@asynccontextmanager
async def lossy(door: Address, seed: int = 1) -> AsyncIterator[LossyNetwork]:
    network = LossyNetwork(door, seed)
    await network.open()
    try:
        yield network
    finally:
        network.close()
