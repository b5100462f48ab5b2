"""Inspect with a simulated guest: what it found is the node's where nothing else is known, and outlives the service."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bmc.model.boot import BootMode
from bmc.model.commands import NoteInspected
from bmc.model.errors import Denied, InvalidRequest
from bmc.model.job import JobState
from bmc.model.node import Disk, Hardware, Nic
from bmc.reinstall.inspect import TEXT_MAX, hardware
from tests.jobs.lab import killed_and_started_again
from tests.reinstall.conftest import House, assert_let_go, ended
from tests.reinstall.simulated import DISK_SERIAL, DISK_SIZE
from tests.world import ADMIN, OPERATOR, until

FOUND = Hardware(
    manufacturer="ACME", model="Rack1", serial="X1", cpus=4, memory=8 << 30, firmware=BootMode.UEFI,
    firmware_version="1.2", disks=(Disk("vda", DISK_SIZE, DISK_SERIAL),), nics=(Nic("eth0", "52:54:00:00:00:01"),),
)  # fmt: skip


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Its backend knows of no disk."""
    opened = House(tmp_path)
    opened.server.known = ()
    return opened


async def test_what_was_found_is_shown_and_outlives_the_service(jobs, house, booting, tmp_path):
    job = await ended(jobs, (await jobs.start("inspect", "n1", {}, OPERATOR)).id)
    assert (job.state, job.message) == (JobState.COMPLETED, "done"), job
    await until(lambda: not jobs._runs)
    assert booting.fleet.node("n1").snapshot.hardware == FOUND
    assert house.server.disk.content == b"old system"
    assert_let_go(booting, house)
    async with killed_and_started_again(booting, jobs, tmp_path / "again.db") as again:
        assert again.fleet.node("n1").snapshot.hardware == FOUND


async def test_nonsense_from_the_guest_fails_the_job_and_changes_nothing(jobs, house, booting):
    house.server.report["cpus"] = "many"
    before = booting.fleet.node("n1").snapshot.hardware
    job = await ended(jobs, (await jobs.start("inspect", "n1", {}, OPERATOR)).id)
    assert job.message == "the ramdisk did not tell what it found: cpus and memory: expected numbers"
    assert booting.fleet.node("n1").snapshot.hardware == before
    assert_let_go(booting, house)


async def test_only_a_job_says_what_was_found(booting):
    with pytest.raises(Denied):
        await booting.fleet.node("n1").do(NoteInspected(FOUND), ADMIN)


def test_the_backends_own_knowledge_comes_first():
    known = Hardware(cpus=2, firmware=BootMode.LEGACY)
    merged = known.or_else(FOUND)
    assert (merged.cpus, merged.firmware, merged.memory, merged.nics) == (2, BootMode.LEGACY, 8 << 30, FOUND.nics)
    assert Hardware.from_json(FOUND.to_json()) == FOUND
    assert Hardware.from_json({}) == Hardware()


NAMES = st.sampled_from(["cpus", "memory", "nics", "firmware", "firmware_version", "manufacturer", "model", "serial"])
VALUES = st.text(max_size=200) | st.sampled_from(["4", "8589934592", "eth0=52:54:00:00:00:01", "UEFI", "Legacy", ""])


@given(st.dictionaries(NAMES, VALUES, max_size=8))
@settings(max_examples=500)
def test_any_report_is_taken_within_its_bounds_or_refused(report: dict[str, Any]) -> None:
    try:
        found = hardware(report, ())
    except InvalidRequest:
        return
    assert all(len(text) <= TEXT_MAX and text.isprintable() for text in (found.manufacturer, found.model, found.serial))
    assert Hardware.from_json(found.to_json()) == found
