"""The power table says something for every pair, and agrees with what happens while an action is under way."""

import pytest

from bmc.model.power import Health, PowerAction, PowerCause, PowerReading, PowerState
from bmc.power.belief import believe
from bmc.power.table import OUTCOME, Outcome, available, collision, composed


def test_every_state_and_action_has_an_outcome():
    assert set(OUTCOME) == {(state, action) for state in PowerState for action in PowerAction}


@pytest.mark.parametrize("state", [PowerState.POWERING_ON, PowerState.POWERING_OFF])
@pytest.mark.parametrize("action", PowerAction, ids=lambda action: action.value)
def test_the_rows_in_between_agree_with_what_happens_to_a_second_request(state, action):
    others = {collision(under_way, action) for under_way in PowerAction if under_way is not action}
    assert OUTCOME[state, action] in others | {Outcome.JOIN}


def test_force_off_wins_over_everything_but_itself():
    for under_way in PowerAction:
        expected = Outcome.JOIN if under_way is PowerAction.FORCE_OFF else Outcome.SUPERSEDE
        assert collision(under_way, PowerAction.FORCE_OFF) is expected


def test_a_page_offers_only_what_has_an_effect():
    native = frozenset(PowerAction) - {PowerAction.POWER_CYCLE, PowerAction.GRACEFUL_RESTART}
    actions = composed(native)
    assert actions == frozenset(PowerAction)
    assert available(PowerState.OFF, actions) == {PowerAction.ON, PowerAction.PUSH_POWER_BUTTON}
    assert available(PowerState.POWERING_OFF, actions) == {PowerAction.FORCE_OFF}
    assert available(PowerState.UNKNOWN, actions) == frozenset()


def reading(state: PowerState, at: float, cause: PowerCause = PowerCause.OBSERVED, health: Health = Health.OK):
    return PowerReading(state, at, cause, health, reason="r" if state is PowerState.UNKNOWN else "")


ON, OFF, UNKNOWN = PowerState.ON, PowerState.OFF, PowerState.UNKNOWN


@pytest.mark.parametrize(
    ("votes", "state"),
    [((), UNKNOWN), ((UNKNOWN,), UNKNOWN), ((ON, UNKNOWN), ON), ((OFF, OFF), OFF), ((ON, OFF), UNKNOWN)],
)
def test_senses_that_can_tell_must_agree(votes, state):
    readings = {f"s{i}": reading(vote, float(i)) for i, vote in enumerate(votes)}
    assert believe(readings, 9.0).state is state


def test_differing_senses_are_quoted():
    said = believe({"qmp": reading(ON, 1.0), "process": reading(OFF, 2.0)}, 3.0)
    assert said.reason == "the senses differ: qmp says On, process says Off"


def test_a_grave_or_knowing_reading_outweighs_a_newer_bland_one():
    paused = reading(ON, 1.0, PowerCause.GUEST_PANIC, Health.CRITICAL)
    assert believe({"qmp": paused, "process": reading(ON, 2.0)}, 3.0) is paused
    knowing = reading(OFF, 1.0, PowerCause.GUEST_SHUTDOWN)
    assert believe({"qmp": knowing, "process": reading(OFF, 2.0)}, 3.0) is knowing
