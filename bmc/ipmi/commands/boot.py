"""System boot options, IPMI v2.0 §28.12 and §28.13: a view of the node's boot override."""

import logging
from collections.abc import Callable

from bmc.ipmi.commands.call import BootState, Call, CommandError, Context, command
from bmc.ipmi.wire.boot import (
    MAILBOX_BLOCK,
    BootFlags,
    Device,
    GetBootOption,
    Parameter,
    SetBootOption,
    pack_boot_option,
)
from bmc.ipmi.wire.errors import WrongLength, expect_length
from bmc.ipmi.wire.numbers import Code, NetFn, ParameterCode, Privilege
from bmc.model.boot import NO_OVERRIDE, BootEnabled, BootMode, BootOverride, BootTarget
from bmc.model.commands import SetBootOverride
from bmc.model.errors import BmcError

log = logging.getLogger(__name__)


_KEEP_OVER_TIME = 0x08
_LAPSE = 60.0
_CLEARING_BITS = 0x1F

_TARGETS = {
    Device.PXE: BootTarget.PXE,
    Device.DISK: BootTarget.HDD,
    Device.CD: BootTarget.CD,
    Device.REMOTE_CD: BootTarget.CD,
    Device.SETUP: BootTarget.BIOS_SETUP,
}
_DEVICES = {
    BootTarget.PXE: Device.PXE,
    BootTarget.HDD: Device.DISK,
    BootTarget.CD: Device.CD,
    BootTarget.BIOS_SETUP: Device.SETUP,
}


def override_from(flags: BootFlags) -> BootOverride:
    """Without the EFI bit the firmware is the node's own: consoles that never heard of EFI leave the bit alone."""
    target = _TARGETS.get(flags.device)
    if not flags.valid or target is None:
        return NO_OVERRIDE
    enabled = BootEnabled.CONTINUOUS if flags.persistent else BootEnabled.ONCE
    return BootOverride(target, enabled, BootMode.UEFI if flags.efi else None)


def flags_from(override: BootOverride) -> BootFlags:
    device = _DEVICES.get(override.target)
    if override.enabled is BootEnabled.DISABLED or device is None:
        return BootFlags()
    return BootFlags(True, override.enabled is BootEnabled.CONTINUOUS, override.mode is BootMode.UEFI, device)


@command(NetFn.CHASSIS, 0x08, Privilege.OPERATOR)
async def set_system_boot_options(call: Call) -> bytes:
    """§28.12. Without data it changes nothing but the mark; boot flags that are marked invalid are none."""
    request = SetBootOption.unpack(call.data)
    if request.parameter not in _READERS:
        raise CommandError(ParameterCode.NOT_SUPPORTED)
    if request.parameter == Parameter.BOOT_FLAGS:
        await _write_flags(call, request)
    elif request.data:
        _WRITERS[request.parameter](call, request.data)
    (call.context.boot.invalid.add if request.invalid else call.context.boot.invalid.discard)(request.parameter)
    return b""


@command(NetFn.CHASSIS, 0x09, Privilege.OPERATOR)
def get_system_boot_options(call: Call) -> bytes:
    """§28.13."""
    request = GetBootOption.unpack(call.data)
    read = _READERS.get(request.parameter)
    if read is None:
        raise CommandError(ParameterCode.NOT_SUPPORTED)
    data = read(call, request.set_selector)
    return pack_boot_option(request.parameter, data, request.parameter in call.context.boot.invalid)


async def _write_flags(call: Call, request: SetBootOption) -> None:
    """Parameter 5."""
    flags = BootFlags.unpack(request.data) if request.data and not request.invalid else BootFlags()
    if request.data or request.invalid:
        await call.act(SetBootOverride(override_from(flags)))
        call.context.boot.flags = flags
        _lapse_later(call)


def _read_flags(call: Call, selector: int) -> bytes:
    """As they were written, as long as they hold: ipmi-config writes persistence before it names a device."""
    written, override = call.context.boot.flags, call.node.snapshot.boot
    return (written if override_from(written) == override else flags_from(override)).pack()


def _write_progress(call: Call, data: bytes) -> None:
    call.context.boot.progress.write(data, call.writer)


def _lapse_later(call: Call) -> None:
    """Parameter 3 with its time-out bit clear: no chassis control within 60 s, and the flags are valid no more.

    Flags that were set at another door do not lapse.
    """
    boot = call.context.boot
    boot.lapse = None
    override = override_from(boot.flags)
    if boot.valid_clearing & _KEEP_OVER_TIME or override == NO_OVERRIDE:
        return
    boot.lapse = (call.context.clock.monotonic() + _LAPSE, override, call.caller)
    if not boot.lapsing:
        boot.lapsing = True
        call.context.tasks.start(_lapse(call.context, boot))


async def _lapse(context: Context, boot: BootState) -> None:
    """One for all that is set: whoever sets often must not leave many behind."""
    while boot.lapse is not None and (left := boot.lapse[0] - context.clock.monotonic()) > 0:
        await context.clock.sleep(left)
    boot.lapsing = False
    if boot.lapse is None or context.boot is not boot:
        return
    _, override, caller = boot.lapse
    if context.node.snapshot.boot != override:
        return
    try:
        await context.node.do(SetBootOverride(NO_OVERRIDE), caller)
    except BmcError as error:
        log.warning("%s: the boot override should have lapsed: %s", context.node.snapshot.name, error)


def _write_clearing(call: Call, data: bytes) -> None:
    """Parameter 3. Of what its bits name, only the passing of time clears flags here: a watchdog's reset is a boot like
    any other. ipmitool writes it after the flags.
    """
    expect_length(data, 1)
    call.context.boot.valid_clearing = data[0] & _CLEARING_BITS
    _lapse_later(call)


def _write_acknowledge(call: Call, data: bytes) -> None:
    """Parameter 4: write mask and bits."""
    expect_length(data, 2)
    mask, bits = data
    boot = call.context.boot
    boot.acknowledged = boot.acknowledged & ~mask | bits & mask


def _write_initiator(call: Call, data: bytes) -> None:
    """Parameter 6."""
    expect_length(data, len(call.context.boot.initiator))
    call.context.boot.initiator = data


def _write_mailbox(call: Call, data: bytes) -> None:
    """Parameter 7: the number of a block, and what goes to its beginning."""
    if len(data) > 1 + MAILBOX_BLOCK:
        raise WrongLength(f"{len(data) - 1} bytes where a block of the mailbox has {MAILBOX_BLOCK}")
    number, text = data[0], data[1:]
    call.context.boot.mailbox[number] = text + _block(call, number)[len(text) :]


def _read_mailbox(call: Call, selector: int) -> bytes:
    return bytes((selector,)) + _block(call, selector)


def _block(call: Call, number: int) -> bytes:
    if number >= len(call.context.boot.mailbox):
        raise CommandError(Code.OUT_OF_RANGE)
    return call.context.boot.mailbox[number]


def _only(value: bytes) -> Callable[[Call, bytes], None]:
    """A parameter with one possible value: writing another is refused, not swallowed."""

    def write(call: Call, data: bytes) -> None:
        expect_length(data, len(value))
        if data != value:
            raise CommandError(Code.INVALID_FIELD)

    return write


_WRITERS: dict[int, Callable[[Call, bytes], None]] = {
    Parameter.SET_IN_PROGRESS: _write_progress,
    Parameter.SERVICE_PARTITION: _only(b"\x00"),
    Parameter.SERVICE_PARTITION_SCAN: _only(b"\x00"),
    Parameter.VALID_BIT_CLEARING: _write_clearing,
    Parameter.INFO_ACKNOWLEDGE: _write_acknowledge,
    Parameter.INITIATOR_INFO: _write_initiator,
    Parameter.INITIATOR_MAILBOX: _write_mailbox,
}

_READERS: dict[int, Callable[[Call, int], bytes]] = {
    Parameter.SET_IN_PROGRESS: lambda call, _: call.context.boot.progress.read(),
    Parameter.SERVICE_PARTITION: lambda call, _: b"\x00",
    Parameter.SERVICE_PARTITION_SCAN: lambda call, _: b"\x00",
    Parameter.VALID_BIT_CLEARING: lambda call, _: bytes((call.context.boot.valid_clearing,)),
    Parameter.INFO_ACKNOWLEDGE: lambda call, _: bytes((0, call.context.boot.acknowledged)),
    Parameter.BOOT_FLAGS: _read_flags,
    Parameter.INITIATOR_INFO: lambda call, _: call.context.boot.initiator,
    Parameter.INITIATOR_MAILBOX: _read_mailbox,
}
