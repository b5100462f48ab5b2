"""A real virtual node reinstalled by the real ramdisk with a real image, to the proof of the system that boots."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Mapping
from functools import partial
from pathlib import Path
from typing import cast
from uuid import uuid4

import pytest

from bmc.jobs import Jobs
from bmc.model.boot import NO_OVERRIDE
from bmc.model.clock import SystemClock
from bmc.model.commands import Power, SerialConsole
from bmc.model.job import Job, JobState
from bmc.model.node import NodeDefinition
from bmc.model.power import PowerAction, PowerState
from bmc.node import Node
from bmc.node.power import PATIENCE
from bmc.ports import Backend, Site
from bmc.reinstall.build import Artefacts, build_all, default_cache
from bmc.reinstall.build_debian import debian_directory
from bmc.reinstall.images import Catalogue
from bmc.reinstall.medium import build_medium
from bmc.virtual_node.driver import driver
from tests.jobs.lab import jobs_of
from tests.reinstall.conftest import recipes
from tests.world import ADMIN, OPERATOR, MemoryDrivers, World, open_world, until

pytestmark = [pytest.mark.guest, pytest.mark.timeout(600)]

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUY0Wz6R2QZgG2u3nJY6JlyTUn2cB5mgwHpzVQFRn6h olga@desk"
LONG = 150.0


def pid_of_guest(directory: Path) -> int:
    return int((directory / "nodes" / "n1" / "pid").read_text().split()[0])


def no_credentials(name: str) -> tuple[bytes, bytes]:
    raise AssertionError(f"a virtual node asked for the credential {name}")


class RealDrivers(MemoryDrivers):
    """The driver of virtual nodes."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._site = Site(directory, SystemClock(), no_credentials)

    def complete(self, definition: NodeDefinition) -> NodeDefinition:
        return driver.complete(definition)

    async def open(self, definition: NodeDefinition) -> Backend:
        return await driver.open(definition, self._site)


class Lab:
    def __init__(self, directory: Path, artefacts: Artefacts) -> None:
        self.directory = directory
        self.drivers = RealDrivers(directory / "nodes")
        self._catalogue = Catalogue(artefacts.catalogue, debian_directory(default_cache()))
        self._build = partial(build_medium, artefacts)

    def jobs(self, world: World) -> Jobs:
        media = self.directory / "deploy"
        return jobs_of(world, SystemClock(), *recipes(world, self._catalogue, self._build, media))


@pytest.fixture(scope="session")
def artefacts() -> Artefacts:
    return build_all(default_cache())


@pytest.fixture
async def lab(tmp_path: Path, artefacts: Artefacts) -> AsyncIterator[Lab]:
    # QEMU runs as a user of its own, who must be able to come here.
    for directory in (tmp_path, *tmp_path.parents[:2]):
        directory.chmod(0o711)
    opened = Lab(tmp_path, artefacts)
    yield opened
    try:
        os.kill(pid_of_guest(tmp_path), signal.SIGKILL)
    except (OSError, ValueError):
        pass  # it is off


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


@pytest.mark.parametrize(
    ("firmware", "image", "proofs"),
    [
        ("bios", "lightsout-mini", ["phone-home", "serial-nonce"]),
        ("uefi", "lightsout-server", ["phone-home", "serial-nonce", "ssh-login"]),
    ],
)
async def test_a_virtual_node_is_reinstalled_to_the_proof(lab, tmp_path, firmware, image, proofs):
    async with open_world(tmp_path / "store" / "lightsout.db", lab.drivers, PATIENCE) as world:
        node = await make_node(world, firmware)
        jobs = lab.jobs(world)
        job = await jobs.start("reinstall", "n1", request(image), OPERATOR, {"password": "tea time"})
        job = await ended(jobs, job.id, node)
        assert (job.state, job.message) == (JobState.COMPLETED, "done"), job
        assert job.details["proofs"] == proofs
        system = cast("Mapping[str, str]", job.details["system"])
        assert (system["hostname"], system["image"]) == ("web-1", image)
        snapshot = node.snapshot
        assert (snapshot.installed_image, snapshot.power, snapshot.boot) == (image, PowerState.ON, NO_OVERRIDE)
        assert not any(slot.inserted for slot in snapshot.media)
        await printed(node, "web-1 login: ")
        await node.do(Power(PowerAction.FORCE_OFF), ADMIN)
        await jobs.close()


async def test_a_guest_that_is_killed_in_mid_write_ends_the_job_at_once(lab, tmp_path):
    async with open_world(tmp_path / "store" / "lightsout.db", lab.drivers, PATIENCE) as world:
        node = await make_node(world, "bios")
        jobs = lab.jobs(world)
        job = await jobs.start("reinstall", "n1", request("lightsout-server"), OPERATOR)
        await until(lambda: jobs.get(job.id).step == "write", LONG)
        os.kill(pid_of_guest(tmp_path), signal.SIGKILL)
        async with asyncio.timeout(10):
            job = await ended(jobs, job.id, node)
        assert job.state is JobState.EXCEPTION
        assert "the node went off (process-died)" in job.message
        assert "lightsout" in str(job.details["console_tail"])
        assert (node.snapshot.power, node.snapshot.reservation) == (PowerState.OFF, None)
        await jobs.close()


@pytest.mark.parametrize("step", ["check in", "start"])
async def test_a_service_that_ends_in_the_middle_goes_on_to_the_proof(lab, tmp_path, step):
    path = tmp_path / "store" / "lightsout.db"
    async with open_world(path, lab.drivers, PATIENCE) as world:
        await make_node(world, "bios")
        jobs = lab.jobs(world)
        job = await jobs.start("reinstall", "n1", request("lightsout-mini"), OPERATOR)
        await until(lambda: jobs.get(job.id).step == step, LONG)
        await jobs.close()
    async with open_world(path, lab.drivers, PATIENCE) as world:
        jobs = lab.jobs(world)
        node = world.fleet.node("n1")
        await jobs.resume()
        job = await ended(jobs, job.id, node)
        assert (job.state, job.message) == (JobState.COMPLETED, "done"), job
        assert job.details["proofs"] == ["phone-home", "serial-nonce"]
        await node.do(Power(PowerAction.FORCE_OFF), ADMIN)
        await jobs.close()
