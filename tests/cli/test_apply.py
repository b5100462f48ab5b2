"""`bmc node apply`, `add` and `change` against a service whose driver `hardware` is the real one."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bmc.model.node import NodeDefinition
from robots.hardware import driver
from robots.testing import make_site
from tests.cli.conftest import Shell
from tests.redfish.service import Service
from tests.world import ADMIN

CSV = """name,tags,bmc.adapter,bmc.host,bmc.credential,settle
a1,rack7,ipmi,192.0.2.1,lab,
a2,rack7 lab,ipmi,192.0.2.2,lab,30
"""


@pytest.fixture
def checked(service: Service, tmp_path: Path) -> None:
    """Options of `hardware` are checked as on a real site; what is opened is a server of memory."""
    site = make_site(tmp_path / "site")

    def complete(definition: NodeDefinition) -> NodeDefinition:
        return driver.complete(definition, site) if definition.driver == "hardware" else definition

    service.drivers.complete = complete  # type: ignore[method-assign]


def options(service: Service, name: str) -> Mapping[str, Any]:
    return service.world.fleet.node(name).snapshot.definition.options


@pytest.mark.usefixtures("checked")
async def test_a_file_is_shown_carried_out_and_then_changes_nothing(
    service: Service, bmc: Shell, tmp_path: Path
) -> None:
    file = tmp_path / "nodes.csv"
    file.write_text(CSV)
    assert await bmc.ok("node", "apply", str(file), "--dry-run") == "a1 would be added\na2 would be added\n"
    assert "a1" not in [node.snapshot.name for node in service.world.fleet.visible(ADMIN)]
    assert sorted((await bmc.ok("node", "apply", str(file))).splitlines()) == ["a1 added", "a2 added"]
    definition = service.world.fleet.node("a2").snapshot.definition
    assert (definition.driver, definition.tags) == ("hardware", frozenset({"rack7", "lab"}))
    assert definition.options == {
        "bmc": {"adapter": "ipmi", "host": "192.0.2.2", "credential": "lab"},
        "settle": 30,
    }
    assert sorted((await bmc.ok("node", "apply", str(file))).splitlines()) == ["a1 is so already", "a2 is so already"]
    file.write_text(CSV.replace("192.0.2.1", "192.0.2.9").replace("rack7 lab", "rack7"))
    told = json.loads(await bmc.ok("node", "apply", str(file), "--dry-run", "--json"))
    assert told == [
        {"node": "a1", "action": "Change", "changes": ["bmc"]},
        {"node": "a2", "action": "Change", "changes": ["tags"]},
    ]
    assert sorted((await bmc.ok("node", "apply", str(file))).splitlines()) == ["a1 changed", "a2 changed"]
    assert options(service, "a1")["bmc"]["host"] == "192.0.2.9"
    assert len(service.world.fleet.visible(ADMIN)) == 5


@pytest.mark.usefixtures("checked")
async def test_every_problem_is_told_with_its_line_and_nothing_is_done(
    service: Service, bmc: Shell, tmp_path: Path
) -> None:
    file = tmp_path / "nodes.toml"
    file.write_text(
        '[[node]]\nname = "a1"\nbmc = {adapter = "ipmi", host = "192.0.2.1", credential = "lab"}\n'
        '[[node]]\nname = "a2"\nbmc = {adapter = "ipmi", hots = "192.0.2.1", credential = "lab"}\n'
        '[[node]]\nname = "A3"\nbmc = {adapter = "ipmi", host = "192.0.2.3", credential = "missing"}\n'
        '[[node]]\nname = "a1"\n'
        '[[node]]\nname = "n1"\n'
    )
    done = await bmc("node", "apply", str(file))
    assert (done.code, done.out) == (1, "")
    lines = [line.removeprefix(f"bmc: {file}:") for line in done.err.splitlines()]
    assert lines[0].startswith("4: a2: options.bmc.host: Field required")
    assert lines[1].startswith("4: a2: options.bmc.hots: there is no such option")
    assert lines[2].startswith("7: A3: Name 'A3' must be a host name")
    assert lines[3] == f"10: a1: a1 is declared already at {file}:1"
    assert lines[4] == "12: n1: it has the driver memory, not hardware: remove it first"
    assert lines[5] == "bmc: 5 problems; nothing was done"
    assert len(service.world.fleet.visible(ADMIN)) == 3


@pytest.mark.usefixtures("checked")
async def test_one_that_the_service_cannot_change_now_does_not_keep_the_others(
    service: Service, bmc: Shell, tmp_path: Path
) -> None:
    file = tmp_path / "nodes.csv"
    file.write_text("name,driver,rack\nn1,memory,7\nn2,memory,7\n")
    await bmc.ok("power", "n1", "on", "--wait")
    done = await bmc("node", "apply", str(file), "--json")
    assert done.code == 1
    assert done.err.startswith(f"bmc: {file}:2: n1: ")
    assert [each["error"] is None for each in done.json] == [False, True]
    assert options(service, "n2") == {"rack": 7}


@pytest.mark.usefixtures("checked")
async def test_who_may_define_no_nodes_is_told_so_before_anything_is_done(bmc: Shell, tmp_path: Path) -> None:
    file = tmp_path / "nodes.csv"
    file.write_text(CSV)
    done = await bmc("node", "apply", str(file), as_="olga")
    assert done.code == 1
    assert "create-node takes the role Administrator" in done.err
    assert "2 problems; nothing was done" in done.err


@pytest.mark.usefixtures("checked")
async def test_tables_are_given_and_changed_by_dotted_keys(service: Service, bmc: Shell) -> None:
    table = ("bmc.adapter=ipmi", "bmc.host=192.0.2.7", "bmc.credential=lab", 'budgets=["feed"]')
    await bmc.ok("node", "add", "a2", "--driver", "hardware", *(word for each in table for word in ("--set", each)))
    await bmc.ok("node", "change", "a2", "--set", "bmc.host=192.0.2.8")
    assert options(service, "a2") == {
        "bmc": {"adapter": "ipmi", "host": "192.0.2.8", "credential": "lab"},
        "budgets": ["feed"],
    }
    refused = await bmc("node", "add", "a3", "--driver", "hardware", "--set", "bmc.adapter=pigeon")
    assert "bmc.adapter: expected one of" in refused.err


@pytest.mark.usefixtures("checked")
async def test_five_hundred_rows_are_added_and_then_left_alone(service: Service, bmc: Shell, tmp_path: Path) -> None:
    file = tmp_path / "nodes.csv"
    rows = "".join(f"b{i},rack7,ipmi,192.0.2.{i % 250},lab,\n" for i in range(500))
    file.write_text(CSV.partition("\n")[0] + "\n" + rows)
    assert (await bmc.ok("node", "apply", str(file))).count(" added\n") == 500
    assert (await bmc.ok("node", "apply", str(file))).count(" is so already\n") == 500
