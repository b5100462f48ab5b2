"""Platform event filtering and alerting, IPMI v2.0 §30."""

from collections.abc import Awaitable, Callable

from bmc.ipmi.commands.call import Call, CommandError, command
from bmc.ipmi.commands.channel import check_channel
from bmc.ipmi.pef import FILTERS, POLICIES, POSTPONED_FOR_GOOD
from bmc.ipmi.wire.errors import WireError, expect_at_least, expect_length
from bmc.ipmi.wire.event import PlatformEvent
from bmc.ipmi.wire.lan import pack_parameter
from bmc.ipmi.wire.numbers import LAN_CHANNEL, Code, NetFn, ParameterCode, Privilege
from bmc.ipmi.wire.pef import (
    VERSION,
    AlertImmediate,
    AlertOperation,
    AlertPolicy,
    AlertStatus,
    EventFilter,
    GetPefParameter,
    PefAction,
    PefParameter,
    SetPefParameter,
)
from bmc.ipmi.wire.pet import Acknowledge
from bmc.ipmi.wire.sel import LAST, UNSPECIFIED_TIME
from bmc.model.sel import SystemEvent

_IN_PROGRESS = 0x81
_TELL_COUNTDOWN = 0xFF
_ACTIONS = PefAction.ALERT | PefAction.POWER_OFF | PefAction.RESET | PefAction.POWER_CYCLE | PefAction.INTERRUPT
_CONTROL_BITS = 0x0F
_FILTER = 20
_STRING_BLOCK = 16
_BMC_PROCESSED = 0x01
_TEST_ALERT = SystemEvent(0x24, 0, 0x6F, b"\x02\xff\xff")
"""Platform alert: a PET was made."""


@command(NetFn.SENSOR, 0x10, Privilege.USER)
def get_pef_capabilities(call: Call) -> bytes:
    """§30.1."""
    expect_length(call.data, 0)
    return bytes((VERSION, _ACTIONS, FILTERS))


@command(NetFn.SENSOR, 0x11, Privilege.ADMINISTRATOR, guarded=True)
def arm_pef_postpone_timer(call: Call) -> bytes:
    """§30.2. FEh disables PEF until the timer is set again; FFh only asks."""
    expect_length(call.data, 1)
    pef, seconds = call.context.pef, call.data[0]
    if seconds != _TELL_COUNTDOWN:
        pef.postpone(seconds)
    return bytes((min(pef.countdown, POSTPONED_FOR_GOOD),))


@command(NetFn.SENSOR, 0x12, Privilege.ADMINISTRATOR, guarded=True)
async def set_pef_configuration(call: Call) -> bytes:
    """§30.3."""
    request = SetPefParameter.unpack(call.data)
    if request.parameter in (PefParameter.STRING_KEY, PefParameter.STRING):
        return _refuse_string(call, request)
    if request.parameter in _FIXED:
        raise CommandError(ParameterCode.READ_ONLY)
    write = _WRITERS.get(request.parameter)
    if write is None:
        raise CommandError(ParameterCode.NOT_SUPPORTED)
    await write(call, request.data)
    return b""


@command(NetFn.SENSOR, 0x13, Privilege.OPERATOR)
def get_pef_configuration(call: Call) -> bytes:
    """§30.4."""
    request = GetPefParameter.unpack(call.data)
    if request.parameter in _FIXED:
        data = bytes((_FIXED[request.parameter],))
    elif request.parameter in _READERS:
        data = b"" if request.revision_only else _READERS[request.parameter](call, request.set_selector)
    else:
        raise CommandError(ParameterCode.NOT_SUPPORTED)
    return pack_parameter(b"" if request.revision_only else data)


@command(NetFn.SENSOR, 0x14, Privilege.ADMINISTRATOR, guarded=True)
async def set_last_processed_event_id(call: Call) -> bytes:
    """§30.5."""
    expect_length(call.data, 3)
    id = int.from_bytes(call.data[1:], "little")
    if call.data[0] & _BMC_PROCESSED:
        await call.context.pef.set_processed(bmc=id)
    else:
        await call.context.pef.set_processed(software=id)
    return b""


@command(NetFn.SENSOR, 0x15, Privilege.ADMINISTRATOR, guarded=True)
def get_last_processed_event_id(call: Call) -> bytes:
    """§30.6."""
    expect_length(call.data, 0)
    sel = call.node.snapshot.sel
    added = UNSPECIFIED_TIME if sel.added is None else sel.added
    last = sel.entries[-1].id if sel.entries else LAST
    ids = (last, *call.context.pef.processed)
    return added.to_bytes(4, "little") + b"".join(id.to_bytes(2, "little") for id in ids)


@command(NetFn.SENSOR, 0x16, Privilege.ADMINISTRATOR, guarded=True)
def alert_immediate(call: Call) -> bytes:
    """§30.7. Without an event of its own it says that this is a platform event trap, and no more."""
    request = AlertImmediate.unpack(call.data)
    check_channel(request.channel)
    alerts = call.context.alerts
    if request.operation is AlertOperation.STATUS:
        return bytes((alerts.status,))
    if request.operation is AlertOperation.CLEAR:
        alerts.status = AlertStatus.NONE
        return bytes((alerts.status,))
    if alerts.status is AlertStatus.IN_PROGRESS:
        raise CommandError(_IN_PROGRESS)
    if not any(alerts.destination(request.destination).address) or request.text:
        raise CommandError(Code.OUT_OF_RANGE)
    event = _TEST_ALERT
    if request.event:
        event = PlatformEvent.unpack(request.event, with_generator=True).system_event(requester=0)
    alerts.status = AlertStatus.IN_PROGRESS
    call.context.tasks.start(_alert(call, request.destination, event))
    return b""


@command(NetFn.SENSOR, 0x17, Privilege.CALLBACK, sessionless=True, guarded=True)
def pet_acknowledge(call: Call) -> bytes:
    """§30.8. Whoever knows what the trap said may acknowledge it; it only ends the retries. No guest is a receiver."""
    call.context.alerts.acknowledge(Acknowledge.unpack(call.data))
    return b""


async def _alert(call: Call, destination: int, event: SystemEvent) -> None:
    alerts = call.context.alerts
    try:
        alerts.status = await alerts.send(destination, call.node.snapshot, event)
    except BaseException:
        alerts.status = AlertStatus.NONE
        raise


def _progress(call: Call, selector: int) -> bytes:
    return call.context.pef_progress.read()


async def _set_progress(call: Call, data: bytes) -> None:
    call.context.pef_progress.write(data, call.writer, Code.OUT_OF_RANGE)


def _byte(parameter: PefParameter, bits: int = 0xFF) -> "Writer":
    """Writes a byte in which nothing but `bits` may be set."""

    async def write(call: Call, data: bytes) -> None:
        expect_length(data, 1)
        if data[0] & ~bits:
            raise CommandError(Code.OUT_OF_RANGE)
        await call.context.pef.set(call.caller, parameter, data)

    return write


def _value(parameter: PefParameter, length: int = 1) -> "Reader":
    return lambda call, selector: call.context.pef.value(parameter, length=length)


def _check_selector(selector: int, count: int) -> None:
    if not 1 <= selector <= count:
        raise CommandError(Code.OUT_OF_RANGE)


def _filter(call: Call, selector: int) -> bytes:
    _check_selector(selector, FILTERS)
    return bytes((selector,)) + call.context.pef.filter(selector).pack()


async def _set_filter(call: Call, data: bytes) -> None:
    """An action that there is none of is refused."""
    expect_length(data, 1 + _FILTER)
    _check_selector(data[0], FILTERS)
    wanted = EventFilter.unpack(data[1:])
    if wanted.actions & ~_ACTIONS:
        raise CommandError(Code.OUT_OF_RANGE)
    await call.context.pef.set(call.caller, PefParameter.FILTER, wanted.pack(), data[0])


def _filter_data_1(call: Call, selector: int) -> bytes:
    return _filter(call, selector)[:2]


async def _set_filter_data_1(call: Call, data: bytes) -> None:
    """Only the first byte of a filter, which says whether it is in use."""
    expect_length(data, 2)
    _check_selector(data[0], FILTERS)
    first = EventFilter.unpack(data[1:].ljust(_FILTER, b"\0")).pack()[:1]
    await call.context.pef.set(call.caller, PefParameter.FILTER, first, data[0], _FILTER)


def _policy(call: Call, selector: int) -> bytes:
    _check_selector(selector, POLICIES)
    return bytes((selector,)) + call.context.pef.policy(selector).pack()


async def _set_policy(call: Call, data: bytes) -> None:
    """There are no alert strings, which only pagers show; and one channel."""
    expect_length(data, 4)
    _check_selector(data[0], POLICIES)
    try:
        wanted = AlertPolicy.unpack(data[1:])
    except WireError as error:
        raise CommandError(Code.OUT_OF_RANGE) from error
    if wanted.enabled and (wanted.channel != LAN_CHANNEL or wanted.text):
        raise CommandError(Code.OUT_OF_RANGE)
    await call.context.pef.set(call.caller, PefParameter.POLICY, wanted.pack(), data[0])


def _string_key(call: Call, selector: int) -> bytes:
    """Only the volatile string is there, which has number 0, and it is empty."""
    if selector:
        raise CommandError(Code.OUT_OF_RANGE)
    return bytes(3)


def _string(call: Call, selector: int) -> bytes:
    if selector:
        raise CommandError(Code.OUT_OF_RANGE)
    return bytes((selector, GetPefParameter.unpack(call.data).block_selector)) + bytes(_STRING_BLOCK)


def _refuse_string(call: Call, request: SetPefParameter) -> bytes:
    """Nothing here shows alert strings, so that none is taken but the empty one, which clients write back."""
    expect_at_least(request.data, 3)
    if any(request.data[2:]) or request.data[0]:
        raise CommandError(ParameterCode.READ_ONLY)
    return b""


async def _set_guid(call: Call, data: bytes) -> None:
    expect_at_least(data, 1)
    expect_length(data, 17)
    if data[0] & ~0x01:
        raise CommandError(Code.OUT_OF_RANGE)
    await call.context.pef.set(call.caller, PefParameter.SYSTEM_GUID, data)


Reader = Callable[[Call, int], bytes]
Writer = Callable[[Call, bytes], Awaitable[None]]

_FIXED: dict[int, int] = {
    PefParameter.FILTER_COUNT: FILTERS,
    PefParameter.POLICY_COUNT: POLICIES,
    PefParameter.STRING_COUNT: 0,
}
_READERS: dict[int, Reader] = {
    PefParameter.SET_IN_PROGRESS: _progress,
    PefParameter.CONTROL: _value(PefParameter.CONTROL),
    PefParameter.ACTIONS: _value(PefParameter.ACTIONS),
    PefParameter.STARTUP_DELAY: _value(PefParameter.STARTUP_DELAY),
    PefParameter.ALERT_STARTUP_DELAY: _value(PefParameter.ALERT_STARTUP_DELAY),
    PefParameter.FILTER: _filter,
    PefParameter.FILTER_DATA_1: _filter_data_1,
    PefParameter.POLICY: _policy,
    PefParameter.SYSTEM_GUID: _value(PefParameter.SYSTEM_GUID, 17),
    PefParameter.STRING_KEY: _string_key,
    PefParameter.STRING: _string,
}
_WRITERS: dict[int, Writer] = {
    PefParameter.SET_IN_PROGRESS: _set_progress,
    PefParameter.CONTROL: _byte(PefParameter.CONTROL, _CONTROL_BITS),
    PefParameter.ACTIONS: _byte(PefParameter.ACTIONS, _ACTIONS),
    PefParameter.STARTUP_DELAY: _byte(PefParameter.STARTUP_DELAY),
    PefParameter.ALERT_STARTUP_DELAY: _byte(PefParameter.ALERT_STARTUP_DELAY),
    PefParameter.FILTER: _set_filter,
    PefParameter.FILTER_DATA_1: _set_filter_data_1,
    PefParameter.POLICY: _set_policy,
    PefParameter.SYSTEM_GUID: _set_guid,
}
