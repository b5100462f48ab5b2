"""Where the nodes' IPMI doors are: a port each, or an address each."""

import asyncio
import json
import socket
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from yarl import URL

from bmc.accounts import Accounts, Credentials
from bmc.assignments import Assignments
from bmc.config import IpmiSettings, RedfishSettings, Settings
from bmc.core import Core
from bmc.ipmi.server import IpmiServer
from bmc.ipmi.wire.rmcp import PresencePing, PresencePong
from bmc.model.clock import SystemClock
from bmc.model.events import EventKind, Severity
from bmc.model.node import Endpoint
from bmc.power.safety import Safety
from bmc.service import Opened, _claim, _port
from tests.ipmi.client import Console
from tests.ipmi.conftest import run
from tests.ipmi.fakes import KEY, FakeSlots
from tests.ports import free_port
from tests.redfish.service import open_service as open_redfish_service
from tests.world import ADMIN, MemoryDrivers, World, open_world, until


@asynccontextmanager
async def doors(path, drivers=None, **settings):
    """A fleet whose IPMI doors are opened as the service opens them; the world, the doors, the server."""
    async with open_world(path / "store.db", drivers, start=False) as world:
        clock = SystemClock()
        accounts = await Accounts.open(world.store, world.events, clock, path / "key")
        media: Any = world.media
        core = Core(
            path,
            Settings(ipmi=IpmiSettings(**settings)),
            clock,
            world.store,
            world.events,
            world.audit,
            accounts,
            await Credentials.open(world.store, path / "key", {}),
            drivers,
            media,
            world.fleet,
            await Safety.open(world.store, world.events, clock, {}),
            Assignments(world.events, clock),
        )
        async with IpmiServer(FakeSlots(), world.store, clock) as server:
            opened = Opened(core, server)
            world.fleet.on_start(opened.keep)
            world.fleet.on_change(opened.add, opened.remove)
            world.fleet.on_forget(opened.forget)
            opened.announce("http://127.0.0.1:8080", None)
            await world.fleet.start()
            yield world, server


def listed(path):
    """What service.json tells."""
    nodes = json.loads((path / "service.json").read_text())["nodes"]
    return {node["name"]: node["ipmi"] and (node["ipmi"]["host"], node["ipmi"]["port"]) for node in nodes}


def udp(host, port):
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(2)
    client.connect((host, port))
    return client


async def test_each_node_gets_the_next_free_address_and_ipmitool_reaches_it_there(tmp_path):
    port = free_port()
    (tmp_path / "ipmi-key").write_text(KEY)
    async with doors(tmp_path, addresses="127.0.5.0/29", port=port) as (world, server):
        for name in ("a", "b"):
            await world.add(name)
        assert server.endpoint("a") == Endpoint("127.0.5.1", port)
        assert server.endpoint("b") == Endpoint("127.0.5.2", port)
        assert listed(tmp_path) == {"a": ("127.0.5.1", port), "b": ("127.0.5.2", port)}
        where = ["-H", "127.0.5.2", "-p", str(port), "-U", "admin", "-f", str(tmp_path / "ipmi-key")]
        code, said = await run("ipmitool", "-I", "lanplus", *where, "chassis", "power", "status")
        assert (code, said.strip()) == (0, "Chassis Power is off")
        code, said = await run(
            "ipmipower", "--stat", "-h", f"127.0.5.[1-2]:{port}", "-u", "admin", "-p", KEY, "-D", "LAN_2_0"
        )
        assert sorted(said.split("\n")) == ["", "127.0.5.1: off", "127.0.5.2: off"]


async def test_without_a_port_the_doors_are_on_623(tmp_path):
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:
            trial.bind(("127.0.5.25", 623))
    except PermissionError:
        pytest.skip("UDP port 623 needs root or CAP_NET_BIND_SERVICE")
    (tmp_path / "ipmi-key").write_text(KEY)
    async with doors(tmp_path, addresses="127.0.5.25/32") as (world, _):
        await world.add("a")
        words = ("-H", "127.0.5.25", "-U", "admin", "-f", str(tmp_path / "ipmi-key"), "chassis", "power", "status")
        assert await run("ipmitool", "-I", "lanplus", *words) == (0, "Chassis Power is off\n")


async def test_an_address_is_for_good_until_its_node_is_removed(tmp_path):
    port, drivers = free_port(), MemoryDrivers()
    async with doors(tmp_path, drivers, addresses="127.0.5.32/29", port=port) as (world, _):
        for name in ("a", "b", "c"):
            await world.add(name)
        await world.fleet.remove("a", ADMIN)
    async with doors(tmp_path, drivers, addresses="127.0.5.32/29", port=port) as (world, server):
        assert server.endpoint("b") == Endpoint("127.0.5.34", port)
        await world.add("d")
        await world.add("e")
        assert server.endpoint("d") == Endpoint("127.0.5.33", port)
        assert server.endpoint("e") == Endpoint("127.0.5.36", port)


async def test_a_node_at_a_port_of_its_own_stays_there_when_addresses_are_configured(tmp_path):
    drivers, first = MemoryDrivers(), free_port()
    async with doors(tmp_path, drivers, first_port=first) as (world, server):
        await world.add("a")
        before = server.endpoint("a")
        assert before.host == "127.0.0.1"
    async with doors(tmp_path, drivers, addresses="127.0.5.40/29", port=first) as (world, server):
        assert server.endpoint("a") == before


async def test_a_node_whose_port_another_program_has_taken_moves_and_no_other_does(tmp_path):
    class OpensTheOthersLater(MemoryDrivers):
        async def open(self, definition):
            if definition.name != "a":
                await until(lambda: "a" in listed(tmp_path))
            return await super().open(definition)

    drivers, first, names = OpensTheOthersLater(), free_port(), "abcde"
    async with doors(tmp_path, drivers, first_port=first) as (world, server):
        for name in names:
            await world.add(name)
        before = {name: server.endpoint(name) for name in names}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((before["a"].host, before["a"].port))
        async with doors(tmp_path, drivers, first_port=first) as (world, server):
            now = {name: server.endpoint(name) for name in names}
            assert now["a"] not in (None, *before.values())
            assert {name for name in names if now[name] != before[name]} == {"a"}
            assert world.fleet.node("a").snapshot.definition.ipmi == now["a"]


async def test_where_no_address_is_left_the_node_is_there_and_an_event_says_why(tmp_path):
    async with doors(tmp_path, addresses="127.0.5.48/32", port=free_port()) as (world, server):
        await world.add("a")
        node, _ = await world.add("b")
        assert server.endpoint("b") is None
        assert node.snapshot.definition.ipmi is None
        assert listed(tmp_path)["b"] is None
        (event,) = [e for e in await world.told(EventKind.NODE_CHANGED) if e.severity is Severity.CRITICAL]
        assert event.node == "b"
        assert "is closed: every address of ipmi.addresses (127.0.5.48/32) is given to a node" in event.message


async def test_an_address_of_no_interface_closes_the_door_and_stays_the_nodes(tmp_path):
    port = free_port()
    async with doors(tmp_path, addresses="192.0.2.0/29", port=port) as (world, server):
        a, _ = await world.add("a")
        b, _ = await world.add("b")
        assert server.endpoint("a") is None
        assert a.snapshot.definition.ipmi == Endpoint("192.0.2.1", port)
        assert b.snapshot.definition.ipmi == Endpoint("192.0.2.2", port)
        event = next(e for e in await world.told(EventKind.NODE_CHANGED) if e.node == "a")
        assert "no interface of this host has that address: add it to one, then restart the service" in event.message


async def test_an_address_that_another_program_has_is_not_exchanged_for_the_next(tmp_path):
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.5.57", port))
        async with doors(tmp_path, addresses="127.0.5.56/29", port=port) as (world, server):
            node, _ = await world.add("a")
            assert server.endpoint("a") is None
            assert node.snapshot.definition.ipmi == Endpoint("127.0.5.57", port)


async def test_a_datagram_to_an_address_of_no_node_is_not_even_read(tmp_path):
    port = free_port()
    async with doors(tmp_path, addresses="127.0.5.64/29", port=port) as (world, server):
        await world.add("a")
        with udp("127.0.5.66", port) as stranger:
            stranger.send(PresencePing(1).pack())
            with pytest.raises(ConnectionRefusedError):
                stranger.recv(100)
        assert server.counters["datagrams"] == 0


async def test_sessions_go_on_while_other_nodes_come_and_go(tmp_path):
    port = free_port()
    async with doors(tmp_path, addresses="127.0.5.72/29", port=port) as (world, _):
        await world.add("stays")
        with udp("127.0.5.73", port) as client:

            def ask(datagram):
                client.send(datagram)
                return client.recv(2048)

            console = await asyncio.to_thread(Console(ask).login)
            for _ in range(3):
                await world.add("leaves")
                with udp("127.0.5.74", port) as other:
                    other.send(PresencePing(7).pack())
                    assert PresencePong.unpack(await asyncio.to_thread(other.recv, 100)).tag == 7
                await world.fleet.remove("leaves", ADMIN)
                assert (await asyncio.to_thread(console.call, 6, 1)).code == 0


def redfish_listed(path):
    nodes = json.loads((path / "service.json").read_text())["nodes"]
    return {node["name"]: node["redfish"] for node in nodes}


@asynccontextmanager
async def redfish_doors(path, **settings):
    """A service whose nodes' endpoints are opened as the service opens them."""
    path.mkdir(exist_ok=True)
    doors = Settings(ipmi=IpmiSettings(first_port=free_port()), redfish=RedfishSettings(**settings))
    async with open_redfish_service(path, doors=doors) as service:
        yield service


async def shown(service, url):
    """Which node the endpoint shows, as its root's UUID says to anybody."""
    async with service.client.get(f"{url}/redfish/v1/") as response:
        return UUID((await response.json())["UUID"])


async def closed(service):
    return [e for e in await service.world.told(EventKind.NODE_CHANGED) if e.severity is Severity.CRITICAL]


async def test_each_node_gets_a_redfish_endpoint_that_comes_changes_and_goes_with_it(tmp_path):
    port = free_port()
    async with redfish_doors(tmp_path, addresses="127.0.6.0/29", port=port) as service:
        fleet = service.world.fleet
        nodes = {name: (await service.world.add(name))[0] for name in ("a", "b")}
        assert redfish_listed(tmp_path) == {"a": f"http://127.0.6.1:{port}", "b": f"http://127.0.6.2:{port}"}
        for name, node in nodes.items():
            assert await shown(service, service.nodes.url(name)) == node.snapshot.definition.uuid
        before = service.nodes.url("a")
        await fleet.change("a", {"other": "options"}, ADMIN)
        assert service.nodes.url("a") == before
        assert await shown(service, before) == nodes["a"].snapshot.definition.uuid
        await fleet.remove("a", ADMIN)
        assert redfish_listed(tmp_path).keys() == {"b"}
        with pytest.raises(OSError, match=r"127\.0\.6\.1"):
            await shown(service, before)
        c, _ = await service.world.add("c")
        assert service.nodes.url("c") == before, "which is free again"
        assert await shown(service, before) == c.snapshot.definition.uuid


async def test_a_node_has_its_redfish_endpoint_again_after_a_restart(tmp_path):
    first = free_port()
    async with redfish_doors(tmp_path / "one", first_port=first) as service:
        for name in ("b", "a"):
            await service.world.add(name)
        before = {name: service.nodes.url(name) for name in "ab"}
        opened = Opened(service.core, service.ipmi)
        for name in "ab":  # as a start does, which adopts nodes in no order
            opened._nodes[name] = service.world.fleet.node(name)
            await service.nodes.remove(name)
        await opened.open_redfish(service.nodes)
        assert {name: service.nodes.url(name) for name in "ab"} == before
        assert not await closed(service)


async def test_a_redfish_port_that_another_program_has_is_passed_over_and_one_that_it_took_is_told(tmp_path):
    first = free_port()
    with socket.create_server(("127.0.0.1", first)):
        async with redfish_doors(tmp_path, first_port=first) as service:
            await service.world.add("a")
            url = service.nodes.url("a")
            assert url
            assert URL(url).port != first
            assert not await closed(service)
            await service.nodes.remove("a")
            with socket.create_server(("127.0.0.1", URL(url).port)):
                opened = Opened(service.core, service.ipmi)
                opened._nodes["a"] = service.world.fleet.node("a")
                await opened.open_redfish(service.nodes)
            (event,) = await closed(service)
            now = URL(service.nodes.url("a")).port
            assert f"the Redfish door of a is on 127.0.0.1 TCP port {now} now: " in event.message
            assert "is in use already" in event.message


async def test_a_node_whose_redfish_port_is_taken_takes_no_port_of_another_node(tmp_path):
    async with redfish_doors(tmp_path, first_port=free_port()) as service:
        for name in "abcde":
            await service.world.add(name)
        before = {name: service.nodes.url(name) for name in "abcde"}
        opened = Opened(service.core, service.ipmi)
        for name in "abcde":
            opened._nodes[name] = service.world.fleet.node(name)
            await service.nodes.remove(name)
        with socket.create_server(("127.0.0.1", URL(before["a"]).port)):
            await opened.open_redfish(service.nodes)
        now = {name: service.nodes.url(name) for name in "abcde"}
        assert {name for name in "abcde" if now[name] != before[name]} == {"a"}
        assert now["a"]


async def test_where_no_redfish_address_is_left_the_endpoint_is_closed_and_an_event_says_why(tmp_path):
    async with redfish_doors(tmp_path, addresses="127.0.6.17/32", port=free_port()) as service:
        await service.world.add("a")
        await service.world.add("b")
        assert redfish_listed(tmp_path)["b"] == ""
        (event,) = await closed(service)
        assert event.node == "b"
        assert "the Redfish door of b is closed: every address of redfish.addresses (127.0.6.17/32)" in event.message


async def test_a_redfish_address_of_no_interface_stays_the_nodes(tmp_path):
    async with redfish_doors(tmp_path, addresses="192.0.2.0/29", port=free_port()) as service:
        await service.world.add("a")
        assert service.nodes.url("a") == ""
        (event,) = await closed(service)
        assert "the Redfish door of a is closed: " in event.message
        kept = await service.world.store.get("redfish-endpoints", "a")
        assert kept.value["host"] == "192.0.2.1"


def test_a_port_that_one_service_has_claimed_is_no_others() -> None:
    with _claim("127.0.0.1", 0) or pytest.fail("no port is free") as claimed:
        port = claimed.getsockname()[1]
        assert _claim("127.0.0.1", port) is None
    with _claim("127.0.0.1", port) or pytest.fail("it was not given back"):
        pass


async def test_a_door_keeps_its_port_over_restarts_unless_another_has_taken_it(world: World) -> None:
    core: Any = SimpleNamespace(store=world.store)
    first, claimed = await _port(core, "ssh", "127.0.0.1", None, free_port())
    assert claimed
    claimed.close()
    lowest = free_port()
    again, claimed = await _port(core, "ssh", "127.0.0.1", None, lowest)
    assert claimed
    assert again == first
    with claimed:
        moved, instead = await _port(core, "ssh", "127.0.0.1", None, lowest)
    assert instead
    instead.close()
    assert lowest <= moved != first
