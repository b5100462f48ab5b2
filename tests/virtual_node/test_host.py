"""What the host gives: memory, users, firmware, accelerator, files."""

import asyncio
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from bmc.model.boot import BootEnabled, BootMode, BootOverride, BootSeen, BootTarget
from bmc.model.checks import Verdict
from bmc.model.errors import BackendFailed, Refused
from bmc.ports import Configured
from bmc.virtual_node import accelerator
from bmc.virtual_node.driver import QEMU, driver
from bmc.virtual_node.files import keep_quota, read_tail, write_guest_file
from bmc.virtual_node.memory import available_memory, require_memory
from bmc.virtual_node.sandbox import SMALL_IDS, UNUSED_IDS, pick_user
from bmc.virtual_node.state import Medium, NodeState, Run, StateFile

MIB = 1024 * 1024


def machine(tmp_path: Path, available_mib: int, **groups: str) -> tuple[Path, Path]:
    """A /proc and a /sys/fs/cgroup; our group is /a/b; `groups` are files with _ for / and -."""
    proc, cgroups = tmp_path / "proc", tmp_path / "cgroup"
    (proc / "self").mkdir(parents=True)
    (cgroups / "a" / "b").mkdir(parents=True)
    (proc / "meminfo").write_text(f"MemTotal: 1 kB\nMemAvailable: {available_mib * 1024} kB\n")
    (proc / "self" / "cgroup").write_text("0::/a/b\n")
    for name, content in groups.items():
        (cgroups / name.replace("__", "/").replace("_", ".")).write_text(content)
    return proc, cgroups


def test_memory_is_what_the_machine_has_left(tmp_path: Path):
    proc, cgroups = machine(tmp_path, 300, a__memory_max="max", a__memory_current="0")
    assert available_memory(proc, cgroups)[0] == 300 * MIB
    require_memory(200, proc, cgroups)
    with pytest.raises(Refused, match="300 MiB and 96 MiB for QEMU are needed, this machine leaves 300 MiB"):
        require_memory(300, proc, cgroups)


def test_a_control_group_above_ours_limits_too(tmp_path: Path):
    proc, cgroups = machine(
        tmp_path,
        3000,
        a__memory_max=str(512 * MIB),
        a__memory_current=str(400 * MIB),
        a__memory_stat=f"anon 1\ninactive_file {100 * MIB}\n",
        a__b__memory_max="max",
    )
    assert available_memory(proc, cgroups)[0] == 212 * MIB
    with pytest.raises(Refused, match="control group"):
        require_memory(128, proc, cgroups)


def test_each_node_has_a_user_that_belongs_to_nobody_else():
    everything = "         0          0 4294967295\n"
    users = {pick_user(uuid4(), everything) for _ in range(100)}
    assert len(users) == 100
    assert all(UNUSED_IDS <= user < 2**31 for user in users)
    assert SMALL_IDS <= pick_user(UUID(int=5), "0 100000 65536\n") < 65536


def test_a_tiny_guest_reaches_its_point_under_emulation():
    assert accelerator.run_tiny_guest(QEMU, ["-accel", "tcg"]) == (accelerator.REACHED << 1 | 1, "")


def test_a_tiny_guest_that_hangs_ends_with_whoever_tried_it():
    code = f"from bmc.virtual_node.accelerator import *; run_tiny_guest({QEMU!r}, ['-accel', 'tcg', '-S'])"
    trying = subprocess.Popen([sys.executable, "-c", code])
    try:
        end = time.monotonic() + 20
        while not (guests := guests_of(trying.pid)):
            assert time.monotonic() < end
            time.sleep(0.02)
        ended = os.pidfd_open(guests[0])
    finally:
        trying.kill()
        trying.wait()
    try:
        assert select.select([ended], [], [], 20)[0]
    finally:
        os.close(ended)


def guests_of(pid: int) -> list[int]:
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [child for child in children if QEMU in Path(f"/proc/{child}/cmdline").read_text().split("\0")[0]]


def test_kvm_is_tried_once_and_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    tried = []

    def try_kvm(qemu: str) -> accelerator.KvmVerdict:
        tried.append(qemu)
        return accelerator.KvmVerdict(False, "it hung")

    monkeypatch.setattr(accelerator, "try_kvm", try_kvm)
    monkeypatch.setattr(accelerator, "KVM", tmp_path / "kvm")
    assert accelerator.choose_accelerator("auto", QEMU, tmp_path)[1].startswith("there is no")
    (tmp_path / "kvm").touch()
    for _ in range(2):
        assert accelerator.choose_accelerator("auto", QEMU, tmp_path) == ("tcg", "it hung")
    assert tried == [QEMU]
    with pytest.raises(Refused, match=r"options\.accelerator is kvm, but it hung"):
        accelerator.choose_accelerator("kvm", QEMU, tmp_path)
    assert accelerator.choose_accelerator("tcg", QEMU, tmp_path)[0] == "tcg"


def test_doctor_hears_of_the_accelerator_and_the_firmware(tmp_path: Path):
    configured = Configured(lambda name: (b"", b""))
    checks = {check.name: check for check in driver.checks(tmp_path, configured)}
    assert checks["qemu"].verdict is Verdict.OK
    assert checks["accelerator"].finding
    assert checks["accelerator"].verdict is Verdict.OK or checks["accelerator"].remedy
    assert checks["uefi firmware"].verdict is Verdict.OK


async def test_the_state_survives_and_is_private(tmp_path: Path):
    kept = StateFile(tmp_path / "state.json")
    override = BootOverride(BootTarget.CD, BootEnabled.ONCE, BootMode.UEFI)
    kept.now = NodeState(
        {"cd0": Medium("/x.iso", "x")}, override, override, [BootSeen(1.5, override)], Run("boot", 1.0, "tcg", True), 77
    )
    await kept.save()
    assert (tmp_path / "state.json").stat().st_mode & 0o777 == 0o600
    again = StateFile(tmp_path / "state.json")
    again.load()
    assert again.now == kept.now


async def test_what_changes_while_the_disk_is_waited_for_is_not_taken_back(tmp_path: Path):
    kept = StateFile(tmp_path / "state.json")
    for number in range(50):
        saving = [asyncio.create_task(kept.save()) for _ in range(3)]
        for _ in range(number % 5):
            await asyncio.sleep(0)
        kept.now.events_read = number
        kept.note()
        saving[0].cancel()
        await asyncio.gather(*saving, return_exceptions=True)
        again = StateFile(tmp_path / "state.json")
        again.load()
        assert again.now.events_read == number


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"media": 5}', "\x00"])
def test_a_damaged_state_is_said_and_left_alone(tmp_path: Path, content: str):
    (tmp_path / "state.json").write_text(content)
    with pytest.raises(BackendFailed, match=r"state\.json"):
        StateFile(tmp_path / "state.json").load()
    assert (tmp_path / "state.json").read_text() == content


def test_a_log_over_its_quota_keeps_its_newest_half(tmp_path: Path):
    log = tmp_path / "serial.log"
    log.write_bytes(b"old" * 1000 + b"new" * 1000)
    assert not keep_quota(log, 6000)
    assert keep_quota(log, 3000)
    assert log.stat().st_size == 0
    assert read_tail(tmp_path / "serial.log.1", 9999) == b"new" * 500


def test_what_the_guests_user_links_is_never_written_or_read(tmp_path: Path):
    precious = tmp_path / "precious"
    precious.write_bytes(b"x" * 100)
    for name in ("serial.log", "serial.log.1", "file", "file.new"):
        os.symlink(precious, tmp_path / name)
    assert not keep_quota(tmp_path / "serial.log", 10)
    assert read_tail(tmp_path / "serial.log", 10) == b""
    write_guest_file(tmp_path / "file", b"mine")
    assert precious.read_bytes() == b"x" * 100
