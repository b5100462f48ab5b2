"""Reinstall as a recipe: the ramdisk, booted once, writes an image; what boots from the disk then proves itself."""

import asyncio
import logging
import secrets as random
from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

from bmc.events import Events
from bmc.images.catalogue import LABELS, Catalogue, Image
from bmc.jobs import Prepared, Recipe, Run, Step, StepFailed
from bmc.model.clock import within
from bmc.model.commands import NoteInstalled, Power, SerialConsole
from bmc.model.errors import BmcError, InvalidRequest, NotFound
from bmc.model.power import PowerAction
from bmc.node import Node
from bmc.ports import Backend
from bmc.reinstall import seed
from bmc.reinstall.cloud_init import System
from bmc.reinstall.guest import DeployDoor, Guest
from bmc.reinstall.login import authorized_key, log_in, new_key
from bmc.reinstall.proof import mark, read_proof
from bmc.reinstall.seed_network import mac_of
from bmc.reinstall.steps import RELEASE_TIME, RamdiskJob, new_token, shown, unknown_fields
from bmc.reinstall.target import rule_problems
from bmc.reinstall.ticket import Errand, Stage, Ticket, hidden
from bmc.reinstall.turns import Turns
from bmc.reinstall.ways import Way, deploy_link, give_address
from bmc.store import Json

log = logging.getLogger(__name__)

KIND = "reinstall"
FIELDS = ("image", "hostname", "ssh_keys", "disk", "way", "user", "network")
REPLAY = 256 * 1024
GRACE = 90.0
"""Seconds that the other proofs get once one has been had."""

LOGIN_AFTER, LOGIN_PAUSE = 300.0, 3.0
"""Seconds after which a login is tried though no other proof has come, and between two tries."""


class Reinstall(RamdiskJob):
    """A job's request: `image` (a name of the catalogue), `hostname`, `ssh_keys` (a list; may be left out), `disk`
    (a rule for the target; left out when there is only one), `user` (whose keys and password these are, if
    not root's), `network` (DHCP if left out). Secrets: `password`, `user_data`, or none.
    """

    def __init__(
        self, events: Events, catalogue: Catalogue, ways: Sequence[Way], door: DeployDoor, turns: Turns
    ) -> None:
        super().__init__(events, ways, door, turns)
        self._catalogue = catalogue

    def recipe(self) -> Recipe:
        return Recipe(
            KIND,
            self._steps,
            self._prepare,
            self._release,
            why="reinstall in progress",
            release_timeout=RELEASE_TIME,
            resumed=self._keep_turn,
        )

    def _steps(self, request: Mapping[str, object]) -> tuple[Step, ...]:
        hour = 3600.0
        return (
            *self._comes_up(request),
            self._takes_disk(),
            Step("erase", self._erase, True, 3, hour, "the disk could not be erased", idle=120),
            Step("write", self._write, True, 35, 6 * hour, "the image could not be written", idle=120),
            Step("verify", self._verify, True, 15, 3 * hour, "the disk could not be verified", idle=120),
            Step("seed", self._seed, True, 3, 600, "the seed could not be written", idle=120),
            *self._goes_off(request),
            Step("start", self._start, True, 2, 120, "the new system could not be started"),
            Step("proof", self._proof, True, 18, 900, "the new system gave no proof that it runs"),
        )

    async def _prepare(
        self, node: Node, backend: Backend, request: Mapping[str, object], secrets: Mapping[str, object]
    ) -> Prepared:
        name, image = request.get("image"), None
        macs = [nic.mac.lower() for nic in node.snapshot.hardware.nics]
        wrong = unknown_fields(request, FIELDS)
        try:
            image = await asyncio.to_thread(self._catalogue.get, name if isinstance(name, str) else "")
        except NotFound as error:
            wrong.append(f"image: {error}")
        if image is None or "hostname" in seed.TAKEN[image.seed]:
            request = {**request, "hostname": request.get("hostname") or node.snapshot.name}
        asked = {key: request.get(key) for key in ("hostname", "ssh_keys", "user", "network")} | dict(secrets)
        wrong += await self._problems(node, backend, request, "reinstalled")
        wrong += rule_problems(request.get("disk"))
        if image is not None:
            wrong += _firmware_problems(node, image)
        wrong += await asyncio.to_thread(seed.problems, image, asked, macs)
        if wrong or image is None:
            raise InvalidRequest("; ".join(wrong))
        password, user_data = secrets.get("password"), secrets.get("user_data")
        kept = new_token() | {"proof_token": random.token_urlsafe(32), "nonce": random.token_hex(16)}
        if isinstance(password, str):
            kept["password_hash"] = await seed.crypt(password)
        if isinstance(user_data, str):
            kept["user_data"] = user_data
        if "ssh-login" in image.proofs and backend.login is not None:
            kept["login_key"] = new_key()
        asked_for = shown(request, FIELDS)
        if "network" in asked_for:
            network = cast("Mapping[str, Json]", asked_for["network"])
            asked_for["network"] = {**network, "mac": mac_of(network, macs)}
        return Prepared({**asked_for, "image_sha256": image.sha256, "user_data": "user_data" in kept}, kept)

    async def _erase(self, run: Run) -> None:
        await run.do(NoteInstalled(""))
        await self._past(run, "erase")

    async def _write(self, run: Run) -> None:
        await self._past(run, "write")

    async def _verify(self, run: Run) -> None:
        guest = await self._guest(run)
        await guest.until(lambda: guest.ticket.facts.verified)
        await run.note(verified_sha256=_image(guest).sha256)

    async def _seed(self, run: Run) -> None:
        guest = await self._guest(run)
        await guest.until(lambda: guest.ticket.facts.done)

    async def _disarm(self, run: Run) -> None:
        await super()._disarm(run)
        run.state["mark"] = mark(run.node.serial_tail)

    async def _start(self, run: Run) -> None:
        """May be repeated: a node that is on stays on."""
        guest = await self._guest(run)
        await give_address(run)
        guest.ticket.stage = Stage.PROOF
        await run.do(Power(PowerAction.ON))

    async def _proof(self, run: Run) -> None:
        guest = await self._guest(run)
        guest.ticket.stage = Stage.PROOF
        image = _image(guest)
        wanted = set(image.proofs)
        if not run.node.snapshot.has_serial:
            wanted.discard("serial-nonce")
        if "login_key" not in run.secrets:
            wanted.discard("ssh-login")
        if not wanted:
            await run.say(f"{image.name} can give no proof; it was started")
        else:
            await self._await_proofs(run, guest, wanted)
        facts = guest.ticket.facts
        await run.note(proofs=list(facts.proofs), system=dict(facts.proof))
        await run.do(NoteInstalled(image.name))

    async def _await_proofs(self, run: Run, guest: Guest, wanted: Collection[str]) -> None:
        """The login comes after another proof, which says that the new system has come up as a whole."""
        tries: list[asyncio.Task[None]] = []
        try:
            if "serial-nonce" in wanted:
                tries.append(asyncio.create_task(self._read_console(run, guest)))
            if "ssh-login" in wanted:
                if len(wanted) > 1:
                    await within(run.clock, LOGIN_AFTER, guest.until(lambda: bool(guest.ticket.facts.proofs)))
                tries.append(asyncio.create_task(self._log_in(run, guest)))
            await guest.until(lambda: bool(guest.ticket.facts.proofs))
            await within(run.clock, GRACE, guest.until(lambda: set(wanted) <= set(guest.ticket.facts.proofs)))
        finally:
            for task in tries:
                task.cancel()
            await asyncio.gather(*tries, return_exceptions=True)

    async def _read_console(self, run: Run, guest: Guest) -> None:
        console = await run.node.open(SerialConsole(REPLAY, writable=False), run.caller)
        try:
            found = await read_proof(console, guest.ticket.nonce, str(run.state.get("mark", "")))
        finally:
            await console.close()
        if found is not None:
            guest.ticket.prove("serial-nonce", **found)
            await guest.ticket.keep()

    async def _log_in(self, run: Run, guest: Guest) -> None:
        """Tries until it is let in, or nobody waits for it any more."""
        link = run.backend.login
        while link is not None:
            try:
                connection = await link.connect()
                found = await log_in(connection, _user(run), run.secrets["login_key"])
            except BmcError as error:
                log.debug("job %s: %s", run.job.id, error)
                await run.clock.sleep(LOGIN_PAUSE)
                continue
            guest.ticket.prove("ssh-login", **found)
            return await guest.ticket.keep()

    def _ticket(self, run: Run, token: bytes) -> Ticket:
        request = run.job.request
        image = self._catalogue.get(str(request["image"]))
        if image.sha256 != request["image_sha256"]:
            raise StepFailed(f"the image {image.name} has been replaced since this job began")
        proof = {"api": deploy_link(run).url, "image": image.name}
        keys = list(cast("Sequence[str]", request.get("ssh_keys", ())))
        if "login_key" in run.secrets:
            keys.append(authorized_key(run.secrets["login_key"], image.seed, run.job.id, run.job.started))
        system = System(
            f"lightsout-{run.job.id}-{int(run.job.started)}",
            str(request.get("hostname", "")),
            _user(run),
            tuple(keys),
            run.secrets.get("password_hash", ""),
            cast("Mapping[str, Any]", request.get("network", {})),
            run.secrets.get("user_data", ""),
            proof | {name: run.secrets[name] for name in ("proof_token", "nonce")},
        )
        files = seed.files(image.seed, system)
        return Ticket(
            run.job.id,
            run.job.node,
            token,
            Errand.INSTALL,
            target=cast("Mapping[str, object] | None", request.get("disk")),
            told={
                "image_size": str(image.size),
                "image_sha256": image.sha256,
                "image_encoding": image.encoding,
                "seed": " ".join(files),
                "seed_label": LABELS.get(image.seed, ""),
            },
            files=files,
            image=image,
            proof_token=hidden(run.secrets["proof_token"]),
            nonce=hidden(run.secrets["nonce"]),
        )


def _user(run: Run) -> str:
    return str(run.job.request.get("user", seed.ROOT))


def _image(guest: Guest) -> Image:
    if guest.ticket.image is None:
        raise StepFailed("this job has no image")
    return guest.ticket.image


def _firmware_problems(node: Node, image: Image) -> list[str]:
    firmware = node.snapshot.boots_by
    if firmware is None or image.boots_by(firmware):
        return []
    able = " or ".join(sorted(mode.value for mode in image.firmware))
    return [f"image: {image.name} boots by {able}, but {node.snapshot.name} has {firmware.value} firmware"]
