"""Session commands, IPMI v2.0 §22.18 to §22.20."""

from ipaddress import AddressValueError, IPv4Address

from bmc.ipmi.commands.call import Call, CommandError, command
from bmc.ipmi.session import Session
from bmc.ipmi.wire.numbers import Code, NetFn, Privilege
from bmc.ipmi.wire.session import BY_HANDLE, BY_ID, CloseSession, SessionInfo, SessionInfoRequest, SetPrivilege

_EXCEEDS_LIMIT = 0x81
_INVALID_SESSION = 0x87
_INVALID_HANDLE = 0x88


@command(NetFn.APP, 0x3B, Privilege.CALLBACK)
def set_session_privilege(call: Call) -> bytes:
    """§22.18."""
    wanted = SetPrivilege.unpack(call.data).privilege
    session = call.session
    if wanted != Privilege.HIGHEST:
        if not Privilege.USER <= wanted <= Privilege.ADMINISTRATOR:
            raise CommandError(Code.INVALID_FIELD)
        if wanted > session.limit:
            raise CommandError(_EXCEEDS_LIMIT)
        session.privilege = Privilege(wanted)
    return bytes((session.privilege,))


@command(NetFn.APP, 0x3C, Privilege.CALLBACK, guarded=True)
def close_session(call: Call) -> bytes:
    """§22.19. One's own; another's only as administrator."""
    request = CloseSession.unpack(call.data)
    sessions = call.context.sessions
    found = sessions.get(request.session_id) if request.session_id else _by_handle(call, request.handle)
    if found is None:
        raise CommandError(_INVALID_SESSION if request.session_id else _INVALID_HANDLE)
    if found is not call.session and call.session.privilege < Privilege.ADMINISTRATOR:
        raise CommandError(Code.INSUFFICIENT_PRIVILEGE)
    sessions.end(found)
    return b""


@command(NetFn.APP, 0x3D, Privilege.USER)
def get_session_info(call: Call) -> bytes:
    """§22.20."""
    request = SessionInfoRequest.unpack(call.data)
    active = call.context.sessions.active
    found: Session | None
    if request.index == 0:
        found = call.session
    elif request.index == BY_HANDLE:
        found = _by_handle(call, request.handle)
    elif request.index == BY_ID:
        found = call.context.sessions.get(request.session_id)
    else:
        found = active[request.index - 1] if request.index <= len(active) else None
    if found is None:
        # ipmitool asks on until the number of slots it was last told of: told the truth it prints dozens of empty ones.
        return SessionInfo(0, len(active), len(active)).pack()
    possible = call.context.settings.limits.sessions
    host, port = found.peer
    return SessionInfo(found.handle, possible, len(active), found.slot.slot, found.privilege, _ipv4(host), port).pack()


def _by_handle(call: Call, handle: int) -> Session | None:
    return next((session for session in call.context.sessions.active if session.handle == handle), None)


def _ipv4(host: str) -> bytes:
    """The message has room for IPv4 only; other addresses show as 0.0.0.0."""
    try:
        return IPv4Address(host).packed
    except AddressValueError:
        return bytes(4)
