"""The service without its doors: where it cannot be opened, and what it leaves."""

from pathlib import Path

import pytest

from bmc.core import open_core
from bmc.model.errors import InvalidRequest
from tests.world import VIEWER


async def test_a_state_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.symlink_to(tmp_path / "no-such-disk")
    with pytest.raises(InvalidRequest, match="state cannot be made: File exists; see BMC_STATE"):
        async with open_core(state):
            pass


async def test_what_the_audit_holds_back_is_written_when_the_service_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bmc.events.PACED_AT_ONCE", 1)
    async with open_core(tmp_path) as core:
        for _ in range(3):
            await core.audit.record(VIEWER, "power", "n1", "Denied")
    async with open_core(tmp_path) as core:
        assert [record.details for record in await core.audit.read()] == [{}, {"held_back": 1}]
