"""SEL commands, IPMI v2.0 §31: the node's event log as it was always read."""

from bmc.ipmi.commands.call import Call, CommandError, command
from bmc.ipmi.wire.errors import expect_length
from bmc.ipmi.wire.numbers import Code, NetFn, Privilege
from bmc.ipmi.wire.sel import (
    ERASED,
    FIRST,
    LAST,
    RECORD,
    UNSPECIFIED_TIME,
    WHOLE,
    Allocation,
    Clearing,
    ClearRequest,
    DeleteRecord,
    GetRecord,
    Record,
    SelInfo,
    Support,
    pack_time,
    pack_utc_offset,
    unpack_time,
    unpack_utc_offset,
)
from bmc.model.commands import AddSelEntry, ClearSel, DeleteSelEntry, SetSelClock
from bmc.model.errors import InvalidRequest, Refused
from bmc.model.sel import CAPACITY, Sel, SelEntry

_UNSPECIFIED_OFFSET = 0x07FF
_TYPE_NOT_SUPPORTED = 0x80


@command(NetFn.STORAGE, 0x40, Privilege.USER)
def get_sel_info(call: Call) -> bytes:
    """§31.2."""
    expect_length(call.data, 0)
    sel = call.node.snapshot.sel
    support = Support.ALLOCATION | Support.RESERVE | Support.DELETE | (Support.OVERFLOW if sel.overflow else 0)
    return SelInfo(len(sel.entries), sel.free * RECORD, _time(sel.added), _time(sel.erased), support).pack()


@command(NetFn.STORAGE, 0x41, Privilege.USER)
def get_sel_allocation_info(call: Call) -> bytes:
    """§31.3."""
    expect_length(call.data, 0)
    return Allocation(CAPACITY, RECORD, call.node.snapshot.sel.free).pack()


@command(NetFn.STORAGE, 0x42, Privilege.USER)
def reserve_sel(call: Call) -> bytes:
    """§31.4."""
    expect_length(call.data, 0)
    return call.context.sel.reserve(call.node.snapshot.sel.erased).to_bytes(2, "little")


@command(NetFn.STORAGE, 0x43, Privilege.USER)
def get_sel_entry(call: Call) -> bytes:
    """§31.5. A part of a record needs a reservation, as records may be deleted meanwhile."""
    request = GetRecord.unpack(call.data)
    sel = call.node.snapshot.sel
    if request.offset:
        _check_reservation(call, sel, request.reservation)
    index = _find(sel, request.record)
    following = sel.entries[index + 1].id if index + 1 < len(sel.entries) else LAST
    if request.offset >= RECORD or (request.count != WHOLE and request.offset + request.count > RECORD):
        raise CommandError(Code.OUT_OF_RANGE)
    end = RECORD if request.count == WHOLE else request.offset + request.count
    return following.to_bytes(2, "little") + _record(sel.entries[index]).pack()[request.offset : end]


@command(NetFn.STORAGE, 0x44, Privilege.OPERATOR)
async def add_sel_entry(call: Call) -> bytes:
    """§31.6. The record gets an id and, where its type has one, the time of the SEL's clock."""
    record = Record.unpack(call.data)
    try:
        id = await call.node.do(AddSelEntry(record.type, record.data), call.caller)
    except InvalidRequest as error:
        raise CommandError(_TYPE_NOT_SUPPORTED) from error
    except Refused as error:
        raise CommandError(Code.OUT_OF_SPACE) from error
    return id.to_bytes(2, "little")


@command(NetFn.STORAGE, 0x46, Privilege.OPERATOR)
async def delete_sel_entry(call: Call) -> bytes:
    """§31.8."""
    request = DeleteRecord.unpack(call.data)
    sel = call.node.snapshot.sel
    _check_reservation(call, sel, request.reservation)
    id = sel.entries[_find(sel, request.record)].id
    await call.node.do(DeleteSelEntry(id), call.caller)
    return id.to_bytes(2, "little")


@command(NetFn.STORAGE, 0x47, Privilege.OPERATOR)
async def clear_sel(call: Call) -> bytes:
    """§31.9. What is answered has been done."""
    request = ClearRequest.unpack(call.data)
    _check_reservation(call, call.node.snapshot.sel, request.reservation)
    if request.clearing is Clearing.INITIATE:
        await call.node.do(ClearSel(), call.caller)
    return ERASED


@command(NetFn.STORAGE, 0x48, Privilege.USER)
def get_sel_time(call: Call) -> bytes:
    """§31.10."""
    expect_length(call.data, 0)
    return pack_time(int(call.context.clock.now()) + call.node.snapshot.sel.offset)


@command(NetFn.STORAGE, 0x49, Privilege.OPERATOR)
async def set_sel_time(call: Call) -> bytes:
    """§31.11."""
    await call.node.do(SetSelClock(time=unpack_time(call.data)), call.caller)
    return b""


@command(NetFn.STORAGE, 0x5C, Privilege.USER)
def get_sel_time_utc_offset(call: Call) -> bytes:
    """§31.11a."""
    expect_length(call.data, 0)
    offset = call.node.snapshot.sel.utc_offset
    return pack_utc_offset(_UNSPECIFIED_OFFSET if offset is None else offset)


@command(NetFn.STORAGE, 0x5D, Privilege.OPERATOR)
async def set_sel_time_utc_offset(call: Call) -> bytes:
    """§31.11b."""
    await call.node.do(SetSelClock(utc_offset=unpack_utc_offset(call.data)), call.caller)
    return b""


def _time(stamp: int | None) -> int:
    return UNSPECIFIED_TIME if stamp is None else stamp


def _record(entry: SelEntry) -> Record:
    return Record(entry.id, entry.record_type, entry.stamp, entry.data)


def _find(sel: Sel, id: int) -> int:
    """The place of a record; FIRST and LAST are those at the ends. :raise CommandError: it is not there."""
    if sel.entries and id in (FIRST, LAST):
        return 0 if id == FIRST else len(sel.entries) - 1
    for index, entry in enumerate(sel.entries):
        if entry.id == id:
            return index
    raise CommandError(Code.NOT_PRESENT)


def _check_reservation(call: Call, sel: Sel, reservation: int) -> None:
    if not call.context.sel.holds(reservation, sel.erased):
        raise CommandError(Code.RESERVATION_CANCELLED)
