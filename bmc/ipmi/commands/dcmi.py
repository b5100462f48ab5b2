"""DCMI v1.5 commands: what it asks for beside IPMI. Power limits, thermal limits and DHCP settings are none of ours."""

from dataclasses import replace

from bmc.ipmi.commands.call import Call, CommandError, command
from bmc.ipmi.wire.dcmi import (
    ACCESS_ATTRIBUTES,
    GROUP,
    MOST_IDENTIFIER,
    MOST_TAG,
    NO_ENHANCED_POWER,
    OPTIONAL_ATTRIBUTES,
    Capability,
    PowerReading,
    ReadString,
    SensorInfo,
    SensorInfoRequest,
    WriteString,
    check_power_request,
    pack_capability,
    pack_chunk,
    pack_mandatory_attributes,
    pack_supported,
    unpack_capability,
)
from bmc.ipmi.wire.errors import WireError
from bmc.ipmi.wire.fru import ENGLISH, Encoding, asset_tag_of
from bmc.ipmi.wire.numbers import Code, NetFn, Privilege
from bmc.model.commands import SetAssetTag
from bmc.model.node import NodeSnapshot
from bmc.model.sel import CAPACITY
from bmc.model.sensor import Sensor, Unit

_SAMPLING = 1000
"""Milliseconds that a power reading stands for: nothing but the last one is kept."""
_NO_TEXT = {Encoding.BINARY: 0x80, Encoding.BCD_PLUS: 0x81, Encoding.SIX_BIT: 0x82}
_NOT_ENGLISH = 0x83


@command(NetFn.GROUP, 0x01, Privilege.USER)
def get_dcmi_capabilities_info(call: Call) -> bytes:
    """§6.1.1."""
    return GROUP + pack_capability(_capability(unpack_capability(_body(call)), call.node.snapshot))


@command(NetFn.GROUP, 0x02, Privilege.USER)
def get_power_reading(call: Call) -> bytes:
    """§6.6.1. A node whose power nobody measures does not have the command."""
    body = _body(call)
    meter = _meter(call.node.snapshot)
    if meter is None:
        raise CommandError(Code.INVALID_COMMAND)
    check_power_request(body)
    watts = round(meter.reading or 0.0)
    at = int(meter.at or call.context.clock.now())
    return GROUP + PowerReading(watts, watts, watts, watts, at, _SAMPLING, meter.reading is not None).pack()


@command(NetFn.GROUP, 0x06, Privilege.USER)
def get_asset_tag(call: Call) -> bytes:
    """§6.4.2. It is the FRU's."""
    request, tag = ReadString.unpack(_body(call)), _asset_tag(call)
    if request.offset > len(tag):
        raise CommandError(Code.OUT_OF_RANGE)
    return GROUP + pack_chunk(tag, request)


@command(NetFn.GROUP, 0x07, Privilege.OPERATOR)
def get_dcmi_sensor_info(call: Call) -> bytes:
    """§6.5.2. DCMI knows temperatures, and no backend measures one."""
    SensorInfoRequest.unpack(_body(call))
    return GROUP + SensorInfo(0).pack()


@command(NetFn.GROUP, 0x08, Privilege.OPERATOR)
async def set_asset_tag(call: Call) -> bytes:
    """§6.4.3."""
    request = WriteString.unpack(_body(call))
    if request.end > MOST_TAG + 1:  # a client may send the zero that ends it
        raise CommandError(Code.OUT_OF_RANGE)
    tag = request.onto(_asset_tag(call) if request.offset else b"")
    await call.node.do(SetAssetTag(tag.decode("latin-1")), call.caller)
    return GROUP + bytes((request.end,))


@command(NetFn.GROUP, 0x09, Privilege.USER)
def get_management_controller_identifier_string(call: Call) -> bytes:
    """§6.4.6.1."""
    request, identifier = ReadString.unpack(_body(call)), _identifier(call)
    if request.offset > len(identifier):
        raise CommandError(Code.OUT_OF_RANGE)
    return GROUP + pack_chunk(identifier, request)


@command(NetFn.GROUP, 0x0A, Privilege.ADMINISTRATOR)
async def set_management_controller_identifier_string(call: Call) -> bytes:
    """§6.4.6.2."""
    request = WriteString.unpack(_body(call))
    if request.end > MOST_IDENTIFIER:
        raise CommandError(Code.OUT_OF_RANGE)
    identifier = request.onto(_identifier(call) if request.offset else b"")[: MOST_IDENTIFIER - 1].decode("latin-1")
    await call.context.config.change(lambda config: replace(config, controller_id=identifier), call.caller)
    return GROUP + bytes((request.end,))


def _body(call: Call) -> bytes:
    """What follows the group extension. :raise CommandError: another group's command, of which there are none."""
    if not call.data.startswith(GROUP):
        raise CommandError(Code.INVALID_COMMAND)
    return call.data[len(GROUP) :]


def _capability(parameter: Capability, snapshot: NodeSnapshot) -> bytes:
    match parameter:
        case Capability.SUPPORTED:
            return pack_supported(_meter(snapshot) is not None, snapshot.has_host_interface)
        case Capability.MANDATORY_ATTRIBUTES:
            return pack_mandatory_attributes(CAPACITY)
        case Capability.OPTIONAL_ATTRIBUTES:
            return OPTIONAL_ATTRIBUTES
        case Capability.ACCESS_ATTRIBUTES:
            return ACCESS_ATTRIBUTES
        case Capability.ENHANCED_POWER:
            return NO_ENHANCED_POWER


def _meter(snapshot: NodeSnapshot) -> Sensor | None:
    return next((sensor for sensor in snapshot.sensors if sensor.info.unit is Unit.WATTS), None)


def _asset_tag(call: Call) -> bytes:
    """:raise CommandError: the FRU has none that is English text."""
    try:
        found = asset_tag_of(call.node.snapshot.fru)
    except WireError as error:
        raise CommandError(Code.NOT_PRESENT) from error
    if found is None:
        raise CommandError(Code.NOT_PRESENT)
    tag, language = found
    if tag.data and tag.encoding is not Encoding.TEXT:
        raise CommandError(_NO_TEXT[tag.encoding])
    if language not in (0, ENGLISH):
        raise CommandError(_NOT_ENGLISH)
    return tag.text(language).encode("latin-1")


def _identifier(call: Call) -> bytes:
    """Until it is set, what §6.4.6.1 makes of a MAC address, made of the end of the node's GUID."""
    name = call.context.config.config.controller_id or f"DCMI{call.node.snapshot.definition.uuid.node:012X}"
    return name.encode("latin-1")
