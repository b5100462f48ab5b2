"""Reinstall as a recipe: the deploy ramdisk, booted once, writes an image; what boots from the disk then proves itself.

Uses nothing but power, boot override, virtual media and the deploy link, so that robots run the same job.
"""

import asyncio
import re
import secrets as random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import cast

from bmc.events import Events
from bmc.jobs import Prepared, Recipe, Run, Step, StepFailed
from bmc.model.boot import NO_OVERRIDE, BootEnabled, BootMode, BootOverride, BootTarget
from bmc.model.commands import (
    EjectMedia,
    InsertDeployMedium,
    NoteInstalled,
    Power,
    SerialConsole,
    SetBootOverride,
)
from bmc.model.errors import BmcError, InvalidRequest, NotFound, NotSupported
from bmc.model.job import JobState
from bmc.model.power import PowerAction, PowerState
from bmc.node import Node
from bmc.node.drives import DEPLOY_MEDIUM
from bmc.ports import Backend
from bmc.reinstall import seed
from bmc.reinstall.desk import Desk, Facts, Stage, Ticket, hidden
from bmc.reinstall.guest import DeployDoor, Guest, within
from bmc.reinstall.images import Catalogue, Image
from bmc.reinstall.proof import mark, read_proof
from bmc.reinstall.target import rule_problems
from bmc.store import Json

KIND = "reinstall"
FIELDS = ("image", "hostname", "ssh_keys", "disk")
REPLAY = 256 * 1024
GRACE = 30.0
"""Seconds that the other proofs get once one has been had."""
CLEAR_TIME = 20.0
"""Seconds that a ramdisk told to stop gets to clear the disk's first MiB and power off by itself."""

RAMDISK_MEMORY = {BootMode.LEGACY: 128 << 20, BootMode.UEFI: 384 << 20}
"""Bytes that the deploy ramdisk needs; under UEFI the firmware and GRUB take their share."""

_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b.|[^\n\t\x20-\x7e\u00a0-\U0010ffff]")

BuildMedium = Callable[[Mapping[str, str], Path], None]


class Reinstall:
    """Holds what the steps share. `build` writes a deploy medium into `directory`, made 0700.

    A job's request: `image` (a name of the catalogue), `hostname`, `ssh_keys` (a list; may be left out), `disk`
    (which disk: serial, name or size; left out when there is only one). Secrets: `password` of root, or none.
    """

    def __init__(
        self, events: Events, catalogue: Catalogue, build: BuildMedium, door: DeployDoor, directory: Path
    ) -> None:
        self._events = events
        self._catalogue = catalogue
        self._build = build
        self._door = door
        self._directory = directory
        self._desk = Desk()
        self._guests: dict[str, Guest] = {}

    def recipe(self) -> Recipe:
        hour = 3600.0
        return Recipe(
            KIND,
            (
                Step("power off", self._power_off, True, 2, 120, "the node could not be powered off"),
                Step("insert medium", self._insert, True, 2, 120, "the deploy medium could not be inserted"),
                Step("boot once", self._boot_once, True, 1, 60, "the boot device could not be set"),
                Step("power on", self._power_on, False, 2, 120, "the ramdisk could not be booted", look=self._is_on),
                Step("check in", self._check_in, True, 10, 900, "the ramdisk did not check in"),
                Step("erase", self._erase, True, 3, hour, "the disk could not be erased", idle=120),
                Step("write", self._write, True, 35, 6 * hour, "the image could not be written", idle=120),
                Step("verify", self._verify, True, 15, 3 * hour, "the disk could not be verified", idle=120),
                Step("seed", self._seed, True, 3, 600, "the seed could not be written", idle=120),
                Step("shut down", self._shut_down, True, 5, 120, "the ramdisk did not power off"),
                Step("eject", self._eject, True, 2, 120, "the deploy medium could not be ejected"),
                Step("start", self._start, True, 2, 120, "the new system could not be started"),
                Step("proof", self._proof, True, 18, 900, "the new system gave no proof that it runs"),
            ),
            self._prepare,
            self._release,
            why="reinstall in progress",
        )

    async def _prepare(
        self, node: Node, backend: Backend, request: Mapping[str, object], secrets: Mapping[str, object]
    ) -> Prepared:
        name, image = request.get("image"), None
        wrong = [f"{key}: unknown; expected {', '.join(FIELDS)}" for key in request if key not in FIELDS]
        try:
            image = self._catalogue.get(name if isinstance(name, str) else "")
        except NotFound as error:
            wrong.append(f"image: {error}")
        wrong += _node_problems(node, backend)
        wrong += rule_problems(request.get("disk"))
        password = secrets.get("password")
        if image is not None:
            wrong += _firmware_problems(node, image)
        if image is not None and image.seed == "none":
            given = [key for key in ("hostname", "ssh_keys") if request.get(key)] + ["password"] * bool(password)
            wrong += [f"{key}: the image {image.name} takes no seed, so this cannot be set" for key in given]
        else:
            request = {**request, "hostname": request.get("hostname") or node.snapshot.name}
            wrong += seed.problems(request["hostname"], request.get("ssh_keys", ()), password)
        if wrong or image is None:
            raise InvalidRequest("; ".join(wrong))
        kept = {"token": random.token_urlsafe(32), "proof_token": random.token_urlsafe(32)}
        kept["nonce"] = random.token_hex(16)
        if isinstance(password, str):
            kept["password_hash"] = await seed.crypt(password)
        shown = {key: cast(Json, request[key]) for key in FIELDS if request.get(key) is not None}
        return Prepared({**shown, "image_sha256": image.sha256}, kept)

    async def _power_off(self, run: Run) -> None:
        run.state["touched"] = True
        await run.save()
        guest = await self._guest(run)
        await run.do(Power(PowerAction.FORCE_OFF))
        await guest.until_power(PowerState.OFF)

    async def _insert(self, run: Run) -> None:
        slot = run.node.snapshot.media[0]
        if slot.inserted and slot.image != DEPLOY_MEDIUM:
            await run.say(f"{slot.image} is taken out of {slot.id}")
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._medium(run)
        await asyncio.to_thread(self._build, {"api": _api(run), "token": run.secrets["token"]}, path)
        await run.do(InsertDeployMedium(slot.id, str(path)))

    async def _boot_once(self, run: Run) -> None:
        await run.do(SetBootOverride(BootOverride(BootTarget.CD, BootEnabled.ONCE)))

    async def _power_on(self, run: Run) -> None:
        await self._guest(run)
        await run.do(Power(PowerAction.ON))

    async def _is_on(self, run: Run) -> bool:
        """After a crash: on means that it was done. Off with the override spent means that it went off again."""
        guest = await self._guest(run)
        await guest.known()
        snapshot = run.node.snapshot
        if snapshot.power is PowerState.OFF and snapshot.boot.enabled is BootEnabled.DISABLED:
            raise StepFailed("the node went off again while the service was away")
        return snapshot.power is PowerState.ON

    async def _check_in(self, run: Run) -> None:
        guest = await self._guest(run)
        await guest.until(lambda: guest.ticket.facts.checked_in)
        facts = guest.ticket.facts
        disks: Json = [{"name": disk.name, "size": disk.size, "serial": disk.serial} for disk in facts.disks]
        await run.note(disks=disks, disk=facts.disk)

    async def _erase(self, run: Run) -> None:
        await run.do(NoteInstalled(""))
        await self._past(run, "erase")

    async def _write(self, run: Run) -> None:
        await self._past(run, "write")

    async def _verify(self, run: Run) -> None:
        guest = await self._guest(run)
        await guest.until(lambda: guest.ticket.facts.verified)
        await run.note(verified_sha256=guest.ticket.image.sha256)

    async def _seed(self, run: Run) -> None:
        guest = await self._guest(run)
        await guest.until(lambda: guest.ticket.facts.done)

    async def _past(self, run: Run, phase: str) -> None:
        guest = await self._guest(run)
        await guest.until(lambda: guest.ticket.facts.past(phase))

    async def _shut_down(self, run: Run) -> None:
        guest = await self._guest(run)
        if run.node.snapshot.power is PowerState.ON:
            await guest.listen()  # the answer to its last report may have been lost
        await guest.until_power(PowerState.OFF)
        await guest.hang_up()

    async def _eject(self, run: Run) -> None:
        await self._take_medium_out(run)
        await run.do(SetBootOverride(NO_OVERRIDE))
        run.state["mark"] = mark(run.node.serial_tail)

    async def _start(self, run: Run) -> None:
        """May be repeated: a node that is on stays on."""
        guest = await self._guest(run)
        guest.ticket.stage = Stage.PROOF
        await run.do(Power(PowerAction.ON))

    async def _proof(self, run: Run) -> None:
        guest = await self._guest(run)
        guest.ticket.stage = Stage.PROOF
        wanted = set(guest.ticket.image.proofs)
        if not run.node.snapshot.has_serial:
            wanted.discard("serial-nonce")
        if not wanted:
            await run.say(f"{guest.ticket.image.name} can give no proof; it was started")
        else:
            await self._await_proofs(run, guest, wanted)
        facts = guest.ticket.facts
        await run.note(proofs=list(facts.proofs), system=dict(facts.proof))
        await run.do(NoteInstalled(guest.ticket.image.name))

    async def _await_proofs(self, run: Run, guest: Guest, wanted: set[str]) -> None:
        serial = asyncio.create_task(self._read_console(run, guest)) if "serial-nonce" in wanted else None
        try:
            await guest.until(lambda: bool(guest.ticket.facts.proofs))
            await within(run.clock, GRACE, guest.until(lambda: wanted <= set(guest.ticket.facts.proofs)))
        finally:
            if serial is not None:
                serial.cancel()
                await asyncio.gather(serial, return_exceptions=True)

    async def _read_console(self, run: Run, guest: Guest) -> None:
        console = await run.node.open(SerialConsole(REPLAY, writable=False), run.caller)
        try:
            found = await read_proof(console, guest.ticket.nonce, str(run.state.get("mark", "")))
        finally:
            await console.close()
        if found is not None:
            guest.ticket.prove("serial-nonce", **found)
            await guest.ticket.keep()

    async def _release(self, run: Run) -> None:
        """Every part is tried; a failed or cancelled job leaves the node off, with nothing of ours in it."""
        trouble: list[str] = []
        if run.state.get("touched"):
            if run.ending is not JobState.COMPLETED:
                await self._try(trouble, run.note(console_tail=_clean(run.node.serial_tail)))
                await self._try(trouble, self._stop_ramdisk(run))
                await self._try(trouble, run.do(Power(PowerAction.FORCE_OFF)))
            await self._try(trouble, self._take_medium_out(run))
            if run.node.snapshot.boot != NO_OVERRIDE:
                await self._try(trouble, run.do(SetBootOverride(NO_OVERRIDE)))
        self._medium(run).unlink(missing_ok=True)
        if trouble:
            raise StepFailed("; ".join(trouble))

    async def _stop_ramdisk(self, run: Run) -> None:
        """Let a ramdisk that still runs clear the disk's first MiB and power off by itself."""
        guest = await self._guest(run)
        facts = guest.ticket.facts
        await run.note(ramdisk_log=facts.log or None)
        guest.ticket.cancelled = True
        if guest.ticket.stage is Stage.PROOF or facts.done or not facts.checked_in or guest.lost:
            return
        await guest.listen()
        await within(run.clock, CLEAR_TIME, guest.until_power(PowerState.OFF))

    async def _try(self, trouble: list[str], work: Awaitable[object]) -> None:
        try:
            await work
        except BmcError as error:
            trouble.append(str(error))

    async def _take_medium_out(self, run: Run) -> None:
        for slot in run.node.snapshot.media:
            if slot.image == DEPLOY_MEDIUM:
                await run.do(EjectMedia(slot.id))
        self._medium(run).unlink(missing_ok=True)

    async def _guest(self, run: Run) -> Guest:
        """The job's guest; armed anew, with the facts that were stored, after a restart of the service."""
        guest = self._guests.get(run.job.id)
        if guest is None:
            ticket = self._ticket(run)
            guest = Guest(run, ticket, self._desk, self._events, self._door)
            self._guests[run.job.id] = guest
            self._desk.arm(ticket)
            run.stack.callback(self._guests.pop, run.job.id, None)
            run.stack.callback(self._desk.disarm, ticket)
        return guest

    def _ticket(self, run: Run) -> Ticket:
        request = run.job.request
        image = self._catalogue.get(str(request["image"]))
        if image.sha256 != request["image_sha256"]:
            raise StepFailed(f"the image {image.name} has been replaced since this job began")
        files: dict[str, str] = {}
        if image.seed != "none":
            keys = cast("Sequence[str]", request.get("ssh_keys", ()))
            password_hash = run.secrets.get("password_hash", "")
            who = seed.Identity(str(request["hostname"]), tuple(keys), password_hash)
            instance = f"lightsout-{run.job.id}-{int(run.job.started)}"
            files = seed.files(who, instance, _api(run), run.secrets["proof_token"], run.secrets["nonce"])
        ticket = Ticket(
            run.job.id,
            run.job.node,
            image,
            hidden(run.secrets["token"]),
            hidden(run.secrets["proof_token"]),
            hidden(run.secrets["nonce"]),
            cast("Mapping[str, object] | None", request.get("disk")),
            files,
            Facts.from_json(run.state["facts"]) if "facts" in run.state else Facts(),
        )

        async def keep() -> None:
            run.state["facts"] = ticket.facts.to_json()
            await run.save()

        ticket.keep = keep
        return ticket

    def _medium(self, run: Run) -> Path:
        return self._directory / f"job-{run.job.id}.iso"


def _api(run: Run) -> str:
    if run.backend.deploy is None:
        raise NotSupported(f"{run.job.node} has no way to the deploy listener")
    return run.backend.deploy.url


def _node_problems(node: Node, backend: Backend) -> list[str]:
    snapshot = node.snapshot
    lacks = []
    if backend.deploy is None:
        lacks.append("a way to the deploy listener")
    if not snapshot.media:
        lacks.append("a virtual drive")
    if BootTarget.CD not in snapshot.boot_targets:
        lacks.append("booting from its virtual drive")
    firmware = _firmware(node)
    if firmware is not None and 0 < snapshot.hardware.memory < RAMDISK_MEMORY[firmware]:
        lacks.append(f"memory: the ramdisk needs {RAMDISK_MEMORY[firmware] >> 20} MiB")
    return [f"node {snapshot.name} cannot be reinstalled: it lacks {', '.join(lacks)}"] if lacks else []


def _firmware(node: Node) -> BootMode | None:
    """What the node will boot by: the job powers it off and on."""
    return node.snapshot.next_firmware or node.snapshot.hardware.firmware


def _firmware_problems(node: Node, image: Image) -> list[str]:
    firmware = _firmware(node)
    if firmware is None or firmware in image.firmware:
        return []
    able = " or ".join(sorted(mode.value for mode in image.firmware))
    return [f"image: {image.name} boots by {able}, but {node.snapshot.name} has {firmware.value} firmware"]


def _clean(printed: bytes) -> str:
    """The console's text without what steers a terminal."""
    return _CONTROL.sub("", printed.decode(errors="replace").replace("\r\n", "\n"))
