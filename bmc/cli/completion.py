"""What the shell offers at a tab: the names of the nodes that are there. Whatever goes wrong, it offers nothing."""

import os
from collections.abc import Callable
from enum import Enum
from typing import Any

import typer
from typer.core import TyperGroup

from bmc.cli.client import SYSTEMS, Client, running
from bmc.cli.errors import CliError
from bmc.cli.remote import use
from bmc.places import state_directory


class Group(TyperGroup):
    """Commands that are quick at a tab."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if ctx.resilient_parsing:
            _leave_as_typed(self, ctx)
        return super().parse_args(ctx, args)


def _leave_as_typed(command: Any, ctx: Any) -> None:
    """Words before the tab are not checked: typer imports pydantic for that, a third of the whole time."""
    for parameter in command.get_params(ctx):
        parameter.process_value = lambda ctx, value: value
    for inner in getattr(command, "commands", {}).values():
        _leave_as_typed(inner, ctx)


def offered(words: type[Enum]) -> Callable[[], list[str]]:
    """Completes one of them."""
    return lambda: [each.value for each in words]


def node_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Completes the last name of a list. Local names come from a file: that is quicker than to ask."""
    before, comma, begun = incomplete.rpartition(",")
    try:
        use(ctx.find_root().params)
        names = _remote() if os.environ.get("BMC_URL") else [each["name"] for each in running(state_directory()).nodes]
    except CliError:
        return []
    return [before + comma + name for name in names if name.startswith(begun)]


def _remote() -> list[str]:
    """Nobody is asked for a password at a tab."""
    if not os.environ.get("BMC_TOKEN_FILE") and not os.environ.get("BMC_PASSWORD_FILE"):
        return []
    return [member["@odata.id"].rpartition("/")[2] for member in Client().get(SYSTEMS)["Members"]]
