"""A node's users as clients make, change and clear them, over the real accounts."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bmc.accounts import Accounts
from bmc.ipmi.server import IpmiServer
from bmc.model.caller import Role, Scope
from bmc.model.clock import SystemClock
from bmc.model.events import EventKind
from bmc.model.node import Endpoint
from tests.ipmi.conftest import Live, low_port, run
from tests.ipmi.fakes import KEY, FakeNode, FakeSlots
from tests.world import World


@dataclass
class Estate(Live):
    """A live node whose users are real: `admin` governs the fleet, `root` is the node's own administrator."""

    accounts: Accounts

    async def login(self, user: str, key: str, *options: str) -> tuple[int, str]:
        where = ["-H", self.endpoint.host, "-p", str(self.port), "-U", user, "-P", key]
        return await run("ipmitool", "-I", "lanplus", *where, *options, "mc", "guid")


@pytest.fixture
async def estate(world: World, tmp_path: Path) -> AsyncIterator[Estate]:
    key_file = tmp_path / "key"
    key_file.write_text(KEY)
    node, machine = await world.add()
    node.relocate(Endpoint("127.0.0.1", low_port()))
    accounts = await Accounts.open(world.store, world.events, SystemClock(), tmp_path / "ipmi.key")
    await accounts.create("admin", "a long web password", Role.ADMINISTRATOR)
    await accounts.set_slot("n1", 2, "admin", KEY.encode(), Role.ADMINISTRATOR, account="admin")
    await accounts.set_slot("n1", 14, "root", KEY.encode(), Role.ADMINISTRATOR)
    async with IpmiServer(accounts, world.store, SystemClock()) as server:
        endpoint = await server.add(node)
        yield Estate(server, FakeNode(), FakeSlots(), endpoint, key_file, node, machine, world, accounts)
