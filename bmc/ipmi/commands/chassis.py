"""Chassis commands, IPMI v2.0 §28, but for the boot options."""

from bmc.ipmi.commands.call import Call, CommandError, command
from bmc.ipmi.wire.chassis import (
    EVERY_POLICY,
    NO_CHANGE,
    UNKNOWN_POLICY,
    ChassisCapabilities,
    ChassisControl,
    ChassisIdentify,
    ChassisStatus,
    ControlAction,
    IdentifyState,
    RestartCause,
    pack_hours,
    pack_restart_cause,
    unpack_policy,
)
from bmc.ipmi.wire.errors import expect_length
from bmc.ipmi.wire.numbers import LAN_CHANNEL, Code, NetFn, Privilege
from bmc.model.commands import Identify, Power, SetCycleInterval, SetRestorePolicy
from bmc.model.node import NodeSnapshot
from bmc.model.power import PowerAction, PowerCause, PowerState, RestorePolicy

ACTIONS = {
    ControlAction.POWER_DOWN: PowerAction.FORCE_OFF,
    ControlAction.POWER_UP: PowerAction.ON,
    ControlAction.POWER_CYCLE: PowerAction.POWER_CYCLE,
    ControlAction.HARD_RESET: PowerAction.FORCE_RESTART,
    ControlAction.PULSE_DIAGNOSTIC: PowerAction.NMI,
    ControlAction.SOFT_SHUTDOWN: PowerAction.GRACEFUL_SHUTDOWN,
}
POLICIES = (RestorePolicy.ALWAYS_OFF, RestorePolicy.LAST_STATE, RestorePolicy.ALWAYS_ON)
"""By their number on the wire."""

_BY_COMMAND = frozenset({PowerCause.COMMAND, PowerCause.HOST_RESET})
_MAINS = frozenset({PowerCause.MAINS_LOST, PowerCause.RESTORE_POLICY})
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
    return _capabilities(call.node.snapshot).pack()


@command(NetFn.CHASSIS, 0x01, Privilege.USER)
def get_chassis_status(call: Call) -> bytes:
    """§28.2. An unknown power state is not guessed: D5h."""
    expect_length(call.data, 0)
    snapshot = call.node.snapshot
    if snapshot.power is PowerState.UNKNOWN:
        raise CommandError(Code.WRONG_STATE)
    on = snapshot.power.runs
    return ChassisStatus(
        power=on,
        policy=UNKNOWN_POLICY if snapshot.restore_policy is None else POLICIES.index(snapshot.restore_policy),
        fault=snapshot.cause is PowerCause.PROCESS_DIED,
        on_by_command=on and snapshot.cause in _BY_COMMAND,
        identify=_identify(snapshot),
        mains_lost=snapshot.cause in _MAINS,
    ).pack()


@command(NetFn.CHASSIS, 0x02, Privilege.OPERATOR)
async def chassis_control(call: Call) -> bytes:
    """§28.3. Boot flags set before are meant for what this does: they do not lapse any more."""
    call.context.boot.lapse = None
    await call.act(Power(ACTIONS[ChassisControl.unpack(call.data).action]))
    return b""


@command(NetFn.CHASSIS, 0x04, Privilege.OPERATOR)
async def chassis_identify(call: Call) -> bytes:
    """§28.5."""
    await call.node.do(Identify(ChassisIdentify.unpack(call.data).seconds), call.caller)
    return b""


@command(NetFn.CHASSIS, 0x05, Privilege.ADMINISTRATOR, guarded=True)
def set_chassis_capabilities(call: Call) -> bytes:
    """§28.7. Only what is so anyway is accepted."""
    wanted, true = ChassisCapabilities.unpack(call.data), _capabilities(call.node.snapshot)
    devices = (true.devices, true.devices + true.devices[:1])
    if wanted.diagnostic_interrupt is not true.diagnostic_interrupt or wanted.devices not in devices:
        raise CommandError(Code.INVALID_FIELD)
    return b""


@command(NetFn.CHASSIS, 0x06, Privilege.OPERATOR)
async def set_power_restore_policy(call: Call) -> bytes:
    """§28.8. Answers with the policies there are: none where the node decides by itself."""
    policy, now = unpack_policy(call.data), call.node.snapshot.restore_policy
    if policy != NO_CHANGE:
        await call.node.do(SetRestorePolicy(POLICIES[policy]), call.caller)
    return bytes((EVERY_POLICY if now is not None else 0,))


@command(NetFn.CHASSIS, 0x07, Privilege.USER)
def get_system_restart_cause(call: Call) -> bytes:
    """§28.11."""
    expect_length(call.data, 0)
    cause = _restart_cause(call.node.snapshot)
    return pack_restart_cause(cause, LAN_CHANNEL if cause is RestartCause.CHASSIS_CONTROL else 0)


@command(NetFn.CHASSIS, 0x0A, Privilege.ADMINISTRATOR, guarded=True)
def set_front_panel_enables(call: Call) -> bytes:
    """§28.6. No button can be disabled, so that only disabling none is accepted."""
    expect_length(call.data, 1)
    if call.data[0] & 0x0F:
        raise CommandError(Code.INVALID_FIELD)
    return b""


@command(NetFn.CHASSIS, 0x0B, Privilege.ADMINISTRATOR, guarded=True)
async def set_power_cycle_interval(call: Call) -> bytes:
    """§28.9."""
    expect_length(call.data, 1)
    await call.node.do(SetCycleInterval(call.data[0]), call.caller)
    return b""


@command(NetFn.CHASSIS, 0x0F, Privilege.USER)
def get_poh_counter(call: Call) -> bytes:
    """§28.14. How long the node has been on in its life."""
    expect_length(call.data, 0)
    snapshot = call.node.snapshot
    on = snapshot.power.runs
    present = call.context.clock.now() - snapshot.power_since if on else 0.0
    return pack_hours(snapshot.seconds_on + max(0.0, present))


def _capabilities(snapshot: NodeSnapshot) -> ChassisCapabilities:
    return ChassisCapabilities(diagnostic_interrupt=PowerAction.NMI in snapshot.actions)


def _identify(snapshot: NodeSnapshot) -> IdentifyState:
    if not snapshot.identify:
        return IdentifyState.OFF
    return IdentifyState.INDEFINITE if snapshot.identify_until is None else IdentifyState.TIMED


def _restart_cause(snapshot: NodeSnapshot) -> RestartCause:
    if not snapshot.power.runs:
        return RestartCause.UNKNOWN
    if snapshot.cause is PowerCause.RESTORE_POLICY:
        always = snapshot.restore_policy is RestorePolicy.ALWAYS_ON
        return RestartCause.ALWAYS_ON if always else RestartCause.LAST_STATE
    return _RESTARTS.get(snapshot.cause, RestartCause.UNKNOWN)
