"""What may still be pressed: known across our death, and let go of again and again until that is acknowledged."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from pydantic import JsonValue

from bmc.model.clock import Clock
from bmc.model.errors import BackendFailed, BmcError, OutcomeUnknown, Refused, Unreachable
from robots.button import Button, Press
from robots.kept import KeptFile
from robots.motion import apart

PRESSED = "pressed.json"
"""The file that says what may still be pressed: while there is one, the node is not removed."""
LET_GO_WITHIN, LET_GO_AGAIN, CLOSE_WITHIN = 5.0, 0.5, 2.0
TRY_WITHIN = 60.0
"""Seconds after which one attempt to let go is given up for the next."""

log = logging.getLogger(__name__)


class Hand(Protocol):
    """What presses."""

    domain: str

    def in_turn(self) -> AbstractAsyncContextManager[None]:
        """Wait until it is free to move, and keep it. :raise BmcError: that takes too long."""

    async def let_go(self, press: Press) -> None:
        """May be asked again, and of a press that is over. :raise BmcError: nobody has acknowledged it."""

    async def close(self) -> None: ...


class Held:
    """One press at a time by one hand: written down before it is begun, and forgotten when it is surely over.

    `at` is where the hand presses and all it takes to let go there, without secrets; `former` makes a hand of what was
    written down, and raises ValueError if it is none of its kind.
    """

    def __init__(
        self, hand: Hand, at: Mapping[str, JsonValue], former: Callable[[Any], Hand], kept: Path, clock: Clock
    ) -> None:
        self._hand, self._at, self._former, self._clock = hand, at, former, clock
        self._path = kept / PRESSED
        self._file = KeptFile(self._path)
        self._tasks = set[asyncio.Task[None]]()
        self._told = f"{self._path} says that a button may still be pressed"
        self._trouble = ""

    def start(self) -> None:
        """Let go of what a former life left pressed, where it was pressed."""
        if not self._file.exists():
            return
        left = self._file.load()
        try:
            press = Press(Button(left["button"]), str(left["id"]))
            hand = self._former(left["at"])
        except (ValueError, KeyError, TypeError):
            self._told += ", by an adapter that stands here no more: let go of it by hand, then remove that file"
            log.error("%s", self._told)
            return
        self._told = f"{_words(hand, press)} was left pressed; letting go of it"
        log.warning("%s", self._told)
        self._go_on(hand, press)

    async def close(self) -> None:
        """End, a while after; what is not let go of by then is by the next start."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_WITHIN)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def require_free(self) -> None:
        """:raise Refused: a button may still be pressed."""
        if self._file.exists():
            raise Refused(f"nothing was pressed: {self._told}")

    def begin(self, button: Button) -> Press:
        """Write down that it is pressed from now on. :raise Refused: one may be already, or it cannot be written."""
        self.require_free()
        press = Press(button, str(uuid4()))
        try:
            self._file.save({"button": button.value, "id": press.id, "at": self._at})
        except OSError as error:
            raise Refused(f"nothing was pressed, since that could not be written down before: {error}") from error
        self._told, self._trouble = f"{_words(self._hand, press)} is pressed", ""
        return press

    def over(self) -> None:
        """It is pressed no more, or never was."""
        self._file.forget()

    @asynccontextmanager
    async def pressing(self, button: Button) -> AsyncIterator[Press]:
        """Pressed in here, and let go of at the end; not where a Refused, Unreachable or BackendFailed says it was not.

        :raise Refused: as `begin`. :raise OutcomeUnknown: it may still be pressed, or nobody knows how it was.
        """
        press = self.begin(button)
        try:
            yield press
        except (Refused, Unreachable, BackendFailed):
            self.over()
            raise
        except OutcomeUnknown as error:
            await apart(self._let_go(press, f"{error}; "))
            raise OutcomeUnknown(
                f"{_words(self._hand, press)} may have been pressed for a while and was let go of: {error}"
            ) from None
        except BaseException:
            with suppress(OutcomeUnknown):
                await apart(self._let_go(press))
            raise
        await apart(self._let_go(press))

    async def _let_go(self, press: Press, so_far: str = "") -> None:
        """In the turn of who pressed; after a while, in the background. :raise OutcomeUnknown: it may be pressed."""
        try:
            async with asyncio.timeout(LET_GO_WITHIN):
                await self._until_acknowledged(self._hand, press, nullcontext)
        except TimeoutError:
            self.let_go_later(press, self._trouble or f"no answer within {LET_GO_WITHIN:g} s")
            raise OutcomeUnknown(so_far + self._told) from None

    def let_go_later(self, press: Press, why: str) -> None:
        """In the background, since it could not be done at once."""
        self._failed(self._hand, press, why)
        self._go_on(self._hand, press)

    def _go_on(self, hand: Hand, press: Press) -> None:
        task = asyncio.create_task(self._let_go_in_the_end(hand, press), name=f"letting go of {_words(hand, press)}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _let_go_in_the_end(self, hand: Hand, press: Press) -> None:
        try:
            await self._until_acknowledged(hand, press, hand.in_turn)
            log.warning("%s was let go of", _words(hand, press))
        finally:
            if hand is not self._hand:
                await hand.close()

    async def _until_acknowledged(
        self, hand: Hand, press: Press, turn: Callable[[], AbstractAsyncContextManager[None]]
    ) -> None:
        while self._file.exists():
            try:
                async with turn(), asyncio.timeout(TRY_WITHIN):
                    await hand.let_go(press)
                self._file.forget()
            except (BmcError, OSError) as error:
                self._failed(hand, press, str(error) or f"no answer within {TRY_WITHIN:g} s")
                await self._clock.sleep(LET_GO_AGAIN)

    def _failed(self, hand: Hand, press: Press, why: str) -> None:
        first, self._trouble = not self._trouble, why
        self._told = f"{_words(hand, press)} may still be pressed; trying on to let go of it: {why}"
        if first:
            log.error("%s", self._told)


def _words(hand: Hand, press: Press) -> str:
    return f"the {press.button.value} button ({hand.domain})"
