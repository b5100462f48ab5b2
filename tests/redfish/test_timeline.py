"""What happened to a server, in one list: each thing once, with who it was, by which door, and how it ended."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from bmc.model import commands
from bmc.model.boot import BootEnabled, BootOverride, BootTarget
from bmc.model.caller import Door, Scope
from bmc.model.commands import (
    AddSelEntry,
    Command,
    EjectMedia,
    InsertMedia,
    Power,
    Release,
    Reserve,
    SerialConsole,
    SetAssetTag,
    SetBootOverride,
    WriteFru,
)
from bmc.model.events import EventKind
from bmc.model.power import PowerAction, PowerCause, PowerState
from bmc.model.sel import SystemEvent
from bmc.records.timeline import ACTIONS, EVENTS
from tests.redfish.service import N1, Service
from tests.world import ADMIN, OPERATOR, VIEWER, until

LOG = f"{N1}/LogServices/Timeline"
RESET = f"{N1}/Actions/ComputerSystem.Reset"

Told = tuple[Any, ...]


async def told(service: Service, query: str = "", as_: str = "admin") -> list[Told]:
    """(kind, who, door, outcome, words), newest first."""
    members = (await service.get(f"{LOG}/Entries{query}", as_=as_))["Members"]
    ours = [each["Oem"]["Lightsout"] for each in members]
    return [
        (our["Kind"], our["Account"], our["Door"], our["Outcome"], each["Message"])
        for our, each in zip(ours, members, strict=True)
    ]


async def test_a_power_off_is_told_with_its_asker_before_what_came_of_it(service: Service) -> None:
    for kind in ("On", "ForceOff"):
        assert (await service.call("POST", RESET, {"ResetType": kind}, as_="olga")).status == 204
    await until(lambda: len(service.world.fleet.node("n1").snapshot.sel.entries) == 2)
    assert (await told(service))[:4] == [
        ("Power", "olga", None, None, "n1 is Off (command)"),
        ("Power", "olga", "redfish", "done", "asked for ForceOff"),
        ("Power", "olga", None, None, "n1 is On (command)"),
        ("Power", "olga", "redfish", "done", "asked for On"),
    ]


async def test_everything_that_is_asked_for_is_told_once(service: Service) -> None:
    node = service.world.fleet.node("n1")
    override = BootOverride(BootTarget.PXE, BootEnabled.ONCE)
    for command in (
        Reserve("a new fan"),
        SetBootOverride(override),
        InsertMedia("cd0", "debian.iso"),
        EjectMedia("cd0"),
        AddSelEntry(2, SystemEvent(0x07, 0x60, 0x6F, b"\x01").pack()),
        Release(),
    ):
        await node.do(command, OPERATOR)
    console = await node.open(SerialConsole(), OPERATOR)
    looking = await node.open(SerialConsole(writable=False), OPERATOR)
    await until(lambda: len(node.snapshot.sel.entries) == 3)
    assert (await told(service, as_="vera"))[::-1][1:] == [
        ("Reservation", "olga", "web", "done", "reserved it: a new fan"),
        ("Boot", "olga", "web", "done", "set the boot override to Pxe, Once"),
        ("Media", "olga", "web", "done", "inserted debian.iso into cd0"),
        ("Media", "olga", "web", "done", "ejected cd0"),
        ("SEL", None, None, None, "Processor #0x60, Thermal Trip, Asserted"),
        ("Reservation", "olga", "web", "done", "released it"),
        ("Console", "olga", "web", "done", "opened the serial console"),
    ]
    await console.close()
    await looking.close()


async def test_pieces_of_the_fru_are_one_entry_and_a_job_is_its_beginning_and_its_end(service: Service) -> None:
    node = service.world.fleet.node("n1")
    for offset in range(0, 64, 16):
        await node.do(WriteFru(offset, bytes(16)), OPERATOR)
    await service.world.heard(EventKind.FRU_WRITTEN)
    answer = await service.call("POST", f"{N1}/Actions/Oem/Lightsout.Reinstall", {"Image": "tiny"})
    assert answer.status == 202, answer
    service.work.go.set()
    await service.world.heard(EventKind.JOB_ENDED)
    found = await told(service)
    assert [each for each in found if each[0] == "Settings"][:-1] == [
        ("Settings", "olga", None, None, "olga wrote into the FRU inventory of n1")
    ]
    ended, began = [each for each in found if each[0] == "Job"]
    assert began[1:] == ("admin", "redfish", "ok", "asked for a reinstall with tiny (job 1)")
    assert "reinstall of n1" in ended[4]
    assert not [each for each in found if each[0] == "Reservation"]


async def test_who_was_refused_and_from_where_anybody_came_is_told_to_administrators(service: Service) -> None:
    assert (await service.call("POST", RESET, {"ResetType": "On"}, as_="vera")).status == 403
    assert (await service.call("POST", RESET, {"ResetType": "On"}, as_="olga")).status == 204
    await until(lambda: service.world.fleet.node("n1").snapshot.sel.entries)
    mine = (await service.get(f"{LOG}/Entries"))["Members"]
    others = (await service.get(f"{LOG}/Entries", as_="vera"))["Members"]
    refused = [each for each in mine if each["Severity"] == "Warning"]
    assert [(each["Message"], each["Oem"]["Lightsout"]["Account"]) for each in refused] == [
        ("asked for On: Denied", "vera")
    ]
    asked = [each["Oem"]["Lightsout"]["Address"] for each in mine if each["Message"].startswith("asked for On")]
    assert asked == ["127.0.0.1", "127.0.0.1"]
    assert [each["Message"] for each in others] == ["n1 is On (command)", "asked for On", "n1 was added"]
    assert {each["Oem"]["Lightsout"]["Address"] for each in others} == {None}


async def test_what_was_done_is_found_however_much_was_refused_since(service: Service) -> None:
    assert (await service.call("POST", RESET, {"ResetType": "On"}, as_="olga")).status == 204
    for _ in range(20):
        await service.call("POST", RESET, {"ResetType": "On"}, as_="vera")
    assert "Denied" in {outcome for _, _, _, outcome, _ in await told(service, "?$top=10")}
    changes = " or ".join(f"Oem/Lightsout/What eq '{what}'" for what in ("power.changed", "power.action", "power"))
    done = "Oem/Lightsout/Outcome eq null or Oem/Lightsout/Outcome eq 'ok' or Oem/Lightsout/Outcome eq 'done'"
    found = await told(service, f"?$top=2&$filter={quote(f'({changes}) and ({done})')}")
    assert found == [
        ("Power", "olga", None, None, "n1 is On (command)"),
        ("Power", "olga", "redfish", "done", "asked for On"),
    ]


async def test_it_is_chosen_by_kind_paged_and_each_entry_is_a_resource(service: Service) -> None:
    node, server = service.world.fleet.node("n1"), service.drivers.servers["n1"]
    for _ in range(3):
        await node.do(Power(PowerAction.ON), ADMIN)
        server.become(PowerState.OFF, PowerCause.PROCESS_DIED)
        await until(lambda: node.snapshot.power is PowerState.OFF)
    await node.do(SetAssetTag("rack 7"), ADMIN)
    power = "?$filter=" + quote("Oem/Lightsout/Kind eq 'Power'")
    everything = (await service.get(f"{LOG}/Entries"))["Members"]
    chosen = await service.get(f"{LOG}/Entries{power}")
    assert chosen["Members"] == [each for each in everything if each["Oem"]["Lightsout"]["Kind"] == "Power"]
    assert chosen["Members@odata.count"] == 9
    page = await service.get(f"{LOG}/Entries{power}&$top=4&$skip=1")
    assert page["Members"] == chosen["Members"][1:5]
    rest = await service.get(page["Members@odata.nextLink"])
    assert rest["Members"] == chosen["Members"][5:9]
    one = await service.get(page["Members"][0]["@odata.id"])
    assert page["Members"][0].items() <= one.items()
    for wrong in ("event-0", "audit-999", "sel-1", "x"):
        assert (await service.call("GET", f"{LOG}/Entries/{wrong}")).status == 404


async def test_a_new_server_has_nothing_of_one_before_it_of_the_same_name(service: Service) -> None:
    fleet, audit = service.world.fleet, service.world.audit
    node = fleet.node("n1")
    await node.do(Reserve("a new fan"), OPERATOR)
    await node.do(Release(), OPERATOR)
    for action in (PowerAction.ON, PowerAction.FORCE_OFF):
        await node.do(Power(action), OPERATOR)
    await until(lambda: len(fleet.node("n1").snapshot.sel.entries) == 2)
    await fleet.remove("n1", ADMIN)
    await service.world.add("n1")
    assert fleet.node("n1").snapshot.sel.entries == ()
    assert (await service.get(f"{N1}/LogServices/SEL/Entries"))["Members"] == []
    assert [each[-1] for each in await told(service)] == ["added it"]
    assert [each.action for each in await audit.newest(node="n1")] == ["create-node"]
    kept = [each.action for each in await audit.newest() if each.target == "n1"]
    assert kept[-5:] == ["release", "power", "power", "remove-node", "create-node"]
    events = [event.kind for event in await service.world.events.history() if event.node == "n1"]
    assert EventKind.NODE_REMOVED in events
    assert EventKind.POWER_CHANGED in events


async def test_a_console_that_was_typed_at_is_told_with_its_end_and_one_that_was_looked_at_is_an_event(
    service: Service,
) -> None:
    node, reader = service.world.fleet.node("n1"), service.world.events.subscribe()
    typing = await node.open(SerialConsole(), OPERATOR)
    looking = await node.open(SerialConsole(writable=False), VIEWER)
    await typing.close()
    await typing.close()
    await looking.close()
    assert (await told(service))[:2] == [
        ("Console", "olga", "web", None, "olga closed the serial console of n1"),
        ("Console", "olga", "web", "done", "opened the serial console"),
    ]
    events = [await anext(reader) for _ in range(4)]
    assert [(each.kind.value, each.account, each.details["writable"]) for each in events] == [
        ("console.opened", "olga", True),
        ("console.opened", "vera", False),
        ("console.closed", "olga", True),
        ("console.closed", "vera", False),
    ]


def test_every_event_and_every_action_has_its_kind() -> None:
    assert EVENTS.keys() == set(EventKind)
    asked = [each for each in vars(commands).values() if isinstance(each, type) and issubclass(each, Command)]
    actions = {each.action for each in asked if each is not Command and each.audited}
    assert actions <= ACTIONS.keys()


@pytest.mark.parametrize("door", [Door.HOST, Door.IPMI])
async def test_a_caller_of_any_door_is_told_by_it(service: Service, door: Door) -> None:
    caller = replace(OPERATOR, account="guest", door=door, scope=Scope.only("n1"))
    await service.world.fleet.node("n1").do(Power(PowerAction.ON), caller)
    assert ("Power", "guest", door.value, "done", "asked for On") in await told(service, as_="olga")


async def test_the_facts_of_what_happened_are_told_beside_its_words_and_nothing_more(service: Service) -> None:
    assert (await service.call("POST", RESET, {"ResetType": "On"}, as_="olga")).status == 204
    newest, asked = (await service.get(f"{LOG}/Entries?$top=2", as_="olga"))["Members"]
    assert newest["MessageId"] == "Lightsout.1.0.PowerChanged"
    assert newest["Oem"]["Lightsout"]["Details"] == {"from": "Off", "to": "On", "cause": "command"}
    assert (asked["MessageId"], asked["Oem"]["Lightsout"]["Details"]) == ("Lightsout.1.0.Happened", {"action": "On"})
