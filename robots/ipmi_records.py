"""Reads a vendor BMC's sensor data repository and its FRU inventory, in pieces that every BMC can give."""

from bmc.ipmi.wire.fru import HEADER as FRU_HEADER
from bmc.ipmi.wire.fru import Fru, area_length, areas
from bmc.ipmi.wire.fru_device import AreaInfo, ReadData, unpack_data
from bmc.ipmi.wire.numbers import Code, NetFn
from bmc.ipmi.wire.sdr import HEADER, RepositoryInfo
from bmc.ipmi.wire.sel import FIRST, LAST, GetRecord, unpack_entry
from bmc.model.errors import BackendFailed
from robots.ipmi_link import Declined, Link

PIECE = 16
TRIES = 5
"""How often a record is begun anew that changed under our hands."""
MOST_RECORDS = 2000
"""A chain of records that never ends is none."""

REPOSITORY_INFO, RESERVE_REPOSITORY, GET_SDR = 0x20, 0x22, 0x23
FRU_INFO, READ_FRU = 0x10, 0x11


async def repository_info(link: Link) -> RepositoryInfo:
    """:raise BmcError: as `Link.ask`. :raise WireError: an answer that is none."""
    return RepositoryInfo.unpack(await link.ask(NetFn.STORAGE, REPOSITORY_INFO, in_passing=True))


async def read_records(link: Link) -> list[bytes]:
    """All sensor data records, whole. :raise: as `repository_info`."""
    records = list[bytes]()
    reservation, id = await _reserve(link), FIRST
    while len(records) < MOST_RECORDS:
        for _ in range(TRIES):
            try:
                following, record = await _record(link, reservation, id)
                break
            except Declined as error:
                if error.code != Code.RESERVATION_CANCELLED:
                    raise
                reservation = await _reserve(link)
        else:
            raise BackendFailed(f"{link.where} changes its sensor data records without end")
        records.append(record)
        if following == LAST:
            return records
        id = following
    raise BackendFailed(f"{link.where} has more than {MOST_RECORDS} sensor data records")


async def _reserve(link: Link) -> int:
    data = await link.ask(NetFn.STORAGE, RESERVE_REPOSITORY, in_passing=True)
    return int.from_bytes(data[:2], "little")


async def _record(link: Link, reservation: int, id: int) -> tuple[int, bytes]:
    following, record = await _piece(link, GetRecord(reservation, id, 0, HEADER))
    length = HEADER + record[-1] if len(record) == HEADER else 0
    while len(record) < length:
        more = GetRecord(reservation, id, len(record), min(PIECE, length - len(record)))
        _, data = await _piece(link, more)
        record += data[: more.count]
    return following, record


async def _piece(link: Link, request: GetRecord) -> tuple[int, bytes]:
    following, data = unpack_entry(await link.ask(NetFn.STORAGE, GET_SDR, request.pack(), in_passing=True))
    if not data:
        raise BackendFailed(f"{link.where} left out a part of sensor data record {request.record:04X}h")
    return following, data


async def read_inventory(link: Link, device: int) -> Fru:
    """:raise: as `repository_info`."""
    answer = await link.ask(NetFn.STORAGE, FRU_INFO, bytes((device,)), in_passing=True)
    info = AreaInfo.unpack(answer)

    async def read(start: int, end: int) -> bytes:
        data, unit = b"", 2 if info.words else 1
        while start + len(data) < end:
            at, count = start + len(data), min(PIECE, end - start - len(data))
            request = ReadData(at // unit, -(-count // unit), device)
            data += unpack_data(await link.ask(NetFn.STORAGE, READ_FRU, request.pack(), in_passing=True))
        return data

    header = await read(0, FRU_HEADER)
    end = FRU_HEADER
    for start in areas(header[:FRU_HEADER]):
        end = max(end, start + area_length(await read(start, start + 2)))
    return Fru.unpack(header[:FRU_HEADER] + await read(FRU_HEADER, min(end, info.size)))
