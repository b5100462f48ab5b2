"""Watchdog timer commands, IPMI v2.0 §27."""

from bmc.ipmi.commands.call import Call, CommandError, command
from bmc.ipmi.wire.errors import expect_length
from bmc.ipmi.wire.numbers import NetFn, Privilege
from bmc.ipmi.wire.watchdog import SetTimer, Timer
from bmc.model.commands import ResetWatchdog, SetWatchdog
from bmc.model.watchdog import Watchdog

_UNINITIALISED = 0x80


@command(NetFn.APP, 0x22, Privilege.OPERATOR)
async def reset_watchdog_timer(call: Call) -> bytes:
    """§27.5. D5h once the pre-timeout has begun."""
    expect_length(call.data, 0)
    if not call.node.snapshot.watchdog.initialised:
        raise CommandError(_UNINITIALISED)
    await call.node.do(ResetWatchdog(), call.caller)
    return b""


@command(NetFn.APP, 0x24, Privilege.OPERATOR)
async def set_watchdog_timer(call: Call) -> bytes:
    """§27.6."""
    request = SetTimer.unpack(call.data)
    await call.node.do(SetWatchdog(request.setting, request.keeps_running, request.clear), call.caller)
    return b""


@command(NetFn.APP, 0x25, Privilege.USER)
def get_watchdog_timer(call: Call) -> bytes:
    """§27.7."""
    expect_length(call.data, 0)
    watchdog = call.node.snapshot.watchdog
    left = _left(watchdog, call.context.clock.monotonic())
    return Timer(watchdog.setting, watchdog.ends is not None, watchdog.expired, left).pack()


def _left(watchdog: Watchdog, now: float) -> float:
    if watchdog.ends is not None:
        return max(0.0, watchdog.ends - now)
    return 0.0 if watchdog.setting.use in watchdog.expired else watchdog.setting.countdown
