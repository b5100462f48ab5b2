"""`bmc emergency-stop`: hold all hardware still, and let it move again. Asks nothing: who types it is in a hurry."""

from typing import Annotated

import typer

from bmc.cli.client import Client
from bmc.cli.errors import CliError

ACTIONS = "/redfish/v1/Managers/Lightsout/Actions/Oem"


def emergency_stop(
    reason: Annotated[str | None, typer.Option(help="why, for those who will ask")] = None,
    release: Annotated[bool, typer.Option("--release", help="let hardware move again")] = False,
) -> None:
    """Hold all real hardware still, at once: what moves lets go, and nothing moves until it is released."""
    if release:
        if reason is not None:
            raise CliError("--reason is for pressing it, not for --release")
        Client().post(f"{ACTIONS}/Lightsout.ReleaseEmergencyStop", {})
        print("the emergency stop is released; hardware may move again")
        return
    Client().post(f"{ACTIONS}/Lightsout.EmergencyStop", {"Reason": reason} if reason else {})
    print("the emergency stop is pressed; `bmc emergency-stop --release` releases it")
