"""What happened to a node, each thing once: its events, what its audit has beside them, and SEL records of others.

What an account asks for is told by the audit, which knows by which door and how it ended; what came of it, and what
nobody asked for, by the events.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from bmc.events import AuditRecord
from bmc.model.caller import SERVICE, Door
from bmc.model.events import Event, EventKind, Severity
from bmc.model.sel import SelEntry
from bmc.model.sensor import Sensor
from bmc.records import sel_words
from bmc.store import Facts

DONE = frozenset({"ok", "done"})


class Kind(Enum):
    """What a reader may choose by."""

    POWER = "Power"
    BOOT = "Boot"
    MEDIA = "Media"
    CONSOLE = "Console"
    JOB = "Job"
    RESERVATION = "Reservation"
    HEALTH = "Health"
    SEL = "SEL"
    SIGN_IN = "SignIn"
    SETTINGS = "Settings"


FOR_ADMINISTRATORS = frozenset({Kind.SIGN_IN, Kind.SETTINGS})
"""What of the audit is of these kinds."""


@dataclass(frozen=True, slots=True)
class Happening:
    """`id` is `event-7`, `audit-7` or `sel-7`. `at` is seconds since the epoch, of an action when it was asked for.

    `what` is the kind of the event or the action of the audit, and `details` its facts. `outcome` is "" where
    there is none to tell.
    """

    id: str
    at: float
    kind: Kind
    what: str
    message: str
    severity: Severity | None = Severity.OK
    account: str = ""
    door: str = ""
    address: str = ""
    job: str = ""
    outcome: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


def timeline(
    events: Iterable[Event],
    audit: Iterable[AuditRecord],
    sel: Iterable[SelEntry],
    sensors: Sequence[Sensor],
    administers: bool,
) -> list[Happening]:
    """Newest first, of a node with these `sensors`. Who was refused, whence anybody came, and what is for
    administrators, only who `administers` the node is told.
    """
    records = list(audit)
    asked = [record for record in records if record.action == "power"]
    found = [told for event in events if (told := _of_event(event, asked, administers)) is not None]
    found += [told for record in records if (told := _of_audit(record, administers)) is not None]
    found += [_of_sel(entry, sensors) for entry in sel if not entry.message]
    return sorted(found, key=lambda each: each.at, reverse=True)


EVENTS: dict[EventKind, Kind | None] = {
    EventKind.NODE_ADDED: Kind.SETTINGS,
    EventKind.NODE_CHANGED: Kind.SETTINGS,
    EventKind.NODE_REMOVED: Kind.SETTINGS,
    EventKind.POWER_CHANGED: Kind.POWER,
    EventKind.POWER_ACTION: Kind.POWER,
    EventKind.POWER_UNKNOWN: Kind.POWER,
    EventKind.SENSES_DIFFER: Kind.POWER,
    EventKind.SENSES_AGREE: Kind.POWER,
    EventKind.NODE_RESET: Kind.POWER,
    EventKind.NODE_PAUSED: Kind.POWER,
    EventKind.NODE_RESUMED: Kind.POWER,
    EventKind.BOOT_OVERRIDE_SET: Kind.BOOT,
    EventKind.BOOT_OVERRIDE_SPENT: Kind.BOOT,
    EventKind.BOOT_FAILED: Kind.BOOT,
    EventKind.FIRMWARE_SET: Kind.BOOT,
    EventKind.FIRMWARE_APPLIED: Kind.BOOT,
    EventKind.MEDIA_INSERTED: Kind.MEDIA,
    EventKind.MEDIA_EJECTED: Kind.MEDIA,
    EventKind.IDENTIFY_CHANGED: Kind.SETTINGS,
    EventKind.RESTORE_POLICY_SET: Kind.SETTINGS,
    EventKind.MAINS_RESTORED: Kind.POWER,
    EventKind.WATCHDOG_EXPIRED: Kind.HEALTH,
    EventKind.SENSOR_CROSSED: Kind.HEALTH,
    EventKind.PLATFORM_EVENT: Kind.SEL,
    EventKind.SEL_CLEARED: Kind.SEL,
    EventKind.SEL_CHANGED: Kind.SEL,
    EventKind.FRU_WRITTEN: Kind.SETTINGS,
    EventKind.RESERVED: Kind.RESERVATION,
    EventKind.RELEASED: Kind.RESERVATION,
    EventKind.ASSIGNMENT_OPENED: Kind.POWER,
    EventKind.ASSIGNMENT_ENDED: Kind.POWER,
    EventKind.EMERGENCY_STOP: Kind.POWER,
    EventKind.EMERGENCY_STOP_RELEASED: Kind.POWER,
    EventKind.CONSOLE_OPENED: Kind.CONSOLE,
    EventKind.CONSOLE_CLOSED: Kind.CONSOLE,
    EventKind.JOB_STARTED: Kind.JOB,
    EventKind.JOB_PROGRESS: None,
    EventKind.JOB_ENDED: Kind.JOB,
    EventKind.DISK_ERASED: Kind.JOB,
    EventKind.IMAGE_ADDED: None,
    EventKind.IMAGE_CHANGED: None,
    EventKind.IMAGE_REMOVED: None,
    EventKind.MEDIA_ADDED: None,
    EventKind.MEDIA_REMOVED: None,
    EventKind.SIGNED_IN: Kind.SIGN_IN,
    EventKind.SIGN_IN_FAILED: Kind.SIGN_IN,
    EventKind.ACCOUNT_LOCKED: Kind.SIGN_IN,
    EventKind.ACCOUNT_CHANGED: Kind.SETTINGS,
    EventKind.CERTIFICATE_REPLACED: None,
    EventKind.CERTIFICATE_EXPIRES: None,
    EventKind.TEST: None,
}
"""None: it says nothing of a node that is not told otherwise."""

_LOOKING: Facts = {"details.writable": False}
EVENTS_LEFT_OUT: Sequence[Facts] = (_LOOKING, *({"kind": each.value} for each, kind in EVENTS.items() if kind is None))
"""Not to be asked for: however many there are, as of a job's progress, they push out nothing that is told."""

_ASKED_FOR = frozenset(
    {
        EventKind.NODE_ADDED,
        EventKind.NODE_CHANGED,
        EventKind.BOOT_OVERRIDE_SET,
        EventKind.FIRMWARE_SET,
        EventKind.MEDIA_INSERTED,
        EventKind.MEDIA_EJECTED,
        EventKind.CONSOLE_OPENED,
        EventKind.IDENTIFY_CHANGED,
        EventKind.RESTORE_POLICY_SET,
        EventKind.SEL_CLEARED,
        EventKind.SEL_CHANGED,
        EventKind.RESERVED,
        EventKind.RELEASED,
        EventKind.ASSIGNMENT_ENDED,
        EventKind.JOB_STARTED,
        EventKind.ACCOUNT_CHANGED,
    }
)
"""Of an account these are told by the audit, to who may read that of it."""


def _of_event(event: Event, asked: Sequence[AuditRecord], administers: bool) -> Happening | None:
    kind, by_account = EVENTS[event.kind], event.account not in ("", SERVICE.account)
    if kind is None or _looks(event.details):
        return None
    if event.kind in _ASKED_FOR and by_account and (administers or kind not in FOR_ADMINISTRATORS):
        return None
    if event.kind is EventKind.POWER_ACTION and _is_audited(event, asked):
        return None
    return Happening(
        f"event-{event.sequence}",
        event.at,
        kind,
        event.kind.value,
        event.message,
        event.severity,
        event.account,
        str(event.details.get("door", "")),
        outcome=str(event.details.get("outcome", "")),
        details=event.details,
    )


def _is_audited(event: Event, asked: Sequence[AuditRecord]) -> bool:
    """Whether a power action that began is in the audit already: it is once the action has ended, or was accepted."""
    return event.details.get("outcome") == "started" and any(
        record.began <= event.at <= record.at and record.account == event.account for record in asked
    )


Details = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Action:
    """What was asked, in words that follow a name. `kind` None: once it is done, an event or the SEL tells of it."""

    kind: Kind | None
    words: Callable[[Details], str]


def _plain(words: str) -> Callable[[Details], str]:
    return lambda _: words


def _boot(details: Details) -> str:
    return f"set the boot override to {details['target']}, {details['enabled']}"


def _resolve(details: Details) -> str:
    return f"called SEL record {details['record']} {'' if details['resolved'] else 'not '}resolved"


def _because(words: str, key: str) -> Callable[[Details], str]:
    return lambda details: f"{words}: {details[key]}" if details.get(key) else words


ACTIONS: dict[str, _Action] = {
    "power": _Action(Kind.POWER, lambda details: f"asked for {details['action']}"),
    "confirm-power": _Action(Kind.POWER, lambda details: f"confirmed that it is {details.get('state', 'so')}"),
    "resume": _Action(Kind.POWER, _plain("let it run on")),
    "answer-assignment": _Action(Kind.POWER, _because("answered an assignment", "answer")),
    "boot-override": _Action(Kind.BOOT, _boot),
    "firmware": _Action(Kind.BOOT, lambda details: f"chose the firmware {details['mode']}"),
    "insert-media": _Action(Kind.MEDIA, lambda details: f"inserted {details['image']} into {details['slot']}"),
    "insert-deploy-medium": _Action(Kind.MEDIA, _plain("inserted the deploy medium")),
    "eject-media": _Action(Kind.MEDIA, lambda details: f"ejected {details.get('slot', 'a medium')}"),
    "open-serial": _Action(Kind.CONSOLE, _plain("opened the serial console")),
    "open-screen": _Action(Kind.CONSOLE, _plain("opened the screen")),
    "take-keyboard": _Action(Kind.CONSOLE, lambda details: f"took the keyboard of the {details['console']} console"),
    "download-serial-log": _Action(Kind.CONSOLE, _plain("downloaded the serial log")),
    "read-serial-log": _Action(Kind.CONSOLE, _plain("read the serial log")),
    "reserve": _Action(Kind.RESERVATION, _because("reserved it", "reason")),
    "release": _Action(Kind.RESERVATION, _because("released it", "note")),
    "reinstall": _Action(Kind.JOB, lambda details: f"asked for a reinstall with {details.get('image')}"),
    "rescue": _Action(Kind.JOB, _plain("asked for a rescue")),
    "erase": _Action(Kind.JOB, _plain("asked for a disk to be erased")),
    "inspect": _Action(Kind.JOB, _plain("asked for an inspection")),
    "erased": _Action(None, _plain("erased a disk")),
    "note-installed": _Action(None, _because("noted its image", "image")),
    "note-inspected": _Action(None, _plain("noted what it consists of")),
    "platform-event": _Action(None, _plain("sent a platform event")),
    "add-sel-entry": _Action(None, _plain("added a SEL record")),
    "delete-sel-entry": _Action(Kind.SEL, _because("deleted a SEL record", "record")),
    "resolve-sel-entry": _Action(Kind.SEL, _resolve),
    "clear-sel": _Action(Kind.SEL, _plain("cleared the SEL")),
    "set-sel-clock": _Action(Kind.SEL, _plain("set the clock of the SEL")),
    "sign-in": _Action(None, _plain("signed in")),
    "sign-out": _Action(Kind.SIGN_IN, _plain("signed out")),
    "identify": _Action(Kind.SETTINGS, _plain("switched the identify light")),
    "restore-policy": _Action(Kind.SETTINGS, _plain("set the restore policy")),
    "cycle-interval": _Action(Kind.SETTINGS, _plain("set the power cycle interval")),
    "set-watchdog": _Action(Kind.SETTINGS, _plain("set the watchdog")),
    "set-sensor": _Action(Kind.SETTINGS, _plain("changed a sensor's thresholds")),
    "write-fru": _Action(None, _plain("wrote into the FRU inventory")),
    "set-asset-tag": _Action(None, _plain("set the asset tag")),
    "create-node": _Action(Kind.SETTINGS, _plain("added it")),
    "change-node": _Action(Kind.SETTINGS, _plain("changed its definition")),
    "submit-test-event": _Action(None, _plain("sent a test event")),
}
"""By their names in the audit; those that are not here are settings."""

AUDIT_LEFT_OUT: Sequence[Facts] = (
    {**_LOOKING, "outcome": "done"},
    {"door": Door.HOST.value, "action": "set-watchdog", "outcome": "done"},
    *({"action": name, "outcome": "done"} for name, action in ACTIONS.items() if action.kind is None),
)
"""As `EVENTS_LEFT_OUT`."""


FACTS = frozenset(
    {"action", "state", "answer", "target", "enabled", "image", "slot", "console", "mode", "reason", "note", "record"}
    | {"resolved", "job", "held_back"}
)
"""What these words tell of the details. The rest, as whose keyboard was taken from where, stays in the audit."""


def _of_audit(record: AuditRecord, administers: bool) -> Happening | None:
    action, done = ACTIONS.get(record.action), record.outcome in DONE
    kind = action.kind if action else Kind.JOB if "job" in record.details else Kind.SETTINGS
    if done and (kind is None or _is_common(record)):
        return None
    kind = kind or Kind.SETTINGS
    if not administers and (not done or kind in FOR_ADMINISTRATORS):
        return None
    return Happening(
        f"audit-{record.sequence}",
        record.began,
        kind,
        record.action,
        _sentence(record, action, done),
        Severity.OK if done else Severity.WARNING,
        record.account,
        record.door.value,
        record.address if administers else "",
        record.job or str(record.details.get("job", "")),
        record.outcome,
        {name: value for name, value in record.details.items() if name in FACTS},
    )


def _looks(details: Details) -> bool:
    """Of who only looks at a console."""
    return details.get("writable") is False


def _is_common(record: AuditRecord) -> bool:
    """Who looks at a console, a job that reserves its node, and a guest that sets its watchdog."""
    holds = bool(record.job) and record.action in ("reserve", "release")
    return _looks(record.details) or holds or (record.door is Door.HOST and record.action == "set-watchdog")


def _sentence(record: AuditRecord, action: _Action | None, done: bool) -> str:
    try:
        words = action.words(record.details) if action else record.action
    except KeyError:  # recorded by a version that noted less
        words = record.action
    job = record.details.get("job")
    words += f" (job {job})" if job else ""
    if held := record.details.get("held_back"):
        words += f" ({held} more before)"
    return words if done else f"{words}: {record.outcome}"


def _of_sel(entry: SelEntry, sensors: Sequence[Sensor]) -> Happening:
    """One that others have added."""
    message = ", ".join(filter(None, sel_words.words(entry, sensors)))
    return Happening(f"sel-{entry.id}", entry.at, Kind.SEL, "record", message, entry.severity)
