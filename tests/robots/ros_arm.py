"""A robot arm on the other side of a rosbridge, by roslibpy, before the front panel of a plant; and the cell of it all.

As a program it is the robot.
"""

import argparse
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import roslibpy
from roslibpy.comm.comm_asyncio import AsyncioRosBridgeClientFactory

from tests.robots.plant import BUTTONS, RemotePlant, Rules, port_of, program, running_plant

ACTION, ACTION_TYPE = "/arm/press", "arm_msgs/action/Press"
SERVICE, STOP, IS_HOMED = "/arm/press_now", "/arm/stop", "/arm/is_homed"
FINGERS = {"/arm/power_finger": "power", "/arm/reset_finger": "reset"}
HOMED = "/arm/homed"
SUCCEEDED, CANCELED, ABORTED = 4, 5, 6
WAY = 0.15


class Robot:
    """`directory` holds its faults, files named for them: `fail`, `unhomed`, and `wait-PHASE`, which keeps it there."""

    def __init__(self, plant: RemotePlant, directory: Path, port: int) -> None:
        AsyncioRosBridgeClientFactory.set_initial_delay(0.1)
        AsyncioRosBridgeClientFactory.set_max_delay(0.2)
        self._plant = plant
        self._directory = directory
        self._moving = threading.Lock()
        self._stops: dict[str, threading.Event] = {}
        self._ros = roslibpy.Ros("127.0.0.1", port, transport="asyncio")
        self._greeted: object = None
        self._ros.factory.on("ready", self._connected)
        if self._ros.is_connected:  # it connects from its making on, perhaps before anybody listens
            self._connected(self._ros.factory._proto)
        self._ros.on(SERVICE, self._called)
        self._ros.on(STOP, self._told_to_stop)
        self._ros.on(IS_HOMED, self._asked)
        for topic, button in FINGERS.items():
            self._ros.on(topic, lambda message, button=button: self._finger(button, message["data"]))
        self._ros.run()

    def tell_whether_homed(self) -> None:
        while True:
            if self._ros.is_connected:
                self._send(op="publish", topic=HOMED, msg={"data": self._homed()})
            time.sleep(0.05)

    def _connected(self, proto: Any) -> None:
        """roslibpy serves no actions; its protocol tells of them all the same."""
        if proto is self._greeted:
            return
        self._greeted = proto
        proto._message_handlers["send_action_goal"] = self._goal
        proto._message_handlers["cancel_action_goal"] = lambda message: self._stop(message["id"])
        tell = proto.send_ros_message
        for name in (SERVICE, STOP, IS_HOMED):
            tell({"op": "advertise_service", "service": name, "type": "arm_msgs/srv/Press"})
        for name in FINGERS:
            tell({"op": "subscribe", "id": name, "topic": name, "type": "std_msgs/msg/Bool"})
        tell({"op": "advertise_action", "action": ACTION, "type": ACTION_TYPE})
        tell({"op": "advertise", "topic": HOMED, "type": "std_msgs/msg/Bool"})

    def _goal(self, message: Mapping[str, Any]) -> None:
        def feedback(phase: str) -> None:
            self._send(op="action_feedback", id=message["id"], action=ACTION, values={"phase": phase})

        def done(status: int, text: str) -> None:
            values = {"message": text}
            self._send(op="action_result", id=message["id"], action=ACTION, values=values, status=status, result=True)

        self._start(message, feedback, done)

    def _called(self, message: Mapping[str, Any]) -> None:
        def done(status: int, text: str) -> None:
            self._respond(message, {"success": status == SUCCEEDED, "message": text})

        self._start(message, lambda _: None, done)

    def _told_to_stop(self, message: Mapping[str, Any]) -> None:
        for id in list(self._stops):
            self._stop(id)
        self._respond(message, {"success": True, "message": ""})

    def _asked(self, message: Mapping[str, Any]) -> None:
        self._respond(message, {"success": self._homed(), "state": {"label": "idle"}})

    def _start(
        self, message: Mapping[str, Any], feedback: Callable[[str], None], done: Callable[[int, str], None]
    ) -> None:
        args, stopped = message["args"], threading.Event()
        self._stops[message["id"]] = stopped
        hold = args["hold"]["sec"] + args["hold"]["nanosec"] / 1e9

        def motion() -> None:
            if not self._moving.acquire(blocking=False):
                done(ABORTED, "two motions at once")
                return
            with self._moving_recorded():
                outcome = self._move(args["target"], hold, feedback, stopped)
            self._moving.release()
            done(*outcome)

        threading.Thread(target=motion, daemon=True).start()

    def _move(
        self, target: str, hold: float, feedback: Callable[[str], None], stopped: threading.Event
    ) -> tuple[int, str]:
        button = target.split("/")[1]
        feedback("approaching")
        self._pause("approaching", WAY, stopped)
        if (self._directory / "fail").exists():
            return ABORTED, "servo 3 is too hot"
        if not stopped.is_set():
            feedback("pressing")
            self._plant.close(button)
            self._pause("pressing", hold, stopped)
            self._plant.open(button)
        feedback("retreating")
        time.sleep(WAY)
        return (CANCELED, "stopped") if stopped.is_set() else (SUCCEEDED, f"pressed {target}")

    def _pause(self, phase: str, seconds: float, stopped: threading.Event) -> None:
        end = time.monotonic() + seconds
        while not stopped.is_set():
            if time.monotonic() >= end and not (self._directory / f"wait-{phase}").exists():
                return
            stopped.wait(max(0.005, min(0.02, end - time.monotonic())))

    @contextmanager
    def _moving_recorded(self) -> Iterator[None]:
        (self._directory / "moving").touch()
        yield
        (self._directory / "moving").unlink()

    def _finger(self, button: str, out: bool) -> None:
        (self._plant.close if out else self._plant.open)(button)

    def _stop(self, id: str) -> None:
        if id in self._stops:
            self._stops[id].set()

    def _homed(self) -> bool:
        return not self._moving.locked() and not (self._directory / "unhomed").exists()

    def _respond(self, message: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        self._send(op="service_response", id=message["id"], service=message["service"], values=values, result=True)

    def _send(self, **message: Any) -> None:
        self._ros.send_on_ready(roslibpy.Message(message))


class Cell:
    """A server, the arm before it, and the bridge to the arm: three processes."""

    def __init__(self, directory: Path, plant: RemotePlant) -> None:
        self.directory = directory
        self.plant = plant
        self.port = 0
        self._bridge = ExitStack()
        self._bridge_pid = 0
        self._pressed_before = 0

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def start_bridge(self) -> None:
        (self.directory / "log").write_text("")
        port = ["--port", str(self.port)]
        process = self._bridge.enter_context(program("tests.robots.rosbridge", str(self.directory), *port))
        self.port, self._bridge_pid = port_of(process), process.pid

    def stop_bridge(self) -> None:
        self._bridge.close()

    def hang_bridge(self) -> None:
        """It keeps its connections, and does nothing any more."""
        os.kill(self._bridge_pid, signal.SIGSTOP)

    def reset(self) -> None:
        """Whole, still, and off."""
        for path in self.directory.iterdir():
            if path.name not in ("log", "moving"):
                path.unlink()
        until(lambda: not self.moving, "the arm to be still")
        self.stop_bridge()
        self.start_bridge()
        self.robot_is_there()
        for button in BUTTONS:
            self.plant.open(button)
        self.plant.order("off")
        self._pressed_before = sum(self.plant.look().moves[each] for each in BUTTONS)

    @property
    def presses(self) -> int:
        """How often a button was pressed since the last reset."""
        return sum(self.plant.look().moves[each] for each in BUTTONS) - self._pressed_before

    def robot_is_there(self) -> None:
        until(lambda: bool(self.sent("advertise")), "the robot to advertise")

    def sent(self, op: str, **fields: Any) -> list[Mapping[str, Any]]:
        """What clients have sent to the bridge since it started."""
        messages = [json.loads(line) for line in (self.directory / "log").read_text().splitlines()]
        return [each for each in messages if {"op": op, **fields}.items() <= each.items()]

    def fault(self, name: str) -> None:
        (self.directory / name).touch()

    def mend(self, name: str) -> None:
        (self.directory / name).unlink()

    @property
    def moving(self) -> bool:
        return (self.directory / "moving").exists()


def until(what: Callable[[], bool], words: str, patience: float = 60.0) -> None:
    end = time.monotonic() + patience
    while not what():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {patience:.0f} s for {words}")
        time.sleep(0.02)


@contextmanager
def running_cell(directory: Path, rules: Rules | None = None) -> Iterator[Cell]:
    directory.mkdir()
    with running_plant(rules) as plant:
        cell = Cell(directory, plant)
        try:
            cell.start_bridge()
            with program("tests.robots.ros_arm", str(plant.port), str(directory), str(cell.port)):
                cell.robot_is_there()
                yield cell
        finally:
            cell.stop_bridge()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plant", type=int)
    parser.add_argument("directory", type=Path)
    parser.add_argument("bridge", type=int)
    given = parser.parse_args()
    robot = Robot(RemotePlant(given.plant), given.directory, given.bridge)
    threading.Thread(target=robot.tell_whether_homed, daemon=True).start()
    sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
