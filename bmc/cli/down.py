"""`bmc down`: end the virtual nodes of this installation, with or without a running service."""

import time
from dataclasses import dataclass, field

from bmc.cli.client import Client, running, system_path
from bmc.cli.errors import CliError
from bmc.cli.output import Yes, ask
from bmc.places import state_directory

PATIENCE = 15.0
"""Seconds that a node may take to be off when the service has said that its power-off is under way."""


@dataclass(slots=True)
class Tally:
    """What became of the nodes that were not off: those that are now, and why the others are not."""

    ended: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def down(yes: Yes = False) -> None:
    """Power off every virtual node at once, as by ForceOff; asks first. Exit code 1 when one could not be.

    Servers of real hardware are left as they are.
    """
    state = state_directory()
    try:
        running(state)
    except CliError:
        client = None
    else:
        client = Client(state)
    ask(f"Power off every virtual node of {state}? Guests lose what they have not written.", yes)
    tally = _through(client) if client else _without()
    print(f"powered off: {', '.join(tally.ended) or 'none'}" if tally.failed or tally.ended else "none was on")
    if tally.failed:
        raise CliError("\n".join(f"{name} was not powered off: {why}" for name, why in tally.failed.items()))


def _through(client: Client) -> Tally:
    tally, asked = Tally(), []
    for system in client.get("/redfish/v1/Systems?$expand=.")["Members"]:
        name = system["Id"]
        if system["PowerState"] == "Off" or system["SystemType"] != "Virtual":
            continue
        try:
            client.post(f"{system_path(name)}/Actions/ComputerSystem.Reset", {"ResetType": "ForceOff"})
            asked.append(name)
        except CliError as error:
            tally.failed[name] = str(error)
    deadline = time.monotonic() + PATIENCE
    for name in asked:
        try:
            while (power := client.get(system_path(name))["PowerState"]) != "Off" and time.monotonic() < deadline:
                time.sleep(0.2)
        except CliError as error:
            tally.failed[name] = str(error)
            continue
        if power == "Off":
            tally.ended.append(name)
        else:
            tally.failed[name] = f"it was told to, and is {power or 'Unknown'} still"
    return tally


def _without() -> Tally:
    import asyncio

    return asyncio.run(_alone())


async def _alone() -> Tally:
    """No service runs, but its nodes may."""
    from bmc.core import open_core
    from bmc.model.caller import Caller, Door, Role, Scope
    from bmc.model.commands import Power
    from bmc.model.errors import BmcError
    from bmc.model.power import PowerAction, PowerState

    caller = Caller("bmc down", Role.ADMINISTRATOR, Scope(), Door.CLI)
    tally = Tally()
    async with open_core(state_directory()) as core:
        await core.fleet.start()
        for node in core.fleet.visible(caller):
            name = node.snapshot.name
            if node.snapshot.power is PowerState.OFF or not node.snapshot.definition.is_virtual:
                continue
            try:
                await node.do(Power(PowerAction.FORCE_OFF), caller)
                tally.ended.append(name)
            except BmcError as error:
                tally.failed[name] = str(error)
    return tally
