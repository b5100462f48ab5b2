"""A small world for tests of the middle rooms: real store, events and accounts, and a server made of memory.

`MemoryServer` implements the ports honestly and can be told to misbehave; the real backends have tests of their own.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from bmc.console.serial_log import SerialLog
from bmc.events import Audit, Events
from bmc.fleet import Fleet
from bmc.model.boot import BootEnabled, BootOverride, BootSeen, BootTarget
from bmc.model.caller import Caller, Door, Role, Scope
from bmc.model.clock import Clock, SystemClock
from bmc.model.errors import BmcError, NotFound, WrongState
from bmc.model.events import Event, EventKind
from bmc.model.node import MediaSlot, NodeDefinition
from bmc.model.platform_event import PlatformEvent
from bmc.model.power import MACHINE_ACTIONS, PowerAction, PowerCause, PowerReading, PowerState
from bmc.model.sensor import Entity, SensorInfo, Threshold, Unit
from bmc.node import Node
from bmc.node.power import Patience
from bmc.ports import Backend, ByteStream, LoopRules
from bmc.store import Store

HASTY = Patience(settle=0.4, graceful=0.4, agree=0.1, off_time=0.01, sample=0.02, stagger=0.01)
ADMIN = Caller("admin", Role.ADMINISTRATOR, Scope(), Door.WEB)
OPERATOR = Caller("olga", Role.OPERATOR, Scope(), Door.WEB)
VIEWER = Caller("vera", Role.READ_ONLY, Scope(), Door.WEB)


class MemoryServer:
    """Lifecycle, PowerSwitch, PowerSense, BootControl, MediaBay, Mains, EventLogSource and SensorSource of a server
    that is a few variables. `figures` are what its sensors read while it is on.
    """

    name = "memory"
    domain = "memory"
    actions = MACHINE_ACTIONS
    targets = frozenset({BootTarget.PXE, BootTarget.HDD, BootTarget.CD, BootTarget.BIOS_SETUP})

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or SystemClock()
        self.metered = clock is None  # what waits for a hand-driven clock is to be what the test is about
        self.supply = "first"
        self.state = PowerState.OFF
        self.applied: list[PowerAction] = []
        self.obeys_acpi = True
        self.deaf = False
        self.blind = False
        self.asked: list[PowerAction] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.failure: BmcError | None = None
        self.override = BootOverride()
        self.boots: asyncio.Queue[BootSeen] = asyncio.Queue()
        self.readings: asyncio.Queue[PowerReading] = asyncio.Queue()
        self.medium = ""
        self.log: asyncio.Queue[PlatformEvent] = asyncio.Queue()
        self.rules = LoopRules()
        self.erased = False
        self.last = PowerReading(PowerState.OFF, 0.0)
        self.figures = {"CPU Load": 12.0, "Memory": 512.0, "Disk Read": 1000.0, "Inlet Temp": 24.5}
        self.sensor_fault: Exception | None = None

    def backend(self) -> Backend:
        return Backend(
            *(self, self, (self,), self, self),
            sensors=MemorySensors(self) if self.metered else None,
            mains=self,
            event_log=self,
            rules=self.rules,
        )

    async def entries(self) -> AsyncIterator[PlatformEvent]:
        while True:
            yield await self.log.get()

    def epoch(self) -> str:
        return self.supply

    def lose_mains(self) -> None:
        """While there is no service: this machine goes down, and comes up again."""
        self.supply += "'"
        if self.state is PowerState.ON:
            self.become(PowerState.OFF, PowerCause.MAINS_LOST)

    async def start(self) -> None:
        return

    async def close(self) -> None:
        return

    async def erase(self) -> None:
        self.erased = True

    async def apply(self, action: PowerAction | BootOverride) -> None:
        """PowerSwitch.apply and BootControl.apply: both are this one server."""
        if isinstance(action, BootOverride):
            self.override = action
            return
        self.asked.append(action)
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        self.applied.append(action)
        if self.deaf:
            return
        if action is PowerAction.ON and self.state is PowerState.OFF:
            self._boot(PowerCause.COMMAND)
        elif action is PowerAction.FORCE_RESTART:
            self._boot(PowerCause.HOST_RESET)
        elif action is PowerAction.FORCE_OFF or (action is PowerAction.GRACEFUL_SHUTDOWN and self.obeys_acpi):
            cause = PowerCause.COMMAND if action is PowerAction.FORCE_OFF else PowerCause.GUEST_SHUTDOWN
            self.become(PowerState.OFF, cause)

    async def resume(self) -> None:
        if not self.last.paused:
            raise WrongState("not paused")
        self.become(PowerState.ON, PowerCause.RESUMED)

    def _boot(self, cause: PowerCause) -> None:
        self.become(PowerState.ON, cause)
        self.boots.put_nowait(BootSeen(0.0, self.override))
        if self.override.enabled is BootEnabled.ONCE:
            self.override = BootOverride()

    def become(self, state: PowerState, cause: PowerCause, **fields: object) -> None:
        self.state = state
        self.last = PowerReading(state, self.clock.now(), cause, **fields)  # type: ignore[arg-type]
        self.readings.put_nowait(self.last)

    async def read(self) -> PowerReading:
        if self.blind:
            return PowerReading(PowerState.UNKNOWN, self.clock.now(), reason="the cable is out")
        return self.last

    async def changes(self) -> AsyncIterator[PowerReading]:
        while True:
            yield await self.readings.get()

    async def seen(self) -> AsyncIterator[BootSeen]:
        while True:
            yield await self.boots.get()

    async def slots_known(self) -> None:
        """At once."""

    def slots(self) -> tuple[MediaSlot, ...]:
        return (MediaSlot("cd0", self.medium),)

    async def insert(self, slot: str, path: str, image: str) -> None:
        if slot != "cd0":
            raise NotFound(f"no slot {slot}; there is cd0")
        self.medium = image

    async def eject(self, slot: str) -> None:
        if slot != "cd0":
            raise NotFound(f"no slot {slot}; there is cd0")
        self.medium = ""


class MemorySensors:
    """SensorSource of a MemoryServer; a `sensor_fault` is raised, which no honest source does."""

    def __init__(self, server: MemoryServer) -> None:
        self._server = server

    def sensors(self) -> tuple[SensorInfo, ...]:
        return (
            SensorInfo("CPU Load", Unit.PERCENT, Entity.CPU, 100.0),
            SensorInfo("Memory", Unit.MEBIBYTES, Entity.MEMORY, 2048.0),
            SensorInfo("Disk Read", Unit.KILOBYTES_PER_SECOND, Entity.DISK, 255.0**3, wide=True),
            SensorInfo(
                *("Inlet Temp", Unit.CELSIUS, Entity.CHASSIS, 127.0, -40.0),
                thresholds={Threshold.UPPER_CAUTION: 40.0, Threshold.UPPER_CRITICAL: 50.0},
            ),
        )

    async def read(self) -> Mapping[str, float]:
        if self._server.sensor_fault is not None:
            raise self._server.sensor_fault
        return dict(self._server.figures) if self._server.state is PowerState.ON else {}


class MemoryStream(ByteStream):
    """Two queues; what is put into `incoming` is read, what is written lands in `written`."""

    def __init__(self) -> None:
        self.incoming: asyncio.Queue[bytes] = asyncio.Queue()
        self.written = bytearray()
        self.closed = False

    async def read(self, limit: int = 262144) -> bytes:
        return await self.incoming.get()

    async def write(self, data: bytes) -> None:
        self.written += data

    async def close(self) -> None:
        self.closed = True


class MemoryDrivers:
    """Drivers whose every node is the MemoryServer of that name."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock
        self.servers: dict[str, MemoryServer] = {}

    def complete(self, definition: NodeDefinition) -> NodeDefinition:
        return definition

    def schemas(self) -> list[Mapping[str, Any]]:
        return []

    async def open(self, definition: NodeDefinition) -> Backend:
        return self.servers.setdefault(definition.name, MemoryServer(self.clock)).backend()


class PlainMedia:
    """Every name is a file in /media."""

    async def path(self, image: str, private: bool) -> str:
        return f"/media/{image}"


@dataclass
class World:
    store: Store
    events: Events
    audit: Audit
    fleet: Fleet
    drivers: MemoryDrivers
    media: PlainMedia

    async def add(self, name: str = "n1") -> tuple[Node, MemoryServer]:
        node = await self.fleet.create(NodeDefinition(name, uuid4(), "memory"), ADMIN)
        return node, self.drivers.servers[name]

    async def told(self, kind: EventKind) -> list[Event]:
        return [event for event in await self.events.history(limit=1000) if event.kind is kind]

    async def heard(self, kind: EventKind, count: int = 1) -> list[Event]:
        """The events of `kind`, once there are `count`."""
        async with asyncio.timeout(30):
            while len(events := await self.told(kind)) < count:  # noqa: ASYNC110 - the store has no event of its own
                await asyncio.sleep(0.005)
        return events


@asynccontextmanager
async def open_world(
    path: Path, drivers: MemoryDrivers | None = None, patience: Patience = HASTY, start: bool = True
) -> AsyncIterator[World]:
    """The world on a store file; opening it again on the same file is a restart of the service.

    Without `start` the fleet waits for the test to start it, once its doors have been told of.
    """
    drivers = drivers or MemoryDrivers()
    clock = drivers.clock or SystemClock()

    async with Store.open(path) as store:
        events, audit = Events(store, clock), Audit(store, clock)
        media = PlainMedia()
        logs = path.parent / "consoles"
        fleet = Fleet(
            *(store, events, audit, clock, drivers, media, patience),
            serial_log=lambda node: SerialLog(logs / node, 1 << 20, clock),
        )
        tasks = {asyncio.create_task(fleet.record()), asyncio.create_task(fleet.restore_power())}
        if start:
            await fleet.start()
        try:
            yield World(store, events, audit, fleet, drivers, media)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await fleet.close()


async def until(what: object, seconds: float = 30.0) -> None:
    """Wait until the callable `what` is true."""
    assert callable(what)
    async with asyncio.timeout(seconds):
        while not what():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.005)
