"""What is noted of one node from outside: the image that it runs, what was found in it, that its system has spoken."""

from bmc.model.caller import Caller
from bmc.model.commands import NoteInspected, NoteInstalled, NoteOsSeen
from bmc.model.errors import Denied
from bmc.model.events import EventKind
from bmc.node.part import Bench, Handlers


class Notes:
    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.os_seen = False
        """Since it booted last."""
        self.handlers: Handlers = {
            NoteInstalled: self._do_note_installed,
            NoteInspected: self._do_note_inspected,
            NoteOsSeen: self._do_note_os_seen,
        }

    def forget_os(self) -> None:
        """It boots, or is off."""
        if self.os_seen:
            self.os_seen = False
            self._bench.refresh()

    async def _do_note_installed(self, command: NoteInstalled, caller: Caller) -> None:
        await self._bench.keeper.change(installed_image=command.image)
        self._bench.refresh()
        message = f"{self._bench.name} now runs {command.image or 'no image of ours'}"
        await self._bench.publish(EventKind.NODE_CHANGED, message, account=caller.account)

    async def _do_note_inspected(self, command: NoteInspected, caller: Caller) -> None:
        if not caller.job:
            raise Denied("only a job notes what was found in a node")
        await self._bench.keeper.change(inspected=command.hardware)
        self._bench.refresh()
        message = f"{self._bench.name} was inspected"
        await self._bench.publish(EventKind.NODE_CHANGED, message, account=caller.account)

    async def _do_note_os_seen(self, command: NoteOsSeen, caller: Caller) -> None:
        self.os_seen = True
        self._bench.refresh()
