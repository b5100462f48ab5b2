"""How the firmwares of MQTT relays and meters speak, as data."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from string import Template

from robots.mqtt_link import Message


class What(Enum):
    """Of what a device speaks: its relay, the load in watts, whether it is there, its pulse time, what it refuses."""

    STATE = "state"
    WATTS = "watts"
    ALIVE = "alive"
    PULSE = "pulse"
    TROUBLE = "trouble"


ON_WORDS, OFF_WORDS = frozenset({"on", "true", "1"}), frozenset({"off", "false", "0"})
ALIVE_WORDS, DEAD_WORDS = ON_WORDS | {"online"}, OFF_WORDS | {"offline"}


@dataclass(frozen=True, slots=True)
class Says:
    """A topic in which it speaks of `what`; `path` leads to it in JSON. `unnumbered`: of the first relay only."""

    what: What
    topic: str
    path: str = ""
    unnumbered: bool = False

    def value(self, payload: bytes, index: int) -> str | None:
        """What it says there, if it does; `index` is the place of this relay in a list."""
        try:
            text = payload.decode().strip()
            if not self.path:
                return text
            found = json.loads(text)
        except ValueError:
            return None
        for key in self.path.split("."):
            found = found.get(key) if isinstance(found, dict) else None
        if isinstance(found, list):
            found = found[index] if index < len(found) else None
        if isinstance(found, bool):
            return "true" if found else "false"
        return str(found) if isinstance(found, str | int | float) else None


@dataclass(frozen=True, slots=True)
class Dialect:
    """`$device`, `$relay`, `$us` (the topic at which we hear answers) stand in topics and payloads.

    `pulse` makes the device close its relay and open it by itself after `$seconds`; where `prepare` is given it is
    sent before, and confirmed by PULSE with the same payload. `cycle`: off, and on by itself after `$seconds`.
    """

    says: tuple[Says, ...]
    on: tuple[Message, ...] = ()
    off: tuple[Message, ...] = ()
    asks: Mapping[What, Message] = field(default_factory=dict)
    prepare: Message | None = None
    pulse: tuple[Message, ...] = ()
    cycle: tuple[Message, ...] = ()
    first: int = 0
    relay: int = 0

    def of(self, device: str, relay: int, us: str) -> "Dialect":
        """For one relay of one device."""
        places = {"device": device, "relay": str(relay), "us": us}

        def fill(message: Message) -> Message:
            return _filled(message, places)

        return replace(
            self,
            says=tuple(
                replace(each, topic=_fill(each.topic, places), path=_fill(each.path, places))
                for each in self.says
                if relay == self.first or not each.unnumbered
            ),
            on=tuple(map(fill, self.on)),
            off=tuple(map(fill, self.off)),
            asks={what: fill(message) for what, message in self.asks.items()},
            prepare=fill(self.prepare) if self.prepare else None,
            pulse=tuple(map(fill, self.pulse)),
            cycle=tuple(map(fill, self.cycle)),
            relay=relay,
        )

    @property
    def index(self) -> int:
        return self.relay - self.first


def timed(message: Message, seconds: float) -> Message:
    return _filled(message, {"seconds": f"{seconds:g}", "pulse_time": str(pulse_time(seconds))})


def pulse_time(seconds: float) -> int:
    """Tasmota's PulseTime: tenths of a second up to 111, then whole seconds and 100."""
    tenths = math.ceil(round(seconds * 10, 3))
    return tenths if tenths <= 111 else math.ceil(round(seconds, 3)) + 100


def _fill(text: str, places: Mapping[str, str]) -> str:
    return Template(text).safe_substitute(places)


def _filled(message: Message, places: Mapping[str, str]) -> Message:
    return Message(_fill(message.topic, places), _fill(message.payload, places))


def _rpc(method: str, params: str) -> Message:
    return Message("$device/rpc", f'{{"id":1,"src":"$us","method":"{method}","params":{{"id":$relay{params}}}}}')


TASMOTA = Dialect(
    says=(
        Says(What.ALIVE, "tele/$device/LWT"),
        Says(What.STATE, "stat/$device/POWER$relay"),
        Says(What.STATE, "stat/$device/POWER", unnumbered=True),
        Says(What.STATE, "stat/$device/RESULT", "POWER$relay"),
        Says(What.STATE, "stat/$device/RESULT", "POWER", unnumbered=True),
        Says(What.STATE, "tele/$device/STATE", "POWER$relay"),
        Says(What.STATE, "tele/$device/STATE", "POWER", unnumbered=True),
        Says(What.WATTS, "tele/$device/SENSOR", "ENERGY.Power"),
        Says(What.WATTS, "stat/$device/STATUS10", "StatusSNS.ENERGY.Power"),
        Says(What.PULSE, "stat/$device/RESULT", "PulseTime$relay.Set"),
        Says(What.TROUBLE, "stat/$device/RESULT", "Command"),
    ),
    on=(Message("cmnd/$device/POWER$relay", "ON"),),
    off=(Message("cmnd/$device/POWER$relay", "OFF"),),
    asks={What.STATE: Message("cmnd/$device/POWER$relay", ""), What.WATTS: Message("cmnd/$device/STATUS", "10")},
    prepare=Message("cmnd/$device/PulseTime$relay", "$pulse_time"),
    pulse=(Message("cmnd/$device/POWER$relay", "ON"),),
    first=1,
)
"""No cycle: any command that comes meanwhile, be it a question, ends the delay of a backlog."""

SHELLY_1 = Dialect(
    says=(
        Says(What.ALIVE, "shellies/$device/online"),
        Says(What.STATE, "shellies/$device/relay/$relay"),
        Says(What.WATTS, "shellies/$device/relay/$relay/power"),
    ),
    on=(Message("shellies/$device/relay/$relay/command", "on"),),
    off=(Message("shellies/$device/relay/$relay/command", "off"),),
    asks={
        What.STATE: Message("shellies/$device/command", "update"),
        What.WATTS: Message("shellies/$device/command", "update"),
    },
)
_STATUS = _rpc("Switch.GetStatus", "")
SHELLY_2 = Dialect(
    says=(
        Says(What.ALIVE, "$device/online"),
        Says(What.STATE, "$us/rpc", "result.output"),
        Says(What.STATE, "$device/status/switch:$relay", "output"),
        Says(What.STATE, "$device/events/rpc", "params.switch:$relay.output"),
        Says(What.WATTS, "$us/rpc", "result.apower"),
        Says(What.WATTS, "$device/status/switch:$relay", "apower"),
        Says(What.WATTS, "$device/events/rpc", "params.switch:$relay.apower"),
        Says(What.TROUBLE, "$us/rpc", "error.message"),
    ),
    on=(_rpc("Switch.Set", ',"on":true'), _STATUS),
    off=(_rpc("Switch.Set", ',"on":false'), _STATUS),
    asks={What.STATE: _STATUS, What.WATTS: _STATUS},
    pulse=(_rpc("Switch.Set", ',"on":true,"toggle_after":$seconds'), _STATUS),
    cycle=(_rpc("Switch.Set", ',"on":false,"toggle_after":$seconds'), _STATUS),
)
DIALECTS = {"tasmota": TASMOTA, "shelly1": SHELLY_1, "shelly2": SHELLY_2}
