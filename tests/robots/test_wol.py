"""Wake-on-LAN, against another program that makes the same packet."""

import asyncio
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from bmc.model.errors import InvalidRequest, NotSupported, Unreachable
from bmc.model.node import NodeDefinition
from bmc.model.power import PowerAction, PowerState
from bmc.ports import Backend
from robots.contract import BackendContract, OpenBackend
from robots.hardware import driver
from robots.testing import make_site
from robots.wol import WolOptions, WolSwitch, magic
from tests.robots.mqtt_lab import LED, RELAYS, Lab, open_lab, push

MAC = "52:54:00:ab:cd:ef"


@pytest.fixture
def card() -> Iterator[socket.socket]:
    """What listens while the server sleeps."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as card:
        card.bind(("127.0.0.1", 0))
        card.settimeout(5)
        yield card


def switch(card: socket.socket, **options: object) -> WolSwitch:
    port = card.getsockname()[1]
    return WolSwitch(WolOptions.model_validate({"mac": MAC, "broadcast": "127.0.0.1", "port": port, **options}))


@pytest.mark.skipif(shutil.which("wakeonlan") is None, reason="wakeonlan is not installed")
def test_the_packet_is_that_of_another_program(card: socket.socket):
    subprocess.run(["wakeonlan", "-i", "127.0.0.1", "-p", str(card.getsockname()[1]), MAC], check=True, timeout=10)
    assert card.recv(2048) == magic(MAC)


async def test_on_sends_the_packet_which_may_get_lost_twice(card: socket.socket):
    await switch(card).apply(PowerAction.ON)
    card.setblocking(False)
    assert [card.recv(2048) for _ in range(3)] == [b"\xff" * 6 + bytes.fromhex("525400abcdef") * 16] * 3


async def test_it_leaves_by_the_interface_that_was_named(card: socket.socket):
    await switch(card, interface="lo").apply(PowerAction.ON)
    assert len(card.recv(2048)) == 102
    with pytest.raises(Unreachable, match="Wake-on-LAN of 52:54:00:ab:cd:ef cannot be sent: No such device"):
        await switch(card, interface="nowhere0").apply(PowerAction.ON)


async def test_it_turns_nothing_off(card: socket.socket):
    assert switch(card).actions == {PowerAction.ON}
    with pytest.raises(NotSupported):
        await switch(card).apply(PowerAction.FORCE_OFF)


@pytest.mark.skipif(shutil.which("mosquitto_pub") is None, reason="mosquitto is not installed")
class TestContract(BackendContract):
    """The card, when it hears its packet, closes the relay that feeds the server; a second actuator opens it."""

    @pytest.fixture
    def lab(self, tmp_path: Path) -> Iterator[Lab]:
        with open_lab(tmp_path, "plain", "outlet") as lab:
            yield lab

    @pytest.fixture
    async def open_backend(self, lab: Lab, card: socket.socket) -> AsyncIterator[OpenBackend]:
        site, backends = make_site(lab.directory), list[Backend]()
        card.setblocking(False)
        wakes = asyncio.create_task(self.wake(lab, card))
        power = [
            {"adapter": "wol", "mac": MAC, "broadcast": "127.0.0.1", "port": card.getsockname()[1]},
            {"adapter": "mqtt", **lab.way, **RELAYS["plain"]},
        ]

        async def open_backend() -> Backend:
            options = {"power": power, "sense": [LED], "settle": "5s"}
            backend = await driver.open(NodeDefinition("n1", UUID(int=1), "hardware", options), site)
            backends.append(backend)
            await backend.lifecycle.start()
            return backend

        yield open_backend
        wakes.cancel()
        for backend in backends:
            await backend.lifecycle.close()

    async def wake(self, lab: Lab, card: socket.socket) -> None:
        while True:
            packet = await asyncio.get_running_loop().sock_recv(card, 2048)
            if packet == b"\xff" * 6 + bytes.fromhex("525400abcdef") * 16:
                await asyncio.to_thread(push, lab, "lab/dev1/0/set", "close")

    async def test_it_is_the_packet_that_turns_it_on(self, backend: Backend, lab: Lab):
        await backend.switch.apply(PowerAction.ON)
        await self.shows(backend, PowerState.ON)
        assert backend.switch.domain == f"Wake-on-LAN of {MAC}"


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, r"options\.power\.mac: Field required"),
        ({"mac": "52:54:00:ab:cd"}, r"options\.power\.mac: expected a MAC address such as"),
        ({"mac": MAC, "port": 0}, r"options\.power\.port: Input should be greater"),
        ({"mac": MAC, "interface": "a/b"}, r"options\.power\.interface: String should match"),
        ({"mac": MAC, "password": "x"}, r"options\.power\.password: there is no such option"),
    ],
)
def test_wrong_options_are_named_with_their_place(options: dict[str, object], complaint: str, tmp_path: Path):
    whole = {"power": {"adapter": "wol", **options}}
    with pytest.raises(InvalidRequest, match=complaint):
        driver.complete(NodeDefinition("n1", UUID(int=1), "hardware", whole), make_site(tmp_path))


@pytest.mark.parametrize("written", ["52-54-00-AB-CD-EF", "525400abcdef", MAC])
def test_an_address_may_be_written_as_labels_have_it(written: str):
    assert WolOptions(mac=written).mac == MAC
