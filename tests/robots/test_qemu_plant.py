"""The plant's own wires reach its real machine; what the robots' tests rest on."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.robots.plant import RemotePlant, Rules
from tests.robots.qemu_plant import running_qemu_plant, serial_of, small_disk

pytestmark = pytest.mark.guest


def until(what: Callable[[], object], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.1)


def press(plant: RemotePlant, seconds: float) -> None:
    plant.close("power")
    time.sleep(seconds)
    plant.open("power")


def test_a_press_boots_a_second_asks_by_acpi_and_a_hold_cuts(tmp_path: Path):
    with running_qemu_plant(tmp_path, small_disk(tmp_path), Rules(hold=1.8)) as plant:
        press(plant, 0.1)
        assert plant.look().led
        until(lambda: "Lightsout Mini" in serial_of(tmp_path))
        press(plant, 0.1)
        until(lambda: not plant.look().running, 60)
        assert plant.look().events == ["on", "asked", "off"]
        press(plant, 0.1)
        assert plant.look().running
        press(plant, 2.2)
        assert plant.look().events[-2:] == ["on", "cut"]
