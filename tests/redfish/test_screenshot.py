"""A picture of the screen over Redfish, and by `bmc screenshot`."""

import asyncio
import struct
from pathlib import Path

import pytest

from tests.cli.conftest import Shell
from tests.redfish.service import Service
from tests.world import MemoryStream, until

PICTURE = "/redfish/v1/Systems/n1/Oem/Lightsout/Screenshot"
SHOWN = (
    *(b"RFB 003.008\n", b"\1\1", bytes(4), struct.pack(">HH16xI", 1, 1, 0)),
    b"\0\0" + struct.pack(">HHHHHi", 1, 0, 0, 1, 1, 0) + b"\x0a\x14\x1e\0",
)


async def drawn(service: Service) -> MemoryStream:
    """The next connection to the screen of n1, which then shows one pixel."""
    opened = service.drivers.screens["n1"].opened
    before = len(opened)
    await until(lambda: len(opened) > before, 30)
    for each in SHOWN:
        opened[before].incoming.put_nowait(each)
    return opened[before]


async def test_whoever_may_watch_may_have_a_picture(service: Service) -> None:
    asked = asyncio.ensure_future(
        service.client.get(service.url + PICTURE, headers={"X-Auth-Token": (await service.token("vera"))[0]})
    )
    stream = await drawn(service)
    answer = await asked
    assert (answer.status, answer.content_type) == (200, "image/png")
    assert (await answer.read()).startswith(b"\x89PNG")
    assert stream.closed
    assert (await service.get("/redfish/v1/Systems/n1"))["Oem"]["Lightsout"]["ScreenshotURI"] == PICTURE
    await service.world.add("n2")
    assert (await service.call("GET", PICTURE.replace("n1", "n2"), as_="tina")).status == 404


async def test_a_screen_that_shows_nothing_is_said_to(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bmc.node.consoles.LOOK_PATIENCE", 0.1)
    refused = await service.call("GET", PICTURE)
    assert refused.status == 502
    assert "did not show itself" in refused.told


async def test_a_server_without_a_screen_has_no_picture(service: Service) -> None:
    service.drivers.headless.add("n5")
    await service.world.add("n5")
    assert (await service.get("/redfish/v1/Systems/n5"))["Oem"]["Lightsout"]["ScreenshotURI"] is None
    assert (await service.call("GET", PICTURE.replace("n1", "n5"))).status == 404


async def test_the_command_line_makes_a_file_of_it(service: Service, tmp_path: Path) -> None:
    bmc, file = Shell(service, tmp_path), tmp_path / "n1.png"
    done = asyncio.ensure_future(bmc("screenshot", "n1", str(file)))
    await drawn(service)
    assert (await done).out == f"{file}\n"
    assert file.read_bytes().startswith(b"\x89PNG")
