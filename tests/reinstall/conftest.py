"""A world whose one node boots, with an image to reinstall it with."""

import asyncio
import gzip
import hashlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bmc.http.deploy import DeployServer
from bmc.images.catalogue import Catalogue, Image, describe
from bmc.jobs import Jobs
from bmc.model.boot import NO_OVERRIDE, BootMode
from bmc.model.job import Job, JobState
from bmc.model.power import PowerState
from bmc.node.power import Patience
from bmc.reinstall.build import Artefacts, build_all, default_cache
from bmc.reinstall.desk import Desk
from bmc.reinstall.medium import shell_lines
from bmc.reinstall.network_boot import archive
from bmc.reinstall.ticket import Errand, Ticket, hidden
from bmc.reinstall.turns import Turns
from bmc.reinstall.ways import Network, VirtualMedia
from tests.clocks import PushedClock
from tests.jobs.lab import jobs_of, killed_and_started_again
from tests.reinstall.guest_lab import Lab, pid_of_guest
from tests.reinstall.recipes import recipes
from tests.reinstall.simulated import BootingDrivers, BootingServer
from tests.world import HASTY, OPERATOR, World, open_world, until

CONTENT = b"a new system" + bytes(1012)


def make_image(directory: Path, name: str = "mini", content: bytes = b"", **changes: object) -> Image:
    directory.mkdir(exist_ok=True)
    path = directory / f"{name}.raw.gz"
    path.write_bytes(content or gzip.compress(CONTENT))
    fields: dict[str, object] = {
        "encoding": "gzip",
        "size": len(content or CONTENT),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "firmware": frozenset(BootMode),
        "seed": "lightsout",
        "proofs": frozenset({"serial-nonce", "phone-home"}),
    }
    image = Image(name=name, title=name, path=path, **fields | changes)  # type: ignore[arg-type]
    (directory / f"{name}.json").write_text(describe(image))
    return image


def install_ticket(image: Image) -> Ticket:
    """Of a reinstall of n1. Its tokens are "token" and "proof", and its nonce is "nonce"."""
    told = {"image_size": str(image.size), "image_sha256": image.sha256, "image_encoding": image.encoding}
    return Ticket(
        "7",
        "n1",
        hidden("token"),
        Errand.INSTALL,
        told=told | {"seed": "meta-data"},
        files={"meta-data": "x"},
        image=image,
        proof_token=hidden("proof"),
        nonce=hidden("nonce"),
    )


class House:
    """What a reinstall needs, but for the jobs: those are opened anew after each crash."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.clock = PushedClock()
        self.drivers = BootingDrivers()
        self.media = directory / "deploy"
        self.catalogue = Catalogue(directory / "images")
        self.door = LosableDoor()
        self.places = 1

    @property
    def server(self) -> BootingServer:
        return self.drivers.server()

    def jobs(self, world: World) -> Jobs:
        """As a service that has just come up: its places are free."""
        self.turns = Turns(self.places)
        ways = (VirtualMedia(_build, self.media), Network(_boot_files))
        made = recipes(world, self.catalogue, *ways, door=self.door, turns=self.turns)
        return jobs_of(world, self.clock, *made)


class LosableDoor(DeployServer):
    """The true door, whose listener can be lost behind the job's back."""

    lose: Callable[[], Awaitable[None]]

    async def last_words(self) -> None:
        """What happens while it is being closed."""

    async def serve(
        self, node: str, listener: socket.socket, desk: Desk, admits: Callable[[str], bool]
    ) -> Callable[[], Awaitable[None]]:
        close = self.lose = await super().serve(node, listener, desk, admits)

        async def hang_up() -> None:
            await self.last_words()
            await close()

        return hang_up


def _build(conf: Mapping[str, str], out: Path) -> None:
    """In place of an ISO: the simulated ramdisk reads the configuration alone."""
    out.touch(mode=0o600)
    out.write_text(shell_lines(conf))


def _boot_files(conf: Mapping[str, str]) -> Mapping[str, Path | bytes]:
    """As the service makes them, with a kernel and a ramdisk that nobody runs."""
    configuration = archive("job.conf", shell_lines(conf).encode())
    return {"kernel": b"the kernel", "ramdisk": b"the ramdisk", "configuration": configuration}


@pytest.fixture
def image(tmp_path: Path) -> Image:
    """`sha256` is that of the encoded file: the simulated ramdisk unpacks nothing."""
    return make_image(tmp_path / "images")


@pytest.fixture
def house(tmp_path: Path, image: Image) -> House:
    return House(tmp_path)


@pytest.fixture
def patience() -> Patience:
    return HASTY


@pytest.fixture
async def booting(house: House, tmp_path: Path, patience: Patience) -> AsyncIterator[World]:
    """A world with the node n1, which is off."""
    async with open_world(tmp_path / "store" / "lightsout.db", house.drivers, patience) as opened:
        await opened.add("n1")
        yield opened
        await house.server.halt()


@pytest.fixture
async def jobs(house: House, booting: World) -> AsyncIterator[Jobs]:
    opened = house.jobs(booting)
    yield opened
    await opened.close()


def held(server: BootingServer, point: str) -> tuple[asyncio.Event, asyncio.Event]:
    """The simulated guest stands still at `point`: the first event says that it is there, the second lets it go on."""
    reached, go = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        reached.set()
        await go.wait()

    server.at[point] = wait
    return reached, go


@asynccontextmanager
async def resumed_after_kill(
    world: World, jobs: Jobs, house: House, go: asyncio.Event
) -> AsyncIterator[tuple[World, Jobs]]:
    """The service is killed, another begins with what it had stored, and the guest goes on."""
    async with killed_and_started_again(world, jobs, house.directory / "again.db") as again:
        resumed = house.jobs(again)
        await resumed.resume()
        go.set()
        yield again, resumed
        await resumed.close()


async def ended(jobs: Jobs, id: str, seconds: float = 30) -> Job:
    try:
        await until(lambda: jobs.get(id).state.ended, seconds)
    except TimeoutError:
        pytest.fail(f"has not ended: {jobs.get(id)} {jobs._runs[id].state}")
    return jobs.get(id)


async def reaches(world: World, id: str, step: str) -> None:
    """Wait for the step, however short it is."""
    async with asyncio.timeout(30):
        async for event in world.events.subscribe(after=0):
            if event.details.get("job") == id and event.details.get("step") == step:
                return


async def runs_out_of_time(world: World, jobs: Jobs, house: House, id: str, step: str, seconds: float = 901) -> None:
    """So much time goes by, again and again, that `step` is given up, which may only just have begun."""
    await reaches(world, id, step)
    async with asyncio.timeout(30):
        while id in jobs._runs and jobs._runs[id].ending is None:
            await house.clock.advance(seconds)
            await asyncio.sleep(0.05)


def assert_let_go(world: World, house: House) -> None:
    """What holds after every end but success: off, nothing of ours in it, and free for others."""
    snapshot = world.fleet.node("n1").snapshot
    assert snapshot.power is PowerState.OFF
    assert snapshot.reservation is None
    assert snapshot.boot == NO_OVERRIDE
    assert [slot.image for slot in snapshot.media] == [""]
    assert list(house.media.glob("*")) == []


async def assert_cancel_at(
    point: str, jobs: Jobs, house: House, world: World, kind: str, request: Mapping[str, object]
) -> None:
    """A job that is cancelled while its guest is at `point` leaves the node off and clean."""
    reached, go = held(house.server, point)
    job = await jobs.start(kind, "n1", request, OPERATOR)
    async with asyncio.timeout(30):
        await reached.wait()
    await jobs.cancel(job.id, OPERATOR)
    await asyncio.sleep(0.05)  # the guest goes on while the job cleans up
    go.set()
    job = await ended(jobs, job.id)
    assert job.state is JobState.CANCELLED
    assert job.message.startswith("cancelled during “")
    assert "console_tail" in job.details
    assert_let_go(world, house)


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
