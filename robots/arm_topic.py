"""The adapter `arm-topic`: a finger that follows a topic of ROS 2, out as long as it is told so."""

from pydantic import Field, JsonValue

from bmc.model.errors import Unreachable
from bmc.ports import Site
from robots.adapter import Adapter, Parts, Place
from robots.arm_switch import CONNECTION, FAMILY, ArmOptions, ArmSwitch, Name, check
from robots.button import Button, Press
from robots.rosbridge import Link, Lost

REPEAT = 0.1
"""Seconds between two messages while a button is held: a finger can let go by itself when they stay away."""

DISCOVERY = 0.5
"""Seconds that ROS 2 takes to connect those who follow a topic with a new publisher; what is sent earlier is lost."""


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
        topic = self._topic(button)
        try:
            await self._advertise(link, topic)
        except Lost as error:
            raise Unreachable(f"{self.bridge.where} was lost before anything was moved ({error})") from None
        async with self.held.pressing(button):
            try:
                await self._hold(link, topic, seconds)
            except Lost as error:
                raise self.lost("the finger was out", error) from None

    async def release(self, link: Link, press: Press) -> None:
        topic = self._topic(press.button)
        await self._advertise(link, topic)
        await self._publish(link, topic, self.options.released)
        await link.arrived()

    def _topic(self, button: Button) -> str:
        return (self.options.reset_topic if button is Button.RESET else None) or self.options.power_topic

    async def _hold(self, link: Link, topic: str, seconds: float) -> None:
        began = self.clock.monotonic()
        await self._publish(link, topic, self.options.pressed)
        while (left := began + seconds - self.clock.monotonic()) > 0:
            await self.clock.sleep(min(left, REPEAT))
            if left > REPEAT:
                await self._publish(link, topic, self.options.pressed)

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
