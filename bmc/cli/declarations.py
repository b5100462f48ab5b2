"""Files that declare nodes: TOML with a [[node]] table for each, or CSV with a row for each. Every problem is told."""

import csv
import datetime
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bmc.cli.errors import CliError
from bmc.cli.files import read
from bmc.cli.node_options import nested, value_of

DRIVER = "hardware"
"""Of a node that names none."""
_HEAD = re.compile(r"^\s*\[\[\s*node\s*\]\]", re.MULTILINE)


@dataclass(slots=True)
class Declared:
    """One node as a file has it; `where` is the place there, `problems` what is wrong before anybody was asked."""

    where: str
    name: str = ""
    driver: str = DRIVER
    tags: list[str] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def body(self) -> dict[str, Any]:
        """As the service takes it."""
        return {"Name": self.name, "Driver": self.driver, "Options": self.options, "Tags": self.tags}


def declared(file: Path) -> list[Declared]:
    """:raise CliError: it is no such file."""
    nodes = list(_of_csv(file) if file.suffix.lower() == ".csv" else _of_toml(file))
    if not nodes:
        raise CliError(f"{file} declares no node")
    first: dict[str, str] = {}
    for node in nodes:
        if node.name and (before := first.setdefault(node.name, node.where)) != node.where:
            node.problems.append(f"{node.name} is declared already at {before}")
    return nodes


def _of_toml(file: Path) -> Iterator[Declared]:
    import tomllib

    text = read(file)
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CliError(f"{file}: {error}") from None
    nodes = tables.pop("node", None)
    if tables:
        raise CliError(f"{file}: {', '.join(tables)}: expected only [[node]] tables")
    if not isinstance(nodes, list) or not all(isinstance(each, dict) for each in nodes):
        raise CliError(f"{file}: expected [[node]] tables, each with name and options")
    heads = [text.count("\n", 0, found.start(0)) + 1 for found in _HEAD.finditer(text)]
    known = len(heads) == len(nodes)
    for index, table in enumerate(nodes):
        node = _node(f"{file}:{heads[index]}" if known else f"{file}: node {index + 1}", table)
        node.problems += [f"{key}: a date is no option; put it in quotes" for key in _dates(node.options)]
        yield node


def _of_csv(file: Path) -> Iterator[Declared]:
    lines = csv.reader(read(file).removeprefix("\ufeff").splitlines(keepends=True))
    try:
        head = [key.strip() for key in next(lines, [])]
        if "name" not in head or not all(head) or len(set(head)) < len(head):
            raise CliError(f"{file}:1: expected a line of different keys, `name` among them")
        for cells in lines:
            if any(cell.strip() for cell in cells):
                yield _row(f"{file}:{lines.line_num}", head, cells)
    except csv.Error as error:
        raise CliError(f"{file}:{lines.line_num}: {error}") from None


def _row(where: str, head: list[str], cells: list[str]) -> Declared:
    given = {key: cell.strip() for key, cell in zip(head, cells, strict=False) if cell.strip()}
    table: dict[str, Any] = {key: given.pop(key) for key in ("name", "driver") if key in given}
    if tags := given.pop("tags", ""):
        table["tags"] = value_of(tags) if tags.startswith("[") else tags.split()
    try:
        node = _node(where, {**nested((key, value_of(cell)) for key, cell in given.items()), **table})
    except CliError as error:
        node = _node(where, table)
        node.problems.append(str(error))
    if len(cells) > len(head):
        node.problems.append(f"it has {len(cells)} cells; the first line has {len(head)} keys")
    return node


def _node(where: str, table: Mapping[str, Any]) -> Declared:
    options = dict(table)
    name, driver, tags = options.pop("name", ""), options.pop("driver", DRIVER), options.pop("tags", [])
    node = Declared(where, options=options)
    if isinstance(name, str) and name:
        node.name = name
    else:
        node.problems.append("name: expected a name")
    if isinstance(driver, str):
        node.driver = driver
    else:
        node.problems.append("driver: expected a name")
    if isinstance(tags, list) and all(isinstance(tag, str) for tag in tags):
        node.tags = tags
    else:
        node.problems.append("tags: expected a list of words")
    return node


def _dates(value: Any, path: str = "") -> Iterator[str]:
    """Where there are some: JSON has none."""
    if isinstance(value, datetime.date | datetime.time):
        yield path
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _dates(each, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _dates(each, f"{path}[{index}]")
