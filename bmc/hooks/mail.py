"""The mail sink: what happened since the last mail, in one mail, by SMTP (RFC 5321)."""

import asyncio
import base64
import contextlib
import socket
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from bmc.hooks.filter import Filter, Options
from bmc.hooks.sink import DeliveryFailed, plain
from bmc.model.clock import Clock
from bmc.model.events import Event, Severity

PORTS = {"starttls": 587, "tls": 465, "none": 25}
SECONDS = 60.0
LISTED = 200
"""Events that a mail tells one by one; the rest is counted."""


class MailOptions(Options):
    """`every` is the least number of seconds between two mails. Without a port it is the usual one of `security`."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    host: str = Field(min_length=1)
    port: int | None = Field(default=None, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password_file: Path | None = None
    sender: str
    to: list[str] = Field(min_length=1)
    every: float = Field(default=300, ge=1)
    filter: Filter = Filter()

    @field_validator("sender", "to")
    @classmethod
    def _addresses(cls, value: str | list[str]) -> str | list[str]:
        for address in [value] if isinstance(value, str) else value:
            local, at, domain = address.rpartition("@")
            if not (local and at and domain and address.isascii() and address.isprintable()) or set(address) & set(
                " <>,"
            ):
                raise ValueError(f"{address!r} is no mail address; expected name@domain")
        return value

    @model_validator(mode="after")
    def _safe(self) -> "MailOptions":
        if bool(self.user) != (self.password_file is not None):
            raise ValueError("expected both user and password_file, or neither")
        if self.user and self.security == "none":
            raise ValueError('a password is sent only with security = "starttls" or "tls"')
        return self


class Mail:
    at_once = 1000

    def __init__(self, options: MailOptions, clock: Clock, tls: ssl.SSLContext) -> None:
        self.pause = options.every
        self._options = options
        self._clock = clock
        self._tls = tls

    async def deliver(self, events: Sequence[Event]) -> None:
        data = compose(events, self._options, self._clock.now())
        try:
            async with asyncio.timeout(SECONDS):
                await self._send(data)
        except TimeoutError as error:
            raise DeliveryFailed(f"the mail server did not take it within {SECONDS:g} s") from error
        except ssl.SSLCertVerificationError as error:
            raise DeliveryFailed(f"its certificate is refused: {error.verify_message}") from error
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
            raise DeliveryFailed("the mail server broke off") from error
        except OSError as error:
            raise DeliveryFailed(f"the mail server cannot be reached: {error.strerror or error}") from error

    async def close(self) -> None:
        return

    async def _send(self, data: bytes) -> None:
        options = self._options
        port = options.port or PORTS[options.security]
        tls = self._tls if options.security == "tls" else None
        reader, writer = await asyncio.open_connection(options.host, port, ssl=tls)
        talk = _Talk(reader, writer)
        try:
            await talk.expect(220)
            await talk.say(f"EHLO {_own_name()}", 250)
            if options.security == "starttls":
                await talk.say("STARTTLS", 220)
                await writer.start_tls(self._tls, server_hostname=options.host)
                await talk.say(f"EHLO {_own_name()}", 250)
            if options.password_file is not None:
                token = f"\0{options.user}\0{_password(options.password_file)}".encode()
                await talk.say(f"AUTH PLAIN {base64.b64encode(token).decode()}", 235, what="signing in")
            await talk.say(f"MAIL FROM:<{options.sender}>", 250)
            for address in options.to:
                await talk.say(f"RCPT TO:<{address}>", 250, 251)
            await talk.say("DATA", 354)
            stuffed = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in data.split(b"\r\n"))
            writer.write(stuffed.removesuffix(b"\r\n") + b"\r\n.\r\n")
            await talk.expect(250)
            with contextlib.suppress(OSError, DeliveryFailed, asyncio.IncompleteReadError):
                await talk.say("QUIT", 221)
        finally:
            writer.transport.abort()


class _Talk:
    """Commands and replies, RFC 5321 §4."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, line: str, *expected: int, what: str = "") -> None:
        self._writer.write(line.encode() + b"\r\n")
        await self._writer.drain()
        await self.expect(*expected, what=what or line)

    async def expect(self, *expected: int, what: str = "the mail") -> None:
        """:raise DeliveryFailed: another reply; one of 5xx is for good."""
        line = await self._reader.readuntil(b"\r\n")
        while line[3:4] == b"-":
            line = await self._reader.readuntil(b"\r\n")
        code = int(line[:3])
        if code not in expected:
            reply = plain(line.decode(errors="replace"))[:200]
            raise DeliveryFailed(f"the mail server answered {what} with {reply}", refused=code >= 500)


def compose(events: Sequence[Event], options: MailOptions, now: float) -> bytes:
    """One mail about `events`, oldest first. The same events make the same Message-ID."""
    first, last = events[0], events[-1]
    worst = max(events, key=lambda event: list(Severity).index(event.severity)).severity
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    subject = plain(first.message)[:120] if len(events) == 1 else f"{len(events)} events"
    mail["Subject"] = f"Lightsout: {subject}" if worst is Severity.OK else f"Lightsout {worst.value}: {subject}"
    mail["From"], mail["To"] = options.sender, ", ".join(options.to)
    mail["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
    mail["Message-ID"] = f"<{first.sequence}-{last.sequence}.{first.at:.0f}@{_own_name()}>"
    mail["Auto-Submitted"] = "auto-generated"
    lines = [_line(event) for event in events[:LISTED]]
    if len(events) > LISTED:
        lines.append(f"… and {len(events) - LISTED} more, up to event {last.sequence}; the event log has them all")
    mail.set_content("\n".join(lines) + "\n")
    return mail.as_bytes()


def _line(event: Event) -> str:
    at = datetime.fromtimestamp(event.at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    return f"{at} {event.severity.value:8} {event.node or '-':12} {event.kind.value}: {plain(event.message)}"


def _own_name() -> str:
    return socket.gethostname() or "localhost"


def _password(path: Path) -> str:
    try:
        return path.read_text().rstrip("\n")
    except OSError as error:
        raise DeliveryFailed(f"the password file {path} cannot be read: {error.strerror}") from error
