"""A service killed in the middle of delivering goes on exactly where it was."""

import asyncio
import os
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from tests.hooks.lab import Receiver

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("count", [600, pytest.param(10_000, marks=pytest.mark.slow)])
async def test_no_event_is_lost_or_out_of_order_through_kills(tmp_path: Path, receiver: Receiver, count: int) -> None:
    for part in (1, 2, 3):
        program = await asyncio.create_subprocess_exec(
            sys.executable,
            ROOT / "tests" / "hooks" / "killed_program.py",
            tmp_path,
            receiver.url,
            str(count),
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        try:
            await (receiver.has(count * part // 3, 250) if part < 3 else receiver.has_told(str(count - 1), 250))
        finally:
            program.kill()
            await program.wait()
    numbers = [got.sequence for got in receiver.got]
    assert len({got.text for got in receiver.got if got.text.isdigit()}) == count
    # What was on its way when the service died comes again at once, and nothing else does.
    assert {after - before for before, after in pairwise(numbers)} <= {0, 1}
    assert len(numbers) - len(set(numbers)) <= 2
