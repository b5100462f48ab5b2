"""The contract every backend keeps, kept by the virtual node."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bmc.ports import Backend
from robots.contract import BootContract, InventoryContract, MediaContract, OpenBackend
from tests.virtual_node.rig import Rig


@pytest.mark.guest
class TestVirtualNode(BootContract, MediaContract, InventoryContract):
    patience = 60.0

    @pytest.fixture
    async def open_backend(self, tmp_path: Path) -> AsyncIterator[OpenBackend]:
        rig = Rig(tmp_path / "nodes", nics=[{}])
        rig.write_disk()
        opened: list[Backend] = []

        async def open_backend() -> Backend:
            opened.append(rig.compose())
            await opened[-1].lifecycle.start()
            return opened[-1]

        yield open_backend
        for backend in opened:
            with contextlib.suppress(Exception):
                await backend.lifecycle.close()
        await rig.clean_up()
