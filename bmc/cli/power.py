"""`bmc power`: one node or many, at once or one after another, and what became of each; and `bmc confirm`."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Annotated

import typer

from bmc.cli.client import SYSTEMS, Client, system_path
from bmc.cli.completion import node_names, offered
from bmc.cli.errors import CliError
from bmc.cli.output import CUT_OFF, Json, Yes, ask, complain, document, printable, table
from bmc.cli.selection import fold, select
from bmc.cli.words import all_of, one_of
from bmc.model.power import PowerAction

AT_ONCE = 16
"""How many requests are under way at a time."""
FEW = 8
"""Up to so many nodes are asked after one by one, more all together."""
REACHES = {PowerAction.ON: "On", PowerAction.FORCE_OFF: "Off", PowerAction.GRACEFUL_SHUTDOWN: "Off"}
"""Where an action ends, of those whose end can be seen from the power state alone."""

Nodes = Annotated[
    str,
    typer.Argument(
        metavar="NODES", help="names, ranges as n[1-3,7], tag:NAME, or all; commas between", autocompletion=node_names
    ),
]
Outcome = tuple[str, str]
"""(node, why it failed); "" when it did not."""


class Seen(Enum):
    """What a person can see of a server."""

    ON = "On"
    OFF = "Off"


def power(
    nodes: Nodes,
    action: Annotated[
        PowerAction | None,
        typer.Argument(
            parser=one_of(PowerAction),
            metavar="ACTION",
            help=all_of(PowerAction),
            show_default=False,
            autocompletion=offered(PowerAction),
        ),
    ] = None,
    stagger: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="between one batch and the next")] = 0.0,
    batch: Annotated[int, typer.Option(min=1, help="nodes at once, with --stagger")] = 1,
    wait: Annotated[
        bool, typer.Option("--wait", help="until On, ForceOff or GracefulShutdown has had its effect")
    ] = False,
    plan: Annotated[bool, typer.Option("--plan", help="only tell what would be done, and what hinders it")] = False,
    timeout: Annotated[float, typer.Option(min=0, metavar="SECONDS", help="how long --wait waits for it")] = 150.0,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Show the power of nodes, or power them on or off, reset them, or send them an NMI.

    More than one node is named and asked about first. Exit code 1 when one of them failed.
    """
    client = Client()
    names = select(client, nodes)
    if action is None:
        if plan:
            raise CliError("--plan: of which action?")
        _show(client, names, as_json)
        return
    if plan:
        _plan(client, names, action, as_json)
        return
    if wait and action not in REACHES:
        seen = ", ".join(each.value for each in REACHES)
        raise CliError(f"--wait: the power state does not show whether {action.value} is done, only {seen}")
    if len(names) > 1:
        ask(f"{action.value}: {fold(names)} ({len(names)} nodes)?", yes)
    outcomes: dict[str, str] = {}
    begun: set[str] = set()

    def reset(name: str) -> None:
        begun.add(name)
        client.post(f"{system_path(name)}/Actions/ComputerSystem.Reset", {"ResetType": action.value})

    try:
        for name, why in staggered(names, reset, stagger, batch):
            outcomes[name] = why
            if why:
                complain(f"{name}: {why}")
            elif not as_json:
                print(f"{name}: {action.value} accepted", flush=True)
    except KeyboardInterrupt:
        for what, those in (("not asked", set(names) - begun), ("asked, with what outcome is not known", begun)):
            if left := [name for name in names if name in those and name not in outcomes]:
                complain(f"{what}: {fold(left)}")
        raise typer.Exit(CUT_OFF) from None
    failed = {name: why for name, why in outcomes.items() if why}
    reached = {}
    if wait:
        accepted = [name for name in names if name not in failed]
        for name, state in _until(client, accepted, REACHES[action], timeout):
            reached[name] = state
            if state != REACHES[action]:
                failed[name] = f"is {state} still after {timeout:g} s"
                complain(f"{name}: {failed[name]}")
            elif not as_json:
                print(f"{name}: {state}", flush=True)
    if as_json:
        document(
            [
                {"node": name, "action": action.value, "ok": name not in failed, "error": failed.get(name)}
                | ({"power": reached.get(name)} if wait else {})
                for name in names
            ]
        )
    if failed:
        raise typer.Exit(1)


def confirm(
    name: Annotated[str, typer.Argument(metavar="NODE", help="the node's name", autocompletion=node_names)],
    seen: Annotated[
        Seen, typer.Argument(parser=one_of(Seen), metavar="SEEN", help=all_of(Seen), autocompletion=offered(Seen))
    ],
) -> None:
    """Say what you saw of a node whose power state is unknown, so that it obeys again. Look at it first."""
    Client().post(f"{system_path(name)}/Actions/Oem/Lightsout.ConfirmPower", {"PowerState": seen.value})
    print(f"{name}: confirmed {seen.value}")


def staggered(names: Sequence[str], do: Callable[[str], None], stagger: float, batch: int) -> Iterator[Outcome]:
    """What became of each as soon as it is known. Without `stagger` seconds, all begin together."""
    from concurrent.futures import ThreadPoolExecutor, as_completed

    size = batch if stagger else len(names)
    pool = ThreadPoolExecutor(min(AT_ONCE, size))
    try:
        for first in range(0, len(names), size):
            begun = time.monotonic()
            running = {pool.submit(do, name): name for name in names[first : first + size]}
            for done in as_completed(running):
                try:
                    done.result()
                    yield running[done], ""
                except CliError as error:
                    yield running[done], str(error)
            if first + size < len(names):
                time.sleep(max(0.0, begun + stagger - time.monotonic()))
    finally:
        pool.shutdown(cancel_futures=True)  # who was cut off wants no more of them


def _until(client: Client, names: list[str], wanted: str, timeout: float) -> Iterator[tuple[str, str]]:
    """(node, its power state): each as soon as it is `wanted`, the others when the time is up."""
    end = time.monotonic() + timeout
    waiting = list(names)
    while waiting:
        late = time.monotonic() >= end
        states = _states(client, waiting)
        for name in list(waiting):
            if states[name] == wanted or late:
                waiting.remove(name)
                yield name, states[name]
        if waiting:
            time.sleep(0.5)


def _states(client: Client, names: Sequence[str]) -> dict[str, str]:
    """:raise CliError: one of them is gone."""
    if len(names) <= FEW:
        systems = {name: client.get(system_path(name)) for name in names}
    else:
        systems = {system["Id"]: system for system in client.members(SYSTEMS)}
    if gone := [name for name in names if name not in systems]:
        raise CliError(f"{', '.join(gone)}: removed")
    return {name: systems[name]["PowerState"] or "Unknown" for name in names}


def _plan(client: Client, names: Sequence[str], action: PowerAction, as_json: bool) -> None:
    """Exit code 1 when something hinders it on one of them."""
    plans = {name: plan_of(client, name, action) for name in names}
    if as_json:
        document([{"node": name, **plan} for name, plan in plans.items()])
    else:
        for name, plan in plans.items():
            print(f"{name}: {action.value}")
            print_plan(plan)
    if any(plan["hindrances"] for plan in plans.values()):
        raise typer.Exit(1)


def plan_of(client: Client, name: str, action: PowerAction) -> dict[str, list[str]]:
    told, _ = client.post(f"{system_path(name)}/Actions/Oem/Lightsout.PlanPower", {"ResetType": action.value})
    return {"steps": told["Steps"], "hindrances": told["Hindrances"]}


def print_plan(plan: Mapping[str, Sequence[str]]) -> None:
    for number, step in enumerate(plan["steps"], 1):
        print(printable(f"  {number}. {step}"))
    for hindrance in plan["hindrances"]:
        print(printable(f"  hindered: {hindrance}"))


def _show(client: Client, names: list[str], as_json: bool) -> None:
    states = _states(client, names)
    if as_json:
        document([{"node": name, "power": state} for name, state in states.items()])
    else:
        table(("node", "power"), list(states.items()))
