"""What every arm behind a rosbridge has: its turn, whether it is homed, and what of a press is still under way."""

import asyncio
import json
import logging
from abc import abstractmethod
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Annotated, Any, Generic, Self, TypeVar
from uuid import uuid4

from pydantic import Field, JsonValue, StringConstraints, model_validator

from bmc.model.errors import BmcError, OutcomeUnknown, Refused, Unreachable
from bmc.ports import Site
from bmc.shared_devices import Lease
from robots.adapter import Options, Place, Seconds
from robots.button import Button, PressedSwitch
from robots.kept import PRESSED, KeptFile
from robots.rosbridge import ANSWERS_WITHIN, Bridge, Heard, Link, Lost

FAMILY = "arm"
CONNECTION = frozenset({"url", "credential"})
RELEASED_WITHIN = 60.0
TRY_AGAIN = 5.0
"""Seconds between two attempts to let go of what was left pressed."""

Url = Annotated[str, StringConstraints(max_length=2000, pattern=r"^wss?://[A-Za-z0-9.:%_\[\]-]+(/[^\s?#@]*)?$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[A-Za-z0-9_/~]+$")]

log = logging.getLogger(__name__)


class Homed(Options):
    """How the arm says that it is out of the way and knows where it is: a topic or a service, and what it must say.

    `field` may lead further down by dots.
    """

    topic: Name | None = None
    type: Name | None = None
    service: Name | None = None
    field: str = ""
    equals: JsonValue = True

    @model_validator(mode="after")
    def one_way(self) -> Self:
        if (self.topic is None) == (self.service is None):
            raise ValueError("expected either topic or service")
        return self

    @property
    def name(self) -> str:
        return self.topic or self.service or ""

    def said(self, values: Any) -> Any:
        for key in (self.field or ("data" if self.topic else "success")).split("."):
            values = values.get(key) if isinstance(values, dict) else None
        return values


class ArmOptions(Options):
    """`credential` goes to what stands before the bridge, as HTTP Basic; it is never sent over `ws`.

    `wait`: seconds that a press waits at most while the arm moves for another node.
    """

    url: Url
    credential: str | None = Field(default=None, min_length=1)
    homed: Homed | None = None
    short: Seconds = Field(default=0.5, gt=0, le=3)
    long: Seconds = Field(default=5.5, ge=1, le=30)
    wait: Seconds = Field(default=120.0, ge=0, le=600)

    @model_validator(mode="after")
    def keeps_the_credential(self) -> Self:
        if self.credential is not None and not self.url.startswith("wss:"):
            raise ValueError("expected a url with wss: a credential is not sent in the clear")
        return self


A = TypeVar("A", bound=ArmOptions)
Left = Mapping[str, str]


class ArmSwitch(PressedSwitch, Generic[A]):
    """PressedSwitch and Running. Domain: the arm. A press is sent once, over one connection."""

    def __init__(self, options: A, place: Place, has_reset: bool, takes: float) -> None:
        """`takes`: seconds that a motion may take beside the holding."""
        super().__init__(options.short, options.long, has_reset)
        self.options = options
        self.node = place.node
        self.clock = place.clock
        self.lease = lease(options, place.site)
        self.bridge = self.lease.device
        self.domain = f"arm behind {self.bridge.where}"
        self.patience = options.wait + 4 * ANSWERS_WITHIN + options.long + takes
        self.underway = KeptFile(place.kept / PRESSED)
        self._releasing: asyncio.Task[None] | None = None

    @abstractmethod
    async def move(self, link: Link, button: Button, seconds: float) -> None:
        """Press. :raise: as `PowerSwitch.apply`."""

    @abstractmethod
    async def let_go(self, link: Link, left: Left) -> None:
        """End what `underway` tells of. :raise Lost:"""

    async def press(self, button: Button, seconds: float) -> None:
        link = await self.bridge.open()
        with self._nothing_moved():
            await self._release(link)
            await self._require_homed(link)
        await self.move(link, button, seconds)

    async def require_ready(self) -> None:
        if self.options.homed is not None:
            with self._nothing_moved():
                await self._require_homed(await self.bridge.open())

    @contextmanager
    def _nothing_moved(self) -> Iterator[None]:
        try:
            yield
        except Lost as error:
            raise Unreachable(f"{self.bridge.where} was lost before anything was moved ({error})") from None

    def release_soon(self) -> None:
        """Let go of what is left as soon as the bridge can be reached."""
        if self._releasing is None or self._releasing.done():
            self._releasing = asyncio.create_task(self._release_when_reached(), name=f"release of {self.domain}")

    async def start(self) -> None:
        if self.underway.load() is not None:
            self.release_soon()

    async def close(self) -> None:
        if self._releasing is not None:
            self._releasing.cancel()
            await asyncio.gather(self._releasing, return_exceptions=True)
        await self.lease.end()

    @asynccontextmanager
    async def in_turn(self) -> AsyncIterator[None]:
        bridge = self.bridge
        try:
            async with asyncio.timeout(self.options.wait):
                await bridge.motion.acquire()
        except TimeoutError:
            raise Refused(
                f"the {self.domain} still moves for {bridge.moving} after {self.options.wait:.0f} s; nothing was done"
            ) from None
        bridge.moving = self.node
        try:
            yield
        finally:
            bridge.motion.release()

    async def _require_homed(self, link: Link) -> None:
        """:raise Refused: it is not, or does not say so."""
        homed = self.options.homed
        if homed is None:
            return
        try:
            async with asyncio.timeout(ANSWERS_WITHIN):
                said = homed.said(await _asked(link, homed))
        except TimeoutError:
            raise Refused(
                f"the {self.domain} does not say whether it is homed ({homed.name}); nothing was done"
            ) from None
        if said != homed.equals:
            raise Refused(
                f"the {self.domain} is not homed ({homed.name} says {json.dumps(said)}, expected "
                f"{json.dumps(homed.equals)}); home it, then try again"
            )

    async def _release(self, link: Link) -> None:
        if (left := self.underway.load()) is not None:
            await self.let_go(link, left)
            self.underway.forget()
            log.warning("%s: a press was left under way; it was ended", self.domain)

    async def _release_when_reached(self) -> None:
        while self.underway.load() is not None:
            try:
                async with self.bridge.motion, asyncio.timeout(RELEASED_WITHIN):
                    await self._release(await self.bridge.open())
            except (Lost, BmcError, TimeoutError) as error:
                log.warning("%s: a press was left under way and cannot be ended yet: %s", self.domain, error)
                await self.clock.sleep(TRY_AGAIN)

    def lost(self, what: str, error: Lost) -> OutcomeUnknown:
        return OutcomeUnknown(f"{self.bridge.where} was lost in mid-motion ({error}); last seen: {what}")


def check(options: ArmOptions, site: Site) -> None:
    """:raise InvalidRequest: the configuration file has no such credential."""
    if options.credential is not None:
        site.configured.credentials(options.credential)


def lease(options: ArmOptions, site: Site) -> Lease[Bridge]:
    name = options.credential
    login = None if name is None else lambda: site.configured.credentials(name)
    return site.devices.lease(("rosbridge", options.url, name), lambda: Bridge(options.url, login))


async def called(link: Link, service: str, args: Mapping[str, object], patience: float, heard: Heard, id: str) -> Any:
    """The answer of a service. :raise Lost:"""
    call = {"op": "call_service", "id": id, "service": service, "args": args, "timeout": patience}
    await link.send(call)
    while (message := await link.next(heard)).get("op") != "service_response":
        continue
    return message


async def _asked(link: Link, homed: Homed) -> Any:
    id = f"homed-{uuid4()}"
    if homed.service is not None:
        with link.hear(id) as heard:
            return (await called(link, homed.service, {}, ANSWERS_WITHIN, heard, id)).get("values")
    with link.hear(homed.name) as heard:
        wanted = {"topic": homed.topic} | ({"type": homed.type} if homed.type else {})
        await link.send({"op": "subscribe", "id": id, **wanted})
        try:
            return (await link.next(heard)).get("msg")
        finally:
            await link.send({"op": "unsubscribe", "id": id, "topic": homed.topic})
