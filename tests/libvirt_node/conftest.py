"""A libvirtd for each worker, a domain and a backend for each test."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from bmc.libvirt_node.library import libvirt
from bmc.model.node import NodeDefinition
from bmc.ports import Backend, Configured
from robots.testing import make_site
from tests.e2e.service import LiveService
from tests.libvirt_node.daemon import Libvirtd, VirtualMachine, lacks

Compose = Callable[..., "asyncio.Future[Backend]"]


@pytest.fixture(scope="session")
def libvirtd() -> Iterator[Libvirtd]:
    """Runs after each test as before it."""
    if libvirt is None:
        pytest.skip("the Python binding of libvirt is not installed (`make setup-test` builds it)")
    if missing := lacks():
        pytest.skip(f"there is no {missing}")
    daemon = Libvirtd()
    try:
        yield daemon.start()
    finally:
        daemon.destroy()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, libvirtd: Libvirtd) -> Iterator[LiveService]:
    """Its configuration names the libvirtd `here`."""
    config = f'[libvirt.here]\nuri = "{libvirtd.uri}"\n'
    service = LiveService(tmp_path_factory.mktemp("service"), demo=False, config=config)
    try:
        yield service.start()
    finally:
        service.destroy()


@pytest.fixture
def machine(libvirtd: Libvirtd) -> Iterator[VirtualMachine]:
    """A domain that is off."""
    machine = libvirtd.define(f"vm-{uuid4().hex[:6]}")
    yield machine
    machine.remove()


@pytest.fixture
async def compose(libvirtd: Libvirtd, tmp_path: Path) -> AsyncIterator[Callable[..., object]]:
    """Opens backends that are started; they are closed with the test."""
    from bmc.libvirt_node.driver import LibvirtDriver

    driver, opened = LibvirtDriver(), []
    configured = Configured(lambda name: (b"", b""), connections={"here": libvirtd.uri})
    site = make_site(tmp_path / "kept", configured=configured)

    async def compose(domain: str, connection: str = "here") -> Backend:
        definition = NodeDefinition("n1", uuid4(), "libvirt", {"connection": connection, "domain": domain})
        backend = await driver.open(driver.complete(definition, site), site)
        opened.append(backend)
        await backend.lifecycle.start()
        return backend

    yield compose
    for backend in opened:
        await backend.lifecycle.close()
