"""The driver `hardware`: composes a node of adapters, each in its place; and drivers of nodes that are one BMC."""

import logging
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, JsonValue, ValidationError, WithJsonSchema

from bmc.model.checks import Check
from bmc.model.errors import InvalidOptions, WrongState
from bmc.model.node import NodeDefinition
from bmc.model.power import PowerState
from bmc.model.software import Software
from bmc.ports import Backend, Configured, Driver, LoopRules, Site
from bmc.power.safety import LONGEST_WAIT
from robots.adapter import AnyAdapter, Options, Parts, Place, Running, Seconds
from robots.front_panel import PressedSwitch
from robots.held import PRESSED
from robots.loop import Actuator, ClosedLoop, Interlock, LoopSettings, Supply
from robots.parts import PATIENCE, Sense
from robots.together import AllRunning, Member, Together, TogetherOptions

GROUP = "bmc.robots"

OPEN = {"type": "object", "additionalProperties": True}
MEMBERS = {"type": "array", "items": {**OPEN, "properties": {"adapter": {"type": "string"}}}}
ADAPTER = {"adapter": {"type": "string"}}
Table = Annotated[dict[str, JsonValue], WithJsonSchema({**OPEN, "properties": {**ADAPTER, "together": MEMBERS}})]
MACS = {"macs": {"type": "array", "items": {"type": "string"}}}
DeployTable = Annotated[dict[str, JsonValue], WithJsonSchema({**OPEN, "properties": {**ADAPTER, **MACS}})]
"""What is a list in a table must be named for clients, who expect single values of what is not."""


def _listed(tables: object) -> object:
    return [tables] if isinstance(tables, dict) else tables


log = logging.getLogger(__name__)


class HardwareOptions(Options):
    """A table names its `adapter` and has that one's options; a sense and an interlock may be a line `ADAPTER:what`.

    Several outlets that feed one server are a table `{together = […]}`. `bmc` gives every part that has no table of its
    own. `power` is tried in order, after the `bmc`; a table alone is a list of one. `supply` is the outlet that feeds
    the node. `escalate`: what may follow when a guest does not shut down in time.
    """

    bmc: Table | None = None
    power: Annotated[list[Table], BeforeValidator(_listed)] = Field(default=[])
    supply: Table | None = None
    sense: list[str | Table] = Field(default=[])
    interlocks: list[str | Table] = Field(default=[])
    boot: Table | None = None
    media: Table | None = None
    console: Table | None = None
    sensors: Table | None = None
    deploy: DeployTable | None = None
    escalate: list[Literal["hold", "outlet"]] = Field(default=[])
    on_unknown: Literal["refuse", "maintenance"] = "refuse"
    settle: Seconds = Field(default=20.0, gt=0, le=600)
    agree: Seconds = Field(default=5.0, ge=0, le=120)
    boots_within: Seconds = Field(default=10.0, ge=0, le=600)
    shared_with: list[str] = Field(default=[])
    budgets: list[str] = Field(default=[])


ONE_TABLE = ("bmc", "supply", "boot", "media", "console", "sensors", "deploy")
GIVES = {
    "supply": "supply",
    "boot": "boot",
    "media": "media",
    "console": "serial",
    "sensors": "sensors",
    "deploy": "deploy",
}
"""What of its parts an adapter must have to stand in this place."""
MISSED = {"boot": "boot control", "media": "virtual drive", "console": "serial console", "sensors": "sensors"}
"""What people call that of which they may find that the node has none."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One adapter in its place: `part` is its key path within the options, `title` how messages call it."""

    part: tuple[str | int, ...]
    title: str
    adapter: AnyAdapter
    options: Options

    @property
    def path(self) -> str:
        return "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in self.part).lstrip(".")


class Adapters:
    """Those that are installed, by name."""

    def __init__(self) -> None:
        self._entries = {entry.name: entry for entry in entry_points(group=GROUP)}

    def names(self) -> list[str]:
        return sorted(self._entries)

    def find(self, name: str) -> AnyAdapter | None:
        entry = self._entries.get(name)
        adapter: AnyAdapter | None = entry.load() if entry else None
        return adapter


class Composer:
    """Checks the options of a node, whole: every problem is told at once, with its key path."""

    def __init__(self, adapters: Adapters, site: Site) -> None:
        self._adapters = adapters
        self._site = site
        self._problems: list[Mapping[str, Any]] = []

    def compose(self, given: Mapping[str, object]) -> tuple[HardwareOptions, list[Slot]]:
        """:raise InvalidOptions: with every problem. :raise InvalidRequest: the site lacks what they name."""
        try:
            options = HardwareOptions.model_validate(dict(given))
        except ValidationError as error:
            raise InvalidOptions(error.errors()) from None
        tables = list(self._tables(options))
        slots = [slot for part, table in tables if (slot := self._slot(part, table, tables))]
        if not self._problems and not (options.bmc or options.power):
            self._problem(("power",), "expected power or bmc: nothing could turn this node on", None)
        if self._problems:
            raise InvalidOptions(self._problems)
        for slot in slots:
            slot.adapter.check(slot.options, self._site)
        self._site.safety.require_budgets(options.budgets)
        return options, self._told_apart(slots)

    def _tables(self, options: HardwareOptions) -> Iterator[tuple[tuple[str | int, ...], str | Table]]:
        for key in ONE_TABLE:
            if (table := getattr(options, key)) is not None:
                yield (key,), table
        if len(options.power) == 1:
            yield ("power",), options.power[0]
        else:
            yield from ((("power", index), table) for index, table in enumerate(options.power))
        yield from ((("sense", index), table) for index, table in enumerate(options.sense))
        yield from ((("interlocks", index), table) for index, table in enumerate(options.interlocks))

    def _slot(
        self, part: tuple[str | int, ...], table: str | Table, others: Sequence[tuple[object, str | Table]]
    ) -> Slot | None:
        if isinstance(table, dict) and "together" in table:
            return self._together(part, table, others)
        name, _, rest = table.partition(":") if isinstance(table, str) else (table.get("adapter"), "", "")
        adapter = self._adapters.find(name) if isinstance(name, str) else None
        if adapter is None:
            where = part if isinstance(table, str) else (*part, "adapter")
            self._problem(where, f"expected one of {', '.join(self._adapters.names())}", name)
            return None
        if isinstance(table, str):
            try:
                options = {**self._taken_over(adapter, others, {}), **adapter.line(rest)}
            except ValueError as error:
                self._problem(part, str(error), table)
                return None
        else:
            options = {key: value for key, value in table.items() if key != "adapter"}
            if part[0] in ("sense", "interlocks"):
                options = {**self._taken_over(adapter, others, options), **options}
        try:
            checked = adapter.options.model_validate(options)
        except ValidationError as error:
            self._problems += [{**problem, "loc": (*part, *problem["loc"])} for problem in error.errors()]
            return None
        address = options.get("host") or options.get("url") or ""
        title = table if isinstance(table, str) else f"{name} {address}".strip()
        return Slot(part, title, adapter, checked)

    @staticmethod
    def _told_apart(slots: Sequence[Slot]) -> list[Slot]:
        """Two tables of one host are called by their places, too."""
        titles = [slot.title for slot in slots]
        return [
            replace(slot, title=f"{slot.title} ({slot.path})")
            if slot.part[0] == "sense"
            and titles.count(slot.title) > 1
            and not slot.title.startswith(f"{slot.adapter.name}:")
            else slot
            for slot in slots
        ]

    def _together(
        self, part: tuple[str | int, ...], table: Table, others: Sequence[tuple[object, str | Table]]
    ) -> Slot | None:
        try:
            options = TogetherOptions.model_validate(table)
        except ValidationError as error:
            self._problems += [{**problem, "loc": (*part, *problem["loc"])} for problem in error.errors()]
            return None
        parts = [(*part, "together", index) for index in range(len(options.together))]
        slots = [self._slot(each, one, others) for each, one in zip(parts, options.together, strict=True)]
        members = [Member(slot.path, slot.title, slot.adapter, slot.options) for slot in slots if slot is not None]
        title = " and ".join(member.title for member in members)
        return Slot(part, title, Together(members), options) if len(members) == len(slots) else None

    def _taken_over(
        self, adapter: AnyAdapter, others: Sequence[tuple[object, str | Table]], own: Mapping[str, Any]
    ) -> dict[str, JsonValue]:
        """The way to the device, from the first table of an adapter of the same family."""
        for table in _flat(table for _, table in others):
            other = self._adapters.find(str(table.get("adapter"))) if isinstance(table, dict) else None
            if other is not None and other.family == adapter.family and isinstance(table, dict):
                return adapter.taken_over(table, own)
        return {}

    def _problem(self, part: tuple[str | int, ...], message: str, given: object) -> None:
        self._problems.append({"type": "value_error", "loc": part, "msg": message, "input": given})


def _flat(tables: Iterable[str | Table]) -> Iterator[str | Table]:
    for table in tables:
        yield table
        if isinstance(table, dict) and isinstance(members := table.get("together"), list):
            yield from (each for each in members if isinstance(each, dict))


class NodeLifecycle(AllRunning):
    """Lifecycle of a node: what runs of its adapters; `kept` holds all that they keep for it."""

    def __init__(self, running: Sequence[Running], kept: Path) -> None:
        super().__init__(running)
        self._kept = kept

    async def erase(self) -> None:
        """:raise WrongState: nobody would let go of what may still be pressed."""
        if pressed := sorted(self._kept.rglob(PRESSED)):
            where = ", ".join(str(path.parent.relative_to(self._kept)) for path in pressed)
            raise WrongState(
                f"{where} of {self._kept.name} may still be pressed, and is let go of once its device can be reached; "
                f"if that is gone for good, let go of it by hand, then remove {pressed[0]}"
            )
        shutil.rmtree(self._kept, ignore_errors=True)


class HardwareDriver:
    """Driver `hardware`."""

    def __init__(self) -> None:
        self._adapters = Adapters()

    def complete(self, definition: NodeDefinition, site: Site) -> NodeDefinition:
        options, _ = Composer(self._adapters, site).compose(definition.options)
        power: dict[str, JsonValue] = {"power": [*options.power]} if options.power else {}
        return replace(definition, options={**definition.options, **power})

    def schema(self) -> Mapping[str, Any]:
        return HardwareOptions.model_json_schema()

    async def open(self, definition: NodeDefinition, site: Site) -> Backend:
        options, slots = Composer(self._adapters, site).compose(definition.options)
        opened: list[tuple[Slot, Parts]] = []
        try:
            for slot in slots:
                kept = site.directory / definition.name / slot.path
                parts = slot.adapter.open(
                    slot.options, Place(definition.name, slot.title, kept, site, str(slot.part[0]))
                )
                opened.append((slot, parts))
            _tell_what_nobody_lets_go_of(site.directory / definition.name, opened)
            return _backend(definition.name, options, opened, site)
        except BaseException:
            begun = [parts.running for _, parts in opened if parts.running]
            if len(opened) < len(slots) and isinstance(failed := slots[len(opened)].adapter, Together):
                begun += failed.running
            await AllRunning(begun).close()
            raise

    def checks(self, directory: Path, configured: Configured) -> Iterator[Check]:
        for adapter in self._installed():
            yield from adapter.checks()

    def software(self) -> Iterator[Software]:
        for adapter in self._installed():
            yield from adapter.software()

    def _installed(self) -> Iterator[AnyAdapter]:
        for name in self._adapters.names():
            if (adapter := self._adapters.find(name)) is not None:
                yield adapter


class BmcDriver:
    """Driver of nodes that are one vendor BMC: the options are those of its adapter."""

    def __init__(self, adapter: str) -> None:
        self._adapter = adapter
        self._hardware = HardwareDriver()

    def complete(self, definition: NodeDefinition, site: Site) -> NodeDefinition:
        try:
            self._hardware.complete(self._whole(definition), site)
        except InvalidOptions as error:
            raise InvalidOptions([{**problem, "loc": problem["loc"][1:]} for problem in error.problems]) from None
        return definition

    def schema(self) -> Mapping[str, Any]:
        adapter = Adapters().find(self._adapter)
        return adapter.options.model_json_schema() if adapter else {}

    async def open(self, definition: NodeDefinition, site: Site) -> Backend:
        return await self._hardware.open(self._whole(definition), site)

    def checks(self, directory: Path, configured: Configured) -> Iterable[Check]:
        """Those of `hardware` are all."""
        return ()

    def software(self) -> Iterable[Software]:
        return ()

    def _whole(self, definition: NodeDefinition) -> NodeDefinition:
        return replace(definition, driver="hardware", options={"bmc": {"adapter": self._adapter, **definition.options}})


def _backend(name: str, options: HardwareOptions, opened: Sequence[tuple[Slot, Parts]], site: Site) -> Backend:
    """:raise InvalidOptions: an adapter cannot do what its place asks for, or nobody would see what is done."""
    problems = [
        (slot, f"{slot.adapter.name} has no {lacking}; it cannot stand in {slot.part[0]}")
        for slot, parts in opened
        if (lacking := _lacking(slot, parts))
    ]
    senses = [sense for slot, parts in opened if slot.part[0] in ("bmc", "sense") for sense in parts.senses]
    names = [sense.name for sense in senses]
    actuators = [
        (slot, Actuator(slot.path, parts.switch, parts.supply is not None))
        for slot, parts in opened
        if slot.part[0] in ("bmc", "power") and parts.switch
    ]
    problems += [(slot, _blind(each)) for slot, each in actuators if not _seen_by_another(each, senses)]
    problems += [
        (slot, f"there is another sense of the name {sense.name!r}")
        for slot, parts in opened
        if slot.part[0] == "sense"
        for sense in parts.senses
        if names.count(sense.name) > 1
    ]
    if problems:
        raise InvalidOptions(
            [{"type": "value_error", "loc": slot.part, "msg": message, "input": None} for slot, message in problems]
        )
    tables = {slot.part[0]: (slot, parts) for slot, parts in opened if len(slot.part) == 1}
    bmc = tables["bmc"][1] if "bmc" in tables else Parts()
    chosen = {place: tables[place][1] if place in tables else bmc for place in GIVES}
    supply = None
    if "supply" in tables and (outlet := tables["supply"][1].supply) is not None:
        supply = Supply(tables["supply"][0].path, outlet, "outlet" in options.escalate)
    kept = site.directory / name
    interlocks = [
        Interlock(slot.title, sense) for slot, parts in opened if slot.part[0] == "interlocks" for sense in parts.senses
    ]
    settings = LoopSettings(
        name, options.settle, options.boots_within, tuple(options.shared_with), tuple(options.budgets)
    )
    loop = ClosedLoop([each for _, each in actuators], supply, senses, interlocks, settings, site.safety, site.clock)
    tries = len(actuators) + (supply is not None)
    presses = sum(each.switch.patience for _, each in actuators)
    return Backend(
        lifecycle=NodeLifecycle([parts.running for _, parts in opened if parts.running], kept),
        switch=loop,
        senses=tuple(senses),
        boot=chosen["boot"].boot,
        media=chosen["media"].media,
        serial=chosen["console"].serial,
        sensors=chosen["sensors"].sensors,
        inventory=chosen["sensors"].inventory,
        event_log=bmc.event_log,
        deploy=chosen["deploy"].deploy,
        network_boot=chosen["deploy"].network_boot,
        login=chosen["deploy"].login,
        planner=loop,
        lacks={
            called: f"an adapter that has one, in the option {place} of a node of driver hardware, would give it "
            "(docs/hardware.md lists them)"
            for place, called in MISSED.items()
            if getattr(chosen[place], GIVES[place]) is None
        },
        rules=LoopRules(
            hand_over=LONGEST_WAIT + PATIENCE + presses + tries * options.settle + options.boots_within,
            settle=options.settle,
            agree=options.agree,
            escalates=bool(options.escalate),
            moved=loop.moved,
            presses=loop.presses,
            interruptible=True,
            stops=lambda: site.safety.stops,
            locks_unknown=options.on_unknown == "maintenance",
        ),
    )


def _tell_what_nobody_lets_go_of(kept: Path, opened: Sequence[tuple[Slot, Parts]]) -> None:
    places = {kept / slot.path for slot, parts in opened if isinstance(parts.switch, PressedSwitch)}
    for path in sorted(kept.rglob(PRESSED)):
        if path.parent not in places:
            told = "a button may still be pressed, and none stands in that place now: let go of it by hand, then remove"
            log.error("%s says that %s that file", path, told)


def _lacking(slot: Slot, parts: Parts) -> str:
    """What it would have to have in its place, in words; "" when it has it."""
    place = str(slot.part[0])
    if place in GIVES and getattr(parts, GIVES[place]) is None:
        return place
    if place in ("power", "bmc") and parts.switch is None:
        return "power switch"
    return "power sense" if place in ("sense", "interlocks", "bmc") and not parts.senses else ""


def _seen_by_another(actuator: Actuator, senses: Sequence[Sense]) -> bool:
    return any(sense.domain not in actuator.switch.domains and PowerState.OFF in sense.proves for sense in senses)


def _blind(actuator: Actuator) -> str:
    return (
        f"no sense outside of {actuator.switch.domain} could tell that the node is off: add one to sense, so that what "
        "this does is seen by another eye"
    )


driver: Driver = HardwareDriver()
ipmi: Driver = BmcDriver("ipmi")
redfish: Driver = BmcDriver("redfish")
