"""SessionService and its Sessions (DSP0266 §13.3.4)."""

from pydantic import Field

from bmc.accounts import Session
from bmc.events import Target
from bmc.model.caller import Caller, Door, Role
from bmc.model.errors import Denied
from bmc.redfish import oem
from bmc.redfish.body import Body
from bmc.redfish.errors import fail, not_found
from bmc.redfish.router import Call, Reply, Route, narrowed
from bmc.redfish.types import JsonObject, collection, link, links, moment, resource

SERVICE = "/redfish/v1/SessionService"
SESSIONS = f"{SERVICE}/Sessions"
TYPES = {Door.WEB: "WebUI", Door.SSH: "HostConsole"}


class NewSession(Body):
    user_name: str = Field(max_length=256)
    password: str = Field(max_length=1024)


async def service(_: Call) -> Reply:
    body = resource(SERVICE, "SessionService", Id="SessionService", Name="Sessions", ServiceEnabled=True)
    return Reply(body | {"Sessions": link(SESSIONS), "Status": {"State": "Enabled", "Health": "OK"}})


async def list_sessions(call: Call) -> Reply:
    paths = [f"{SESSIONS}/{session.id}" for session in _visible(call)]
    return Reply(collection(SESSIONS, "SessionCollection", "Sessions", links(paths)))


async def get_session(call: Call) -> Reply:
    return Reply(_body(_find(call)))


async def create_session(call: Call) -> Reply:
    wanted = call.body(NewSession)
    address = call.request.remote or ""
    try:
        session = await call.house.sign_in.open_session(wanted.user_name, wanted.password, address, Door.REDFISH)
    except Denied as error:
        raise fail(401, "NoValidSession", text=str(error)) from None
    caller = call.house.sign_in.caller(session.token, address)
    if caller is not None:
        await _audit(call, caller, "sign-in", session)
    headers = {"X-Auth-Token": session.token, "Location": f"{SESSIONS}/{session.id}"}
    return Reply(_body(session), 201, headers)


async def delete_session(call: Call) -> Reply:
    session = _find(call)
    await call.house.sign_in.close_session(session.id)
    await _audit(call, call.caller, "sign-out", session)
    return Reply(status=204)


async def _audit(call: Call, caller: Caller, action: str, session: Session) -> None:
    """At a node's own endpoint it is of the node."""
    details = {"session": session.id} | ({"user": session.user} if session.node else {})
    kind = Target.NODE if session.node else Target.ACCOUNT
    await call.house.audit.record(caller, action, session.node or session.account, "ok", details, kind)


def _visible(call: Call) -> list[Session]:
    """One's own, but of a token of less; all of them for an administrator, of the fleet or of the node whose endpoint
    this is.
    """
    caller = call.caller
    everybody = caller.governs or (call.house.only and caller.role is Role.ADMINISTRATOR)
    own = "" if narrowed(caller, call.house) else caller.account
    return [session for session in call.house.sign_in.sessions() if everybody or session.account == own]


def _find(call: Call) -> Session:
    for session in _visible(call):
        if session.id == call.params["session"]:
            return session
    raise not_found(call.path)


def _body(session: Session) -> JsonObject:
    return resource(
        f"{SESSIONS}/{session.id}",
        "Session",
        Id=session.id,
        Name=f"Session of {session.user}",
        UserName=session.user,
        Password=None,
        ClientOriginIPAddress=session.address,
        CreatedTime=moment(session.created),
        SessionType=TYPES.get(session.door, "Redfish"),
        Oem=oem.extension(
            "LightsoutSession",
            oem.LightsoutSession(Door=session.door.value, LastUsed=moment(session.used or session.created)),
        ),
    )


ROUTES = (
    Route("GET", SERVICE, service),
    Route("GET", SESSIONS, list_sessions),
    Route("POST", SESSIONS, create_session, role=None),
    Route("POST", f"{SESSIONS}/Members", create_session, role=None),
    Route("GET", f"{SESSIONS}/{{session}}", get_session),
    Route("DELETE", f"{SESSIONS}/{{session}}", delete_session),
)
