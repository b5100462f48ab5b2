"""The server made of memory, which other tests stand on, keeps the contract of a backend."""

import pytest

from bmc.ports import Backend
from robots.contract import BootContract, MediaContract, OpenBackend
from tests.world import MemoryServer


class TestMemoryServer(BootContract, MediaContract):
    patience = 2.0

    @pytest.fixture
    def open_backend(self) -> OpenBackend:
        server = MemoryServer()

        async def open_backend() -> Backend:
            return server.backend()

        return open_backend
