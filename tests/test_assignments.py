"""People are asked, answer, or do not."""

import asyncio

import pytest

from bmc.assignments import Assignments
from bmc.model.assignment import Answer
from bmc.model.clock import SystemClock
from bmc.model.errors import BackendFailed, NotFound, OutcomeUnknown
from bmc.model.events import EventKind
from tests.world import OPERATOR, World, until

TEXT = "Press the power button of n1 for 1 second"


async def test_who_asks_goes_on_when_somebody_says_done(world: World):
    board = Assignments(world.events, SystemClock())
    asking = asyncio.create_task(board.ask("n1", TEXT, 60))
    await until(board.open)
    (assignment,) = board.open()
    assert (assignment.node, assignment.text, assignment.deadline - assignment.at) == ("n1", TEXT, 60)
    board.answer(assignment.id, Answer.DONE, OPERATOR)
    await asking
    assert board.open() == []
    (opened,), (ended,) = await world.told(EventKind.ASSIGNMENT_OPENED), await world.told(EventKind.ASSIGNMENT_ENDED)
    assert (opened.node, opened.message) == ("n1", f"n1: {TEXT}")
    assert (ended.account, ended.message) == ("olga", f"n1: olga says Done: {TEXT}")


async def test_who_asks_is_told_that_it_could_not_be_done(world: World):
    board = Assignments(world.events, SystemClock())
    asking = asyncio.create_task(board.ask("n1", TEXT, 60))
    await until(board.open)
    board.answer(board.open()[0].id, Answer.COULD_NOT, OPERATOR)
    with pytest.raises(BackendFailed, match="olga says that it could not be done"):
        await asking


async def test_nobody_answering_leaves_it_unknown_and_withdraws_it(world: World):
    board = Assignments(world.events, SystemClock())
    with pytest.raises(OutcomeUnknown, match=r"nobody answered within 0 s"):
        await board.ask("n1", TEXT, 0.01)
    assert board.open() == []
    assert len(await world.told(EventKind.ASSIGNMENT_ENDED)) == 1


async def test_an_answer_counts_once(world: World):
    board = Assignments(world.events, SystemClock())
    asking = asyncio.create_task(board.ask("n1", TEXT, 60))
    await until(board.open)
    (assignment,) = board.open()
    board.answer(assignment.id, Answer.DONE, OPERATOR)
    with pytest.raises(NotFound, match="it was answered, or its time is up"):
        board.answer(assignment.id, Answer.COULD_NOT, OPERATOR)
    await asking


async def test_a_question_that_nobody_needs_any_more_is_withdrawn(world: World):
    board = Assignments(world.events, SystemClock())
    asking = asyncio.create_task(board.ask("n1", TEXT, 60))
    await until(board.open)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert board.open() == []
    assert len(await world.told(EventKind.ASSIGNMENT_ENDED)) == 1
