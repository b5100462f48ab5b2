"""The way to one BMC that speaks Redfish: its session, deadlines, and what a failure means. Knows no resource."""

import asyncio
import contextlib
import json
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import aiohttp
from yarl import URL

from bmc.model.clock import Clock
from bmc.model.errors import BackendFailed, BmcError, NotFound, OutcomeUnknown, Refused, Unreachable
from robots.adapter import bmc_at
from robots.refusal import Login, Refusals

ROOT = "/redfish/v1/"
SESSIONS = "/redfish/v1/SessionService/Sessions"
LOOK_WITHIN, ACT_WITHIN, CONNECT_WITHIN, SIGN_OUT_WITHIN = 10.0, 20.0, 5.0, 1.5
SILENT_FOR = 300.0
"""Seconds without an event after which a stream may be one to a BMC that is no more."""
HEARTBEAT = 30.0
READERS = 2
"""Questions at the same time; a BMC is a slow machine. Actions do not wait for them."""
LONGEST = 16 * 1024 * 1024

Credentials = Callable[[str], Login]
Tls = ssl.SSLContext | aiohttp.Fingerprint | bool
Json = dict[str, Any]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the BMC said. `body` is empty where it is no JSON object."""

    status: int
    headers: Mapping[str, str]
    body: Json

    @property
    def etag(self) -> str:
        return self.headers.get("ETag", "")

    @property
    def words(self) -> str:
        """What it gives as the reason of an error, in its own words."""
        error = self.body.get("error")
        error = error if isinstance(error, dict) else {}
        told = error.get("@Message.ExtendedInfo")
        found = [str(each.get("Message") or "") for each in told or () if isinstance(each, dict)]
        text = " ".join(filter(None, found)) or str(error.get("message") or "")
        return text[:300] or f"HTTP status {self.status}"


@dataclass
class _Sent:
    """Whether a request had begun to leave this machine."""

    any: bool = field(default=False)


class Link:
    """Asks one BMC. `where` is how messages name it.

    What takes effect goes by a connection of its own, never by one that the BMC may have closed meanwhile.
    """

    def __init__(self, url: str, tls: Tls, credential: str, credentials: Credentials, clock: Clock) -> None:
        self.base = URL(url)
        self.where = bmc_at(self.base.host or "", self.base.port or 0, 443 if self.base.scheme == "https" else 80)
        self._tls = tls
        self._credential = credential
        self._credentials = credentials
        self._clock = clock
        self._clients: dict[bool, aiohttp.ClientSession] = {}
        self._authorised: dict[str, str] = {}
        self._session = ""
        self._signing_in = asyncio.Lock()
        self._login = (b"", b"")
        self._refusals = Refusals(clock)
        self._reading = asyncio.Semaphore(READERS)

    async def get(self, path: str) -> Answer:
        """:raise NotFound: no such resource. :raise Unreachable, BackendFailed:"""
        async with self._reading:
            answer = await self._ask("GET", path, None, {}, LOOK_WITHIN)
        if answer.status in (404, 410):
            raise NotFound(f"{self.where} has no {path}")
        if answer.status in (502, 504):
            raise Unreachable(f"{self.where} is unreachable: {answer.words}")
        return self._checked(answer)

    async def find(self, path: str) -> Json:
        """Empty where the BMC has no such resource, or fails to give it. :raise Unreachable:"""
        if not path:
            return {}
        try:
            return (await self.get(path)).body
        except Unreachable:
            raise
        except BmcError as error:
            log.info("%s is passed over: %s", path, error)
            return {}

    async def act(self, path: str, body: Json) -> Answer:
        """POST once, whatever becomes of it.

        :raise Unreachable, Refused: nothing was done. :raise OutcomeUnknown: it may have been done.
        :raise BackendFailed: the BMC did not do it.
        """
        return self._checked(await self._ask("POST", path, body, {}, ACT_WITHIN))

    async def patch(self, path: str, body: Json) -> Answer:
        """Change a resource in the state in which it is read right before. :raise: as `act`."""
        answer = await self._patch(path, body, (await self.get(path)).etag)
        if answer.status == 412:
            # It changed in between; or a weak tag counts as none (RFC 9110 §13.1.1), though the BMC gives no other.
            answer = await self._patch(path, body, (await self.get(path)).etag.removeprefix("W/"))
        return self._checked(answer)

    async def _patch(self, path: str, body: Json, etag: str) -> Answer:
        return await self._ask("PATCH", path, body, {"If-Match": etag} if etag else {}, ACT_WITHIN)

    @asynccontextmanager
    async def stream(self, path: str) -> AsyncIterator[aiohttp.StreamReader]:
        """Server-sent events, for as long as the BMC sends them. :raise Unreachable, BackendFailed:"""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_WITHIN, sock_read=SILENT_FOR)
        headers = {**await self._authority(), "Accept": "text/event-stream"}
        try:
            async with self._client(True).get(
                self._url(path), headers=headers, ssl=self._tls, timeout=timeout, allow_redirects=False
            ) as response:
                if response.status != 200:
                    self._forget(response.status, headers)
                    raise BackendFailed(f"{self.where} has no events at {path}: HTTP status {response.status}")
                yield response.content
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unreachable(f"{self.where} is unreachable: {_words(error)}") from error

    async def websocket(self, path: str) -> aiohttp.ClientWebSocketResponse:
        """:raise Unreachable, BackendFailed:"""
        headers = await self._authority()
        try:
            async with asyncio.timeout(LOOK_WITHIN):
                return await self._client(True).ws_connect(
                    self._url(path),
                    headers=headers,
                    ssl=self._tls,
                    origin=str(self.base.origin()),
                    heartbeat=HEARTBEAT,
                )
        except aiohttp.WSServerHandshakeError as error:
            self._forget(error.status, headers)
            raise BackendFailed(f"{self.where} opens no console at {path}: HTTP status {error.status}") from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unreachable(f"{self.where} is unreachable: {_words(error)}") from error

    async def close(self) -> None:
        """Give the BMC its session back, if that is quick."""
        if self._session:
            with contextlib.suppress(BmcError, TimeoutError):
                async with asyncio.timeout(SIGN_OUT_WITHIN):
                    await self._request("DELETE", self._session, None, self._authorised, _Sent())
        self._session, self._authorised = "", {}
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.close()

    async def _ask(
        self, method: str, path: str, body: Json | None, headers: Mapping[str, str], within: float
    ) -> Answer:
        """As `act`; the answer may be an error. Asked again only where nothing can have been done."""
        sent, busy, signed_anew = _Sent(), "", False
        try:
            async with asyncio.timeout(within):
                while True:
                    authority = await self._authority()
                    answer = await self._request(method, path, body, {**authority, **headers}, sent)
                    if answer.status == 401 and not signed_anew:
                        self._forget(401, authority)
                        signed_anew = True
                    elif answer.status == 503:
                        busy = answer.words
                        sent.any = False
                        await asyncio.sleep(_retry_after(answer))
                    else:
                        break
                    sent.any = False
        except TimeoutError:
            if busy and not sent.any:
                text = f"{self.where} is busy: {busy}"
                raise (Unreachable if method == "GET" else Refused)(text) from None
            raise self._lost(method, sent, f"no answer within {within:.0f} seconds") from None
        if answer.status == 401:
            raise self._refused(answer)
        return answer

    async def _request(
        self, method: str, path: str, body: Json | None, headers: Mapping[str, str], sent: _Sent
    ) -> Answer:
        """:raise Unreachable, OutcomeUnknown: as `act`."""
        try:
            async with self._client(method == "GET").request(
                method,
                self._url(path),
                data=None if body is None else json.dumps(body).encode(),
                headers={"Accept": "application/json", "OData-Version": "4.0", **_content(body), **headers},
                ssl=self._tls,
                allow_redirects=False,
                trace_request_ctx=sent,
            ) as response:
                return Answer(response.status, response.headers, await _read(response))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise self._lost(method, sent, _words(error)) from error

    def _lost(self, method: str, sent: _Sent, why: str) -> BmcError:
        if sent.any and method != "GET":
            return OutcomeUnknown(f"{self.where} may have carried out the command: {why}")
        return Unreachable(f"{self.where} is unreachable: {why}")

    def _checked(self, answer: Answer) -> Answer:
        if 200 <= answer.status < 300:
            return answer
        if answer.status in (502, 504):
            raise OutcomeUnknown(f"{self.where} may have carried out the command: {answer.words}")
        raise BackendFailed(f"{self.where} refused: {answer.words}")

    def _url(self, path: str) -> URL:
        """:raise BackendFailed: it leads to another machine, which must not get the password."""
        try:
            url = self.base.join(URL(path))
        except ValueError as error:
            raise BackendFailed(f"{self.where} gives an address that is none: {error}") from error
        if url.host != self.base.host or url.port != self.base.port:
            raise BackendFailed(f"{self.where} gives an address at another machine ({url.host}); it is not followed")
        return url.with_scheme(self.base.scheme)

    def _client(self, kept_open: bool) -> aiohttp.ClientSession:
        client = self._clients.get(kept_open)
        if client is None:
            trace = aiohttp.TraceConfig()
            trace.on_request_headers_sent.append(_note_sent)
            client = self._clients[kept_open] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(force_close=not kept_open, limit=READERS * 4),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_WITHIN),
                trace_configs=[trace],
                # A tag of compressed bytes is not that of the resource: some append -gzip to it.
                headers={"Accept-Encoding": "identity"},
                auto_decompress=True,
            )
        return client

    async def _authority(self) -> Mapping[str, str]:
        """The headers that say who asks. :raise Unreachable, BackendFailed: they cannot be had."""
        async with self._signing_in:
            if not self._authorised:
                self._refusals.check(self._credentials(self._credential))
                await self._sign_in()
            return self._authorised

    async def _sign_in(self) -> None:
        self._login = self._credentials(self._credential)
        user, password = (each.decode() for each in self._login)
        # From here on nothing takes effect but the session itself, so that a lost answer is no unknown outcome.
        try:
            root = await self._request("GET", ROOT, None, {}, _Sent())
            if path := _sessions(root.body):
                body = {"UserName": user, "Password": password}
                answer = await self._request("POST", path, body, {}, _Sent())
                token = answer.headers.get("X-Auth-Token", "")
                if answer.status in (200, 201) and token:
                    self._authorised = {"X-Auth-Token": token}
                    self._session = _path_of(answer)
                    return
                if answer.status in (400, 401, 403):
                    raise self._refused(answer)
        except OutcomeUnknown as error:
            raise Unreachable(str(error)) from error
        # Neither has every BMC sessions, nor always one to spare.
        self._authorised = {"Authorization": aiohttp.encode_basic_auth(user, password)}

    def _forget(self, status: int, authority: Mapping[str, str]) -> None:
        if status == 401 and self._authorised == authority:
            self._authorised, self._session = {}, ""

    def _refused(self, answer: Answer) -> BackendFailed:
        password = self._login[1].decode()
        told = answer.words.replace(password, "…") if password else answer.words
        text = f"{self.where} refused the credential {self._credential!r}: {told}"
        self._authorised, self._session = {}, ""
        return self._refusals.add(self._login, text)


async def _note_sent(
    session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestHeadersSentParams
) -> None:
    sent = context.trace_request_ctx
    if isinstance(sent, _Sent):
        sent.any = True


async def _read(response: aiohttp.ClientResponse) -> Json:
    """:raise ValueError: too long. What is no JSON object is none."""
    data = bytearray()
    async for chunk in response.content.iter_any():
        data += chunk
        if len(data) > LONGEST:
            raise ValueError(f"an answer of more than {LONGEST} bytes")
    try:
        value = json.loads(data)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _sessions(root: Json) -> str:
    """Where sessions are made, as far as the service root tells; "": it has none."""
    links = root.get("Links")
    found = links.get("Sessions") if isinstance(links, dict) else None
    if isinstance(found, dict) and isinstance(path := found.get("@odata.id"), str):
        return path
    return SESSIONS if "SessionService" in root else ""


def _path_of(answer: Answer) -> str:
    location = URL(answer.headers.get("Location", ""))
    return location.raw_path if answer.headers.get("Location") else str(answer.body.get("@odata.id", ""))


def _content(body: Json | None) -> dict[str, str]:
    return {} if body is None else {"Content-Type": "application/json"}


def _retry_after(answer: Answer) -> float:
    told = answer.headers.get("Retry-After", "")
    return float(told) if told.isascii() and told.isdigit() else 1.0


def _words(error: BaseException) -> str:
    if isinstance(error, aiohttp.ServerFingerprintMismatch):
        return f"its certificate has the fingerprint {error.got.hex()}, which is not the one in its options"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"its certificate cannot be verified ({error.certificate_error}); give its fingerprint in the options"
    return str(error) or type(error).__name__
