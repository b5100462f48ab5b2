"""The deploy ramdisk in a real guest: it writes what it was told to, and nothing otherwise."""

import gzip
import hashlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bmc.images.catalogue import Catalogue, Image, unpack
from bmc.reinstall.build import Artefacts
from bmc.reinstall.build_tools import run
from bmc.reinstall.images_seed import seed_image
from bmc.reinstall.medium import build_medium, shell_lines
from bmc.reinstall.target import parse
from tests.images.packing import packed
from tests.ports import free_port
from tests.reinstall.deploy_peer import PROOF_TOKEN, Peer, serving
from tests.reinstall.guest import SERIAL, Shape, running

pytestmark = pytest.mark.guest

MIB = 1 << 20
OLD = b"the old system".ljust(512, b"!")


@pytest.fixture
def place() -> Iterator[Path]:
    """pytest's own folders have names too long for a unix socket."""
    with TemporaryDirectory(prefix="guest-") as folder:
        yield Path(folder)


@pytest.fixture
def disk(place: Path) -> Path:
    file = place / "disk"
    with file.open("wb") as target:
        target.write(OLD * 2048 * 3)
        target.truncate(64 * MIB)
    return file


@pytest.fixture
def small(place: Path) -> Image:
    """An image that is quick to write and boots nothing."""
    content = os.urandom(3 * MIB) + bytes(5 * MIB) + b"end".ljust(512, b".")
    path = place / "small.raw.xz"
    path.write_bytes(packed("xz", content))
    return Image("small", "small", path, "xz", len(content), hashlib.sha256(content).hexdigest(),
                 frozenset(), "none", frozenset())  # fmt: skip


def seed_of(peer: Peer, **values: str) -> dict[str, bytes]:
    lines = {"hostname": "web1", "sshkeys": "", "api": peer.conf["api"], "proof_token": PROOF_TOKEN, "nonce": "n0nce"}
    return {
        "meta-data": b"instance-id: i-1\nlocal-hostname: web1\n",
        "lightsout.env": shell_lines(lines | values).encode(),
    }


@contextmanager
def deployed(artefacts: Artefacts, peer: Peer, disk: Path, shape: Shape = Shape()) -> Iterator[str]:  # noqa: B008
    """What the ramdisk printed, once it has powered off."""
    medium = disk.parent / "medium.iso"
    build_medium(artefacts, peer.conf, medium)
    with running(disk.parent / "deploy", disk, shape, medium) as guest:
        yield guest.wait_off(240)


def head(disk: Path) -> bytes:
    with disk.open("rb") as file:
        return file.read(MIB)


def ssh(port: int, key: Path, command: str) -> str:
    """Ask for as long as the guest needs to answer."""
    deadline = time.monotonic() + 60
    options = ["-i", str(key), "-p", str(port), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    while True:
        done = subprocess.run(["ssh", *options, "-o", "BatchMode=yes", "root@127.0.0.1", command], capture_output=True)
        if done.returncode == 0:
            return done.stdout.decode()
        assert time.monotonic() < deadline, done.stderr
        time.sleep(1)


def install_and_boot(artefacts: Artefacts, name: str, disk: Path, shape: Shape) -> None:
    """The first download breaks off."""
    with serving(Peer(Catalogue(artefacts.catalogue).get(name), send=2 * MIB, breaks=1)) as peer:
        peer.seed = seed_of(peer)
        with deployed(artefacts, peer, disk, shape) as printed:
            assert "lightsout: done; powering off" in printed
        assert len(peer.forms("image")) == 2
        (seen,) = parse(peer.forms("checkin")[0]["disks"])
        assert (seen.size, seen.serial, seen.bus) == (64 * MIB, SERIAL, shape.disk.split()[0])
        assert seen.rotational is (shape.disk != "nvme")
        assert seen.model or shape.disk.startswith("virtio")
        assert peer.forms("verified") == [{"sha256": peer.image.sha256}]
        assert peer.forms("done")
        with running(disk.parent / "system", disk, shape) as guest:
            guest.wait_for("LIGHTSOUT-PROOF nonce=n0nce hostname=web1 boot_id=")
            proof = peer.wait("proof")
            assert (proof["nonce"], proof["hostname"], proof["image"]) == ("n0nce", "web1", name)
            assert len(proof["machine_id"]) == 32
            guest.wait_for("web1 login:")
            guest.command("system_powerdown")
            guest.wait_off(60)


def test_an_image_is_written_and_boots_to_its_proof_with_uefi(artefacts: Artefacts, disk: Path) -> None:
    install_and_boot(artefacts, "lightsout-mini", disk, Shape("q35", uefi=True, disk="sata", nic="e1000e", memory=384))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lightsout-mini", "lightsout-server"])
@pytest.mark.parametrize(
    "shape",
    [
        Shape("pc"),
        Shape("pc", disk="sata", nic="e1000e"),
        Shape("pc", disk="scsi"),
        Shape("pc", uefi=True, memory=384),
        Shape("pc", uefi=True, disk="scsi", nic="e1000e", memory=384),
        Shape("q35", disk="nvme"),
        Shape("q35", disk="virtio", nic="e1000e"),
        Shape("q35", uefi=True, disk="nvme", memory=384),
        Shape("q35", uefi=True, disk="virtio", memory=384),
    ],
    ids=str,
)
def test_every_shape_of_machine_is_served(artefacts: Artefacts, disk: Path, name: str, shape: Shape) -> None:
    install_and_boot(artefacts, name, disk, shape)


def test_the_server_lets_the_seeds_key_in_and_its_password_at_the_console_only(
    artefacts: Artefacts, disk: Path, place: Path
) -> None:
    key, port = place / "key", free_port()
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    password = subprocess.run(["busybox", "mkpasswd", "-m", "sha512", "-S", "saltsalt", "it's me"], check=True,
                              capture_output=True, text=True).stdout.strip()  # fmt: skip
    with serving(Peer(Catalogue(artefacts.catalogue).get("lightsout-server"))) as peer:
        peer.proof_statuses = [503]
        public = (place / "key.pub").read_text().strip()
        peer.seed = seed_of(peer, sshkeys=f"ssh-ed25519 AAAA another\n{public}", password_hash=password)
        with deployed(artefacts, peer, disk):
            pass
        with running(place / "system", disk, Shape(), forward=port) as guest:
            guest.wait_for("web1 login:")
            assert ssh(port, key, "hostname; cat /etc/os-release").startswith('web1\nNAME="Lightsout Server"')
            assert ssh(port, key, "stat -c '%a %u' /etc/shadow /root/.ssh /var/lib/lightsout").split("\n")[:3] == [
                "600 0", "700 0", "700 0",
            ]  # fmt: skip
            guest.type("root\n")
            guest.wait_for("Password:")
            guest.type("it's me\n")
            guest.wait_for("[server] root@web1")
            # The first proof was refused for now, the second one is the last: a token is good for one.
            deadline = time.monotonic() + 60
            while "proof_token" in ssh(port, key, "ls /var/lib/lightsout"):
                assert time.monotonic() < deadline
            assert len(peer.forms("proof")) == 2
            assert peer.forms("proof")[1]["hostkey"].startswith("ssh-ed25519 ")
            guest.type("cat /proc/sys/kernel/sysrq; reboot\n")
            guest.wait_off(60)  # -no-reboot: a reset ends the guest
        with running(place / "again", disk, Shape()) as guest:
            printed = guest.wait_for("web1 login:")
            assert "LIGHTSOUT-PROOF" not in printed
            guest.press("alt", "sysrq", "b")
            guest.wait_off(30)


def test_without_a_password_hash_root_is_locked_at_the_console(artefacts: Artefacts, disk: Path, place: Path) -> None:
    disk.unlink()
    unpack(Catalogue(artefacts.catalogue).get("lightsout-mini"), disk)
    seed_image(disk, {"meta-data": b"instance-id: i-2\nlocal-hostname: only-meta\n"})
    with running(place / "system", disk, Shape()) as guest:
        guest.wait_for("only-meta login:")
        guest.type("root\n")
        guest.wait_for("Password:")
        guest.type("\n")
        guest.wait_for("Login incorrect")


def test_without_a_job_the_ramdisk_refuses_and_touches_no_disk(artefacts: Artefacts, disk: Path, place: Path) -> None:
    before = disk.read_bytes()
    build_medium(artefacts, {}, place / "medium.iso")
    with running(place / "deploy", disk, Shape(), place / "medium.iso") as guest:
        guest.wait_for("No disk was touched.", 120)
        guest.command("system_powerdown")
        assert "REFUSED: no medium with lightsout/job.conf" in guest.wait_off(30)
    assert disk.read_bytes() == before


def test_a_card_that_does_not_lead_to_the_service_is_passed_over(
    artefacts: Artefacts, disk: Path, small: Image
) -> None:
    with serving(Peer(small, told={"errand": "inspect"})) as peer:
        with deployed(artefacts, peer, disk, Shape(blind_nic="e1000e")) as printed:
            blind, led = printed.index("eth0 does not lead to"), printed.index("lightsout: network: eth1 10.0.2.15/24")
            assert printed.index("lightsout: network: eth0 10.9.9.15/24") < blind < led
        assert peer.forms("done")


def test_a_wrong_digest_is_reported_and_leaves_nothing_that_boots(
    artefacts: Artefacts, disk: Path, small: Image
) -> None:
    with serving(Peer(small, sha256="0" * 64)) as peer:
        with deployed(artefacts, peer, disk):
            pass
        failed = peer.forms("failed")[0]
    assert failed["message"] == f"vda holds SHA-256 {small.sha256}, the image is {'0' * 64}"
    assert "reading back what vda holds" in failed["log"]
    assert head(disk) == bytes(MIB)
    assert not peer.forms("done")


def test_a_download_that_breaks_off_is_reported_and_leaves_nothing_that_boots(
    artefacts: Artefacts, disk: Path, small: Image
) -> None:
    with serving(Peer(small, send=2 * MIB)) as peer:
        with deployed(artefacts, peer, disk):
            pass
        assert "the download broke: wget: connection closed prematurely" in peer.forms("failed")[0]["message"]
        assert len(peer.forms("image")) == 3
    assert head(disk) == bytes(MIB)
    assert not peer.forms("verified")


def test_a_service_that_is_away_for_half_a_minute_while_the_disk_is_read_back_ends_nothing(
    artefacts: Artefacts, disk: Path, small: Image
) -> None:
    with serving(Peer(small, absent_at="verify", absent=30)) as peer:
        with deployed(artefacts, peer, disk) as printed:
            assert "lightsout: done; powering off" in printed
        assert len(peer.forms("verified")) > 1
        assert not peer.forms("failed")


@pytest.mark.parametrize("phase", ["write", pytest.param("verify", marks=pytest.mark.slow)])
def test_a_cancelled_job_stops_the_ramdisk(artefacts: Artefacts, disk: Path, small: Image, phase: str) -> None:
    with serving(Peer(small, cancel_at=phase)) as peer:
        with deployed(artefacts, peer, disk) as printed:
            assert "the service has ended this job" in printed
        assert not peer.forms("done")
    assert head(disk) == bytes(MIB)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"choose": lambda disks: "vdz"}, "the service chose disk 'vdz'", marks=pytest.mark.slow),
        pytest.param({"choose": lambda disks: ""}, "the service chose disk ''", marks=pytest.mark.slow),
        ({"choose": lambda disks: "vda'; poweroff -f; '"}, "the service chose disk 'vda'; poweroff -f; ''"),
    ],
)
def test_a_disk_that_was_not_seen_is_refused_and_no_disk_is_touched(
    artefacts: Artefacts, disk: Path, small: Image, change: dict[str, Callable[[str], str]], message: str
) -> None:
    before = disk.read_bytes()
    with serving(Peer(small, **change)) as peer:  # type: ignore[arg-type]
        with deployed(artefacts, peer, disk):
            pass
        assert peer.forms("failed")[0]["message"].startswith(message)
    assert disk.read_bytes() == before


@pytest.mark.slow
def test_an_image_larger_than_the_disk_is_refused_and_no_disk_is_touched(
    artefacts: Artefacts, disk: Path, small: Image
) -> None:
    before = disk.read_bytes()
    with serving(Peer(replace(small, size=65 * MIB))) as peer:
        with deployed(artefacts, peer, disk):
            pass
        message = f"the image needs {65 * MIB} bytes and vda has {64 * MIB}"
        assert peer.forms("failed")[0]["message"] == message
    assert disk.read_bytes() == before


@pytest.mark.slow
def test_a_seed_without_a_place_for_it_fails_the_job(artefacts: Artefacts, disk: Path, small: Image) -> None:
    with serving(Peer(small)) as peer:
        peer.seed = seed_of(peer)
        with deployed(artefacts, peer, disk):
            pass
        message = "the image has no partition table, so there is no place for its seed"
        assert peer.forms("failed")[0]["message"] == message
    assert head(disk) == bytes(MIB)


def table_image(place: Path, table: str, mib: int, partitions: int = 1) -> Image:
    """With a partition table, and no place for a seed."""
    raw, path = place / "table.raw", place / "table.raw.gz"
    raw.write_bytes(bytes(mib * MIB))
    lines = "".join(f"start={2048 * (number + 1)},size=2048,type=L\n" for number in range(partitions))
    subprocess.run(["sfdisk", "-q", raw], input=f"label: {table}\n{lines}".encode(), check=True)
    path.write_bytes(gzip.compress(raw.read_bytes(), 1))
    digest = hashlib.sha256(raw.read_bytes()).hexdigest()
    return Image("table", "table", path, "gzip", mib * MIB, digest, frozenset(), "configdrive", frozenset())


@pytest.mark.slow
@pytest.mark.parametrize("table", ["gpt", "dos"])
def test_an_image_without_a_place_for_its_seed_gets_one(
    artefacts: Artefacts, disk: Path, place: Path, table: str
) -> None:
    os.truncate(disk, 64 * MIB + 7 * 512)
    with serving(Peer(table_image(place, table, 20))) as peer:
        peer.seed = {"openstack/latest/user_data": b"#!/bin/sh\n"}
        with deployed(artefacts, peer, disk):
            pass
        assert peer.forms("done"), peer.forms("failed")
    verified = subprocess.run(["sfdisk", "--verify", disk], capture_output=True, text=True, check=True)
    assert "No errors" in verified.stdout or table == "dos"
    start = json.loads(subprocess.run(["sfdisk", "-J", disk], capture_output=True, check=True).stdout)
    made = start["partitiontable"]["partitions"][1]
    assert (made["start"], made["size"]) == (61 * 2048, 2 * 2048)
    place_of_seed = f"{disk}@@{made['start'] * 512}"
    assert run("mcopy", "-i", place_of_seed, "::openstack/latest/user_data", "-") == b"#!/bin/sh\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mib", "partitions", "words"),
    [
        (62, 1, "has no room for the seed behind the image: it needs 4 MiB"),
        (20, 4, "no partition for the seed can be added: all are used"),
    ],
)
def test_where_there_is_no_room_for_a_seed_nothing_boots(
    artefacts: Artefacts, disk: Path, place: Path, mib: int, partitions: int, words: str
) -> None:
    with serving(Peer(table_image(place, "dos", mib, partitions))) as peer:
        peer.seed = {"openstack/latest/user_data": b"#!/bin/sh\n"}
        with deployed(artefacts, peer, disk):
            pass
        assert words in peer.forms("failed")[0]["message"]
    assert head(disk) == bytes(MIB)


def told_to_erase(method: str) -> dict[str, str]:
    return {"errand": "erase", "method": method}


@pytest.mark.parametrize("size", [40 * MIB + 3 * 4096 + 512, pytest.param(MIB - 512, marks=pytest.mark.slow)])
def test_every_byte_of_a_disk_of_any_size_is_erased(artefacts: Artefacts, disk: Path, small: Image, size: int) -> None:
    disk.write_bytes(OLD * (size // 512))
    with serving(Peer(small, told=told_to_erase("Full"))) as peer:
        with deployed(artefacts, peer, disk) as printed:
            assert "lightsout: done; powering off" in printed
        (verified,) = peer.forms("verified")
    assert disk.read_bytes() == bytes(size)
    blocks = 256 if size > 16 * MIB else 1
    assert verified == {"blocks": str(blocks), "zeros": str(blocks), "bytes": str(min(size, 16 * MIB))}


def test_a_disk_that_cannot_discard_is_not_touched(artefacts: Artefacts, disk: Path, small: Image) -> None:
    before = disk.read_bytes()
    with serving(Peer(small, told=told_to_erase("Discard"))) as peer:
        with deployed(artefacts, peer, disk, Shape(disk="virtio without discard")):
            pass
        assert peer.forms("failed")[0]["message"].startswith("vda cannot discard")
    assert disk.read_bytes() == before


def test_a_disk_that_takes_a_discard_and_keeps_its_data_fails(artefacts: Artefacts, disk: Path, small: Image) -> None:
    disk.write_bytes(OLD * (64 * MIB // 512))
    with serving(Peer(small, told=told_to_erase("Discard"))) as peer:
        with deployed(artefacts, peer, disk):
            pass
        assert "places of vda that were read back still hold data" in peer.forms("failed")[0]["message"]
        assert not peer.forms("done")
    assert head(disk) == bytes(MIB)


def test_a_cancelled_erase_stops_the_ramdisk(artefacts: Artefacts, disk: Path, small: Image) -> None:
    with serving(Peer(small, told=told_to_erase("Full"), cancel_at="erase")) as peer:
        with deployed(artefacts, peer, disk) as printed:
            assert "the service has ended this job" in printed
        assert not peer.forms("done")


@pytest.mark.slow
def test_a_rescue_whose_service_says_nothing_ends_by_itself(artefacts: Artefacts, disk: Path, small: Image) -> None:
    before = disk.read_bytes()
    with serving(Peer(small, told={"errand": "rescue", "seconds": "5"})) as peer:
        peer.seed = {"authorized_keys": b"ssh-ed25519 AAAA nobody\n"}
        with deployed(artefacts, peer, disk) as printed:
            assert "the time is up" in printed
        assert peer.forms("ready")[0]["hostkey"].startswith("ssh-ed25519 ")
        assert peer.forms("done")
    assert disk.read_bytes() == before


def test_the_pointer_shows_where_the_mouse_is(artefacts: Artefacts, disk: Path, place: Path) -> None:
    password = subprocess.run(["busybox", "mkpasswd", "-m", "sha512", "secret"], check=True,
                              capture_output=True, text=True).stdout.strip()  # fmt: skip
    disk.unlink()
    unpack(Catalogue(artefacts.catalogue).get("lightsout-mini"), disk)
    seed_image(disk, {"lightsout.env": shell_lines({"hostname": "m", "password_hash": password}).encode()})
    with running(place / "system", disk, Shape()) as guest:
        guest.wait_for("m login:")
        guest.type("root\n")
        guest.wait_for("Password:")
        guest.type("secret\n")
        guest.wait_for("[mini] root@m")
        guest.type("pointer\n")
        guest.wait_for("Tablet")
        time.sleep(1)
        guest.command(
            "input-send-event",
            events=[
                {"type": "abs", "data": {"axis": "x", "value": 1234}},
                {"type": "btn", "data": {"button": "left", "down": True}},
            ],
        )
        guest.wait_for("3 0 1234", 20)
        guest.wait_for("1 272 1", 20)
