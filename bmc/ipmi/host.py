"""What the guest has set at its system interface, and what waits there for it, IPMI v2.0 §22.1 to §22.8."""

from dataclasses import dataclass, field

from bmc.ipmi.wire.messaging import GlobalEnables, MessageFlags
from bmc.ipmi.wire.sel import Record
from bmc.model.node import NodeSnapshot
from bmc.model.sel import SYSTEM_EVENT, Sel, SelEntry
from bmc.model.watchdog import PreTimeout


@dataclass(slots=True)
class HostState:
    """As it is when the BMC starts; made anew when the interface is opened, and when the guest's machine is reset.

    It can be the `writer` of a "set in progress", as a session can, until it has `ended`. `event` is the event message
    buffer: one record, in its 16 bytes.
    """

    ended: bool = False
    enables: GlobalEnables = GlobalEnables.EVENT_LOGGING
    event: bytes | None = None
    _pre_timeout: bool = False
    _warned: float | None = None
    _told: tuple[float, int] = field(default=(0.0, 0))

    @property
    def flags(self) -> MessageFlags:
        event = MessageFlags.EVENT_BUFFER_FULL if self.event is not None else MessageFlags(0)
        return event | (MessageFlags.WATCHDOG_PRE_TIMEOUT if self._pre_timeout else MessageFlags(0))

    @property
    def interrupts(self) -> bool:
        return bool(self.enables & (GlobalEnables.RECEIVE_QUEUE_INTERRUPT | GlobalEnables.EVENT_BUFFER_INTERRUPT))

    def enable(self, enables: GlobalEnables, sel: Sel) -> None:
        """Events from before the buffer was enabled are for the SEL alone."""
        if not self.enables & GlobalEnables.EVENT_BUFFER:
            self._told = _place(sel.entries[-1]) if sel.entries else (0.0, 0)
        self.enables = enables

    def look(self, snapshot: NodeSnapshot) -> None:
        """Take up what there is to be told now."""
        watchdog = snapshot.watchdog
        wanted = watchdog.pre_timeout and watchdog.setting.pre_timeout is PreTimeout.MESSAGING
        if wanted and watchdog.ends != self._warned:
            self._pre_timeout, self._warned = True, watchdog.ends
        if self.event is None and self.enables & GlobalEnables.EVENT_BUFFER:
            self.event = self._next(snapshot.sel)

    def clear(self, flags: int) -> None:
        if flags & MessageFlags.EVENT_BUFFER_FULL:
            self.event = None
        if flags & MessageFlags.WATCHDOG_PRE_TIMEOUT:
            self._pre_timeout = False

    def take_event(self) -> bytes | None:
        event, self.event = self.event, None
        return event

    def _next(self, sel: Sel) -> bytes | None:
        """The oldest event not yet told; records that others have added are no events of ours."""
        for entry in sel.entries:
            if _place(entry) > self._told and entry.record_type == SYSTEM_EVENT and entry.message:
                self._told = _place(entry)
                return Record(entry.id, entry.record_type, entry.stamp, entry.data).pack()
        return None


def _place(entry: SelEntry) -> tuple[float, int]:
    """Ids begin anew when the SEL is cleared."""
    return entry.at, entry.id
