"""The FRU inventory of one node: made from what the node is, and kept once somebody has written into it."""

import asyncio
import base64
from functools import lru_cache

from bmc.ipmi.wire.errors import WireError
from bmc.ipmi.wire.fru import BoardArea, ChassisArea, ChassisType, Fru, ProductArea, readable, with_asset_tag
from bmc.model.errors import InvalidRequest
from bmc.model.node import Hardware, NodeDefinition
from bmc.store import Store

BUCKET = "fru"
SIZE = 1024
"""Bytes of the inventory area: every predefined field at its longest fits."""


class FruKeeper:
    """`data` is the whole area. Until it is written for the first time it follows the node's hardware."""

    def __init__(self, store: Store, definition: NodeDefinition, written: bytes | None) -> None:
        self._store = store
        self._node = definition.name
        self._uuid = str(definition.uuid)
        self._written = written
        self._hardware = Hardware()
        self._data = written or _made_from(self._hardware, self._uuid)
        self._changing = asyncio.Lock()

    @classmethod
    async def open(cls, store: Store, definition: NodeDefinition) -> "FruKeeper":
        entry = await store.get(BUCKET, definition.name)
        return cls(store, definition, base64.b64decode(entry.value["data"]) if entry else None)

    @property
    def data(self) -> bytes:
        return self._data

    def describe(self, hardware: Hardware) -> None:
        """What the node consists of now."""
        if self._written is None and hardware != self._hardware:
            self._hardware = hardware
            self._data = _made_from(hardware, self._uuid)

    async def write(self, offset: int, data: bytes) -> None:
        """:raise InvalidRequest: beyond the end. :raise StoreFailed: nothing was changed."""
        if not 0 <= offset <= SIZE - len(data):
            raise InvalidRequest(f"FRU bytes {offset} to {offset + len(data)}; the area has {SIZE}")
        async with self._changing:
            await self._keep(self._data[:offset] + data + self._data[offset + len(data) :])

    async def set_asset_tag(self, tag: str) -> None:
        """:raise InvalidRequest: the product area is damaged or cannot hold it. :raise StoreFailed: as `write`."""
        async with self._changing:
            try:
                changed = with_asset_tag(self._data, tag)
            except WireError as error:
                raise InvalidRequest(f"asset tag of {self._node}: {error}") from error
            await self._keep(changed)

    async def forget(self) -> None:
        """The node was removed."""
        await self._store.delete(BUCKET, self._node)

    async def _keep(self, data: bytes) -> None:
        await self._store.put(BUCKET, self._node, {"data": base64.b64encode(data).decode()})
        self._data = self._written = data


@lru_cache(maxsize=2048)
def inventory(data: bytes) -> Fru:
    """What the area says; nothing where it was written full of what is no inventory. Kept, as doors ask each time."""
    try:
        return Fru.unpack(data)
    except WireError:
        return Fru()


def _made_from(hardware: Hardware, uuid: str) -> bytes:
    """Only what is known: the manufacturing date is unspecified, and a node without a serial number has its UUID."""
    maker, model, serial = (readable(text) for text in (hardware.manufacturer, hardware.model, hardware.serial))
    kind = ChassisType.OTHER if hardware.accelerator else ChassisType.UNKNOWN  # SMBIOS calls a virtual one "other"
    board = BoardArea(maker, model, serial) if maker or model or serial else None
    product = ProductArea(maker, model, serial=serial or uuid)
    return Fru(ChassisArea(kind, serial=serial), board, product).pack(SIZE)
