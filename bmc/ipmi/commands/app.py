"""Global commands, IPMI v2.0 §20."""

from bmc.ipmi.commands.call import Call, command
from bmc.ipmi.wire.app import SELF_TEST_PASSED, DeviceId, pack_guid
from bmc.ipmi.wire.errors import expect_length
from bmc.ipmi.wire.numbers import BMC_ADDRESS, NetFn, Privilege

_SENSOR, _SDR, _CHASSIS_DEVICE = 0x01, 0x02, 0x80
_DEVICE = DeviceId(
    BMC_ADDRESS, revision=1, major=1, minor=0, support=_CHASSIS_DEVICE | _SDR | _SENSOR, manufacturer=0, product=0
)


@command(NetFn.APP, 0x01, Privilege.USER)
def get_device_id(call: Call) -> bytes:
    """§20.1."""
    expect_length(call.data, 0)
    return _DEVICE.pack()


@command(NetFn.APP, 0x04, Privilege.USER)
def get_self_test_results(call: Call) -> bytes:
    """§20.4."""
    expect_length(call.data, 0)
    return SELF_TEST_PASSED


@command(NetFn.APP, 0x08, Privilege.USER)
def get_device_guid(call: Call) -> bytes:
    """§20.8. The node and its BMC are one device here."""
    expect_length(call.data, 0)
    return pack_guid(call.node.snapshot.definition.uuid)


@command(NetFn.APP, 0x37, Privilege.CALLBACK, sessionless=True)
def get_system_guid(call: Call) -> bytes:
    """§22.14."""
    expect_length(call.data, 0)
    return pack_guid(call.node.snapshot.definition.uuid)
