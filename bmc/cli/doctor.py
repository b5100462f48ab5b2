"""`bmc doctor`: what works on this machine, what does not, and what to do about it."""

import dataclasses
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import typer

from bmc.cli import host
from bmc.cli.client import running
from bmc.cli.errors import CliError
from bmc.cli.output import document, table
from bmc.config import Settings, load
from bmc.drivers import checks, configured
from bmc.model.checks import Check, Verdict
from bmc.model.errors import InvalidRequest
from bmc.places import config_file, state_directory


def show(as_json: bool) -> None:
    """:raise Exit: something failed."""
    found = examine()
    if as_json:
        document([dataclasses.asdict(check) | {"verdict": check.verdict.value} for check in found])
    else:
        table(("", "check", "finding"), list(rows(found)))
    if any(check.verdict is Verdict.FAILED for check in found):
        raise typer.Exit(1)


def examine() -> list[Check]:
    """Every check of this machine, the host's first, then those of each driver."""
    state = state_directory()
    try:
        settings = load(config_file(state))
    except InvalidRequest as error:
        return [Check("configuration", Verdict.FAILED, str(error), f"correct {config_file(state)}")]
    return [*host_checks(state, settings), *driver_checks(state, settings)]


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


def driver_checks(state: Path, settings: Settings) -> Iterable[Check]:
    return checks(state / "drivers", configured(settings))


def rows(found: Iterable[Check]) -> Iterator[tuple[str, str, str]]:
    """A remedy is below what it mends."""
    for check in found:
        yield check.verdict.value, check.name, check.finding
        if check.remedy:
            yield "", "", f"→ {check.remedy}"
