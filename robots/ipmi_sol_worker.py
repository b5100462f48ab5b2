"""A worker that holds the serial console of one vendor BMC open, by pyghmi's console. Lines of JSON, as in the others.

Out: `{"open": true}` once, then `{"data": hex}`, at the end `{"error": …}`. In: `{"type": hex}`, `{"break": true}`,
`{"end": true}`.
"""

import contextlib
import json
import threading
from collections import deque
from typing import Any, TextIO

from pyghmi.exceptions import PyghmiException
from pyghmi.ipmi.console import Console
from pyghmi.ipmi.private import session

IDLE = 0.5
"""Seconds to wait for whatever comes first: bytes of the line, something typed, or pyghmi's own timers. pyghmi may miss
what comes just as it begins to wait.
"""
HEADER = 4
"""Bytes of a SOL packet that are not characters; BMCs differ on whether the size that they announce counts them."""


class SolWorker:
    def __init__(self, output: TextIO, where: dict[str, Any]) -> None:
        self._output = output
        self._where = where
        self._requests: deque[dict[str, Any]] = deque()
        self._why = "the BMC ended it"

    def serve(self, requests: TextIO) -> None:
        """Until the console or the asker ends; gives the BMC its console and its session back."""
        held: Any = None
        try:
            console = Console(iohandler=self._hear, force=False, **self._where)
            held = console.ipmi_session
            while not (console.connected or console.broken):
                Console.wait_for_rsp(IDLE)
            if console.connected:
                self._say({"open": True})
                threading.Thread(target=self._listen, args=(requests,), daemon=True).start()
                self._relay(console)
        except NotImplementedError:
            self._why = "it is at another UDP port"
        except (PyghmiException, OSError) as error:
            self._why = str(error)
        if held is not None and held.logged:
            with contextlib.suppress(PyghmiException):
                held.logout()  # deactivates the console first
        with contextlib.suppress(BrokenPipeError):
            self._say({"error": self._why})

    def _relay(self, console: Any) -> None:
        size = max(1, console.maxoutcount - HEADER)
        while not console.broken:
            Console.wait_for_rsp(0 if self._requests else IDLE)
            if not self._requests:
                continue
            request = self._requests.popleft()
            if "end" in request:
                return
            if "break" in request:
                console.send_break()
                continue
            typed = bytes.fromhex(request["type"])
            for at in range(0, len(typed), size):  # more than one packet at once would make pyghmi recurse
                console.send_data(typed[at : at + size])

    def _listen(self, requests: TextIO) -> None:
        """In a thread of its own, since pyghmi waits only for what it knows."""
        for line in requests:
            self._requests.append(json.loads(line))
            session._io_wait(0)  # ends the wait of the other thread
        self._requests.append({"end": True})
        session._io_wait(0)

    def _hear(self, heard: Any) -> None:
        if isinstance(heard, dict):
            self._why = heard.get("error", self._why)
        else:
            self._say({"data": bytes(heard).hex()})

    def _say(self, message: dict[str, object]) -> None:
        self._output.write(json.dumps(message) + "\n")
        self._output.flush()
