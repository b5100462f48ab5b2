"""The deploy desk: what the ramdisk and the installed system are told, and what they may report. Knows no sockets.

Only a node with an armed ticket is answered, only at its own listener, and only with a token of that ticket.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bmc.images.catalogue import Image
from bmc.model.errors import BmcError
from bmc.reinstall.lines import Lines
from bmc.reinstall.medium import shell_lines
from bmc.reinstall.network_boot import BootFiles
from bmc.reinstall.target import choose, parse
from bmc.reinstall.ticket import PHASES, Errand, Stage, Ticket, is_secret

BOOT_SCRIPT = "boot script"
LOG_MAX, TEXT_MAX = 8192, 512
STOP = "the job has ended: stop"


@dataclass(frozen=True, slots=True)
class Reply:
    """`keep`: what was reported must be stored (`Desk.keep`) before the reply goes out."""

    status: int
    body: str = ""
    keep: bool = False


class Turned(Exception):
    """The request is turned away, with this reply."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.reply = Reply(status, f"{why}\n")


class Desk:
    """One method for each request of the protocol. `node` is whose listener it came in by, `token` its bearer token.

    Every method may raise Turned.
    """

    def __init__(self) -> None:
        self._tickets: dict[str, Ticket] = {}

    def arm(self, ticket: Ticket) -> None:
        self._tickets[ticket.node] = ticket

    def disarm(self, ticket: Ticket) -> None:
        if self._tickets.get(ticket.node) is ticket:
            del self._tickets[ticket.node]

    async def keep(self, node: str) -> None:
        """Have what was reported stored. :raise StoreFailed: the reporter must not be told that it was."""
        if ticket := self._tickets.get(node):
            await ticket.keep()

    def boot_script(self, node: str) -> Reply:
        """The firmware boots by network. Answered once: who asks later is not what this boot began with."""
        ticket, boot = self._booting(node)
        if ticket.facts.fetched:
            raise Turned(404, "the boot script was given out already")
        ticket.report(fetched=(BOOT_SCRIPT,))
        return Reply(200, boot.script, keep=True)

    def boot_file(self, node: str, key: str, name: str) -> Path | bytes:
        """Until the ramdisk checks in: a download that broke off is begun again."""
        ticket, boot = self._booting(node)
        if not is_secret(key, boot.key):
            raise Turned(403, "the key is not that of this node's job")
        if name not in boot.files:
            raise Turned(404, f"there is no such file; there is {', '.join(boot.files)}")
        if name not in ticket.facts.fetched:
            ticket.report(fetched=(*ticket.facts.fetched, name))
        return boot.files[name]

    def check_in(self, node: str, token: str, form: Mapping[str, str]) -> Reply:
        """The ramdisk is up and lists its disks; it learns which to write, and what."""
        ticket = self._deploying(node, token)
        _go_on(ticket)
        values = {"errand": ticket.errand.value, **ticket.told}
        # A ramdisk that starts over has verified nothing any more.
        afresh: dict[str, Any] = {
            "checked_in": True,
            "disk": "",
            "phase": "",
            "bytes": 0,
            "total": 0,
            "verified": False,
        }
        try:
            afresh["disks"] = disks = parse(form.get("disks", ""))
            if ticket.errand.has_disk:
                values["disk"] = choose(disks, ticket.target, ticket.image.size if ticket.image else 0).name
        except BmcError as error:
            why = str(error)
            ticket.report(**(afresh if "disks" in afresh else {}), failed=ticket.facts.failed or why)
            raise Turned(422, why) from error
        ticket.report(**afresh | {"disk": values.get("disk", "")})
        return Reply(200, shell_lines(values), keep=True)

    def image(self, node: str, token: str) -> Path:
        """The file to stream, as it is."""
        ticket = self._deploying(node, token)
        _go_on(ticket)
        _require(ticket.facts.checked_in, "check in first")
        if ticket.image is None:
            raise Turned(404, "this job writes no image")
        return ticket.image.path

    def progress(self, node: str, token: str, form: Mapping[str, str]) -> Reply:
        ticket = self._deploying(node, token)
        _go_on(ticket)
        phase = form.get("phase", "")
        if phase not in PHASES[1:]:
            raise Turned(400, f"phase: expected one of {', '.join(PHASES[1:])}")
        _require(ticket.facts.checked_in, "check in first")
        if phase == "seed":
            _require(ticket.facts.verified, "the disk has not been verified")
        _require(PHASES.index(phase) >= PHASES.index(ticket.facts.phase), f"{ticket.facts.phase} was reported already")
        done, total = _number(form, "bytes"), _number(form, "total")
        changed = phase != ticket.facts.phase
        if changed or (done, total) != (ticket.facts.bytes, ticket.facts.total):
            ticket.report(phase=phase, bytes=min(done, total), total=total)
        return Reply(200, shell_lines({"go": "1"}), keep=changed)

    def verified(self, node: str, token: str, form: Mapping[str, str]) -> Reply:
        """What was read back from the disk: the image's SHA-256, or zeros; 422 when it holds something else."""
        ticket = self._deploying(node, token)
        _go_on(ticket)
        _require(ticket.facts.checked_in, "check in first")
        if ticket.image is not None:
            return _written(ticket, ticket.image, form)
        _require(ticket.errand is Errand.ERASE, "this job reads nothing back")
        return _erased(ticket, form)

    def ready(self, node: str, token: str, form: Mapping[str, str]) -> Reply:
        """A rescue can be worked in; its SSH server has this host key."""
        ticket = self._rescuing(node, token)
        key = form.get("hostkey", "")
        if not re.fullmatch(r"ssh-ed25519 [A-Za-z0-9+/]{68}", key):
            raise Turned(400, "hostkey: expected a public key of type ssh-ed25519")
        ticket.report(host_key=key)
        return Reply(200, keep=True)

    def inspected(self, node: str, token: str, form: Mapping[str, str]) -> Reply:
        """What the machine consists of, beside its disks."""
        ticket = self._deploying(node, token)
        _go_on(ticket)
        _require(ticket.errand is Errand.INSPECT, "this job inspects nothing")
        _require(ticket.facts.checked_in, "check in first")
        ticket.report(report={name: _text(text)[:TEXT_MAX] for name, text in form.items()})
        return Reply(200, keep=True)

    def lines(self, node: str, token: str) -> Lines:
        """Where the guest of a rescue may hold a connection ready."""
        return self._rescuing(node, token).lines

    def seed(self, node: str, token: str, name: str) -> Reply:
        ticket = self._deploying(node, token)
        _go_on(ticket)
        _require(ticket.facts.checked_in, "check in first")
        if ticket.errand.has_disk:
            _require(ticket.facts.verified, "the disk has not been verified")
        if name not in ticket.files:
            raise Turned(404, f"the seed has no such file; it has {' '.join(ticket.files) or 'none'}")
        return Reply(200, ticket.files[name])

    def done(self, node: str, token: str) -> Reply:
        """The ramdisk has finished and powers off now. Answered the same again: the first answer may have been lost."""
        ticket = self._deploying(node, token)
        _require(not ticket.cancelled, STOP)
        if ticket.errand.has_disk:
            _require(ticket.facts.verified, "the disk has not been verified")
        ticket.report(done=True)
        return Reply(200, keep=True)

    def failed(self, node: str, token: str, form: Mapping[str, str]) -> Reply:
        """The ramdisk gives up and powers off now; also after it was told to stop. `cleared` is 1 once it has cleared
        the first MiB of its disk.
        """
        ticket = self._deploying(node, token)
        message = _text(form.get("message", ""))[:TEXT_MAX]
        ticket.report(log=_text(form.get("log", ""))[-LOG_MAX:], cleared=form.get("cleared") == "1")
        ticket.fail(f"the ramdisk reported: {message or 'nothing'}")
        return Reply(200, keep=True)

    def proof(self, node: str, token: str, form: Mapping[str, str]) -> Reply:
        """The installed system phones home, once."""
        ticket = self._ticket(node)
        if not is_secret(token, ticket.proof_token):
            raise Turned(403, "the token is not the proof token of this node's job")
        _require(ticket.stage is Stage.PROOF, "the installed system has not been started yet")
        if "phone-home" in ticket.facts.proofs:
            raise Turned(403, "the proof token has been used")
        if not is_secret(form.get("nonce", ""), ticket.nonce):
            raise Turned(422, "the nonce is not this job's")
        names = ("hostname", "machine_id", "boot_id", "hostkey", "image")
        ticket.prove("phone-home", **{name: _text(form.get(name, ""))[:TEXT_MAX] for name in names})
        return Reply(200, keep=True)

    def _ticket(self, node: str) -> Ticket:
        ticket = self._tickets.get(node)
        if ticket is None:
            raise Turned(403, "no job is armed for this node")
        return ticket

    def _booting(self, node: str) -> tuple[Ticket, BootFiles]:
        """404 is what makes a firmware go on to its next device."""
        ticket = self._tickets.get(node)
        if ticket is None or ticket.boot is None or ticket.cancelled or ticket.facts.checked_in:
            raise Turned(404, "nothing is there to be booted by network")
        return ticket, ticket.boot

    def _deploying(self, node: str, token: str) -> Ticket:
        ticket = self._ticket(node)
        if not is_secret(token, ticket.token):
            raise Turned(403, "the token is not that of this node's job")
        _require(ticket.stage is Stage.DEPLOY, "the deploy part of this job is over")
        return ticket

    def _rescuing(self, node: str, token: str) -> Ticket:
        ticket = self._deploying(node, token)
        _go_on(ticket)
        _require(ticket.errand is Errand.RESCUE, "this job is no rescue")
        _require(ticket.facts.checked_in, "check in first")
        return ticket


def _written(ticket: Ticket, image: Image, form: Mapping[str, str]) -> Reply:
    digest = form.get("sha256", "").lower()
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise Turned(400, "sha256: expected 64 hexadecimal digits")
    if not hmac.compare_digest(digest, image.sha256):
        why = f"{ticket.facts.disk} holds SHA-256 {digest}, the image has {image.sha256}"
        ticket.fail(why)
        raise Turned(422, why)
    ticket.report(verified=True)
    return Reply(200, keep=True)


def _erased(ticket: Ticket, form: Mapping[str, str]) -> Reply:
    places, zeros, size = (_number(form, name) for name in ("blocks", "zeros", "bytes"))
    _require(ticket.facts.phase == "verify", "nothing has been erased and read back yet")
    if not 0 < places == zeros:
        why = f"{places - zeros} of {places} places of {ticket.facts.disk} that were read back still hold data"
        ticket.fail(why if places else f"nothing was read back from {ticket.facts.disk}")
        raise Turned(422, why)
    ticket.report(verified=True, places=places, places_bytes=size)
    return Reply(200, keep=True)


def _go_on(ticket: Ticket) -> None:
    _require(not ticket.cancelled, STOP)
    _require(not ticket.facts.done, "the end was reported already")


def _require(condition: bool, why: str) -> None:
    if not condition:
        raise Turned(409, why)


def _number(form: Mapping[str, str], name: str) -> int:
    text = form.get(name, "")
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise Turned(400, f"{name}: expected a number of bytes")
    return int(text)


def _text(text: str) -> str:
    """What a stranger wrote, without what could play tricks on a terminal."""
    return "".join(character for character in text if character.isprintable() or character in "\n\t")
