"""A virtual node of one's own, ended with the test."""

import asyncio
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


@pytest.fixture
async def host_port() -> AsyncIterator[int]:
    """Something that listens on this host's loopback, as the service's own doors do."""

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SECRET\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
