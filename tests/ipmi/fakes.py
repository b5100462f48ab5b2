"""A node and its users, as the door sees them: the real contract values, an in-memory serial line."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Unpack, overload
from uuid import UUID

from bmc.accounts import IpmiSlot, SlotFields
from bmc.console.audience import Audience, Seat
from bmc.ipmi.wire.fru import Fru, ProductArea
from bmc.model.boot import BootTarget
from bmc.model.caller import Caller, Role, Scope
from bmc.model.clock import SystemClock
from bmc.model.commands import Command, Identify, Power, SerialConsole, SetBootOverride, SystemInterface
from bmc.model.console import ConsoleKind
from bmc.model.errors import BmcError, Denied, NotSupported
from bmc.model.node import Endpoint, NodeDefinition, NodeSnapshot
from bmc.model.power import PowerAction, PowerCause, PowerState
from bmc.model.sensor import Entity, Sensor, SensorInfo, SensorSetting, Unit
from bmc.store import Entry, Json
from tests.world import MemoryStream

NODE_ID = UUID("6f1c2a40-9b1d-4c5e-8a77-0d5b3c9e1f20")
KEY = "correct horse 20 byte"[:20]

_AFTER = {
    PowerAction.ON: PowerState.ON,
    PowerAction.FORCE_OFF: PowerState.OFF,
    PowerAction.GRACEFUL_SHUTDOWN: PowerState.OFF,
}


class SerialLine:
    """Echoes what is written, as a terminal at a prompt does."""

    seat: Seat

    def __init__(self, greeting: bytes) -> None:
        self.written = b""
        self.breaks = 0
        self.closed = False
        self.stuck: asyncio.Event | None = None
        self._printed: asyncio.Queue[bytes] = asyncio.Queue()
        self.print(greeting)

    def print(self, data: bytes) -> None:
        if data:
            self._printed.put_nowait(data)

    def hang_up(self) -> None:
        self._printed.put_nowait(b"")

    async def read(self, limit: int = 262144) -> bytes:
        data = await self._printed.get()
        if len(data) > limit:
            rest = [data[limit:]]
            while not self._printed.empty():
                rest.append(self._printed.get_nowait())
            for part in rest:
                self._printed.put_nowait(part)
        return data[:limit]

    async def write(self, data: bytes) -> None:
        self.seat.require()
        if self.stuck is not None:
            await self.stuck.wait()
        self.written += data
        self.print(data.replace(b"\r", b"\r\nlogin: "))

    async def send_break(self) -> None:
        self.breaks += 1

    async def close(self) -> None:
        self.closed = True
        await self.seat.leave()


class FakeNode:
    """Does what it is told, at once; `fault` is raised instead, `delay` comes before."""

    def __init__(self, name: str = "n1", endpoint: Endpoint | None = None) -> None:
        self.state = NodeSnapshot(
            definition=NodeDefinition(name, NODE_ID, "fake", ipmi=endpoint),
            at=1.0,
            power=PowerState.OFF,
            actions=frozenset(PowerAction),
            boot_targets=frozenset(BootTarget),
            has_serial=True,
            fru=Fru(product=ProductArea("Acme", "Box")).pack(256),
            sensors=(
                Sensor(SensorInfo("Power", Unit.WATTS, Entity.POWER_SUPPLY, 500), SensorSetting(), 120.0, at=1e9),
            ),
        )
        self.done: list[tuple[Command[Any], Caller]] = []
        self.fault: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.idle = asyncio.Event()
        self.greeting = b"n1 login: "
        self.lines: list[SerialLine] = []
        self.audience = Audience(ConsoleKind.SERIAL, SystemClock())
        self.system_interface: asyncio.Queue[MemoryStream] = asyncio.Queue()

    @property
    def snapshot(self) -> NodeSnapshot:
        return self.state

    async def do(self, command: Command[Any], caller: Caller) -> Any:
        if caller.role.rank < command.role.rank or not caller.scope.covers(self.state.name, self.state.definition.tags):
            raise Denied(f"{caller.account} is no {command.role.value}")
        self.done.append((command, caller))
        if self.gate is not None:
            await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        if isinstance(command, Power):
            power = _AFTER.get(command.power, self.state.power)
            self.state = replace(self.state, power=power, cause=PowerCause.COMMAND)
        elif isinstance(command, SetBootOverride):
            self.state = replace(self.state, boot=command.override)
        elif isinstance(command, Identify):
            self.state = replace(self.state, identify=command.seconds != 0)
        self.idle.set()
        return self.state.power

    @overload
    async def open(self, stream: SerialConsole, caller: Caller) -> SerialLine: ...

    @overload
    async def open(self, stream: SystemInterface, caller: Caller) -> MemoryStream: ...

    async def open(self, stream: SerialConsole | SystemInterface, caller: Caller) -> SerialLine | MemoryStream:
        if isinstance(stream, SystemInterface):
            return await self.system_interface.get()
        if isinstance(self.fault, BmcError):
            raise self.fault
        if self.gate is not None:
            await self.gate.wait()
        line = SerialLine(self.greeting)
        line.seat = self.audience.enter(caller, may_type=True, wants=True)
        if stream.takes_over:
            await line.seat.take()
        self.lines.append(line)
        return line

    @property
    def actions(self) -> list[PowerAction]:
        return [command.power for command, _ in self.done if isinstance(command, Power)]


@dataclass(frozen=True)
class FakeSlot(IpmiSlot):
    """A slot that may act anywhere."""

    scope: Scope = field(default_factory=Scope)


@dataclass
class FakeSlots:
    """The same users on every node; those without an account are each that node's own."""

    users: dict[bytes, FakeSlot] = field(
        default_factory=lambda: {
            b"admin": FakeSlot(2, b"admin", KEY.encode(), Role.ADMINISTRATOR, account="admin"),
            b"oper": FakeSlot(3, b"oper", KEY.encode(), Role.OPERATOR),
            b"guest": FakeSlot(4, b"guest", KEY.encode(), Role.READ_ONLY),
            b"gone": FakeSlot(5, b"gone", KEY.encode(), Role.ADMINISTRATOR, enabled=False),
        }
    )

    callbacks: list[Callable[[str, int], None]] = field(default_factory=list)

    def change(self, node: str, slot: FakeSlot) -> None:
        self.users[slot.name] = slot
        for callback in self.callbacks:
            callback(node, slot.slot)

    def on_slot_changed(self, callback: Callable[[str, int], None]) -> None:
        self.callbacks.append(callback)

    def ipmi_slot(self, node: str, name: bytes) -> FakeSlot | None:
        slot = self.users.get(name)
        if slot is None or slot.account:
            return slot
        return replace(slot, scope=Scope(all_nodes=False, nodes=frozenset({node})))

    def slots(self, node: str) -> tuple[FakeSlot, ...]:
        return tuple(self.users.values())

    async def change_slot(
        self, node: NodeDefinition, number: int | None, caller: Caller, **fields: Unpack[SlotFields]
    ) -> FakeSlot:
        raise NotSupported("these users stay as they are")


class MemoryBuckets:
    """What the door uses of the store, for as long as the test."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], Entry] = {}

    async def get(self, bucket: str, key: str) -> Entry | None:
        return self.entries.get((bucket, key))

    async def put(self, bucket: str, key: str, value: Mapping[str, Json], expect: int | None = None) -> int:
        self.entries[bucket, key] = Entry(key, dict(value), 1)
        return 1

    async def delete(self, bucket: str, key: str, expect: int | None = None) -> None:
        self.entries.pop((bucket, key), None)
