"""The ways in: how a node that is powered on comes to the deploy ramdisk and its job's configuration."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path

from bmc.jobs import Run
from bmc.model.boot import BootTarget
from bmc.model.commands import EjectMedia, InsertDeployMedium
from bmc.model.errors import NotSupported
from bmc.model.node import NodeSnapshot
from bmc.node.drives import DEPLOY_MEDIUM
from bmc.ports import DeployLink, NetworkBoot
from bmc.reinstall.network_boot import SCRIPT, BootFiles, boot_script
from bmc.reinstall.ticket import hidden

BuildMedium = Callable[[Mapping[str, str], Path], None]
MakeBootFiles = Callable[[Mapping[str, str]], Mapping[str, Path | bytes]]


class WayIn(Enum):
    """What a request calls them."""

    VIRTUAL_MEDIA = "VirtualMedia"
    NETWORK = "Network"


class Way(ABC):
    """`arm` and `disarm` are rows of a job, each with a name and how its failure begins; both may be repeated, and
    `disarm` is done at every end.
    """

    way: WayIn
    target: BootTarget
    arming: tuple[str, str]
    disarming: tuple[str, str]

    @abstractmethod
    async def arm(self, run: Run) -> None:
        """The next boot from `target` brings the ramdisk; outlives the service. The node is off."""

    @abstractmethod
    async def disarm(self, run: Run) -> None:
        """Nothing of ours is left to boot from."""

    def boot_files(self, run: Run) -> BootFiles | None:
        """What the deploy listener gives to the firmware."""
        return None


class VirtualMedia(Way):
    """A medium of its own for each job; `build` writes it into `directory`, made 0700."""

    way = WayIn.VIRTUAL_MEDIA
    target = BootTarget.CD
    arming = ("insert medium", "the deploy medium could not be inserted")
    disarming = ("eject", "the deploy medium could not be ejected")

    def __init__(self, build: BuildMedium, directory: Path) -> None:
        self._build = build
        self._directory = directory

    async def arm(self, run: Run) -> None:
        slot = run.node.snapshot.media[0]
        if slot.inserted and slot.image != DEPLOY_MEDIUM:
            await run.say(f"{slot.image} is taken out of {slot.id}")
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        await asyncio.to_thread(self._build, configuration(run), self._medium(run))
        await run.do(InsertDeployMedium(slot.id, str(self._medium(run))))
        await give_address(run)

    async def disarm(self, run: Run) -> None:
        try:
            for slot in run.node.snapshot.media:
                if slot.image == DEPLOY_MEDIUM:
                    await run.do(EjectMedia(slot.id))
        finally:
            self._medium(run).unlink(missing_ok=True)
            if run.backend.network_boot is not None:
                await run.backend.network_boot.offer("")

    def _medium(self, run: Run) -> Path:
        return self._directory / f"job-{run.job.id}.iso"


class Network(Way):
    """The node's own network boot, led to the deploy listener; `make` tells the files to serve."""

    way = WayIn.NETWORK
    target = BootTarget.PXE
    arming = ("offer boot script", "the node's network boot could not be led to the boot script")
    disarming = ("withdraw boot script", "the node's network boot is still led to the boot script")

    def __init__(self, make: MakeBootFiles) -> None:
        self._make = make

    async def arm(self, run: Run) -> None:
        await _network_boot(run).offer(deploy_link(run).url + SCRIPT)

    async def disarm(self, run: Run) -> None:
        await _network_boot(run).offer("")

    def boot_files(self, run: Run) -> BootFiles | None:
        key = run.secrets["key"]
        return BootFiles(hidden(key), boot_script(deploy_link(run).url, key), self._make(configuration(run)))


async def give_address(run: Run) -> None:
    """For what boots next from elsewhere, but has to reach the deploy listener."""
    if run.backend.network_boot is not None:
        await run.backend.network_boot.give_address()


def lacking(way: WayIn, snapshot: NodeSnapshot) -> list[str]:
    """What the node has not and would need to be led this way."""
    link = {
        "a way to the deploy listener (a card on a user or a private network; on hardware the table deploy)": (
            snapshot.has_deploy_link
        )
    }
    needs = {
        WayIn.VIRTUAL_MEDIA: {
            "a virtual drive": bool(snapshot.media),
            "booting from its virtual drive": VirtualMedia.target in snapshot.boot_targets,
        },
        WayIn.NETWORK: {
            "a network card that it boots from": Network.target in snapshot.boot_targets,
            "a network whose boot file can be set": snapshot.has_network_boot,
        },
    }
    return [need for need, there in (link | needs[way]).items() if not there]


def ways_in(snapshot: NodeSnapshot) -> list[WayIn]:
    return [way for way in WayIn if not lacking(way, snapshot)]


def configuration(run: Run) -> dict[str, str]:
    """What the ramdisk must know to check in."""
    return {"api": deploy_link(run).url, "token": run.secrets["token"]}


def deploy_link(run: Run) -> DeployLink:
    if run.backend.deploy is None:
        raise NotSupported(f"{run.job.node} has no way to the deploy listener")
    return run.backend.deploy


def _network_boot(run: Run) -> NetworkBoot:
    if run.backend.network_boot is None:
        raise NotSupported(f"{run.job.node} has no network whose boot file can be set")
    return run.backend.network_boot
