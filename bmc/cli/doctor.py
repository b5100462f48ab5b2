"""`bmc doctor`: what works on this machine, what does not, and what to do about it."""

import dataclasses
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from bmc.cli import host
from bmc.cli.client import CliError, running
from bmc.config import Settings, load
from bmc.drivers import Drivers
from bmc.model.checks import Check, Verdict
from bmc.model.clock import SystemClock
from bmc.model.errors import InvalidRequest
from bmc.places import config_file, state_directory

STYLE = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.FAILED: "bold red"}


def show(as_json: bool) -> None:
    """:raise Exit: something failed."""
    found = examine()
    if as_json:
        print(json.dumps([dataclasses.asdict(check) | {"verdict": check.verdict.value} for check in found], indent=2))
    else:
        Console().print(table(found))
    if any(check.verdict is Verdict.FAILED for check in found):
        raise typer.Exit(1)


def examine() -> list[Check]:
    """Every check of this machine, the host's first, then those of each driver."""
    state = state_directory()
    try:
        settings = load(config_file(state))
    except InvalidRequest as error:
        return [Check("configuration", Verdict.FAILED, str(error), f"correct {config_file(state)}")]
    return [*host_checks(state, settings), *driver_checks(state)]


def host_checks(state: Path, settings: Settings) -> Iterator[Check]:
    yield from host.state_directory(state)
    yield host.memory()
    try:
        yield from host.service(running(state))
    except CliError:
        yield from host.addresses(settings)
    yield host.service_manager(os.environ)
    yield from host.deploy_kit()
    yield host.ipmitool()


def driver_checks(state: Path) -> Iterable[Check]:
    def no_credential(name: str) -> tuple[bytes, bytes]:
        raise InvalidRequest(f"no node is opened here that could want the credential {name!r}")

    return Drivers(state / "drivers", SystemClock(), no_credential).checks()


def table(found: list[Check]) -> Table:
    result = Table(box=None, pad_edge=False)
    for title in ("", "check", "finding", "remedy"):
        result.add_column(title, overflow="fold")
    for check in found:
        verdict = f"[{STYLE[check.verdict]}]{check.verdict.value}[/]"
        result.add_row(verdict, check.name, check.finding, check.remedy)
    return result
