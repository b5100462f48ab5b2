"""A virtual node of one's own, ended with the test."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.virtual_node.rig import Rig


@pytest.fixture
async def make_rig(tmp_path: Path) -> AsyncIterator[Callable[..., Rig]]:
    """Makes rigs below tmp_path; the test starts them."""
    made: list[Rig] = []

    def make(name: str = "n1", **options: object) -> Rig:
        rig = Rig(tmp_path / "nodes", name, **options)
        made.append(rig)
        return rig

    yield make
    for rig in made:
        await rig.clean_up()


@pytest.fixture
async def rig(make_rig: Callable[..., Rig]) -> Rig:
    """A started node whose disk boots the guest of one sector; off."""
    rig = make_rig()
    rig.write_disk()
    return await rig.start()
