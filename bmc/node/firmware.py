"""Which firmware one node has: a change waits for the next power on, and becomes a part of the definition with it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from bmc.model.boot import BootMode
from bmc.model.caller import Caller
from bmc.model.commands import SetFirmware
from bmc.model.errors import NotSupported
from bmc.model.events import EventKind
from bmc.model.power import PowerState
from bmc.node.part import Bench, Handlers
from bmc.ports import FirmwareSetup, Inventory


class FirmwarePart:
    """`redefine` changes options of the node's definition, on disk when it returns."""

    def __init__(
        self,
        bench: Bench,
        setup: FirmwareSetup | None,
        inventory: Inventory | None,
        redefine: Callable[[Mapping[str, object]], Awaitable[None]],
    ) -> None:
        self._bench = bench
        self._setup = setup
        self._inventory = inventory
        self._redefine = redefine
        self.handlers: Handlers = {SetFirmware: self._do_set}

    @property
    def pending(self) -> BootMode | None:
        return self._bench.keeper.state.next_firmware

    async def settle(self) -> None:
        """Before anything boots: what is pending takes effect if the node is off.

        Its definition is stored first. A boot override that names the former firmware keeps its target alone.

        :raise StoreFailed: the store takes nothing.
        """
        kept = self._bench.keeper.state
        mode = kept.next_firmware
        if self._setup is None or mode is None or kept.power is not PowerState.OFF:
            return
        await self._redefine(self._setup.options(mode))
        self._setup.take(mode)
        await self._bench.keeper.change(next_firmware=None, boot=replace(kept.boot, mode=None))
        self._bench.refresh()
        await self._bench.publish(
            EventKind.FIRMWARE_APPLIED,
            f"the firmware of {self._bench.name} is {mode.value} now",
            details={"mode": mode.value},
        )

    async def _do_set(self, command: SetFirmware, caller: Caller) -> None:
        if self._setup is None or self._inventory is None:
            raise NotSupported(f"the firmware of {self._bench.name} is not for Lightsout to set")
        now = self._inventory.hardware().firmware
        wanted = None if command.mode is now else command.mode
        if wanted is self.pending:
            return
        await self._bench.keeper.change(next_firmware=wanted)
        self._bench.refresh()
        stays = f"the firmware of {self._bench.name} stays {command.mode.value}"
        await self._bench.publish(
            EventKind.FIRMWARE_SET,
            f"the firmware of {self._bench.name} will be {wanted.value} from its next power on" if wanted else stays,
            account=caller.account,
            details={"mode": command.mode.value},
        )
