"""`bmc robot test`: does a node's loop work? First what its eyes see and what its hands would do, then for real."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from bmc.cli.client import Client, Resource, system_path
from bmc.cli.errors import CliError
from bmc.cli.nodes import Name
from bmc.cli.output import CUT_OFF, Json, Yes, complain, document, printable, table
from bmc.cli.power import plan_of, print_plan
from bmc.model.power import PowerAction

LOOK_EVERY = 0.2
LINGER = 10.0
"""Seconds that the slower senses have after an action is done."""
PLANNED = (
    PowerAction.ON,
    PowerAction.FORCE_OFF,
    PowerAction.GRACEFUL_SHUTDOWN,
    PowerAction.FORCE_RESTART,
    PowerAction.POWER_CYCLE,
)


@dataclass(frozen=True, slots=True)
class Move:
    """One action for real; times in seconds after it was asked. `senses` saw its effect then, or not at all."""

    action: str
    outcome: str
    problem: str
    handed_over: float | None
    done: float | None
    senses: Mapping[str, float | None]


def trial(
    name: Name,
    for_real: Annotated[bool, typer.Option("--for-real", help="then move it, and back to the state it had")] = False,
    graceful: Annotated[bool, typer.Option("--graceful", help="turn it off by GracefulShutdown")] = False,
    timeout: Annotated[float, typer.Option(min=1, metavar="SECONDS", help="how long one action may take")] = 300.0,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Try whether a node's senses and actuators work: dry, and with --for-real by moving it, with the times.

    Exit code 1 when something hinders or fails; after a failure nothing more is moved.
    """
    client = Client()
    system = client.get(system_path(name))
    power, senses = system["PowerState"] or "Unknown", system["Oem"]["Lightsout"]["Senses"]
    off = PowerAction.GRACEFUL_SHUTDOWN if graceful else PowerAction.FORCE_OFF
    moves = [off, PowerAction.ON] if power == "On" else [PowerAction.ON, off]
    plans = {action.value: plan_of(client, name, action) for action in _planned(system, moves[0])}
    if not as_json:
        _show_dry(name, power, system, plans)
    hindered = power not in ("On", "Off") or moves[0].value not in plans or plans[moves[0].value]["hindrances"]
    done: list[Move] = []
    if for_real and not hindered:
        _agree(name, power, yes)
        done = _move(client, name, moves, timeout, as_json)
    elif for_real:
        complain(f"{name} is not moved: what hinders {moves[0].value} has to be mended first")
    if as_json:
        told = [{field: getattr(move, field) for field in Move.__slots__} for move in done]
        document({"node": name, "power": power, "senses": senses, "plans": plans, "moves": told})
    if hindered or any(move.outcome != "done" for move in done):
        raise typer.Exit(1)


def _planned(system: Resource, first: PowerAction) -> list[PowerAction]:
    """What makes sense in the present state, and what would be moved first."""
    reset = system["Actions"].get("#ComputerSystem.Reset", {})
    can = reset.get("ResetType@Redfish.AllowableValues", ())
    now = system["Oem"]["Lightsout"]["AvailableResetTypes"]
    return [action for action in PLANNED if action.value in can and (action.value in now or action is first)]


def _show_dry(name: str, power: str, system: Resource, plans: Mapping[str, Any]) -> None:
    ours = system["Oem"]["Lightsout"]
    print(printable(f"{name} is {power}" + (f": {ours['Reason']}" if ours["Reason"] else "")))
    now = datetime.now(UTC)
    rows = [
        (
            each["Name"],
            each["FailureDomain"],
            each["PowerState"] or "Unknown",
            f"{max(0.0, (now - _moment(each['LookedAt'])).total_seconds()):.0f} s ago",
            "yes" if each["Counts"] else "no",
            each["Reason"],
        )
        for each in ours["Senses"]
    ]
    table(("sense", "fails with", "says", "looked", "counts", "why"), rows)
    for action, plan in plans.items():
        print(f"{action}:")
        print_plan(plan)


def _agree(name: str, power: str, yes: bool) -> None:
    """:raise CliError: nobody has typed the node's name."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise CliError(f"{name} would be moved for real. Nobody is there to type its name; use --yes")
    lost = ": what runs on it ends" if power == "On" else ""
    try:
        typed = input(f"{name} is {power} and will be moved{lost}. Type its name to go on: ")
    except (EOFError, KeyboardInterrupt):
        print(file=sys.stderr)
        raise typer.Exit(CUT_OFF) from None
    if typed.strip() != name:
        raise CliError("nothing was moved")


def _move(client: Client, name: str, actions: Sequence[PowerAction], timeout: float, quiet: bool) -> list[Move]:
    """One after another, until one fails."""
    moves: list[Move] = []
    for action in actions:
        if not quiet:
            print(f"{action.value} …", flush=True)
        try:
            moves.append(move := _moved(client, name, action, timeout))
        except KeyboardInterrupt:
            complain(f"{action.value} was asked and goes on; look at {name}")
            raise typer.Exit(CUT_OFF) from None
        if not quiet:
            _show(move)
        if move.outcome != "done":
            complain(f"{name}: {action.value}: {move.outcome}: {move.problem}; it is left as it is")
            break
    return moves


def _show(move: Move) -> None:
    rows = [("handed over", move.handed_over), *((f"seen by {name}", at) for name, at in move.senses.items())]
    rows.append((move.outcome, move.done))
    table((move.action, "after"), [(what, "never" if at is None else f"{at:.2f} s") for what, at in rows])


def _moved(client: Client, name: str, action: PowerAction, timeout: float) -> Move:
    """Asked, and watched until it is done and every sense has had time to see it."""
    path = system_path(name)
    wanted = "On" if action is PowerAction.ON else "Off"
    there = client.get(path)["Oem"]["Lightsout"]
    before = there["LastPowerAction"]
    deceived = {each["Name"] for each in there["Senses"] if each["PowerState"] == wanted}
    body = {"ResetType": action.value}
    saw: dict[str, datetime] = {}
    end = time.monotonic() + timeout
    with _aside() as pool:
        asked = pool.submit(client.post, f"{path}/Actions/ComputerSystem.Reset", body)
        while True:
            ours = client.get(path)["Oem"]["Lightsout"]
            last = ours["LastPowerAction"]
            begun = last is not None and last != before and (before is None or last["Started"] != before["Started"])
            if begun:
                _look(ours["Senses"], wanted, _moment(last["Started"]), saw, deceived)
            now = time.monotonic()
            if begun and last["Ended"]:
                end = min(end, now + LINGER)
                if len(saw) == len(ours["Senses"]) or last["Outcome"] != "done" or now >= end:
                    return _as_move(last, ours["Senses"], saw)
            elif not begun and asked.done():
                asked.result()
                if now >= end - timeout + LINGER:
                    raise CliError(f"{name}: {action.value} was accepted, but was never begun")
            elif now >= end:
                return Move(action.value, "not done in time", f"not within {timeout:g} s", None, None, {})
            time.sleep(LOOK_EVERY)


@contextmanager
def _aside() -> Iterator[ThreadPoolExecutor]:
    """The request takes as long as the action, and is not waited for by who leaves."""
    pool = ThreadPoolExecutor(1)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _look(
    senses: Sequence[Resource], wanted: str, since: datetime, saw: dict[str, datetime], deceived: set[str]
) -> None:
    """One that is `deceived` said so before anything was done: it has seen nothing before it says otherwise."""
    for sense in senses:
        name, at = sense["Name"], _moment(sense["LookedAt"])
        if sense["PowerState"] != wanted:
            deceived.discard(name)
        elif at >= since and name not in deceived:
            saw.setdefault(name, at)


def _as_move(last: Resource, senses: Sequence[Resource], saw: Mapping[str, datetime]) -> Move:
    started = _moment(last["Started"])

    def after(moment: datetime | None) -> float | None:
        return None if moment is None else round((moment - started).total_seconds(), 3)

    return Move(
        last["ResetType"],
        last["Outcome"],
        last["Problem"] or "",
        after(_moment(last["HandedOver"])) if last["HandedOver"] else None,
        after(_moment(last["Ended"])),
        {each["Name"]: after(saw.get(each["Name"])) for each in senses},
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
