"""The one decision, as a table: role × scope × what it takes."""

import pytest

from bmc.accounts import decide
from bmc.model.caller import Caller, Door, Role, Scope
from bmc.model.errors import Denied

READ, OPERATE, ADMINISTER = Role.READ_ONLY, Role.OPERATOR, Role.ADMINISTRATOR
ALL = Scope()
N1 = Scope(False, frozenset({"n1"}))
LAB = Scope(False, tags=frozenset({"lab"}))
NONE = Scope(False)

# The node is "n1" with the tags "lab" and "blue", or "" for the fleet.
ALLOWED = {
    (READ, ALL, READ, "n1"), (READ, ALL, READ, ""),
    (READ, N1, READ, "n1"), (READ, N1, READ, ""),
    (READ, LAB, READ, "n1"), (READ, LAB, READ, ""),
    (READ, NONE, READ, ""),
    (OPERATE, ALL, READ, "n1"), (OPERATE, ALL, OPERATE, "n1"), (OPERATE, ALL, READ, ""), (OPERATE, ALL, OPERATE, ""),
    (OPERATE, N1, READ, "n1"), (OPERATE, N1, OPERATE, "n1"), (OPERATE, N1, READ, ""),
    (OPERATE, LAB, READ, "n1"), (OPERATE, LAB, OPERATE, "n1"), (OPERATE, LAB, READ, ""),
    (OPERATE, NONE, READ, ""),
    (ADMINISTER, ALL, READ, "n1"), (ADMINISTER, ALL, OPERATE, "n1"), (ADMINISTER, ALL, ADMINISTER, "n1"),
    (ADMINISTER, ALL, READ, ""), (ADMINISTER, ALL, OPERATE, ""), (ADMINISTER, ALL, ADMINISTER, ""),
    (ADMINISTER, N1, READ, "n1"), (ADMINISTER, N1, OPERATE, "n1"), (ADMINISTER, N1, ADMINISTER, "n1"),
    (ADMINISTER, N1, READ, ""),
    (ADMINISTER, LAB, READ, "n1"), (ADMINISTER, LAB, OPERATE, "n1"), (ADMINISTER, LAB, ADMINISTER, "n1"),
    (ADMINISTER, LAB, READ, ""),
    (ADMINISTER, NONE, READ, ""),
}  # fmt: skip


@pytest.mark.parametrize("has", Role)
@pytest.mark.parametrize("scope", [ALL, N1, LAB, NONE])
@pytest.mark.parametrize("takes", Role)
@pytest.mark.parametrize("node", ["n1", ""])
def test_the_table(has: Role, scope: Scope, takes: Role, node: str):
    caller = Caller("someone", has, scope, Door.REDFISH)
    tags = frozenset({"lab", "blue"}) if node else frozenset()
    if (has, scope, takes, node) in ALLOWED:
        decide(caller, takes, node, tags)
    else:
        with pytest.raises(Denied):
            decide(caller, takes, node, tags)


def test_another_node_is_out_of_scope():
    with pytest.raises(Denied, match="scope of someone does not include n2"):
        decide(Caller("someone", ADMINISTER, N1, Door.WEB), READ, "n2", frozenset({"blue"}))


def test_a_refusal_says_what_is_missing():
    with pytest.raises(Denied, match="power takes the role Operator; someone has ReadOnly"):
        decide(Caller("someone", READ, ALL, Door.WEB), OPERATE, "n1", action="power")
