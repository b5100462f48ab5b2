"""What a look at this machine or its service found: a value that backends report and `bmc doctor` shows."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

DAY = 86400.0


class Verdict(Enum):
    """`FAILED`: nodes cannot work; `WARNING`: they work, but less well or less safely."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: what was found, and what a person can do about it (empty when nothing is needed)."""

    name: str
    verdict: Verdict
    finding: str
    remedy: str = ""


def certificate_check(since: float, until: float, now: float) -> Check:
    """Of the certificate of HTTPS, valid from `since` to `until`; all in seconds since the epoch.

    What is short-lived by design is about to expire when a third of its life is left, not in its first days.
    """
    when, left = datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%d %H:%M UTC"), until - now
    remedy = "replace it over Redfish, or renew the files that http.certificate and http.key name and restart"
    if left <= 0:
        return Check("certificate", Verdict.FAILED, f"that of HTTPS has expired on {when}", remedy)
    if left < min(30 * DAY, (until - since) / 3):
        return Check("certificate", Verdict.WARNING, f"that of HTTPS expires on {when}", remedy)
    return Check("certificate", Verdict.OK, f"that of HTTPS is valid until {when}")
