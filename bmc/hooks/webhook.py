"""The webhook sink: each event POSTed as a Redfish Event (DSP0266 §12.6), signed as Standard Webhooks has it."""

import base64
import hashlib
import hmac
import json
import re
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from bmc.fetch import Forbidden, Network, check_address, checked_sockets
from bmc.hooks.sink import DeliveryFailed, Render
from bmc.model.clock import Clock
from bmc.model.errors import InvalidRequest
from bmc.model.events import Event

SECONDS = 30.0
RECEIVED = 4096
"""Bytes that the kernel keeps of an answer: whoever floods us has his turn like anybody else, and no more."""
NOT_NOW = frozenset({408, 425, 429, 502, 503, 504})
"""Answers that say nothing about the event, but that the receiver cannot take any."""

NUMBER = re.compile(r"(^|\.)(\d+|0x[0-9a-f]*)\.?$")
"""What resolvers take for an address, 127.1 as 127.0.0.1: no name ends so."""


def signature(secret: str, id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature` (Standard Webhooks 1.0): HMAC-SHA256 over `id.timestamp.body`."""
    signed = f"{id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret.encode(), signed, hashlib.sha256)).decode()


class Webhook:
    """`context` comes back in each event; `headers` go with each request."""

    at_once = 1
    pause = 0.0

    def __init__(
        self,
        url: str,
        clock: Clock,
        render: Render,
        tls: ssl.SSLContext | bool,
        allowed: Sequence[Network] = (),
        context: str = "",
        headers: Mapping[str, str] | None = None,
        secret: str = "",
    ) -> None:
        self._url = url
        self._clock = clock
        self._render = render
        self._tls = tls
        self._allowed = allowed
        self._context = context
        self._headers = headers or {}
        self._secret = secret
        self._session: aiohttp.ClientSession | None = None

    async def deliver(self, events: Sequence[Event]) -> None:
        for event in events:
            status = await self._post(event)
            if 300 <= status < 400:
                raise DeliveryFailed(f"the receiver answered {status}: redirects are not followed", refused=True)
            if not 200 <= status < 300:
                raise DeliveryFailed(f"the receiver answered {status}", refused=status not in NOT_NOW)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _post(self, event: Event) -> int:
        body = json.dumps(self._render(event) | {"Context": self._context}, separators=(",", ":")).encode()
        try:
            async with self._opened().post(
                self._url,
                data=body,
                headers={**self._headers, **self._own(event, body)},
                allow_redirects=False,
                ssl=self._tls,
            ) as response:
                return response.status
        except TimeoutError as error:
            raise DeliveryFailed(f"no answer within {SECONDS:g} s") from error
        except aiohttp.ClientConnectorError as error:
            raise DeliveryFailed(_why(error)) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise DeliveryFailed(f"the connection broke off ({type(error).__name__})") from error

    def _own(self, event: Event, body: bytes) -> dict[str, str]:
        id, now = str(event.sequence), int(self._clock.now())
        own = {"Content-Type": "application/json;charset=utf-8", "OData-Version": "4.0", "User-Agent": "Lightsout"}
        own |= {"webhook-id": id, "webhook-timestamp": str(now)}
        return own | ({"webhook-signature": signature(self._secret, id, now, body)} if self._secret else {})

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=1, keepalive_timeout=4, socket_factory=_small(checked_sockets(self._allowed))
            )
            timeout = aiohttp.ClientTimeout(total=SECONDS)
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session


def check_url(url: str, allowed: Sequence[Network]) -> None:
    """What a name resolves to is checked where the connection is made.

    :raise InvalidRequest: no http(s) URL, one that holds a password, or a forbidden address.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise InvalidRequest(f"the destination is no URL: {error}") from None
    if not url.isascii() or not url.isprintable() or " " in url:
        odd = next(letter for letter in url if not "!" <= letter <= "~")
        raise InvalidRequest(f"the destination holds {odd!r}; expected a URL in ASCII, all else written as %20 is")
    if parts.scheme not in ("http", "https"):
        raise InvalidRequest(f"the destination begins with {parts.scheme[:16]!r}; expected http:// or https://")
    if not host:
        raise InvalidRequest("the destination names no host; expected http://HOST/ or https://HOST/")
    if "@" in parts.netloc or parts.fragment:
        raise InvalidRequest("the destination holds a user, a password or a fragment; a password belongs into a header")
    try:
        address = ip_address(host)
    except ValueError:
        if NUMBER.search(host):
            raise InvalidRequest("the destination's host is neither an address nor a name") from None
        return
    try:
        check_address(address, allowed)
    except Forbidden as error:
        raise InvalidRequest(f"the destination is refused: {error}") from error


def host_of(url: str) -> str:
    """What may be said of a destination in a log: its path may be a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _small(make: Callable[[Any], socket.socket]) -> Callable[[Any], socket.socket]:
    def opened(address: Any) -> socket.socket:
        made = make(address)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED)
        return made

    return opened


def _why(error: aiohttp.ClientConnectorError) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"its certificate is refused: {error.certificate_error}"
    if isinstance(error.os_error, Forbidden):
        return f"the address is refused: {error.os_error}"
    return f"it cannot be reached: {error.os_error.strerror or error.os_error}"
