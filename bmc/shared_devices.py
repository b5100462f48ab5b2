"""Devices that several nodes or parts use at once: one connection each, open for as long as somebody has a lease."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar, cast


class Device(Protocol):
    """What is behind one address: a gateway, a PDU, a broker, an arm."""

    async def close(self) -> None:
        """Let go of it, and release what it holds; called when the last lease has ended."""


D = TypeVar("D", bound=Device)


@dataclass(eq=False, slots=True)
class Lease(Generic[D]):
    """The right to use a device. `end` may be called more than once."""

    device: D
    _end: Callable[[], Awaitable[None]]
    _ended: bool = field(default=False)

    async def end(self) -> None:
        if not self._ended:
            self._ended = True
            await self._end()


class SharedDevices:
    """By key: what family of device, and all that tells one from another (address, user)."""

    def __init__(self) -> None:
        self._open: dict[tuple[object, ...], tuple[Device, int]] = {}

    def lease(self, key: tuple[object, ...], make: Callable[[], D]) -> Lease[D]:
        """The device of that key, made now if nobody has it."""
        device, users = self._open.get(key, (None, 0))
        if device is None:
            device = make()
        self._open[key] = (device, users + 1)

        async def end() -> None:
            device, users = self._open.pop(key)
            if users > 1:
                self._open[key] = (device, users - 1)
            else:
                await device.close()

        return Lease(cast(D, device), end)
