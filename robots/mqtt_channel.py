"""One relay or meter of an MQTT device: what it last said, asking it, and telling it to open or close."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bmc.model.clock import Clock
from bmc.model.errors import BackendFailed, OutcomeUnknown, Unreachable
from robots.mqtt_dialects import ALIVE_WORDS, DEAD_WORDS, Dialect, What
from robots.mqtt_link import Broker, Message, Watcher

ANSWER_WITHIN = 2.0
GRACE = 1.0
"""How much later than it was told to a device may open or close by itself."""
TRIES = 2


@dataclass(frozen=True, slots=True)
class Heard:
    """`kept`: the broker had it from an earlier time, nobody knows which. `number` orders what one channel heard."""

    value: str
    at: float
    monotonic: float
    kept: bool
    number: int


@dataclass(frozen=True, slots=True)
class Words:
    """In which words a relay speaks of itself."""

    on: frozenset[str]
    off: frozenset[str]

    def closed(self, value: str) -> bool | None:
        word = value.casefold()
        return True if word in self.on else False if word in self.off else None


class Channel:
    """`where` is how messages call it. What was heard is forgotten when the connection is lost: it may have changed."""

    def __init__(self, broker: Broker, dialect: Dialect, device: str, where: str, words: Words, clock: Clock) -> None:
        us = hashlib.sha256(f"{device} {dialect.relay}".encode()).hexdigest()[:8]
        self.broker, self.where, self.words = broker, where, words
        self.dialect = dialect.of(device, dialect.relay, f"{broker.name}-{us}")
        self.turn = broker.turn(device or where)
        self._clock = clock
        self._heard: dict[What, Heard] = {}
        self._said = {True: 0, False: 0}
        self._count = 0
        self._bell = asyncio.Event()
        self._watcher = Watcher(frozenset(each.topic for each in self.dialect.says), self._take, self._changed)
        self._started = False

    def start(self) -> None:
        """Begin to listen."""
        if not self._started:
            self._started = True
            self.broker.watch(self._watcher)
            self.broker.start()

    def stop(self) -> None:
        self.broker.unwatch(self._watcher)
        self._started = False

    @property
    def offline(self) -> bool:
        """The broker has noticed that the device is gone."""
        alive = self._heard.get(What.ALIVE)
        return alive is not None and alive.value.casefold() in DEAD_WORDS

    @property
    def online(self) -> bool:
        alive = self._heard.get(What.ALIVE)
        return alive is not None and alive.value.casefold() in ALIVE_WORDS

    @property
    def tells_state(self) -> bool:
        return any(each.what is What.STATE for each in self.dialect.says)

    def last(self, what: What) -> Heard | None:
        return self._heard.get(what)

    async def news(self, seconds: float) -> bool:
        """Wait until anything was heard, or the connection came or went; False if nothing did for so long."""
        bell = self._bell
        try:
            async with asyncio.timeout(seconds):
                return await bell.wait()
        except TimeoutError:
            return False

    async def reach(self) -> None:
        """:raise Unreachable: the broker is away, or knows that the device is."""
        self.start()
        await self.broker.ready()
        if self.offline:
            raise Unreachable(f"{self.where} is offline, says {self.broker.where}")

    async def ask(self, what: What) -> Heard:
        """What it says from now on; that may have been on its way already, as most devices number no answers.

        :raise Unreachable: it does not answer. :raise BackendFailed: it refuses.
        """
        await self.reach()
        for _ in range(TRIES):
            mark = self._count
            try:
                await self.broker.send([self.dialect.asks[what]], confirm=False)
            except OutcomeUnknown as error:
                raise Unreachable(str(error)) from None
            if heard := await self.hear(what, mark, ANSWER_WITHIN):
                return heard
        self._heard.pop(what, None)
        raise Unreachable(f"{self.where} does not answer")

    async def closed(self) -> bool:
        """Whether its relay is closed now. :raise: as `ask`."""
        heard = await self.ask(What.STATE)
        closed = self.words.closed(heard.value)
        if closed is None:
            raise BackendFailed(f"{self.where} says {heard.value!r}, which is neither on nor off")
        return closed

    async def prepare(self, message: Message) -> None:
        """:raise Unreachable: it did not confirm; nothing has moved."""
        mark = self._count
        try:
            await self.broker.send([message], confirm=False)
        except OutcomeUnknown as error:
            raise Unreachable(str(error)) from None
        if not await self.hear(What.PULSE, mark, ANSWER_WITHIN, lambda value: value == message.payload):
            raise Unreachable(f"{self.where} did not take the pulse time; nothing was moved")

    async def command(self, messages: Sequence[Message], closed: bool) -> bool:
        """Send this once; whether it then said that it is `closed` or not. Of one that tells no state: True.

        :raise Unreachable: nothing was sent. :raise OutcomeUnknown: it may have been. :raise BackendFailed: refused.
        """
        mark = self._count
        await self.broker.send(messages, confirm=True)
        return not self.tells_state or await self.hears_closed(closed, mark, ANSWER_WITHIN)

    async def once(self, messages: Sequence[Message], closed: bool) -> None:
        """Send what must not be sent twice. :raise: as `PowerSwitch.apply`."""
        if not await self.command(messages, closed):
            raise OutcomeUnknown(f"{self.where} was told to {'close' if closed else 'open'} and does not answer")

    async def becomes(self, closed: bool, since: int, within: float) -> bool:
        """Whether it says so, by itself within these seconds or when it is asked then. Never raises."""
        try:
            return (
                await self.hears_closed(closed, since, within + GRACE)
                or (What.STATE in self.dialect.asks and await self.closed() is closed)
            )  # fmt: skip
        except (Unreachable, BackendFailed):
            return False

    async def set(self, closed: bool) -> None:
        """Close or open it; it may be told twice. :raise: as `PowerSwitch.apply`."""
        await self.reach()
        first = self._count
        messages = self.dialect.on if closed else self.dialect.off
        for again in range(TRIES):
            try:
                if await self.command(messages, closed):
                    return
            except Unreachable as error:
                if again:
                    raise OutcomeUnknown(f"{self.where} may have been told: {error}") from None
                raise
        last = self._heard.get(What.STATE)
        if last is not None and last.number > first:
            raise BackendFailed(f"{self.where} was told to {'close' if closed else 'open'} and says {last.value!r}")
        raise OutcomeUnknown(f"{self.where} was told to {'close' if closed else 'open'} and does not answer")

    async def hears_closed(self, closed: bool, since: int, within: float) -> bool:
        return await self._until(lambda: self.said(closed) > since, since, within)

    def said(self, closed: bool) -> int:
        """The number of what it last said so with; 0: never."""
        return self._said[closed]

    async def hear(
        self, what: What, since: int, within: float, right: Callable[[str], bool] = lambda value: True
    ) -> Heard | None:
        """The next that it says of this and is `right`, later than `since`; None if it does not.

        :raise BackendFailed: it says that it refuses.
        """

        def heard() -> bool:
            last = self._heard.get(what)
            return last is not None and last.number > since and not last.kept and right(last.value)

        return self._heard[what] if await self._until(heard, since, within) else None

    def mark(self) -> int:
        return self._count

    async def _until(self, done: Callable[[], bool], since: int, within: float) -> bool:
        """:raise BackendFailed: it says that it refuses."""
        end = asyncio.get_running_loop().time() + within
        while not done():
            trouble = self._heard.get(What.TROUBLE)
            if trouble is not None and trouble.number > since:
                raise BackendFailed(f"{self.where} refused: {trouble.value}")
            left = end - asyncio.get_running_loop().time()
            if left <= 0 or not await self.news(left):
                return done()
        return True

    def _take(self, topic: str, payload: bytes, kept: bool) -> None:
        for each in self.dialect.says:
            if each.topic == topic and (value := each.value(payload, self.dialect.index)) is not None:
                self._count += 1
                at, monotonic = self._clock.now(), self._clock.monotonic()
                self._heard[each.what] = Heard(value, at, monotonic, kept, self._count)
                if each.what is What.STATE and not kept and (closed := self.words.closed(value)) is not None:
                    self._said[closed] = self._count
                self._ring()

    def _changed(self) -> None:
        self._heard.clear()
        self._ring()

    def _ring(self) -> None:
        self._bell.set()
        self._bell = asyncio.Event()
