"""What one node does when its supply of power comes back: the restore policy, carried out once for each loss."""

from bmc.model.caller import Caller
from bmc.model.commands import SetRestorePolicy
from bmc.model.errors import BmcError, NotSupported
from bmc.model.events import EventKind, Severity
from bmc.model.power import PowerAction, PowerCause, PowerState, RestorePolicy
from bmc.node.part import ActAlone, Bench, Handlers
from bmc.ports import Mains


class Supply:
    """`mains` is None for a node that decides by itself, or whose vendor BMC does."""

    def __init__(self, bench: Bench, mains: Mains | None, act: ActAlone) -> None:
        self._bench = bench
        self._mains = mains
        self._act = act
        self.handlers: Handlers = {SetRestorePolicy: self._do_set_policy}

    @property
    def policy(self) -> RestorePolicy | None:
        return self._bench.keeper.state.restore_policy if self._mains else None

    @property
    def due(self) -> bool:
        return self._bench.keeper.state.restore_from is not None

    async def notice(self) -> None:
        """Before anybody looks at the node: was power lost since? Of a node that is new nobody can tell."""
        kept = self._bench.keeper.state
        epoch = self._mains.epoch() if self._mains else kept.mains
        if epoch != kept.mains:
            await self._bench.keeper.change(mains=epoch, restore_from=kept.power if kept.mains else None)

    async def restore(self) -> None:
        """At most once: what a crash cuts off before the action's intent is stored is not done again.

        :raise StoreFailed: the store takes nothing.
        """
        kept = self._bench.keeper.state
        if kept.restore_from is None:
            return
        was_on = kept.restore_from is PowerState.ON and kept.cause is PowerCause.MAINS_LOST
        wanted = kept.restore_policy is RestorePolicy.ALWAYS_ON or (
            kept.restore_policy is RestorePolicy.LAST_STATE and was_on
        )
        await self._bench.keeper.change(restore_from=None)
        if kept.power is PowerState.ON:
            return
        severity, outcome = Severity.OK, f"it stays {kept.power.value}"
        if wanted:
            try:
                await self._act(PowerAction.ON, PowerCause.RESTORE_POLICY)
                outcome = "it was powered on"
            except BmcError as error:
                severity, outcome = Severity.WARNING, f"it could not be powered on: {error}"
        await self._bench.publish(
            EventKind.MAINS_RESTORED,
            f"the supply of power of {self._bench.name} is back; by its restore policy {kept.restore_policy.value} "
            + outcome,
            severity,
            details={"policy": kept.restore_policy.value, "was": kept.restore_from.value, "on": wanted},
        )

    async def _do_set_policy(self, command: SetRestorePolicy, caller: Caller) -> None:
        if self._mains is None:
            raise NotSupported(f"what {self._bench.name} does when its power comes back is not for Lightsout to decide")
        if command.policy is self._bench.keeper.state.restore_policy:
            return
        await self._bench.keeper.change(restore_policy=command.policy)
        self._bench.refresh()
        await self._bench.publish(
            EventKind.RESTORE_POLICY_SET,
            f"the power restore policy of {self._bench.name} is {command.policy.value}",
            account=caller.account,
            details={"policy": command.policy.value},
        )
