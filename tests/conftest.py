"""Fixtures that every room may use."""

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.world import World, open_world

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what runs in its background so, and the commands that tests start would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path / "store" / "lightsout.db") as opened:
        yield opened
