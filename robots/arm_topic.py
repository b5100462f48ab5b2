"""The adapter `arm-topic`: a finger that follows a topic of ROS 2, out as long as it is told so."""

import asyncio
import logging

from pydantic import Field, JsonValue

from bmc.model.errors import OutcomeUnknown, Unreachable
from bmc.ports import Site
from robots.adapter import Adapter, Parts, Place
from robots.arm_switch import CONNECTION, FAMILY, ArmOptions, ArmSwitch, Left, Name, check
from robots.button import Button
from robots.motion import apart
from robots.rosbridge import Link, Lost

REPEAT = 0.1
"""Seconds between two messages while a button is held: a finger can let go by itself when they stay away."""

DISCOVERY = 0.5
"""Seconds that ROS 2 takes to connect those who follow a topic with a new publisher; what is sent earlier is lost."""

IN = "and is in again"

log = logging.getLogger(__name__)


class TopicOptions(ArmOptions):
    """`pressed` and `released` are what `field` of the message is to be."""

    power_topic: Name
    reset_topic: Name | None = None
    type: Name = "std_msgs/msg/Bool"
    field: str = Field(default="data", min_length=1)
    pressed: JsonValue = True
    released: JsonValue = False


class TopicSwitch(ArmSwitch[TopicOptions]):
    """A topic confirms nothing: that the bridge has got it is all that can be known here."""

    def __init__(self, options: TopicOptions, place: Place) -> None:
        super().__init__(options, place, options.reset_topic is not None, 0.0)

    async def move(self, link: Link, button: Button, seconds: float) -> None:
        topic = (self.options.reset_topic if button is Button.RESET else None) or self.options.power_topic
        try:
            await self._advertise(link, topic)
        except Lost as error:
            raise Unreachable(f"{self.bridge.where} was lost before anything was moved ({error})") from None
        self.underway.save({"topic": topic})
        try:
            await self._hold(link, topic, seconds)
        except Lost as error:
            end = await apart(self._release_now(topic))
            raise self.lost(f"the finger was out, {end}", error) from None
        except asyncio.CancelledError:
            log.warning("%s: stopped; the finger was out, %s", self.domain, await apart(self._release_now(topic)))
            raise
        if (end := await apart(self._release_now(topic))) != IN:
            raise OutcomeUnknown(f"the {self.domain}: the finger was out, {end}")

    async def let_go(self, link: Link, left: Left) -> None:
        topic = left.get("topic", self.options.power_topic)
        await self._advertise(link, topic)
        await self._publish(link, topic, self.options.released)
        await link.arrived()

    async def _hold(self, link: Link, topic: str, seconds: float) -> None:
        began = self.clock.monotonic()
        await self._publish(link, topic, self.options.pressed)
        while (left := began + seconds - self.clock.monotonic()) > 0:
            await self.clock.sleep(min(left, REPEAT))
            if left > REPEAT:
                await self._publish(link, topic, self.options.pressed)

    async def _release_now(self, topic: str) -> str:
        """Over a new connection if need be; what became of the finger, in words."""
        try:
            await self.let_go(await self.bridge.open(), {"topic": topic})
        except (Lost, Unreachable) as error:
            self.release_soon()
            return f"and may still be out ({error}); it is told to let go as soon as the bridge is there"
        self.underway.forget()
        return IN

    async def _advertise(self, link: Link, topic: str) -> None:
        if await link.advertise(topic, self.options.type):
            await self.clock.sleep(DISCOVERY)

    async def _publish(self, link: Link, topic: str, value: JsonValue) -> None:
        await link.send({"op": "publish", "topic": topic, "msg": {self.options.field: value}})


class TopicAdapter(Adapter[TopicOptions]):
    """A finger for each button, and a topic for each finger."""

    name = "arm-topic"
    family = FAMILY
    connection = CONNECTION
    options = TopicOptions

    def check(self, options: TopicOptions, site: Site) -> None:
        check(options, site)

    def open(self, options: TopicOptions, place: Place) -> Parts:
        switch = TopicSwitch(options, place)
        return Parts(running=switch, switch=switch)


adapter = TopicAdapter()
