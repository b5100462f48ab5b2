"""What a guest that breaks out of its machine would find itself in."""

import os
import socket
import tempfile
from pathlib import Path

import pytest

from bmc.model.errors import WrongState
from bmc.model.power import PowerAction
from bmc.virtual_node.files import VNC_SOCKET
from tests.virtual_node.rig import Rig, managed_and_killed
from tests.virtual_node.sector import write_cd

pytestmark = [
    pytest.mark.guest,
    pytest.mark.skipif(os.geteuid() != 0, reason="takes root to look, and to become another user"),
]

SOMEBODY = 12345


def status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


async def test_root_leaves_nothing_to_qemu(rig: Rig, make_rig):
    await rig.power_on()
    other = make_rig("n2")
    other.write_disk()
    await other.start()
    await other.power_on()
    found = status(rig.pid)
    user = os.stat(f"/proc/{rig.pid}").st_uid
    assert set(found["Uid"].split()) == set(found["Gid"].split()) == {str(user)}
    assert user > 0x70000000
    assert user != os.stat(f"/proc/{other.pid}").st_uid, "each node has a user of its own"
    assert found["Groups"] == ""
    assert [int(found[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")] == [0] * 5
    assert (found["NoNewPrivs"], found["Seccomp"]) == ("1", "2")
    networks = {os.readlink(f"/proc/{pid}/ns/net") for pid in (rig.pid, other.pid, os.getpid())}
    assert len(networks) == 3
    assert rig.files.guest.stat().st_mode & 0o777 == 0o700
    assert rig.files.node.stat().st_mode & 0o777 == 0o700
    assert rig.files.node.stat().st_uid == 0


async def test_an_ordinary_user_gets_a_network_namespace_too():
    with tempfile.TemporaryDirectory(prefix="lightsout-test-") as directory:
        os.chown(directory, SOMEBODY, SOMEBODY)
        rig = Rig(Path(directory) / "nodes")
        rig.write_disk()
        for path in (rig.directory, rig.files.node, rig.files.guest, rig.files.guest / "disk0.raw"):
            os.chown(path, SOMEBODY, SOMEBODY)
        try:
            await managed_and_killed(rig, f"user={SOMEBODY}", "on", "until=DISK-UP")
            assert os.stat(f"/proc/{rig.pid}").st_uid == SOMEBODY
            assert os.readlink(f"/proc/{rig.pid}/ns/net") != os.readlink("/proc/self/ns/net")
            assert status(rig.pid)["Seccomp"] == "2"
        finally:
            await rig.clean_up()


async def test_an_ejected_medium_is_let_go(rig: Rig, tmp_path: Path):
    first, second = (write_cd(tmp_path / f"{name}.iso") for name in ("first", "second"))
    await rig.media.insert("cd0", str(first), "first")
    await rig.power_on()
    await rig.media.insert("cd0", str(second), "second")
    assert held(rig.pid, tmp_path) <= {str(second), str(first)}
    await rig.media.eject("cd0")
    assert str(second) not in held(rig.pid, tmp_path)
    await rig.apply(PowerAction.FORCE_OFF)


def held(pid: int, directory: Path) -> set[str]:
    """The files below `directory` that a process has open, but for the node's own."""
    links = {os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir()}
    return {link for link in links if link.startswith(str(directory)) and link.endswith(".iso")}


async def test_a_socket_that_leads_to_another_process_is_not_talked_to(rig: Rig, tmp_path: Path):
    """QEMU's user owns the directory: it could have the service speak to any socket that the service can open."""
    await rig.power_on()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as docker:
        docker.bind(str(tmp_path / "docker.sock"))
        docker.listen()
        screen = rig.files.guest / VNC_SOCKET
        screen.rename(rig.files.guest / "vnc-of-qemu")
        screen.symlink_to(tmp_path / "docker.sock")
        assert rig.backend.screen is not None
        with pytest.raises(WrongState, match=f"leads to process {os.getpid()}, not to QEMU"):
            await rig.backend.screen.connect()
        screen.unlink()
        (rig.files.guest / "vnc-of-qemu").rename(screen)
        stream = await rig.backend.screen.connect()
        assert (await stream.read()).startswith(b"RFB 003.008")
        await stream.close()
