"""Global commands, IPMI v2.0 §20."""

import re
from functools import cache
from importlib.metadata import version

from bmc.ipmi.commands.call import Call, CommandError, Context, command
from bmc.ipmi.wire.app import (
    DeviceId,
    DevicePower,
    Fault,
    SetAcpiState,
    SystemPower,
    pack_acpi_state,
    pack_guid,
    pack_self_test,
)
from bmc.ipmi.wire.errors import WireError, expect_length
from bmc.ipmi.wire.fru import Fru
from bmc.ipmi.wire.numbers import BMC_ADDRESS, Code, NetFn, Privilege
from bmc.model.power import PowerState
from bmc.store import StoreFailed

_SENSOR, _SDR, _SEL, _FRU, _CHASSIS = 0x01, 0x02, 0x04, 0x08, 0x80
_OFF = frozenset({PowerState.OFF, PowerState.POWERING_ON})
"""As in Get Chassis Status, a node on its way shows where it comes from."""

_BEFORE_RESET = 0.5
"""Seconds."""


@command(NetFn.APP, 0x01, Privilege.USER)
def get_device_id(call: Call) -> bytes:
    """§20.1."""
    expect_length(call.data, 0)
    return _device_id()


@command(NetFn.APP, 0x02, Privilege.ADMINISTRATOR, guarded=True)
def cold_reset(call: Call) -> bytes:
    """§20.2. Of the BMC: the node is untouched."""
    return _reset(call)


@command(NetFn.APP, 0x03, Privilege.ADMINISTRATOR, guarded=True)
def warm_reset(call: Call) -> bytes:
    """§20.3. Nothing of ours tells it from a cold one."""
    return _reset(call)


@command(NetFn.APP, 0x04, Privilege.USER)
async def get_self_test_results(call: Call) -> bytes:
    """§20.4. What can fail are the store, where the SEL lies, and the FRU inventory, which clients write."""
    expect_length(call.data, 0)
    faults = Fault(0)
    try:
        await call.context.config.rewrite()
    except StoreFailed:
        faults |= Fault.SEL
    try:
        Fru.unpack(call.node.snapshot.fru)
    except WireError:
        faults |= Fault.FRU
    return pack_self_test(faults)


@command(NetFn.APP, 0x06, Privilege.ADMINISTRATOR)
def set_acpi_power_state(call: Call) -> bytes:
    """§20.6. What the guest says it is in; it holds until the power changes or somebody says otherwise."""
    request = SetAcpiState.unpack(call.data)
    told = call.context.acpi
    if told.since != call.node.snapshot.power_since:
        told.since, told.system, told.device = call.node.snapshot.power_since, None, None
    told.system = told.system if request.system is None else request.system
    told.device = told.device if request.device is None else request.device
    return b""


@command(NetFn.APP, 0x07, Privilege.USER)
def get_acpi_power_state(call: Call) -> bytes:
    """§20.7. A state that is Unknown is not guessed: D5h."""
    expect_length(call.data, 0)
    snapshot, told = call.node.snapshot, call.context.acpi
    if snapshot.power is PowerState.UNKNOWN:
        raise CommandError(Code.WRONG_STATE)
    if snapshot.power in _OFF:
        return pack_acpi_state(SystemPower.S5, DevicePower.D3)
    if told.since != snapshot.power_since:
        return pack_acpi_state(SystemPower.S0, DevicePower.D0)
    system = SystemPower.S0 if told.system is None else told.system
    return pack_acpi_state(system, DevicePower.D0 if told.device is None else told.device)


@command(NetFn.APP, 0x08, Privilege.USER)
def get_device_guid(call: Call) -> bytes:
    """§20.8. The node and its BMC are one device here."""
    expect_length(call.data, 0)
    return pack_guid(call.node.snapshot.definition.uuid)


@command(NetFn.APP, 0x37, Privilege.CALLBACK, sessionless=True)
def get_system_guid(call: Call) -> bytes:
    """§22.14."""
    expect_length(call.data, 0)
    return pack_guid(call.node.snapshot.definition.uuid)


@cache
def _device_id() -> bytes:
    """The firmware is this service; no number is registered for its maker or the product, which 0 says."""
    major, minor, patch = (int(number) for number in re.findall(r"\d+", version("lightsout"))[:3])
    support = _SENSOR | _SDR | _SEL | _FRU | _CHASSIS
    return DeviceId(BMC_ADDRESS, 1, major, minor, support, 0, 0, bytes((patch, 0, 0, 0))).pack()


def _reset(call: Call) -> bytes:
    expect_length(call.data, 0)
    call.context.tasks.start(_restart_soon(call.context))
    return b""


async def _restart_soon(context: Context) -> None:
    """Clients close their session after the answer, and wait long for one that is gone."""
    await context.clock.sleep(_BEFORE_RESET)
    await context.restart()
