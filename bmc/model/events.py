"""One fact about a node, published once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Severity(Enum):
    """Redfish `MessageSeverity`."""

    OK = "OK"
    WARNING = "Warning"
    CRITICAL = "Critical"


class EventKind(Enum):
    """The value is the event's public name: stable, documented in docs/events.md."""

    NODE_ADDED = "node.added"
    NODE_CHANGED = "node.changed"
    NODE_REMOVED = "node.removed"
    POWER_CHANGED = "power.changed"
    POWER_ACTION = "power.action"
    POWER_UNKNOWN = "power.unknown"
    SENSES_DIFFER = "power.senses-differ"
    SENSES_AGREE = "power.senses-agree"
    NODE_RESET = "node.reset"
    NODE_PAUSED = "node.paused"
    NODE_RESUMED = "node.resumed"
    BOOT_OVERRIDE_SET = "boot.override-set"
    BOOT_OVERRIDE_SPENT = "boot.override-spent"
    BOOT_FAILED = "boot.failed"
    FIRMWARE_SET = "firmware.set"
    FIRMWARE_APPLIED = "firmware.applied"
    MEDIA_INSERTED = "media.inserted"
    MEDIA_EJECTED = "media.ejected"
    IDENTIFY_CHANGED = "identify.changed"
    RESTORE_POLICY_SET = "power.restore-policy-set"
    MAINS_RESTORED = "power.mains-restored"
    WATCHDOG_EXPIRED = "watchdog.expired"
    SENSOR_CROSSED = "sensor.crossed"
    PLATFORM_EVENT = "platform.event"
    SEL_CLEARED = "sel.cleared"
    SEL_CHANGED = "sel.changed"
    FRU_WRITTEN = "fru.written"
    RESERVED = "node.reserved"
    RELEASED = "node.released"
    ASSIGNMENT_OPENED = "assignment.opened"
    ASSIGNMENT_ENDED = "assignment.ended"
    EMERGENCY_STOP = "safety.emergency-stop"
    EMERGENCY_STOP_RELEASED = "safety.emergency-stop-released"
    CONSOLE_OPENED = "console.opened"
    CONSOLE_CLOSED = "console.closed"
    JOB_STARTED = "job.started"
    JOB_PROGRESS = "job.progress"
    JOB_ENDED = "job.ended"
    DISK_ERASED = "disk.erased"
    IMAGE_ADDED = "image.added"
    IMAGE_CHANGED = "image.changed"
    IMAGE_REMOVED = "image.removed"
    MEDIA_ADDED = "media.added"
    MEDIA_REMOVED = "media.removed"
    SIGNED_IN = "account.signed-in"
    SIGN_IN_FAILED = "account.sign-in-failed"
    ACCOUNT_LOCKED = "account.locked"
    ACCOUNT_CHANGED = "account.changed"
    CERTIFICATE_REPLACED = "certificate.replaced"
    CERTIFICATE_EXPIRES = "certificate.expires"
    TEST = "event.test"


@dataclass(frozen=True, slots=True)
class Event:
    """`sequence` is 0 until the stream has given it a place; `at` is seconds since the epoch.

    `details` holds JSON values only. `maintenance`: a person had reserved the node when it was published: it alerts
    nobody.
    `nodes` are those of an event that is about many, whose `node` is "".
    """

    kind: EventKind
    message: str
    at: float
    node: str = ""
    severity: Severity = Severity.OK
    account: str = ""
    details: Mapping[str, object] = field(default_factory=dict)
    sequence: int = 0
    maintenance: bool = False
    nodes: tuple[str, ...] = ()
