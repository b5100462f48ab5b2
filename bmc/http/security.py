"""What holds for every request: our Origin where it counts, and headers that keep a browser on our side."""

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from yarl import URL

from bmc.redfish.authentication import cookie_token
from bmc.redfish.errors import RedfishError, fail

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# xterm.js and PatternFly set styles by <style> elements and attributes; scripts come from our own files only.
CONTENT_POLICY = "; ".join(
    (
        "default-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


async def add_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Just before any response goes out, streams and WebSockets included."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.pop("Server", None)


class OriginCheck:
    """A page of somebody else must not act with our operator's cookie (or with Basic credentials a browser kept).

    `more` are further origins under which a reverse proxy shows us, as `https://bmc.example.org`.
    """

    def __init__(self, more: frozenset[str]) -> None:
        self._more = more

    def refusal(self, request: web.Request) -> str:
        """Why the request is refused, "" if it is not."""
        websocket = request.headers.get("Upgrade", "").lower() == "websocket"
        if request.method in SAFE and not websocket:
            return ""
        origin = request.headers.get("Origin")
        if origin is None:
            if websocket or self._by_cookie(request):
                return "a request by cookie that changes something, and every WebSocket, must carry an Origin header"
            return ""
        return "" if self._is_ours(origin, request) else f"Origin {origin[:200]} is not ours"

    @staticmethod
    def _by_cookie(request: web.Request) -> bool:
        explicit = "X-Auth-Token" in request.headers or "Authorization" in request.headers
        return bool(cookie_token(request)) and not explicit

    def _is_ours(self, origin: str, request: web.Request) -> bool:
        if origin in self._more:
            return True
        try:
            return URL(origin).origin() == URL(f"{request.scheme}://{request.host}").origin()
        except ValueError:
            return False


def _refused(error: RedfishError) -> web.Response:
    return web.json_response(error.body, status=error.status, headers={"OData-Version": "4.0"})


@web.middleware
async def host_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A Host that is none is told here, as everything behind may ask for the request's URL."""
    try:
        _ = request.url.port
    except ValueError:
        text = f"the Host header {request.host[:200]!r} is no host name or address with at most one port"
        return _refused(fail(400, "GeneralError", text=text))
    return await handler(request)


def origin_middleware(check: OriginCheck) -> Middleware:
    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if refusal := check.refusal(request):
            return _refused(fail(403, "InsufficientPrivilege", text=refusal))
        return await handler(request)

    return middleware
