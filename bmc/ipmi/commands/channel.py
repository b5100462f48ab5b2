"""Channel commands, IPMI v2.0 §22.13 to §22.25. There is the LAN, and beside it the system interface."""

from dataclasses import replace

from bmc.ipmi.commands.call import Call, CommandError, command
from bmc.ipmi.wire.channel import (
    ALWAYS_AVAILABLE,
    NO_SECURITY_KEY,
    SECURITY_KEY,
    SYSTEM_INTERFACE,
    AuthCapabilities,
    AuthCapabilitiesRequest,
    ChannelAccess,
    ChannelAccessRequest,
    ChannelInfo,
    CipherSuitesRequest,
    KeyKind,
    KeyOperation,
    SecurityKeys,
    SetChannelAccess,
    Where,
    algorithm_records,
    suite_records,
)
from bmc.ipmi.wire.crypto import SUITES
from bmc.ipmi.wire.errors import expect_length
from bmc.ipmi.wire.numbers import LAN_CHANNEL, PRESENT_CHANNEL, SYSTEM_CHANNEL, Code, NetFn, Privilege

_RECORDS = 16
_BY_ID = tuple(sorted(SUITES, key=lambda suite: suite.id))


_NO_SESSIONS = 0x82
_MODE_NOT_SUPPORTED = 0x83
_TOO_FEW, _TOO_MANY, _NOT_THAT_KEY, _NOT_USED = 0x81, 0x82, 0x83, 0x84


def check_channel(channel: int) -> None:
    """:raise CommandError: not the LAN, by number or as "this one"."""
    if channel not in (LAN_CHANNEL, PRESENT_CHANNEL):
        raise CommandError(Code.INVALID_FIELD)


def _check_session_channel(channel: int) -> None:
    """:raise CommandError: as `check_channel`; the system interface has a code of its own."""
    if channel == SYSTEM_CHANNEL:
        raise CommandError(_NO_SESSIONS)
    check_channel(channel)


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
    """§22.15. Sixteen bytes at a time; fewer are the last. A suite that nobody may use is not offered."""
    request = CipherSuitesRequest.unpack(call.data)
    check_channel(request.channel)
    suites = tuple(suite for suite in _BY_ID if call.context.config.suite_limit(suite.id))
    records = suite_records(suites) if request.by_suite else algorithm_records(suites)
    start = request.index * _RECORDS
    return bytes((LAN_CHANNEL,)) + records[start : start + _RECORDS]


@command(NetFn.APP, 0x40, Privilege.ADMINISTRATOR, guarded=True)
async def set_channel_access(call: Call) -> bytes:
    """§22.22. The LAN is always available; a lower privilege limit holds for the sessions that there are, too."""
    request = SetChannelAccess.unpack(call.data)
    _check_session_channel(request.channel)
    limit: dict[Where, int] = {}
    alerting: dict[Where, bool] = {}
    if request.access is not Where.NEITHER:
        if request.mode != ALWAYS_AVAILABLE:
            raise CommandError(_MODE_NOT_SUPPORTED)
        if request.unprotected:
            raise CommandError(Code.INVALID_FIELD)
        alerting[request.access] = request.alerting
    if request.limit is not Where.NEITHER:
        if not Privilege.CALLBACK <= request.privilege <= Privilege.ADMINISTRATOR:
            raise CommandError(Code.INVALID_FIELD)
        limit[request.limit] = request.privilege
    keeper = call.context.config
    await keeper.change(
        lambda config: replace(
            config,
            channel_limit=limit.get(Where.STORED, config.channel_limit),
            channel_alerting=alerting.get(Where.STORED, config.channel_alerting),
        ),
        call.caller,
    )
    await keeper.set_present(call.caller, limit.get(Where.PRESENT), alerting.get(Where.PRESENT))
    for session in call.context.sessions.active:
        session.cap(Privilege(keeper.channel_limit))
    return b""


@command(NetFn.APP, 0x41, Privilege.USER)
def get_channel_access(call: Call) -> bytes:
    """§22.23."""
    request = ChannelAccessRequest.unpack(call.data)
    _check_session_channel(request.channel)
    keeper = call.context.config
    if request.volatile:
        return ChannelAccess(keeper.channel_limit, alerting=keeper.channel_alerting).pack()
    return ChannelAccess(keeper.config.channel_limit, alerting=keeper.config.channel_alerting).pack()


@command(NetFn.APP, 0x42, Privilege.USER)
def get_channel_info(call: Call) -> bytes:
    """§22.24."""
    expect_length(call.data, 1)
    channel = call.data[0] & 0x0F
    if channel == SYSTEM_CHANNEL or (call.request.host and channel == PRESENT_CHANNEL):
        return SYSTEM_INTERFACE
    check_channel(channel)
    return ChannelInfo(LAN_CHANNEL, len(call.context.sessions.active)).pack()


@command(NetFn.APP, 0x56, Privilege.ADMINISTRATOR, guarded=True)
def set_channel_security_keys(call: Call) -> bytes:
    """§22.25. There is no BMC key (K_G) and can be none: a session takes the user's key alone, which stands for K_R."""
    request = SecurityKeys.unpack(call.data)
    check_channel(request.channel)
    if request.kind is KeyKind.RANDOM:
        raise CommandError(_NOT_USED)
    if request.operation is KeyOperation.READ:
        return NO_SECURITY_KEY
    if request.operation is KeyOperation.LOCK:
        raise CommandError(Code.INVALID_FIELD)
    if len(request.key) != SECURITY_KEY:
        raise CommandError(_TOO_FEW if len(request.key) < SECURITY_KEY else _TOO_MANY)
    if any(request.key):
        raise CommandError(_NOT_THAT_KEY)
    return NO_SECURITY_KEY[:1]
