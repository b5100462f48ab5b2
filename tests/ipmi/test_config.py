"""What is kept of a node's IPMI door."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from bmc.ipmi.config import ConfigKeeper, DoorConfig, Update
from bmc.store import Json
from tests.ipmi.fakes import MemoryBuckets


class SlowBuckets(MemoryBuckets):
    async def put(self, bucket: str, key: str, value: Mapping[str, Json], expect: int | None = None) -> int:
        await asyncio.sleep(0)
        return await super().put(bucket, key, value, expect)


async def test_of_two_who_write_into_the_same_table_neither_loses() -> None:
    store = SlowBuckets()
    keeper = await ConfigKeeper.open(store, "n1")

    def entry(key: str) -> Update:
        return lambda config: replace(config, pef={**config.pef, key: "01"})

    await asyncio.gather(keeper.change(entry("1")), keeper.change(entry("6.1")))
    assert keeper.config == DoorConfig(pef={"1": "01", "6.1": "01"})
    assert (await ConfigKeeper.open(store, "n1")).config == keeper.config
