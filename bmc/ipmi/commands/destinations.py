"""Where alerts go: LAN parameters 16 to 19, IPMI v2.0 §23.2."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from bmc.fetch import Forbidden
from bmc.ipmi.alerts import DESTINATIONS
from bmc.ipmi.commands.call import Call, CommandError
from bmc.ipmi.wire.errors import WireError, expect_length
from bmc.ipmi.wire.lan import GetParameter
from bmc.ipmi.wire.numbers import Code, ParameterCode
from bmc.ipmi.wire.pef import Destination

_COMMUNITY = 18

Reader = Callable[[Call], bytes]
Writer = Callable[[Call, bytes], Awaitable[None]]


def read_community(call: Call) -> bytes:
    """A key to others' receivers, which no guest needs."""
    if call.request.host:
        raise CommandError(ParameterCode.NOT_SUPPORTED)
    return call.context.config.config.community.encode().ljust(_COMMUNITY, b"\0")


async def write_community(call: Call, data: bytes) -> None:
    """Printable ASCII, and zeros behind it."""
    expect_length(data, _COMMUNITY)
    text = data.rstrip(b"\0")
    if not text.isascii() or not text.decode("latin-1").isprintable():
        raise CommandError(Code.OUT_OF_RANGE)
    await call.context.config.change(lambda config: replace(config, community=text.decode()), call.caller)


def read_count(call: Call) -> bytes:
    return bytes((DESTINATIONS,))


def _asked(call: Call) -> tuple[int, Destination]:
    selector = GetParameter.unpack(call.data).set_selector & 0x0F
    _check(selector)
    return selector, call.context.alerts.destination(selector)


def _check(selector: int) -> None:
    if selector > DESTINATIONS:
        raise CommandError(Code.OUT_OF_RANGE)


def _reader(pack: Callable[[Destination], bytes]) -> Reader:
    def read(call: Call) -> bytes:
        selector, destination = _asked(call)
        return bytes((selector,)) + pack(destination)

    return read


def _writer(length: int, unpack: Callable[[bytes], tuple[Any, ...]], *names: str) -> Writer:
    """Writes what `unpack` finds behind the selector; C9h for what there is none of, and where nothing may be sent."""

    async def write(call: Call, data: bytes) -> None:
        expect_length(data, length)
        selector = data[0] & 0x0F
        _check(selector)
        try:
            changes = dict(zip(names, unpack(data[1:]), strict=True))
            await call.context.alerts.change_destination(
                selector, lambda destination: replace(destination, **changes), call.caller
            )
        except (WireError, Forbidden) as error:
            raise CommandError(Code.OUT_OF_RANGE) from error

    return write


read_type = _reader(Destination.pack_type)
write_type = _writer(4, Destination.unpack_type, "acknowledged", "interval", "retries")
read_address = _reader(Destination.pack_address)
write_address = _writer(13, Destination.unpack_address, "address", "mac", "backup_gateway")
