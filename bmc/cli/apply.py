"""`bmc node apply`: what a file declares is checked whole, then added or changed, several nodes at a time."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer

from bmc.cli.client import SYSTEMS, Client, system_path
from bmc.cli.declarations import Declared, declared
from bmc.cli.errors import CliError
from bmc.cli.output import CUT_OFF, Json, complain, document, printable
from bmc.cli.power import staggered

PLAN_NODES = "/redfish/v1/Managers/Lightsout/Actions/Oem/Lightsout.PlanNodes"
ASKED_AT_ONCE = 100
"""Nodes in one request, so that no file is too long for it."""
WOULD = {"Add": "would be added", "Change": "would be changed", "None": "is so already"}
DID = {"Add": "added", "Change": "changed", "None": "is so already"}


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done with one node: Add, Change or None, and what of it would be another."""

    node: Declared
    action: str
    changes: Sequence[str]

    @property
    def which(self) -> str:
        return f": {', '.join(self.changes)}" if self.action == "Change" else ""


class Shown(Protocol):
    """Where progress is shown."""

    def __call__(self, line: str) -> None: ...


def apply(
    file: Annotated[Path, typer.Argument(help="TOML with a [[node]] table for each node, or CSV with a row for each")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only check, and tell what would be done")] = False,
    as_json: Json = False,
) -> None:
    """Declare nodes: those missing are added, those that differ are changed, others are left alone.

    name, driver (hardware, if not given) and tags are a node's own; all other keys are its options. In CSV the first
    line names the keys, dotted for tables, as power.host. Everything is checked first: if anything is wrong, all of it
    is told with its line, and nothing is done. Tags and lists are replaced by what is declared. Options that are not
    mentioned stay; tags do not. Nothing is ever removed.
    """
    client = Client()
    steps = _planned(client, declared(file))
    if dry_run:
        if as_json:
            document([_told(step) for step in steps])
        else:
            for step in steps:
                print(printable(f"{step.node.name} {WOULD[step.action]}{step.which}"))
        return
    failed = _carry_out(client, steps, as_json)
    if as_json:
        document([{**_told(step), "error": failed.get(step.node.name)} for step in steps])
    if failed:
        raise typer.Exit(1)


def _planned(client: Client, nodes: Sequence[Declared]) -> list[Step]:
    """:raise CliError: something is wrong; every problem was told."""
    asked = [node for node in nodes if not node.problems]
    told: dict[str, Any] = {}
    for first in range(0, len(asked), ASKED_AT_ONCE):
        bodies = [node.body() for node in asked[first : first + ASKED_AT_ONCE]]
        told |= {each["Name"]: each for each in client.post(PLAN_NODES, {"Nodes": bodies})[0]["Nodes"]}
    problems = [
        f"{node.where}: {node.name or 'a node'}: {problem}"
        for node in nodes
        for problem in (node.problems or told[node.name]["Problems"])
    ]
    for problem in problems:
        complain(problem)
    if problems:
        raise CliError(f"{len(problems)} problem{'s' if len(problems) > 1 else ''}; nothing was done")
    return [Step(node, told[node.name]["Action"], told[node.name]["Changes"]) for node in nodes]


def _carry_out(client: Client, steps: Sequence[Step], quiet: bool) -> dict[str, str]:
    """Returns why some failed."""
    by_name = {step.node.name: step for step in steps}
    failed = {}

    def do(name: str) -> None:
        step = by_name[name]
        node = step.node
        ours = {"Options": node.options, "Tags": node.tags}
        if step.action == "Add":
            client.post(SYSTEMS, {"Name": name, "Oem": {"Lightsout": {"Driver": node.driver, **ours}}})
        elif step.action == "Change":
            client.patch(system_path(name), {"Oem": {"Lightsout": ours}})

    outcomes: Iterable[tuple[str, str]] = staggered(list(by_name), do, 0.0, 1)
    done = 0
    try:
        with _progress(len(steps), quiet) as show:
            for name, why in outcomes:
                done += 1
                if why:
                    failed[name] = why
                    complain(f"{by_name[name].node.where}: {name}: {why}")
                show(printable(f"{name} {'failed' if why else DID[by_name[name].action]}"))
    except KeyboardInterrupt:
        complain(f"{done} of {len(steps)} are done; the same command goes on with the others")
        raise typer.Exit(CUT_OFF) from None
    return failed


@contextmanager
def _progress(total: int, quiet: bool) -> Iterator[Shown]:
    """A line for each node, and on a terminal a bar below them."""
    if quiet:
        yield lambda line: None
    elif not sys.stdout.isatty():
        yield lambda line: print(line, flush=True)
    else:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

        with Progress(BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()) as progress:
            bar = progress.add_task("nodes", total=total)

            def show(line: str) -> None:
                progress.console.print(line, markup=False, highlight=False)
                progress.advance(bar)

            yield show


def _told(step: Step) -> dict[str, Any]:
    return {"node": step.node.name, "action": step.action, "changes": list(step.changes)}
