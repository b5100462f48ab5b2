"""The page's types are those of the tree: TypeScript itself says whether each document is of its type."""

import asyncio
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.dmtf import dmtf
from tests.page_types.schemas import Schemas
from tests.page_types.typescript import own_types, standard_types
from tests.page_types.walk import Document, documents

ROOT = Path(__file__).parents[2]
API = ROOT / "web" / "src" / "api"
TYPESCRIPT = ROOT / "web" / "node_modules" / "typescript" / "bin" / "tsc"
AGAIN = "run scripts/types"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> list[Document]:
    return asyncio.run(documents(tmp_path_factory.mktemp("tree")))


def test_the_types_of_our_own_are_those_of_the_code() -> None:
    assert (API / "lightsout.ts").read_text() == own_types(), AGAIN


def test_the_types_of_the_standard_are_those_of_the_tree_and_of_dmtfs_schemas(tree: list[Document]) -> None:
    schemas = Schemas(dmtf("csdl"))
    assert (API / "redfish.ts").read_text() == standard_types(tree, schemas), AGAIN


def test_every_document_of_the_tree_is_of_its_type(tree: list[Document], tmp_path: Path) -> None:
    told = complaints(tree, tmp_path)
    assert told == "", f"{AGAIN}\n{told}"


def test_a_document_of_another_shape_is_seen(tree: list[Document], tmp_path: Path) -> None:
    system = next(body for body in tree if _type(body) == "ComputerSystem")
    ours = system["Oem"]["Lightsout"]
    changes: list[Document] = [
        {"PowerState": "Broken"},
        {"Status": None},
        {"Name": 7},
        {"Surprise": 1},
        {"Oem": {"Lightsout": ours | {"Tags": "a"}}},
        {"Oem": {"Lightsout": {name: ours[name] for name in ours if name != "Tags"}}},
    ]
    told = complaints([system | change for change in changes], tmp_path)
    assert len(re.findall(r"^\S+: error TS", told, re.MULTILINE)) == len(changes), told


def complaints(bodies: list[Document], directory: Path) -> str:
    """What TypeScript says of documents where the page expects them; empty if nothing."""
    lines = [
        f'import type * as ours from "{API / "lightsout"}";',
        f'import type * as standard from "{API / "redfish"}";',
    ]
    for number, body in enumerate(bodies):
        name = _type(body)
        module = "ours" if name.startswith("Lightsout") else "standard"
        lines.append(f"export const _{number}: {module}.{name} = {json.dumps(body)};")
    (directory / "bodies.ts").write_text("\n".join(lines))
    config: dict[str, Any] = {"extends": str(ROOT / "web" / "tsconfig.base.json"), "files": ["bodies.ts"]}
    config["compilerOptions"] = {"noUnusedLocals": False}
    (directory / "tsconfig.json").write_text(json.dumps(config))
    checked = subprocess.run(
        [ROOT / "scripts" / "node", TYPESCRIPT, "-p", directory], capture_output=True, text=True, check=False
    )
    return checked.stdout + checked.stderr


def _type(body: Document) -> str:
    return str(body["@odata.type"]).rpartition(".")[2]
