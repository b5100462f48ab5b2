"""Every document of trees that have something of every kind in them, as those who may see it differ."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from unittest.mock import patch

import tests.redfish.service
from bmc.ipmi.wire.fru import ChassisArea, Fru, ProductArea
from bmc.model.caller import Door
from bmc.model.commands import WriteFru
from bmc.model.events import EventKind
from bmc.model.node import Endpoint
from bmc.model.power import Health, PowerCause, PowerState
from bmc.model.sensor import Entity, SensorInfo, Threshold, Unit
from bmc.network import Network
from bmc.ports import Backend
from bmc.records.fru import SIZE
from bmc.redfish import manager_network
from bmc.redfish.event_record import event_body, events_lost
from tests.redfish.estate import open_estate
from tests.redfish.full import links, open_full
from tests.redfish.service import Answer, SerialLine, Service, open_service
from tests.world import ADMIN, MemoryServer, until

Document = dict[str, Any]
Ask = Callable[[str], Awaitable[Answer]]
ROOT = "/redfish/v1"
SUBSCRIPTION = {"Destination": "https://127.0.0.2:1/", "Protocol": "Redfish", "EventTypes": ["Alert"]}
SUSPEND = "Actions/EventDestination.SuspendSubscription"
NUMBERS = Fru(ChassisArea(0x17, "CH-1", "C1"), None, ProductArea("Acme", "Box", "P-9", serial="S9", asset_tag="rack 7"))
NAMELESS = Fru(None, None, ProductArea("Acme", "Box"))
UNITS = (Unit.CELSIUS, Unit.RPM, Unit.VOLTS, Unit.WATTS, Unit.PERCENT)


class ManySensors:
    """Of each unit two: one with every threshold, which it crosses, and one with none."""

    def __init__(self, server: MemoryServer) -> None:
        self._server = server

    def sensors(self) -> tuple[SensorInfo, ...]:
        thresholds = {threshold: 50.0 + number for number, threshold in enumerate(Threshold)}
        return tuple(
            SensorInfo(f"{unit.name[:8]} {kind}", unit, Entity.SYSTEM_BOARD, 127.0, thresholds=limits)
            for unit in UNITS
            for kind, limits in (("all", thresholds), ("none", {}))
        )

    async def read(self) -> Mapping[str, float]:
        return {info.name: 100.0 for info in self.sensors()} if self._server.state is PowerState.ON else {}


async def documents(directory: Path) -> list[Document]:
    """:param directory: an empty one, for the services."""
    seen: list[Document] = []
    for name, tree in {"full": _full, "secure": _secure, "estate": _estate}.items():
        (directory / name).mkdir()
        seen += [body async for body in tree(directory / name)]
    return [body for body in seen if "@odata.type" in body]


async def walk(ask: Ask) -> list[Document]:
    """What links lead to, as far as it is a document that may be seen."""
    seen: dict[str, Answer] = {}
    known = {ROOT, f"{ROOT}/Systems/n1/ResetActionInfo"}
    known |= {f"{ROOT}/Schemas/{name}.json" for name in ("Lightsout.1.0.0", "LightsoutBios.v1_0_0")}
    while waiting := known - seen.keys():
        for path in waiting:
            seen[path] = await ask(path)
            known |= links(seen[path].body)
    return [answer.body for answer in seen.values() if answer.status == 200 and isinstance(answer.body, dict)]


async def _full(directory: Path) -> AsyncIterator[Document]:
    """A node that is on, and others: without consoles, with nothing but power, with unknown power, at a standstill."""
    async with open_full(directory) as service:
        service.drivers.headless |= {"bare", "plain"}
        await service.world.add("plain")
        with patch.object(MemoryServer, "backend", lambda server: Backend(server, server, (server,))):
            await service.world.add("bare")
        guest = SerialLine()
        guest.off = True
        told = partial(Backend, host=guest)
        with patch.multiple(tests.redfish.service, MemorySensors=ManySensors, Backend=told):
            for name in ("blind", "still"):
                await service.world.add(name)
        await _be_odd(service)
        made = await service.call("POST", f"{ROOT}/EventService/Subscriptions", SUBSCRIPTION)
        assert (await service.call("POST", f"{made.headers['Location']}/{SUSPEND}")).status == 204
        reinstall = f"{ROOT}/Systems/n1/Actions/Oem/Lightsout.Reinstall"
        assert (await service.call("POST", reinstall, {"Image": "tiny", "Hostname": "web"})).status == 202
        for name in ("admin", "vera"):
            for body in await walk(partial(service.call, "GET", as_=name)):
                yield body
        for event in await service.world.events.history(limit=1000):
            yield event_body(event)
        yield events_lost(1)
        service.work.go.set()
        await service.world.heard(EventKind.JOB_ENDED, 3)


async def _be_odd(service: Service) -> None:
    fleet, servers = service.world.fleet, service.drivers.servers
    await fleet.node("still").do(WriteFru(0, NUMBERS.pack(SIZE)), ADMIN)
    await fleet.node("blind").do(WriteFru(0, NAMELESS.pack(SIZE)), ADMIN)
    servers["blind"].blind = True
    servers["blind"].become(PowerState.UNKNOWN, PowerCause.OBSERVED, reason="the cable is out")
    servers["still"].become(PowerState.ON, PowerCause.DISK_ERROR, health=Health.CRITICAL, reason="the disk is full")
    await until(lambda: fleet.node("blind").snapshot.power is PowerState.UNKNOWN)
    await until(lambda: fleet.node("still").snapshot.paused)


async def _secure(directory: Path) -> AsyncIterator[Document]:
    """By HTTPS, with a node whose door is on an Ethernet."""
    address, mask, gateway = (IPv4Address(each) for each in ("198.51.100.7", "255.255.255.0", "198.51.100.1"))
    network = Network(address, mask, gateway, bytes(5) + b"\x07")
    async with open_service(directory, secure=True) as service:
        await service.world.add("n1")
        with (
            patch.object(manager_network, "find_network", lambda _: network),
            patch.object(service.ipmi, "endpoint", lambda _: Endpoint("198.51.100.7", 623)),
        ):
            for name in ("admin", "vera"):
                for body in await walk(partial(service.call, "GET", as_=name)):
                    yield body


async def _estate(directory: Path) -> AsyncIterator[Document]:
    """Nodes with endpoints of their own: one of these, and the fleet's, where the door of one is closed."""
    async with open_estate(directory) as estate:
        definition = estate.service.world.fleet.node("n1").snapshot.definition
        await estate.service.accounts.change_slot(definition, 7, replace(ADMIN, door=Door.IPMI), name=b"bob", sol=True)
        await estate.service.ipmi.remove("n2")
        for ask in (partial(estate.call, "GET"), partial(estate.service.call, "GET")):
            for body in await walk(ask):
                yield body
        await estate.service.ipmi.add(estate.service.world.fleet.node("n2"))
