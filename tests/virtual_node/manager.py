"""A service that manages one node until it is killed. Arguments: directory, name, uuid, what to do before READY."""

import asyncio
import os
import sys
from pathlib import Path
from uuid import UUID

from bmc.model.boot import BootEnabled, BootOverride, BootTarget
from bmc.model.clock import SystemClock
from bmc.model.node import NodeDefinition
from bmc.model.power import PowerAction
from bmc.virtual_node.driver import open_virtual_node
from tests.virtual_node.rig import SMALL, Serial


def become(user: int) -> None:
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)


async def stand_still() -> None:
    """Instead of the guest's first boot."""
    print("READY", flush=True)
    await asyncio.sleep(600)


async def main(directory: str, name: str, uuid: str, *words: str) -> None:
    definition = NodeDefinition(name, UUID(uuid), "qemu", SMALL)
    if words[0].startswith("user="):
        await asyncio.to_thread(len, "")  # our interpreter may be out of that user's reach: load threads before
        become(int(words[0].removeprefix("user=")))
    backend = open_virtual_node(definition, Path(directory), SystemClock())
    await backend.lifecycle.start()
    serial = Serial(backend)
    assert backend.boot is not None
    for word in words:
        verb, _, value = word.partition("=")
        match verb:
            case "on":
                await backend.switch.apply(PowerAction.ON)
            case "launch":
                backend.boot.first = stand_still  # type: ignore[attr-defined]
                await backend.switch.apply(PowerAction.ON)
            case "arm":
                await backend.boot.apply(BootOverride(BootTarget(value), BootEnabled.ONCE))
            case "until":
                await serial.until(value)
    print("READY", flush=True)
    await asyncio.sleep(600)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
