"""Firmwares of MQTT relays, written after their documentation, each a process of its own; and the server behind them.

A relay is a file `relayN` of the directory, with each of its movements a line in `moves`. What the file `fault` holds
befalls the firmware: `stuck` (it does not move), `mute` (it does, and says nothing), `deaf`, `slow` (0.6 s late),
`forgets` (it is mute from a timed command on), `mute-moves` (it is mute from its first movement on).
"""

import json
import re
import sys
import threading
import time
from pathlib import Path

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

HOLD = 1.5
"""Seconds for which a button must be held until the server is off; 4 at a real one."""


class Firmware:
    """What all have in common: relays, and a broker. A subclass knows its topics."""

    will: tuple[str, str] | None = None
    listens: tuple[str, ...] = ()

    def __init__(self, port: int, directory: Path, name: str) -> None:
        self.directory, self.name = directory, name
        self.relays = [False, False]
        self.timers: dict[int, threading.Timer] = {}
        for index in range(2):
            self._write(index)
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"device-{name}")
        self.client.username_pw_set("admin", "secret")
        self.client.on_connect = self._connected
        self.client.on_message = self._message
        self.client.reconnect_delay_set(1, 1)
        if self.will:
            self.client.will_set(self.will[0].replace("X", name), self.will[1], retain=True)
        self.client.connect_async("127.0.0.1", port, keepalive=5)

    def run(self) -> None:
        self.client.loop_forever(retry_first_connection=True)

    @property
    def fault(self) -> str:
        path = self.directory / "fault"
        return path.read_text().strip() if path.exists() else ""

    def say(self, topic: str, value: object, retain: bool = False) -> None:
        if self.fault not in ("mute", "deaf"):
            text = value if isinstance(value, str) else json.dumps(value)
            self.client.publish(topic.replace("X", self.name), text, retain=retain)

    def move(self, index: int, on: bool, after: float | None = None) -> None:
        if timer := self.timers.pop(index, None):
            timer.cancel()
        if self.fault == "mute-moves":
            (self.directory / "fault").write_text("mute")
        if self.fault != "stuck" and self.relays[index] is not on:
            self.relays[index] = on
            self._write(index)
            with (self.directory / "moves").open("a") as moves:
                moves.write(f"{index} {int(on)} {time.time():.3f}\n")
        if after is not None:
            self.timers[index] = threading.Timer(after, self._back, (index, not on))
            self.timers[index].daemon = True
            self.timers[index].start()

    def _back(self, index: int, on: bool) -> None:
        self.move(index, on)
        self.tell(index)

    def tell(self, index: int) -> None:
        raise NotImplementedError

    def hear(self, topic: str, payload: str) -> None:
        raise NotImplementedError

    def online(self) -> None:
        """What it says when it comes."""

    def _write(self, index: int) -> None:
        path = self.directory / f"relay{index}"
        draft = path.with_suffix(".new")
        draft.write_text(str(int(self.relays[index])))
        draft.replace(path)

    def _connected(self, *_: object) -> None:
        for topic in self.listens:
            self.client.subscribe(topic.replace("X", self.name))
        self.online()

    def _message(self, client: object, userdata: object, message: mqtt.MQTTMessage) -> None:
        with (self.directory / "heard").open("a") as heard:
            heard.write(f"{message.topic} {message.payload.decode()}\n")
        if self.fault == "deaf":
            return
        if self.fault == "slow":
            time.sleep(0.6)
        self.hear(message.topic, message.payload.decode())


class Tasmota(Firmware):
    """Two relays and a meter; PulseTime is kept and opens the relay by itself."""

    will = ("tele/X/LWT", "Offline")
    listens = ("cmnd/X/+",)

    def __init__(self, port: int, directory: Path, name: str) -> None:
        super().__init__(port, directory, name)
        self.pulses = [0, 0]

    def online(self) -> None:
        self.say("tele/X/LWT", "Online", retain=True)

    def hear(self, topic: str, payload: str) -> None:
        found = re.fullmatch(r"([A-Z]+?)(\d*)", topic.rpartition("/")[2].upper())
        assert found
        command, index = found[1], int(found[2] or 1) - 1
        if command == "POWER":
            if payload:
                on, pulse = payload.upper() in ("ON", "1"), self.pulses[index]
                seconds = pulse / 10 if pulse <= 111 else pulse - 100
                self.move(index, on, seconds if on and pulse else None)
            self.tell(index)
        elif command == "PULSETIME":
            if payload:
                self.pulses[index] = int(payload)
            self.say("stat/X/RESULT", {f"PulseTime{index + 1}": {"Set": self.pulses[index], "Remaining": 0}})
        elif command == "STATUS":
            energy = {"Power": [120 if on else 0 for on in self.relays], "Voltage": 230}
            self.say("stat/X/STATUS10", {"StatusSNS": {"Time": "2026-01-01T00:00:00", "ENERGY": energy}})
        else:
            self.say("stat/X/RESULT", {"Command": "Unknown"})

    def tell(self, index: int) -> None:
        word = "ON" if self.relays[index] else "OFF"
        self.say("stat/X/RESULT", {f"POWER{index + 1}": word})
        self.say(f"stat/X/POWER{index + 1}", word)


class Shelly1(Firmware):
    will = ("shellies/X/online", "false")
    listens = ("shellies/X/command", "shellies/X/relay/+/command")

    def online(self) -> None:
        self.say("shellies/X/online", "true", retain=True)

    def hear(self, topic: str, payload: str) -> None:
        levels = topic.split("/")
        if levels[2] == "relay":
            self.move(int(levels[3]), payload == "on")
            self.tell(int(levels[3]))
        elif payload == "update":
            for index in range(2):
                self.tell(index)

    def tell(self, index: int) -> None:
        self.say(f"shellies/X/relay/{index}", "on" if self.relays[index] else "off")
        self.say(f"shellies/X/relay/{index}/power", "120.50" if self.relays[index] else "0.00")


class Shelly2(Firmware):
    will = ("X/online", "false")
    listens = ("X/rpc",)

    def online(self) -> None:
        self.say("X/online", "true", retain=True)

    def hear(self, topic: str, payload: str) -> None:
        request = json.loads(payload)
        params, reply = request["params"], {"id": request["id"], "src": self.name, "dst": request["src"]}
        index = params["id"]
        if index > 1:
            reply["error"] = {"code": -105, "message": f"Argument 'id', value {index} not found!"}
        elif request["method"] == "Switch.Set":
            reply["result"] = {"was_on": self.relays[index]}
            self.move(index, params["on"], params.get("toggle_after"))
            if "toggle_after" in params and self.fault == "forgets":
                (self.directory / "fault").write_text("mute")
        else:
            on = self.relays[index]
            reply["result"] = {"id": index, "source": "MQTT", "output": on, "apower": 120.5 if on else 0.0}
        self.say(f"{request['src']}/rpc", reply)
        if request["method"] == "Switch.Set" and index <= 1:
            self.tell(index)

    def tell(self, index: int) -> None:
        status = {f"switch:{index}": {"id": index, "output": self.relays[index], "source": "MQTT"}}
        self.say("X/events/rpc", {"src": self.name, "dst": "X/events", "method": "NotifyStatus", "params": status})


class Plain(Firmware):
    """Somebody's own: two relays, and nothing that it could be asked."""

    listens = ("lab/X/+/set",)

    def hear(self, topic: str, payload: str) -> None:
        index = int(topic.split("/")[2])
        self.move(index, payload == "close")
        self.tell(index)

    def tell(self, index: int) -> None:
        self.say(f"lab/X/{index}", "close" if self.relays[index] else "open")


class Server(Firmware):
    """The machine: fed by relay 0 (`outlet`), or with relays 0 and 1 at its buttons. Says its LED and its load at once
    and every 0.2 s; its `moves` are starts, stops and resets.
    """

    def __init__(self, port: int, directory: Path, name: str) -> None:
        super().__init__(port, directory, name)
        self.wired = directory.parent / "device"
        self.kind = (directory / "kind").read_text()

    def run(self) -> None:
        self.client.loop_start()
        was, since, said = ["0", "0"], [0.0, 0.0], 0.0
        while True:
            now = time.monotonic()
            for index in range(2):
                path = self.wired / f"relay{index}"
                state = path.read_text() if path.exists() else "0"
                if self.kind == "outlet" and index == 0:
                    self.move(0, state == "1")
                elif self.kind == "button":
                    if index == 0 and state == was[0] == "1" and now - since[0] >= HOLD:
                        self.move(0, False)
                        since[0] = float("inf")
                    if index == 0 and (was[0], state) == ("1", "0") and since[0] != float("inf"):
                        self.move(0, not self.relays[0])
                    if index == 1 and (was[1], state) == ("0", "1"):
                        self.move(1, not self.relays[1])
                    if state != was[index]:
                        since[index] = now
                        was[index] = state
            state = "ON" if self.relays[0] else "OFF"
            if now - said >= 0.2 or state != getattr(self, "last", ""):
                said, self.last = now, state
                self.say("lab/X/led", state)
                self.say("lab/X/load", {"watts": 87.5 if self.relays[0] else 1.5})
            time.sleep(0.02)

    def tell(self, index: int) -> None:
        return


KINDS = {"tasmota": Tasmota, "shelly1": Shelly1, "shelly2": Shelly2, "plain": Plain, "server": Server}

if __name__ == "__main__":
    kind, port, directory, name = sys.argv[1:]
    KINDS[kind](int(port), Path(directory), name).run()
