"""A service to talk to, with one node."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.redfish.estate import Estate, open_estate
from tests.redfish.service import Service, open_service


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    """With the node n1, which is off."""
    async with open_service(tmp_path) as opened:
        await opened.world.add("n1")
        yield opened


@pytest.fixture
async def estate(tmp_path: Path) -> AsyncIterator[Estate]:
    async with open_estate(tmp_path) as opened:
        yield opened
