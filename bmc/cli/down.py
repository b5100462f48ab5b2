"""`bmc down`: end the nodes of this installation, with or without a running service."""

import asyncio
import sys
from typing import Annotated

import typer

from bmc.cli.client import Client, CliError, running, system_path
from bmc.config import state_directory


def down(yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False) -> None:
    """Power off every node at once, as by ForceOff; asks first."""
    state = state_directory()
    try:
        running(state)
    except CliError:
        client = None
    else:
        client = Client(state)
    if not yes:
        if not sys.stdin.isatty():
            raise CliError("this powers off every node, and nobody is there to answer; use --yes")
        if not typer.confirm(f"Power off every node of {state}? Guests lose what they have not written."):
            raise CliError("nothing was done")
    ended = _through(client) if client else asyncio.run(_alone())
    print(f"powered off: {', '.join(ended) or 'none was on'}")


def _through(client: Client) -> list[str]:
    ended = []
    for system in client.get("/redfish/v1/Systems?$expand=.")["Members"]:
        if system["PowerState"] != "Off":
            client.post(f"{system_path(system['Id'])}/Actions/ComputerSystem.Reset", {"ResetType": "ForceOff"})
            ended.append(system["Id"])
    return ended


async def _alone() -> list[str]:
    """No service runs, but its nodes may."""
    from bmc.core import open_core
    from bmc.model.caller import Caller, Door, Role, Scope
    from bmc.model.commands import Power
    from bmc.model.power import PowerAction, PowerState

    caller = Caller("bmc down", Role.ADMINISTRATOR, Scope(), Door.CLI)
    ended = []
    async with open_core(state_directory()) as core:
        await core.fleet.start()
        for node in core.fleet.visible(caller):
            if node.snapshot.power is not PowerState.OFF:
                await node.do(Power(PowerAction.FORCE_OFF), caller)
                ended.append(node.snapshot.name)
    return ended
