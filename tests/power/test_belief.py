"""What senses say together: one vote a failure domain, and no guess."""

import pytest

from bmc.model.power import Health, PowerCause, PowerReading, PowerState
from bmc.power.belief import believe, votes

ON, OFF, UNKNOWN = PowerState.ON, PowerState.OFF, PowerState.UNKNOWN
DOMAINS = {"led": "gateway", "relay": "gateway", "watts": "meter", "bmc": "bmc", "ping": "network"}

CASES: list[tuple[dict[str, PowerState], PowerState]] = [
    ({"bmc": ON}, ON),
    ({"bmc": UNKNOWN}, UNKNOWN),
    ({"bmc": ON, "watts": OFF}, UNKNOWN),
    ({"bmc": ON, "watts": OFF, "ping": ON}, ON),
    ({"bmc": ON, "watts": OFF, "ping": UNKNOWN}, UNKNOWN),
    ({"led": ON, "relay": ON, "watts": OFF}, UNKNOWN),
    ({"led": ON, "relay": OFF, "watts": OFF}, OFF),
    ({"led": ON, "relay": OFF}, UNKNOWN),
    ({"led": OFF, "relay": OFF, "watts": OFF, "bmc": ON}, OFF),
    ({}, UNKNOWN),
]


def readings(said: dict[str, PowerState]) -> dict[str, PowerReading]:
    return {name: PowerReading(state, 1.0) for name, state in said.items()}


@pytest.mark.parametrize(("said", "state"), CASES)
def test_most_domains_decide_and_a_tie_is_unknown(said, state):
    assert believe(readings(said), 2.0, DOMAINS).state is state


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ({"led": OFF}, UNKNOWN),
        ({"led": OFF, "bmc": UNKNOWN}, UNKNOWN),
        ({"led": OFF, "bmc": OFF}, OFF),
        ({"led": OFF, "watts": OFF, "bmc": ON}, UNKNOWN),
        ({"bmc": OFF}, OFF),
    ],
)
def test_what_was_moved_is_not_believed_by_itself(said, state):
    assert believe(readings(said), 2.0, DOMAINS, frozenset({"gateway", "meter"})).state is state


def test_who_was_outvoted_makes_it_a_warning_that_names_everybody():
    believed = believe(readings({"bmc": ON, "watts": OFF, "ping": ON}), 2.0, DOMAINS)
    assert believed.health is Health.WARNING
    assert believed.outvoted == ("watts",)
    assert believed.reason == "the senses differ: bmc says On, watts says Off, ping says On"


def test_an_unknown_names_each_reason():
    blind = {
        "bmc": PowerReading(UNKNOWN, 1.0, reason="no route to it"),
        "watts": PowerReading(UNKNOWN, 1.0, health=Health.CRITICAL),
    }
    believed = believe(blind, 2.0, DOMAINS)
    assert (believed.reason, believed.at) == ("bmc: no route to it; watts: cannot tell", 2.0)
    assert believed.health is Health.CRITICAL
    assert believe({}, 2.0).reason == "no sense watches this node"


def test_the_gravest_reading_tells_why():
    said = readings({"bmc": ON, "ping": ON}) | {
        "watts": PowerReading(ON, 3.0, PowerCause.GUEST_PANIC, Health.CRITICAL, "oops")
    }
    assert believe(said, 4.0, DOMAINS) == said["watts"]


def test_a_vote_says_who_counts():
    told = {
        vote.sense: vote.counts
        for vote in votes(readings({"led": ON, "relay": OFF, "bmc": ON, "ping": UNKNOWN}), DOMAINS)
    }
    assert told == {"led": False, "relay": False, "bmc": True, "ping": False}
