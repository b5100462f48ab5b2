"""The boot override by Redfish: armed at the BMC, and seen to be spent."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from bmc.model.boot import NO_OVERRIDE, BootEnabled, BootOverride, BootSeen, BootTarget
from bmc.model.clock import Clock
from bmc.model.errors import BackendFailed, BmcError, NotSupported
from robots.kept import KeptFile
from robots.redfish_link import Json
from robots.redfish_model import Model
from robots.redfish_power import Boots
from robots.redfish_resources import table, text

TARGET, ENABLED, MODE = "BootSourceOverrideTarget", "BootSourceOverrideEnabled", "BootSourceOverrideMode"


@dataclass(frozen=True, slots=True)
class Armed:
    """A once override in the BMC, since when (epoch seconds), and whether the BMC has ever told that it has one."""

    override: BootOverride
    at: float
    shown: bool


class RedfishBoot:
    """BootControl by Boot of the ComputerSystem, or of its settings resource.

    A once override is spent when the BMC, which told that it had one, tells that it has none. With a BMC that never
    does, it is when the server began to boot `post_time` seconds ago; then we take it away.
    """

    def __init__(self, model: Model, clock: Clock, poll: float, post_time: float, boots: Boots, file: KeptFile) -> None:
        self._model = model
        self._clock = clock
        self._poll = poll
        self._post_time = post_time
        self._boots = boots
        self._file = file
        self._armed = _load(file)
        self._changing = asyncio.Lock()

    @property
    def targets(self) -> frozenset[BootTarget]:
        return self._model.targets

    async def apply(self, override: BootOverride) -> None:
        async with self._changing:
            wanted = override if override.enabled is not BootEnabled.DISABLED else NO_OVERRIDE
            boot = await self._set(wanted)
            once = wanted.enabled is BootEnabled.ONCE and wanted.target is not BootTarget.NONE
            self._remember(Armed(override, self._clock.now(), _holds(boot)) if once else None)

    async def seen(self) -> AsyncIterator[BootSeen]:
        while True:
            async with self._changing:
                spent = await self._spent()
            if spent is not None:
                yield spent
            await self._clock.sleep(self._poll)

    async def _spent(self) -> BootSeen | None:
        armed = self._armed
        if armed is None:
            return None
        began = self._boots.last if self._boots.last is not None and self._boots.last >= armed.at else None
        over = began is not None and self._clock.now() >= began + self._post_time
        try:
            holds = _holds(await self._boot())
            if holds and not armed.shown:
                self._remember(replace(armed, shown=True))
            if not over and (holds or not armed.shown):
                return None
            if holds:
                await self._set(NO_OVERRIDE)
        except BmcError:
            return None  # the sense tells that the BMC is away; what is armed stays so until it can be asked
        self._remember(None)
        return BootSeen(began if began is not None else self._clock.now(), armed.override)

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

    def _remember(self, armed: Armed | None) -> None:
        self._armed = armed
        if armed is None:
            self._file.forget()
        else:
            self._file.save({"override": armed.override.to_json(), "at": armed.at, "shown": armed.shown})


def _is(boot: Json, change: dict[str, str]) -> bool:
    """Whether nothing has to be changed. Where a disabled override would lead does not matter."""
    if change[ENABLED] == text(boot, ENABLED) == BootEnabled.DISABLED.value:
        return True
    return all(text(boot, name) == value for name, value in change.items())


def _holds(boot: Json) -> bool:
    """Whether the BMC tells of an override at all."""
    enabled, target = text(boot, ENABLED), text(boot, TARGET)
    return enabled not in ("", BootEnabled.DISABLED.value) and target not in ("", BootTarget.NONE.value)


def _load(file: KeptFile) -> Armed | None:
    kept = file.load()
    try:
        return kept and Armed(BootOverride.from_json(kept["override"]), float(kept["at"]), bool(kept["shown"]))
    except (KeyError, TypeError, ValueError) as error:
        file.damaged(error)
        return None
