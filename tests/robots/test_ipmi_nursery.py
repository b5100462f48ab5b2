"""The process that workers are forked from: what becomes of it, and of them."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import robots.ipmi_nursery
from robots.ipmi_nursery import Hand, Nursery
from tests.robots.ipmi_processes import children

FIRST = {"host": "127.0.0.1", "port": 9, "user": "", "password": "", "console": False}


@pytest.fixture
async def nursery() -> AsyncIterator[Nursery]:
    nursery = Nursery()
    yield nursery
    await nursery.close()
    assert children(os.getpid()) == set()


async def test_its_workers_are_its_children_and_share_what_it_imported(nursery: Nursery):
    hands = [await nursery.worker(FIRST) for _ in range(3)]
    (process,) = children(os.getpid())
    assert children(process) == {hand.pid for hand in hands}
    for hand in hands:
        await hand.kill()
    assert children(process) == set()


async def test_many_at_once_are_born_one_after_another(nursery: Nursery):
    hands = await asyncio.gather(*(nursery.worker(FIRST) for _ in range(20)))
    assert len({hand.pid for hand in hands}) == 20
    await asyncio.gather(*(hand.end(2) for hand in hands))


async def test_whoever_gives_up_waiting_leaves_nothing_behind(nursery: Nursery):
    for delay in (0, 0.001, 0.05, 0.2):
        waiting = asyncio.ensure_future(nursery.worker(FIRST))
        await asyncio.sleep(delay)
        waiting.cancel()
        for each in await asyncio.gather(waiting, return_exceptions=True):
            if isinstance(each, Hand):
                await each.kill()
    hand = await nursery.worker(FIRST)
    (process,) = children(os.getpid())
    async with asyncio.timeout(30):
        while children(process) != {hand.pid}:  # noqa: ASYNC110 - one that nobody speaks to ends when it hears of it
            await asyncio.sleep(0.05)
    await hand.kill()


async def test_the_death_of_one_that_nobody_waits_for_any_more_is_not_taken_for_the_next_ones(nursery: Nursery):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    nursery._control, nursery._asked = ours, 1
    born = await asyncio.create_subprocess_exec("sleep", "60")
    pidfd = os.pidfd_open(born.pid)
    with theirs:
        theirs.send(b"1")
        socket.send_fds(theirs, [b"2 %d" % born.pid], [pidfd])
        os.close(pidfd)
        hand = await nursery.worker(FIRST)
        assert hand.pid == born.pid
        await hand.kill()
        await born.wait()


async def test_one_that_hangs_is_replaced(nursery: Nursery, monkeypatch: pytest.MonkeyPatch):
    await (await nursery.worker(FIRST)).kill()
    (process,) = children(os.getpid())
    os.kill(process, signal.SIGSTOP)
    monkeypatch.setattr(robots.ipmi_nursery, "BORN_WITHIN", 0.2)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(nursery.worker(FIRST), 0.5)
    await (await asyncio.wait_for(nursery.worker(FIRST), 20)).kill()
    assert children(os.getpid()).isdisjoint({process})


async def test_workers_end_when_nobody_speaks_to_them_any_more(nursery: Nursery):
    hand = await nursery.worker(FIRST)
    os.kill(hand.pid, 0)
    pidfd = os.pidfd_open(hand.pid)
    hand._writer.close()
    await asyncio.wait_for(robots.ipmi_nursery._readable(pidfd), 30)
    os.close(pidfd)
    await hand.kill()


async def test_no_worker_has_the_socket_of_another(nursery: Nursery):
    hands = [await nursery.worker(FIRST) for _ in range(3)]
    async with asyncio.timeout(30):
        while any(len(sockets(hand)) != 1 for hand in hands):  # noqa: ASYNC110 - one that was just born lets go first
            await asyncio.sleep(0.05)
    assert len(set[str]().union(*map(sockets, hands))) == 3
    for hand in hands:
        await hand.kill()


def sockets(hand: Hand) -> set[str]:
    found = {os.readlink(each) for each in Path(f"/proc/{hand.pid}/fd").iterdir()}
    return {each for each in found if each.startswith("socket:")}
