"""What jobs by the deploy ramdisk have in common: how it comes up, how it goes off, and what is left behind at any end.

Uses nothing but power, boot override, virtual media and the deploy link, so that robots run the same jobs.
"""

import asyncio
import re
import secrets as random
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

from bmc.events import Events
from bmc.jobs import Run, Step, StepFailed
from bmc.model.boot import NO_OVERRIDE, BootEnabled, BootMode, BootOverride, BootTarget
from bmc.model.commands import EjectMedia, InsertDeployMedium, Power, SetBootOverride
from bmc.model.errors import BmcError, NotSupported
from bmc.model.job import JobState
from bmc.model.node import Disk
from bmc.model.power import PowerAction, PowerState
from bmc.node import Node
from bmc.node.drives import DEPLOY_MEDIUM
from bmc.ports import Backend
from bmc.reinstall.desk import Desk, Facts, Stage, Ticket, hidden
from bmc.reinstall.guest import DeployDoor, Guest, in_time, within
from bmc.reinstall.target import same_disk
from bmc.store import Json

CLEAR_TIME = 20.0
"""Seconds that a ramdisk told to stop gets to put the disk in order and power off by itself."""

PART_TIME = 60.0
"""Seconds that each part of the clean-up gets, so that one that hangs keeps none of the others from being tried."""

RELEASE_TIME = 7 * PART_TIME
"""Seconds that the whole clean-up gets: its parts, and what a command that hangs gets beyond."""

RAMDISK_MEMORY = {BootMode.LEGACY: 128 << 20, BootMode.UEFI: 384 << 20}
"""Bytes that the deploy ramdisk needs; under UEFI the firmware and GRUB take their share."""

_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b.|[^\n\t\x20-\x7e\u00a0-\U0010ffff]")

BuildMedium = Callable[[Mapping[str, str], Path], None]


class RamdiskJob(ABC):
    """The rows that recipes share, and the clean-up. `build` writes a deploy medium into `directory`, made 0700."""

    def __init__(self, events: Events, build: BuildMedium, door: DeployDoor, directory: Path) -> None:
        self._events = events
        self._build = build
        self._door = door
        self._directory = directory
        self._desk = Desk()
        self._guests: dict[str, Guest] = {}

    @abstractmethod
    def _ticket(self, run: Run, token: bytes) -> Ticket:
        """What the ramdisk of this job is told. :raise BmcError: what it needs is not there any more."""

    def _comes_up(self) -> tuple[Step, ...]:
        """From whatever the node does to the ramdisk's check-in."""
        return (
            Step("power off", self._power_off, True, 2, 120, "the node could not be powered off"),
            Step("insert medium", self._insert, True, 2, 120, "the deploy medium could not be inserted"),
            Step("boot once", self._boot_once, True, 1, 60, "the boot device could not be set"),
            Step("power on", self._power_on, False, 2, 120, "the ramdisk could not be booted", look=self._is_on),
            Step("check in", self._check_in, True, 10, 900, "the ramdisk did not check in"),
        )

    def _takes_disk(self) -> Step:
        """For an errand that is done to one disk."""
        return Step("choose disk", self._choose_disk, True, 1, 120, "the disk could not be chosen")

    def _goes_off(self) -> tuple[Step, ...]:
        """From the ramdisk's last report to a node that is off, with nothing of ours in it."""
        return (
            Step("shut down", self._shut_down, True, 5, 120, "the ramdisk did not power off"),
            Step("eject", self._eject, True, 2, 120, "the deploy medium could not be ejected"),
        )

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
        await asyncio.to_thread(self._build, {"api": api(run), "token": run.secrets["token"]}, path)
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
        await run.note(disks=disks)

    async def _choose_disk(self, run: Run) -> None:
        """The desk has chosen at the check-in, or said why not."""
        guest = await self._guest(run)
        await guest.until(lambda: bool(guest.ticket.facts.disk))
        await run.note(disk=guest.ticket.facts.disk)

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

    async def _release(self, run: Run) -> None:
        """Every part is tried; a failed or cancelled job leaves the node off, with nothing of ours in it."""
        parts: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {}
        if run.ending is not JobState.COMPLETED:
            parts |= {
                "keeping the console's end": lambda: run.note(console_tail=_clean(run.node.serial_tail)),
                "stopping the ramdisk": lambda: self._stop_ramdisk(run),
                "powering off": lambda: run.do(Power(PowerAction.FORCE_OFF)),
                "clearing the disk": lambda: self._clear_disk(run),
            }
        parts |= {
            "taking the medium out": lambda: self._take_medium_out(run),
            "restoring the boot order": lambda: self._restore_boot(run),
        }
        trouble: list[str] = []
        for what, part in parts.items() if run.state.get("touched") else ():
            try:
                await in_time(run.clock, PART_TIME, part())
            except BmcError as error:
                trouble.append(f"{what}: {error}")
        self._medium(run).unlink(missing_ok=True)
        if trouble:
            raise StepFailed("; ".join(trouble))

    async def _stop_ramdisk(self, run: Run) -> None:
        """Let a ramdisk that still runs put the disk in order and power off by itself."""
        guest = await self._guest(run)
        facts = guest.ticket.facts
        await run.note(ramdisk_log=facts.log or None)
        guest.ticket.cancelled = True
        if guest.ticket.stage is Stage.PROOF or facts.done or not facts.checked_in or guest.lost:
            return
        await guest.listen()
        await within(run.clock, CLEAR_TIME, guest.until_power(PowerState.OFF))

    async def _clear_disk(self, run: Run) -> None:
        """See to it that nothing boots from half a system, also when the ramdisk was dead or hung.

        :raise StepFailed: that could not be done.
        """
        facts = (await self._guest(run)).ticket.facts
        if facts.cleared:
            await run.say(f"the ramdisk cleared the first MiB of {facts.disk}: nothing boots from it")
        if not facts.half:
            return
        disk = next(disk for disk in facts.disks if disk.name == facts.disk)
        try:
            await self._clear_from_outside(run, disk)
        except BmcError as error:
            raise StepFailed(
                f"{disk.name} may hold half a system and may still boot: the ramdisk did not clear its first MiB, and "
                f"from outside it cannot be done ({error}); erase the disk"
            ) from error
        await run.say(f"the first MiB of {disk.name} was cleared from outside: nothing boots from it")

    async def _clear_from_outside(self, run: Run, disk: Disk) -> None:
        bay, inventory = run.backend.disks, run.backend.inventory
        if bay is None or inventory is None:
            raise NotSupported(f"the disks of {run.job.node} cannot be reached")
        index = same_disk(disk, inventory.hardware().disks)
        if index is None:
            raise NotSupported(f"no single disk of {run.job.node} is known as that one")
        await bay.clear(index)
        ticket = (await self._guest(run)).ticket
        ticket.report(cleared=True)
        await ticket.keep()

    async def _restore_boot(self, run: Run) -> None:
        if run.node.snapshot.boot != NO_OVERRIDE:
            await run.do(SetBootOverride(NO_OVERRIDE))

    async def _take_medium_out(self, run: Run) -> None:
        for slot in run.node.snapshot.media:
            if slot.image == DEPLOY_MEDIUM:
                await run.do(EjectMedia(slot.id))
        self._medium(run).unlink(missing_ok=True)

    async def _guest(self, run: Run) -> Guest:
        """The job's guest; armed anew, with the facts that were stored, after a restart of the service."""
        guest = self._guests.get(run.job.id)
        if guest is None:
            ticket = self._armed(run)
            guest = Guest(run, ticket, self._desk, self._events, self._door)
            self._guests[run.job.id] = guest
            self._desk.arm(ticket)
            run.stack.callback(self._guests.pop, run.job.id, None)
            run.stack.callback(self._desk.disarm, ticket)
        return guest

    def _armed(self, run: Run) -> Ticket:
        ticket = self._ticket(run, hidden(run.secrets["token"]))
        if "facts" in run.state:
            ticket.facts = Facts.from_json(run.state["facts"])

        async def keep() -> None:
            run.state["facts"] = ticket.facts.to_json()
            await run.save()

        ticket.keep = keep
        return ticket

    def _medium(self, run: Run) -> Path:
        return self._directory / f"job-{run.job.id}.iso"


def unknown_fields(request: Mapping[str, object], known: Sequence[str]) -> list[str]:
    return [f"{key}: unknown; expected {', '.join(known) or 'nothing'}" for key in request if key not in known]


def new_token() -> dict[str, Json]:
    """The secret of a job that its ramdisk shows; every recipe prepares one."""
    return {"token": random.token_urlsafe(32)}


def api(run: Run) -> str:
    """Where the ramdisk finds the deploy desk."""
    if run.backend.deploy is None:
        raise NotSupported(f"{run.job.node} has no way to the deploy listener")
    return run.backend.deploy.url


def node_problems(node: Node, backend: Backend, purpose: str) -> list[str]:
    """What the node lacks for the ramdisk; `purpose` is as in "cannot be reinstalled"."""
    snapshot = node.snapshot
    lacks = []
    if backend.deploy is None:
        lacks.append("a way to the deploy listener")
    if not snapshot.media:
        lacks.append("a virtual drive")
    if BootTarget.CD not in snapshot.boot_targets:
        lacks.append("booting from its virtual drive")
    firmware = firmware_to_boot(node)
    if firmware is not None and 0 < snapshot.hardware.memory < RAMDISK_MEMORY[firmware]:
        lacks.append(f"memory: the ramdisk needs {RAMDISK_MEMORY[firmware] >> 20} MiB")
    return [f"node {snapshot.name} cannot be {purpose}: it lacks {', '.join(lacks)}"] if lacks else []


def firmware_to_boot(node: Node) -> BootMode | None:
    """What the node will boot by: the job powers it off and on."""
    return node.snapshot.next_firmware or node.snapshot.hardware.firmware


def _clean(printed: bytes) -> str:
    """The console's text without what steers a terminal."""
    return _CONTROL.sub("", printed.decode(errors="replace").replace("\r\n", "\n"))
