"""What the senses together say: one reading out of many, and Unknown rather than a guess."""

from collections.abc import Mapping

from bmc.model.power import Health, PowerCause, PowerReading, PowerState

_SEVERITY = list(Health)


def believe(readings: Mapping[str, PowerReading], at: float) -> PowerReading:
    """The reading that all senses that can tell agree on; UNKNOWN with every reason when none can, or when they differ.

    Cause, health and reason come from the gravest reading, or the newest that knows a cause. `at` dates an UNKNOWN,
    which is as grave as the gravest of those that cannot tell.
    """
    sure = {name: reading for name, reading in readings.items() if reading.state is not PowerState.UNKNOWN}
    if not sure:
        reasons = "; ".join(f"{name}: {reading.reason or 'cannot tell'}" for name, reading in readings.items())
        health = max((reading.health for reading in readings.values()), key=_SEVERITY.index, default=Health.OK)
        return PowerReading(PowerState.UNKNOWN, at, health=health, reason=reasons or "no sense watches this node")
    if len({reading.state for reading in sure.values()}) > 1:
        votes = ", ".join(f"{name} says {reading.state.value}" for name, reading in sure.items())
        return PowerReading(PowerState.UNKNOWN, at, reason=f"the senses differ: {votes}")
    return max(sure.values(), key=_weight)


def _weight(reading: PowerReading) -> tuple[int, bool, float]:
    return _SEVERITY.index(reading.health), reading.cause is not PowerCause.OBSERVED, reading.at
