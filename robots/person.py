"""The adapter `person`: somebody is asked, in the page, to press a button of the machine."""

from pydantic import Field

from bmc.model.power import PowerAction
from bmc.ports import Assignments
from robots.adapter import Adapter, Options, Parts, Place, Seconds
from robots.button import SHORT
from robots.parts import Switch

SENTENCES = {
    PowerAction.ON: "{machine} is to be turned on: if it is off, press its power button for {short}, then let go",
    PowerAction.GRACEFUL_SHUTDOWN: (
        "{machine} is to shut down: if it is on, press its power button for {short}, then let go"
    ),
    PowerAction.FORCE_OFF: (
        "{machine} is to be forced off: if it is on, hold its power button down for {long}, then let go"
    ),
    PowerAction.PUSH_POWER_BUTTON: "Press the power button of {machine} for {short}, then let go",
    PowerAction.FORCE_RESTART: (
        "{machine} is to start anew: if it is on, press its reset button for {short}, then let go"
    ),
}
"""A person comes minutes later: each sentence says what for, so that nobody turns on what runs by then."""


class PersonOptions(Options):
    """`where` helps to find the machine, as `rack 3, unit 7`. `deadline`: how long an answer is waited for."""

    where: str = Field(default="", max_length=200)
    reset: bool = False
    short: Seconds = Field(default=1.0, gt=0, le=3)
    long: Seconds = Field(default=6.0, ge=1, le=30)
    deadline: Seconds = Field(default=600.0, ge=10, le=86400)


class PersonSwitch(Switch):
    """PowerSwitch. A person is believed no more than any other hand: what was done is for the senses to tell."""

    toggles = True
    actions = SHORT | {PowerAction.FORCE_OFF}

    def __init__(self, options: PersonOptions, node: str, assignments: Assignments) -> None:
        if options.reset:
            self.actions |= {PowerAction.FORCE_RESTART}
        self.domain = f"a person at {node}"
        self.patience = options.deadline
        self._node = node
        self._assignments = assignments
        self._words = {
            "machine": f"{node} ({options.where})" if options.where else node,
            "short": _duration(options.short),
            "long": _duration(options.long),
        }

    async def apply(self, action: PowerAction) -> None:
        await self._assignments.ask(self._node, SENTENCES[action].format(**self._words), self.patience)


class PersonAdapter(Adapter[PersonOptions]):
    """Nobody is asked before the node is to be moved."""

    name = family = "person"
    options = PersonOptions

    def open(self, options: PersonOptions, place: Place) -> Parts:
        return Parts(switch=PersonSwitch(options, place.node, place.site.assignments))


adapter = PersonAdapter()


def _duration(seconds: float) -> str:
    return f"{seconds:g} second{'' if seconds == 1 else 's'}"
