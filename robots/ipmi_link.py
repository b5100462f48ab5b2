"""Our side of the worker that speaks to one vendor BMC: deadlines, killing, and what a failure means."""

import asyncio
import time
from collections.abc import Callable
from enum import Enum
from typing import Any

from bmc.ipmi.wire.numbers import NetFn
from bmc.model.clock import Clock
from bmc.model.errors import BackendFailed, OutcomeUnknown, Unreachable
from bmc.shared_devices import SharedDevices
from robots.adapter import bmc_at
from robots.foreign_boot import Boots
from robots.ipmi_nursery import Hand, Nursery
from robots.refusal import Login, Refusals

LOOK_WITHIN, ACT_WITHIN, SIGN_OUT_WITHIN = 10.0, 20.0, 1.5
QUIET_FOR = 30.0
"""Seconds for which a BMC that did not answer is asked only for what somebody waits for."""

STANDARD_PORT = 623
CHASSIS_STATUS, CHASSIS_CONTROL = 0x01, 0x02

Credentials = Callable[[str], Login]


class Manner(Enum):
    """LOOK changes nothing. What takes effect may reach the BMC twice, or at most once."""

    LOOK = "look"
    REPEATABLE = "repeatable"
    ONCE = "once"


class Declined(BackendFailed):
    """The BMC answered, with another completion code than 00h."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


class Link:
    """Asks one BMC, one question at a time, for all parts of nodes that use it. `where` is how messages name it."""

    def __init__(
        self, host: str, port: int, credential: str, credentials: Credentials, devices: SharedDevices, clock: Clock
    ) -> None:
        self.where = bmc_at(host, port, STANDARD_PORT)
        self.boots = Boots(clock)
        self._address = (host, port)
        self._credential = credential
        self._credentials = credentials
        self._nursery = devices.lease(("ipmi nursery",), Nursery)
        self._hand: Hand | None = None
        self._login = (b"", b"")
        self._lock = asyncio.Lock()
        self._quiet_until = 0.0
        self._refusals = Refusals(clock)

    async def ask(
        self, netfn: int, command: int, data: bytes = b"", manner: Manner = Manner.LOOK, in_passing: bool = False
    ) -> bytes:
        """What the BMC answers, after its completion code. What is asked `in_passing` is not tried on one that has
        just not answered: nobody waits for it, and others would have to wait behind it.

        :raise Unreachable: it was not sent, or nothing hangs on it. :raise OutcomeUnknown: it may have been done.
        :raise Declined: the BMC refused. :raise BackendFailed: it lets us not in.
        """
        request = {"netfn": netfn, "command": command, "data": data.hex(), "manner": manner.value}
        async with self._lock:
            self._refusals.check(self._credentials(self._credential))
            if in_passing and time.monotonic() < self._quiet_until:
                raise Unreachable(f"{self.where} did not answer a moment ago")
            reply, sending = await self._exchange(request, LOOK_WITHIN if manner is Manner.LOOK else ACT_WITHIN)
            silent = "error" in reply and reply["error"] != "refused"
            self._quiet_until = time.monotonic() + QUIET_FOR if silent else 0.0
        if "error" not in reply:
            return bytes.fromhex(reply["data"])
        if reply["error"] == "refused":
            if code := reply["code"]:
                what = f"{NetFn(netfn).name.lower()} command {command:02X}h got completion code {code:02X}h"
                raise Declined(f"{self.where} refused: {what} {reply['text']}".rstrip(), code)
            raise self._refusals.add(self._login, f"{self.where} refused: {reply['text']}")
        if sending:
            raise OutcomeUnknown(f"{self.where} may have carried out the command: {reply['text']}")
        raise Unreachable(f"{self.where} is unreachable: {reply['text']}")

    async def power(self) -> bool:
        """Get Chassis Status, IPMI v2.0 §28.2. :raise: as `ask`."""
        status = await self.ask(NetFn.CHASSIS, CHASSIS_STATUS)
        if not status:
            raise BackendFailed(f"{self.where} answered without its state")
        return bool(status[0] & 1)

    async def control(self, value: int, repeat: bool) -> None:
        """Chassis Control, IPMI v2.0 §28.3; sent more than once only if `repeat`. :raise: as `ask`."""
        manner = Manner.REPEATABLE if repeat else Manner.ONCE
        await self.ask(NetFn.CHASSIS, CHASSIS_CONTROL, bytes((value,)), manner)

    async def console(self) -> Hand:
        """A worker of its own, for the serial console. :raise ConnectionError, TimeoutError: it cannot be begun."""
        return await self._begin(self._credentials(self._credential), console=True)

    async def close(self) -> None:
        """Give the BMC its session back, if that is quick."""
        async with self._lock:
            hand, self._hand = self._hand, None
            if hand is not None:
                await hand.end(SIGN_OUT_WITHIN)
        await self._nursery.end()

    async def _exchange(self, request: dict[str, object], within: float) -> tuple[dict[str, Any], bool]:
        """The worker's answer, and whether it had begun to send what may take effect."""
        sending = False
        reply: dict[str, Any] = {}
        try:
            async with asyncio.timeout(within):
                for _ in range(2):
                    if self._hand is None:
                        self._login = self._credentials(self._credential)
                        self._hand = await self._begin(self._login)
                    await self._hand.tell(request)
                    while (reply := await self._hand.hear()).get("sending"):
                        sending = True
                    if reply.get("error") not in ("stale", "unknown") and not self._outdated(reply):
                        break
                    # pyghmi would share its stale session with a new one, and take a late answer for another one's.
                    await self._kill()
                    if sending:
                        break
        except (TimeoutError, ConnectionError) as error:
            await self._kill()
            return {"error": "silent", "text": str(error) or f"no answer within {within} seconds"}, sending
        except BaseException:
            await self._kill()  # its next line would answer a question that nobody asks any more
            raise
        return reply, sending

    async def _begin(self, login: Login, console: bool = False) -> Hand:
        (host, port), (user, password) = self._address, login
        first = {"host": host, "port": port, "user": user.hex(), "password": password.hex(), "console": console}
        return await self._nursery.device.worker(first)

    def _outdated(self, reply: dict[str, Any]) -> bool:
        """The worker was not let in, and signs in with what was replaced meanwhile."""
        not_in = "error" in reply and not reply.get("code")
        return not_in and self._login != self._credentials(self._credential)

    async def _kill(self) -> None:
        hand, self._hand = self._hand, None
        if hand is not None:
            await hand.kill()
