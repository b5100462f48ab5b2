"""FRU inventory device commands, IPMI v2.0 §34: one FRU, the node's own."""

from bmc.ipmi.commands.call import Call, CommandError, command
from bmc.ipmi.wire.errors import expect_length
from bmc.ipmi.wire.fru_device import BMC_FRU, AreaInfo, ReadData, WriteData
from bmc.ipmi.wire.numbers import Code, NetFn, Privilege
from bmc.model.commands import WriteFru


@command(NetFn.STORAGE, 0x10, Privilege.USER)
def get_fru_inventory_area_info(call: Call) -> bytes:
    """§34.1."""
    expect_length(call.data, 1)
    _check_device(call.data[0])
    return AreaInfo(len(call.node.snapshot.fru)).pack()


@command(NetFn.STORAGE, 0x11, Privilege.USER)
def read_fru_data(call: Call) -> bytes:
    """§34.2. At the end of the area fewer bytes than were asked for."""
    request = ReadData.unpack(call.data)
    _check_device(request.device)
    area = call.node.snapshot.fru
    if request.offset >= len(area):
        raise CommandError(Code.OUT_OF_RANGE)
    data = area[request.offset : request.offset + request.count]
    return bytes((len(data),)) + data


@command(NetFn.STORAGE, 0x12, Privilege.OPERATOR)
async def write_fru_data(call: Call) -> bytes:
    """§34.3. What is answered is on the disk."""
    request = WriteData.unpack(call.data)
    _check_device(request.device)
    if request.offset + len(request.data) > len(call.node.snapshot.fru):
        raise CommandError(Code.OUT_OF_RANGE)
    await call.node.do(WriteFru(request.offset, request.data), call.caller)
    return bytes((len(request.data),))


def _check_device(device: int) -> None:
    if device != BMC_FRU:
        raise CommandError(Code.NOT_PRESENT)
