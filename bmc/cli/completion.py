"""What the shell offers at a tab: the names of the nodes that are there. Whatever goes wrong, it offers nothing."""

import os

import typer

from bmc.cli.client import SYSTEMS, Client, CliError, running
from bmc.cli.remote import use
from bmc.places import state_directory


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
