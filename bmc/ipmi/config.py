"""What clients have set at one node's IPMI door and what outlives the service: stored whole before it takes effect."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol, cast

from bmc.ipmi.settings import AuditSink
from bmc.ipmi.wire.numbers import Privilege
from bmc.model.caller import Caller
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

    `channel_limit` is the LAN channel's privilege limit, `channel_alerting` whether PEF may alert over it; both are
    the non-volatile ones. `suite_limits` are the highest privileges by cipher suite id; 0: the suite is not used.
    `destinations` are LAN parameters 18 and 19, by selector, and `pef` the PEF parameters, by number and selector, in
    hexadecimal digits; `pef_processed` are the SEL records that software and this BMC have processed last.
    `controller_id` is DCMI's identifier of the management controller, empty until it is set. `system_info` maps a
    parameter's number to its blocks (IPMI v2.0 §22.14a), in hexadecimal digits. `sol_…` are the SOL configuration
    parameters, §26.3, in its units: `sol_interval` 5 ms, `sol_retry_interval` 10 ms.
    """

    channel_limit: int = Privilege.ADMINISTRATOR
    channel_alerting: bool = True
    suite_limits: Mapping[str, int] = field(default_factory=dict)
    community: str = "public"
    destinations: Mapping[str, str] = field(default_factory=dict)
    pef: Mapping[str, str] = field(default_factory=dict)
    pef_processed: Sequence[int] = (0, 0)
    controller_id: str = ""
    system_info: Mapping[str, str] = field(default_factory=dict)
    sol_enabled: bool = True
    sol_privilege: int = Privilege.OPERATOR
    sol_interval: int = 1
    sol_threshold: int = 1
    sol_retries: int = 7
    sol_retry_interval: int = 25


Update = Callable[[DoorConfig], DoorConfig]


class ConfigKeeper:
    """`config` is what holds now; `change` returns once the new one is on the disk.

    `channel_limit` and `channel_alerting` are the present (volatile) ones.
    """

    def __init__(self, store: Buckets, node: str, config: DoorConfig, audit: AuditSink | None = None) -> None:
        self.config = config
        self._store = store
        self._node = node
        self._audit = audit
        self._changing = asyncio.Lock()
        self.channel_limit = config.channel_limit
        self.channel_alerting = config.channel_alerting

    def suite_limit(self, suite: int) -> int:
        return self.config.suite_limits.get(str(suite), Privilege.ADMINISTRATOR)

    def ceiling(self, suite: int) -> int:
        """The highest privilege of a session with that cipher suite; 0: none is opened."""
        return min(self.channel_limit, self.suite_limit(suite))

    @classmethod
    async def open(cls, store: Buckets, node: str, audit: AuditSink | None = None) -> "ConfigKeeper":
        entry = await store.get(BUCKET, node)
        return cls(store, node, _load(entry.value) if entry else DoorConfig(), audit)

    async def set_present(self, by: Caller, channel_limit: int | None = None, alerting: bool | None = None) -> None:
        """Of the volatile ones those that are given."""
        before = self.channel_limit, self.channel_alerting
        self.channel_limit = before[0] if channel_limit is None else channel_limit
        self.channel_alerting = before[1] if alerting is None else alerting
        if before != (self.channel_limit, self.channel_alerting):
            await self._record(by, ["present channel access"])

    async def change(self, update: Update, by: Caller | None = None) -> None:
        """`update` makes the next config of the one that holds then. What somebody changed, `by`, is audited.

        :raise StoreFailed: nothing was changed.
        """
        async with self._changing:
            before, after = self.config, update(self.config)
            changed = [name for name in before.__slots__ if getattr(before, name) != getattr(after, name)]
            if not changed:
                return
            await self._write(after)
            self.config = after
        if by is not None:
            await self._record(by, changed)

    async def rewrite(self) -> None:
        """Store what holds anyway. :raise StoreFailed: the store takes nothing."""
        async with self._changing:
            await self._write(self.config)

    async def _write(self, config: DoorConfig) -> None:
        await self._store.put(BUCKET, self._node, cast(Mapping[str, Json], asdict(config)))

    async def _record(self, by: Caller, changed: list[str]) -> None:
        if self._audit is not None:
            await self._audit.record(by, "change-ipmi-settings", self._node, "ok", {"changed": changed})


def _load(value: Mapping[str, Any]) -> DoorConfig:
    """Fields that only a later version knows are passed over."""
    known = DoorConfig.__dataclass_fields__
    return DoorConfig(**{name: item for name, item in value.items() if name in known})
