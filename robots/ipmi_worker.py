"""The process that speaks to vendor BMCs by pyghmi: it imports that once, and forks a worker for each session.

pyghmi blocks, keeps its state in modules and repeats what got no answer. So: a process for each session, which may be
killed at any time; what must not happen twice is sent once. stdin is a socket: each message on it brings the socket of
a new worker, and is answered with its process id and pidfd. On a worker's socket are lines of JSON: first the address
and the credentials (bytes in hex), then requests; each is answered with one line, after `{"sending": true}` where it
may take effect.
"""

import contextlib
import gc
import json
import os
import signal
import socket
import sys
import time
from typing import Any, TextIO

from pyghmi.exceptions import PyghmiException
from pyghmi.ipmi.private.session import Session

from robots.ipmi_sol_worker import SolWorker

CHASSIS, STATUS = 0x00, 0x01
TRIES, TRY_FOR = 3, 1.0
"""How often, and for how many seconds each time, what may happen twice is asked."""
ONCE_FOR = 5.0
"""How many seconds the answer to what must not happen twice is waited for."""
GLANCE = 0.01
"""Seconds: pyghmi may miss an answer that comes fast, until its wait is over. They double."""


class Failed(Exception):
    """`kind` is "unreachable", "stale" (the session is), "refused" (with a code, or the login) or "unknown"."""

    def __init__(self, kind: str, text: str, code: int = 0) -> None:
        super().__init__(text)
        self.kind, self.code = kind, code


class Worker:
    def __init__(self, output: TextIO, where: dict[str, Any]) -> None:
        self._output = output
        self._where = where
        self._session: Any = None

    def answer(self, request: dict[str, Any]) -> dict[str, object]:
        message = request["netfn"], request["command"], bytes.fromhex(request["data"])
        try:
            if self._session is None:
                self._sign_in()
            if request["manner"] == "look":
                return {"data": self._ask(*message).hex()}
            self._ask(CHASSIS, STATUS)  # shows that the session lives
            self._say({"sending": True})
            if request["manner"] == "repeatable":
                return {"data": self._ask(*message).hex()}
            answer = self._try(ONCE_FOR, *message)
            if answer is None:
                raise Failed("unknown", f"no answer within {ONCE_FOR:.0f} seconds")
            return {"data": answer.hex()}
        except Failed as error:
            return {"error": error.kind, "text": str(error), "code": error.code}

    def sign_out(self) -> None:
        if self._session is not None:
            self._session.logout()

    def _sign_in(self) -> None:
        try:
            self._session = Session(**self._where)
        except (PyghmiException, OSError) as error:
            text = str(error)
            silent = text in ("", "None", "timeout") or isinstance(error, OSError) or "Unable to transmit" in text
            raise Failed("unreachable" if silent else "refused", "no answer" if silent else text) from error

    def _ask(self, netfn: int, command: int, data: bytes = b"") -> bytes:
        for _ in range(TRIES):
            answer = self._try(TRY_FOR, netfn, command, data)
            if answer is not None:
                return answer
        raise Failed("stale", "no answer")

    def _try(self, patience: float, netfn: int, command: int, data: bytes) -> bytes | None:
        """Send one packet and wait for its answer, which is None if there was none.

        pyghmi's own repetition would, after a while, sign in anew and then send again what may have been done.
        """
        session = self._session
        answers: list[dict[str, Any]] = []
        glance = GLANCE
        try:
            session.raw_command(netfn=netfn, command=command, data=data, retry=False, callback=answers.append)
            end = time.monotonic() + patience
            while not answers and (left := end - time.monotonic()) > 0:
                Session.wait_for_rsp(timeout=min(glance, left))
                glance *= 2
        except PyghmiException as error:
            raise Failed("stale", str(error)) from error
        session.incommand = False  # pyghmi leaves this to whoever passes a callback
        if not answers:
            return None
        if code := answers[0].get("code", 0):
            raise Failed("refused", answers[0].get("error", ""), code)
        return bytes(answers[0]["data"])

    def _say(self, message: dict[str, object]) -> None:
        self._output.write(json.dumps(message) + "\n")
        self._output.flush()

    def serve(self, requests: TextIO) -> None:
        for line in requests:
            request = json.loads(line)
            if "end" in request:
                break
            self._say(self.answer(request))
        self.sign_out()


def work(line: socket.socket) -> None:
    """What a worker does, from its birth to its end."""
    with line.makefile("r") as requests, line.makefile("w") as output:
        if not (line_one := requests.readline()):
            return  # whoever wanted a worker is gone
        first = json.loads(line_one)
        where = {
            "bmc": first["host"],
            "port": first["port"],
            "userid": bytes.fromhex(first["user"]),
            "password": bytes.fromhex(first["password"]),
        }
        if first["console"]:
            SolWorker(output, where).serve(requests)
        else:
            Worker(output, where).serve(requests)


def nurse(control: socket.socket) -> None:
    """Fork a worker for each socket that comes, until whoever sends them is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the workers: their pidfds tell of their end
    gc.collect()
    gc.freeze()  # so that a worker's collections do not copy what it shares
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 64, 1)
        if not message:
            return
        pid = os.fork()
        if not pid:
            _become_worker(control, descriptors[0])
        os.close(descriptors[0])
        try:
            pidfd = os.pidfd_open(pid)
        except ProcessLookupError:
            socket.send_fds(control, [message], [])
            continue
        socket.send_fds(control, [b"%s %d" % (message, pid)], [pidfd])
        os.close(pidfd)


def _become_worker(control: socket.socket, descriptor: int) -> None:
    """Never returns: nothing of the nursery's stack is to run in a worker."""
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        control.close()
        work(socket.socket(fileno=descriptor))
        status = 0
    except (BrokenPipeError, ConnectionResetError):
        status = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)


if __name__ == "__main__":
    with socket.socket(fileno=os.dup(0)) as stdin, contextlib.suppress(ConnectionError):
        os.close(0)
        nurse(stdin)
