"""The syslog sink: RFC 5424 over UDP (RFC 5426), TCP (RFC 6587, octet counting) or TLS (RFC 5425)."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from pydantic import Field

from bmc.hooks.filter import Filter, Options
from bmc.hooks.sink import DeliveryFailed, plain
from bmc.model.events import Event, Severity

DAEMON = 3
LEVELS = {Severity.OK: 6, Severity.WARNING: 4, Severity.CRITICAL: 2}
PORTS = {"udp": 514, "tcp": 514, "tls": 6514}
LONGEST = 2048
"""Bytes of a message: what every receiver must take of UDP, RFC 5426 §3.2."""
SECONDS = 30.0
CLOSING_SECONDS = 5.0
DATA_ID = "lightsout@32473"


class SyslogOptions(Options):
    """A receiver; without a port it is the protocol's own: 514, with TLS 6514."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    host: str = Field(min_length=1)
    port: int | None = Field(default=None, ge=1, le=65535)
    protocol: Literal["udp", "tcp", "tls"] = "udp"
    filter: Filter = Filter()


def message(event: Event, hostname: str) -> bytes:
    """RFC 5424 §6. What is too long loses the end of its text."""
    at = datetime.fromtimestamp(event.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    fields = {"sequence": str(event.sequence), "kind": event.kind.value, "node": event.node, "account": event.account}
    data = "".join(f' {name}="{_escape(value)}"' for name, value in fields.items() if value)
    priority = DAEMON * 8 + LEVELS[event.severity]
    head = f"<{priority}>1 {at} {hostname} lightsout - {event.kind.value[:32]} [{DATA_ID}{data}] ".encode()
    text = plain(event.message)
    mark = b"" if text.isascii() else b"\xef\xbb\xbf"
    room = LONGEST - len(head) - len(mark)
    return head + mark + text.encode()[:room].decode(errors="ignore").encode()


class Syslog:
    """Syslog knows no acknowledgement. Over TCP a connection carries one delivery, and the receiver's closing after
    ours is the sign that it has read to the end; over UDP what is sent counts as received.
    """

    at_once = 64
    pause = 0.0

    def __init__(self, options: SyslogOptions, tls: ssl.SSLContext) -> None:
        self._options = options
        self._port = options.port or PORTS[options.protocol]
        self._tls = tls if options.protocol == "tls" else None
        self._hostname = socket.gethostname()[:255] or "-"

    async def deliver(self, events: Sequence[Event]) -> None:
        messages = [message(event, self._hostname) for event in events]
        send = self._send_datagrams if self._options.protocol == "udp" else self._send_stream
        try:
            async with asyncio.timeout(SECONDS):
                await send(messages)
        except TimeoutError as error:
            raise DeliveryFailed(f"the receiver did not take it within {SECONDS:g} s") from error
        except ssl.SSLCertVerificationError as error:
            raise DeliveryFailed(f"its certificate is refused: {error.verify_message}") from error
        except OSError as error:
            raise DeliveryFailed(f"the receiver cannot be reached: {error.strerror or error}") from error

    async def close(self) -> None:
        return

    async def _send_datagrams(self, messages: list[bytes]) -> None:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(self._options.host, self._port, type=socket.SOCK_DGRAM)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as opened:
            opened.setblocking(False)
            await loop.sock_connect(opened, address)
            for each in messages:
                await loop.sock_sendall(opened, each)

    async def _send_stream(self, messages: list[bytes]) -> None:
        reader, writer = await asyncio.open_connection(self._options.host, self._port, ssl=self._tls)
        try:
            for each in messages:
                writer.write(b"%d " % len(each) + each)
            await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()
            else:
                writer.close()  # TLS: says goodbye and waits for the receiver's
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSING_SECONDS):
                    await reader.read()
        finally:
            writer.transport.abort()


def _escape(value: str) -> str:
    return plain(value).replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")
