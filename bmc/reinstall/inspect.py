"""Inspect as a recipe: the ramdisk tells what the machine consists of, and the node shows it."""

import re
from collections.abc import Mapping, Sequence

from bmc.jobs import Prepared, Recipe, Run, Step
from bmc.model.boot import BootMode
from bmc.model.commands import NoteInspected
from bmc.model.errors import InvalidRequest
from bmc.model.mac import parse_mac
from bmc.model.node import Disk, Hardware, Nic
from bmc.node import Node
from bmc.ports import Backend
from bmc.reinstall.steps import RELEASE_TIME, RamdiskJob, new_token, shown, unknown_fields
from bmc.reinstall.ticket import Errand, Ticket

KIND = "inspect"
FIELDS = ("way",)
NICS_MAX, TEXT_MAX = 64, 128
_NIC = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")


class Inspect(RamdiskJob):
    """A job's request names nothing but the way in."""

    def recipe(self) -> Recipe:
        return Recipe(
            KIND,
            self._steps,
            self._prepare,
            self._release,
            why="inspection in progress",
            release_timeout=RELEASE_TIME,
            resumed=self._keep_turn,
        )

    def _steps(self, request: Mapping[str, object]) -> tuple[Step, ...]:
        return (
            *self._comes_up(request),
            Step("inspect", self._inspect, True, 10, 300, "the ramdisk did not tell what it found"),
            *self._goes_off(request),
        )

    async def _prepare(
        self, node: Node, backend: Backend, request: Mapping[str, object], secrets: Mapping[str, object]
    ) -> Prepared:
        wrong = unknown_fields(request, FIELDS) + await self._problems(node, backend, request, "inspected")
        if wrong:
            raise InvalidRequest("; ".join(wrong))
        return Prepared(shown(request, FIELDS), new_token())

    async def _inspect(self, run: Run) -> None:
        guest = await self._guest(run)
        await guest.until(lambda: guest.ticket.facts.done)
        facts = guest.ticket.facts
        await run.do(NoteInspected(hardware(facts.report, facts.disks)))

    def _ticket(self, run: Run, token: bytes) -> Ticket:
        return Ticket(run.job.id, run.job.node, token, Errand.INSPECT)


def hardware(report: Mapping[str, str], disks: Sequence[Disk]) -> Hardware:
    """What the ramdisk told. :raise InvalidRequest: it is something else."""
    numbers = [report.get(name, "") for name in ("cpus", "memory")]
    if not all(re.fullmatch(r"[0-9]{1,18}", number) for number in numbers):
        raise InvalidRequest("cpus and memory: expected numbers")
    nics = tuple(_nic(card) for card in report.get("nics", "").split(",") if card)
    if len(nics) > NICS_MAX:
        raise InvalidRequest(f"nics: expected at most {NICS_MAX}")
    modes = {mode.value: mode for mode in BootMode}
    if report.get("firmware") not in modes:
        raise InvalidRequest(f"firmware: expected one of {', '.join(modes)}")
    cpus, memory = (int(number) for number in numbers)
    return Hardware(
        manufacturer=_text(report, "manufacturer"),
        model=_text(report, "model"),
        serial=_text(report, "serial"),
        cpus=cpus,
        memory=memory,
        firmware=modes[report["firmware"]],
        firmware_version=_text(report, "firmware_version"),
        disks=tuple(disks),
        nics=nics,
    )


def _nic(card: str) -> Nic:
    name, _, mac = card.partition("=")
    try:
        if not _NIC.fullmatch(name):
            raise ValueError("expected the name of a network card")
        return Nic(name, parse_mac(mac))
    except ValueError as error:
        raise InvalidRequest(f"nics: {error}") from None


def _text(report: Mapping[str, str], name: str) -> str:
    return "".join(filter(str.isprintable, report.get(name, "")))[:TEXT_MAX].strip()
