"""Plans, the emergency stop and people's assignments on the command line."""

import asyncio
import json

from bmc.model.power import PowerCause, PowerState
from tests.cli.conftest import Shell
from tests.redfish.service import Service
from tests.world import until


async def test_a_plan_is_shown_and_nothing_is_done(service: Service, bmc: Shell) -> None:
    assert await bmc.ok("power", "n1", "on", "--plan", as_="olga") == "n1: On\n  1. On by memory\n"
    hindered = await bmc("power", "n1,n2", "powercycle", "--plan")
    assert (hindered.code, hindered.err) == (0, "")
    hindered = await bmc("power", "n[1-2]", "forcerestart", "--plan")
    assert hindered.code == 1
    assert "n2: ForceRestart\n  1. ForceRestart by memory\n  hindered: n2 is Off" in hindered.out
    assert json.loads(await bmc.ok("power", "n1", "on", "--plan", "--json")) == [
        {"node": "n1", "steps": ["On by memory"], "hindrances": []}
    ]
    assert "of which action" in (await bmc("power", "n1", "--plan")).err
    assert service.drivers.servers["n1"].asked == []


async def test_what_a_person_saw_of_a_server_whose_power_is_unknown_makes_it_obey_again(
    service: Service, bmc: Shell
) -> None:
    known = await bmc("confirm", "n1", "off", as_="olga")
    assert (known.code, known.err) == (1, "bmc: n1 is known to be Off; nothing needs to be confirmed\n")
    server = service.drivers.servers["n1"]
    server.blind = True
    server.become(PowerState.UNKNOWN, PowerCause.OBSERVED, reason="the cable is out")
    node = service.world.fleet.node("n1")
    await until(lambda: node.snapshot.power is PowerState.UNKNOWN)
    assert "look at it and confirm its state first" in (await bmc("power", "n1", "on")).err
    assert (await bmc("confirm", "n1", "maybe")).code == 2
    assert "Operator" in (await bmc("confirm", "n1", "off", as_="vera")).err
    assert await bmc.ok("confirm", "n1", "off", as_="olga") == "n1: confirmed Off\n"
    assert await bmc.ok("power", "n1") == "node  power\nn1    Off\n"


async def test_the_emergency_stop_is_pressed_and_released(service: Service, bmc: Shell) -> None:
    assert "is pressed" in await bmc.ok("emergency-stop", "--reason", "smoke", as_="olga")
    assert service.safety.stopped is not None
    assert (service.safety.stopped.account, service.safety.stopped.reason) == ("olga", "smoke")
    assert (await bmc("emergency-stop", "--release", as_="olga")).code == 1
    assert "may move again" in await bmc.ok("emergency-stop", "--release")
    assert service.safety.stopped is None
    refused = await bmc("emergency-stop", "--release")
    assert (refused.code, refused.err) == (1, "bmc: the emergency stop is not pressed\n")
    assert "not for --release" in (await bmc("emergency-stop", "--release", "--reason", "x")).err


async def test_assignments_are_listed_and_answered(service: Service, bmc: Shell) -> None:
    asked = [asyncio.create_task(service.assignments.ask(name, f"press {name}", 60)) for name in ("n1", "n2")]
    await until(lambda: len(service.assignments.open()) == 2)
    first, second = json.loads(await bmc.ok("assignment", "list", "--json"))
    shown = (await bmc.ok("assignment", "list")).splitlines()
    assert first["Id"] in shown[1]
    assert shown[2].endswith("press n2")
    await bmc.ok("assignment", "done", first["Id"], as_="tina")
    await bmc.ok("assignment", "could-not", second["Id"], as_="olga")
    said, refused = await asyncio.gather(*asked, return_exceptions=True)
    assert said is None
    assert "olga says that it could not be done" in str(refused)
    assert (await bmc.ok("assignment", "list")).splitlines() == ["id  node  until  what"]
    assert (await bmc("assignment", "done", first["Id"])).code == 1


async def test_a_credential_is_set_from_standard_input_or_a_file_and_never_shown(service: Service, bmc: Shell) -> None:
    done = await bmc("credential", "set", "rack1", "--user", "ADMIN", typed=b"hunter2\n")
    assert (done.code, done.out, done.err) == (0, "rack1 set\n", "")
    assert service.credentials.find("rack1") == (b"ADMIN", b"hunter2")
    await bmc.ok("credential", "set", "rack1", "--user", "root", "--password-file", bmc.secret("rotated"))
    assert service.credentials.find("rack1") == (b"root", b"rotated")
    assert (await bmc.ok("credential", "list")).splitlines() == [
        "credential  user   kept in             nodes",
        "rack0       ADMIN  configuration file",
        "rack1       root",
    ]
    assert [each["Name"] for each in json.loads(await bmc.ok("credential", "list", "--json"))] == ["rack0", "rack1"]
    assert "use --yes" in (await bmc("credential", "delete", "rack1")).err
    await bmc.ok("credential", "delete", "rack1", "--yes")
    assert service.credentials.find("rack1") is None
    assert "on standard input" in (await bmc("credential", "set", "rack1", "--user", "x")).err
    assert "Administrators" in (await bmc("credential", "list", as_="olga")).err
