"""Channel commands, IPMI v2.0 §22.13 to §22.24. There is one channel, the LAN."""

from bmc.ipmi.commands.call import Call, CommandError, command
from bmc.ipmi.wire.channel import (
    AuthCapabilities,
    AuthCapabilitiesRequest,
    ChannelAccess,
    ChannelAccessRequest,
    ChannelInfo,
    CipherSuitesRequest,
    algorithm_records,
    suite_records,
)
from bmc.ipmi.wire.crypto import SUITES
from bmc.ipmi.wire.errors import expect_length
from bmc.ipmi.wire.numbers import LAN_CHANNEL, PRESENT_CHANNEL, Code, NetFn, Privilege

_RECORDS = 16
_BY_ID = tuple(sorted(SUITES, key=lambda suite: suite.id))


def check_channel(channel: int) -> None:
    """:raise CommandError: not the LAN, by number or as "this one"."""
    if channel not in (LAN_CHANNEL, PRESENT_CHANNEL):
        raise CommandError(Code.INVALID_FIELD)


@command(NetFn.APP, 0x38, Privilege.CALLBACK, sessionless=True)
def get_channel_authentication_capabilities(call: Call) -> bytes:
    """§22.13. There is no IPMI 1.5 authentication, so a 1.5 client learns here that it cannot log in."""
    request = AuthCapabilitiesRequest.unpack(call.data)
    check_channel(request.channel)
    if not Privilege.CALLBACK <= request.privilege <= Privilege.ADMINISTRATOR:
        raise CommandError(Code.INVALID_FIELD)
    return AuthCapabilities(LAN_CHANNEL, request.extended).pack()


@command(NetFn.APP, 0x54, Privilege.CALLBACK, sessionless=True)
def get_channel_cipher_suites(call: Call) -> bytes:
    """§22.15. Sixteen bytes at a time; fewer are the last."""
    request = CipherSuitesRequest.unpack(call.data)
    check_channel(request.channel)
    records = suite_records(_BY_ID) if request.by_suite else algorithm_records(_BY_ID)
    start = request.index * _RECORDS
    return bytes((LAN_CHANNEL,)) + records[start : start + _RECORDS]


@command(NetFn.APP, 0x41, Privilege.USER)
def get_channel_access(call: Call) -> bytes:
    """§22.23."""
    request = ChannelAccessRequest.unpack(call.data)
    check_channel(request.channel)
    return ChannelAccess(Privilege.ADMINISTRATOR).pack()


@command(NetFn.APP, 0x42, Privilege.USER)
def get_channel_info(call: Call) -> bytes:
    """§22.24."""
    expect_length(call.data, 1)
    check_channel(call.data[0] & 0x0F)
    return ChannelInfo(LAN_CHANNEL, len(call.context.sessions.active)).pack()
