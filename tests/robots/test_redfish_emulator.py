"""A server with a vendor BMC that speaks Redfish, against OpenStack's emulator."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from bmc.ports import Backend
from tests.contracts.backend import BackendContract, OpenBackend
from tests.robots.redfish_peers import Emulator, emulator, free_port, site
from tests.robots.rig import opened


@pytest.fixture
async def bmcs(tmp_path: Path) -> AsyncIterator[tuple[Emulator, Emulator]]:
    """Two BMCs of the same machine: one to act by, one to look by."""
    with emulator(tmp_path / "machine") as first, emulator(tmp_path / "machine") as second:
        await asyncio.gather(first.ready(), second.ready())
        yield first, second


def options(bmcs: tuple[Emulator, Emulator], **more: Any) -> dict[str, Any]:
    common = {"adapter": "redfish", "credential": "lab", "poll": "0.5s"}
    return {
        "bmc": {**common, "url": bmcs[0].url, "post_time": "1s", "serve_from": f"127.0.0.1:{free_port()}", **more},
        "sense": [{**common, "url": bmcs[1].url}],
    }


class TestContract(BackendContract):
    @pytest.fixture
    async def open_backend(self, bmcs: tuple[Emulator, Emulator], tmp_path: Path) -> AsyncIterator[OpenBackend]:
        chosen, place = options(bmcs), site(tmp_path / "kept")
        async with AsyncExitStack() as stack:

            async def open_backend() -> Backend:
                return await stack.enter_async_context(opened(chosen, place))

            yield open_backend
