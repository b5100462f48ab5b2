"""Where alerts go: LAN parameters 16 to 19, IPMI v2.0 §23.2."""

from dataclasses import replace

from bmc.fetch import Forbidden
from bmc.ipmi.alerts import DESTINATIONS
from bmc.ipmi.commands.call import Call, CommandError
from bmc.ipmi.wire.errors import WireError, expect_length
from bmc.ipmi.wire.lan import GetParameter
from bmc.ipmi.wire.numbers import Code
from bmc.ipmi.wire.pef import Destination

_COMMUNITY = 18
_NOT_SUPPORTED = 0x80


def read_community(call: Call) -> bytes:
    """A key to others' receivers, which no guest needs."""
    if call.request.host:
        raise CommandError(_NOT_SUPPORTED)
    return call.context.config.config.community.encode().ljust(_COMMUNITY, b"\0")


async def write_community(call: Call, data: bytes) -> None:
    """Printable ASCII, and zeros behind it."""
    expect_length(data, _COMMUNITY)
    text = data.rstrip(b"\0")
    if not text.isascii() or not text.decode("latin-1").isprintable():
        raise CommandError(Code.OUT_OF_RANGE)
    await call.context.config.change(community=text.decode())


def read_count(call: Call) -> bytes:
    return bytes((DESTINATIONS,))


def read_type(call: Call) -> bytes:
    selector, destination = _asked(call)
    return bytes((selector,)) + destination.pack_type()


async def write_type(call: Call, data: bytes) -> None:
    """:raise CommandError: C9h for anything but a PET trap."""
    expect_length(data, 4)
    destination = _find(call, data[0] & 0x0F)
    try:
        acknowledged, interval, retries = Destination.unpack_type(data[1:])
    except WireError as error:
        raise CommandError(Code.OUT_OF_RANGE) from error
    await _store(call, data[0], replace(destination, acknowledged=acknowledged, interval=interval, retries=retries))


def read_address(call: Call) -> bytes:
    selector, destination = _asked(call)
    return bytes((selector,)) + destination.pack_address()


async def write_address(call: Call, data: bytes) -> None:
    """:raise CommandError: C9h for anything but IPv4, and for an address that nothing may be sent to."""
    expect_length(data, 13)
    destination = _find(call, data[0] & 0x0F)
    try:
        address, mac, backup = Destination.unpack_address(data[1:])
    except WireError as error:
        raise CommandError(Code.OUT_OF_RANGE) from error
    await _store(call, data[0], replace(destination, address=address, mac=mac, backup_gateway=backup))


def _asked(call: Call) -> tuple[int, Destination]:
    selector = GetParameter.unpack(call.data).set_selector & 0x0F
    return selector, _find(call, selector)


def _find(call: Call, selector: int) -> Destination:
    if selector > DESTINATIONS:
        raise CommandError(Code.OUT_OF_RANGE)
    return call.context.alerts.destination(selector)


async def _store(call: Call, selector: int, destination: Destination) -> None:
    try:
        await call.context.alerts.set_destination(selector & 0x0F, destination)
    except Forbidden as error:
        raise CommandError(Code.OUT_OF_RANGE) from error
