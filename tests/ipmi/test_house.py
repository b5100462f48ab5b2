"""The door in the house: real nodes, real accounts, and ipmitool outside."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bmc.accounts import Accounts
from bmc.ipmi.server import IpmiServer
from bmc.model.caller import Door, Role, Scope
from bmc.model.clock import SystemClock
from bmc.model.power import PowerAction, PowerCause, PowerState
from bmc.node import Node
from tests.ipmi.conftest import run
from tests.ipmi.terminal import terminal
from tests.world import ADMIN, MemoryServer, World, until


@dataclass
class House:
    world: World
    accounts: Accounts
    server: IpmiServer
    node: Node
    machine: MemoryServer
    key_file: Path

    def line(self, *words: str, user: str = "admin") -> list[str]:
        endpoint = self.server.endpoint("n1")
        assert endpoint is not None
        where = ["-H", endpoint.host, "-p", str(endpoint.port), "-U", user, "-f", str(self.key_file)]
        return ["ipmitool", "-I", "lanplus", *where, *words]

    async def ipmitool(self, *words: str, user: str = "admin") -> tuple[int, str]:
        return await run(*self.line(*words, user=user))


KEY = "0123456789abcdefghij"


@pytest.fixture
async def house(world: World, tmp_path: Path) -> AsyncIterator[House]:
    accounts = await Accounts.open(world.store, world.events, SystemClock(), tmp_path / "ipmi.key")
    await accounts.create("admin", "a long web password", Role.ADMINISTRATOR)
    node, machine = await world.add()
    await accounts.set_slot("n1", 2, "admin", KEY.encode(), Role.ADMINISTRATOR, account="admin")
    await accounts.set_slot("n1", 3, "olga", KEY.encode(), Role.OPERATOR)
    key_file = tmp_path / "key"
    key_file.write_text(KEY)
    async with IpmiServer(accounts, world.store, SystemClock()) as server:
        await server.add(node)
        yield House(world, accounts, server, node, machine, key_file)


async def test_power_over_ipmi_and_back(house: House) -> None:
    assert await house.ipmitool("chassis", "power", "status") == (0, "Chassis Power is off\n")
    assert await house.ipmitool("chassis", "power", "on") == (0, "Chassis Power Control: Up/On\n")
    await until(lambda: house.node.snapshot.power is PowerState.ON)
    assert await house.ipmitool("chassis", "power", "status") == (0, "Chassis Power is on\n")
    assert await house.ipmitool("chassis", "power", "off") == (0, "Chassis Power Control: Down/Off\n")
    await until(lambda: house.node.snapshot.power is PowerState.OFF)
    assert house.machine.applied == [PowerAction.ON, PowerAction.FORCE_OFF]


async def test_an_account_limited_to_tags_comes_in_only_where_the_node_has_one(house: House) -> None:
    await house.accounts.create("root2", "another web password", Role.ADMINISTRATOR)
    await house.accounts.change("admin", scope=Scope(False, tags=frozenset({"lab"})))
    code, printed = await house.ipmitool("chassis", "power", "on")
    assert code == 1
    assert "Unable to establish" in printed
    await house.world.fleet.change("n1", {}, ADMIN, frozenset({"lab"}))
    assert await house.ipmitool("chassis", "power", "on") == (0, "Chassis Power Control: Up/On\n")
    assert house.machine.applied == [PowerAction.ON]


async def test_cycle_and_reset_of_a_node_that_is_off_are_refused(house: House) -> None:
    for verb in ("cycle", "reset"):
        code, printed = await house.ipmitool("chassis", "power", verb)
        assert code == 1
        assert "Command not supported in present state" in printed
    assert house.machine.applied == []


async def test_a_power_state_that_nobody_sees_is_d5h(house: House) -> None:
    house.machine.become(PowerState.UNKNOWN, PowerCause.OBSERVED)
    await until(lambda: house.node.snapshot.power is PowerState.UNKNOWN)
    code, printed = await house.ipmitool("chassis", "status")
    assert code == 1
    assert "Command not supported in present state" in printed


async def test_boot_override_reaches_the_machine_and_is_spent(house: House) -> None:
    await house.ipmitool("chassis", "bootdev", "pxe")
    assert "Force PXE" in (await house.ipmitool("chassis", "bootparam", "get", "5"))[1]
    await house.ipmitool("chassis", "power", "on")
    await until(lambda: house.node.snapshot.boot.target.value == "None")
    assert "Boot Flag Invalid" in (await house.ipmitool("chassis", "bootparam", "get", "5"))[1]


async def test_every_action_is_in_the_audit_with_who_and_whence(house: House) -> None:
    await house.ipmitool("-L", "OPERATOR", "chassis", "power", "on", user="olga")
    record = next(record for record in await house.world.audit.read() if record.action == "power")
    assert (record.account, record.door, record.address) == ("ipmi:olga", Door.IPMI, "127.0.0.1")


async def test_the_web_password_is_no_ipmi_key(house: House) -> None:
    house.key_file.write_text("a long web password")
    assert (await house.ipmitool("chassis", "power", "status"))[0] == 1


async def test_who_loses_the_account_loses_ipmi(house: House) -> None:
    await house.accounts.create("other", "another web password", Role.ADMINISTRATOR)
    await house.accounts.change("admin", enabled=False)
    assert (await house.ipmitool("chassis", "power", "status"))[0] == 1


async def test_a_session_ends_at_once_when_its_slot_is_cleared(house: House) -> None:
    async with terminal(*house.line("shell")) as shell:
        shell.type(b"chassis power status\n")
        await shell.expect(b"Chassis Power is off")
        assert house.server.counters["requests"] > 0
        await house.accounts.clear_slot("n1", 2)
        door = house.server._opened["n1"].door
        assert door is not None
        assert door._sessions.active == []


async def test_a_node_without_a_serial_line_says_that_sol_is_disabled(house: House) -> None:
    code, printed = await house.ipmitool("sol", "activate")
    assert code == 1
    assert "SOL payload disabled" in printed
