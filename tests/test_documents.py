"""The documents show what the code says, and point to what is there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from bmc.cli import app
from bmc.virtual_node.options import VirtualNodeOptions
from robots.hardware import HardwareOptions

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_every_table_of_the_code_is_printed_as_it_is_now():
    checked = subprocess.run(
        [sys.executable, "scripts/tables", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document):
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
        if "://" not in target:
            assert (document.parent / target).exists(), target


@pytest.mark.parametrize(
    ("document", "options"), [("virtual-nodes.md", VirtualNodeOptions), ("hardware.md", HardwareOptions)]
)
def test_every_option_of_a_driver_is_documented(document, options):
    text = (ROOT / "docs" / document).read_text()
    assert [name for name in options.model_fields if f"| `{name}` |" not in text] == []


def test_every_event_and_variable_of_the_environment_is_documented():
    text = "\n".join(document.read_text() for document in DOCUMENTS)
    sources = [*(ROOT / "bmc").rglob("*.py"), *(ROOT / "robots").rglob("*.py")]
    used = {found for source in sources for found in re.findall(r'"(BMC_[A-Z_]+)"', source.read_text())}
    assert [name for name in sorted(used) if f"`{name}`" not in text] == []


def test_every_command_is_on_the_page_of_the_command_line():
    text = (ROOT / "docs" / "cli.md").read_text()
    tree = typer.main.get_group(app)
    commands = [
        f"bmc {name}{f' {inner}' if inner else ''}"
        for name, command in tree.commands.items()
        for inner in getattr(command, "commands", [""])
    ]
    assert len(commands) > 30
    assert [command for command in commands if not re.search(rf"^{command}\b", text, re.MULTILINE)] == []
