"""A real virtual node reinstalled by the real ramdisk with a real image, to the proof of the system that boots."""

import asyncio
import os
import re
import signal
import subprocess
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from bmc.images.catalogue import unpack
from bmc.jobs import Jobs, Run
from bmc.model.boot import NO_OVERRIDE, BootEnabled, BootOverride, BootTarget
from bmc.model.clock import SystemClock
from bmc.model.commands import Power, SetBootOverride
from bmc.model.job import JobState
from bmc.model.power import PowerAction, PowerState
from bmc.node.power import PATIENCE
from bmc.reinstall.network_boot import boot_files
from bmc.reinstall.ways import Network, deploy_link
from bmc.virtual_node.files import SERIAL_LOG, NodeFiles
from tests.jobs.lab import jobs_of, secrets_kept
from tests.reinstall.guest_lab import LONG, Lab, ended, make_node, pid_of_guest, printed, request
from tests.reinstall.recipes import recipes
from tests.world import ADMIN, OPERATOR, open_world, until

pytestmark = pytest.mark.guest


async def add_qcow2_of(lab: Lab, jobs: Jobs, image: str, name: str) -> None:
    """Add the image again, from a qcow2."""
    raw = lab.directory / "disk.raw"
    await asyncio.to_thread(unpack, lab.images.catalogue.get(image), raw)
    lab.outside.mkdir()
    command = ["qemu-img", "convert", "-f", "raw", "-O", "qcow2", str(raw), str(lab.outside / f"{name}.qcow2")]
    await asyncio.to_thread(subprocess.run, command, check=True)
    said = {"seed": "lightsout", "proofs": ["phone-home", "serial-nonce"]}
    job = await jobs.begin("import", {"image": name, "file": f"{name}.qcow2", **said}, ADMIN)
    await until(lambda: jobs.get(job.id).state.ended, LONG)
    assert jobs.get(job.id).state is JobState.COMPLETED, jobs.get(job.id)


def assert_no_secret_shows(directory: Path, console: bytes, secrets: Mapping[str, object]) -> None:
    """Neither to who reads the serial console nor to who lists the host's processes; and iPXE was at work."""
    line = Path(f"/proc/{pid_of_guest(directory)}/cmdline").read_bytes()
    assert b"/boot.ipxe" in line
    assert b"/deploy/v1/boot/configuration... ok" in console
    for secret in secrets.values():
        assert str(secret).encode() not in line + console


@pytest.mark.parametrize(
    ("firmware", "system", "image", "way"),
    [
        ("bios", "lightsout-mini", "from-qcow2", "VirtualMedia"),
        ("uefi", "lightsout-server", "lightsout-server", "VirtualMedia"),
        ("bios", "lightsout-mini", "lightsout-mini", "Network"),
        pytest.param("uefi", "lightsout-server", "lightsout-server", "Network", marks=pytest.mark.slow),
    ],
)
async def test_a_virtual_node_is_reinstalled_to_the_proof(lab, tmp_path, firmware, system, image, way):
    async with open_world(tmp_path / "store" / "lightsout.db", lab.drivers, PATIENCE) as world:
        node = await make_node(world, firmware)
        jobs = lab.jobs(world)
        if image != system:
            await add_qcow2_of(lab, jobs, system, image)
        asked = {**request(image), "way": way}
        job = await jobs.start("reinstall", "n1", asked, OPERATOR, {"password": "tea time"})
        if way == "Network":
            await until(lambda: jobs.get(job.id).step == "erase", LONG)
            assert_no_secret_shows(tmp_path, node.serial_tail, (await secrets_kept(world.store))[0])
        job = await ended(jobs, job.id, node)
        assert (job.state, job.message) == (JobState.COMPLETED, "done"), job
        can = ["ssh-login"] if image == "lightsout-server" else []
        assert job.details["proofs"] == ["phone-home", "serial-nonce", *can]
        proved = cast("Mapping[str, str]", job.details["system"])
        assert (proved["hostname"], proved["image"]) == ("web-1", system)
        snapshot = node.snapshot
        assert (snapshot.installed_image, snapshot.power, snapshot.boot) == (image, PowerState.ON, NO_OVERRIDE)
        assert not any(slot.inserted for slot in snapshot.media)
        await printed(node, "web-1 login: ")
        await node.do(Power(PowerAction.FORCE_OFF), ADMIN)
        await jobs.close()


async def test_with_no_job_a_network_boot_ends_quickly_and_the_disk_is_next(lab, tmp_path):
    async with open_world(tmp_path / "store" / "lightsout.db", lab.drivers, PATIENCE) as world:
        node = await make_node(world, "bios")
        await node.do(SetBootOverride(BootOverride(BootTarget.PXE, BootEnabled.ONCE)), ADMIN)
        await node.do(Power(PowerAction.ON), ADMIN)
        text = await printed(node, "Boot failed: not a bootable disk")
        assert re.search(r"Nothing to boot.*Booting from Hard Disk", text, re.DOTALL)
        assert b"bootfile" not in Path(f"/proc/{pid_of_guest(tmp_path)}/cmdline").read_bytes()
        await node.do(Power(PowerAction.FORCE_OFF), ADMIN)


class Misled(Network):
    async def arm(self, run: Run) -> None:
        assert run.backend.network_boot is not None
        await run.backend.network_boot.offer(deploy_link(run).url + "/wrong.ipxe")


@pytest.mark.slow
async def test_a_network_boot_that_is_led_astray_ends_the_job_as_soon_as_the_firmware_gives_up(
    lab, tmp_path, artefacts
):
    async with open_world(tmp_path / "store" / "lightsout.db", lab.drivers, PATIENCE) as world:
        node = await make_node(world, "bios")
        misled = Misled(partial(boot_files, artefacts))
        jobs = jobs_of(world, SystemClock(), *recipes(world, lab.images.catalogue, misled))
        job = await ended(jobs, (await jobs.start("inspect", "n1", {"way": "Network"}, OPERATOR)).id, node)
        assert job.message == "the ramdisk did not check in: the node found nothing to boot from"
        tail = str(job.details["console_tail"])
        assert "/wrong.ipxe... No such file" in tail
        assert "No bootable device" in tail
        assert (node.snapshot.power, node.snapshot.boot) == (PowerState.OFF, NO_OVERRIDE)
        await jobs.close()


@pytest.mark.slow
async def test_a_network_boot_waits_for_a_service_that_died_in_the_middle_of_it(lab, tmp_path):
    path = tmp_path / "store" / "lightsout.db"
    console = NodeFiles(tmp_path / "nodes" / "n1").guest / SERIAL_LOG
    async with open_world(path, lab.drivers, PATIENCE) as world:
        await make_node(world, "bios")
        jobs = lab.jobs(world)
        job = await jobs.start("inspect", "n1", {"way": "Network"}, OPERATOR)
        await until(lambda: "fetches the boot script" in repr(jobs.get(job.id).messages), LONG)
        await jobs.close()
    await until(lambda: b"(http://ipxe.org/" in console.read_bytes(), LONG)  # what breaks off has a page there
    async with open_world(path, lab.drivers, PATIENCE) as world:
        jobs = lab.jobs(world)
        await jobs.resume()
        job = await ended(jobs, job.id, world.fleet.node("n1"))
        assert (job.state, job.message) == (JobState.COMPLETED, "done"), job
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
        assert "the first MiB of vda was cleared from outside: nothing boots from it" in [m.text for m in job.messages]
        with (tmp_path / "nodes" / "n1" / "guest" / "disk0.raw").open("rb") as disk:
            assert disk.read(1 << 20) == bytes(1 << 20)
            assert disk.seek(0, os.SEEK_END) == 256 << 20
        await jobs.close()
