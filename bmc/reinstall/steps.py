"""What jobs by the deploy ramdisk have in common: how it comes up, how it goes off, and what is left behind at any end.

Uses nothing but power, boot override, a way in and the deploy link, so that robots run the same jobs.
"""

import asyncio
import re
import secrets as random
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, cast

from bmc.events import Events
from bmc.jobs import Run, Step, StepFailed
from bmc.model.boot import NO_OVERRIDE, BootEnabled, BootMode, BootOverride
from bmc.model.clock import in_time, within
from bmc.model.commands import Power, SetBootOverride
from bmc.model.errors import BmcError, NotSupported
from bmc.model.job import JobState
from bmc.model.node import Disk
from bmc.model.power import PowerAction, PowerState
from bmc.node import Node
from bmc.ports import Backend
from bmc.reinstall.desk import Desk
from bmc.reinstall.guest import DeployDoor, Guest
from bmc.reinstall.target import same_disk
from bmc.reinstall.ticket import Facts, Stage, Ticket, hidden
from bmc.reinstall.turns import Turns
from bmc.reinstall.ways import Way, WayIn, lacking
from bmc.store import Json

DAY = 24 * 3600.0

LOOK_TIME = 20.0
"""Seconds that a BMC which is new here gets to tell what it has, before a job is refused for what is not there."""

CLEAR_TIME = 20.0
"""Seconds that a ramdisk told to stop gets to put the disk in order and power off by itself."""

PART_TIME = 60.0
"""Seconds that each part of the clean-up gets, so that one that hangs keeps none of the others from being tried."""

RELEASE_TIME = 7 * PART_TIME
"""Seconds that the whole clean-up gets: its parts, and what a command that hangs gets beyond."""

RAMDISK_MEMORY = {BootMode.LEGACY: 128 << 20, BootMode.UEFI: 384 << 20}
"""Bytes that the deploy ramdisk needs; under UEFI the firmware and GRUB take their share."""

_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b.|[^\n\t\x20-\x7e\u00a0-\U0010ffff]")


class RamdiskJob(ABC):
    """The rows that recipes share, and the clean-up. A request may name its `way` in (the value of a WayIn)."""

    def __init__(self, events: Events, ways: Sequence[Way], door: DeployDoor, turns: Turns) -> None:
        self._events = events
        self._turns = turns
        self._ways = {way.way: way for way in ways}
        self._door = door
        self._desk = Desk()
        self._guests: dict[str, Guest] = {}

    @abstractmethod
    def _ticket(self, run: Run, token: bytes) -> Ticket:
        """What the ramdisk of this job is told. :raise BmcError: what it needs is not there any more."""

    async def _problems(self, node: Node, backend: Backend, request: Mapping[str, object], purpose: str) -> list[str]:
        """What the node lacks for the ramdisk; `purpose` is as in "cannot be reinstalled"."""
        if request.get("way") not in (None, *(way.value for way in self._ways)):
            return [f"way: expected one of {', '.join(way.value for way in self._ways)}"]
        way, late = self._way(request).way, ""
        if lacking(way, node.snapshot) and not await _looked(node):
            late = f"; its BMC has not told in {LOOK_TIME:.0f} s what it has: see that it answers, then try again"
        snapshot = node.snapshot
        lacks = lacking(way, snapshot)
        firmware = snapshot.boots_by
        if firmware is not None and 0 < snapshot.hardware.memory < RAMDISK_MEMORY[firmware]:
            lacks.append(f"memory: the ramdisk needs {RAMDISK_MEMORY[firmware] >> 20} MiB")
        return [f"node {snapshot.name} cannot be {purpose}: it lacks {', '.join(lacks)}{late}"] if lacks else []

    def _way(self, request: Mapping[str, object]) -> Way:
        return self._ways[WayIn(request.get("way") or WayIn.VIRTUAL_MEDIA.value)]

    def _comes_up(self, request: Mapping[str, object]) -> tuple[Step, ...]:
        """From whatever the node does, which it goes on doing until there is a place, to the ramdisk's check-in."""
        way = self._way(request)
        name, failure = way.arming
        return (
            Step("wait for turn", self._wait_for_turn, True, 0, DAY, "no place became free"),
            Step("power off", self._power_off, True, 2, 120, "the node could not be powered off"),
            Step(name, way.arm, True, 2, 120, failure),
            Step("boot once", self._boot_once, True, 1, 60, "the boot device could not be set"),
            Step("power on", self._power_on, False, 2, 120, "the ramdisk could not be booted", look=self._is_on),
            Step("check in", self._check_in, True, 10, 900, "the ramdisk did not check in"),
        )

    def _takes_disk(self) -> Step:
        """For an errand that is done to one disk."""
        return Step("choose disk", self._choose_disk, True, 1, 120, "the disk could not be chosen")

    def _goes_off(self, request: Mapping[str, object]) -> tuple[Step, ...]:
        """From the ramdisk's last report to a node that is off, with nothing of ours in it."""
        name, failure = self._way(request).disarming
        return (
            Step("shut down", self._shut_down, True, 5, 120, "the ramdisk did not power off"),
            Step(name, self._disarm, True, 2, 120, failure),
        )

    async def _wait_for_turn(self, run: Run) -> None:
        if not run.backend.here:
            return
        waits = f"waiting for a free place: {self._turns.places} at a time boot on this machine"
        await self._turns.take(int(run.job.id), lambda: run.say(waits))
        run.state["turn"] = True  # stored with the next step, before that begins
        self._keep_turn(run)

    def _keep_turn(self, run: Run) -> None:
        """A place that the job has is its own until it ends, also when the service was started anew."""
        if run.state.get("turn"):
            self._turns.keep(int(run.job.id))
            run.stack.callback(self._turns.give_back, int(run.job.id))

    def _give_turn_back(self, run: Run) -> None:
        """For what lasts long once its ramdisk has booted; stored with the next change."""
        run.state["turn"] = False
        self._turns.give_back(int(run.job.id))

    async def _power_off(self, run: Run) -> None:
        run.state["touched"] = True
        await run.save()
        guest = await self._guest(run)
        await run.do(Power(PowerAction.FORCE_OFF))
        await guest.until_power(PowerState.OFF)

    async def _boot_once(self, run: Run) -> None:
        await run.do(SetBootOverride(BootOverride(self._way(run.job.request).target, BootEnabled.ONCE)))

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
        told = list(guest.ticket.facts.fetched)

        def news() -> bool:
            return guest.ticket.facts.checked_in or len(guest.ticket.facts.fetched) > len(told)

        facts = guest.ticket.facts
        while not facts.checked_in:
            await guest.until(news)
            facts = guest.ticket.facts
            for name in facts.fetched[len(told) :]:
                told.append(name)
                await run.say(f"the network boot fetches the {name}")
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
        await guest.listen()  # the answer to its last report may have been lost
        await guest.until_power(PowerState.OFF)
        await guest.hang_up()

    async def _disarm(self, run: Run) -> None:
        await self._way(run.job.request).disarm(run)
        await run.do(SetBootOverride(NO_OVERRIDE))

    async def _release(self, run: Run) -> None:
        """Every part is tried; a failed or cancelled job leaves the node off, with nothing of ours in it."""
        way = self._way(run.job.request)
        parts: dict[str, Callable[[], Coroutine[Any, Any, object]]] = {}
        if run.ending is not JobState.COMPLETED:
            parts |= {
                "calling the ramdisk off": lambda: self._call_off(run),
                "keeping the console's end": lambda: run.note(console_tail=_clean(run.node.serial_tail)),
                "stopping the ramdisk": lambda: self._stop_ramdisk(run),
                "powering off": lambda: run.do(Power(PowerAction.FORCE_OFF)),
                "clearing the disk": lambda: self._clear_disk(run),
            }
        parts |= {
            way.disarming[0]: lambda: way.disarm(run),
            "restoring the boot order": lambda: self._restore_boot(run),
        }
        trouble: list[str] = []
        for what, part in parts.items() if run.state.get("touched") else ():
            try:
                await in_time(run.clock, PART_TIME, part())
            except BmcError as error:
                trouble.append(f"{what}: {error}")
        if trouble:
            raise StepFailed("; ".join(trouble))

    async def _call_off(self, run: Run) -> None:
        """From now on it is told to stop, whatever it reports."""
        (await self._guest(run)).ticket.cancelled = True

    async def _stop_ramdisk(self, run: Run) -> None:
        """Let a ramdisk that still runs put the disk in order and power off by itself."""
        guest = await self._guest(run)
        facts = guest.ticket.facts
        await run.note(ramdisk_log=facts.log or None)
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

    async def _guest(self, run: Run) -> Guest:
        """The job's guest; armed anew, with the facts that were stored, after a restart of the service."""
        guest = self._guests.get(run.job.id)
        if guest is None:
            ticket = self._armed(run)
            self._desk.arm(ticket)
            run.stack.callback(self._desk.disarm, ticket)  # done last: until it hangs up, the ramdisk may report
            guest = Guest(run, ticket, self._desk, self._events, self._door)
            self._guests[run.job.id] = guest
            run.stack.callback(self._guests.pop, run.job.id, None)
        return guest

    def _armed(self, run: Run) -> Ticket:
        ticket = self._ticket(run, hidden(run.secrets["token"]))
        ticket.boot = self._way(run.job.request).boot_files(run)
        if "facts" in run.state:
            ticket.facts = Facts.from_json(run.state["facts"])

        async def keep() -> None:
            run.state["facts"] = ticket.facts.to_json()
            await run.save()

        ticket.keep = keep
        return ticket


def unknown_fields(request: Mapping[str, object], known: Sequence[str]) -> list[str]:
    return [f"{key}: unknown; expected {', '.join(known) or 'nothing'}" for key in request if key not in known]


def shown(request: Mapping[str, object], fields: Sequence[str]) -> dict[str, Json]:
    """What is kept of a good request, and doors may show: those of `fields` that were given."""
    return {key: cast(Json, request[key]) for key in fields if request.get(key) is not None}


def new_token() -> dict[str, Json]:
    """The secrets of a job that its ramdisk and its network boot show; every recipe prepares them."""
    return {"token": random.token_urlsafe(32), "key": random.token_urlsafe(32)}


def _clean(printed: bytes) -> str:
    """The console's text without what steers a terminal."""
    return _CONTROL.sub("", printed.decode(errors="replace").replace("\r\n", "\n"))


async def _looked(node: Node) -> bool:
    """Whether it is known by now what the node has."""
    try:
        async with asyncio.timeout(LOOK_TIME):
            await node.look()
    except TimeoutError:
        return False
    return True
