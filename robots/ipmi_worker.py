"""One vendor BMC, spoken to by pyghmi in a process of its own, which may be killed at any time.

pyghmi blocks, keeps its state in modules and repeats what got no answer. So: one process and one session per BMC; what
must not happen twice is sent once. Lines of JSON: stdin has the address and credentials (bytes in hex), then one
request a line; stdout answers each with one line, and says `{"sending": true}` before anything that may take effect.
"""

import json
import os
import sys
import time
from typing import Any, TextIO

from pyghmi.exceptions import PyghmiException
from pyghmi.ipmi.command import Command
from pyghmi.ipmi.private.session import Session

CHASSIS, STATUS, CONTROL, SET_BOOT, GET_BOOT = 0x00, 0x01, 0x02, 0x08, 0x09
BOOT_FLAGS = 5
TRIES, TRY_FOR = 3, 1.0
"""How often, and for how many seconds each time, what may happen twice is asked."""
ONCE_FOR = 5.0
"""How many seconds the answer to what must not happen twice is waited for."""


class Failed(Exception):
    """`kind` is "unreachable", "stale" (the session is), "refused" or "unknown" (whether it was done)."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


class Worker:
    def __init__(self, output: TextIO, host: str, port: int, user: bytes, password: bytes) -> None:
        self._output = output
        self._where: dict[str, Any] = {"bmc": host, "port": port, "userid": user, "password": password}
        self._session: Any = None

    def answer(self, request: dict[str, Any]) -> dict[str, object]:
        try:
            if self._session is None:
                self._sign_in()
            status = self._ask(STATUS)  # asked first in any case: it shows that the session lives
            if request["do"] == "status":
                return {"on": bool(status[0] & 1)}
            if request["do"] == "flags":
                return {"flags": self._ask(GET_BOOT, BOOT_FLAGS, 0, 0).hex()}
            self._say({"sending": True})
            if request["do"] == "boot":
                return {"flags": self._set_boot(request["device"], request["persistent"], request["uefi"]).hex()}
            if request["repeat"]:
                self._ask(CONTROL, request["value"])
            elif self._try(ONCE_FOR, CONTROL, request["value"]) is None:
                raise Failed("unknown", f"no answer within {ONCE_FOR:.0f} seconds")
            return {}
        except Failed as error:
            return {"error": error.kind, "text": str(error)}

    def sign_out(self) -> None:
        if self._session is not None:
            self._session.logout()

    def _sign_in(self) -> None:
        try:
            self._session = Command(**self._where).ipmi_session
        except (PyghmiException, OSError) as error:
            text = str(error)
            silent = text in ("", "None", "timeout") or isinstance(error, OSError) or "Unable to transmit" in text
            raise Failed("unreachable" if silent else "refused", "no answer" if silent else text) from error

    def _set_boot(self, device: int, persistent: bool, uefi: bool) -> bytes:
        """Arm, and tell how the BMC reads it back."""
        self._ask(SET_BOOT, 3, 8)  # keep the flags although no chassis control follows within a minute (§28.12)
        flags = 0x80 | 0x40 * persistent | 0x20 * uefi if device else 0
        self._ask(SET_BOOT, BOOT_FLAGS, flags, device, 0, 0, 0)
        return self._ask(GET_BOOT, BOOT_FLAGS, 0, 0)

    def _ask(self, command: int, *data: int) -> bytes:
        for _ in range(TRIES):
            answer = self._try(TRY_FOR, command, *data)
            if answer is not None:
                return answer
        raise Failed("stale", "no answer")

    def _try(self, patience: float, command: int, *data: int) -> bytes | None:
        """Send one packet and wait for its answer, which is None if there was none.

        pyghmi's own repetition would, after a while, sign in anew and then send again what may have been done.
        """
        session = self._session
        answers: list[dict[str, Any]] = []
        try:
            session.raw_command(netfn=CHASSIS, command=command, data=data, retry=False, callback=answers.append)
            end = time.monotonic() + patience
            while not answers and (left := end - time.monotonic()) > 0:
                Session.wait_for_rsp(timeout=left)
        except PyghmiException as error:
            raise Failed("stale", str(error)) from error
        session.incommand = False  # pyghmi leaves this to whoever passes a callback
        if not answers:
            return None
        code, text = answers[0].get("code", 0), answers[0].get("error", "")
        if code:
            raise Failed("refused", f"chassis command {command:02X}h got completion code {code:02X}h {text}".rstrip())
        return bytes(answers[0]["data"])

    def _say(self, message: dict[str, object]) -> None:
        self._output.write(json.dumps(message) + "\n")
        self._output.flush()

    def serve(self, requests: TextIO) -> None:
        for line in requests:
            request = json.loads(line)
            if request["do"] == "sign-out":
                self.sign_out()
                return
            self._say(self.answer(request))


def main() -> None:
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever prints must not disturb the answers
    where = json.loads(sys.stdin.readline())
    user, password = bytes.fromhex(where["user"]), bytes.fromhex(where["password"])
    Worker(output, where["host"], where["port"], user, password).serve(sys.stdin)


if __name__ == "__main__":
    main()
