"""The boot override by Redfish: armed at the BMC, and seen to be spent."""

from bmc.model.boot import BootEnabled, BootOverride, BootTarget
from bmc.model.clock import Clock
from bmc.model.errors import BackendFailed, NotSupported
from robots.foreign_boot import Boots, ForeignBoot
from robots.kept import KeptFile
from robots.redfish_link import Json
from robots.redfish_model import Model
from robots.redfish_resources import table, text

TARGET, ENABLED, MODE = "BootSourceOverrideTarget", "BootSourceOverrideEnabled", "BootSourceOverrideMode"


class RedfishBoot(ForeignBoot):
    """BootControl by Boot of the ComputerSystem, or of its settings resource."""

    def __init__(self, model: Model, clock: Clock, poll: float, post_time: float, boots: Boots, file: KeptFile) -> None:
        super().__init__(clock, poll, post_time, boots, file)
        self._model = model

    @property
    def targets(self) -> frozenset[BootTarget]:
        return self._model.targets

    async def arm(self, override: BootOverride) -> str:
        return _told(await self._set(override))

    async def told(self) -> str:
        return _told(await self._boot())

    async def _set(self, override: BootOverride) -> Json:
        """What the BMC tells then. Leaves alone what is so already: at some BMCs each change is a slow job."""
        known = await self._model.need()
        boot = await self._boot()
        change = self._change(override, boot)
        if not known.boot:
            if override.target is BootTarget.NONE:
                return boot
            raise NotSupported(f"{self._model.link.where} takes no boot override")
        if not _is(boot, change):
            await self._model.link.patch(known.boot, {"Boot": change})
            boot = await self._boot()
        return boot

    def _change(self, override: BootOverride, boot: Json) -> dict[str, str]:
        quirks, offered = self._model.quirks, self._model.learned.targets if self._model.learned else frozenset[str]()
        if override.target is BootTarget.NONE:
            change = {TARGET: quirks.cleared, ENABLED: BootEnabled.DISABLED.value}
        else:
            other = quirks.targets.get(override.target, "")
            change = {TARGET: other if other in offered else override.target.value, ENABLED: override.enabled.value}
        now = text(boot, MODE)
        mode = override.mode.value if override.mode else ""
        if mode and mode != now and not quirks.takes_mode:
            raise BackendFailed(
                f"{self._model.link.where} cannot change its boot mode, which is {now or 'unknown'}, to {mode}: "
                "change it in the firmware's setup"
            )
        if quirks.takes_mode and (mode := mode or (now if quirks.tells_mode else "")):
            change[MODE] = mode
        return change

    async def _boot(self) -> Json:
        known = await self._model.need()
        if known.boot and known.boot != known.system:
            pending = table((await self._model.link.get(known.boot)).body, "Boot")
            if text(pending, ENABLED):
                return pending
        return table(await self._model.system(), "Boot")


def _is(boot: Json, change: dict[str, str]) -> bool:
    """Whether nothing has to be changed. Where a disabled override would lead does not matter."""
    if change[ENABLED] == text(boot, ENABLED) == BootEnabled.DISABLED.value:
        return True
    return all(text(boot, name) == value for name, value in change.items())


def _told(boot: Json) -> str:
    enabled, target = text(boot, ENABLED), text(boot, TARGET)
    holds = enabled not in ("", BootEnabled.DISABLED.value) and target not in ("", BootTarget.NONE.value)
    return "armed" if holds else ""
