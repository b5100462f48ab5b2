"""A node that a person holds keeps its events, and alerts nobody, whatever the destination."""

from pathlib import Path

import pytest

from bmc.hooks import HookSettings
from bmc.hooks.mail import MailOptions
from bmc.hooks.program import ProgramOptions
from bmc.hooks.syslog import SyslogOptions
from bmc.model.commands import Release, Reserve
from tests.hooks.lab import Receiver, open_lab
from tests.hooks.mail_server import serving
from tests.hooks.syslog_receiver import listening
from tests.world import ADMIN, until

TOLD = ["before", "n1 reserved by admin: new fans", "another node", "n1 released", "after"]


@pytest.mark.parametrize("restart", [False, True])
async def test_no_destination_hears_of_a_node_in_maintenance(tmp_path: Path, receiver: Receiver, restart: bool) -> None:
    """Also not after a restart in the middle of it, which delivers what waited."""
    out = tmp_path / "out"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ncat >> {out}\n")
    program.chmod(0o755)
    async with listening() as syslog, serving() as mail:
        settings = HookSettings(
            program=[ProgramOptions(name="p", command=[str(program)])],
            syslog=[SyslogOptions(name="s", host="localhost", port=syslog.port, protocol="tcp")],
            mail=[
                MailOptions(
                    name="m",
                    host="localhost",
                    port=mail.port,
                    security="none",
                    sender="bmc@a.example",
                    to=["b@b.example"],
                )
            ],
        )
        async with open_lab(tmp_path, settings) as lab:
            await lab.world.add("n1")
            await lab.hooks.subscribe("admin", receiver.url)
            await lab.tell("before")
            await lab.world.fleet.node("n1").do(Reserve("new fans"), ADMIN)
            await lab.tell("meanwhile")
            await lab.tell("another node", "n2")
            if not restart:
                await lab.world.fleet.node("n1").do(Release(), ADMIN)
        async with open_lab(tmp_path, settings) as lab:
            if restart:
                await lab.tell("meanwhile, again")
                await lab.world.fleet.node("n1").do(Release(), ADMIN)
            await lab.tell("after")
            heard = {
                "webhook": lambda: "\n".join(receiver.texts),
                "program": lambda: out.read_text() if out.exists() else "",
                "syslog": lambda: b"\n".join(syslog.got).decode(),
                "mail": lambda: "\n".join(each.get_content() for each in mail.mails),
            }
            for name, text in heard.items():
                await until(lambda text=text: "after" in text(), 15)
                assert "meanwhile" not in text(), name
                places = [text().find(each) for each in TOLD]
                assert -1 not in places, (name, text())
                assert places == sorted(places), name
            kept = [event.message for event in await lab.world.events.history("n1")]
            assert "meanwhile" in kept
