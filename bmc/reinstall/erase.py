"""Erase as a recipe: the ramdisk clears one disk and reads back from it; what was done is kept in three places."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import cast

from bmc.events import Audit, Events
from bmc.jobs import Prepared, Recipe, Run, Step
from bmc.model.commands import NoteInstalled
from bmc.model.errors import InvalidRequest
from bmc.model.events import Event, EventKind
from bmc.node import Node
from bmc.ports import Backend
from bmc.reinstall.guest import DeployDoor
from bmc.reinstall.steps import RELEASE_TIME, RamdiskJob, new_token, shown, unknown_fields
from bmc.reinstall.target import rule_problems
from bmc.reinstall.ticket import Errand, Ticket
from bmc.reinstall.turns import Turns
from bmc.reinstall.ways import Way
from bmc.store import Json

KIND = "erase"
FIELDS = ("method", "disk", "way")


class EraseMethod(Enum):
    """How a disk is erased.

    METADATA: the first and last MiB of the disk and of each partition, where partition tables and the signatures of
    file systems lie; the files themselves remain on the disk. FULL: every byte becomes zero. DISCARD: the disk is told
    that it may forget everything.
    """

    METADATA = "Metadata"
    FULL = "Full"
    DISCARD = "Discard"


class Erase(RamdiskJob):
    """A job's request: `method` (the value of an EraseMethod), `disk` as for a reinstall.

    The record is the job's detail `erased`, an event and an entry of the audit: disk, serial, size, method, started,
    ended (both seconds since the epoch), places and places_bytes read back and found zero, account.
    """

    def __init__(self, events: Events, audit: Audit, ways: Sequence[Way], door: DeployDoor, turns: Turns) -> None:
        super().__init__(events, ways, door, turns)
        self._audit = audit

    def recipe(self) -> Recipe:
        return Recipe(
            KIND,
            self._steps,
            self._prepare,
            self._release,
            why="erase in progress",
            release_timeout=RELEASE_TIME,
            resumed=self._keep_turn,
        )

    def _steps(self, request: Mapping[str, object]) -> tuple[Step, ...]:
        hour = 3600.0
        return (
            *self._comes_up(request),
            self._takes_disk(),
            Step("erase", self._erase, True, 60, 96 * hour, "the disk could not be erased", idle=120),
            Step("verify", self._verify, True, 15, hour, "the disk could not be verified", idle=120),
            *self._goes_off(request),
        )

    async def _prepare(
        self, node: Node, backend: Backend, request: Mapping[str, object], secrets: Mapping[str, object]
    ) -> Prepared:
        wrong = unknown_fields(request, FIELDS)
        methods = [method.value for method in EraseMethod]
        if request.get("method") not in methods:
            wrong.append(f"method: expected one of {', '.join(methods)}")
        wrong += await self._problems(node, backend, request, "erased")
        wrong += rule_problems(request.get("disk"))
        if wrong:
            raise InvalidRequest("; ".join(wrong))
        return Prepared(shown(request, FIELDS), new_token())

    async def _erase(self, run: Run) -> None:
        self._give_turn_back(run)
        await run.do(NoteInstalled(""))
        facts = (await self._guest(run)).ticket.facts
        disk = next(disk for disk in facts.disks if disk.name == facts.disk)
        started = cast("Mapping[str, Json]", run.job.details.get("erased", {})).get("started", run.clock.now())
        record: dict[str, Json] = {
            "disk": disk.name,
            "serial": disk.serial,
            "size": disk.size,
            "method": str(run.job.request["method"]),
            "started": started,
            "account": run.job.account,
        }
        await run.note(erased=record)
        await self._past(run, "erase")

    async def _verify(self, run: Run) -> None:
        guest = await self._guest(run)
        await guest.until(lambda: guest.ticket.facts.verified)
        facts = guest.ticket.facts
        record = {
            **cast("Mapping[str, Json]", run.job.details["erased"]),
            "ended": run.clock.now(),
            "places": facts.places,
            "places_bytes": facts.places_bytes,
        }
        if "recorded" not in run.state:
            await self._audit.record(run.caller, "erased", run.job.node, "ok", record)
            which = f"{record['disk']} of {run.job.node} (serial {record['serial'] or 'none'})"
            text = f"{which} is erased: {record['method']}"
            event = Event(EventKind.DISK_ERASED, text, 0, run.job.node, account=run.job.account, details=record)
            await self._events.publish(event)
            run.state["recorded"] = True
            await run.note(erased=record)
            await run.say(f"{facts.places} places, {facts.places_bytes} bytes, were read back and hold zeros")
        await guest.until(lambda: guest.ticket.facts.done)

    def _ticket(self, run: Run, token: bytes) -> Ticket:
        return Ticket(
            run.job.id,
            run.job.node,
            token,
            Errand.ERASE,
            target=cast("Mapping[str, object] | None", run.job.request.get("disk")),
            told={"method": str(run.job.request["method"])},
        )
