"""What of a node outlives the service: stored whole before it takes effect."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from bmc.model.boot import NO_OVERRIDE, BootMode, BootOverride
from bmc.model.node import NO_HARDWARE, Hardware, Reservation
from bmc.model.power import PowerCause, PowerState, RestorePolicy
from bmc.model.watchdog import PreTimeout, WatchdogAction, WatchdogSetting, WatchdogUse
from bmc.store import Json, Store

BUCKET = "node-state"


@dataclass(frozen=True, slots=True)
class NodeState:
    """`power`, `power_since` and `cause` are those last believed, to tell after a restart what happened meanwhile.

    `mains` names the stretch of power in which the node was last seen; `restore_from` is the state it was in when
    power was lost, and None when no restore policy is due. `cycle_interval` is None until somebody sets one.
    """

    boot: BootOverride = NO_OVERRIDE
    next_firmware: BootMode | None = None
    identify: bool = False
    identify_until: float | None = None
    reservation: Reservation | None = None
    installed_image: str = ""
    inspected: Hardware = NO_HARDWARE
    power: PowerState = PowerState.UNKNOWN
    power_since: float = 0.0
    cause: PowerCause = PowerCause.OBSERVED
    confirmed: PowerState | None = None
    seconds_on: float = 0.0
    cycle_interval: int | None = None
    restore_policy: RestorePolicy = RestorePolicy.ALWAYS_OFF
    mains: str = ""
    restore_from: PowerState | None = None
    watchdog: WatchdogSetting | None = None
    watchdog_running: bool = False
    watchdog_expired: frozenset[WatchdogUse] = frozenset()


def to_json(state: NodeState) -> dict[str, Json]:
    return {
        "boot": state.boot.to_json(),
        "next_firmware": state.next_firmware.value if state.next_firmware else None,
        "identify": state.identify,
        "identify_until": state.identify_until,
        "reservation": asdict(state.reservation) if state.reservation else None,
        "installed_image": state.installed_image,
        "inspected": state.inspected.to_json(),
        "power": state.power.value,
        "power_since": state.power_since,
        "cause": state.cause.value,
        "confirmed": state.confirmed.value if state.confirmed else None,
        "seconds_on": state.seconds_on,
        "cycle_interval": state.cycle_interval,
        "restore_policy": state.restore_policy.value,
        "mains": state.mains,
        "restore_from": state.restore_from.value if state.restore_from else None,
        "watchdog": asdict(state.watchdog) if state.watchdog else None,
        "watchdog_running": state.watchdog_running,
        "watchdog_expired": sorted(state.watchdog_expired),
    }


def from_json(value: Mapping[str, Any]) -> NodeState:
    """What an earlier version stored lacks the later fields."""
    reservation, watchdog = value["reservation"], value.get("watchdog")
    return NodeState(
        boot=BootOverride.from_json(value["boot"]),
        next_firmware=BootMode(value["next_firmware"]) if value.get("next_firmware") else None,
        identify=value["identify"],
        identify_until=value.get("identify_until"),
        reservation=Reservation.from_json(reservation) if reservation else None,
        installed_image=value["installed_image"],
        inspected=Hardware.from_json(value.get("inspected", {})),
        power=PowerState(value["power"]),
        power_since=value["power_since"],
        cause=PowerCause(value["cause"]),
        confirmed=PowerState(value["confirmed"]) if value["confirmed"] else None,
        seconds_on=value.get("seconds_on", 0.0),
        cycle_interval=value.get("cycle_interval"),
        restore_policy=RestorePolicy(value.get("restore_policy", RestorePolicy.ALWAYS_OFF.value)),
        mains=value.get("mains", ""),
        restore_from=PowerState(value["restore_from"]) if value.get("restore_from") else None,
        watchdog=_watchdog(watchdog) if watchdog else None,
        watchdog_running=value.get("watchdog_running", False),
        watchdog_expired=frozenset(map(WatchdogUse, value.get("watchdog_expired", ()))),
    )


def _watchdog(value: Mapping[str, Any]) -> WatchdogSetting:
    return WatchdogSetting(
        WatchdogUse(value["use"]),
        WatchdogAction(value["action"]),
        value["countdown"],
        PreTimeout(value["pre_timeout"]),
        value["pre_interval"],
        value["log"],
    )


class StateKeeper:
    """The stored state of one node; `change` returns once it is on disk."""

    def __init__(self, store: Store, node: str, state: NodeState) -> None:
        self._store = store
        self._node = node
        self.state = state
        self._changing = asyncio.Lock()

    @classmethod
    async def open(cls, store: Store, node: str) -> "StateKeeper":
        entry = await store.get(BUCKET, node)
        return cls(store, node, from_json(entry.value) if entry else NodeState())

    async def change(self, **fields: Any) -> NodeState:
        """One change at a time: power and boot override change at once. :raise StoreFailed: nothing was changed."""
        async with self._changing:
            changed = replace(self.state, **fields)
            await self._store.put(BUCKET, self._node, to_json(changed))
            self.state = changed
            return changed

    @property
    def in_maintenance(self) -> bool:
        """A person has reserved the node, maybe with a job of theirs in front."""
        held = self.state.reservation
        return held is not None and (not held.job or held.behind is not None)

    async def delete(self) -> None:
        await self._store.delete(BUCKET, self._node)
