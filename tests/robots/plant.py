"""A server in a rack, as wires see it: buttons, feeds, a LED, a meter, a BMC's word; and what may be broken about it.

`Plant` is the model; `running_plant` gives one in a process of its own, which peer devices and tests reach by TCP.
"""

import argparse
import json
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BUTTONS = ("power", "reset")
FAULTS = {"contact": ("stuck", "welded"), "led": ("dead",), "meter": ("dead",), "bmc": ("lying",), "system": ("deaf",)}


@dataclass(frozen=True, slots=True)
class Look:
    """The plant at one moment.

    `running` is the truth; `led`, `watts` (a figure per feed) and `says` (its BMC) are how it shows. `closed` are the
    contacts that are closed, `moves` counts how often each has closed, `held` is how many seconds each button was held
    the last time. `events` is what became of the server, in order: fed, unfed, on, asked, off, cut, reset.
    """

    running: bool
    led: bool
    says: bool
    watts: Mapping[str, float]
    closed: Sequence[str]
    moves: Mapping[str, int]
    held: Mapping[str, float]
    events: Sequence[str]


@dataclass(slots=True)
class _Contact:
    closed: bool = False
    since: float = 0.0
    moves: int = 0
    held: float = 0.0
    spent: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """`hold`: seconds after which a held power button cuts the server; `shutdown`: those it takes to obey a short one.

    `boots`: it starts by itself when it is fed. `fed`: its feeds are on at first.
    """

    feeds: Sequence[str] = field(default=("a",))
    hold: float = 4.0
    shutdown: float = 0.3
    boots: bool = False
    fed: bool = True
    draw: float = 120.0
    standby: float = 4.0


def lasted(measured: float, seconds: float, early: float = 0.05) -> bool:
    """Not shorter, but for what the way to the button may take more at its beginning, and no longer than a loaded
    machine makes it.
    """
    return seconds - early < measured < seconds + 1


class Plant:
    """One server. Any thread may call it."""

    def __init__(self, rules: Rules | None = None, now: Callable[[], float] = time.monotonic) -> None:
        self._rules = rules or Rules()
        self._now = now
        self._lock = threading.RLock()
        self._events: list[str] = []
        self._running = False
        self._stops_at: float | None = None
        self.renew()

    def renew(self) -> None:
        """As it was at first: whole, off, nothing pressed, nothing remembered."""
        with self._lock:
            if self._running:
                self._stop("off")
            self._contacts = {name: _Contact() for name in (*BUTTONS, *self._rules.feeds)}
            self._faults: dict[str, str] = {}
            self._events = []
            for name in self._rules.feeds:
                self._contacts[name].closed = self._rules.fed

    def close(self, name: str) -> None:
        """Close a contact: press a button (`power`, `reset`), or turn on a feed."""
        with self._lock:
            self._advance()
            contact = self._contacts[name]
            if contact.closed or self._faults.get(name) == "stuck":
                return
            fed = self._fed()
            contact.closed, contact.since, contact.spent = True, self._now(), False
            contact.moves += 1
            if name in self._rules.feeds:
                if not fed:
                    self._events.append("fed")
                    if self._rules.boots:
                        self._start()
            elif name == "power" and fed and not self._running:
                contact.spent = True
                self._start()
            elif name == "reset" and self._running:
                self._reset()

    def open(self, name: str) -> None:
        """Open a contact: let go of a button, or turn off a feed."""
        with self._lock:
            self._advance()
            contact = self._contacts[name]
            if not contact.closed or name in self._faults:
                return
            contact.closed, contact.held = False, self._now() - contact.since
            if name in self._rules.feeds:
                if not self._fed():
                    self._stop("unfed")
            elif name == "power" and self._running and not contact.spent:
                self.order("shutdown")

    def order(self, what: str) -> None:
        """What its BMC or its network card can do to it: on, off, reset, shutdown (asked by ACPI)."""
        with self._lock:
            self._advance()
            if what == "on" and self._fed() and not self._running:
                self._start()
            elif what == "off" and self._running:
                self._stop("off")
            elif what == "reset" and self._running:
                self._reset()
            elif what == "shutdown" and self._running:
                self._events.append("asked")
                if "system" not in self._faults:
                    self._ask()

    def fault(self, part: str, kind: str) -> None:
        """Break a part: a contact is `stuck` (does not move any more) or `welded` (closes, and opens no more), the
        `led` or the `meter` is `dead`, the `bmc` is `lying`, the `system` is `deaf` (obeys no ACPI).
        """
        if kind not in FAULTS["contact" if part in self._contacts else part]:
            raise ValueError(f"{part} cannot be {kind}")
        with self._lock:
            self._advance()
            self._faults[part] = kind

    def mend(self, part: str) -> None:
        with self._lock:
            self._advance()
            self._faults.pop(part, None)

    def look(self) -> Look:
        with self._lock:
            self._advance()
            names, live = self._contacts, self._live()
            drawn = self._rules.draw if self._running else self._rules.standby
            measured = {name: drawn / len(live) if name in live else 0.0 for name in self._rules.feeds}
            return Look(
                running=self._running,
                led=self._running and "led" not in self._faults,
                says=self._running is not ("bmc" in self._faults),
                watts=dict.fromkeys(measured, 0.0) if "meter" in self._faults else measured,
                closed=[name for name in names if names[name].closed],
                moves={name: names[name].moves for name in names},
                held={name: names[name].held for name in BUTTONS},
                events=list(self._events),
            )

    def _advance(self) -> None:
        """What time alone has done since the last call."""
        now, power = self._now(), self._contacts["power"]
        cut_at = power.since + self._rules.hold
        due = self._stops_at
        if due is not None and now >= due and not (power.closed and cut_at < due):
            self._stop("off")
        if power.closed and now >= cut_at and self._running:
            power.spent = True
            self._stop("cut")

    def _start(self) -> None:
        self._running = True
        self._events.append("on")

    def _reset(self) -> None:
        self._stops_at = None
        self._events.append("reset")

    def _ask(self) -> None:
        """The system is asked by ACPI to shut down, and will."""
        self._stops_at = self._now() + self._rules.shutdown

    def _stop(self, event: str) -> None:
        self._running, self._stops_at = False, None
        self._events.append(event)

    def _live(self) -> list[str]:
        return [name for name in self._rules.feeds if self._contacts[name].closed]

    def _fed(self) -> bool:
        return bool(self._live())


class RemotePlant:
    """A `Plant` in another process. Any thread may call it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._lock = threading.Lock()
        self._socket = socket.create_connection(("127.0.0.1", port), 10)
        self._lines = self._socket.makefile("rwb")

    def renew(self) -> None:
        self._call("renew")

    def close(self, name: str) -> None:
        self._call("close", name)

    def open(self, name: str) -> None:
        self._call("open", name)

    def order(self, what: str) -> None:
        self._call("order", what)

    def fault(self, part: str, kind: str) -> None:
        self._call("fault", part, kind)

    def mend(self, part: str) -> None:
        self._call("mend", part)

    def look(self) -> Look:
        return Look(**self._call("look"))

    def hang_up(self) -> None:
        self._lines.close()
        self._socket.close()

    def _call(self, do: str, *given: str) -> Any:
        with self._lock:
            self._lines.write(json.dumps([do, *given]).encode() + b"\n")
            self._lines.flush()
            reply = json.loads(self._lines.readline())
        if "error" in reply:
            raise ValueError(reply["error"])
        return reply["value"]


class _Connection(socketserver.StreamRequestHandler):
    plant: Plant

    def handle(self) -> None:
        for line in self.rfile:
            do, *given = json.loads(line)
            try:
                value = getattr(self.plant, do)(*given)
                reply: dict[str, Any] = {"value": asdict(value) if isinstance(value, Look) else None}
            except (KeyError, ValueError) as error:
                reply = {"error": str(error)}
            self.wfile.write(json.dumps(reply).encode() + b"\n")


@contextmanager
def program(module: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A peer of the tests in a process of its own, which ends with its standard input, whatever becomes of us."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def port_of(process: subprocess.Popen[bytes]) -> int:
    """The port that it prints once it listens."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r} ended before it listened")
    return int(line)


@contextmanager
def running_plant(rules: Rules | None = None, module: str = "tests.robots.plant", *given: str) -> Iterator[RemotePlant]:
    """One in a process of its own, as the `main` of `module` makes it."""
    with program(module, json.dumps(asdict(rules or Rules())), *given) as process:
        plant = RemotePlant(port_of(process))
        try:
            yield plant
        finally:
            plant.hang_up()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rules", type=json.loads, nargs="?", default={}, help="those of `Rules`, as a JSON object")
    serve(Plant(Rules(**parser.parse_args().rules)))


def serve(plant: Plant) -> None:
    """Serve it to who connects, until standard input ends; prints the port."""
    _Connection.plant = plant
    socketserver.ThreadingTCPServer.daemon_threads = True
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Connection) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_address[1], flush=True)
        sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
