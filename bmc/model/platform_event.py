"""What a node's own BMC has written into its log, as a value."""

from dataclasses import dataclass

from bmc.model.events import Severity
from bmc.model.sel import SystemEvent


@dataclass(frozen=True, slots=True)
class PlatformEvent:
    """`at` is when it happened, in seconds since the epoch, None where its log does not say; `record` is the SEL
    record that it came as, if it came as one.
    """

    message: str
    severity: Severity = Severity.WARNING
    at: float | None = None
    record: SystemEvent | None = None
