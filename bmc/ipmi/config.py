"""What clients have set at one node's IPMI door and what outlives the service: stored whole before it takes effect."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol, cast

from bmc.store import Entry, Json

BUCKET = "ipmi-config"


class Buckets(Protocol):
    """What is used of the store."""

    async def get(self, bucket: str, key: str) -> Entry | None: ...

    async def put(self, bucket: str, key: str, value: Mapping[str, Json], expect: int | None = None) -> int: ...

    async def delete(self, bucket: str, key: str, expect: int | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class DoorConfig:
    """JSON values only. Every field has a default, so that what an earlier version stored is still understood.

    `controller_id` is DCMI's identifier of the management controller, empty until it is set. `system_info` maps a
    parameter's number to its blocks (IPMI v2.0 §22.14a), in hexadecimal digits.
    """

    controller_id: str = ""
    system_info: Mapping[str, str] = field(default_factory=dict)


class ConfigKeeper:
    """`config` is what holds now; `change` returns once the new one is on the disk."""

    def __init__(self, store: Buckets, node: str, config: DoorConfig) -> None:
        self.config = config
        self._store = store
        self._node = node
        self._changing = asyncio.Lock()

    @classmethod
    async def open(cls, store: Buckets, node: str) -> "ConfigKeeper":
        entry = await store.get(BUCKET, node)
        return cls(store, node, _load(entry.value) if entry else DoorConfig())

    async def change(self, **fields: Any) -> None:
        """:raise StoreFailed: nothing was changed."""
        async with self._changing:
            changed = replace(self.config, **fields)
            await self._store.put(BUCKET, self._node, cast(Mapping[str, Json], asdict(changed)))
            self.config = changed


def _load(value: Mapping[str, Any]) -> DoorConfig:
    """Fields that only a later version knows are passed over."""
    known = DoorConfig.__dataclass_fields__
    return DoorConfig(**{name: item for name, item in value.items() if name in known})
