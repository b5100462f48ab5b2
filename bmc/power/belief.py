"""What the senses together say: one reading out of many, and Unknown rather than a guess."""

from collections.abc import Mapping
from dataclasses import replace

from bmc.model.power import Health, PowerCause, PowerReading, PowerState, Vote

_SEVERITY = list(Health)

AND = " and "
"""Joins the domains of what is moved together into one: two PDUs that feed one server."""


def believe(readings: Mapping[str, PowerReading], at: float, domains: Mapping[str, str] | None = None) -> PowerReading:
    """The reading that most failure domains agree on; UNKNOWN with every reason when none can tell, or none prevails.

    A domain has one vote, and none while its own senses differ; `domains` are those of the senses, each its own by
    default. Cause, health and reason come from the gravest reading of the state, or the newest that knows a cause; who
    was outvoted makes it a warning. `at` dates an UNKNOWN, which is as grave as the gravest of those that cannot tell.
    """
    sure = {name: reading for name, reading in readings.items() if reading.state is not PowerState.UNKNOWN}
    if not sure:
        reasons = "; ".join(f"{name}: {reading.reason or 'cannot tell'}" for name, reading in readings.items())
        health = max((reading.health for reading in readings.values()), key=_SEVERITY.index, default=Health.OK)
        return PowerReading(PowerState.UNKNOWN, at, health=health, reason=reasons or "no sense watches this node")
    for_on, for_off = (_votes(sure, state, domains or {}) for state in (PowerState.ON, PowerState.OFF))
    told = ", ".join(f"{name} says {reading.state.value}" for name, reading in sure.items())
    if len(for_on) == len(for_off):
        return PowerReading(PowerState.UNKNOWN, at, reason=f"the senses differ: {told}")
    state = PowerState.ON if len(for_on) > len(for_off) else PowerState.OFF
    prevailing = max((reading for reading in sure.values() if reading.state is state), key=_weight)
    if all(reading.state is state for reading in sure.values()):
        return prevailing
    outvoted = f"the senses differ: {told}"
    reason = f"{prevailing.reason}; {outvoted}" if prevailing.reason else outvoted
    health = max(prevailing.health, Health.WARNING, key=_SEVERITY.index)
    return replace(prevailing, health=health, reason=reason)


def confirms(state: PowerState, readings: Mapping[str, PowerReading], domains: Mapping[str, str], moved: str) -> str:
    """Who says `state` from outside the domain that was `moved`, or those joined by `AND`: a name, or "".

    Where all senses are inside of it, as those of a process, there is no other eye to look through.
    """
    outside = [name for name in readings if not inside(domains.get(name, name), moved)] or list(readings)
    return next((name for name in outside if readings[name].state is state), "")


def inside(domain: str, moved: str) -> bool:
    """Whether it is the domain that was moved, or one of several that were moved together."""
    return domain == moved or domain in moved.split(AND)


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
