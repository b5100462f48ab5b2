"""The order of the rooms (ARCHITECTURE.md), checked on the import statements of every module."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("bmc", "robots")

# A room imports only rooms before it, and itself. The longest prefix that fits a module's name is its room.
ROOMS = (
    "bmc.model",
    "bmc.places",
    "bmc.secret_files",
    "bmc.network",
    "bmc.ipmi.wire",
    "bmc.shared_devices",
    "bmc.ports",
    "bmc.socket_stream",
    "bmc.fetch",
    "bmc.store",
    "bmc.events",
    "bmc.accounts",
    "bmc.assignments",
    "bmc.records",
    "bmc.power",
    "bmc.console",
    "bmc.media",
    "bmc.node",
    "bmc.fleet",
    "bmc.aggregates",
    "bmc.jobs",
    "bmc.images",
    "bmc.reinstall",
    "bmc.hooks",
    "bmc.virtual_node",
    "bmc.libvirt_node",
    "robots",
    "bmc.ipmi",
    "bmc.redfish",
    "bmc.http",
    "bmc.ssh",
    "bmc.config",
    "bmc.endpoints",
    "bmc.drivers",
    "bmc.core",
    "bmc.first_start",
    "bmc.service",
    "bmc.cli",
)
BACKENDS = frozenset({"bmc.virtual_node", "bmc.libvirt_node", "robots"})
DOORS = frozenset({"bmc.ipmi", "bmc.redfish", "bmc.http", "bmc.ssh"})
MAY_IMPORT_BACKENDS = frozenset({"bmc.drivers"})
MAY_IMPORT_DOORS = frozenset({"bmc.service", "bmc.cli.serve"})

# Python runs these on the way to `bmc.ipmi.wire`; anything in them would be imported by everybody.
EMPTY = ("bmc/__init__.py", "bmc/ipmi/__init__.py")

NETWORK = frozenset({"asyncio", "socket", "socketserver", "selectors", "ssl", "subprocess", "aiohttp"})
SANS_IO = {"bmc.ipmi.wire": NETWORK, "bmc.ipmi.session": NETWORK, "bmc.power": NETWORK - {"asyncio"}}
ONLY_IN = {"sqlite3": "bmc.store"}


def room_of(module: str) -> str | None:
    fitting = [room for room in ROOMS if module == room or module.startswith(f"{room}.")]
    return max(fitting, key=len, default=None)


def below(module: str, prefix: str) -> bool:
    return module == prefix or module.startswith(f"{prefix}.")


def modules_of(root: Path) -> dict[str, Path]:
    found = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(tree: ast.Module, known: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Line and full name of every module imported, `from package import module` included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield node.lineno, name if name in known else str(node.module)


def forbidden(module: str, target: str) -> str | None:
    """Why `module` may not import `target`; None when it may."""
    for prefix, banned in SANS_IO.items():
        if below(module, prefix) and target.split(".")[0] in banned:
            return f"{prefix} does no I/O"
    owner = ONLY_IN.get(target.split(".")[0])
    if owner and not below(module, owner):
        return f"only {owner} may"
    if target.split(".")[0] not in PACKAGES:
        outside = below(module, "bmc.model") and target.split(".")[0] not in sys.stdlib_module_names
        return "bmc.model uses the standard library only" if outside else None

    room, other = room_of(module), room_of(target)
    if other == room or room is None or target == "bmc":  # that one is empty; it tells where the code lies
        return None
    if other is None:
        return f"{target} is in no room"
    if ROOMS.index(other) > ROOMS.index(room):
        return f"{other} comes after {room}"
    if other in BACKENDS and module not in MAY_IMPORT_BACKENDS:
        return "only bmc.drivers imports a backend"
    if other in DOORS and room not in DOORS and module not in MAY_IMPORT_DOORS:
        return "only bmc.service and bmc.cli.serve import a door"
    return None


def problems(root: Path) -> list[str]:
    """Every breach of the order in the tree at `root`, as `file:line: what`."""
    found = [f"{name}:1: must stay empty" for name in EMPTY if (root / name).read_text().strip()]
    modules = modules_of(root)
    known = frozenset(modules)
    for module, path in modules.items():
        where = path.relative_to(root)
        if room_of(module) is None and str(where) not in EMPTY:
            found.append(f"{where}:1: {module} is in no room")
        tree = ast.parse(path.read_text(), str(path))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.level:
                found.append(f"{where}:{node.lineno}: relative import")
            if "TYPE_CHECKING" in (getattr(node, "id", None), getattr(node, "attr", None)):
                found.append(f"{where}:{getattr(node, 'lineno', 1)}: TYPE_CHECKING hides a circle")
        for line, target in imports_of(tree, known):
            if reason := forbidden(module, target):
                found.append(f"{where}:{line}: {module} imports {target}: {reason}")
    return found


def test_every_module_imports_only_rooms_before_its_own() -> None:
    assert problems(ROOT) == []


def test_every_room_is_listed_once() -> None:
    assert len(ROOMS) == len(set(ROOMS))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in EMPTY:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    return tmp_path


BREACHES = [
    ("bmc/model/power.py", "import bmc.store", "bmc.store comes after bmc.model"),
    ("bmc/model/power.py", "import attrs", "standard library only"),
    ("bmc/power/table.py", "from bmc.node import Node", "bmc.node comes after bmc.power"),
    ("bmc/power/table.py", "def f():\n    import bmc.fleet", "bmc.fleet comes after bmc.power"),
    ("bmc/ipmi/wire/rmcp.py", "import bmc.ipmi.session", "bmc.ipmi comes after bmc.ipmi.wire"),
    ("bmc/ipmi/wire/rmcp.py", "from asyncio import sleep", "does no I/O"),
    ("bmc/fleet.py", "from bmc import virtual_node", "bmc.virtual_node comes after bmc.fleet"),
    ("bmc/redfish/systems.py", "from bmc.virtual_node.driver import driver", "only bmc.drivers imports a backend"),
    ("bmc/service.py", "import robots.ipmi", "only bmc.drivers imports a backend"),
    ("bmc/cli/node.py", "from bmc.redfish import systems", "only bmc.service and bmc.cli.serve import a door"),
    ("bmc/jobs/runner.py", "import sqlite3", "only bmc.store may"),
    ("bmc/fleet.py", "from . import node", "relative import"),
    ("bmc/fleet.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    pass", "TYPE_CHECKING"),
    ("bmc/fleet.py", "import typing\nif typing.TYPE_CHECKING:\n    pass", "TYPE_CHECKING"),
    ("bmc/attic.py", "", "bmc.attic is in no room"),
    ("bmc/fleet.py", "import bmc.attic", "bmc.attic is in no room"),
    ("bmc/__init__.py", "VERSION = 1", "must stay empty"),
]


@pytest.mark.parametrize(("file", "code", "expected"), BREACHES)
def test_a_breach_is_found(tree: Path, file: str, code: str, expected: str) -> None:
    (tree / file).parent.mkdir(parents=True, exist_ok=True)
    (tree / file).write_text(code)
    (tree / "bmc/virtual_node").mkdir(exist_ok=True)
    (tree / "bmc/virtual_node/__init__.py").write_text("")
    found = problems(tree)
    assert len(found) == 1
    assert expected in found[0]


ALLOWED = [
    ("bmc/cli/serve.py", "import bmc.http.app"),
    ("bmc/service.py", "from bmc.ipmi.server import IpmiServer"),
    ("bmc/http/app.py", "import bmc.redfish.root"),
    ("bmc/drivers.py", "import bmc.virtual_node.driver\nimport robots.ipmi"),
    ("robots/ipmi.py", "import bmc.ipmi.wire.rmcp\nimport pyghmi"),
    ("bmc/store/store.py", "import sqlite3"),
    ("bmc/node/node.py", "import bmc.node.journal\nfrom bmc import ports"),
]


@pytest.mark.parametrize(("file", "code"), ALLOWED)
def test_what_the_order_allows_is_not_a_breach(tree: Path, file: str, code: str) -> None:
    (tree / file).parent.mkdir(parents=True, exist_ok=True)
    (tree / file).write_text(code)
    (tree / "bmc/ports.py").write_text("")
    assert problems(tree) == []


def test_the_table_in_the_architecture_shows_the_rooms_that_are_there_in_their_order():
    shown = re.findall(r"^\| `([a-z_/.]+)` \|", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE)
    there = {room_of(module) for module in modules_of(ROOT)}
    rooms = [name.rstrip("/").removesuffix(".py").replace("/", ".") for name in shown]
    assert rooms == [room for room in ROOMS if room in there]
