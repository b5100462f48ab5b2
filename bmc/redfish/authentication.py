"""Who asks: X-Auth-Token, the page's cookie, Basic authentication (DSP0266 §13.3) or an API token, all at once."""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from aiohttp import web

from bmc.accounts import Accounts, NodeUsers
from bmc.accounts.tokens import PREFIX
from bmc.model.caller import Caller, Door
from bmc.model.errors import Denied

REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")
COOKIE = "lightsout"
UNATTENDED = "Lightsout-Unattended"
"""The header by which a page marks what nobody has asked it for."""
SIGNED_IN = web.RequestKey[Callable[[], None]]("signed_in")
"""Tells the listener that who asks has signed in."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The caller, and the id of the session or API token it came with; "" with Basic authentication.

    `node` is the one whose own endpoint it came to; "" is the fleet's root.
    """

    caller: Caller
    session: str = ""
    node: str = ""


class Unauthenticated(Exception):
    """No valid credentials; the text says which ones were looked at."""


def cookie_name(request: web.Request) -> str:
    """Cookies know no TCP ports, so the name does: two installations on one machine keep each other's sign-in.

    `__Host-` makes browsers insist on Secure, Path=/ and no Domain; it needs HTTPS.
    """
    name = f"{COOKIE}-{request.url.port}"
    return f"__Host-{name}" if request.secure else name


def cookie_token(request: web.Request) -> str:
    return request.cookies.get(cookie_name(request), "")


def session_token(request: web.Request) -> str:
    """What the client shows for its session: the header, or the cookie if no other credential is there."""
    token = request.headers.get("X-Auth-Token", "")
    return token if token or "Authorization" in request.headers else cookie_token(request)


def api_token(request: web.Request) -> str:
    """The API token that the client shows, in either of two headers; never by cookie."""
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    shown = request.headers.get("X-Auth-Token", "") or (bearer.strip() if scheme.lower() == "bearer" else "")
    return shown if shown.startswith(PREFIX) else ""


def request_id(request: web.Request) -> str:
    """What the client calls this request, "" when it does not or when it is no printable word."""
    given = request.headers.get("X-Request-Id", "")
    return given if REQUEST_ID.fullmatch(given) else ""


async def authenticate(request: web.Request, sign_in: Accounts | NodeUsers, node: str = "") -> Identity:
    """The first kind of credential that is there decides; a wrong one is never made up for by another. The listener
    is told of who has signed in.

    :raise Unauthenticated:
    """
    identity = await _identify(request, sign_in, node)
    request.get(SIGNED_IN, lambda: None)()
    return identity


async def _identify(request: web.Request, sign_in: Accounts | NodeUsers, node: str) -> Identity:
    address = request.remote or ""
    header = request.headers.get("Authorization", "")
    if token := api_token(request):
        known = sign_in.tokens.caller(token, address) if isinstance(sign_in, Accounts) else None
        if known is None:
            raise Unauthenticated("The API token does not exist, has expired or was revoked.")
        return Identity(replace(known, request_id=request_id(request)), known.token, node)
    token = session_token(request)
    if token:
        used = _is_by_a_person(request)
        session = sign_in.session(token, used)
        caller = sign_in.caller(token, address, used)
        if session is None or caller is None:
            raise Unauthenticated("The session does not exist or has ended; sign in again.")
        return Identity(replace(caller, request_id=request_id(request)), session.id, node)
    if not header:
        raise Unauthenticated("Sign in: X-Auth-Token, a session cookie or Basic authentication is required.")
    name, password = _basic(header)
    try:
        account = await sign_in.authenticate(name, password, address)
    except Denied as error:
        raise Unauthenticated(str(error)) from None
    caller = Caller(account.name, account.role, account.scope, Door.REDFISH, address, request_id(request))
    return Identity(caller, node=node)


def _is_by_a_person(request: web.Request) -> bool:
    """Whether this is use that keeps a session: what a page asks by itself is marked, streams come back by themselves.

    Who says so falsely only shortens their own session.
    """
    headers = request.headers
    by_itself = UNATTENDED in headers or "text/event-stream" in headers.get("Accept", "")
    return not by_itself and headers.get("Upgrade", "").lower() != "websocket"


def is_signed_in(request: web.Request, sign_in: Accounts | NodeUsers, used: bool = False) -> bool:
    """Whether the session or token of a `request` that has been authenticated is still good; to ask is no use of a
    session, unless it is `used`.
    """
    if token := api_token(request):
        return isinstance(sign_in, Accounts) and sign_in.tokens.caller(token, request.remote or "") is not None
    return sign_in.session(session_token(request), used) is not None


def require_serial(request: web.Request, sign_in: Accounts | NodeUsers) -> None:
    """For a request that is authenticated. :raise Denied: it is by a node's user who may not use SOL, and so not its
    serial line by another way.
    """
    if not isinstance(sign_in, NodeUsers):
        return
    session = sign_in.session(session_token(request), used=False)
    user = session.user if session is not None else _basic(request.headers.get("Authorization", ""))[0]
    if not sign_in.may_use_serial(user):
        raise Denied("this user may not use the serial console: its SOL access is disabled")


def _basic(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise Unauthenticated(
            f"Authorization {scheme[:20]!r} is not supported; use Basic, Bearer with an API token, or X-Auth-Token."
        )
    try:
        credentials = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise Unauthenticated("The Basic credentials are not base64.") from None
    try:
        name, colon, password = credentials.decode().partition(":")
    except UnicodeDecodeError:  # RFC 7617 leaves the character set open; these two are in use
        name, colon, password = credentials.decode("latin-1").partition(":")
    if not colon:
        raise Unauthenticated("The Basic credentials have no colon between name and password.")
    return name, password
