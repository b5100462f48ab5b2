"""What may still be pressed, with a hand that lets go when it is told to: for whom it is known, and for how long."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import robots.held
from bmc.model.clock import SystemClock
from bmc.model.errors import BackendFailed, OutcomeUnknown, Refused, Unreachable
from robots.button import Button, Press
from robots.held import PRESSED, Held
from tests.world import until


class Finger:
    """A hand at `domain`. `trouble` is why it does not let go; it hangs where that is "hangs"."""

    def __init__(self, domain: str = "finger 1") -> None:
        self.domain = domain
        self.trouble = ""
        self.turn = asyncio.Lock()
        self.told = list[Press]()
        self.closed = False

    @asynccontextmanager
    async def in_turn(self) -> AsyncIterator[None]:
        async with self.turn:
            yield

    async def let_go(self, press: Press) -> None:
        self.told.append(press)
        if self.trouble == "hangs":
            await asyncio.Event().wait()
        if self.trouble:
            raise Unreachable(self.trouble)

    async def close(self) -> None:
        self.closed = True


class Life:
    """One life of the service: `held` by `finger`, and the hands that it made of what an earlier life wrote down."""

    def __init__(self, directory: Path, at: str = "finger 1", trouble: str = "") -> None:
        self.finger = Finger(at)
        self.former = list[Finger]()
        self._trouble = trouble
        self.held = Held(self.finger, {"finger": at}, self._make, directory, SystemClock())

    def _make(self, at: dict[str, str]) -> Finger:
        finger = Finger(at["finger"])
        finger.trouble = self._trouble
        self.former.append(finger)
        return finger


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("LET_GO_WITHIN", 0.3), ("LET_GO_AGAIN", 0.02), ("CLOSE_WITHIN", 0.2)):
        monkeypatch.setattr(robots.held, name, seconds)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / PRESSED


@pytest.fixture
async def life(tmp_path: Path) -> AsyncIterator[Life]:
    life = Life(tmp_path)
    yield life
    await life.held.close()


async def leave_pressed(directory: Path, at: str = "finger 1") -> Press:
    """As a life that is cut off in mid-press does."""
    return Life(directory, at).held.begin(Button.RESET)


async def test_a_press_is_written_down_for_as_long_as_it_lasts(life: Life, file: Path):
    async with life.held.pressing(Button.POWER) as press:
        assert json.loads(file.read_text()) == {"button": "power", "id": press.id, "at": {"finger": "finger 1"}}
        assert life.finger.told == []
    assert life.finger.told == [press]
    assert not file.exists()


async def test_without_a_place_to_write_it_down_nothing_is_pressed(tmp_path: Path):
    (tmp_path / "n1").write_text("")
    with pytest.raises(Refused, match="nothing was pressed, since that could not be written down"):
        async with Life(tmp_path / "n1").held.pressing(Button.POWER):
            raise AssertionError


@pytest.mark.parametrize("error", [Refused, Unreachable, BackendFailed])
async def test_what_was_not_pressed_is_not_let_go_of(life: Life, file: Path, error: type[Exception]):
    with pytest.raises(error, match="it is busy"):
        async with life.held.pressing(Button.POWER):
            raise error("it is busy")
    assert life.finger.told == []
    assert not file.exists()


async def test_what_may_have_been_pressed_is_let_go_of_and_told(life: Life, file: Path):
    told = r"the power button \(finger 1\) may have been pressed for a while and was let go of: no answer"
    with pytest.raises(OutcomeUnknown, match=told):
        async with life.held.pressing(Button.POWER):
            raise OutcomeUnknown("no answer")
    assert len(life.finger.told) == 1
    assert not file.exists()


async def test_who_is_cancelled_has_let_go_by_then(life: Life, file: Path):
    async def press() -> None:
        async with life.held.pressing(Button.POWER):
            await asyncio.Event().wait()

    pressing = asyncio.ensure_future(press())
    await until(file.exists)
    pressing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pressing
    assert len(life.finger.told) == 1
    assert not file.exists()


@pytest.mark.parametrize("trouble", ["it is away", "hangs"])
async def test_letting_go_is_tried_on_with_one_word_to_the_log_and_nothing_pressed_meanwhile(
    life: Life, file: Path, trouble: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(robots.held, "TRY_WITHIN", 0.05)
    life.finger.trouble = trouble
    with pytest.raises(
        OutcomeUnknown, match=r"the power button \(finger 1\) may still be pressed; trying on to let go"
    ):
        async with life.held.pressing(Button.POWER) as press:
            pass
    with pytest.raises(Refused, match=r"nothing was pressed: the power button \(finger 1\) may still be pressed"):
        life.held.require_free()
    with pytest.raises(Refused, match="may still be pressed"):
        life.held.begin(Button.RESET)
    tried = len(life.finger.told)
    await until(lambda: len(life.finger.told) > tried + 2)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    life.finger.trouble = ""
    await until(lambda: not file.exists())
    assert set(life.finger.told) == {press}
    await until(lambda: "the power button (finger 1) was let go of" in caplog.text)
    async with life.held.pressing(Button.RESET):
        pass


async def test_an_outcome_and_that_it_may_still_be_pressed_are_told_together(life: Life):
    life.finger.trouble = "it is away"
    with pytest.raises(OutcomeUnknown, match=r"no answer; the power button .* may still be pressed; .*: it is away"):
        async with life.held.pressing(Button.POWER):
            raise OutcomeUnknown("no answer")


async def test_who_pressed_lets_go_in_the_turn_it_has_and_later_waits_for_one(life: Life, file: Path):
    async with life.finger.turn:
        async with life.held.pressing(Button.POWER):
            pass
        life.held.let_go_later(life.held.begin(Button.POWER), "it is away")
        await asyncio.sleep(0.1)
        assert len(life.finger.told) == 1
    await until(lambda: not file.exists())
    assert len(life.finger.told) == 2


async def test_the_next_life_lets_go_where_it_was_pressed(tmp_path: Path, file: Path, caplog: pytest.LogCaptureFixture):
    press = await leave_pressed(tmp_path, "finger 1")
    life = Life(tmp_path, "finger 2", trouble="it is away")
    life.held.start()
    await until(lambda: len(life.former[0].told) > 2)
    assert "the reset button (finger 1) was left pressed; letting go of it" in caplog.text
    with pytest.raises(Refused, match=r"the reset button \(finger 1\) may still be pressed; .*: it is away"):
        life.held.require_free()
    life.former[0].trouble = ""
    await until(lambda: not file.exists())
    await until(lambda: life.former[0].closed)
    assert set(life.former[0].told) == {press}
    assert life.finger.told == []
    life.held.require_free()
    await life.held.close()
    assert not life.finger.closed  # whose it is


@pytest.mark.parametrize("left", ["", "null", '["power"]', '{"button": "power", "id": "1", "at": {"coil": 1}}'])
async def test_what_nobody_here_can_let_go_of_is_told_and_nothing_pressed_until_somebody_has(
    life: Life, file: Path, left: str, caplog: pytest.LogCaptureFixture
):
    file.write_text(left)
    life.held.start()
    told = "says that a button may still be pressed, by an adapter that stands here no more: let go of it by hand"
    assert told in caplog.text
    with pytest.raises(Refused, match=told):
        life.held.begin(Button.POWER)
    file.unlink()
    async with life.held.pressing(Button.POWER):
        pass


async def test_at_the_end_what_is_not_let_go_of_is_left_to_the_next_life(tmp_path: Path, file: Path):
    await leave_pressed(tmp_path)
    life = Life(tmp_path, trouble="hangs")
    life.held.start()
    await until(lambda: life.former[0].told)
    await life.held.close()
    assert file.exists()
    assert life.former[0].closed


async def test_what_somebody_let_go_of_by_hand_is_let_go_of_no_more(life: Life, file: Path):
    life.finger.trouble = "it is away"
    life.held.let_go_later(life.held.begin(Button.POWER), "it is away")
    await until(lambda: len(life.finger.told) > 1)
    file.unlink()
    await life.held.close()
    tried = len(life.finger.told)
    await asyncio.sleep(0.1)
    assert len(life.finger.told) == tried
