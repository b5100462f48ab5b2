"""State × action → outcome: the one table of what a power action means. Printed into ARCHITECTURE.md by `make docs`."""

from enum import Enum

from bmc.model.power import PowerAction, PowerState

ON, OFF = PowerState.ON, PowerState.OFF
POWERING_ON, POWERING_OFF, UNKNOWN = PowerState.POWERING_ON, PowerState.POWERING_OFF, PowerState.UNKNOWN


class Outcome(Enum):
    DO = "carried out"
    ALREADY = "succeeds without effect"
    WRONG_STATE = "WrongState"
    JOIN = "joined if the same is under way, else Busy"
    SUPERSEDE = "wins over what is under way"
    BUSY = "Busy"
    REFUSED = "Refused"


OUTCOME: dict[tuple[PowerState, PowerAction], Outcome] = {
    (ON, PowerAction.ON): Outcome.ALREADY,
    (ON, PowerAction.FORCE_OFF): Outcome.DO,
    (ON, PowerAction.GRACEFUL_SHUTDOWN): Outcome.DO,
    (ON, PowerAction.GRACEFUL_RESTART): Outcome.DO,
    (ON, PowerAction.FORCE_RESTART): Outcome.DO,
    (ON, PowerAction.POWER_CYCLE): Outcome.DO,
    (ON, PowerAction.NMI): Outcome.DO,
    (ON, PowerAction.PUSH_POWER_BUTTON): Outcome.DO,
    (OFF, PowerAction.ON): Outcome.DO,
    (OFF, PowerAction.FORCE_OFF): Outcome.ALREADY,
    (OFF, PowerAction.GRACEFUL_SHUTDOWN): Outcome.ALREADY,
    (OFF, PowerAction.GRACEFUL_RESTART): Outcome.WRONG_STATE,
    (OFF, PowerAction.FORCE_RESTART): Outcome.WRONG_STATE,
    (OFF, PowerAction.POWER_CYCLE): Outcome.WRONG_STATE,
    (OFF, PowerAction.NMI): Outcome.WRONG_STATE,
    (OFF, PowerAction.PUSH_POWER_BUTTON): Outcome.DO,
    (POWERING_ON, PowerAction.ON): Outcome.JOIN,
    (POWERING_ON, PowerAction.FORCE_OFF): Outcome.SUPERSEDE,
    (POWERING_ON, PowerAction.GRACEFUL_SHUTDOWN): Outcome.BUSY,
    (POWERING_ON, PowerAction.GRACEFUL_RESTART): Outcome.BUSY,
    (POWERING_ON, PowerAction.FORCE_RESTART): Outcome.BUSY,
    (POWERING_ON, PowerAction.POWER_CYCLE): Outcome.JOIN,
    (POWERING_ON, PowerAction.NMI): Outcome.BUSY,
    (POWERING_ON, PowerAction.PUSH_POWER_BUTTON): Outcome.JOIN,
    (POWERING_OFF, PowerAction.ON): Outcome.BUSY,
    (POWERING_OFF, PowerAction.FORCE_OFF): Outcome.SUPERSEDE,
    (POWERING_OFF, PowerAction.GRACEFUL_SHUTDOWN): Outcome.JOIN,
    (POWERING_OFF, PowerAction.GRACEFUL_RESTART): Outcome.JOIN,
    (POWERING_OFF, PowerAction.FORCE_RESTART): Outcome.BUSY,
    (POWERING_OFF, PowerAction.POWER_CYCLE): Outcome.JOIN,
    (POWERING_OFF, PowerAction.NMI): Outcome.BUSY,
    (POWERING_OFF, PowerAction.PUSH_POWER_BUTTON): Outcome.JOIN,
    (UNKNOWN, PowerAction.ON): Outcome.REFUSED,
    (UNKNOWN, PowerAction.FORCE_OFF): Outcome.REFUSED,
    (UNKNOWN, PowerAction.GRACEFUL_SHUTDOWN): Outcome.REFUSED,
    (UNKNOWN, PowerAction.GRACEFUL_RESTART): Outcome.REFUSED,
    (UNKNOWN, PowerAction.FORCE_RESTART): Outcome.REFUSED,
    (UNKNOWN, PowerAction.POWER_CYCLE): Outcome.REFUSED,
    (UNKNOWN, PowerAction.NMI): Outcome.REFUSED,
    (UNKNOWN, PowerAction.PUSH_POWER_BUTTON): Outcome.REFUSED,
}

EXPECTED: dict[PowerAction, PowerState] = {
    PowerAction.ON: ON,
    PowerAction.FORCE_OFF: OFF,
    PowerAction.GRACEFUL_SHUTDOWN: OFF,
    PowerAction.GRACEFUL_RESTART: ON,
    PowerAction.FORCE_RESTART: ON,
    PowerAction.POWER_CYCLE: ON,
    PowerAction.NMI: ON,
}
"""The state in which an action has had its effect; a pressed power button promises none."""

REPEATABLE = frozenset({PowerAction.ON, PowerAction.FORCE_OFF})
"""Actions that may be carried out again when nobody knows whether they were."""

STARTS = frozenset({PowerAction.ON, PowerAction.FORCE_RESTART, PowerAction.POWER_CYCLE})
"""Actions after which the machine boots."""

GRACEFUL = frozenset({PowerAction.GRACEFUL_SHUTDOWN, PowerAction.GRACEFUL_RESTART})


def composed(native: frozenset[PowerAction]) -> frozenset[PowerAction]:
    """What a node with a switch of `native` actions can do: cycle is off then on, graceful restart shutdown then on."""
    extra: set[PowerAction] = set()
    if {PowerAction.ON, PowerAction.FORCE_OFF} <= native:
        extra.add(PowerAction.POWER_CYCLE)
    if {PowerAction.ON, PowerAction.GRACEFUL_SHUTDOWN} <= native:
        extra.add(PowerAction.GRACEFUL_RESTART)
    return native | extra


def available(state: PowerState, actions: frozenset[PowerAction]) -> frozenset[PowerAction]:
    """Which of a node's actions would have an effect in `state`."""
    useful = (Outcome.DO, Outcome.SUPERSEDE)
    return frozenset(action for action in actions if OUTCOME[state, action] in useful)


def reset_type(action: PowerAction, state: PowerState) -> PowerAction:
    """What Redfish asks for by `action` in `state`.

    It has PowerCycle turn on what is off (Resource.ResetType), where IPMI's is refused (v2.0 §28.3), as in the table.
    """
    return PowerAction.ON if (action, state) == (PowerAction.POWER_CYCLE, OFF) else action


def collision(under_way: PowerAction, action: PowerAction) -> Outcome:
    """What becomes of `action` while `under_way` has not ended: what the rows of POWERING_ON and POWERING_OFF say."""
    if action is under_way:
        return Outcome.JOIN
    return Outcome.SUPERSEDE if action is PowerAction.FORCE_OFF else Outcome.BUSY
