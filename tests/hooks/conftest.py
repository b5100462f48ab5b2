"""A receiver and a lab for most tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.hooks.lab import Lab, Receiver, open_lab, receiving


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as opened:
        yield opened


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with open_lab(tmp_path) as opened:
        await opened.world.add("n1")
        yield opened
