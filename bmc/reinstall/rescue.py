"""Rescue as a recipe: the ramdisk as a system to work in, by SSH and on the consoles, until it is told to end."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import cast

from bmc.jobs import Prepared, Recipe, Run, Step
from bmc.model.errors import InvalidRequest, WrongState
from bmc.model.power import PowerCause, PowerState
from bmc.model.ssh_key import fingerprint
from bmc.node import Node
from bmc.ports import Backend, ByteStream
from bmc.reinstall import seed
from bmc.reinstall.guest import Guest
from bmc.reinstall.steps import RELEASE_TIME, RamdiskJob, new_token, shown, unknown_fields
from bmc.reinstall.ticket import Errand, Ticket

KIND = "rescue"
FIELDS = ("ssh_keys", "minutes", "way")
MINUTES, MINUTES_MAX = 60, 24 * 60


class Rescue(RamdiskJob):
    """A job's request: `ssh_keys` (a list of at least one), `minutes` that it lasts at most.

    Its detail `rescue`: host_key and fingerprint of the SSH server, and `until` (seconds since the epoch).
    """

    def recipe(self) -> Recipe:
        return Recipe(
            KIND,
            self._steps,
            self._prepare,
            self._release,
            why="rescue in progress",
            release_timeout=RELEASE_TIME,
            connect=self._connect,
            resumed=self._keep_turn,
        )

    def _steps(self, request: Mapping[str, object]) -> tuple[Step, ...]:
        longest = MINUTES_MAX * 60 + 600
        return (
            *self._comes_up(request),
            Step("rescue", self._rescue, True, 75, longest, "the rescue broke off", idle=120),
            *self._goes_off(request),
        )

    async def _prepare(
        self, node: Node, backend: Backend, request: Mapping[str, object], secrets: Mapping[str, object]
    ) -> Prepared:
        keys, minutes = request.get("ssh_keys", ()), request.get("minutes", MINUTES)
        wrong = unknown_fields(request, FIELDS)
        wrong += seed.keys_problems(keys)
        if not keys:
            wrong.append("ssh_keys: expected at least one public key, or nobody could log in")
        if isinstance(minutes, bool) or not isinstance(minutes, int) or not 1 <= minutes <= MINUTES_MAX:
            wrong.append(f"minutes: expected 1 to {MINUTES_MAX}")
        wrong += await self._problems(node, backend, request, "rescued")
        if wrong or not isinstance(minutes, int):
            raise InvalidRequest("; ".join(wrong))
        return Prepared(shown(request, FIELDS) | {"minutes": minutes}, new_token())

    async def _rescue(self, run: Run) -> None:
        """The end of the time is stored, so that a restart of the service gives no more of it."""
        self._give_turn_back(run)
        guest = await self._guest(run)
        await guest.until(lambda: bool(guest.ticket.facts.host_key) or _left(run, guest))
        key = guest.ticket.facts.host_key
        if key and "rescue" not in run.job.details:
            until = run.clock.now() + 60 * int(str(run.job.request["minutes"]))
            await run.note(rescue={"host_key": key, "fingerprint": fingerprint(key), "until": until})
            await run.say("a root shell is on the serial console, on the screen and by SSH")
        await run.say(await self._over(run, guest))
        run.state["over"] = guest.ticket.cancelled = True
        await run.save()

    async def _over(self, run: Run, guest: Guest) -> str:
        """Waits for the end, and says which it was."""
        until = float(cast("Mapping[str, float]", run.job.details.get("rescue", {})).get("until", 0.0))
        left = asyncio.ensure_future(guest.until(lambda: _left(run, guest)))
        told = asyncio.ensure_future(run.finishing.wait())
        late = asyncio.ensure_future(run.clock.sleep(max(0.0, until - run.clock.now())))
        try:
            await asyncio.wait({left, told, late}, return_when=asyncio.FIRST_COMPLETED)
            if left.done():
                left.result()
                return "it was ended in the shell"
            return "it was ended by an action" if told.done() else "its time is up"
        finally:
            for future in (left, told, late):
                future.cancel()
            await asyncio.gather(left, told, late, return_exceptions=True)

    async def _connect(self, run: Run) -> ByteStream:
        over = run.ending is not None or run.state.get("over")
        if over or run.job.step != "rescue":
            raise WrongState(f"the rescue of {run.job.node} has no SSH now: its step is “{run.job.step}”")
        guest = await self._guest(run)  # after a restart of the service this may come before the step itself
        return await guest.ticket.lines.take()

    def _ticket(self, run: Run, token: bytes) -> Ticket:
        keys = cast("Sequence[str]", run.job.request["ssh_keys"])
        return Ticket(
            run.job.id,
            run.job.node,
            token,
            Errand.RESCUE,
            told={"seconds": str(60 * int(str(run.job.request["minutes"])))},
            files={"authorized_keys": "".join(f"{key}\n" for key in keys)},
            cancelled=bool(run.state.get("over")),
        )


def _left(run: Run, guest: Guest) -> bool:
    """Whether somebody in the guest has ended it."""
    snapshot = run.node.snapshot
    off = snapshot.power is PowerState.OFF and snapshot.cause is PowerCause.GUEST_SHUTDOWN
    return guest.ticket.facts.done or off
