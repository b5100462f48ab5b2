"""Real virtual nodes and the real ramdisk, with the jobs over them."""

import asyncio
import re
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from bmc.fetch import Fetcher
from bmc.images.library import Library
from bmc.images.media import MediaStore
from bmc.images.store import ImageStore
from bmc.jobs import Jobs
from bmc.media import MediaLibrary
from bmc.model.clock import SystemClock
from bmc.model.commands import SerialConsole
from bmc.model.job import Job
from bmc.model.node import NodeDefinition
from bmc.node import Node
from bmc.reinstall.build import Artefacts, default_cache
from bmc.reinstall.build_debian import debian_directory
from bmc.reinstall.medium import build_medium
from bmc.reinstall.network_boot import boot_files
from bmc.reinstall.ways import Network, VirtualMedia
from tests.jobs.lab import jobs_of
from tests.reinstall.recipes import recipes
from tests.reinstall.samples import KEY
from tests.virtual_node.real_drivers import RealDrivers
from tests.world import ADMIN, World, until

LONG = 450.0


def pid_of_guest(directory: Path) -> int:
    return int((directory / "nodes" / "n1" / "pid").read_text().split()[0])


class Lab:
    def __init__(self, directory: Path, artefacts: Artefacts) -> None:
        self.directory = directory
        self.drivers = RealDrivers(directory / "nodes")
        self.outside = directory / "outside"
        built = [artefacts.catalogue, debian_directory(default_cache())]
        self.images = ImageStore(directory / "images", 1 << 30, built, [self.outside])
        self._ways = (
            VirtualMedia(partial(build_medium, artefacts), directory / "deploy"),
            Network(partial(boot_files, artefacts)),
        )

    def jobs(self, world: World) -> Jobs:
        media = MediaStore(MediaLibrary(self.directory / "media", Fetcher(), 1 << 30))
        chores = [Library(self.images, media, Fetcher(), world.events, 1 << 30).chore()]
        return jobs_of(world, SystemClock(), *recipes(world, self.images.catalogue, *self._ways), chores=chores)


async def make_node(world: World, firmware: str, memory: int = 512, disk: int = 256) -> Node:
    options = {"firmware": firmware, "memory_mib": memory, "accelerator": "tcg", "disks": [{"size_mib": disk}]}
    return await world.fleet.create(NodeDefinition("n1", uuid4(), "qemu", options), ADMIN)


async def ended(jobs: Jobs, id: str, node: Node, seconds: float = LONG) -> Job:
    try:
        await until(lambda: jobs.get(id).state.ended, seconds)
    except TimeoutError:
        pytest.fail(f"has not ended: {jobs.get(id)}; printed: {node.serial_tail!r}")
    return jobs.get(id)


async def printed(node: Node, pattern: str) -> str:
    """Wait until the serial console has shown it."""
    console, text = await node.open(SerialConsole(writable=False), ADMIN), ""
    async with asyncio.timeout(LONG):
        while not re.search(pattern, text):
            text += (await console.read()).decode(errors="replace")
    await console.close()
    return text


def request(image: str) -> dict[str, object]:
    return {"image": image, "hostname": "web-1", "ssh_keys": [KEY]}
