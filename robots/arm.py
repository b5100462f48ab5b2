"""The adapter `arm`: a robot arm that presses the buttons of a front panel, by an action or a service of ROS 2."""

import asyncio
import json
import logging
from typing import Any, Self
from uuid import uuid4

from pydantic import Field, model_validator

from bmc.model.errors import BackendFailed, BmcError, OutcomeUnknown, Refused, Unreachable
from bmc.ports import Site
from robots.adapter import Adapter, Parts, Place, Seconds
from robots.arm_switch import CONNECTION, FAMILY, ArmOptions, ArmSwitch, Name, called, check
from robots.arm_words import Arguments, Target, fill, words
from robots.button import Button, Press
from robots.motion import apart
from robots.rosbridge import ANSWERS_WITHIN, Heard, Link, Lost, Message

SUCCEEDED, CANCELED = 4, 5
"""action_msgs/msg/GoalStatus."""

CANCEL_AGAIN = 1.0
"""Seconds after which a cancel is repeated: the bridge drops one that overtakes its goal."""

log = logging.getLogger(__name__)


class PressOptions(ArmOptions):
    """Either `action` with its `type`, or `service`; `stop` is a service that ends what `service` began.

    `within` is how long a motion may take beside the holding, `back` how long the arm may take to be back after it was
    cancelled. `phase` is the field of the feedback that says where it is, `success` that of the answer which must be
    true, where there is one.
    """

    action: Name | None = None
    type: Name | None = None
    service: Name | None = None
    stop: Name | None = None
    power_target: Target = "{node}/{button}"
    reset_target: Target | None = None
    arguments: Arguments = Field(default={"target": "{target}", "seconds": "{seconds}"})
    phase: str = "phase"
    success: str = "success"
    within: Seconds = Field(default=60.0, ge=1, le=600)
    back: Seconds = Field(default=30.0, ge=1, le=300)

    @model_validator(mode="after")
    def one_way(self) -> Self:
        if (self.action is None) == (self.service is None) or (self.action is None) != (self.type is None):
            raise ValueError("expected either action with its type, or service")
        if self.stop is not None and self.service is None:
            raise ValueError("expected no stop beside action: an action is cancelled")
        return self


class Motion:
    """One press on its way, and the last that was seen of it."""

    def __init__(self, link: Link, heard: Heard, press: Press) -> None:
        self.link, self.heard, self.press = link, heard, press
        self.seen = "nothing yet"

    async def answer(self, op: str, phase: str) -> Message:
        """:raise Lost:"""
        while (message := await self.link.next(self.heard)).get("op") != op:
            if message.get("op") == "action_feedback":
                values = message.get("values")
                self.seen = _text(values[phase] if isinstance(values, dict) and phase in values else values)
        return message


class PressSwitch(ArmSwitch[PressOptions]):
    """By an action, which is cancelled when it must end, or by a service, which can only be waited for or stopped."""

    def __init__(self, options: PressOptions, place: Place) -> None:
        super().__init__(options, place, options.reset_target is not None, options.within + options.back)

    async def move(self, link: Link, button: Button, seconds: float) -> None:
        press = self.held.begin(button)
        limit = seconds + self.options.within
        with link.hear(press.id) as heard:
            motion = Motion(link, heard, press)
            try:
                async with asyncio.timeout(limit):
                    answer = await self._ask(motion, seconds, limit)
            except Lost as error:
                self.held.let_go_later(press, str(error))
                raise self.lost(motion.seen, error) from None
            except TimeoutError:
                end = await apart(self._end(motion))
                raise OutcomeUnknown(
                    f"the {self.domain} gave no result within {limit:.0f} s; last seen: {motion.seen}; {end}"
                ) from None
            except asyncio.CancelledError:
                log.warning("%s: stopped; last seen: %s; %s", self.domain, motion.seen, await apart(self._end(motion)))
                raise
        self.held.over()
        if (failure := self._failure(answer, motion.seen)) is not None:
            raise failure

    async def release(self, link: Link, press: Press) -> None:
        """Its result goes to the connection that sent it; what the arm did shows in `homed` and in the senses."""
        if self.options.action is not None:
            await link.send({"op": "cancel_action_goal", "id": press.id, "action": self.options.action})
        elif self.options.stop is not None:
            await self._stop(link)
        await link.arrived()

    async def _ask(self, motion: Motion, seconds: float, limit: float) -> Message:
        button = motion.press.button
        target = self.options.reset_target if button is Button.RESET else self.options.power_target
        arguments = fill(self.options.arguments, words(self.node, button, target or "", seconds))
        if self.options.action is None:
            call = {"op": "call_service", "service": self.options.service, "timeout": limit}
            await motion.link.send({**call, "id": motion.press.id, "args": arguments})
            return await motion.answer("service_response", self.options.phase)
        goal = {"op": "send_action_goal", "action": self.options.action, "action_type": self.options.type}
        await motion.link.send({**goal, "id": motion.press.id, "args": arguments, "feedback": True})
        return await motion.answer("action_result", self.options.phase)

    async def _end(self, motion: Motion) -> str:
        """Make the arm give up and wait until it is back; what became of it, in words."""
        limit = self.options.back if self.options.action or self.options.stop else self.options.within
        try:
            async with asyncio.timeout(limit):
                await self._given_up(motion)
        except TimeoutError:
            trouble = f"it was told to give up and did not say within {limit:.0f} s that it is back"
        except Lost as error:
            trouble = f"the bridge was lost before it said that it is back ({error})"
        else:
            self.held.over()
            return "it gave up and is back"
        self.held.let_go_later(motion.press, trouble)
        return f"{trouble}; it is told to give up as soon as the bridge is there"

    async def _given_up(self, motion: Motion) -> None:
        """:raise Lost:"""
        if self.options.action is None:
            if self.options.stop is not None:
                await self._stop(motion.link)
            await motion.answer("service_response", self.options.phase)
            return
        while True:
            await self.release(motion.link, motion.press)
            try:
                async with asyncio.timeout(CANCEL_AGAIN):
                    await motion.answer("action_result", self.options.phase)
                    return
            except TimeoutError:
                continue

    async def _stop(self, link: Link) -> None:
        id = f"stop-{uuid4()}"
        with link.hear(id) as heard:
            await called(link, str(self.options.stop), {}, ANSWERS_WITHIN, heard, id)

    def _failure(self, answer: Message, seen: str) -> BmcError | None:
        """How the robot's answer, or the bridge's in its stead, is told."""
        values, status = answer.get("values"), answer.get("status", SUCCEEDED)
        said = f"the {self.domain} says: {_text(values)}; last seen: {seen}"
        if answer.get("result") is not True:
            text = str(values).lower()
            if "rejected" in text:
                return Refused(f"the {self.domain} did not take the press ({_text(values)}); nothing was done")
            if "no action server available" in text or "does not exist" in text:
                return Unreachable(f"the {self.domain} is not there ({_text(values)}); nothing was done")
            return OutcomeUnknown(said)
        if status == CANCELED:
            return OutcomeUnknown(f"somebody else stopped it; {said}")
        if status != SUCCEEDED or (isinstance(values, dict) and values.get(self.options.success, True) is not True):
            return BackendFailed(said)
        return None


def _text(value: Any) -> str:
    """Of a length that a message can hold."""
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 200 else f"{text[:200]}…"


class ArmAdapter(Adapter[PressOptions]):
    """An arm that takes a goal, or a call, for each press."""

    name = family = FAMILY
    connection = CONNECTION
    options = PressOptions

    def check(self, options: PressOptions, site: Site) -> None:
        check(options, site)

    def open(self, options: PressOptions, place: Place) -> Parts:
        switch = PressSwitch(options, place)
        return Parts(running=switch, switch=switch)


adapter = ArmAdapter()
