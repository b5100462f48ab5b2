"""The service without its doors, where it cannot be opened."""

from pathlib import Path

import pytest

from bmc.core import open_core
from bmc.model.errors import InvalidRequest


async def test_a_state_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.symlink_to(tmp_path / "no-such-disk")
    with pytest.raises(InvalidRequest, match="state cannot be made: File exists; see BMC_STATE"):
        async with open_core(state):
            pass
