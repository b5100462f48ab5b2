"""The plant of the tests is a server as its makers know it."""

import pytest

from tests.robots.plant import Plant, Rules, running_plant


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def plant(time: Time) -> Plant:
    return Plant(Rules(feeds=("a", "b")), time)


def press(plant: Plant, time: Time, seconds: float, button: str = "power") -> None:
    plant.close(button)
    time.now += seconds
    plant.open(button)


def test_a_short_press_turns_it_on_and_then_asks_it_to_shut_down(plant: Plant, time: Time):
    press(plant, time, 0.4)
    assert plant.look().led
    press(plant, time, 0.4)
    assert plant.look().running
    time.now += 0.3
    assert not plant.look().running
    assert plant.look().events == ["on", "asked", "off"]
    assert plant.look().moves["power"] == 2
    assert plant.look().held["power"] == pytest.approx(0.4)


def test_a_long_press_cuts_it_after_four_seconds_and_asks_nothing(plant: Plant, time: Time):
    press(plant, time, 0.4)
    plant.close("power")
    time.now += 3.9
    assert plant.look().running
    time.now += 0.1
    assert not plant.look().running
    plant.open("power")
    assert plant.look().events == ["on", "cut"]


def test_it_runs_on_one_of_two_feeds_and_its_load_moves_over(plant: Plant, time: Time):
    assert plant.look().watts == {"a": 2.0, "b": 2.0}
    press(plant, time, 0.4)
    plant.open("a")
    assert plant.look().watts == {"a": 0.0, "b": 120.0}
    plant.open("b")
    assert plant.look().events == ["on", "unfed"]
    press(plant, time, 0.4)
    assert not plant.look().running


def test_it_may_boot_when_it_is_fed(time: Time):
    plant = Plant(Rules(boots=True, fed=False), time)
    plant.close("a")
    assert plant.look().events == ["fed", "on"]


def test_a_stuck_contact_moves_no_more_and_a_welded_one_opens_no_more(plant: Plant, time: Time):
    plant.fault("power", "stuck")
    press(plant, time, 0.4)
    assert (plant.look().running, plant.look().moves["power"]) == (False, 0)
    plant.fault("power", "welded")
    press(plant, time, 0.4)
    assert plant.look().closed == ["power", "a", "b"]
    time.now += 4
    assert plant.look().events == ["on", "cut"]
    plant.mend("power")
    plant.open("power")
    assert plant.look().closed == ["a", "b"]


def test_what_shows_its_state_can_be_broken(plant: Plant, time: Time):
    press(plant, time, 0.4)
    assert (plant.look().led, plant.look().says) == (True, True)
    for part, kind in (("led", "dead"), ("meter", "dead"), ("bmc", "lying"), ("system", "deaf")):
        plant.fault(part, kind)
    plant.order("shutdown")
    time.now += 10
    look = plant.look()
    assert (look.running, look.led, look.says, look.watts) == (True, False, False, {"a": 0.0, "b": 0.0})


def test_a_fault_that_cannot_be_is_an_error(plant: Plant):
    with pytest.raises(ValueError, match="led cannot be welded"):
        plant.fault("led", "welded")


def test_a_plant_in_a_process_of_its_own_is_the_same():
    with running_plant(Rules(hold=0.2)) as plant:
        plant.close("power")
        plant.open("power")
        assert plant.look().events == ["on"]
        plant.order("off")
        assert not plant.look().says
        with pytest.raises(ValueError, match="led cannot be welded"):
            plant.fault("led", "welded")
