"""The watchdog timer of one node: counts down unless it is petted, warns, and at its end acts on the node."""

import asyncio
import logging
from collections.abc import Callable, Coroutine

from bmc.model.caller import Caller
from bmc.model.commands import ResetWatchdog, SetWatchdog
from bmc.model.errors import BmcError, Busy, InvalidRequest, NotSupported, Refused, WrongState
from bmc.model.events import EventKind, Severity
from bmc.model.power import PowerAction, PowerCause
from bmc.model.watchdog import PreTimeout, Watchdog, WatchdogAction, WatchdogSetting, WatchdogUse
from bmc.node.part import ActAlone, Bench, Handlers

log = logging.getLogger(__name__)

EXPIRED, INTERRUPT = 0x00, 0x08
"""Offsets of the sensor type 23h, IPMI v2.0 table 42-3; those of the actions between are their own numbers."""

_ACTIONS = {
    WatchdogAction.HARD_RESET: PowerAction.FORCE_RESTART,
    WatchdogAction.POWER_DOWN: PowerAction.FORCE_OFF,
    WatchdogAction.POWER_CYCLE: PowerAction.POWER_CYCLE,
}

_USERS = {
    WatchdogUse.BIOS_FRB2: "its firmware (FRB2)",
    WatchdogUse.BIOS_POST: "its firmware (POST)",
    WatchdogUse.OS_LOAD: "the loader of its operating system",
    WatchdogUse.SMS_OS: "its operating system",
    WatchdogUse.OEM: "its vendor's software",
}


class WatchdogTimer:
    """IPMI v2.0 §27. `hindrance` tells why the node is not to be acted upon, empty when it may be.

    After a restart of the service the countdown begins anew: nobody could pet the timer meanwhile.
    """

    def __init__(self, bench: Bench, act: ActAlone, hindrance: Callable[[], str]) -> None:
        self._bench = bench
        self._act = act
        self._hindrance = hindrance
        self._ends: float | None = None
        self._warned = False
        self._counting: asyncio.Task[None] | None = None
        self._expiring: asyncio.Task[None] | None = None
        self._changing = asyncio.Lock()
        self.handlers: Handlers = {SetWatchdog: self._do_set, ResetWatchdog: self._do_reset}

    @property
    def now(self) -> Watchdog:
        kept = self._bench.keeper.state
        setting, initialised = kept.watchdog or WatchdogSetting(), kept.watchdog is not None
        return Watchdog(setting, self._ends, initialised, kept.watchdog_expired, self._warned)

    async def start(self) -> None:
        kept = self._bench.keeper.state
        if kept.watchdog_running and kept.watchdog is not None:
            self._begin(kept.watchdog)
            self._bench.refresh()

    async def stop(self) -> None:
        """What it watched runs no more."""
        async with self._changing:
            if not self._bench.keeper.state.watchdog_running:
                return
            await self._bench.keeper.change(watchdog_running=False)
            self._halt()
        self._bench.refresh()

    async def close(self) -> None:
        """Let go; a countdown that runs begins anew at the next start."""
        tasks = [task for task in (self._counting, self._expiring) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _do_set(self, command: SetWatchdog, caller: Caller) -> None:
        setting = command.setting
        if setting.pre_timeout is not PreTimeout.NONE and setting.pre_interval > setting.countdown:
            raise InvalidRequest(
                f"the pre-timeout interval is {setting.pre_interval} s; expected at most the countdown's "
                f"{setting.countdown:.1f} s"
            )
        async with self._changing:
            runs_on = command.keeps_running and self._ends is not None
            expired = self._bench.keeper.state.watchdog_expired - command.clear
            await self._bench.keeper.change(watchdog=setting, watchdog_running=runs_on, watchdog_expired=expired)
            self._halt()
            if runs_on:
                self._begin(setting)
        self._bench.refresh()

    async def _do_reset(self, command: ResetWatchdog, caller: Caller) -> None:
        setting = self._bench.keeper.state.watchdog
        if setting is None:
            raise WrongState(f"the watchdog of {self._bench.name} was never set")
        if self._warned:
            raise WrongState(
                f"the watchdog of {self._bench.name} has given its warning: it can only be set anew (IPMI v2.0 §27.5)"
            )
        if self._ends is not None:  # the common case: writes nothing
            self._ends = self._bench.clock.monotonic() + setting.countdown
        else:
            async with self._changing:
                await self._bench.keeper.change(watchdog_running=True)
                self._halt()
                self._begin(setting)
        self._bench.refresh()

    def _begin(self, setting: WatchdogSetting) -> None:
        self._ends = self._bench.clock.monotonic() + setting.countdown
        self._counting = asyncio.create_task(self._count(setting), name=f"watchdog of {self._bench.name}")

    def _halt(self) -> None:
        self._ends, self._warned = None, False
        if self._counting is not None:
            self._counting.cancel()
            self._counting = None

    async def _count(self, setting: WatchdogSetting) -> None:
        """Petting moves the end away under the sleeper, who then sleeps again."""
        while self._ends is not None:
            warns = setting.pre_timeout is not PreTimeout.NONE and not self._warned
            left = self._ends - (setting.pre_interval if warns else 0) - self._bench.clock.monotonic()
            if left > 0:
                await self._bench.clock.sleep(left)
            elif warns:
                self._warned = True
                self._bench.refresh()
                await self._guarded(self._warn(setting))
            else:
                self._ends = None
                # Of its own: setting the timer anew no longer stops what its end has set going.
                self._expiring = asyncio.create_task(self._guarded(self._expire(setting)))

    async def _warn(self, setting: WatchdogSetting) -> None:
        await self._tell(setting, INTERRUPT, f"the watchdog of {self._bench.name} runs out in {setting.pre_interval} s")
        if setting.pre_timeout is PreTimeout.NMI and not self._hindrance():
            await self._carry_out(PowerAction.NMI)

    async def _expire(self, setting: WatchdogSetting) -> None:
        async with self._changing:
            expired = self._bench.keeper.state.watchdog_expired | {setting.use}
            await self._bench.keeper.change(watchdog_running=self._ends is not None, watchdog_expired=expired)
            self._warned = False
        self._bench.refresh()
        action, hindrance = _ACTIONS.get(setting.action), self._hindrance()
        silent = f"{_USERS[setting.use]} gave no sign for {setting.countdown:g} s"
        message = f"the watchdog of {self._bench.name} ran out: {silent}"
        if action is None or hindrance:
            rest = f"{action.value} is not carried out: {hindrance}" if action else "nothing is done about it"
            await self._tell(setting, EXPIRED, f"{message}; {rest}")
        else:
            await self._tell(setting, setting.action, f"{message}; {action.value} follows")
            await self._carry_out(action)

    async def _carry_out(self, action: PowerAction) -> None:
        """What fails once it was begun, power itself tells."""
        try:
            await self._act(action, PowerCause.WATCHDOG)
        except (Busy, NotSupported, Refused, WrongState) as error:
            await self._bench.publish(
                EventKind.POWER_ACTION,
                f"{action.value} of {self._bench.name} by its watchdog was not carried out: {error}",
                Severity.WARNING,
                details={"action": action.value, "outcome": "refused"},
            )

    async def _tell(self, setting: WatchdogSetting, offset: int, message: str) -> None:
        if not setting.log:
            return
        details = {"offset": offset, "interrupt": int(setting.pre_timeout), "use": int(setting.use)}
        await self._bench.publish(EventKind.WATCHDOG_EXPIRED, message, Severity.WARNING, details=details)

    async def _guarded(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except BmcError as error:
            log.warning("%s: watchdog: %s", self._bench.name, error)
        except Exception:
            log.exception("the watchdog of %s failed", self._bench.name)
