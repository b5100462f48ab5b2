"""Fixtures that every room may use."""

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.world import World, open_world

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what runs in its background so, and the commands that tests start would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Of itself hypothesis sees a busy machine as a fault.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path / "store" / "lightsout.db") as opened:
        yield opened
