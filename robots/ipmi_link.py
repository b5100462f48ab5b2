"""Our side of the worker that speaks to one vendor BMC: deadlines, killing, and what a failure means."""

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bmc.model.errors import BackendFailed, OutcomeUnknown, Unreachable

WORKER = Path(__file__).with_name("ipmi_worker.py")
LOOK_WITHIN, ACT_WITHIN, SIGN_OUT_WITHIN = 10.0, 20.0, 1.5

Credentials = Callable[[str], tuple[bytes, bytes]]


class Link:
    """Asks one BMC, one question at a time. `where` is how messages name it."""

    def __init__(self, host: str, port: int, credential: str, credentials: Credentials) -> None:
        self.where = f"BMC {host}:{port}"
        self._address = (host, port)
        self._credential = credential
        self._credentials = credentials
        self._process: asyncio.subprocess.Process | None = None
        self._lock = asyncio.Lock()

    async def power(self) -> bool:
        """:raise Unreachable: :raise BackendFailed: it answered, but not with the state."""
        return bool((await self._ask({"do": "status"}, LOOK_WITHIN))["on"])

    async def boot_flags(self) -> bytes:
        """The BMC's answer to Get System Boot Options, parameter 5, IPMI v2.0 §28.13. :raise: as `power`."""
        return bytes.fromhex((await self._ask({"do": "flags"}, LOOK_WITHIN))["flags"])

    async def control(self, value: int, repeat: bool) -> None:
        """Chassis Control, IPMI v2.0 §28.3; sent more than once only if `repeat`.

        :raise Unreachable: it was not sent. :raise OutcomeUnknown: it may have been carried out.
        :raise BackendFailed: the BMC refused.
        """
        await self._ask({"do": "control", "value": value, "repeat": repeat}, ACT_WITHIN)

    async def set_boot(self, device: int, persistent: bool, uefi: bool) -> bytes:
        """Set the boot flags, IPMI v2.0 §28.12, and return them as `boot_flags` would. :raise: as `control`."""
        request = {"do": "boot", "device": device, "persistent": persistent, "uefi": uefi}
        return bytes.fromhex((await self._ask(request, ACT_WITHIN))["flags"])

    async def close(self) -> None:
        """Give the BMC its session back, if that is quick."""
        async with self._lock:
            process = self._process
            if process is not None and process.stdin is not None:
                with contextlib.suppress(TimeoutError, ConnectionError):
                    async with asyncio.timeout(SIGN_OUT_WITHIN):
                        process.stdin.write(b'{"do": "sign-out"}\n')
                        await process.wait()
            await self._kill()

    async def _ask(self, request: dict[str, object], within: float) -> dict[str, Any]:
        async with self._lock:
            reply, sending = await self._exchange(request, within)
        if "error" not in reply:
            return reply
        if reply["error"] == "refused":
            raise BackendFailed(f"{self.where} refused: {reply['text']}")
        if sending:
            raise OutcomeUnknown(f"{self.where} may have carried out the command: {reply['text']}")
        raise Unreachable(f"{self.where} is unreachable: {reply['text']}")

    async def _exchange(self, request: dict[str, object], within: float) -> tuple[dict[str, Any], bool]:
        """The worker's answer, and whether it had begun to send what may take effect."""
        sending = False
        reply: dict[str, Any] = {}
        try:
            async with asyncio.timeout(within):
                for _ in range(2):
                    if self._process is None:
                        await self._start()
                    await self._write(request)
                    while (reply := await self._read()).get("sending"):
                        sending = True
                    if reply.get("error") != "stale":
                        break
                    await self._kill()  # pyghmi would share its stale session with a new one
                    if sending:
                        break
        except (TimeoutError, ConnectionError) as error:
            await self._kill()
            return {"error": "silent", "text": str(error) or f"no answer within {within} seconds"}, sending
        except BaseException:
            await self._kill()  # its next line would answer a question that nobody asks any more
            raise
        return reply, sending

    async def _start(self) -> None:
        user, password = self._credentials(self._credential)
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", str(WORKER), stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        host, port = self._address
        await self._write({"host": host, "port": port, "user": user.hex(), "password": password.hex()})

    async def _write(self, message: dict[str, object]) -> None:
        if self._process is None or self._process.stdin is None:
            raise ConnectionError("the worker has ended")
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        await self._process.stdin.drain()

    async def _read(self) -> dict[str, Any]:
        if self._process is None or self._process.stdout is None:
            raise ConnectionError("the worker has ended")
        line = await self._process.stdout.readline()
        if not line:
            raise ConnectionError("the worker has ended")
        reply: dict[str, Any] = json.loads(line)
        return reply

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            if process.stdin is not None:
                process.stdin.close()
