"""SDR repository, IPMI v2.0 §33, and the same records as device SDRs, §35.2 to §35.4. Nobody adds or deletes any."""

from bmc.ipmi.commands import sensor_table
from bmc.ipmi.commands.call import Call, CommandError, command
from bmc.ipmi.wire.errors import expect_length
from bmc.ipmi.wire.numbers import Code, NetFn, Privilege
from bmc.ipmi.wire.sdr import RepositoryInfo, pack_record
from bmc.ipmi.wire.sel import FIRST, LAST, WHOLE, Allocation, GetRecord, pack_time
from bmc.model.node import NodeSnapshot

_LARGEST = 64
_SENSORS_ON_LUN_0 = 0x01
_COUNT_RECORDS = 0x01


@command(NetFn.STORAGE, 0x20, Privilege.USER)
def get_sdr_repository_info(call: Call) -> bytes:
    """§33.9. Clients keep copies of the records for as long as the times stay."""
    expect_length(call.data, 0)
    snapshot = call.node.snapshot
    since = int(snapshot.sensors_since)
    return RepositoryInfo(sensor_table.count(snapshot), since, since).pack()


@command(NetFn.STORAGE, 0x21, Privilege.USER)
def get_sdr_repository_allocation_info(call: Call) -> bytes:
    """§33.10. There is no room for another one."""
    expect_length(call.data, 0)
    return Allocation(sensor_table.count(call.node.snapshot), _LARGEST, 0).pack()


@command(NetFn.STORAGE, 0x22, Privilege.USER)
def reserve_sdr_repository(call: Call) -> bytes:
    """§33.11."""
    return _reserve(call)


@command(NetFn.STORAGE, 0x23, Privilege.USER)
def get_sdr(call: Call) -> bytes:
    """§33.12."""
    return _get(call)


@command(NetFn.STORAGE, 0x28, Privilege.USER)
def get_sdr_repository_time(call: Call) -> bytes:
    """§33.17. The clock is the SEL's."""
    expect_length(call.data, 0)
    return pack_time(int(call.context.clock.now()) + call.node.snapshot.sel.offset)


@command(NetFn.SENSOR, 0x20, Privilege.USER)
def get_device_sdr_info(call: Call) -> bytes:
    """§35.2. Static: a node's sensors change only with the node."""
    expect_length(call.data, 0, 1)
    snapshot = call.node.snapshot
    records = bool(call.data) and bool(call.data[0] & _COUNT_RECORDS)
    return bytes((sensor_table.count(snapshot) if records else sensor_table.sensor_count(snapshot), _SENSORS_ON_LUN_0))


@command(NetFn.SENSOR, 0x21, Privilege.USER)
def get_device_sdr(call: Call) -> bytes:
    """§35.3."""
    return _get(call)


@command(NetFn.SENSOR, 0x22, Privilege.USER)
def reserve_device_sdr_repository(call: Call) -> bytes:
    """§35.4."""
    return _reserve(call)


def _reserve(call: Call) -> bytes:
    expect_length(call.data, 0)
    return call.context.sdr.reserve(_kept(call.node.snapshot)).to_bytes(2, "little")


def _get(call: Call) -> bytes:
    """Records are numbered from 1. A part of one needs a reservation, as they may become others meanwhile."""
    request = GetRecord.unpack(call.data)
    snapshot = call.node.snapshot
    if request.offset and not call.context.sdr.holds(request.reservation, _kept(snapshot)):
        raise CommandError(Code.RESERVATION_CANCELLED)
    records = sensor_table.count(snapshot)
    id = {FIRST: 1, LAST: records}.get(request.record, request.record)
    if id > records:
        raise CommandError(Code.NOT_PRESENT)
    whole = pack_record(id, sensor_table.record(snapshot, id - 1))
    end = len(whole) if request.count == WHOLE else request.offset + request.count
    if request.offset >= len(whole) or end > len(whole):
        raise CommandError(Code.OUT_OF_RANGE)
    following = id + 1 if id < records else LAST
    return following.to_bytes(2, "little") + whole[request.offset : end]


def _kept(snapshot: NodeSnapshot) -> object:
    return snapshot.sensors_since
