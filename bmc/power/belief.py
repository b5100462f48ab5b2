"""What the senses together say: one reading out of many, and Unknown rather than a guess."""

from collections.abc import Mapping
from dataclasses import replace

from bmc.model.power import Health, PowerCause, PowerReading, PowerState, Vote

_SEVERITY = list(Health)


def believe(
    readings: Mapping[str, PowerReading],
    at: float,
    domains: Mapping[str, str] | None = None,
    moved: frozenset[str] = frozenset(),
) -> PowerReading:
    """The reading that most failure domains agree on; UNKNOWN with every reason when none can tell, or none prevails.

    A domain has one vote, and none while its own senses differ; `domains` are those of the senses, each its own by
    default. What only senses in the `moved` domains say is not believed: no hand is believed by itself. Cause, health
    and reason come from the gravest reading of the state, or the newest that knows a cause; who was outvoted makes it
    a warning. `at` dates an UNKNOWN, which is as grave as the gravest of those that cannot tell.
    """
    sure = {name: reading for name, reading in readings.items() if reading.state is not PowerState.UNKNOWN}
    if not sure:
        health = max((reading.health for reading in readings.values()), key=_SEVERITY.index, default=Health.OK)
        reason = _why(readings) or "no sense watches this node"
        return PowerReading(PowerState.UNKNOWN, at, health=health, reason=reason)
    for_on, for_off = (_votes(sure, state, domains or {}) for state in (PowerState.ON, PowerState.OFF))
    told = ", ".join(f"{name} says {reading.state.value}" for name, reading in sure.items())
    if len(for_on) == len(for_off):
        return PowerReading(PowerState.UNKNOWN, at, reason=f"the senses differ: {told}")
    state, voters = max((PowerState.ON, for_on), (PowerState.OFF, for_off), key=lambda each: len(each[1]))
    if voters <= moved:
        blind = _why({name: reading for name, reading in readings.items() if name not in sure})
        reason = f"no other eye has seen it: {told}" + (f"; {blind}" if blind else "")
        return PowerReading(PowerState.UNKNOWN, at, reason=reason)
    prevailing = max((reading for reading in sure.values() if reading.state is state), key=_weight)
    outvoted = tuple(name for name, reading in sure.items() if reading.state is not state)
    if not outvoted:
        return prevailing
    reason = "; ".join(filter(None, (prevailing.reason, f"the senses differ: {told}")))
    health = max(prevailing.health, Health.WARNING, key=_SEVERITY.index)
    return replace(prevailing, health=health, reason=reason, outvoted=outvoted)


def votes(readings: Mapping[str, PowerReading], domains: Mapping[str, str]) -> tuple[Vote, ...]:
    """Each sense and what it said, for people to see."""
    sure = {name: reading for name, reading in readings.items() if reading.state is not PowerState.UNKNOWN}
    counting = _votes(sure, PowerState.ON, domains) | _votes(sure, PowerState.OFF, domains)
    return tuple(
        Vote(name, domains.get(name, name), reading, name in sure and domains.get(name, name) in counting)
        for name, reading in readings.items()
    )


def _votes(sure: Mapping[str, PowerReading], state: PowerState, domains: Mapping[str, str]) -> set[str]:
    said = {domains.get(name, name) for name, reading in sure.items() if reading.state is state}
    return said - {domains.get(name, name) for name, reading in sure.items() if reading.state is not state}


def _weight(reading: PowerReading) -> tuple[int, bool, float]:
    return _SEVERITY.index(reading.health), reading.cause is not PowerCause.OBSERVED, reading.at


def _why(readings: Mapping[str, PowerReading]) -> str:
    return "; ".join(f"{name}: {reading.reason or 'cannot tell'}" for name, reading in readings.items())
