"""A real virtual node rescued and erased by the real ramdisk: SSH into it, and what is on the disk before and after."""

import asyncio
import struct
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from bmc.jobs import Jobs
from bmc.model.boot import NO_OVERRIDE
from bmc.model.commands import Power, SerialConsole
from bmc.model.events import EventKind
from bmc.model.job import JobState
from bmc.model.power import PowerAction, PowerState
from bmc.node import Node
from bmc.node.power import PATIENCE
from bmc.node.state import StateKeeper
from tests.reinstall.guest_lab import LONG, ended, make_node, printed
from tests.world import ADMIN, OPERATOR, open_world, until

pytestmark = pytest.mark.guest

MIB = 1 << 20
OLD = b"the files of the old system".ljust(512, b".")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    return tmp_path / "key"


def disk_of(directory: Path) -> Path:
    return directory / "nodes" / "n1" / "guest" / "disk0.raw"


def write_old_system(disk: Path) -> None:
    """Data everywhere, and one partition from 2 MiB to 200 MiB."""
    with disk.open("r+b") as file:
        file.write(OLD * (256 * MIB // len(OLD)))
        file.seek(446)
        file.write(struct.pack("<B3sB3sII", 0x80, bytes(3), 0x83, bytes(3), 4096, 198 * 2048).ljust(64, b"\0"))
        file.write(b"\x55\xaa")


@asynccontextmanager
async def led(jobs: Jobs) -> AsyncIterator[int]:
    """A port by which an SSH client is led into the guest, as the service's WebSocket leads it."""

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        guest = await jobs.connect("rescue", "n1", OPERATOR)

        async def out() -> None:
            while data := await guest.read():
                writer.write(data)
                await writer.drain()
            writer.close()

        pump = asyncio.create_task(out())
        while data := await reader.read(65536):
            await guest.write(data)
        await guest.close()
        await pump

    server = await asyncio.start_server(lead, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def ssh(port: int, key: Path, host_key: str, command: str, stdin: bytes = b"") -> bytes:
    """The host key is checked against the one that the job tells."""
    known = key.with_name("known_hosts")
    known.write_text(f"rescue {host_key}\n")
    options = ("StrictHostKeyChecking=yes", "HostKeyAlias=rescue", f"UserKnownHostsFile={known}", "BatchMode=yes")
    process = await asyncio.create_subprocess_exec(
        *("ssh", "-p", str(port), "-i", str(key), *(word for option in options for word in ("-o", option))),
        *("root@127.0.0.1", command),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(90):
        out, errors = await process.communicate(stdin)
    assert process.returncode == 0, (process.returncode, out, errors)
    return out


async def rescued(jobs: Jobs, id: str, node: Node) -> Mapping[str, Any]:
    """What the job tells of its SSH server, once there is one."""
    try:
        await until(lambda: "rescue" in jobs.get(id).details or jobs.get(id).state.ended, LONG)
    except TimeoutError:
        pytest.fail(f"no rescue: {jobs.get(id)}; printed: {node.serial_tail!r}")
    assert "rescue" in jobs.get(id).details, jobs.get(id)
    return cast("Mapping[str, Any]", jobs.get(id).details["rescue"])


def assert_free_and_off(node: Node) -> None:
    snapshot = node.snapshot
    assert (snapshot.power, snapshot.reservation, snapshot.boot) == (PowerState.OFF, None, NO_OVERRIDE)
    assert not any(slot.inserted for slot in snapshot.media)


@pytest.mark.parametrize("firmware", ["bios", pytest.param("uefi", marks=pytest.mark.slow)])
async def test_a_node_is_rescued_by_ssh_and_what_was_written_is_on_its_disk(lab, tmp_path, key, firmware):
    async with open_world(tmp_path / "store" / "lightsout.db", lab.drivers, PATIENCE) as world:
        node = await make_node(world, firmware)
        jobs = lab.jobs(world)
        asked = {"ssh_keys": [key.with_suffix(".pub").read_text().strip()], "minutes": 10}
        job = await jobs.start("rescue", "n1", asked, OPERATOR)
        told = await rescued(jobs, job.id, node)
        disk = disk_of(tmp_path)
        assert not any(disk.read_bytes()), "no disk is touched"
        async with led(jobs) as port:
            assert await ssh(port, key, told["host_key"], "id -u; tty; ls /dev/vda") == b"0\nnot a tty\n/dev/vda\n"
            await ssh(port, key, told["host_key"], "mkdosfs /dev/vda && mkdir -p /mnt && mount -t vfat /dev/vda /mnt")
            files = {"a": b"a" * 99999, "b": b"b" * 99999}
            writing = (ssh(port, key, told["host_key"], f"cat > /mnt/{name}", text) for name, text in files.items())
            await asyncio.gather(*writing)
            await jobs.finish("rescue", "n1", OPERATOR)
            job = await ended(jobs, job.id, node)
        assert (job.state, job.message) == (JobState.COMPLETED, "done"), job
        assert "it was ended by an action" in [line.text for line in job.messages]
        assert_free_and_off(node)
        content = disk.read_bytes()
        assert min(content.count(b"a"), content.count(b"b")) >= 99999, "the file system was not unmounted"
        await jobs.close()


@pytest.mark.parametrize(
    "method", ["Discard", *(pytest.param(each, marks=pytest.mark.slow) for each in ("Full", "Metadata"))]
)
async def test_a_disk_is_erased_read_back_and_recorded(lab, tmp_path, method):
    async with open_world(tmp_path / "store" / "lightsout.db", lab.drivers, PATIENCE) as world:
        node = await make_node(world, "bios")
        await node.do(Power(PowerAction.ON), ADMIN)  # that makes the disk
        await node.do(Power(PowerAction.FORCE_OFF), ADMIN)
        disk = disk_of(tmp_path)
        write_old_system(disk)
        jobs = lab.jobs(world)
        job = await jobs.start("erase", "n1", {"method": method}, OPERATOR)
        job = await ended(jobs, job.id, node)
        assert (job.state, job.message) == (JobState.COMPLETED, "done"), job
        content = disk.read_bytes()
        assert not any(content[:MIB] + content[-MIB:])
        assert not any(content[2 * MIB : 3 * MIB]), "the partition's first MiB"
        assert (OLD in content) is (method == "Metadata"), "Metadata leaves the files"
        record = cast("Mapping[str, Any]", job.details["erased"])
        assert (record["disk"], record["size"], record["method"]) == ("vda", 256 * MIB, method)
        assert record["serial"]
        assert record["started"] <= record["ended"]
        assert record["places"] == (4 if method == "Metadata" else 256)
        assert record["account"] == OPERATOR.account
        told = [event for event in await world.events.history(limit=1000) if event.kind is EventKind.DISK_ERASED]
        assert [event.details for event in told] == [record]
        audited = [entry for entry in await world.audit.newest(node="n1") if entry.action == "erased"]
        assert [entry.details for entry in audited] == [record]
        assert_free_and_off(node)
        await jobs.close()


@pytest.mark.parametrize("end", ["reboot", "poweroff -f", pytest.param("poweroff", marks=pytest.mark.slow)])
async def test_a_shell_in_the_rescue_ends_it(lab, tmp_path, key, end):
    async with open_world(tmp_path / "store" / "lightsout.db", lab.drivers, PATIENCE) as world:
        node = await make_node(world, "bios")
        jobs = lab.jobs(world)
        asked = {"ssh_keys": [key.with_suffix(".pub").read_text().strip()]}
        job = await jobs.start("rescue", "n1", asked, OPERATOR)
        await rescued(jobs, job.id, node)
        console = await node.open(SerialConsole(writable=True), ADMIN)
        await printed(node, "Lightsout rescue")
        await console.write(f"{end}\n".encode())
        job = await ended(jobs, job.id, node)
        assert job.state is JobState.COMPLETED, job
        assert "it was ended in the shell" in [line.text for line in job.messages]
        assert_free_and_off(node)
        await console.close()
        await jobs.close()


async def test_a_service_that_ends_during_the_rescue_finds_it_again(lab, tmp_path, key):
    path = tmp_path / "store" / "lightsout.db"
    async with open_world(path, lab.drivers, PATIENCE) as world:
        node = await make_node(world, "bios")
        jobs = lab.jobs(world)
        asked = {"ssh_keys": [key.with_suffix(".pub").read_text().strip()]}
        job = await jobs.start("rescue", "n1", asked, OPERATOR)
        told = await rescued(jobs, job.id, node)
        await jobs.close()
    async with open_world(path, lab.drivers, PATIENCE) as world:
        jobs, node = lab.jobs(world), world.fleet.node("n1")
        await jobs.resume()
        async with led(jobs) as port:
            assert await ssh(port, key, told["host_key"], "echo $((6 * 7))") == b"42\n"
        assert jobs.get(job.id).details["rescue"] == told
        await jobs.cancel(job.id, OPERATOR)
        job = await ended(jobs, job.id, node)
        assert job.state is JobState.CANCELLED
        assert_free_and_off(node)
        await jobs.close()


async def test_a_node_is_inspected(lab, tmp_path):
    async with open_world(tmp_path / "store" / "lightsout.db", lab.drivers, PATIENCE) as world:
        node = await make_node(world, "bios")
        jobs = lab.jobs(world)
        job = await jobs.start("inspect", "n1", {}, OPERATOR)
        job = await ended(jobs, job.id, node)
        assert (job.state, job.message) == (JobState.COMPLETED, "done"), job
        found = (await StateKeeper.open(world.store, "n1")).state.inspected
        own = node.snapshot.hardware
        assert (found.cpus, found.memory, found.firmware) == (own.cpus, own.memory, own.firmware)
        assert [nic.mac for nic in found.nics] == [nic.mac for nic in own.nics]
        assert [(disk.size, disk.serial) for disk in found.disks] == [(disk.size, disk.serial) for disk in own.disks]
        assert (found.manufacturer, bool(found.firmware_version)) == ("QEMU", True)
        assert_free_and_off(node)
        await jobs.close()
