"""What docs/robots/writing.md shows is a package that installs, is found, and keeps the contract."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "robots" / "writing.md").read_text()
FILE = re.compile(r"^`([\w.]+)`:\n\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)
COMPOSE = """
import sys, tomllib
from pathlib import Path
from uuid import UUID
from bmc.model.node import NodeDefinition
from robots.hardware import driver
from robots.testing import make_site

for node in tomllib.loads(sys.stdin.read())["node"]:
    definition = NodeDefinition(node.pop("name"), UUID(int=1), "hardware", node)
    driver.complete(definition, make_site(Path("site")))
    print(definition.name, "is a node")
"""


def run(directory: Path, *arguments: str, given: str = "") -> str:
    """By this Python, with what `directory` has installed."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "COV_"))}
    environment = {**inherited, "PYTHONPATH": str(directory / "installed")}
    ran = subprocess.run(
        [sys.executable, *arguments], cwd=directory, env=environment, input=given, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the page, and the package they are, installed beside."""
    directory = tmp_path_factory.mktemp("rackbox")
    for name, text in FILE.findall(PAGE):
        (directory / name).write_text(text)
    options = ["--no-build-isolation", "--no-index", "--no-deps", "--disable-pip-version-check"]
    run(directory, "-m", "pip", "install", "--quiet", *options, "--target", "installed", ".")
    (directory / "rackbox.py").unlink()
    return directory


def test_the_adapter_of_the_page_keeps_the_contract(package: Path):
    said = run(package, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "test_rackbox.py")
    assert re.search(r"1\d passed", said), said


def test_the_node_of_the_page_is_one(package: Path):
    nodes = [
        text for text in re.findall(r"^```toml\n(.*?)^```$", PAGE, re.DOTALL | re.M) if "node" in tomllib.loads(text)
    ]
    assert [run(package, "-c", COMPOSE, given=text) for text in nodes] == ["b1 is a node\n"]


def test_the_page_shows_all_that_the_package_is_made_of():
    assert [name for name, _ in FILE.findall(PAGE)] == ["rackbox.py", "pyproject.toml", "test_rackbox.py"]
