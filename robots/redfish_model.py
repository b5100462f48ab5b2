"""What is known of one system behind a BMC: learned by walking its links, and kept for the next start."""

import asyncio
import logging
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from bmc.model.boot import BootTarget
from bmc.model.errors import BackendFailed, NotFound
from bmc.model.node import Hardware
from robots.kept import KeptFile
from robots.redfish_inventory import read_hardware
from robots.redfish_link import ROOT, Json, Link
from robots.redfish_quirks import Quirks, quirks_of
from robots.redfish_resources import link_of, links_of, members, table
from robots.redfish_sensors import RedfishSensor, find_sensors

RESET = "#ComputerSystem.Reset"
ASSUMED_RESETS = frozenset({"On", "ForceOff", "GracefulShutdown", "ForceRestart"})
"""Of a BMC that does not list what it takes."""
OPTICAL = frozenset({"CD", "DVD"})
LOGS = ("SEL", "Sel", "IML", "Log1", "EventLog")
"""Ids of the log of the machine itself, as vendors call it; the first of these, or else the first there is."""

log = logging.getLogger(__name__)


class Kept(BaseModel):
    model_config = ConfigDict(frozen=True)


class Slot(Kept):
    """A virtual drive. Without an `insert` action its resource is changed instead."""

    id: str
    path: str
    insert: str = ""
    eject: str = ""


class Learned(Kept):
    """Paths at the BMC, and what it offers. `whole`: everything was looked at, not only what power and boot need."""

    system: str
    manufacturer: str = ""
    model: str = ""
    reset: str = ""
    resets: frozenset[str] = frozenset()
    boot: str = ""
    targets: frozenset[str] = frozenset()
    slots: tuple[Slot, ...] = ()
    sensors: tuple[RedfishSensor, ...] = ()
    hardware: dict[str, Any] = {}
    log: str = ""
    stream: str = ""
    console: str = ""
    whole: bool = False


class Model:
    """Answers at once with what was learned last; the `learn` methods ask the BMC. `whole`: everything was learned."""

    def __init__(self, link: Link, wanted: str, file: KeptFile) -> None:
        self.link = link
        self._wanted = wanted
        self._file = file
        self.learned = self._load()
        self.whole = asyncio.Event()
        if self.learned is not None and self.learned.whole:
            self.whole.set()

    @property
    def quirks(self) -> Quirks:
        known = self.learned
        return quirks_of(known.manufacturer, known.model) if known else Quirks()

    @property
    def targets(self) -> frozenset[BootTarget]:
        """Those of ours that the BMC offers, under whatever name."""
        offered = self.learned.targets if self.learned else frozenset()
        return frozenset(
            target
            for target in BootTarget
            if target is not BootTarget.NONE and {target.value, self.quirks.targets.get(target)} & offered
        )

    def hardware(self) -> Hardware:
        """Inventory: as learned last."""
        return Hardware.from_json(self.learned.hardware) if self.learned else Hardware()

    async def system(self) -> Json:
        """The system's resource now. :raise Unreachable, BackendFailed:"""
        path = self.learned.system if self.learned else await self._find()
        try:
            return (await self.link.get(path)).body
        except NotFound:
            return (await self.link.get(await self._find())).body

    async def need(self) -> Learned:
        """What is known, asked for if nothing is. :raise Unreachable, BackendFailed:"""
        if self.learned is None:
            await self.learn_system()
        if self.learned is None:
            raise BackendFailed(f"{self.link.where} tells nothing of its system")
        return self.learned

    async def learn_system(self) -> None:
        """What power and boot need; the rest stays as it was. :raise Unreachable, BackendFailed:"""
        path = await self._find()
        body = (await self.link.get(path)).body
        before = self.learned if self.learned and self.learned.system == path else Learned(system=path)
        reset = table(body, "Actions", RESET)
        boot = await self._boot(body, path)
        self.learned = before.model_copy(
            update={
                "manufacturer": str(body.get("Manufacturer") or ""),
                "model": str(body.get("Model") or ""),
                "reset": str(reset.get("target") or ""),
                "resets": await self._resets(reset),
                "boot": boot[0],
                "targets": boot[1],
            }
        )
        self._save()

    async def learn_rest(self) -> None:
        """Drives, sensors, hardware, log, events and console. :raise Unreachable:"""
        known = await self.need()
        body = await self.system()
        root = (await self.link.get(ROOT)).body
        managers = [
            each
            for path in (links_of(body, "Links", "ManagedBy") or links_of(body, "Links", "Managers"))
            if (each := await self.link.find(path))
        ]
        expands = bool(table(root, "ProtocolFeaturesSupported", "ExpandQuery").get("Levels"))
        found: dict[str, Any] = {
            "slots": await self._slots(body, managers),
            "sensors": await find_sensors(self.link, links_of(body, "Links", "Chassis"), expands),
            "hardware": (await read_hardware(self.link, body)).to_json(),
            "log": await self._log([body, *managers]),
            "stream": await self._stream(root),
            "console": _console(body),
            "whole": True,
        }
        self.learned = (self.learned or known).model_copy(update=found)
        self._save()
        self.whole.set()

    async def _find(self) -> str:
        """The path of the system. :raise BackendFailed: there is none, or which is meant cannot be told."""
        root = (await self.link.get(ROOT)).body
        collection = (await self.link.get(link_of(root, "Systems") or f"{ROOT}Systems")).body
        paths = members(collection)
        ids = {path.rstrip("/").rpartition("/")[2]: path for path in paths}
        if self._wanted in ids:
            return ids[self._wanted]
        if self._wanted or len(paths) != 1:
            there = ", ".join(sorted(ids)) or "none"
            meant = f"has no system {self._wanted!r}" if self._wanted else "has not exactly one system"
            raise BackendFailed(f"{self.link.where} {meant}; there is {there}: name one in the option system")
        return paths[0]

    async def _resets(self, action: Json) -> frozenset[str]:
        allowed = action.get("ResetType@Redfish.AllowableValues")
        if not allowed and isinstance(info := action.get("@Redfish.ActionInfo"), str):
            parameters = (await self.link.find(info)).get("Parameters")
            allowed = next(
                (
                    each.get("AllowableValues")
                    for each in parameters or ()
                    if isinstance(each, dict) and each.get("Name") == "ResetType"
                ),
                None,
            )
        if not action:
            return frozenset()
        return frozenset(map(str, allowed)) if isinstance(allowed, list) and allowed else ASSUMED_RESETS

    async def _boot(self, body: Json, path: str) -> tuple[str, frozenset[str]]:
        """Where the override is changed, and the targets it takes."""
        boot = table(body, "Boot")
        offered = boot.get("BootSourceOverrideTarget@Redfish.AllowableValues")
        settings = link_of(table(body, "@Redfish.Settings"), "SettingsObject")
        if settings:
            pending = table(await self.link.find(settings), "Boot")
            if "BootSourceOverrideTarget" in pending:
                path = settings
                offered = offered or pending.get("BootSourceOverrideTarget@Redfish.AllowableValues")
        if "BootSourceOverrideTarget" not in boot and path != settings:
            return "", frozenset()
        known = offered if isinstance(offered, list) and offered else [target.value for target in BootTarget]
        return path, frozenset(map(str, known))

    async def _slots(self, system: Json, managers: list[Json]) -> tuple[Slot, ...]:
        """The System's drives, or else those of its managers."""
        for holder in (system, *managers):
            found = []
            for path in members(await self.link.find(link_of(holder, "VirtualMedia"))):
                body = await self.link.find(path)
                id = str(body.get("Id") or path.rstrip("/").rpartition("/")[2])
                types = body.get("MediaTypes")
                if not OPTICAL & set(types if isinstance(types, list) else ()) or id.startswith(self.quirks.not_slots):
                    continue
                actions = [table(body, "Actions", f"#VirtualMedia.{verb}Media") for verb in ("Insert", "Eject")]
                insert, eject = (str(action.get("target") or "") for action in actions)
                found.append(Slot(id=id, path=path, insert=insert, eject=eject))
            if found:
                return tuple(found)
        return ()

    async def _log(self, holders: list[Json]) -> str:
        """The path of the entries of the machine's log."""
        found: dict[str, str] = {}
        for holder in holders:
            for path in members(await self.link.find(link_of(holder, "LogServices"))):
                body = await self.link.find(path)
                if body.get("ServiceEnabled") is not False and (entries := link_of(body, "Entries")):
                    found.setdefault(str(body.get("Id") or path), entries)
        return next((found[id] for id in LOGS if id in found), next(iter(found.values()), ""))

    async def _stream(self, root: Json) -> str:
        return str((await self.link.find(link_of(root, "EventService"))).get("ServerSentEventUri") or "")

    def _load(self) -> Learned | None:
        kept = self._file.load()
        try:
            return Learned.model_validate(kept) if kept else None
        except ValidationError as error:
            log.warning("what was learned of %s is not understood and is asked again: %s", self.link.where, error)
            return None

    def _save(self) -> None:
        if self.learned is not None:
            self._file.save(self.learned.model_dump(mode="json"))


def _console(system: Json) -> str:
    """The address of its serial console, ComputerSystem 1.26."""
    offered = table(system, "SerialConsole", "WebSocket")
    return str(offered.get("ConsoleURI") or "") if offered.get("ServiceEnabled") is not False else ""
