"""Chassis commands, IPMI v2.0 §28.1 to §28.11."""

from bmc.ipmi.commands.call import Call, CommandError, command
from bmc.ipmi.wire.chassis import (
    CAPABILITIES,
    ChassisControl,
    ChassisIdentify,
    ChassisStatus,
    ControlAction,
    IdentifyState,
    RestartCause,
    pack_restart_cause,
)
from bmc.ipmi.wire.errors import expect_length
from bmc.ipmi.wire.numbers import LAN_CHANNEL, Code, NetFn, Privilege
from bmc.model.commands import Identify, Power
from bmc.model.power import PowerAction, PowerCause, PowerState

ACTIONS = {
    ControlAction.POWER_DOWN: PowerAction.FORCE_OFF,
    ControlAction.POWER_UP: PowerAction.ON,
    ControlAction.POWER_CYCLE: PowerAction.POWER_CYCLE,
    ControlAction.HARD_RESET: PowerAction.FORCE_RESTART,
    ControlAction.PULSE_DIAGNOSTIC: PowerAction.NMI,
    ControlAction.SOFT_SHUTDOWN: PowerAction.GRACEFUL_SHUTDOWN,
}

# In IPMI's one bit a node on its way shows where it comes from.
_SHOWN_ON = frozenset({PowerState.ON, PowerState.POWERING_OFF})
_BY_COMMAND = frozenset({PowerCause.COMMAND, PowerCause.HOST_RESET})
_RESTARTS = {
    PowerCause.COMMAND: RestartCause.CHASSIS_CONTROL,
    PowerCause.HOST_RESET: RestartCause.CHASSIS_CONTROL,
    PowerCause.WATCHDOG: RestartCause.WATCHDOG,
    PowerCause.GUEST_RESET: RestartCause.SOFT_RESET,
}


@command(NetFn.CHASSIS, 0x00, Privilege.USER)
def get_chassis_capabilities(call: Call) -> bytes:
    """§28.1."""
    expect_length(call.data, 0)
    return CAPABILITIES


@command(NetFn.CHASSIS, 0x01, Privilege.USER)
def get_chassis_status(call: Call) -> bytes:
    """§28.2. An unknown power state is not guessed: D5h."""
    expect_length(call.data, 0)
    snapshot = call.node.snapshot
    if snapshot.power is PowerState.UNKNOWN:
        raise CommandError(Code.WRONG_STATE)
    on = snapshot.power in _SHOWN_ON
    return ChassisStatus(
        power=on,
        fault=snapshot.cause is PowerCause.PROCESS_DIED,
        on_by_command=on and snapshot.cause in _BY_COMMAND,
        identify=IdentifyState.INDEFINITE if snapshot.identify else IdentifyState.OFF,
    ).pack()


@command(NetFn.CHASSIS, 0x02, Privilege.OPERATOR)
async def chassis_control(call: Call) -> bytes:
    """§28.3. Boot flags set before are meant for what this does: they do not lapse any more."""
    call.context.boot.commands += 1
    await call.do(Power(ACTIONS[ChassisControl.unpack(call.data).action]))
    return b""


@command(NetFn.CHASSIS, 0x04, Privilege.OPERATOR)
async def chassis_identify(call: Call) -> bytes:
    """§28.5."""
    await call.do(Identify(ChassisIdentify.unpack(call.data).seconds))
    return b""


@command(NetFn.CHASSIS, 0x07, Privilege.USER)
def get_system_restart_cause(call: Call) -> bytes:
    """§28.11."""
    expect_length(call.data, 0)
    snapshot = call.node.snapshot
    cause = _RESTARTS.get(snapshot.cause, RestartCause.UNKNOWN) if snapshot.power in _SHOWN_ON else RestartCause.UNKNOWN
    return pack_restart_cause(cause, LAN_CHANNEL if cause is RestartCause.CHASSIS_CONTROL else 0)
