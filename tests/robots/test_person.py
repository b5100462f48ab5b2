"""A person who is asked: the real board of assignments, somebody who answers it, and the plant they stand before."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from bmc.assignments import Assignments
from bmc.events import Events
from bmc.model.assignment import Answer, Assignment
from bmc.model.errors import BackendFailed, InvalidOptions, OutcomeUnknown
from bmc.model.node import NodeDefinition
from bmc.model.power import PowerAction
from bmc.ports import Backend, Site
from bmc.power.safety import Safety
from bmc.store import Store
from robots.adapter import Place
from robots.contract import BackendContract, OpenBackend
from robots.hardware import driver
from robots.parts import PATIENCE
from robots.person import PersonOptions, adapter
from robots.testing import make_site, opened
from tests.clocks import QuickClock
from tests.robots.plant import RemotePlant, Rules, running_plant
from tests.robots.witness import witnessed
from tests.world import ADMIN

PERSON = {"adapter": "person", "where": "rack 3, unit 7", "reset": True}


@dataclass(frozen=True)
class House:
    """A site with people in it."""

    site: Site
    board: Assignments
    store: Store
    events: Events


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with Store.open(tmp_path / "store" / "lightsout.db") as store:
        site = make_site(tmp_path / "site")
        events = Events(store, site.clock)
        board = Assignments(events, site.clock)
        yield House(replace(site, assignments=board), board, store, events)


@pytest.fixture
def plant() -> Iterator[RemotePlant]:
    with running_plant(Rules(hold=1.8)) as plant:
        yield plant


Obey = Callable[[Assignment], Awaitable[Answer]]


@asynccontextmanager
async def somebody(house: House, obey: Obey) -> AsyncIterator[list[str]]:
    """Looks at the page, does what is asked, and says so; what was asked so far."""
    asked: list[str] = []

    async def look() -> None:
        while True:
            for assignment in house.board.open():
                asked.append(assignment.text)
                house.board.answer(assignment.id, await obey(assignment), ADMIN)
            await asyncio.sleep(0.02)

    looking = asyncio.create_task(look())
    try:
        yield asked
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


def hands(plant: RemotePlant) -> Obey:
    async def obey(assignment: Assignment) -> Answer:
        text = assignment.text
        running = plant.look().running
        if ("if it is on" in text and not running) or ("if it is off" in text and running):
            return Answer.DONE
        button = "reset" if "reset button" in text else "power"
        plant.close(button)
        await asyncio.sleep(2.2 if "hold its power button" in text else 0.2)
        plant.open(button)
        return Answer.DONE

    return obey


class TestContract(BackendContract):
    @pytest.fixture
    async def open_backend(self, house: House, plant: RemotePlant, tmp_path: Path) -> AsyncIterator[OpenBackend]:
        with witnessed(plant, tmp_path / "bmc") as sense:
            async with somebody(house, hands(plant)), AsyncExitStack() as stack:

                async def open_backend() -> Backend:
                    return await stack.enter_async_context(opened({"power": PERSON, "sense": [sense]}, house.site))

                yield open_backend


@asynccontextmanager
async def node(house: House, **options: Any) -> AsyncIterator[Backend]:
    given = {"power": {**PERSON, **options}, "sense": [{"adapter": "ipmi", "host": "127.0.0.1", "credential": "lab"}]}
    async with opened(given, house.site, "a2") as backend:
        yield backend


async def agrees(assignment: Assignment) -> Answer:
    return Answer.DONE


async def cannot(assignment: Assignment) -> Answer:
    return Answer.COULD_NOT


SENTENCES = [
    (PowerAction.ON, "{} is to be turned on: if it is off, press its power button for 1 second, then let go"),
    (
        PowerAction.GRACEFUL_SHUTDOWN,
        "{} is to shut down: if it is on, press its power button for 1 second, then let go",
    ),
    (
        PowerAction.FORCE_OFF,
        "{} is to be forced off: if it is on, hold its power button down for 6 seconds, then let go",
    ),
    (PowerAction.PUSH_POWER_BUTTON, "Press the power button of {} for 1 second, then let go"),
    (PowerAction.FORCE_RESTART, "{} is to start anew: if it is on, press its reset button for 1 second, then let go"),
]


@pytest.mark.parametrize(("action", "sentence"), SENTENCES)
async def test_a_person_is_asked_in_a_sentence_that_says_what_for(house: House, action: PowerAction, sentence: str):
    options = PersonOptions(where="rack 3, unit 7", reset=True)
    switch = adapter.open(options, Place("a2", "person", Path("kept"), house.site)).switch
    assert switch is not None
    async with somebody(house, agrees) as asked:
        await switch.apply(action)
    assert asked == [sentence.format("a2 (rack 3, unit 7)")]


async def test_who_could_not_do_it_is_believed(house: House):
    async with somebody(house, cannot), node(house) as backend:
        with pytest.raises(BackendFailed, match="could not be done"):
            await backend.switch.apply(PowerAction.PUSH_POWER_BUTTON)


async def test_when_nobody_answers_the_outcome_is_unknown(house: House):
    board = Assignments(house.events, QuickClock())
    async with node(replace(house, site=replace(house.site, assignments=board)), deadline="30s") as backend:
        with pytest.raises(OutcomeUnknown, match="nobody answered within 30 s"):
            await backend.switch.apply(PowerAction.PUSH_POWER_BUTTON)
    assert board.open() == []


async def test_an_emergency_stop_takes_the_request_back(house: House):
    safety = await Safety.open(house.store, house.events, house.site.clock, {})
    stopping = replace(house, site=replace(house.site, safety=safety))
    async with node(stopping) as backend:
        press = asyncio.create_task(backend.switch.apply(PowerAction.PUSH_POWER_BUTTON))
        while not house.board.open():  # noqa: ASYNC110 - a person looks again and again
            await asyncio.sleep(0.01)
        await safety.stop("olga", "smoke")
        with pytest.raises(OutcomeUnknown, match="emergency stop of olga"):
            await press
    assert house.board.open() == []


async def test_a_node_waits_as_long_as_its_person_has_time(house: House):
    async with node(house, deadline="2h") as backend:
        assert backend.rules.hand_over is not None
        assert backend.rules.hand_over >= 7200 + PATIENCE


WRONG = [
    ({"deadline": "1s"}, "options.power.deadline"),
    ({"where": "x" * 300}, "options.power.where"),
    ({"reset": "perhaps"}, "options.power.reset"),
    ({"long": "soon"}, "options.power.long: expected a duration"),
    ({"name": "Olga"}, "options.power.name: there is no such option"),
]


@pytest.mark.parametrize(("options", "told"), WRONG)
def test_what_is_wrong_with_an_option_is_told_with_its_place(tmp_path: Path, options: dict, told: str):
    given = {"power": {**PERSON, **options}, "sense": [{"adapter": "ipmi", "host": "127.0.0.1", "credential": "lab"}]}
    with pytest.raises(InvalidOptions) as raised:
        driver.complete(NodeDefinition("a2", UUID(int=1), "hardware", given), make_site(tmp_path))
    assert told in str(raised.value)
