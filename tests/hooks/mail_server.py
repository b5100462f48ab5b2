"""A mail server on a real socket, which keeps what it was told."""

import asyncio
import base64
import email
import email.policy
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage


@dataclass
class MailServer:
    """As much of RFC 5321 as a submission takes. `refuse` is a verb and the reply to it."""

    tls: ssl.SSLContext | None
    starttls: bool
    port: int = 0
    refuse: tuple[str, str] = ("", "")
    mails: list[EmailMessage] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    passwords: list[bytes] = field(default_factory=list)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        encrypted = self.tls is not None and not self.starttls
        try:
            writer.write(b"220-hello\r\n220 there\r\n")
            while line := (await reader.readline()).decode().strip():
                verb = line.split()[0].upper()
                self.said.append(f"{'tls ' if encrypted else ''}{verb}")
                if verb == self.refuse[0]:
                    writer.write(self.refuse[1].encode() + b"\r\n")
                elif verb == "EHLO":
                    writer.write(b"250-me\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n")
                elif verb == "STARTTLS":
                    writer.write(b"220 go on\r\n")
                    await writer.drain()
                    await writer.start_tls(self.tls)  # type: ignore[arg-type]
                    encrypted = True
                elif verb == "AUTH":
                    self.passwords.append(base64.b64decode(line.split()[2]))
                    writer.write(b"235 fine\r\n")
                elif verb == "DATA":
                    writer.write(b"354 go on\r\n")
                    self.mails.append(await self._read(reader))
                    writer.write(b"250 taken\r\n")
                else:
                    writer.write(b"221 bye\r\n" if verb == "QUIT" else b"250 fine\r\n")
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> EmailMessage:
        lines = []
        while (line := await reader.readuntil(b"\r\n")) != b".\r\n":
            lines.append(line[1:] if line.startswith(b".") else line)
        found = email.message_from_bytes(b"".join(lines), policy=email.policy.SMTP)
        assert isinstance(found, EmailMessage)
        return found


@asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None, starttls: bool = False) -> AsyncIterator[MailServer]:
    opened = MailServer(tls, starttls)
    server = await asyncio.start_server(opened.take, "127.0.0.1", 0, ssl=None if starttls else tls)
    opened.port = server.sockets[0].getsockname()[1]
    async with server:
        yield opened
