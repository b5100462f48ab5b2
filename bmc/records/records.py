"""All records of one node, opened and forgotten together."""

from dataclasses import dataclass

from bmc.model.clock import Clock
from bmc.ports import SensorSource
from bmc.records.sel import SelKeeper
from bmc.records.sensors import SensorKeeper
from bmc.store import Store


@dataclass(frozen=True, slots=True)
class Records:
    sel: SelKeeper
    sensors: SensorKeeper

    @classmethod
    async def open(cls, store: Store, node: str, clock: Clock, source: SensorSource | None) -> "Records":
        sel = await SelKeeper.open(store, node, clock)
        return cls(sel, await SensorKeeper.open(source, store, node, clock))

    async def forget(self) -> None:
        """The node was removed."""
        await self.sel.forget()
        await self.sensors.forget()
