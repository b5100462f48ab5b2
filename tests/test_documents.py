"""The documents show what the code says, and point to what is there."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from bmc.cli import app
from bmc.virtual_node.options import VirtualNodeOptions
from robots.hardware import HardwareOptions

ROOT = Path(__file__).parents[1]
EXAMPLES = [path for path in sorted((ROOT / "docs" / "examples").iterdir()) if path.suffix != ".md"]
DOCUMENTS = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").rglob("*.md"))]
SOURCES = [path for room in ("bmc", "robots") for path in sorted((ROOT / room).rglob("*.py"))]


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
    used = {found for source in SOURCES for found in re.findall(r'"(BMC_[A-Z_]+)"', source.read_text())}
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


def test_every_button_that_the_document_of_the_page_names_is_on_the_page():
    words = json.loads((ROOT / "web" / "src" / "words" / "zh-CN.json").read_text())
    buttons = [
        match[1]
        for line in (ROOT / "docs" / "web.md").read_text().splitlines()
        for match in re.finditer(r"\*\*(.+?)\*\*", line)
        if line[: match.start()].strip(" -")  # what a line begins with is its heading
    ]
    assert len(buttons) > 10
    assert [button for button in buttons if button not in words] == []


def code(document: Path) -> Iterator[str]:
    """Each line of its blocks of code, and what stands in code marks elsewhere. An example is one block as a whole."""
    text = document.read_text()
    blocks = [text] if document in EXAMPLES else re.findall(r"^```.*?^```", text, re.MULTILINE | re.DOTALL)
    for block in blocks:
        yield from block.splitlines()
        text = text.replace(block, "")
    yield from re.findall(r"`([^`\n]+)`", text)


def strange(words: list[str]) -> str:
    """What of `bmc WORDS…` the command line does not know; empty if it knows all of it."""
    command: Any = typer.main.get_command(app)
    left = iter(words)
    for word in left:
        known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
        inner = getattr(command, "commands", {})
        if re.fullmatch(r"[|>#].*|&&|…", word):
            break
        if option := re.match(r"--[a-z][a-z0-9-]*", word):
            if option[0] not in known | {"--help"}:
                return option[0]
            if inner:
                next(left, "")  # all options that stand before a command take a value
        elif inner:
            name = re.sub(r"[^a-z0-9-].*", "", word)
            if name not in inner:
                return word
            command = inner[name]
    return ""


def test_every_command_that_a_document_or_a_message_tells_is_there_with_its_options():
    told = [
        (source.name, written, strange(written.split()))
        for source in [*DOCUMENTS, *EXAMPLES, *SOURCES]
        for piece in code(source)
        for written in re.findall(r"(?<![\w-])bmc (?=([a-z-].+))", piece)
    ]
    assert len(told) > 150
    assert [(name, f"bmc {written}", word) for name, written, word in told if word] == []


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("confirm NODE on|off", ""),
        ("--url URL node list --json", ""),
        ("node list --jason", "--jason"),
        ("confess NODE", "confess"),
        ("node confess", "confess"),
        ("--confess n1 power", "--confess"),
        ("node list --url URL", "--url"),
    ],
)
def test_a_command_that_is_not_there_would_be_found(written: str, word: str):
    assert strange(written.split()) == word
