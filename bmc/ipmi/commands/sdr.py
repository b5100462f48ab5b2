"""SDR repository commands, IPMI v2.0 §33: read only, made from the node as it is."""

from bmc.ipmi.commands.call import Call, CommandError, command
from bmc.ipmi.repository import repository
from bmc.ipmi.wire.errors import WireError, expect_length
from bmc.ipmi.wire.numbers import Code, NetFn, Privilege
from bmc.ipmi.wire.sdr import RepositoryInfo
from bmc.ipmi.wire.sel import WHOLE, Allocation, GetRecord, pack_time

_LARGEST = 64


@command(NetFn.STORAGE, 0x20, Privilege.USER)
def get_sdr_repository_info(call: Call) -> bytes:
    """§33.9."""
    expect_length(call.data, 0)
    return RepositoryInfo(len(repository(call.node.snapshot).records)).pack()


@command(NetFn.STORAGE, 0x21, Privilege.USER)
def get_sdr_repository_allocation_info(call: Call) -> bytes:
    """§33.10."""
    expect_length(call.data, 0)
    return Allocation(len(repository(call.node.snapshot).records), _LARGEST, 0).pack()


@command(NetFn.STORAGE, 0x22, Privilege.USER)
def reserve_sdr_repository(call: Call) -> bytes:
    """§33.11."""
    expect_length(call.data, 0)
    return call.context.sdr.reserve(repository(call.node.snapshot)).to_bytes(2, "little")


@command(NetFn.STORAGE, 0x23, Privilege.USER)
def get_sdr(call: Call) -> bytes:
    """§33.12. A part of a record needs a reservation, as thresholds may be set meanwhile."""
    request = GetRecord.unpack(call.data)
    records = repository(call.node.snapshot)
    if request.offset and not call.context.sdr.holds(request.reservation, records):
        raise CommandError(Code.RESERVATION_CANCELLED)
    try:
        _, record, following = records.at(request.record)
    except WireError as error:
        raise CommandError(Code.NOT_PRESENT) from error
    if request.offset > len(record):
        raise CommandError(Code.OUT_OF_RANGE)
    end = len(record) if request.count == WHOLE else request.offset + request.count
    return following.to_bytes(2, "little") + record[request.offset : end]


@command(NetFn.STORAGE, 0x28, Privilege.USER)
def get_sdr_repository_time(call: Call) -> bytes:
    """§33.17. It has the SEL's clock."""
    expect_length(call.data, 0)
    return pack_time(int(call.context.clock.now()) + call.node.snapshot.sel.offset)
