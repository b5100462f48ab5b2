"""The one decision: may this caller do this? And what may it see?"""

from collections.abc import Callable

from bmc.model.caller import Caller, Role, Scope
from bmc.model.errors import Denied
from bmc.model.events import Event, EventKind

NO_TAGS: frozenset[str] = frozenset()
OF_EVERY_NODE = frozenset({EventKind.EMERGENCY_STOP, EventKind.EMERGENCY_STOP_RELEASED})


def decide(caller: Caller, role: Role, node: str = "", tags: frozenset[str] = NO_TAGS, action: str = "") -> None:
    """Return if `caller` may do `action`, which takes at least `role`, on `node` with its `tags`.

    Without a node it concerns the fleet (accounts, new nodes): beyond reading, that takes the whole fleet as scope,
    else an Administrator of one node could make himself one of all.

    :raise Denied: the text names what is missing.
    """
    what = action or "this"
    if caller.role.rank < role.rank:
        raise Denied(f"{what} takes the role {role.value}; {caller.account} has {caller.role.value}")
    if node and not caller.scope.covers(node, tags):
        raise Denied(f"the scope of {caller.account} does not include {node}")
    if not node and role is not Role.READ_ONLY and not caller.scope.all_nodes:
        raise Denied(f"{what} concerns the whole fleet; the scope of {caller.account} is limited")


def sees(
    role: Role, scope: Scope, event: Event, tags: Callable[[str], frozenset[str]], began: Callable[[str], int]
) -> bool:
    """What is about nodes goes by scope, which must cover all of them; what is about the fleet (sign-ins, accounts) is
    its administrators'; what holds every node is everybody's. `tags` are a node's. What was told until a node `began`
    was of one before it that had its name: only who sees all nodes sees that.
    """
    if event.kind in OF_EVERY_NODE:
        return True
    if nodes := (event.node,) if event.node else event.nodes:
        its_own = scope.all_nodes or all(event.sequence > began(node) for node in nodes)
        return its_own and scope.covers_all(nodes, tags)
    return role is Role.ADMINISTRATOR and scope.all_nodes
