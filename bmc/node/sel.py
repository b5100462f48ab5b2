"""The SEL among a node's commands; what it records comes from the node's events."""

from dataclasses import replace

from bmc.model.caller import Caller
from bmc.model.commands import AddSelEntry, ClearSel, DeleteSelEntry, ResolveSelEntry, SetSelClock, TellPlatformEvent
from bmc.model.events import Event, EventKind, Severity
from bmc.node.part import Bench, Handlers
from bmc.ports import EventLogSource
from bmc.records.sel import SelKeeper


class SelPart:
    def __init__(self, bench: Bench, keeper: SelKeeper) -> None:
        self._bench = bench
        self._keeper = keeper
        self.handlers: Handlers = {
            AddSelEntry: self._do_add,
            DeleteSelEntry: self._do_delete,
            ResolveSelEntry: self._do_resolve,
            ClearSel: self._do_clear,
            SetSelClock: self._do_set_clock,
            TellPlatformEvent: self._do_tell,
        }

    async def _do_add(self, command: AddSelEntry, caller: Caller) -> int:
        id = await self._keeper.add(command.record_type, command.data, self._bench.keeper.in_maintenance)
        await self._changed(f"{caller.account} added record {id:04X}h to the SEL of {self._bench.name}", caller)
        return id

    async def _do_delete(self, command: DeleteSelEntry, caller: Caller) -> None:
        await self._keeper.delete(command.id)
        message = f"{caller.account} deleted record {command.id:04X}h from the SEL of {self._bench.name}"
        await self._changed(message, caller)

    async def _do_resolve(self, command: ResolveSelEntry, caller: Caller) -> None:
        if await self._keeper.resolve(command.id, command.resolved):
            what = "resolved" if command.resolved else "no longer resolved"
            message = f"{caller.account} calls record {command.id:04X}h of the SEL of {self._bench.name} {what}"
            await self._changed(message, caller)

    async def _do_clear(self, command: ClearSel, caller: Caller) -> None:
        records = len(self._keeper.sel.entries)
        await self._keeper.clear()
        self._bench.refresh()
        message = f"{caller.account} cleared the SEL of {self._bench.name}, which had {records} records"
        details = {"records": records}
        await self._bench.publish(EventKind.SEL_CLEARED, message, account=caller.account, details=details)

    async def _do_set_clock(self, command: SetSelClock, caller: Caller) -> None:
        await self._keeper.set_clock(command.time, command.utc_offset)
        await self._changed(f"{caller.account} set the SEL clock of {self._bench.name}", caller)

    async def _do_tell(self, command: TellPlatformEvent, caller: Caller) -> None:
        event = command.event
        what = "asserted" if event.asserted else "deasserted"
        message = (
            f"platform event of {self._bench.name}: sensor {event.sensor:02X}h (type {event.sensor_type:02X}h) {what}, "
            f"data {event.data.hex()}"
        )
        details = {"record": event.pack().hex()}
        if await self._bench.publish(EventKind.PLATFORM_EVENT, message, Severity.WARNING, caller.account, details):
            return
        told = Event(EventKind.PLATFORM_EVENT, message, self._bench.clock.now(), self._bench.name, Severity.WARNING)
        await self._keeper.note(replace(told, details=details, maintenance=self._bench.keeper.in_maintenance))
        self._bench.refresh()

    async def follow(self, source: EventLogSource) -> None:
        """Tell what the node's own BMC writes down, without end."""
        async for event in source.entries():
            record = {"record": event.record.pack().hex()} if event.record else {}
            at = {"at": event.at} if event.at is not None else {}
            message = f"the BMC of {self._bench.name} reports: {event.message}"
            await self._bench.publish(EventKind.PLATFORM_EVENT, message, event.severity, details={**record, **at})

    async def _changed(self, message: str, caller: Caller) -> None:
        self._bench.refresh()
        await self._bench.publish(EventKind.SEL_CHANGED, message, account=caller.account)
