"""Platform event filtering, IPMI v2.0 §17: looks at each new SEL record and does what the filters say."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from bmc.ipmi.alerts import Alerts
from bmc.ipmi.config import ConfigKeeper, DoorConfig
from bmc.ipmi.wire.numbers import LAN_CHANNEL
from bmc.ipmi.wire.pef import (
    AlertPolicy,
    AlertStatus,
    EventFilter,
    PefAction,
    PefControl,
    PefParameter,
    PolicyRule,
)
from bmc.model.caller import Caller, Door, Role, Scope
from bmc.model.clock import Clock
from bmc.model.commands import Command, Power, TellPlatformEvent
from bmc.model.errors import BmcError
from bmc.model.node import NodeSnapshot
from bmc.model.power import PowerAction
from bmc.model.sel import SYSTEM_EVENT, Sel, SelEntry, SystemEvent

log = logging.getLogger(__name__)
R = TypeVar("R")

FILTERS, POLICIES = 16, 16
POSTPONED_FOR_GOOD = 0xFE
_SYSTEM_EVENT_SENSOR, _PEF_ACTION = 0x12, 0x04
_ECHO = 5.0
"""Seconds after a power action of ours in which records are no reason for another: they are what it brought about."""

IN_ORDER = (
    (PefAction.POWER_OFF, PowerAction.FORCE_OFF),
    (PefAction.POWER_CYCLE, PowerAction.POWER_CYCLE),
    (PefAction.RESET, PowerAction.FORCE_RESTART),
    (PefAction.INTERRUPT, PowerAction.NMI),
)
"""Table 17-1: of several that filters ask for, the first is done."""


class Actor(Protocol):
    """What is used of the node."""

    @property
    def snapshot(self) -> NodeSnapshot: ...

    async def do(self, command: Command[R], caller: Caller) -> R: ...


class Pef:
    """`look` each second; what takes time goes on in tasks, begun by `start`."""

    def __init__(
        self,
        node: Actor,
        config: ConfigKeeper,
        alerts: Alerts,
        clock: Clock,
        start: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._node = node
        self._config = config
        self._alerts = alerts
        self._clock = clock
        self._start = start
        self._sel: Sel | None = None
        self._known: frozenset[tuple[int, float]] | None = None
        self._postponed = 0.0
        self._acted = 0.0
        self._processing = asyncio.Lock()

    def value(self, parameter: PefParameter, selector: int = 0, length: int = 1) -> bytes:
        """A parameter as it was set; one that never was is all zeros."""
        key = f"{parameter.value}.{selector}" if selector else str(parameter.value)
        return bytes.fromhex(self._config.config.pef.get(key, "")) or bytes(length)

    async def set(self, by: Caller, parameter: PefParameter, data: bytes, selector: int = 0, length: int = 0) -> None:
        """Writes the beginning of a parameter that has `length` bytes, or all of it.

        PEF that is switched on begins with the records that come then.
        """
        was_enabled = self.enabled
        key = f"{parameter.value}.{selector}" if selector else str(parameter.value)

        def write(config: DoorConfig) -> DoorConfig:
            present = bytes.fromhex(config.pef.get(key, "")) or bytes(length)
            return replace(config, pef={**config.pef, key: (data + present[len(data) :]).hex()})

        await self._config.change(write, by)
        if self.enabled and not was_enabled:
            self._take(self._node.snapshot.sel)
            await self._note_processed()

    def filter(self, number: int) -> EventFilter:
        return EventFilter.unpack(self.value(PefParameter.FILTER, number, 20))

    def policy(self, number: int) -> AlertPolicy:
        """One that was never set has the channel that there is: clients ask about it."""
        stored = self._config.config.pef.get(f"{PefParameter.POLICY.value}.{number}")
        return AlertPolicy.unpack(bytes.fromhex(stored)) if stored else AlertPolicy(channel=LAN_CHANNEL)

    @property
    def countdown(self) -> int:
        """Of the postpone timer, in seconds; FEh while PEF is disabled for a time, 0 when nothing is postponed."""
        if self._postponed == float("inf"):
            return POSTPONED_FOR_GOOD
        return max(0, round(self._postponed - self._clock.monotonic()))

    def postpone(self, seconds: int) -> None:
        if seconds == POSTPONED_FOR_GOOD:
            self._postponed = float("inf")
        else:
            self._postponed = self._clock.monotonic() + seconds if seconds else 0.0

    @property
    def processed(self) -> tuple[int, int]:
        """The last record that software has processed, and the last that we have; 0 when there is none."""
        software, bmc = self._config.config.pef_processed
        return software, bmc

    async def set_processed(self, software: int | None = None, bmc: int | None = None) -> None:
        def write(config: DoorConfig) -> DoorConfig:
            before = config.pef_processed
            after = (before[0] if software is None else software, before[1] if bmc is None else bmc)
            return replace(config, pef_processed=after)

        await self._config.change(write)

    def look(self) -> None:
        """What is new in the SEL is processed, each record once."""
        if not self.enabled:
            self._sel = self._known = None
            return
        snapshot = self._node.snapshot
        if snapshot.sel is self._sel or self._is_held(snapshot):
            return
        fresh = self._fresh(snapshot.sel)
        self._take(snapshot.sel)
        if fresh:
            self._start(self._process(fresh))

    @property
    def enabled(self) -> bool:
        return bool(self._config.config.pef) and self._control & PefControl.ENABLED != 0

    @property
    def _control(self) -> int:
        return self.value(PefParameter.CONTROL)[0]

    def _is_held(self, snapshot: NodeSnapshot) -> bool:
        """The postpone timer runs, or a startup delay, which counts from when the node went on."""
        if self._clock.monotonic() < self._postponed:
            return True
        delays = [0]
        if self._control & PefControl.STARTUP_DELAY:
            delays.append(self.value(PefParameter.STARTUP_DELAY)[0])
        if self._control & PefControl.ALERT_STARTUP_DELAY:
            delays.append(self.value(PefParameter.ALERT_STARTUP_DELAY)[0])
        return self._clock.now() < snapshot.power_since + max(delays)

    def _take(self, sel: Sel) -> None:
        self._sel, self._known = sel, frozenset((entry.id, entry.at) for entry in sel.entries)

    def _fresh(self, sel: Sel) -> tuple[SelEntry, ...]:
        """Records that were not there the last time, or, after a start, those behind the last that was processed."""
        software, bmc = self.processed
        if self._known is None:
            fresh = _behind(sel.entries, bmc) if bmc else sel.entries
        else:
            known = self._known
            fresh = tuple(entry for entry in sel.entries if (entry.id, entry.at) not in known)
        return _behind(fresh, software) if any(entry.id == software for entry in fresh) else fresh

    async def _process(self, entries: tuple[SelEntry, ...]) -> None:
        async with self._processing:
            for entry in entries:
                if entry.record_type == SYSTEM_EVENT:
                    await self._filter(entry)
            await self.set_processed(bmc=entries[-1].id)

    async def _note_processed(self) -> None:
        entries = self._node.snapshot.sel.entries
        await self.set_processed(bmc=entries[-1].id if entries else 0)

    async def _filter(self, entry: SelEntry) -> None:
        event = SystemEvent.unpack(entry.data)
        if event.sensor_type == _SYSTEM_EVENT_SENSOR and event.data[0] & 0x0F == _PEF_ACTION:
            return
        passing = [found for found in map(self.filter, range(1, FILTERS + 1)) if found.enabled and _fits(found, event)]
        allowed = PefAction(self.value(PefParameter.ACTIONS)[0])
        if entry.maintenance:
            allowed &= ~PefAction.ALERT
        actions = PefAction.NONE
        for found in passing:
            actions |= found.actions & allowed
            if found.actions & allowed & PefAction.ALERT:
                self._start(self._alert(found, event))
        doing = next(((asked, power) for asked, power in IN_ORDER if asked & actions), None)
        if doing is not None and entry.at > self._acted + _ECHO:
            await self._act(doing[1])
        elif doing is not None:
            actions &= PefAction.ALERT
        if actions and self._control & PefControl.EVENTS:
            data = bytes((0xC0 | _PEF_ACTION, actions, 0xFF))
            await self._do(TellPlatformEvent(SystemEvent(_SYSTEM_EVENT_SENSOR, 0, 0x6F, data)))

    async def _act(self, power: PowerAction) -> None:
        log.info("%s: PEF does %s", self._node.snapshot.name, power.value)
        await self._do(Power(power))
        self._acted = self._clock.now()

    async def _do(self, command: Command[Any]) -> None:
        name = self._node.snapshot.name
        scope = Scope.only(name)
        try:
            await self._node.do(command, Caller("pef", Role.OPERATOR, scope, Door.IPMI))
        except BmcError as error:
            log.warning("%s: PEF's %s failed: %s", name, command.action, error)

    async def _alert(self, found: EventFilter, event: SystemEvent) -> None:
        """Walk the policy: each entry says what it does once one before it went well."""
        if not self._config.channel_alerting:
            return
        went_well = False
        for policy in map(self.policy, range(1, POLICIES + 1)):
            if not policy.enabled or policy.number != found.policy or policy.channel != LAN_CHANNEL:
                continue
            if went_well and policy.rule is PolicyRule.SKIP:
                continue
            if went_well and policy.rule is not PolicyRule.ALWAYS:
                return  # there is no other channel, and no other type of destination
            status = await self._alerts.send(policy.destination, self._node.snapshot, event, found.severity)
            went_well = status is AlertStatus.ENDED


def _behind(entries: tuple[SelEntry, ...], id: int) -> tuple[SelEntry, ...]:
    """Those after the record `id`; none if it is not there."""
    for index, entry in enumerate(entries):
        if entry.id == id:
            return entries[index + 1 :]
    return ()


def _fits(found: EventFilter, event: SystemEvent) -> bool:
    trigger = event.event_type | (not event.asserted) << 7
    return found.fits(event.generator, event.sensor_type, event.sensor, trigger, event.data)
