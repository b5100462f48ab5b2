"""Mail by SMTP, to a server on a real socket; many events are few mails."""

import asyncio
import email
import email.policy
from pathlib import Path
from typing import Any

import pytest

from bmc.hooks import HookSettings
from bmc.hooks.mail import Mail, MailOptions, compose
from bmc.hooks.sink import DeliveryFailed, trust
from bmc.model.clock import SystemClock
from bmc.model.events import Event, EventKind, Severity
from tests.hooks.lab import certificate, open_lab
from tests.hooks.mail_server import serving
from tests.world import until


def options(port: int, **more: Any) -> MailOptions:
    given = {"name": "m", "host": "localhost", "sender": "bmc@example.org", "to": ["a@example.org", "b@example.org"]}
    return MailOptions(**{**given, "port": port, "security": "none", **more})


def event(text: str = "n1 is on", number: int = 1, severity: Severity = Severity.OK) -> Event:
    return Event(EventKind.POWER_CHANGED, text, 1000.0, "n1", severity, sequence=number)


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_password_goes_over_tls_alone(tmp_path: Path, security: str) -> None:
    ca, tls = certificate(tmp_path, "localhost")
    (tmp_path / "password").write_text("s3cret\n")
    async with serving(tls, security == "starttls") as server:
        chosen = options(server.port, security=security, user="me", password_file=tmp_path / "password")
        await Mail(chosen, SystemClock(), trust(ca)).deliver(
            [event("Lüfter.\n.\r\n.hidden", severity=Severity.WARNING)]
        )
        assert server.passwords == [b"\0me\0s3cret"]
        assert "tls AUTH" in server.said
        mail = server.mails[0]
        assert mail["Subject"] == "Lightsout Warning: Lüfter. . .hidden"
        assert (mail["From"], mail["To"]) == ("bmc@example.org", "a@example.org, b@example.org")
        assert mail.get_content().startswith(
            "1970-01-01 00:16:40Z Warning  n1           power.changed: Lüfter. . .hidden"
        )
        assert server.said.count("tls RCPT") == 2


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_server_with_another_certificate_is_told_nothing(tmp_path: Path, security: str) -> None:
    _, tls = certificate(tmp_path, "localhost")
    async with serving(tls, security == "starttls") as server:
        with pytest.raises(DeliveryFailed, match="certificate is refused"):
            await Mail(options(server.port, security=security), SystemClock(), trust(None)).deliver([event()])
        assert "MAIL" not in " ".join(server.said)


async def test_a_server_that_offers_no_tls_is_told_nothing_more() -> None:
    async with serving() as server:
        server.refuse = ("STARTTLS", "502 no")
        with pytest.raises(DeliveryFailed, match="answered STARTTLS with 502 no"):
            await Mail(options(server.port, security="starttls"), SystemClock(), trust(None)).deliver([event()])
        assert server.said == ["EHLO", "STARTTLS"]


@pytest.mark.parametrize(("reply", "refused"), [("550 no such user", True), ("451 later", False)])
async def test_a_refusal_for_good_is_told_from_one_for_now(reply: str, refused: bool) -> None:
    async with serving() as server:
        server.refuse = ("RCPT", reply)
        with pytest.raises(DeliveryFailed, match=reply) as failed:
            await Mail(options(server.port), SystemClock(), trust(None)).deliver([event()])
        assert failed.value.refused is refused


async def test_ten_thousand_events_are_a_few_mails_and_all_are_told_of(tmp_path: Path) -> None:
    async with serving() as server:
        async with open_lab(tmp_path, HookSettings(mail=[options(server.port, every=300)])) as lab:
            for _ in range(20):
                await asyncio.gather(*(lab.tell() for _ in range(500)))
            last = (await lab.world.events.history(limit=1))[0].sequence
            id = lab.hooks.configured()[0].id
            async with asyncio.timeout(30):
                while (await lab.hooks.waiting())[id]:  # noqa: ASYNC110 - the store has no event of its own
                    await asyncio.sleep(0.01)
            waits = lab.hooks._clock.waits  # type: ignore[attr-defined]
            assert waits.count(300) >= len(server.mails) - 1
        assert 10 <= len(server.mails) <= 60
        subjects = [int(mail["Subject"].split()[1]) for mail in server.mails if mail["Subject"].endswith("events")]
        assert sum(subjects) + len(server.mails) - len(subjects) >= 10_000
        assert f"-{last}." in server.mails[-1]["Message-ID"]


async def test_a_mail_that_was_refused_comes_again_as_the_same_mail(tmp_path: Path) -> None:
    async with serving() as server:
        server.refuse = ("DATA", "451 later")
        async with open_lab(tmp_path, HookSettings(mail=[options(server.port)])) as lab:
            await lab.tell("one")
            await until(lambda: "DATA" in server.said)
            server.refuse = ("", "")
            await until(lambda: len(server.mails) == 1)
    told = event(), event(number=2)
    ids = {email.message_from_bytes(compose(told, options(25), now))["Message-ID"] for now in (1.0, 2.0)}
    assert len(ids) == 1
