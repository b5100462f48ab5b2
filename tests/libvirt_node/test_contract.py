"""The contract every backend keeps, kept by a domain of libvirt."""

from collections.abc import Callable

import pytest

from bmc.ports import Backend
from robots.contract import BootContract, InventoryContract, MediaContract, OpenBackend
from tests.libvirt_node.daemon import VirtualMachine


@pytest.mark.guest
class TestDomain(BootContract, MediaContract, InventoryContract):
    patience = 60.0

    @pytest.fixture
    def open_backend(self, machine: VirtualMachine, compose: Callable[..., object]) -> OpenBackend:
        async def open_backend() -> Backend:
            backend = await compose(machine.name)  # type: ignore[misc]
            assert isinstance(backend, Backend)
            return backend

        return open_backend
