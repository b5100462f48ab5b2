"""What is published of one node's power: each sentence an operator may read of it stands here, once."""

from bmc.events import Publish
from bmc.model.caller import Caller
from bmc.model.events import EventKind, Severity
from bmc.model.power import PowerAction, PowerCause, PowerReading, PowerState
from bmc.node.journal import Intent

_MISHAPS = frozenset({PowerCause.PROCESS_DIED, PowerCause.MAINS_LOST})


class PowerNews:
    def __init__(self, name: str, publish: Publish) -> None:
        self._name = name
        self._publish = publish

    async def asked(self, action: PowerAction, caller: Caller, cause: PowerCause) -> None:
        why = "" if cause is PowerCause.COMMAND else f" ({cause.value})"
        await self._publish(
            EventKind.POWER_ACTION,
            f"{caller.account} asked for {action.value} of {self._name}{why}",
            account=caller.account,
            details={"action": action.value, "outcome": "started", "door": caller.door.value},
        )

    async def failed(self, action: PowerAction, account: str, error: Exception) -> None:
        """The asker may have left: a door that waits no longer, a job that was cancelled."""
        await self._publish(
            EventKind.POWER_ACTION,
            f"{action.value} of {self._name} failed: {error}",
            Severity.WARNING,
            account,
            {"action": action.value, "outcome": "failed"},
        )

    async def superseded(self, action: PowerAction, by: PowerAction, account: str) -> None:
        await self._publish(
            EventKind.POWER_ACTION,
            f"{action.value} of {self._name} was superseded by {by.value}",
            account=account,
            details={"action": action.value, "outcome": "superseded"},
        )

    async def not_shut_down(self, action: PowerAction, account: str, patience: float, escalates: bool) -> None:
        await self._publish(
            EventKind.POWER_ACTION,
            f"{self._name} did not shut down within {patience:.0f} s of {action.value}; "
            + ("it is forced off now" if escalates else "nothing was forced"),
            Severity.WARNING,
            account,
            {"action": action.value, "outcome": "timed out"},
        )

    async def stays_off(self, action: PowerAction, account: str, error: Exception) -> None:
        await self._publish(
            EventKind.POWER_ACTION,
            f"{self._name} shut down for {action.value} but could not be powered on again: {error}",
            Severity.CRITICAL,
            account,
            {"action": action.value, "outcome": "failed"},
        )

    async def cut_off(self, intent: Intent, rest: str) -> None:
        await self._publish(
            EventKind.POWER_UNKNOWN,
            f"{intent.action.value} of {self._name}, asked by {intent.account}, was cut off by the end of the service: "
            f"whether it was carried out is unknown, {rest}",
            Severity.WARNING,
            intent.account,
            {"action": intent.action.value, "outcome": "unknown"},
        )

    async def was_reset(self, cause: PowerCause) -> None:
        message = f"{self._name} was reset ({cause.value})"
        await self._publish(EventKind.NODE_RESET, message, details={"cause": cause.value})

    async def changed(self, before: PowerState, reading: PowerReading, account: str, cause: PowerCause) -> None:
        severity = Severity.OK
        if reading.state is PowerState.UNKNOWN or cause in _MISHAPS:
            severity = Severity.WARNING
        message = f"{self._name} is {reading.state.value} ({cause.value})"
        if reading.reason:
            message += f": {reading.reason}"
        details = {"from": before.value, "to": reading.state.value, "cause": cause.value}
        await self._publish(EventKind.POWER_CHANGED, message, severity, account, details)

    async def outvoted(self, reading: PowerReading) -> None:
        """Who says otherwise than most, or that nobody does any more."""
        kind = EventKind.SENSES_DIFFER if reading.outvoted else EventKind.SENSES_AGREE
        severity = Severity.WARNING if reading.outvoted else Severity.OK
        message = f"{self._name} is {reading.state.value}, and all its senses agree again"
        if reading.outvoted:
            message = (
                f"{self._name} is taken to be {reading.state.value}, but {', '.join(reading.outvoted)} says otherwise"
            )
        await self._publish(kind, message, severity, details={"senses": list(reading.outvoted)})

    async def paused(self, before: PowerReading, reading: PowerReading) -> None:
        """Or goes on: what was told of the pause holds no longer."""
        kind = EventKind.NODE_PAUSED if reading.paused else EventKind.NODE_RESUMED
        message = f"{self._name} stands still: {reading.reason}" if reading.paused else f"{self._name} runs again"
        details = {"cause": reading.cause.value, "was": before.reason}
        await self._publish(kind, message, Severity(reading.health.value), details=details)
